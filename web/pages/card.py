"""`/oncall/{namespace}/{kind}/{name}`: the card of one entity, on one screen of a phone."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.live import LiveFacts
from catalog.lookup import MAX_TEXT, Alert, Reason, look_up_alert, read_text
from web.names import find_near, spell_kind
from web.oncall.card import Card, make_card
from web.oncall.live import AT_ONCE, WHOLE, Live, ask_live
from web.oncall.pasted import read_pasted
from web.render import Crumb, Page, catalog_of, render, render_error
from web.urls import card_json_path, card_path, with_query


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage(Page):
    """The card, what the tools say, and why it was found."""

    card: Card
    live: Live
    reasons: list[Reason]
    others: str
    impact_href: str
    live_href: str


async def show_card(request: Request) -> Response:
    """The card; a tool that has not answered at once is shown as being asked, and the page looks again: by script only at
    what was waited for, without script at all of it.
    """
    return await _show(request, "pages/card.html", AT_ONCE)


async def show_live(request: Request) -> Response:
    """Only what the tools say, for a page that is there already."""
    return await _show(request, "parts/live.html", WHOLE)


async def _show(request: Request, template: str, seconds: float) -> Response:
    catalog = catalog_of(request)
    kind, namespace, name = (request.path_params[part] for part in ("kind", "namespace", "name"))
    ref = f"{kind}:{namespace}/{name}".lower()
    asked = request.query_params.get("q", "").strip()[:MAX_TEXT]
    card, reasons = await asyncio.to_thread(_read, catalog, ref, asked)
    if card is None:
        message = f"There is no {spell_kind(kind)} `{name}` in the catalog."
        return render_error(
            request,
            404,
            title=f"No such {spell_kind(kind)}",
            message=message,
            hint="",
            near=find_near(catalog.view, name),
        )
    tools: LiveFacts = request.app.state.live
    live = await ask_live(tools, card, seconds)
    page = CardPage(
        title=f"{card.item.label}, on call",
        summary=f"Owner, pager, runbook and blast radius of {ref}.",
        section="oncall",
        twin=card_json_path(ref),
        crumbs=[Crumb("On call", "/oncall"), Crumb(card.item.label)],
        card=card,
        live=live,
        reasons=reasons,
        others=with_query("/oncall", {"q": asked, "all": "1"}) if asked else "",
        impact_href=with_query("/graph", {"root": ref, "view": "impact"}),
        live_href=f"{card_path(ref)}/live",
    )
    return render(request, template, page)


def _read(catalog: Catalog, ref: str, asked: str) -> tuple[Card | None, list[Reason]]:
    card = make_card(catalog, ref)
    if card is None or not asked:
        return card, []
    alerts = read_pasted(asked)
    found = look_up_alert(catalog.view, alerts[0] if alerts else Alert(asked, clues=tuple(read_text(asked))), 100)
    return card, next((list(one.reasons) for one in found.candidates if one.ref == ref), [])
