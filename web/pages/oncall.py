"""`/oncall`: from whatever woke somebody to the entity it is about. What may be several things is shown as several."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.lookup import Alert, Candidate
from catalog.view import View
from web.forms import read_form
from web.names import Item, describe, owner_of
from web.oncall.finding import Found, find
from web.oncall.pasted import MAX_FORM, drop_passwords, read_pasted
from web.render import Crumb, Page, catalog_of, render
from web.urls import card_path, with_query

_LIMIT, _MAX_QUERY = 25, 1_000  # what is longer is no address that could be sent to somebody
EXAMPLES = {
    "P1234ABC": "a PagerDuty service, its address, or a webhook's payload",
    "HighErrorRate": "the name of an alert",
    '{namespace="payments", pod="payment-api-7d9f8c6b5d-x2k4p"}': "labels, or any tool's payload as it sent it",
    "db1.example.com:5432": "a host, or any address that an entity links to",
    "git@github.com:acme/payment-api.git": "a repository, by https or ssh",
    "payments/payment-api": "a Kubernetes namespace and workload",
    "component:default/payment-api": "an entity's reference or uid",
    "[FIRING:1] HighErrorRate on payment-api": "a subject, a message, a line of kubectl or of a log, as it came",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One candidate, with where its card is."""

    item: Item
    owner: Item | None
    href: str
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallPage(Page):
    """The box, what it was asked, and the candidates with the reasons; without a question, examples."""

    asked: str = ""
    choices: Sequence[Choice] = ()
    total: int = 0
    near: Sequence[Item] = ()
    note: str = ""
    examples: Sequence[tuple[str, str]] = ()
    has_tools: bool = False


async def show_oncall(request: Request) -> Response:
    """Without `q` the box alone; with one that only one entity can be meant by, that entity's card, unless `all` is said."""
    asked = drop_passwords(request.query_params.get("q", "")).strip()
    alerts = await asyncio.to_thread(read_pasted, asked)
    if len(alerts) > 1:
        return RedirectResponse(with_query("/oncall/incident", {"q": asked}), 303)
    return await _answer(request, asked, alerts)


async def read_oncall(request: Request) -> Response:
    """What was pasted, however long: a short text is led on to its address; several alerts to their picture."""
    asked = drop_passwords((await read_form(request, MAX_FORM)).get("q", "")).strip()
    alerts = await asyncio.to_thread(read_pasted, asked)
    if len(alerts) > 1:
        return RedirectResponse("/oncall/incident", 307)  # the browser sends it there as it was sent here
    if len(asked) <= _MAX_QUERY:
        return RedirectResponse(with_query("/oncall", {"q": asked}), 303)
    return await _answer(request, asked, alerts)


async def _answer(request: Request, asked: str, alerts: Sequence[Alert]) -> Response:
    catalog = catalog_of(request)
    view, tools = catalog.view, request.app.state.live
    all_found = await find(catalog, tools, asked, _LIMIT, alerts) if asked else Found()
    found = all_found.findings
    known = {"q": asked} if len(asked) <= _MAX_QUERY else {}
    if found.decided and "all" not in request.query_params:
        return RedirectResponse(with_query(card_path(found.decided), known), 303)
    page = OnCallPage(
        title=f"On call: {asked[:60]}" if asked else "On call",
        summary="From an alert, an id, an address or a name to its owner, its runbook and what hangs on it.",
        section="oncall",
        twin=with_query("/api/lookup", known) if known and asked else "",
        crumbs=[Crumb("On call")],
        asked=asked,
        choices=[_choice(view, one, known) for one in found.candidates],
        total=found.total,
        near=all_found.near,
        note=all_found.note,
        examples=list(EXAMPLES.items()),
        has_tools=bool(tools.standings()),
    )
    return render(request, "pages/oncall.html", page)


def _choice(view: View, one: Candidate, known: dict[str, str]) -> Choice:
    return Choice(describe(view, one.ref), owner_of(view, one.ref), with_query(card_path(one.ref), known), one)
