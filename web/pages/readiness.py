"""`/oncall/readiness`: what runs in production and is not ready for the night, by team."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from catalog.readiness import CHECKS, NOBODY, Readiness, TeamReadiness, find_readiness
from catalog.view import View
from web.names import Item, describe
from web.render import Crumb, Page, catalog_of, render
from web.urls import card_path, with_query

_SHOWN_TEAMS, _SHOWN_DONE, _SHOWN_GAPS, _SHOWN_WHOLE = 30, 60, 8, 200


@dataclass(frozen=True, slots=True)
class Line:
    """One entity with what it lacks."""

    item: Item
    href: str
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class TeamLine:
    """One team: what it runs in production, how much of that is ready, and what is not."""

    item: Item | None
    total: int
    ready: int
    lines: list[Line]
    more: int
    href: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many lack one thing, with where only those are shown."""

    label: str
    count: int
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessPage(Page):
    """The whole, the counts by what is missing, the teams that lack something, and those that are `done`."""

    total: int
    ready: int
    counts: list[Count]
    teams: list[TeamLine]
    more_teams: int
    done: list[TeamLine]
    more_done: int
    team: Item | None
    is_filtered: bool


async def show_readiness(request: Request) -> Response:
    """By team, the least ready first; `missing` shows what lacks one thing, `team` one team, all of it."""
    catalog = catalog_of(request)
    missing, team = request.query_params.get("missing", ""), request.query_params.get("team", "").lower()
    missing = missing if missing in CHECKS else ""
    found = await asyncio.to_thread(find_readiness, catalog.view)
    page = await asyncio.to_thread(_make_page, request, found, missing, team)
    return render(request, "pages/readiness.html", page)


def _make_page(request: Request, found: Readiness, missing: str, team: str) -> ReadinessPage:
    view, asked = catalog_of(request).view, {"missing": missing, "team": team}
    chosen = [one for one in found.teams if not team or one.owner == (team if team != NOBODY else "")]
    lacking = [one for one in chosen if any(not missing or missing in gap.missing for gap in one.gaps)]
    done = [] if missing else [one for one in chosen if not one.gaps]
    counts = [
        Count(label, found.counts[name], with_query("/oncall/readiness", asked, missing="" if name == missing else name),
              name == missing)
        for name, label in CHECKS.items()
    ]  # fmt: skip
    return ReadinessPage(
        title="Readiness",
        summary="Production services without a pager, a runbook, a reachable owner or an alert, by team.",
        section="oncall",
        twin=with_query("/api/oncall/readiness", asked),
        crumbs=[Crumb("On call", "/oncall"), Crumb("Readiness")],
        total=found.total,
        ready=found.ready,
        counts=counts,
        teams=[_team_line(view, one, asked) for one in lacking[:_SHOWN_TEAMS]],
        more_teams=max(0, len(lacking) - _SHOWN_TEAMS),
        done=[_team_line(view, one, asked) for one in done[:_SHOWN_DONE]],
        more_done=max(0, len(done) - _SHOWN_DONE),
        team=describe(view, team) if team and team != NOBODY else None,
        is_filtered=bool(missing or team),
    )


def _team_line(view: View, team: TeamReadiness, asked: dict[str, str]) -> TeamLine:
    missing = asked["missing"]
    gaps = [gap for gap in team.gaps if not missing or missing in gap.missing]
    shown = _SHOWN_WHOLE if asked["team"] else _SHOWN_GAPS
    lines = [_line(view, gap.ref, gap.missing) for gap in gaps[:shown]]
    item = describe(view, team.owner) if team.owner else None
    href = with_query("/oncall/readiness", asked, team=team.owner or NOBODY)
    return TeamLine(item, team.total, team.ready, lines, len(gaps) - len(lines), href)


def _line(view: View, ref: str, missing: Sequence[str]) -> Line:
    return Line(describe(view, ref), card_path(ref), [CHECKS[name] for name in missing])
