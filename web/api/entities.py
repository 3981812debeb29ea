"""Backstage's catalog API: entities and facets (reference sections 7.3 to 7.9)."""

from collections.abc import Sequence
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.query import (
    EVERYTHING,
    All,
    Order,
    Predicate,
    Projection,
    Query,
    TextFilter,
    check_predicate,
    decode_json,
    encode_json,
    parse_fields,
    parse_filter,
    parse_order,
    parse_order_field,
    parse_predicate,
    read_filter,
    split_list,
)
from web.api import bodies
from web.api.bodies import check_body
from web.api.parameters import NO_BODY, Parameter, number, path_part, read_body, read_query, text
from web.errors import bytes_response, error_response, json_response

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
    if projection is not None:
        bodies = [orjson.dumps(projection.apply(orjson.loads(body))) for body in bodies]
    return b"[" + b",".join(bodies) + b"]"


async def by_name(request: Request) -> Response:
    """One entity by kind, namespace and name, in any case."""
    read_query(request, ())
    kind, namespace, name = (path_part(request, part) for part in ("kind", "namespace", "name"))
    body = _catalog(request).view.get(f"{kind}:{namespace}/{name}".lower())
    if body is None:
        message = f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
        return error_response(request, 404, "NotFoundError", message)
    return bytes_response(body, streamed=True)


async def by_uid(request: Request) -> Response:
    """One entity by its uid."""
    read_query(request, ())
    uid = path_part(request, "uid")
    body = _catalog(request).view.get_by_uid(uid)
    if body is None:
        return error_response(request, 404, "NotFoundError", f"No entity with uid {uid}")
    return bytes_response(body, streamed=True)


async def listed(request: Request) -> Response:
    """All entities that match, or a page of them with a `link` header to the next."""
    values = read_query(request, LIST)
    projection, predicate = parse_fields(values.get("fields", ())), parse_filter(values.get("filter", ()))
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
    return bytes_response(_join(bodies, projection), headers=headers, streamed=projection is None)


def _read_after(after: str, limit: int | None, offset: int | None) -> tuple[int | None, int | None]:
    value = decode_json(after, "Malformed after cursor, could not be parsed")
    if isinstance(value, list):
        value = {}
    if not isinstance(value, dict):
        raise CatalogError("invalid", "Malformed after cursor, could not be parsed")
    for name in ("limit", "offset"):
        if name in value and not isinstance(value[name], int):
            raise CatalogError(
                "invalid", f"Malformed after cursor, {name} was not a{'n' if name == 'limit' else ''} number"
            )
    return value.get("limit", limit), value.get("offset", offset)


def _next_link(request: Request, limit: int, offset: int) -> str:
    kept = {name: request.query_params.getlist(name) for name in request.query_params if name != "offset"}
    kept["after"] = [encode_json({"limit": limit, "offset": offset})]
    return f'</entities?{urlencode(kept, doseq=True)}>; rel="next"'


async def by_query(request: Request) -> Response:
    """A page of entities with a total and cursors."""
    values = read_query(request, BY_QUERY)
    projection = parse_fields(values.get("fields", ()))
    limit = number(values, "limit")
    if (cursor := text(values, "cursor")) is not None:
        return _page(request, _read_cursor(cursor), limit, 0, projection)
    term = (text(values, "fullTextFilterTerm") or "").strip()
    fields = split_list(values.get("fullTextFilterFields", ()))
    asked: dict[str, Json] = {
        "orderFields": [_order_json(value) for value in values.get("orderField", ())],
        "isPrevious": False,
    }
    if (wanted := read_filter(values.get("filter", ()))) is not None:
        asked["query"] = wanted
    asked["fullTextFilter"] = {"term": term} | ({"fields": list(fields)} if fields else {})
    wants_total = text(values, "totalItems") != "exclude"
    return _page(request, asked, limit, number(values, "offset") or 0, projection, wants_total=wants_total)


