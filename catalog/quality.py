"""How good a catalog is: for each check of `checks`, which entities it asks and which of them fail; scores by team.

Everything is a bitmap over the view's nodes, so that a team's share of it is an intersection.
"""

from array import array
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from pyroaring import BitMap

from catalog import facts as known
from catalog.checks import CHECKS, Check
from catalog.derived import carried_over
from catalog.edges import Edges
from catalog.facts import find_facts, find_running
from catalog.gaps import NOBODY, OWNED_KINDS
from catalog.graph import rings
from catalog.readiness import have_pager
from catalog.relations import RELATION_TYPES
from catalog.teams import NEEDED_BY, NEEDS, find_teams
from catalog.view import View

_ALONE: Final = frozenset(RELATION_TYPES) - {"ownedBy", "ownerOf"}
_DEPENDS: Final = frozenset({"dependsOn"})


@dataclass(frozen=True, slots=True)
class Score:
    """How a team stands: of 100, and how many things fail how many checks."""

    points: int
    failures: int
    things: int


@dataclass(frozen=True, slots=True)
class _Rings:
    """What depends on something, and each ring of such by node; `links` are the relations in which they were found."""

    links: "list[array[int]]"
    depending: BitMap
    by_node: dict[int, list[int]]


@carried_over
def _find_rings(view: View, before: _Rings | None) -> _Rings:
    """The longest work of all checks, and done only where a `dependsOn` came or went: most revisions change other things."""
    edges, links = view.edges, view.edges.arrays()
    if before is not None and not edges.differs(before.links, _DEPENDS):
        return replace(before, links=links)
    depending = dict(edges.links(_DEPENDS))
    return _Rings(links, BitMap(list(depending)), {node: ring for ring in rings(depending) for node in ring})


