"""Backstage's catalog API: entities and facets (reference sections 7.3 to 7.9)."""

from collections.abc import Sequence
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.conditions import check_predicate, parse_filter, parse_predicate, read_filter
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.fields import Projection, parse_fields
from catalog.query import (
    EVERYTHING,
    All,
    Predicate,
    Query,
    decode_json,
    encode_json,
    parse_order,
    parse_order_field,
    split_list,
)
from web.api import bodies, cursors
from web.api.bodies import BY_REFS, check_body
from web.api.parameters import NO_BODY, Parameter, number, path_part, read_body, read_query, text, triplet
from web.errors import bytes_response, entity_response, json_response
from web.paths import plugin_path

FILTER = Parameter(
    "filter", "Conditions `key`, `key=value`, comma-separated (and); repeats are alternatives.", many=True
)
FIELDS = Parameter("fields", "Parts of each entity to answer with.", many=True)
LIMIT = Parameter("limit", "How many entities at most.", "integer", minimum=0)
OFFSET = Parameter("offset", "How many entities to skip.", "integer", minimum=0)
LIST = (
    FILTER, FIELDS, LIMIT, OFFSET,
    Parameter("after", "Where to go on, from the `link` header."),
    Parameter("order", "`asc:path` or `desc:path`.", many=True),
)  # fmt: skip
BY_QUERY = (
    FILTER, FIELDS, LIMIT, OFFSET,
    Parameter("cursor", "Where to go on, from `pageInfo`."),
    Parameter("orderField", "`path,asc` or `path,desc`.", many=True),
    Parameter("totalItems", "Whether to count.", choices=("include", "exclude")),
    Parameter("fullTextFilterTerm", "A text to find within the fields."),
    Parameter("fullTextFilterFields", "The fields to find it in.", many=True),
)  # fmt: skip
FACETS = (FILTER, Parameter("facet", "Paths to count the values of.", many=True, required=True))
DEFAULT_LIMIT = 200


def _catalog(request: Request) -> Catalog:
    catalog: Catalog = request.app.state.catalog
    return catalog


def _join(bodies: Sequence[bytes], projection: Projection | None) -> bytes:
    """The entities as a JSON list, or what is asked of each. All of them are many megabytes, which are copied once."""
    if projection is not None:
        bodies = [orjson.dumps(projection.apply(orjson.loads(body))) for body in bodies]
    if len(bodies) < 2:
        return b"[%b]" % b"".join(bodies)
    first, *rest, last = bodies
    return b",".join([b"[" + first, *rest, last + b"]"])


async def by_name(request: Request) -> Response:
    """One entity by kind, namespace and name, in any case."""
    read_query(request, ())
    asked = triplet(request)
    body = _catalog(request).view.get(asked.ref)
    if body is None:
        raise asked.missing()
    return entity_response(body)


async def by_uid(request: Request) -> Response:
    """One entity by its uid."""
    read_query(request, ())
    uid = path_part(request, "uid")
    body = _catalog(request).view.get_by_uid(uid.lower())
    if body is None:
        raise CatalogError("not_found", f"No entity with uid {uid}")
    return entity_response(body)


async def listed(request: Request) -> Response:
    """All entities that match, or a page of them with a `link` header to the next."""
    values = read_query(request, LIST)
    predicate, projection = parse_filter(values.get("filter", ())), parse_fields(values.get("fields", ()))
    orders = [parse_order(value) for value in values.get("order", ())]
    limit, offset = number(values, "limit"), number(values, "offset")
    if limit == 0:
        raise CatalogError("invalid", "Invalid limit, must be greater than zero")
    if (after := text(values, "after")) is not None:
        limit, offset = _read_after(after, limit, offset)
    view = _catalog(request).view
    if limit is None and offset is None and after is None:
        query = Query(predicate, None, orders[0] if orders else None, limit=len(view) * 64 + 1)
        found = view.page(query).bodies
        return bytes_response(_join(found, projection), streamed=bool(found))
    start = offset or 0
    end = None if limit is None else start + limit
    bodies, total = view.listed(predicate, orders, start, end)
    headers = (
        {"link": _next_link(request, limit, end)} if limit is not None and end is not None and end < total else None
    )
    if projection is None and not bodies:
        return entity_response(b"[]")
    return bytes_response(_join(bodies, projection), headers=headers, streamed=projection is None)


def _read_after(after: str, limit: int | None, offset: int | None) -> tuple[int | None, int | None]:
    value = decode_json(after, "Malformed after cursor, could not be parsed")
    if not isinstance(value, dict):
        return limit, offset
    for name in ("limit", "offset"):
        if name in value and not isinstance(value[name], int):
            raise CatalogError(
                "invalid", f"Malformed after cursor, {name} was not a{'n' if name == 'limit' else ''} number"
            )
    return value.get("limit", limit), value.get("offset", offset)


def _next_link(request: Request, limit: int, offset: int) -> str:
    asked = request.query_params
    at: dict[str, Json] = {"limit": limit, "offset": offset}
    if request.method == "HEAD" and "after" not in asked:  # texts there, as they were sent: Backstage glues them
        at = {"limit": asked["limit"], "offset": asked.get("offset", "0") + asked["limit"]}
    pairs = [(name, value) for name, value in asked.multi_items() if name != "offset"]
    cursor = encode_json(at)
    if "after" in asked:
        pairs = [(name, cursor if name == "after" else value) for name, value in pairs]
    else:
        pairs.append(("after", cursor))
    query = urlencode(pairs, safe="*").replace("~", "%7E")
    return f'<{plugin_path(request.scope["path"])}?{query}>; rel="next"'


