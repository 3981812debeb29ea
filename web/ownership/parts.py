"""The parts that the descriptions of a team and of a person are made of, and their addresses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final
from urllib.parse import quote

from pyroaring import BitMap

from catalog.contacts import contact_kind
from catalog.documents import Json
from catalog.teams import Need, Teams
from catalog.view import View
from web.browse.ordering import find_names
from web.links import Link, read_link
from web.names import KINDS, PLURALS, Item, describe, spell_kind
from web.urls import safe_href, split_ref, with_query

ROOTS: Final = {"group": "/teams", "user": "/people"}
_EDIT: Final = ("backstage.io/edit-url", "backstage.io/managed-by-location")
_SHOWN_TEAMS, _WITH_NEEDS, _SHOWN_NEEDS, _NAMED = 115, 15, 6, 8


@dataclass(frozen=True, slots=True)
class Owned:
    """How much of one kind somebody owns: themselves, and with child teams (a person: with their teams).

    `some` of it are named: first what is their own, by what it is called.
    """

    kind: str
    label: str
    own: int
    whole: int
    own_href: str
    whole_href: str
    some: list[Item]


@dataclass(frozen=True, slots=True)
class Edge:
    """One relation between things of two teams."""

    source: Item
    type: str
    target: Item


@dataclass(frozen=True, slots=True)
class Dependency:
    """That things of one team need things of another: how many relations, and some of them. No `team`: of nobody."""

    team: Item | None
    href: str
    count: int
    edges: list[Edge]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entity is declared: the file, and the address to edit or see it at, "" where a browser cannot go there."""

    file: str
    href: str
    can_edit: bool


def owner_path(ref: str) -> str:
    """The page of a team or a person."""
    kind, namespace, name = split_ref(ref)
    parts = [name] if namespace == "default" else [namespace, name]
    return "/".join([ROOTS.get(kind, "/teams"), *(quote(part, safe="") for part in parts)])


def owner_json(ref: str) -> str:
    """The JSON twin of that page."""
    kind, namespace, name = split_ref(ref)
    return "/".join([f"/api{ROOTS.get(kind, '/teams')}", quote(namespace, safe=""), quote(name, safe="")])


def list_items(view: View, nodes: Iterable[int]) -> list[Item]:
    """The entities by what they are called."""
    return sorted((describe(view, view.edges.refs[node]) for node in nodes), key=lambda one: one.label.lower())


def list_links(entity: dict[str, Json]) -> list[Link]:
    """Its links that are no contacts."""
    return [read_link(one) for one in entity["metadata"].get("links") or () if contact_kind(one) is None]


def list_owned(view: View, ref: str, own: BitMap, whole: BitMap) -> list[Owned]:
    """What is owned by kind, each count with the list it counts."""
    column, found = view.column("kind"), []
    for value in column.counts(whole):
        nodes = column.equal(value.lower())
        asked = {"kind": value.lower(), "owner": ref}
        found.append(
            Owned(
                kind=value,
                label=PLURALS.get(spell_kind(value), value),
                own=nodes.intersection_cardinality(own),
                whole=nodes.intersection_cardinality(whole),
                own_href=with_query("/catalog", asked, direct="1"),
                whole_href=with_query("/catalog", asked),
                some=_name_some(view, nodes & own or nodes & whole),
            )
        )
    return sorted(found, key=lambda one: (KINDS.index(one.kind) if one.kind in KINDS else len(KINDS), one.label))


def _name_some(view: View, nodes: BitMap) -> list[Item]:
    places = find_names(view).places
    first = nsmallest(_NAMED, nodes, key=places.__getitem__)
    return [describe(view, view.edges.refs[node]) for node in first]


def rank_needs(teams: Teams, node: int, *, incoming: bool = False) -> list[tuple[str, list[Need]]]:
    """The other teams' refs with the relations to them, those with the most first; "" for what nobody owns."""
    refs = teams.edges.refs
    named = (
        (refs[one] if one is not None else "", needs) for one, needs in teams.needs(node, incoming=incoming).items()
    )
    return sorted(named, key=lambda pair: (not pair[0], -len(pair[1]), pair[0]))


def list_dependencies(view: View, ranked: Sequence[tuple[str, list[Need]]]) -> list[Dependency]:
    """The first of these teams, the very first with some of their relations."""
    found = []
    for place, (ref, needs) in enumerate(ranked[:_SHOWN_TEAMS]):
        edges = [_edge(view, need) for need in needs[:_SHOWN_NEEDS]] if place < _WITH_NEEDS else []
        found.append(
            Dependency(describe(view, ref) if ref else None, owner_path(ref) if ref else "", len(needs), edges)
        )
    return found


def _edge(view: View, need: Need) -> Edge:
    return Edge(describe(view, need.source), need.type, describe(view, need.target))


def place_of(entity: dict[str, Json]) -> Place:
    """Where an entity is declared."""
    annotations = entity["metadata"].get("annotations") or {}
    edit, location = (str(annotations.get(key) or "") for key in _EDIT)
    address = location.partition(":")[2]
    href = next((one for one in (edit, address) if one.startswith(("https://", "http://"))), "")
    return Place(address or edit, safe_href(href), bool(edit))
