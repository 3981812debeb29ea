"""Backstage's registered locations (reference section 7.10). What is registered has been read when the answer comes."""

import asyncio
import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from catalog.conditions import check_predicate
from catalog.crawler import Crawler, Preview
from catalog.documents import Json
from catalog.entity import Entity
from catalog.errors import CatalogError
from catalog.locations import Registered, parse_test
from catalog.query import decode_json, encode_json
from catalog.refs import parse_location
from web.api.bodies import TEXT, Shape, check_body
from web.api.parameters import Parameter, path_part, read_body, read_query, text, triplet
from web.errors import json_response

REGISTER = (
    Parameter("dryRun", "`true`: say what would be registered, and register nothing."),
    Parameter("onConflict", "What to do where it is registered already.", choices=("refresh", "reject")),
)
# Backstage names the missing key that its schema has last.
NEW = Shape("object", {"type": TEXT, "target": TEXT, "presence": TEXT}, required=("target", "type"))
CHANGED = Shape("object", {"type": TEXT, "target": TEXT}, required=("type", "target"), closed=True)
BY_QUERY = Shape("object", {"cursor": TEXT, "limit": Shape("number"), "query": Shape("object")})
_YES = ("true", "1", "yes", "y", "on")
_DEFAULT_LIMIT = 1_000


def _crawler(request: Request) -> Crawler:
    crawler: Crawler = request.app.state.crawler
    return crawler


async def _all(request: Request) -> list[Registered]:
    return await asyncio.to_thread(_crawler(request).catalog.locations)


def _as_json(location: Registered) -> dict[str, Json]:
    return {
        "id": location.id,
        "type": location.type,
        "target": location.target,
        "entityRef": location.entity_ref,
    }


async def listed(request: Request) -> Response:
    """Every registered location."""
    read_query(request, ())
    return json_response([{"data": _as_json(location)} for location in await _all(request)])


async def by_id(request: Request) -> Response:
    """One registered location."""
    read_query(request, ())
    return json_response(_as_json(await asyncio.to_thread(_crawler(request).location, path_part(request, "id"))))


async def by_entity(request: Request) -> Response:
    """The registered location that an entity came from."""
    read_query(request, ())
    ref = triplet(request).ref
    entity = _crawler(request).catalog.view.entity(ref)
    if entity is None:
        raise CatalogError("not_found", f"found no entity for ref {ref}")
    origin = parse_location(entity["metadata"]["annotations"].get("backstage.io/managed-by-origin-location", ""))
    if origin is None:
        raise CatalogError("not_found", f"found no origin annotation for ref {ref}")
    for location in await _all(request):
        if (location.type, location.target) == origin:
            return json_response(_as_json(location))
    raise CatalogError("not_found", f"Found no location with type {origin[0]} and target {origin[1]}")


async def register(request: Request) -> Response:
    """Register a location; its entities are in the catalog when this answers. With `dryRun`, only say what it would bring."""
    values = read_query(request, REGISTER)
    body = await read_body(request)
    check_body(body, NEW)
    if issues := _issues(body):
        raise CatalogError("invalid", f"Malformed request: {json.dumps(issues, indent=2, ensure_ascii=False)}")
    crawler = _crawler(request)
    if (text(values, "dryRun") or "").lower() in _YES:
        found = await asyncio.to_thread(crawler.preview, body["type"], body["target"])
        return json_response(_preview_json(found, body), 201)
    conflict = text(values, "onConflict") or ""
    location = await asyncio.to_thread(crawler.register, body["type"], body["target"], conflict)
    return json_response({"location": _as_json(location), "entities": []}, 201)


def _issues(body: dict[str, Json]) -> list[dict[str, Json]]:
    """What Backstage's own check of the body finds beyond its schema, as the zod library lists it."""
    issues: list[dict[str, Json]] = []
    if (presence := body.get("presence", "required")) not in ("required", "optional"):
        issues.append(_union_issue("presence", presence, ("required", "optional")))
    if unknown := [name for name in body if name not in NEW.properties]:
        names = ", ".join(f"'{name}'" for name in unknown)
        message = f"Unrecognized key(s) in object: {names}"
        issues.append({"code": "unrecognized_keys", "keys": unknown, "path": [], "message": message})
    return issues


def _union_issue(name: str, value: str, choices: tuple[str, ...]) -> dict[str, Json]:
    errors = [
        {
            "issues": [
                {
                    "received": value,
                    "code": "invalid_literal",
                    "expected": choice,
                    "path": [name],
                    "message": f'Invalid literal value, expected "{choice}"',
                }
            ],
            "name": "ZodError",
        }
        for choice in choices
    ]
    return {"code": "invalid_union", "unionErrors": errors, "path": [name], "message": "Invalid input"}


def _preview_json(found: Preview, body: dict[str, Json]) -> dict[str, Json]:
    location = found.location
    id = f"{location.type}:{location.target}"
    return {
        "exists": found.exists,
        "location": {**body, "id": id, "entityRef": location.entity_ref},
        "entities": [_entity_json(entity) for entity in found.entities],
    }


def _entity_json(entity: Entity) -> dict[str, Json]:
    metadata = {key: value for key, value in entity.data["metadata"].items() if key != "uid"}
    return {**entity.data, "metadata": metadata}


async def change(request: Request) -> Response:
    """Give a registered location another target; what only the old one gave goes."""
    read_query(request, ())
    body = await read_body(request)
    check_body(body, CHANGED)
    id = path_part(request, "id")
    location = await asyncio.to_thread(_crawler(request).replace, id, body["type"], body["target"])
    return json_response(_as_json(location))


async def unregister(request: Request) -> Response:
    """Take a registered location away, and what only it gave."""
    read_query(request, ())
    await asyncio.to_thread(_crawler(request).unregister, path_part(request, "id"))
    return Response(status_code=204)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is asked of the registered locations: a predicate, how many, and after which id."""

    query: Json
    limit: int
    after: str = ""


async def by_posted_query(request: Request) -> Response:
    """A page of registered locations for a predicate, by id."""
    read_query(request, ())
    body = await read_body(request, is_optional=True)
    check_body(body, BY_QUERY)
    page = _read_page(body)
    matches = parse_test(check_predicate(page.query)) if page.query is not None else None
    found = [location for location in await _all(request) if matches is None or matches(location)]
    rest = [location for location in found if location.id > page.after]
    shown = rest[: page.limit]
    info: dict[str, str] = {}
    if len(rest) > page.limit:
        cursor = {"limit": page.limit, "afterId": shown[-1].id}
        info["nextCursor"] = encode_json(cursor if page.query is None else cursor | {"query": page.query})
    return json_response({"items": list(map(_as_json, shown)), "totalItems": len(found), "pageInfo": info})


def _read_page(body: dict[str, Json]) -> _Page:
    if "cursor" not in body:
        limit = body.get("limit", _DEFAULT_LIMIT)
        if limit < 1 or limit != int(limit):
            raise CatalogError("invalid", "Limit must be a positive integer >= 1")
        return _Page(body.get("query"), int(limit))
    if not body["cursor"]:
        raise CatalogError("invalid", "Cursor cannot be empty")
    cursor = decode_json(body["cursor"], "Malformed cursor, unknown encoding")
    if not isinstance(cursor, dict):
        raise CatalogError("invalid", "Malformed cursor, unknown encoding")
    limit, after = cursor.get("limit"), cursor.get("afterId")
    if not isinstance(limit, int) or limit < 1 or not isinstance(after, str):
        raise CatalogError("invalid", "Malformed cursor, unknown encoding")
    return _Page(cursor.get("query"), limit, after)
