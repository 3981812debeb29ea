"""Backstage's `POST /validate-entity` (reference section 7.13): judged as an ingest would, and not stored."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Document, Json, Location
from catalog.errors import CatalogError
from catalog.kinds import MANAGED_BY_LOCATION, MANAGED_BY_ORIGIN
from catalog.problems import Cause
from catalog.refs import location_error
from web.api.parameters import read_body, read_query
from web.errors import json_response


async def validate(request: Request) -> Response:
    """Whether an entity would be accepted: 200 with no body, or 400 with the errors."""
    catalog: Catalog = request.app.state.catalog
    read_query(request, ())
    body = await read_body(request)
    for name in ("location", "entity"):
        if name not in body:
            raise CatalogError("invalid", f"request/body must have required property '{name}'")
    if not isinstance(body["entity"], dict):
        raise CatalogError("invalid", "request/body/entity must be object")
    if not isinstance(body["location"], str):
        raise CatalogError("invalid", "request/body/location must be string")
    if (error := _check_location(body["location"])) or (error := _check_annotations(body["entity"])):
        return json_response({"errors": [{"name": "TypeError", "message": error}]}, 400)
    target = body["location"].partition(":")[2].strip()
    document = Document(Location("url", target), orjson.dumps(body["entity"]))
    problems = [problem for one in catalog.judge(document) for problem in one.problems]
    errors = [_error_json(problem.error) for problem in problems if problem.error is not None]
    return json_response({"errors": errors}, 400) if errors else Response(status_code=200)


def _check_location(location: str) -> str:
    """What is wrong with the place an entity is said to come from, in Backstage's words."""
    if error := location_error(location):
        return error
    if not location.strip().startswith("url:"):
        return f"Invalid location ref {location}, only 'url:<target>' is supported, e.g. url:https://host/path"
    return ""


def _check_annotations(entity: dict[str, Json]) -> str:
    metadata = entity.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    for name in (MANAGED_BY_LOCATION, MANAGED_BY_ORIGIN):
        value = annotations.get(name) if isinstance(annotations, dict) else None
        if isinstance(value, str) and (error := location_error(value)):
            return error
    return ""


def _error_json(cause: Cause) -> dict[str, Json]:
    return {"name": cause.name, "message": cause.message} | ({"cause": _error_json(cause.cause)} if cause.cause else {})