async def by_posted_query(request: Request) -> Response:
    """A page of entities for a predicate, with a total and cursors."""
    read_query(request, ())
    kind = request.headers.get("content-type")
    body = await read_body(request) if kind is not None or await request.body() else {}
    check_body(body, bodies.BY_QUERY)
    projection = parse_fields(body.get("fields", ()))
    limit, offset = (None if name not in body else int(body[name]) for name in ("limit", "offset"))
    if "cursor" in body:
        if not body["cursor"]:
            raise CatalogError("invalid", "Cursor cannot be empty")
        return _page(request, _read_cursor(body["cursor"]), limit, 0, projection)
    asked: dict[str, Json] = {"orderFields": body.get("orderBy", []), "isPrevious": False}
    if body.get("query"):
        check_predicate(body["query"])
        asked["query"] = body["query"]
    if "fullTextFilter" in body:
        wanted = body["fullTextFilter"]
        asked["fullTextFilter"] = {"term": wanted.get("term", "").strip()} | (
            {"fields": wanted["fields"]} if "fields" in wanted else {}
        )
    wants_total = body.get("totalItems") != "exclude"
    return _page(request, asked, limit, offset or 0, projection, wants_total=wants_total)


def _order_json(text: str) -> dict[str, str]:
    """An order as a cursor has it: one asked for without a direction has none there, and Backstage refuses it then."""
    order = parse_order_field(text)
    return {"field": order.field} | ({"order": "desc" if order.descending else "asc"} if "," in text else {})


def _read_cursor(cursor: str) -> dict[str, Json]:
    value = decode_json(cursor, "Malformed cursor: it is not base64 of JSON")
    if not _is_cursor(value):
        raise CatalogError("invalid", "Malformed cursor: it is not one that this server gave")
    if "filter" in value:  # the form that older servers gave
        value["query"] = _read_tree(value.pop("filter"))
    if value.get("query"):
        check_predicate(value["query"])
    if not isinstance(value.setdefault("totalItems", 0), int):
        raise CatalogError("invalid", "Malformed cursor: its total is no number")
    kept = {
        key: value[key] for key in ("orderFields", "isPrevious", "fullTextFilter", "orderFieldValues") if key in value
    }
    return kept | {key: one for key, one in value.items() if key not in kept}


def _is_cursor(value: Json) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("isPrevious"), bool):
        return False
    orders, at, wanted = value.get("orderFields"), value.get("orderFieldValues"), value.get("fullTextFilter", {})
    try:
        check_body(wanted, bodies.FULL_TEXT)
        check_body(orders, bodies.ORDERS)
    except CatalogError:
        return False
    return isinstance(at, list) and bool(at) and all(isinstance(one, str) for one in at[-1:]) and _is_sort_value(at[0])


def _is_sort_value(value: Json) -> bool:
    return value is None or isinstance(value, str)


def _read_tree(tree: Json) -> Json:
    """A predicate from the filter tree of an older cursor: `key` and `values`, `allOf`, `anyOf`, `not`."""
    match tree:
        case {"allOf": parts}:
            return {"$all": [_read_tree(part) for part in parts]}
        case {"anyOf": parts}:
            return {"$any": [_read_tree(part) for part in parts]}
        case {"not": part}:
            return {"$not": _read_tree(part)}
        case {"key": key, "values": found}:
            return {key: {"$in": found}}
        case {"key": key}:
            return {key: {"$exists": True}}
    raise CatalogError("invalid", "Malformed cursor: its filter is none")


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
    query = _as_query(asked, DEFAULT_LIMIT if limit is None else limit, offset)
    page = _catalog(request).view.page(query)
    total = asked.get("totalItems", page.total if wants_total else 0)
    info: dict[str, str] = {}
    if page.keys:
        first = asked.get("firstSortFieldValues") or _sort_values(query, page.keys[0])
        shared = {"firstSortFieldValues": first, "totalItems": total}
        start, end = (_sort_values(query, key) for key in (page.keys[0], page.keys[-1]))
        if page.more or query.backwards:
            info["nextCursor"] = _write_cursor(asked, False, end, shared)
        is_first = "orderFieldValues" not in asked or start == first
        if not is_first:
            info["prevCursor"] = _write_cursor(asked, True, start, shared)
    items = _join(page.bodies, projection)
    answer = b'{"items":%b,"totalItems":%d,"pageInfo":%b}' % (items, total, orjson.dumps(info))
    return bytes_response(answer, streamed=projection is None)


def _sort_values(query: Query, key: tuple[str | None, str]) -> list[str | None]:
    return [key[0], key[1]] if query.order else [key[1]]


