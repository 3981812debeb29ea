"""From whatever woke somebody to the entities it may be about: a text or alerts, each candidate with its reasons."""

import asyncio
from collections.abc import Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.lookup import MAX_TEXT, Alert, Candidate, Findings, look_up_alert, read_payload
from catalog.view import View
from web.api.parameters import Parameter, number, read_query, text
from web.api.payload import read_content
from web.errors import json_response
from web.names import describe, owner_of
from web.oncall.finding import find
from web.oncall.pasted import read_pasted

LOOKUP = (
    Parameter("q", "An id, a name, an address, labels, a repository: anything."),
    Parameter("limit", "At most so many candidates, 20 if not given.", "integer", minimum=1),
)
LIMIT = (LOOKUP[1],)
MAX_BYTES = 2_000_000
_LIMIT, _MOST = 20, 100


async def ask(request: Request) -> Response:
    """The candidates for one text, best first; `decided` is the one that stands alone, null where several might be meant."""
    values = read_query(request, LOOKUP)
    asked = (text(values, "q") or "").strip()
    if not asked:
        hint = "Such as `/api/lookup?q=P1234ABC`, or POST an alert's payload."
        raise CatalogError("invalid", "There is nothing to look up: `q` is empty", hint)
    if len(asked) > MAX_TEXT:
        raise CatalogError("invalid", f"`q` is longer than {MAX_TEXT} characters", "POST a payload instead.")
    catalog: Catalog = request.app.state.catalog
    alerts = await asyncio.to_thread(read_pasted, asked)
    found = await find(catalog, request.app.state.live, asked, _limit(values), alerts if len(alerts) == 1 else ())
    near: list[Json] = [one.ref for one in found.near]
    answer = findings_json(catalog.view, found.findings)
    return json_response({"query": asked, **answer, "near": near, "note": found.note})


async def ask_about(request: Request) -> Response:
    """The candidates for each alert of a payload, and for all of them together."""
    values = read_query(request, LIMIT)
    alerts = await read_alerts(request)
    catalog: Catalog = request.app.state.catalog
    return json_response(await asyncio.to_thread(_look_up_all, catalog.view, alerts, _limit(values)))


async def read_alerts(request: Request) -> list[Alert]:
    """The alerts that were sent. Raises `CatalogError` for a body that holds none."""
    return await asyncio.to_thread(_parse_alerts, await read_content(request))


def _parse_alerts(body: bytes) -> list[Alert]:
    try:
        payload: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CatalogError(
            "invalid", f"The body is not JSON: {error.msg}", "Send the alert's payload as JSON."
        ) from error
    return read_payload(payload)


def _look_up_all(view: View, alerts: Sequence[Alert], limit: int) -> Json:
    found = [look_up_alert(view, alert, limit) for alert in alerts]
    refs = list(dict.fromkeys(one.decided for one in found if one.decided))
    return {
        "alerts": [
            {**alert_json(alert), **findings_json(view, each)} for alert, each in zip(alerts, found, strict=True)
        ],
        "entityRefs": refs,
        "undecided": sum(not one.decided for one in found),
    }


def alert_json(alert: Alert) -> dict[str, Json]:
    """An alert as it was understood."""
    return {
        "title": alert.title,
        "status": alert.status,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "url": alert.url,
        "fingerprint": alert.fingerprint,
        "startsAt": alert.starts_at,
    }


def findings_json(view: View, found: Findings) -> dict[str, Json]:
    """Candidates with their reasons."""
    return {
        "decided": found.decided or None,
        "totalItems": found.total,
        "candidates": [_candidate_json(view, one) for one in found.candidates],
    }


def _candidate_json(view: View, one: Candidate) -> Json:
    item, owner = describe(view, one.ref), owner_of(view, one.ref)
    return {
        "entityRef": one.ref,
        "title": item.label,
        "kind": item.kind,
        "type": item.note,
        "owner": owner.ref if owner is not None else None,
        "surety": one.surety,
        "score": one.score,
        "reasons": [
            {
                "matched": reason.words,
                "value": reason.value,
                "where": reason.where,
                "seenAs": reason.seen_as,
                "surety": reason.surety,
            }
            for reason in one.reasons
        ],
    }


def _limit(values: dict[str, list[str]]) -> int:
    return min(number(values, "limit") or _LIMIT, _MOST)