class Quality:
    """The checks' answers over one view. `claims` are refs that several files define; `unchanged` refs nobody touched.

    `unchanged` is None where the catalog is too young to tell.
    """

    def __init__(self, view: View, claims: Collection[str] = (), unchanged: Collection[str] | None = None) -> None:
        self.view, self.edges, self.teams, self.facts = view, view.edges, find_teams(view), find_facts(view)
        self.claims, self.unchanged = claims, unchanged
        self.rings = _find_rings(view)
        self.scope: dict[str, BitMap] = {}
        self.failed: dict[str, BitMap] = {}
        self._ranked: dict[str, list[int]] = {}
        for id, find in _FINDERS.items():
            self.scope[id], found = find(self)
            self.failed[id] = found & self.scope[id]

    def ranked(self, check: Check) -> list[int]:
        """What fails a check, what most hangs on first."""
        found = self._ranked.get(check.id)
        if found is None:
            refs, types = self.edges.refs, frozenset({"ownerOf"} if check.subject == "team" else NEEDED_BY)
            weights = {node: sum(1 for _ in self.edges.targets(node, types)) for node in self.failed[check.id]}
            found = sorted(weights, key=lambda node: (-weights[node], refs[node]))
            self._ranked[check.id] = found
        return found

    def findings(self, among: BitMap | None = None, check: str = "") -> Iterator[tuple[Check, int]]:
        """Every failure as (check, node), the weightiest check first, of all or of the nodes `among`."""
        for one in CHECKS.values():
            if check in ("", one.id):
                yield from ((one, node) for node in self.ranked(one) if among is None or node in among)

    def count(self, check: str, among: BitMap | None = None) -> int:
        """How many fail a check."""
        failed = self.failed[check]
        return len(failed) if among is None else failed.intersection_cardinality(among)

    def names(self, check: str, node: int) -> list[int]:
        """What else a failure is about: the targets that are gone or deprecated, the others in a ring or with an id."""
        live, edges = self.view.live, self.edges
        match check:
            case "owner-gone":
                found = BitMap(_targets(edges, node, "ownedBy")) - live
            case "dangling":
                found = BitMap(_targets(edges, node, *_ALONE)) - live
            case "deprecated-in-production":
                found = BitMap(_targets(edges, node, *NEEDS)) & self.deprecated
            case "cycle":
                found = BitMap(self.rings.by_node.get(node, ())) - BitMap([node])
            case "pager-shared":
                ids = set(self.facts.ids.get(node, ()))
                found = BitMap([other for other, theirs in self.facts.ids.items() if ids & set(theirs)]) - BitMap(
                    [node]
                )
            case _:
                return []
        return self.teams.sort(found)

    def of_team(self, node: int) -> BitMap:
        """All that a team or person has to answer for: what it owns, and itself, with child teams."""
        return self.teams.owned_below(node) | self.teams.below(node)

    def score(self, among: BitMap) -> Score:
        """The share of checks passed, each by its weight, of what is `among`."""
        asked = sum(CHECKS[id].weight * scope.intersection_cardinality(among) for id, scope in self.scope.items())
        lost = sum(CHECKS[id].weight * failed.intersection_cardinality(among) for id, failed in self.failed.items())
        failures = sum(failed.intersection_cardinality(among) for failed in self.failed.values())
        return Score(100 * (asked - lost) // asked if asked else 100, failures, len(among))  # 100 is all, nothing less

    def kinds(self, *names: str) -> BitMap:
        """The entities of these kinds, given in lower case."""
        return BitMap.union(BitMap(), *(self.view.column("kind").equal(name) for name in names))

    @property
    def production(self) -> BitMap:
        """What is in production."""
        return self.view.column("spec.lifecycle").equal("production")

    @property
    def deprecated(self) -> BitMap:
        """What is on its way out."""
        return self.view.column("spec.lifecycle").equal("deprecated")

    @property
    def running(self) -> BitMap:
        """The components in production that an alert may be about."""
        return find_running(self.view)

    def gone(self) -> Iterator[int]:
        """The nodes that something names and that are not there."""
        return (node for node in range(len(self.edges.refs)) if node not in self.view.live)


Found = tuple[BitMap, BitMap]


def _targets(edges: Edges, node: int, *types: str) -> list[int]:
    return [target for _, target in edges.targets(node, frozenset(types))]


def _is_nobody(ref: str) -> bool:
    return ref.rpartition("/")[2] in NOBODY


def _no_owner(one: Quality) -> Found:
    scope, refs = one.kinds(*OWNED_KINDS), one.edges.refs
    nobody = [_targets(one.edges, node, "ownerOf") for node in one.gone() if _is_nobody(refs[node])]
    return scope, (scope - one.view.column("relations.ownedby").exists) | BitMap(list(chain(*nobody)))


def _owner_gone(one: Quality) -> Found:
    gone = [_targets(one.edges, node, "ownerOf") for node in one.gone() if not _is_nobody(one.edges.refs[node])]
    return one.view.column("relations.ownedby").exists & one.view.live, BitMap(list(chain(*gone)))


def _owners(one: Quality) -> BitMap:
    groups = one.teams.groups | one.teams.users
    return BitMap([node for node in groups if _targets(one.edges, node, "ownerOf")])


def _owner_unreachable(one: Quality) -> Found:
    scope, reachable = _owners(one), one.facts.have(known.REACHABLE)
    return scope, BitMap([node for node in scope - reachable if not one.teams.members(node) & reachable])


def _owner_empty(one: Quality) -> Found:
    """Asked only where there are people at all: many a catalog is of teams alone."""
    teams = one.teams
    scope = _owners(one) & teams.groups if teams.users else BitMap()
    return scope, BitMap([node for node in scope if not any(teams.members(child) for child in teams.below(node))])


def _duplicate_ref(one: Quality) -> Found:
    return one.view.live, BitMap([node for ref in one.claims if (node := one.edges.nodes.get(ref)) is not None])


def _pager_shared(one: Quality) -> Found:
    by_id: dict[str, list[int]] = {}
    for node, ids in one.facts.ids.items():
        for id in ids:
            by_id.setdefault(id, []).append(node)
    shared = [
        nodes
        for nodes in by_id.values()
        if len(nodes) > 1 and len({frozenset(one.teams.owners(node)) for node in nodes}) > 1
    ]
    return BitMap(list(one.facts.ids)), BitMap(list(chain(*shared)))


def _deprecated_in_production(one: Quality) -> Found:
    scope = one.kinds("component", "resource") & one.production
    return scope, BitMap(list(chain(*(_targets(one.edges, node, *NEEDED_BY) for node in one.deprecated))))


def _dangling(one: Quality) -> Found:
    return one.view.live, BitMap(list(chain(*(_targets(one.edges, node, *_ALONE) for node in one.gone()))))


def _orphan(one: Quality) -> Found:
    """A thing has one owner at most: whatever relation it has besides is to something else."""
    scope, owned, degree = (
        one.kinds("component", "api", "resource"),
        one.view.column("relations.ownedby").exists,
        one.edges.degree,
    )
    return scope, BitMap([node for node in scope if degree(node) <= (node in owned)])


def _stale(one: Quality) -> Found:
    if one.unchanged is None:
        return BitMap(), BitMap()
    return one.view.live, BitMap([node for ref in one.unchanged if (node := one.edges.nodes.get(ref)) is not None])


_FINDERS: Final[dict[str, Callable[[Quality], Found]]] = {
    "no-owner": _no_owner,
    "owner-gone": _owner_gone,
    "no-pager": lambda one: (one.running, one.running - have_pager(one.view, one.facts)),
    "no-runbook": lambda one: (one.running, one.running - one.facts.have(known.RUNBOOK)),
    "owner-unreachable": _owner_unreachable,
    "owner-empty": _owner_empty,
    "duplicate-ref": _duplicate_ref,
    "pager-shared": _pager_shared,
    "deprecated-in-production": _deprecated_in_production,
    "dangling": _dangling,
    "cycle": lambda one: (one.rings.depending, BitMap(list(one.rings.by_node))),
    "undefined-api": lambda one: (one.kinds("api"), one.kinds("api") - one.facts.have(known.DEFINED)),
    "no-description": lambda one: (scope := one.kinds(*OWNED_KINDS, "group"), scope - one.facts.have(known.DESCRIBED)),
    "orphan": _orphan,
    "stale": _stale,
}
"""By check, how it is found: the nodes it asks, and those of them that fail."""