def _write_cursor(asked: dict[str, Json], backwards: bool, at: list[str | None], shared: dict[str, Json]) -> str:
    return encode_json({**asked, "isPrevious": backwards, "orderFieldValues": at, **shared})


def _as_query(asked: dict[str, Json], limit: int, offset: int) -> Query:
    orders = [Order(one["field"], one.get("order") == "desc") for one in asked.get("orderFields", ())]
    order = orders[0] if orders else None
    predicate: Predicate = parse_predicate(asked["query"]) if asked.get("query") else EVERYTHING
    wanted = asked.get("fullTextFilter") or {}
    fields = tuple(wanted.get("fields") or (order.field if order else "metadata.uid",))
    textual = TextFilter(wanted["term"].lower(), fields) if wanted.get("term") else None
    values = asked.get("orderFieldValues")
    after = None if values is None else (values[0], values[-1])
    return Query(predicate, textual, order, limit, offset, after, bool(asked.get("isPrevious")))


async def by_refs(request: Request) -> Response:
    """Entities for a list of canonical refs, in that order, null where there is none."""
    values = read_query(request, (FILTER,))
    body = await read_body(request, "entityRefs")
    refs = body.get("entityRefs")
    if "entityRefs" not in body:
        raise CatalogError("invalid", "request/body must have required property 'entityRefs'")
    if not isinstance(refs, list):
        raise CatalogError("invalid", "request/body/entityRefs must be array")
    for index, ref in enumerate(refs):
        if not isinstance(ref, str):
            raise CatalogError("invalid", f"request/body/entityRefs/{index} must be string")
    if not isinstance(body.get("fields", []), list):
        raise CatalogError("invalid", "request/body/fields must be array")
    parts = [parse_filter(values.get("filter", ()))]
    if not isinstance(body.get("query", {}), dict):
        raise CatalogError("invalid", "request/body/query must be object")
    for name in body.get("query", {}):
        if name.startswith("$") and name not in ("$all", "$any", "$not"):
            raise CatalogError("invalid", f'{NO_BODY}Invalid at "query.{name}"')
    if body.get("query"):
        parts.append(parse_predicate(body["query"]))
    predicate = All(tuple(part for part in parts if part != EVERYTHING))
    view = _catalog(request).view
    known = view.match(predicate)
    projection = parse_fields(body.get("fields") or ())
    found = [view.get(ref) if ref in view.edges.nodes and view.edges.nodes[ref] in known else None for ref in refs]
    bodies = [b"null" if one is None else one for one in found]
    if projection is not None:
        bodies = [b if b == b"null" else orjson.dumps(projection.apply(orjson.loads(b))) for b in bodies]
    return bytes_response(b'{"items":[' + b",".join(bodies) + b"]}", streamed=projection is None)


async def facets(request: Request) -> Response:
    """How many matching entities have each value at each path."""
    values = read_query(request, FACETS)
    return _count(request, values["facet"], parse_filter(values.get("filter", ())))


async def posted_facets(request: Request) -> Response:
    """How many entities for a predicate have each value at each path."""
    read_query(request, ())
    body = await read_body(request)
    check_body(body, bodies.FACETS)
    if not any(body["facets"]):
        raise CatalogError("invalid", "Missing or empty facets parameter")
    predicate: Predicate = EVERYTHING
    if body.get("query"):
        check_predicate(body["query"])
        predicate = parse_predicate(body["query"])
    return _count(request, body["facets"], predicate)


def _count(request: Request, names: Sequence[str], predicate: Predicate) -> Response:
    view = _catalog(request).view
    counted = {
        name: [{"value": value, "count": count} for value, count in view.count(name, predicate)]
        for name in dict.fromkeys(names)
    }
    return json_response({"facets": counted})


async def ancestry(request: Request) -> Response:
    """An entity and the Locations that led to it, each with its parents."""
    read_query(request, ())
    ref = "{}:{}/{}".format(*(path_part(request, part) for part in ("kind", "namespace", "name"))).lower()
    view = _catalog(request).view
    chain = view.ancestry(ref)
    if not chain:
        return error_response(request, 404, "NotFoundError", f"No such entity {ref}")
    items = [{"entity": view.entity(one), "parentEntityRefs": [parent] if parent else []} for one, parent in chain]
    return json_response({"rootEntityRef": ref, "items": items})
