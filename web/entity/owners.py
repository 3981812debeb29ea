"""Who owns an entity and how to reach them; and whom to ask if nobody answers: the teams above."""

from dataclasses import dataclass
from typing import Final

from catalog.documents import Json
from catalog.teams import find_teams
from catalog.view import View
from web.entity.near import find_meant
from web.links import Link
from web.names import Item, describe
from web.ownership.parts import ROOTS, list_links, owner_path
from web.reach import Way, list_ways
from web.urls import split_ref

_MAX_OWNERS: Final = 6
_MAX_ABOVE: Final = 3
_MAX_WAYS: Final = 8


@dataclass(frozen=True, slots=True)
class Owner:
    """One owner: how to reach them, further links, and their page. `near` are names meant perhaps where it is not there."""

    item: Item
    href: str
    ways: list[Way]
    links: list[Link]
    near: list[Item]


@dataclass(frozen=True, slots=True)
class Owners:
    """The owners, `left` more of them, and the teams above the first, nearest first."""

    found: list[Owner]
    left: int
    above: list[Owner]


def find_owners(view: View, ref: str, entity: dict[str, Json]) -> Owners:
    """The owners of an entity; of a team or a person, they themselves."""
    refs = [ref] if entity["kind"] in ("Group", "User") else targets_of(entity, "ownedBy")
    return Owners(
        found=[_read_owner(view, one) for one in refs[:_MAX_OWNERS]],
        left=max(0, len(refs) - _MAX_OWNERS),
        above=[_read_owner(view, one) for one in _find_above(view, refs)],
    )


def targets_of(entity: dict[str, Json], relation: str) -> list[str]:
    """The refs that an entity's relations of one type lead to."""
    return [one["targetRef"] for one in entity.get("relations", ()) if one["type"] == relation]


def _find_above(view: View, refs: list[str]) -> list[str]:
    teams = find_teams(view)
    node = next((node for ref in refs if (node := teams.find(ref)) is not None), None)
    return [view.edges.refs[one] for one in teams.above(node)][:_MAX_ABOVE] if node is not None else []


def _read_owner(view: View, ref: str) -> Owner:
    entity = view.entity(ref)
    item = describe(view, ref, entity)
    if entity is None:
        return Owner(item, item.href, [], [], find_meant(view, item))
    kind = split_ref(ref)[0]
    href = owner_path(ref) if kind in ROOTS else item.href
    return Owner(item, href, list_ways(entity)[:_MAX_WAYS], list_links(entity)[:_MAX_WAYS], [])
