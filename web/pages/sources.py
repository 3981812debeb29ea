"""`/sources`: where the catalog comes from: each source with its state, its last and next crawl, and what went wrong."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from catalog.crawler import Crawler
from web.access import Access
from web.render import Crumb, Page, render
from web.standing import STATES, Standing, State, count_states, format_seconds, format_wait, list_standings
from web.urls import read_number, with_query

_LIMIT = 100
_REFRESH_SECONDS = 3


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many sources are in a state, and where only those are listed."""

    state: State
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One source. The texts are empty where there is nothing to say."""

    source: Standing
    took: str
    next: str
    resets: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources(Page):
    """One page of sources."""

    total: int
    shown: int
    entities: int
    states: list[StateCount]
    lines: list[Line]
    can_write: bool
    previous: str
    next: str


def show_sources(request: Request) -> Response:
    """The list."""
    crawler: Crawler = request.app.state.crawler
    access: Access = request.app.state.access
    asked = request.query_params.get("state", "")
    state = asked if asked in STATES else ""
    offset = read_number(request.query_params.get("offset", ""))
    standings = list_standings(crawler)
    wanted = [one for one in standings if state in ("", one.state)]
    part = wanted[offset : offset + _LIMIT]
    kept = {"state": state}
    page = Sources(
        title="Sources",
        section="sources",
        crumbs=[Crumb("Sources")],
        twin="/api/sources",
        total=len(wanted),
        shown=len(part),
        entities=sum(one.entities for one in standings),
        states=[
            StateCount(
                name, count, "/sources" if name == state else with_query("/sources", {"state": name}), name == state
            )
            for name, count in count_states(standings)
        ],
        lines=[_line(one) for one in part],
        can_write=access.takes_writes,
        refresh=_REFRESH_SECONDS if any(one.is_busy for one in part) else 0,
        previous=with_query("/sources", kept, offset=str(max(0, offset - _LIMIT) or "")) if offset else "",
        next=with_query("/sources", kept, offset=str(offset + _LIMIT)) if offset + _LIMIT < len(wanted) else "",
    )
    return render(request, "pages/sources.html", page)


def _line(source: Standing) -> Line:
    return Line(
        source,
        took=format_seconds(source.run.seconds) if source.run is not None else "",
        next=format_wait(source.next_at) if source.next_at is not None else "",
        resets=format_wait(source.resets_at) if source.resets_at is not None else "",
    )
