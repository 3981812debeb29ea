"""The card of one entity for whoever was woken: only what the catalog knows itself, so that nothing outside can delay it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from catalog.alerts import Declared, read_declared
from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.graph.question import DEPENDENCIES, need_types
from catalog.view import View
from web.blasts import Impact, describe_blast
from web.entity.owners import Owners, find_owners, targets_of
from web.entity.tier import find_tier
from web.entity.tools import Card as Layer
from web.entity.tools import Tool, find_tools
from web.links import OTHERS, RUNBOOKS, USES, Link, read_links, use_of
from web.names import Item, describe, owner_of

if TYPE_CHECKING:
    from catalog.store import Change

CATEGORIES: Final = {"monitoring": "Dashboards", "logs": "Logs", "traces": "Traces"}
SHOWN_TEAMS: Final = 12
_NEEDED: Final = ("It depends on", ("dependsOn", "consumesApi"))
_NEEDS: Final = {
    "API": ("Provided by", ("apiProvidedBy",)),
    "System": ("Made of", ("hasPart",)),
    "Domain": ("Made of", ("hasPart",)),
    "Group": ("Owns", ("ownerOf",)),
    "User": ("Owns", ("ownerOf",)),
}
"""By kind, what has to work for it, and by which relations that is found: a team is called for what it owns."""
_LOOKED_AT = 200
_RECENT = timedelta(hours=24)
_HOPS, _SHOWN_CHANGES, _LINE = 2, 12, 160


@dataclass(frozen=True, slots=True)
class LinkGroup:
    """Links of one use, under their heading."""

    heading: str
    links: list[Link]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One thing that it needs: by which relation, and whose it is."""

    item: Item
    relation: str
    owner: Item | None
    declared: Declared


@dataclass(frozen=True, slots=True)
class Recent:
    """A change of the catalog within reach: of what, how, when, and how many steps away."""

    item: Item
    change: "Change"
    hops: int


@dataclass(frozen=True, slots=True)
class Card:
    """One screen, in the order in which it is asked for."""

    item: Item
    ref: str
    tier: str
    lifecycle: str
    whole: Item | None
    line: str
    owners: Owners
    pagers: list[Tool]
    runbooks: list[Link]
    links: list[LinkGroup]
    declared: Declared
    annotations: Mapping[str, str]
    needs: list[Neighbour]
    needs_total: int
    impact: Impact
    recent: list[Recent]
    recent_total: int
    since: datetime
    source: str
    read_at: datetime | None
    failure: str

    @property
    def is_owner(self) -> bool:
        """Whether it is somebody to call, who has no pager, runbook or neighbours of their own."""
        return self.item.kind in ("Group", "User")

    @property
    def needs_heading(self) -> str:
        """What its neighbours are to it."""
        return _NEEDS.get(self.item.kind, _NEEDED)[0]


def make_card(catalog: Catalog, ref: str) -> Card | None:
    """The card of an entity, None where there is none."""
    view = catalog.view
    entity = view.entity(ref)
    if entity is None:
        return None
    metadata, spec, annotations = entity["metadata"], entity.get("spec") or {}, read_annotations(entity)
    tools = find_tools(annotations).cards
    whole, since = find_whole(entity), datetime.now(UTC) - _RECENT
    recent, recent_total = find_recent(catalog, [ref], since)
    source = catalog.source_of(ref)
    state = next((one for one in catalog.sources() if one.name == source), None)
    (needs, needs_total), groups = list_needs(view, entity), group_links(entity, tools)
    return Card(
        item=describe(view, ref, entity),
        ref=ref,
        tier=find_tier(metadata),
        lifecycle=str(spec.get("lifecycle") or "")[:40],
        whole=describe(view, whole) if whole else None,
        line=" ".join(str(metadata.get("description") or "").split())[:_LINE],
        owners=find_owners(view, ref, entity),
        pagers=[tool for card in tools if card.name == "incidents" for tool in card.tools],
        runbooks=[link for group in groups if group.heading == RUNBOOKS for link in group.links],
        links=[group for group in groups if group.heading != RUNBOOKS],
        declared=read_declared(annotations),
        annotations=annotations,
        needs=needs,
        needs_total=needs_total,
        impact=describe_blast(view, catalog.sum_blast(ref, first=SHOWN_TEAMS), "in", SHOWN_TEAMS),
        recent=recent,
        recent_total=recent_total,
        since=since,
        source=source,
        read_at=state.crawled_at if state else None,
        failure=state.failure if state else "",
    )  # fmt: skip


def find_whole(entity: dict[str, Json]) -> str:
    """What it is a part of, its system before the component that it is a part of too; "" for nothing."""
    wholes = targets_of(entity, "partOf")
    return next((ref for ref in wholes if ref.startswith("system:")), next(iter(wholes), ""))


def read_annotations(entity: dict[str, Json]) -> dict[str, str]:
    """The annotations of an entity that are texts, as they should all be."""
    annotations = entity["metadata"].get("annotations") or {}
    return {key: one for key, one in annotations.items() if isinstance(one, str)}


def list_needs(view: View, entity: dict[str, Json]) -> tuple[list[Neighbour], int]:
    """What an entity needs, is made of or owns, one step away, with whose it is, and how many there are; what is not in the
    catalog is there all the same.
    """
    found: dict[str, str] = {}
    for relation in _NEEDS.get(entity["kind"], _NEEDED)[1]:
        for ref in targets_of(entity, relation):
            found.setdefault(ref, relation)
    neighbours = []
    for ref, relation in list(found.items())[:_LOOKED_AT]:
        other = view.entity(ref)
        declared = read_declared(read_annotations(other) if other else {})
        neighbours.append(Neighbour(describe(view, ref, other), relation, owner_of(view, ref), declared))
    neighbours.sort(key=lambda one: (one.item.kind, one.item.label.lower()))
    return neighbours, len(found)


def find_recent(catalog: Catalog, refs: list[str], since: datetime) -> tuple[list[Recent], int]:
    """What changed since a time within two steps of these, newest first, and how much in all."""
    edges = catalog.view.edges
    starts = [node for ref in refs if (node := edges.nodes.get(ref)) is not None]
    near = edges.reach(starts, need_types([*DEPENDENCIES, "partOf"], "both"), _HOPS)
    hops = {edges.refs[node]: distance for node, distance in near.items()}
    found = [(ref, change) for ref, change in catalog.changes_since(since) if ref in hops]
    found.sort(key=lambda one: (-one[1].revision, hops[one[0]], one[0]))
    shown = [Recent(describe(catalog.view, ref), change, hops[ref]) for ref, change in found[:_SHOWN_CHANGES]]
    return shown, len(found)


def group_links(entity: dict[str, Json], layers: Sequence[Layer]) -> list[LinkGroup]:
    """Runbooks first, then dashboards, logs, traces; the entity's own links before those its annotations lead to."""
    groups: dict[str, list[Link]] = {use: [] for use in (*USES, OTHERS)}
    for link in read_links(entity):
        if link.href:
            groups[use_of(link)].append(link)
    for layer in layers:
        for tool in layer.tools if layer.name in CATEGORIES else ():
            for label, href in [*tool.values, *tool.links]:
                if href:
                    groups[CATEGORIES[layer.name]].append(Link(f"{tool.tool}: {label}", href, ""))
    return [LinkGroup(heading, links) for heading, links in groups.items() if links]
