"""`/sources/{name}`: one source: what it does, how its crawls went, its broken files, and what a crawl would change."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.crawler import Crawler
from catalog.errors import CatalogError
from catalog.leftovers import forget
from catalog.locations import is_generated
from catalog.problems import Tally
from catalog.runs import Run
from catalog.view import View
from web.access import Access
from web.forms import read_form
from web.names import Item, describe
from web.render import Crumb, Page, catalog_of, format_age, render, render_error
from web.standing import Standing, find_standing, format_seconds, format_wait, source_json, source_path, to_time

_FILES = 20
_REFS = 2_000
_FAULTS = 20
_REFRESH_SECONDS = 2
_WAIT_SECONDS = 1.0
_ACTIONS = ("crawl", "plan", "accept")
_FORGET = "forget"


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """What a crawl would do to some entities: how many, the first that are not generated, and how many of them are."""

    heading: str
    count: int
    items: list[Item]
    generated: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a crawl would change, as found at `at`; `id` tells it from an earlier one."""

    id: str
    at: str
    parts: list[PlannedPart]
    unchanged: int
    failure: str
    held: bool


@dataclass(frozen=True, slots=True)
class RunLine:
    """One crawl that was."""

    run: Run
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage(Page):
    """Everything known about one source."""

    source: Standing
    action: str
    next_run: str
    resets: str
    runs: list[RunLine]
    faults: list[tuple[str, int]]
    files: list[Tally]
    plan: Plan | None
    can_write: bool
    can_forget: bool


def show_source(request: Request) -> Response:
    """The page."""
    crawler: Crawler = request.app.state.crawler
    access: Access = request.app.state.access
    try:
        source = find_standing(crawler, request.path_params["name"])
    except CatalogError as error:
        return render_error(request, 404, title="No such source", message=error.message + ".", hint="", near=[])
    runs = crawler.catalog.runs(source.name)
    page = SourcePage(
        title=source.label,
        section="sources",
        crumbs=[Crumb("Sources", "/sources"), Crumb(source.label)],
        twin=source_json(source.name),
        source=source,
        action=source_path(source.name),
        next_run=format_wait(source.next_at) if source.next_at is not None else "",
        resets=format_wait(source.resets_at) if source.resets_at is not None else "",
        runs=[RunLine(run, format_seconds(run.seconds)) for run in runs],
        faults=sorted(_faults(source).items(), key=lambda one: -one[1])[:_FAULTS],
        files=sorted(source.tallies, key=lambda one: (-one.errors, -one.warnings, one.file))[:_FILES],
        plan=_plan(request, source),
        can_write=source.is_ours and access.takes_writes,
        can_forget=source.is_left and access.takes_writes,
        refresh=_REFRESH_SECONDS if source.is_busy else 0,
    )
    return render(request, "pages/source.html", page)


async def change_source(request: Request) -> Response:
    """Crawl, plan, or accept what a held crawl would remove; and back to the page, which shows how it goes.

    What is not read here can be forgotten.
    """
    crawler: Crawler = request.app.state.crawler
    name: str = request.path_params["name"]
    try:
        form = await read_form(request)
        source = await asyncio.to_thread(find_standing, crawler, name)
        if form.get("do") == _FORGET:
            await asyncio.to_thread(forget, crawler, name)
            return RedirectResponse("/sources", 303)
        if form.get("do") not in _ACTIONS or not source.is_ours:
            raise CatalogError("invalid", "This source cannot be asked for that here")
    except CatalogError as error:
        status = 404 if error.code == "not_found" else 400
        return render_error(request, status, title="Not possible", message=error.message + ".", hint="", near=[])
    thread = crawler.start(name, confirmed=_accepted(source, form), dry_run=form["do"] == "plan")
    if thread is not None:  # most are done before the browser asks again
        await asyncio.to_thread(thread.join, _WAIT_SECONDS)
    return RedirectResponse(source_path(name) + ("#plan" if form["do"] == "plan" else ""), 303)


def _accepted(source: Standing, form: dict[str, str]) -> list[str]:
    """The refs that may go: those of the list that was shown, and none where another crawl has made that an old one."""
    plan = source.job.plan
    was_shown = form.get("plan") == _plan_id(source)
    return plan.removed if form["do"] == "accept" and plan is not None and plan.held and was_shown else []


def _plan_id(source: Standing) -> str:
    return repr(source.job.planned_at)


def _faults(source: Standing) -> dict[str, int]:
    return source.usage.faults if source.usage is not None else {}


def _part(heading: str, refs: list[str], view: View) -> PlannedPart:
    named = sorted(ref for ref in refs if not is_generated(ref))
    return PlannedPart(heading, len(refs), [describe(view, ref) for ref in named[:_REFS]], len(refs) - len(named))


def _plan(request: Request, source: Standing) -> Plan | None:
    report, at = source.job.plan, source.job.planned_at
    if report is None or at is None:
        return None
    view = catalog_of(request).view
    named = (
        ("Would be removed", report.removed),
        ("Would be added", report.added),
        ("Would be changed", report.changed),
    )
    return Plan(
        id=_plan_id(source),
        at=format_age(to_time(at)),
        parts=[_part(heading, refs, view) for heading, refs in named if refs],
        unchanged=report.unchanged,
        failure=report.failure,
        held=report.held,
    )
