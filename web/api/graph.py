"""Our own graph API: the part of the graph around an entity, in one request."""

from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from catalog.graph import FORWARD, Direction
from catalog.query import split_list
from catalog.relations import RELATION_TYPES
from web.api.parameters import Parameter, number, path_part, read_query, text
from web.errors import json_response

PARAMETERS = (
    Parameter("depth", "How many steps from the entity; 1 if not given.", "integer", minimum=0),
    Parameter("direction", "`out`: what it needs; `in`: what needs it; `both`.", choices=("out", "in", "both")),
    Parameter("relations", "Relation types to follow, all if not given.", many=True),
    Parameter("limit", "How many nodes at most, nearest first; 1,000 if not given.", "integer", minimum=1),
)


async def neighbourhood(request: Request) -> Response:
    """Nodes with their distance, and the edges among them; `total` counts the nodes before the limit."""
    catalog: Catalog = request.app.state.catalog
    values = read_query(request, PARAMETERS)
    kind, namespace, name = (path_part(request, part) for part in ("kind", "namespace", "name"))
    ref = f"{kind}:{namespace}/{name}".lower()
    if catalog.view.get(ref) is None:
        message = f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
        raise CatalogError("not_found", message)
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
