"""Backstage's `POST /validate-entity` (reference section 7.13): judged as an ingest would, and not stored."""

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.crawler import Crawler
from catalog.documents import Document, Json, Location
from catalog.kinds import MANAGED_BY_LOCATION, MANAGED_BY_ORIGIN
from catalog.pipeline import Judged
from catalog.problems import Cause
from catalog.refs import location_error
from web.api.bodies import VALIDATE, check_body
from web.api.parameters import read_body, read_query
from web.errors import json_response


async def validate(request: Request) -> Response:
    """Whether an entity would be accepted: 200 with no body, or 400 with the errors."""
    crawler: Crawler = request.app.state.crawler
    read_query(request, ())
    body = await read_body(request)
    check_body(body, VALIDATE)
    document = Document(Location("url", body["location"].partition(":")[2].strip()), orjson.dumps(body["entity"]))
    if error := _check_location(body["location"]) or _check_annotations(body["entity"]):
        causes = [cause for cause in _list_causes(crawler.catalog.judge(document)) if cause.name == "TypeError"]
        causes = causes or [Cause("TypeError", error)]  # what is no entity at all is said first
    else:
        causes = _list_causes(await asyncio.to_thread(crawler.judge, document))
    errors = [_error_json(cause) for cause in causes]
    return json_response({"errors": errors}, 400) if errors else Response(status_code=200)


def _list_causes(judged: list[Judged]) -> list[Cause]:
    """What Backstage would report: the first fault of an entity; of a Location that is none, all that cannot be read."""
    causes = [[problem.error for problem in one.problems if problem.error is not None] for one in judged]
    return [
        cause
        for one, found in zip(judged, causes, strict=True)
        for cause in (found[:1] if one.entity is None else dict.fromkeys(found))
    ]


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