async def by_query(request: Request) -> Response:
    """A page of entities with a total and cursors."""
    values = read_query(request, BY_QUERY)
    projection = parse_fields(values.get("fields", ()))
    limit = number(values, "limit")
    if cursor := text(values, "cursor"):
        return _page(request, cursors.read_cursor(cursor), limit, 0, projection)
    wanted = read_filter(values.get("filter", ()))
    asked: dict[str, Json] = {
        "orderFields": [_order_json(value) for value in values.get("orderField", ())],
        "isPrevious": False,
    }
    if wanted is not None:
        asked["query"] = wanted
    fields = split_list(values.get("fullTextFilterFields", ()))
    asked["fullTextFilter"] = {"term": text(values, "fullTextFilterTerm") or ""} | (
        {"fields": list(fields)} if fields else {}
    )
    wants_total = text(values, "totalItems") != "exclude"
    return _page(request, asked, limit, number(values, "offset") or 0, projection, wants_total=wants_total)


async def by_posted_query(request: Request) -> Response:
    """A page of entities for a predicate, with a total and cursors."""
    read_query(request, ())
    body = await read_body(request, is_optional=True)
    check_body(body, bodies.BY_QUERY)
    limit, offset = (None if name not in body else int(body[name]) for name in ("limit", "offset"))
    if "cursor" in body:
        if not body["cursor"]:
            raise CatalogError("invalid", "Cursor cannot be empty")
        asked = cursors.read_cursor(body["cursor"])
        return _page(request, asked, limit, 0, parse_fields(body.get("fields", ())))
    asked = {"orderFields": body.get("orderBy", []), "isPrevious": False}
    if "query" in body:
        asked["query"] = check_predicate(body["query"])
    if "fullTextFilter" in body:
        wanted = body["fullTextFilter"]
        asked["fullTextFilter"] = {"term": ""} | {key: wanted[key] for key in ("term", "fields") if key in wanted}
    projection, wants_total = parse_fields(body.get("fields", ())), body.get("totalItems") != "exclude"
    return _page(request, asked, limit, offset or 0, projection, wants_total=wants_total)


def _order_json(text: str) -> dict[str, str]:
    """An order as a cursor has it: one asked for without a direction has none there, and Backstage refuses it then."""
    order = parse_order_field(text)
    return {"field": order.field} | ({"order": "desc" if order.descending else "asc"} if "," in text else {})


def _page(
    request: Request,
    asked: dict[str, Json],
    limit: int | None,
    offset: int,
    projection: Projection | None,
    *,
    wants_total: bool = True,
) -> Response:
    """Answer a question in the form of a cursor; a first page's has no values to go on from."""
    query = cursors.as_query(asked, DEFAULT_LIMIT if limit is None else limit, offset)
    page = _catalog(request).view.page(query)
    total = asked.get("totalItems", page.total if wants_total else 0)
    info = cursors.write_page_info(asked, query, page, total)
    answer = b'{"items":%b,"totalItems":%b,"pageInfo":%b}' % (
        _join(page.bodies, projection), orjson.dumps(total), orjson.dumps(info),
    )  # fmt: skip
    return bytes_response(answer, streamed=projection is None)


async def by_refs(request: Request) -> Response:
    """Entities for a list of canonical refs, in that order, null where there is none."""
    values = read_query(request, (FILTER,))
    body = await read_body(request, "entityRefs")
    check_body(body, BY_REFS)
    refs = body["entityRefs"]
    parts = [parse_filter(values.get("filter", ()))]
    if "query" in body:
        parts.append(parse_predicate(check_predicate(body["query"], "query", refusal=NO_BODY)))
    predicate = All(tuple(part for part in parts if part != EVERYTHING))
    view = _catalog(request).view
    known = view.match(predicate) if predicate.parts else None
    projection = parse_fields(body.get("fields") or ())
    found = [view.get(ref) for ref in refs]
    if known is not None:
        nodes = view.edges.nodes
        found = [
            body if body is not None and nodes[ref] in known else None for ref, body in zip(refs, found, strict=True)
        ]
    bodies = [b"null" if one is None else one for one in found]
    if projection is not None:
        bodies = [b if b == b"null" else orjson.dumps(projection.apply(orjson.loads(b))) for b in bodies]
    return bytes_response(b'{"items":[' + b",".join(bodies) + b"]}", streamed=projection is None)


async def facets(request: Request) -> Response:
    """How many matching entities have each value at each path."""
    values = read_query(request, FACETS)
    if not any(values["facet"]):
        raise CatalogError("invalid", "Missing or empty facets parameter")
    return _count(request, values["facet"], parse_filter(values.get("filter", ())))


async def posted_facets(request: Request) -> Response:
    """How many entities for a predicate have each value at each path."""
    read_query(request, ())
    body = await read_body(request)
    check_body(body, bodies.FACETS)
    if not any(body["facets"]):
        raise CatalogError("invalid", "Missing or empty facets parameter")
    return _count(request, body["facets"], parse_predicate(check_predicate(body.get("query", {}))))


def _count(request: Request, names: Sequence[str], predicate: Predicate) -> Response:
    view = _catalog(request).view
    counted = {
        name: [{"value": value, "count": count} for value, count in view.count(name, predicate)]
        for name in dict.fromkeys(filter(None, names))
    }
    return json_response({"facets": counted})


async def ancestry(request: Request) -> Response:
    """An entity and the Locations that led to it, each with its parents."""
    read_query(request, ())
    ref = triplet(request).ref
    view = _catalog(request).view
    chain = view.ancestry(ref)
    if not chain:
        raise CatalogError("not_found", f"No such entity {ref}")
    items = [{"entity": view.entity(one), "parentEntityRefs": [parent] if parent else []} for one, parent in chain]
    return json_response({"rootEntityRef": ref, "items": items})
