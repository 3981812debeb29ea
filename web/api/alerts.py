"""Alerts in, alerts out: a payload comes back, or is sent on, with what the catalog knows in each alert's annotations.

To be given it back is a read, as a look-up is. To have it sent on takes a token, and ends in 202 or in a 5xx, upon which
Alertmanager and Grafana try again: Callboard keeps no alert.
"""

import asyncio
import json
import logging

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.receivers import Receivers
from web.api.parameters import Parameter, read_query, text
from web.api.payload import read_content
from web.errors import bug_id, bytes_response, error_response, json_response
from web.oncall.enriching import Enriched, enrich_payload
from web.render import home_of

log = logging.getLogger("callboard")
FORWARD = (Parameter("forward", "The configured receiver to send it on to; without it, the payload is the answer."),)
MAX_BYTES = 4_000_000
_SECONDS = 10.0


async def enrich(request: Request) -> Response:
    """The payload of an Alertmanager or a Grafana with `callboard_...` annotations in each alert, or what became of it."""
    name = text(read_query(request, FORWARD), "forward")
    receivers: Receivers = request.app.state.receivers
    if name is not None and name not in receivers.names:
        raise CatalogError("not_found", f"No receiver is named `{name}`", _hint(receivers))
    body = await _read(request)
    if name is None:
        enriched, _ = await asyncio.to_thread(_enrich, request, body)
        return bytes_response(enriched)
    return await _forward(request, receivers, name, body)


async def _forward(request: Request, receivers: Receivers, name: str, body: bytes) -> Response:
    try:
        body, found = await asyncio.to_thread(_enrich, request, body)
    except (CatalogError, RecursionError):
        raise
    except Exception as error:  # a bug of ours is no reason to keep an alert from whom it is for
        bug_id(request, error)
        found = Enriched(0, 0)
    delivery = await receivers.send(name, body)
    if delivery.is_taken:
        told = {"status": "forwarded", "receiver": name, "answer": delivery.status, "tries": delivery.tries}
        return json_response({**told, "alerts": found.alerts, "decided": found.decided}, 202)
    tries = f"after {delivery.tries} tries" if delivery.tries > 1 else f"after {delivery.tries} try"
    log.warning("receiver `%s` did not take %d alerts %s: %s", name, found.alerts, tries, delivery.reason)
    message = f"Receiver `{name}` did not take the alerts {tries}: {delivery.reason}"
    return error_response(request, 502, "BadGatewayError", message)


async def _read(request: Request) -> bytes:
    try:
        async with asyncio.timeout(_SECONDS):
            return await read_content(request)
    except TimeoutError as error:
        raise CatalogError("unavailable", f"the body did not come within {_SECONDS:.0f} seconds") from error


def _enrich(request: Request, body: bytes) -> tuple[bytes, Enriched]:
    """The body enriched. Python's own JSON keeps what orjson would not: whole numbers of any size, halves of surrogates."""
    catalog: Catalog = request.app.state.catalog
    try:
        payload: Json = json.loads(body, parse_constant=_refuse)
    except ValueError as error:
        raise CatalogError("invalid", f"The body is not JSON: {error}", "Send the alerts' payload as JSON.") from error
    found = enrich_payload(catalog, payload, home_of(request))
    return json.dumps(payload, separators=(",", ":")).encode(), found


def _refuse(name: str) -> Json:
    raise ValueError(f"`{name}` is no number in JSON")


def _hint(receivers: Receivers) -> str:
    known = ", ".join(f"`{one}`" for one in receivers.names)
    return f"Configured: {known}." if known else "Name one in the configuration, at `alerts.receivers`."
