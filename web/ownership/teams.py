"""The teams as a tree that fits on a page; one team and one person with everything that is known of them."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pyroaring import BitMap

from catalog.catalog import Catalog
from catalog.query import All, TextFilter
from catalog.teams import TOPOLOGIES, Teams, find_teams
from catalog.view import View
from web.browse.ordering import find_names
from web.findings import count_teams, find_all
from web.links import Link
from web.names import Item, describe
from web.ownership.parts import (
    Dependency,
    Owned,
    Place,
    list_dependencies,
    list_items,
    list_links,
    list_owned,
    owner_path,
    place_of,
    rank_needs,
)
from web.reach import Way, list_ways

BUDGET: Final = 120
"""How many teams are drawn on one page of the tree; what is below is counted, and a click away."""
NAME_FIELDS: Final = ("metadata.name", "metadata.title", "spec.profile.displayname")
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One team in a list: how many people are in it, what it owns itself, and with child teams."""

    item: Item
    href: str
    type: str
    topology: str
    members: int
    own: int
    whole: int
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """One team in the tree; `folded` child teams are not drawn. `missing` is a parent that is not there."""

    line: Line
    folded: int
    missing: str
    branches: list["Branch"]


@dataclass(frozen=True, slots=True)
class Person:
    """One person in a list."""

    item: Item
    href: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a team and of a person alike. `total` counts what of a list is shown only in part."""

    item: Item
    description: str
    type: str
    topology: str
    ways: list[Way]
    links: list[Link]
    above: list[Item]
    teams: list[Line]
    members: list[Person]
    member_total: int
    missing: list[Item]
    owned: list[Owned]
    own: int
    whole: int
    needs: list[Dependency]
    need_total: int
    needed_by: list[Dependency]
    needed_by_total: int
    problems: int
    deprecated: list[Item]
    deprecated_total: int
    place: Place


def find_line(teams: Teams, node: int) -> Line:
    """A team as lists show it."""
    item = describe(teams.view, teams.edges.refs[node])
    members = teams.members(node)
    return Line(
        item=item,
        href=owner_path(item.ref),
        type=item.note,
        topology=teams.topologies.get(node, ""),
        members=len(members),
        own=len(teams.owned(node)),
        whole=len(teams.owned_below(node)),
        is_empty=bool(teams.users) and not any(teams.members(one) for one in teams.below(node)),
    )


def sort_teams(teams: Teams, nodes: Iterable[int]) -> list[int]:
    """Teams by what they are called."""
    return sorted(nodes, key=find_names(teams.view).places.__getitem__)


def grow_tree(teams: Teams, roots: Sequence[int], budget: int = BUDGET) -> list[Branch]:
    """The trees below these roots, level by level until the page is full. A team with two parents stands at the first."""
    shown: dict[int, list[int]] = {}
    hidden: dict[int, int] = {}
    queue, seen, left = deque(roots), BitMap(roots), budget - len(roots)
    while queue:
        node = queue.popleft()
        children = teams.children(node) - seen
        shown[node] = sort_teams(teams, children) if len(children) <= left else []
        hidden[node] = len(children) - len(shown[node])
        left -= len(shown[node])
        seen |= BitMap(shown[node])
        queue.extend(shown[node])

    def grow(node: int) -> Branch:
        return Branch(
            find_line(teams, node), hidden[node], _missing_parent(teams, node), [grow(one) for one in shown[node]]
        )

    return [grow(node) for node in roots]


def _missing_parent(teams: Teams, node: int) -> str:
    return next(iter(teams.missing(node)), "") if node in BitMap(teams.orphans) else ""


def match_teams(teams: Teams, text: str, topology: str = "") -> list[int]:
    """The teams with the text in a name, of a type after Team Topologies, by what they are called."""
    found = teams.groups
    if text:
        found = found & teams.view.match(All(()), TextFilter(text.lower(), NAME_FIELDS))
    return [node for node in sort_teams(teams, found) if topology in ("", teams.topologies.get(node))]


def count_topologies(teams: Teams) -> list[tuple[str, int]]:
    """How many teams are of each type after Team Topologies, the four of the book first."""
    counts = Counter(teams.topologies.values())
    return sorted(counts.items(), key=lambda pair: (pair[0] not in TOPOLOGIES, -pair[1], pair[0]))


def find_profile(catalog: Catalog, ref: str) -> Profile | None:
    """Everything about a team or a person; None where there is none of that ref."""
    view = catalog.view
    teams = find_teams(view)
    node, entity = teams.find(ref), view.entity(ref)
    if node is None or entity is None:
        return None
    is_team = node in teams.groups
    own, whole = teams.owned(node), _owned_whole(teams, node)
    members = teams.members(node) if is_team else BitMap()
    deprecated = whole & view.column("spec.lifecycle").equal("deprecated")
    needs, needed_by = (rank_needs(teams, node, incoming=incoming) if is_team else [] for incoming in (False, True))
    item = describe(view, ref, entity)
    children = teams.children(node) if is_team else teams.parents(node)
    return Profile(
        item=item,
        description=item.description,
        type=item.note,
        topology=teams.topologies.get(node, ""),
        ways=list_ways(entity),
        links=list_links(entity),
        above=_above(teams, node, is_team=is_team),
        teams=sorted((find_line(teams, one) for one in children), key=lambda line: (-line.whole, line.item.label)),
        members=list_people(view, members),
        member_total=len(members),
        missing=[describe(view, one) for one in teams.missing(node)],
        owned=list_owned(view, ref, own, whole),
        own=len(own),
        whole=len(whole),
        needs=list_dependencies(view, needs),
        need_total=len(needs),
        needed_by=list_dependencies(view, needed_by),
        needed_by_total=len(needed_by),
        problems=count_teams(find_all(catalog))[ref],
        deprecated=list_items(view, list(deprecated)[:_SHOWN]),
        deprecated_total=len(deprecated),
        place=place_of(entity),
    )


def _owned_whole(teams: Teams, node: int) -> BitMap:
    """A team's things with those of its child teams; a person's with those of their teams."""
    mine = (teams.parents(node) | BitMap([node])) if node in teams.users else (node,)
    return BitMap.union(BitMap(), *(teams.owned_below(one) for one in mine))


def _above(teams: Teams, node: int, *, is_team: bool) -> list[Item]:
    """The way up, the topmost first; of a person, every team above their own."""
    view, refs = teams.view, teams.edges.refs
    if is_team:
        return [describe(view, refs[one]) for one in reversed(teams.above(node))]
    return list_items(view, teams.ancestors(node) - teams.parents(node))


def list_people(view: View, nodes: Iterable[int], limit: int = 200) -> list[Person]:
    """People by what they are called."""
    first = sorted(nodes, key=view.edges.refs.__getitem__)[:limit]
    return [Person(one, owner_path(one.ref), one.description) for one in list_items(view, first)]
