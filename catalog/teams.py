"""Teams as a forest: what is above and below each, who is in them, what they own themselves and through child teams, and on
which other teams' things theirs depend.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pyroaring import BitMap

from catalog.derived import once_a_view
from catalog.documents import Json
from catalog.view import View

TOPOLOGY: Final = "teamtopologies.com/type"
"""The label, or annotation, that says what type a team is after Team Topologies."""
TOPOLOGIES: Final = ("stream-aligned", "platform", "enabling", "complicated-subsystem")
NEEDS: Final = ("dependsOn", "consumesApi")
"""Along these a thing needs another: the forward types."""
NEEDED_BY: Final = ("dependencyOf", "apiConsumedBy")
_NEEDS_KEPT = 256
_CHILDREN, _PARENTS = frozenset({"parentOf"}), frozenset({"childOf"})
_OWNS, _OWNED_BY = frozenset({"ownerOf"}), frozenset({"ownedBy"})
_MEMBERS, _MEMBER_OF = frozenset({"hasMember"}), frozenset({"memberOf"})


@dataclass(frozen=True, slots=True)
class Need:
    """That one thing needs another, by the forward type of the relation."""

    source: str
    type: str
    target: str


class Teams:
    """The teams of one view. A team, or person, is given and answered as its node."""

    def __init__(self, view: View) -> None:
        self.view, self.edges = view, view.edges
        self.groups, self.users = view.column("kind").equal("group"), view.column("kind").equal("user")
        self._below: dict[int, BitMap] = {}
        self._totals: dict[int, BitMap] = {}
        self._needs: dict[tuple[int, bool], dict[int | None, list[Need]]] = {}
        self.roots: list[int] = []
        self.orphans: list[int] = []
        self._plant()

    def _plant(self) -> None:
        """Find the trees' roots. A ring of teams that are each other's parents hangs on its first, so none is lost."""
        for node in self.groups:
            named = self._targets(node, _PARENTS)
            if not named:
                self.roots.append(node)
            elif not named & self.groups:
                self.orphans.append(node)
        seen = BitMap(self.edges.reach([*self.roots, *self.orphans], _CHILDREN))
        for node in self.sort(self.groups - seen):
            if node not in seen:
                self.roots.append(node)
                seen |= BitMap(self.edges.reach([node], _CHILDREN))
        self.roots, self.orphans = self.sort(self.roots), self.sort(self.orphans)

    def sort(self, nodes: Iterable[int]) -> list[int]:
        """The nodes by ref."""
        return sorted(nodes, key=self.edges.refs.__getitem__)

    def _targets(self, node: int, types: frozenset[str]) -> BitMap:
        return BitMap([target for _, target in self.edges.targets(node, types)])

    def find(self, ref: str) -> int | None:
        """The node of a team or person that there is."""
        node = self.edges.nodes.get(ref)
        return node if node is not None and (node in self.groups or node in self.users) else None

    def children(self, node: int) -> BitMap:
        """The teams right below one."""
        return self._targets(node, _CHILDREN) & self.groups

    def parents(self, node: int) -> BitMap:
        """The teams right above one: mostly one, and for a person every team that they are in."""
        return self._targets(node, _PARENTS | _MEMBER_OF) & self.groups

    def missing(self, node: int) -> list[str]:
        """The parents, children, members and teams that one names and that are not there."""
        named = self._targets(node, _PARENTS | _CHILDREN | _MEMBERS | _MEMBER_OF) - self.groups - self.users
        return sorted(self.edges.refs[one] for one in named)

    def above(self, node: int) -> list[int]:
        """The way up from one, its parent first; of several parents the first by ref."""
        chain: list[int] = []
        parents = self.parents(node)
        while parents:
            first = self.sort(parents)[0]
            if first in chain or first == node:
                break
            chain.append(first)
            parents = self.parents(first)
        return chain

    def ancestors(self, node: int) -> BitMap:
        """Every team above one, by whichever parent."""
        return (BitMap(self.edges.reach([node], _PARENTS | _MEMBER_OF)) & self.groups) - BitMap([node])

    def below(self, node: int) -> BitMap:
        """The team itself and every team below it."""
        found = self._below.get(node)
        if found is None:
            found = self._below[node] = BitMap(self.edges.reach([node], _CHILDREN)) & (self.groups | BitMap([node]))
        return found

    def members(self, node: int) -> BitMap:
        """The people in a team itself."""
        return self._targets(node, _MEMBERS) & self.users

    def owned(self, node: int) -> BitMap:
        """What names this team or person itself as its owner."""
        return self._targets(node, _OWNS) & self.view.live

    def owned_below(self, node: int) -> BitMap:
        """What is owned by the team or by a team below it."""
        found = self._totals.get(node)
        if found is None:
            found = self._totals[node] = BitMap.union(BitMap(), *(self.owned(one) for one in self.below(node)))
        return found

    def owners(self, node: int) -> BitMap:
        """Who owns a thing: teams and people, also such as are not there."""
        return self._targets(node, _OWNED_BY)

    @cached_property
    def topologies(self) -> dict[int, str]:
        """What type each team is after Team Topologies; without those that do not say."""
        found = {node: read_topology(self.view.entity(self.edges.refs[node]) or {}) for node in self.groups}
        return {node: topology for node, topology in found.items() if topology}

    @cached_property
    def loose(self) -> BitMap:
        """The people who are in no team that there is."""
        return self.users - BitMap.union(BitMap(), *(self.members(node) for node in self.groups))

    @cached_property
    def empty_count(self) -> int:
        """How many teams have nobody in them, in child teams neither; 0 where the catalog knows no people at all."""
        if not self.users:
            return 0
        manned = [node for node in self.groups if self.members(node)]
        above = BitMap(self.edges.reach(manned, _PARENTS)) & self.groups
        return len(self.groups - above)

    def needs(self, node: int, *, incoming: bool = False) -> dict[int | None, list[Need]]:
        """By other team, what things of this one (and of teams below) need of its things; None: of what nobody owns.

        With `incoming`, what other teams' things need of this one's.
        """
        known = self._needs.get((node, incoming))
        if known is None:
            if len(self._needs) >= _NEEDS_KEPT:
                self._needs.clear()
            known = self._needs[node, incoming] = self._find_needs(node, incoming=incoming)
        return known

    def _find_needs(self, node: int, *, incoming: bool) -> dict[int | None, list[Need]]:
        ours, inside = self.owned_below(node), self.below(node)
        found: dict[int | None, list[Need]] = {}
        types = frozenset(NEEDED_BY if incoming else NEEDS)
        for thing in ours:
            for kind, other in self.edges.targets(thing, types):
                if other in ours:
                    continue
                need = self._need(thing, kind, other)
                for owner in (self.owners(other) - inside) or (None,):
                    found.setdefault(owner, []).append(need)
        return {owner: sorted(set(needs), key=lambda one: (one.source, one.target)) for owner, needs in found.items()}

    def _need(self, thing: int, kind: str, other: int) -> Need:
        refs = self.edges.refs
        if kind in NEEDS:
            return Need(refs[thing], kind, refs[other])
        return Need(refs[other], NEEDS[NEEDED_BY.index(kind)], refs[thing])


def read_topology(entity: dict[str, Json]) -> str:
    """What type a team is after Team Topologies, "" where it does not say."""
    metadata, spec = entity.get("metadata") or {}, entity.get("spec") or {}
    for named in (metadata.get("labels") or {}, metadata.get("annotations") or {}):
        if isinstance(value := named.get(TOPOLOGY), str) and value.strip():
            return value.strip().lower()
    value = str(spec.get("type") or "").lower().removesuffix("-team")
    return value if value in TOPOLOGIES else ""


@once_a_view
def find_teams(view: View) -> Teams:
    """The teams of a view."""
    return Teams(view)
