"""An entity's relations as lists with counts: the first of each at once, more of them folded, all of them behind a link."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from catalog.documents import Json
from catalog.view import View
from web.entity.near import find_meant
from web.entity.owners import targets_of
from web.names import Item, describe, owner_of
from web.urls import entity_json, with_query


@dataclass(frozen=True, slots=True)
class Heading:
    """How a relation type is called on the page, and the filter of the catalog's table that lists its targets."""

    type: str
    heading: str
    asked: str = ""
    key: str = "q"


INTERFACES: Final = (
    Heading("providesApi", "Provides APIs", "provided-by:{}"),
    Heading("consumesApi", "Consumes APIs", "consumed-by:{}"),
    Heading("apiProvidedBy", "Provided by", "provides:{}"),
    Heading("apiConsumedBy", "Consumed by", "consumes:{}"),
)
DEPENDENCIES: Final = (
    Heading("dependsOn", "Depends on", "dependency-of:{}"),
    Heading("dependencyOf", "Needed by", "depends-on:{}"),
)
OTHERS: Final = (
    Heading("partOf", "Part of", "has-part:{}"),
    Heading("hasPart", "Parts", "part-of:{}"),
    Heading("ownerOf", "Owns", "{}", "owner"),
    Heading("memberOf", "Member of"),
    Heading("hasMember", "Members", "member-of:{}"),
    Heading("childOf", "Parent team"),
    Heading("parentOf", "Child teams", "parent:{}"),
)
"""In the order in which they are shown. The owner has a section of its own."""

_FIRST: Final = 8
_FOLDED: Final = 40
_MAX_NEAR: Final = 2


@dataclass(frozen=True, slots=True)
class Target:
    """One end of a relation; `near` are names that were perhaps meant where nothing has this one."""

    item: Item
    owner: Item | None
    near: list[Item]


@dataclass(frozen=True, slots=True)
class Relation:
    """The targets of one relation type: some at once, some folded; `more` leads to all of them."""

    heading: str
    first: list[Target]
    folded: list[Target]
    total: int
    more: str


def list_relations(view: View, ref: str, entity: dict[str, Json], headings: Iterable[Heading]) -> list[Relation]:
    """The relations of these types that there are."""
    found = []
    for heading in headings:
        refs = targets_of(entity, heading.type)
        if refs:
            found.append(_read(view, ref, refs, heading))
    return found


def _read(view: View, ref: str, refs: list[str], heading: Heading) -> Relation:
    # A reference that leads nowhere is what its author has to see: it is never among those that are left out.
    refs = sorted(refs, key=lambda one: view.get(one) is not None)
    shown, near_left = [], _MAX_NEAR
    for one in refs[: _FIRST + _FOLDED]:
        item = describe(view, one)
        near: list[Item] = []
        if not item.exists and near_left:
            near, near_left = find_meant(view, item), near_left - 1
        shown.append(Target(item, owner_of(view, one), near))
    more = with_query("/catalog", {heading.key: heading.asked.format(ref)}) if heading.asked else entity_json(ref)
    return Relation(heading.heading, shown[:_FIRST], shown[_FIRST:], len(refs), more if len(refs) > len(shown) else "")
