"""Our own graph API: the part of the graph around an entity, what `/graph` shows, and what breaks if something fails."""

import asyncio
from typing import TYPE_CHECKING, cast

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.contacts import find_contacts
from catalog.errors import CatalogError
from catalog.graph import FORWARD, Direction
from catalog.query import split_list
from catalog.relations import RELATION_TYPES
from catalog.view import View
from web.api.parameters import Parameter, Triplet, number, read_query, text, triplet
from web.errors import json_response
from web.names import describe
from web.questions import RELATIONS, Asked, read_asked
from web.roots import find_ref

if TYPE_CHECKING:
    from catalog.graph.blast import Blast
    from catalog.graph.chart import Chart

PARAMETERS = (
    Parameter("depth", "How many steps from the entity; 1 if not given.", "integer", minimum=0),
    Parameter("direction", "`out`: what it needs; `in`: what needs it; `both`.", choices=("out", "in", "both")),
    Parameter("relations", "Relation types to follow, all if not given.", many=True),
    Parameter("limit", "How many nodes at most, nearest first; 1,000 if not given.", "integer", minimum=1),
)
CHART = (
    Parameter(
        "root", "Where to start: refs or names. Without any, it is the whole catalog, rolled up to systems.", many=True
    ),
    Parameter("target", "With it, only the shortest ways from the roots to this entity."),
    Parameter("from", "Another name for `root`, to go with `to`."),
    Parameter("to", "Another name for `target`."),
    Parameter("direction", "`out`: what the roots need; `in`: what needs them; `both`.", choices=("out", "in", "both")),
    Parameter("depth", "How many steps, or `all`; what suits the root's kind if not given."),
    Parameter("relation", f"Relations to follow: {', '.join(RELATIONS)}.", many=True),
    Parameter("hide", "Kinds to leave out; what they join is joined by implied links.", many=True),
    Parameter("by", "Merge entities into their `system`, `domain` or `team`."),
    Parameter("fold", "Fold what does not fit by `system`, `team` or `kind`."),
    Parameter("open", "What to show unfolded: the `opens` of a box.", many=True),
    Parameter("view", "Taken for the page's sake; it changes nothing here."),
)
IMPACT = (
    Parameter("direction", "`in`: what breaks if it fails, the default; `out`: what it needs.", choices=("in", "out")),
    Parameter("depth", "How many steps; all if not given.", "integer", minimum=1),
    Parameter("by", "`owner`: grouped by the owning team; else one list.", choices=("owner",)),
)


async def neighbourhood(request: Request) -> Response:
    """Nodes with their distance, and the edges among them; `total` counts the nodes before the limit."""
    catalog: Catalog = request.app.state.catalog
    values = read_query(request, PARAMETERS)
    ref = _find(catalog, triplet(request))
    relations = split_list(values.get("relations", ()))
    for relation in relations:
        if relation not in RELATION_TYPES:
            known = ", ".join(FORWARD)
            raise CatalogError("invalid", f"Unknown relation `{relation}`", f"Known are {known} and their inverses.")
    depth = number(values, "depth")
    direction = cast(Direction, text(values, "direction") or "both")
    limit = number(values, "limit") or 1_000
    found = catalog.neighbourhood(ref, 1 if depth is None else depth, direction, relations or None, limit)
    nodes = [
        {"ref": node, "distance": distance, "exists": catalog.view.get(node) is not None}
        for node, distance in found.nodes.items()
    ]
    edges = [{"source": source, "type": relation, "target": target} for source, relation, target in found.edges]
    return json_response(
        {"root": ref, "revision": catalog.view.revision, "total": found.total, "nodes": nodes, "edges": edges}
    )


def _find(catalog: Catalog, asked: Triplet) -> str:
    if catalog.view.get(asked.ref) is None:
        raise asked.missing()
    return asked.ref


async def chart(request: Request) -> Response:
    """What `/graph` draws: boxes and the links between them, and the totals that they add up to."""
    catalog: Catalog = request.app.state.catalog
    read_query(request, CHART)
    asked = read_asked(request.query_params, lambda text: find_ref(catalog.view, text))
    asked = asked if asked.root else asked.grouped(asked.by or "system")
    found = await asyncio.to_thread(catalog.chart, asked.question())
    return json_response(_as_json(catalog.view, asked, found))


def _as_json(view: View, asked: Asked, chart: "Chart") -> object:
    return {
        "roots": asked.root,
        "target": asked.target or None,
        "revision": view.revision,
        "totals": {
            "entities": chart.entities,
            "relations": chart.relations,
            "implied": chart.implied,
            "kinds": chart.kinds,
            "hidden": chart.hidden,
            "hiddenRelations": chart.through,
            "drawn": chart.single,
        },
        "isCut": chart.is_cut,
        "isReversed": chart.is_reversed,
        "boxes": [
            {
                "id": box.id,
                "form": box.form,
                "ref": box.ref or None,
                "exists": bool(box.ref) and view.get(box.ref) is not None,
                "members": box.members,
                "distance": box.distance,
                "side": box.side,
                "inside": box.inside,
                "opens": box.opens or None,
                "inCycle": box.in_cycle,
            }
            for box in chart.boxes
        ],
        "links": [
            {"source": link.source, "target": link.target, "types": link.types, "inCycle": link.in_cycle}
            for link in chart.links
        ],
        "cycles": chart.cycles,
    }


async def impact(request: Request) -> Response:
    """Everything that breaks if the entity fails, or all that it needs; by distance, and with `by=owner` by owning team.

    A system or domain fails with all that is in it: `parts` counts that, and nothing of it is listed.
    """
    catalog: Catalog = request.app.state.catalog
    values = read_query(request, IMPACT)
    ref = _find(catalog, triplet(request))
    direction = cast(Direction, text(values, "direction") or "in")
    blast = await asyncio.to_thread(catalog.blast, (ref,), direction, number(values, "depth"))
    found: dict[str, object] = {
        "root": ref,
        "direction": direction,
        "revision": catalog.view.revision,
        "total": blast.total,
        "parts": blast.parts,
        "steps": [{"distance": distance, "count": count} for distance, count in blast.steps.items()],
    }
    if text(values, "by"):
        found["owners"] = [_share(catalog.view, blast, at) for at in range(len(blast.shares))]
    else:
        found["entities"] = [_reached(entity) for entity in blast.entities]
    return json_response(found)


def _reached(entity: tuple[str, int]) -> dict[str, object]:
    return {"ref": entity[0], "distance": entity[1]}


def _share(view: View, blast: "Blast", at: int) -> dict[str, object]:
    """What one owner has of it, and how to reach the owner."""
    share = blast.shares[at]
    owner = view.entity(share.owner) if share.owner else None
    contacts = find_contacts(owner) if owner else []
    return {
        "owner": share.owner or None,
        "title": describe(view, share.owner, owner).label if share.owner else None,
        "contacts": [{"kind": one.kind, "label": one.label, "address": one.address} for one in contacts],
        "entities": [_reached(entity) for entity in share.entities],
    }
