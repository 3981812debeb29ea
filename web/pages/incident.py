"""`/oncall/incident`: several alerts at once, what they have in common, whom to call first, and what is still to come."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.live import Firing, LiveFacts
from catalog.view import View
from web.forms import read_form
from web.oncall.incident import MAX_REFS, Incident, incident_path, picture_live
from web.oncall.live import AT_ONCE
from web.oncall.matched import Matched, group_matched, match_alerts, match_firing
from web.oncall.pasted import MAX_FORM, read_lines
from web.render import Crumb, Page, catalog_of, home_of, render
from web.urls import with_query

_MAX_QUERY = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage(Page):
    """The picture; the alerts that it was made from, by what they are about; those about which nothing was decided; whether
    every tool told what fires.
    """

    incident: Incident
    told: Mapping[str, Sequence[Matched]] = field(default_factory=dict)
    undecided: Sequence[Matched] = ()
    has_tools: bool = False
    is_now: bool = False
    is_whole: bool = True


async def show_incident(request: Request) -> Response:
    """The picture of the entities in the address (`refs`), of a text (`q`), or of what fires in the tools (`now`)."""
    tools: LiveFacts = request.app.state.live
    view, params, matched, firing = catalog_of(request).view, request.query_params, list[Matched](), None
    if "now" in params:
        firing = await tools.firing(None)
        matched = await asyncio.to_thread(match_firing, view, firing.now)
    elif params.get("q"):
        matched = await asyncio.to_thread(_match_pasted, view, params["q"][:_MAX_QUERY])
    return await _show(request, matched, firing)


async def read_incident(request: Request) -> Response:
    """What was pasted: led on to the address of its picture, which can be shared, where everything in it was decided."""
    form = await read_form(request, MAX_FORM)
    matched = await asyncio.to_thread(_match_pasted, catalog_of(request).view, form.get("q", ""))
    refs = list(dict.fromkeys(one.ref for one in matched if one.ref))
    if refs and all(one.ref for one in matched) and len(refs) <= MAX_REFS:
        return RedirectResponse(incident_path(refs), 303)
    return await _show(request, matched)


def _match_pasted(view: View, text: str) -> list[Matched]:
    return match_alerts(view, read_lines(text))


async def _show(request: Request, matched: Sequence[Matched], firing: Firing | None = None) -> Response:
    catalog, tools = catalog_of(request), request.app.state.live
    given = [ref.strip().lower() for text in request.query_params.getlist("refs") for ref in text.split(",")]
    refs = list(dict.fromkeys([*filter(None, given), *(one.ref for one in matched if one.ref)]))
    address = home_of(request) + incident_path(refs[:MAX_REFS])
    incident = await picture_live(catalog, tools, refs, address, AT_ONCE, firing)
    page = IncidentPage(
        title=f"Incident: {len(incident.failing)} failing" if incident.failing else "Incident picture",
        summary="What several alerts have in common, whom to call, and what is still to come.",
        section="oncall",
        twin=with_query("/api/oncall/incident", {"refs": ",".join(refs[:MAX_REFS])}) if refs else "",
        crumbs=[Crumb("On call", "/oncall"), Crumb("Incident")],
        incident=incident,
        told=group_matched(matched),
        undecided=[one for one in matched if not one.ref],
        has_tools=bool(tools.standings()),
        is_now="now" in request.query_params,
        is_whole=firing is None or firing.is_whole,
    )
    return render(request, "pages/incident.html", page)
