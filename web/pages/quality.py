"""`/quality`: what the catalog lacks, ranked, by check and by team, each leading to the file to edit."""

from dataclasses import dataclass
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response

from catalog.checks import Check
from catalog.quality import Score
from catalog.view import View
from web.names import Item, describe
from web.quality import (
    FORMATS,
    NO_OWNER,
    CheckLine,
    Gap,
    TeamScore,
    count_missing,
    find_among,
    find_quality,
    list_checks,
    list_gaps,
    list_scores,
    parse_asked,
)
from web.render import Crumb, Page, catalog_of, render
from web.urls import read_number, with_query

_LIMIT, _OPTIONS, _TEAMS = 50, 300, 100


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A check in the table, and where to see what fails it."""

    line: CheckLine
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team in the table, and where to see what of it fails."""

    team: TeamScore
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """The failures of one check on this page."""

    check: Check
    gaps: list[Gap]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPage(Page):
    """One page of gaps, or the teams where `by_team`."""

    score: Score
    check: Check | None
    team: Item | None
    nobody: bool
    lines: list[Line]
    choices: list[Choice]
    groups: list[Group]
    by_team: bool
    teams: list[TeamRow]
    checks_href: str
    missing: list[tuple[Item, int]]
    downloads: list[tuple[str, str]]
    filtered: bool
    total: int
    first: int
    last: int
    previous: str
    next: str


def show_quality(request: Request) -> Response:
    """The gaps."""
    catalog, params = catalog_of(request), request.query_params
    by_team, offset = params.get("by") == "team", read_number(params.get("offset", ""))
    quality, asked = find_quality(catalog), parse_asked({} if by_team else params)
    view, among = quality.view, find_among(quality, asked)
    lines, scores = list_checks(quality, among), list_scores(catalog)
    kept = {"team": asked.team, "check": asked.check}
    total = len(scores) if by_team else sum(one.failed for one in lines if asked.check in ("", one.check.id))
    size = _TEAMS if by_team else _LIMIT
    gaps = [] if by_team else list(list_gaps(quality, asked, offset, _LIMIT))
    rows = (
        [TeamRow(one, with_query("/quality", {"team": one.ref})) for one in scores[offset : offset + size]]
        if by_team
        else []
    )
    by = {"by": "team"} if by_team else {}
    page = QualityPage(
        title="Quality",
        section="quality",
        summary="What the catalog lacks, ranked by how much it matters, with the file that mends it.",
        crumbs=[Crumb("Quality")],
        twin=with_query("/api/quality", kept, offset=str(offset or "")),
        score=quality.score(view.live if among is None else among),
        check=next((one.check for one in lines if one.check.id == asked.check), None),
        team=describe(view, asked.team) if asked.team and asked.team != NO_OWNER else None,
        nobody=asked.team == NO_OWNER,
        lines=[_line(one, asked.check, kept) for one in lines],
        choices=_choices(view, scores, asked.team),
        groups=[Group(check, list(found)) for check, found in groupby(gaps, key=lambda one: one.check)],
        by_team=by_team,
        teams=rows,
        checks_href=with_query("/quality", kept),
        missing=[] if by_team or offset else count_missing(quality, asked),
        downloads=[
            ("text" if form == "text" else form.upper(), with_query("/api/quality/export", kept, format=form))
            for form in FORMATS
        ],
        filtered=bool(asked.check or asked.team),
        total=total,
        first=offset + 1 if gaps or rows else 0,
        last=offset + len(gaps) + len(rows),
        previous=with_query("/quality", kept | by, offset=str(max(0, offset - size) or "")) if offset else "",
        next=with_query("/quality", kept | by, offset=str(offset + size)) if offset + size < total else "",
    )
    return render(request, "pages/quality.html", page)


def _line(one: CheckLine, chosen: str, kept: dict[str, str]) -> Line:
    is_chosen = one.check.id == chosen
    return Line(one, with_query("/quality", kept, check="" if is_chosen else one.check.id), is_chosen)


def _choices(view: View, scores: list[TeamScore], team: str) -> list[Choice]:
    """The teams with the most failures; of very many only these."""
    most = sorted(scores, key=lambda one: (one.ref != team, -one.score.failures))[:_OPTIONS]
    found = [Choice(one.ref, one.item.label if one.item else "No owner", one.ref == team) for one in most]
    if team and team not in {one.value for one in found}:
        found.append(Choice(team, "No owner" if team == NO_OWNER else describe(view, team).label, True))
    return sorted(found, key=lambda one: one.label.lower())
