"""The card of an entity and the picture of an incident as JSON, for scripts and for terminals."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.live import Firing, LiveFacts
from catalog.readiness import CHECKS, NOBODY, find_readiness
from web.api.lookup import read_alerts
from web.api.parameters import Parameter, read_query, text, triplet
from web.errors import json_response
from web.oncall.card import make_card
from web.oncall.incident import (
    MAX_REFS,
    incident_path,
    picture_live,
)
from web.oncall.json import card_json, incident_json, moment_json
from web.oncall.live import WHOLE, ask_live
from web.oncall.matched import Matched, match_alerts, match_firing
from web.render import home_of
from web.urls import card_path

READINESS = (
    Parameter("missing", "Only what lacks this.", choices=tuple(CHECKS)),
    Parameter("team", "Only what this owner runs, a ref; `none` for what nobody owns."),
)
INCIDENT = (
    Parameter("refs", "The failing entities, with commas between."),
    Parameter("now", "Anything: what fires now in the configured tools."),
)


async def card(request: Request) -> Response:
    """The card of one entity, with what the tools say within 0.8 seconds."""
    read_query(request, ())
    catalog: Catalog = request.app.state.catalog
    asked = triplet(request)
    made = await asyncio.to_thread(make_card, catalog, asked.ref)
    if made is None:
        raise asked.missing()
    tools: LiveFacts = request.app.state.live
    live = await ask_live(tools, made, WHOLE)
    return json_response({**card_json(made, live), "href": home_of(request) + card_path(asked.ref)})


async def incident(request: Request) -> Response:
    """The picture for entities that fail, or for what fires now."""
    values = read_query(request, INCIDENT)
    refs = [ref.strip().lower() for ref in (text(values, "refs") or "").split(",") if ref.strip()]
    if "now" in values:
        tools: LiveFacts = request.app.state.live
        firing = await tools.firing(WHOLE)
        matched = await asyncio.to_thread(match_firing, request.app.state.catalog.view, firing.now)
        return await _answer(request, refs, matched, firing)
    if not refs:
        hint = "Such as `?refs=component:default/a,component:default/b`, `?now=1`, or POST a payload of alerts."
        raise CatalogError("invalid", "Nothing is said to fail", hint)
    return await _answer(request, refs, [])


async def incident_of(request: Request) -> Response:
    """The picture for a payload of alerts, as `/api/lookup` takes them."""
    read_query(request, ())
    alerts = await read_alerts(request)
    matched = await asyncio.to_thread(match_alerts, request.app.state.catalog.view, alerts)
    return await _answer(request, [], matched)


async def _answer(
    request: Request, refs: Sequence[str], matched: Sequence[Matched], firing: Firing | None = None
) -> Response:
    catalog: Catalog = request.app.state.catalog
    failing = list(dict.fromkeys([*refs, *(one.ref for one in matched if one.ref)]))
    address = home_of(request) + incident_path(failing[:MAX_REFS])
    found = await picture_live(catalog, request.app.state.live, failing, address, WHOLE, firing)
    alerts: list[Json] = [
        {
            "title": one.title,
            "entityRef": one.ref or None,
            "since": moment_json(one.since),
            "candidates": [each.ref for each in one.candidates],
            "count": one.count,
        }
        for one in matched
    ]
    return json_response(
        {**incident_json(found), "alerts": alerts, "isWhole": firing is None or firing.is_whole, "href": address}
    )


async def readiness(request: Request) -> Response:
    """What runs in production and lacks something for the night, by team, the least ready first."""
    values = read_query(request, READINESS)
    missing, team = text(values, "missing") or "", (text(values, "team") or "").lower()
    catalog: Catalog = request.app.state.catalog
    found = await asyncio.to_thread(find_readiness, catalog.view)
    teams: list[Json] = [
        {
            "entityRef": one.owner or None,
            "total": one.total,
            "ready": one.ready,
            "gaps": [
                {"entityRef": gap.ref, "missing": list(gap.missing)}
                for gap in one.gaps
                if not missing or missing in gap.missing
            ],
        }
        for one in found.teams
        if not team or one.owner == ("" if team == NOBODY else team)
    ]
    return json_response({"total": found.total, "ready": found.ready, "missing": found.counts, "teams": teams})
