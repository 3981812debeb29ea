"""Backstage's `POST /refresh`, and what it lists of entities that were never accepted (reference sections 7.11 and 7.14)."""

import asyncio
import hashlib

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.problems import Problem, cause_json
from web.api.bodies import TEXT, Shape, check_body
from web.api.parameters import Parameter, path_part, read_body, read_query, text
from web.errors import json_response

REFRESH = Shape("object", {"entityRef": TEXT, "authorizationToken": TEXT}, required=("entityRef",), closed=True)
UNPROCESSED = (Parameter("owner", "Only those with this `spec.owner`, as it is written."),)


async def refresh(request: Request) -> Response:
    """Read the source of an entity again; what it gives now is in the catalog when this answers."""
    read_query(request, ())
    body = await read_body(request)
    check_body(body, REFRESH)
    if body.get("authorizationToken"):
        raise CatalogError("unauthenticated", "Illegal token", "Send the token in the header `Authorization: Bearer`.")
    crawler: Crawler = request.app.state.crawler
    await asyncio.to_thread(crawler.refresh, body["entityRef"].lower())
    return Response(status_code=200)


async def pending(request: Request) -> Response:
    """The documents that were refused and of which no earlier version is served."""
    values = read_query(request, UNPROCESSED)
    catalog: Catalog = request.app.state.catalog
    return json_response(
        {"type": "pending", "entities": await asyncio.to_thread(_find_pending, catalog, text(values, "owner"))}
    )


def _find_pending(catalog: Catalog, owner: str | None) -> list[dict[str, Json]]:
    seen = max((state.crawled_at for state in catalog.sources() if state.crawled_at), default=None)
    at = f"{seen:%Y-%m-%d %H:%M:%S}" if seen else ""
    rows: dict[tuple[str, int], dict[str, Json]] = {}
    for problem in catalog.problems:
        if not problem.document or (problem.ref and catalog.view.get(problem.ref) is not None):
            continue
        row = _row(catalog, problem, at)
        if problem.ref and not _is_kind(row["unprocessed_entity"], problem.ref):
            continue  # its Location is to blame, for it does not say what it is: Backstage has no row of it
        if owner is None or (row["unprocessed_entity"].get("spec") or {}).get("owner") == owner:
            rows[problem.origin.file, problem.origin.index] = row
    return list(rows.values())


def _is_kind(entity: Json, ref: str) -> bool:
    return str(entity.get("kind")).lower() == ref.partition(":")[0]


def _row(catalog: Catalog, problem: Problem, at: str) -> dict[str, Json]:
    """A refused document in the form of Backstage's table; what Callboard has no such thing for is null."""
    errors = [cause_json(one.error) for one in catalog.problems_of(problem.ref) if one.error] if problem.ref else []
    if not errors and problem.error is not None:
        errors = [cause_json(problem.error)]
    entity = orjson.loads(problem.document)
    metadata = entity.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    key = annotations.get("backstage.io/managed-by-location") if isinstance(annotations, dict) else None
    return {
        "entity_id": None,
        "entity_ref": None,
        "unprocessed_entity": entity,
        "unprocessed_hash": _digest(problem.document),
        "processed_entity": None,
        "result_hash": _digest(orjson.dumps(errors).decode()),
        "cache": {},
        "errors": errors,
        "next_update_at": at,
        "last_discovery_at": at,
        "location_key": key or problem.origin.file,
        "hash": None,
        "final_entity": None,
        "last_updated_at": None,
    }


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


async def failed(request: Request) -> Response:
    """Always empty, as in Backstage 4.0: whatever failed later is served as it last was."""
    read_query(request, UNPROCESSED)
    return json_response({"type": "failed", "entities": []})


async def remove(request: Request) -> Response:
    """Take an entity away by its uid; it comes back, with a new uid, if it is still declared."""
    read_query(request, ())
    crawler: Crawler = request.app.state.crawler
    await asyncio.to_thread(crawler.remove, path_part(request, "uid"))
    return Response(status_code=204)
