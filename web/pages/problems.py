"""`/problems`: everything wrong in the catalog files, by file or by owning team, with the place, the rule and what to do."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response

from catalog.kinds import RULES
from catalog.problems import Problem
from catalog.view import View
from web.findings import NO_OWNER, Filter, Finding, count_rules, count_teams, find_all, parse_filter
from web.names import Item, describe
from web.render import Crumb, Page, catalog_of, render
from web.urls import read_number, with_query

_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter, and how many problems would be left with it."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Select:
    """One filter."""

    name: str
    label: str
    choices: list[Choice]
    chosen: bool


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file with its problems, by line; `href` is its page."""

    file: str
    href: str
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team with what is wrong in its files; no `team` for what nobody owns."""

    team: Item | None
    errors: int
    warnings: int
    files: int
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems(Page):
    """One page of problems: files, or teams where `by_team`."""

    total: int
    shown: int
    all_files: int
    errors: int
    filters: list[Select]
    filtered: bool
    rule: str
    meaning: str
    by_team: bool
    file_view: str
    team_view: str
    files: list[BrokenFile]
    teams: list[TeamLine]
    entities: int
    previous: str
    next: str


def show_problems(request: Request) -> Response:
    """The list."""
    catalog = catalog_of(request)
    view, params = catalog.view, request.query_params
    asked = parse_filter(params)
    offset = read_number(params.get("offset", ""))
    by_team = params.get("by") == "team"
    found = find_all(catalog)
    wanted = [one for one in found if asked.accepts(one)]
    kept = {"rule": asked.rule, "severity": asked.severity, "team": asked.team, "file": asked.file}
    part = [] if by_team else wanted[offset : offset + _LIMIT]
    page = Problems(
        title="Problems",
        section="problems",
        crumbs=[Crumb("Problems")],
        twin=with_query("/api/problems", kept),
        total=len(wanted),
        shown=len(part),
        all_files=len({one.problem.origin.file for one in wanted}),
        errors=sum(one.problem.severity == "error" for one in wanted),
        filters=_filters(view, found, asked),
        filtered=any(kept.values()),
        rule=asked.rule,
        meaning=RULES.get(asked.rule, ""),
        by_team=by_team,
        file_view=with_query("/problems", kept),
        team_view=with_query("/problems", kept, by="team"),
        files=_files(part),
        teams=_teams(view, wanted, kept) if by_team else [],
        entities=len(view),
        previous=with_query("/problems", kept, offset=str(max(0, offset - _LIMIT) or "")) if part and offset else "",
        next=with_query("/problems", kept, offset=str(offset + _LIMIT))
        if part and offset + _LIMIT < len(wanted)
        else "",
    )
    return render(request, "pages/problems.html", page)


def _filters(view: View, found: list[Finding], asked: Filter) -> list[Select]:
    """Each counted under the others, so that a number is what a choice would leave."""
    rules = count_rules(one for one in found if asked.accepts(one, but="rule"))
    severities = Counter(str(one.problem.severity) for one in found if asked.accepts(one, but="severity"))
    teams = count_teams(one for one in found if asked.accepts(one, but="team"))
    names = {
        team: "No owner" if team == NO_OWNER else describe(view, team).label for team in {*teams, asked.team} - {""}
    }
    made = [
        _select("team", "Team", teams, asked.team, names),
        _select("rule", "Rule", rules, asked.rule, {}),
        _select("severity", "Severity", severities, asked.severity, {}),
    ]
    return [one for one in made if one.choices]


def _select(name: str, label: str, counts: Counter[str], chosen: str, names: Mapping[str, str]) -> Select:
    values = {*counts, chosen} - {""}
    choices = [Choice(value, names.get(value, value), counts[value], value == chosen) for value in values]
    return Select(name, label, sorted(choices, key=lambda one: one.label.lower()), bool(chosen))


def _files(findings: Iterable[Finding]) -> list[BrokenFile]:
    problems = (one.problem for one in findings)
    return [
        BrokenFile(file, with_query("/problems/file", {"path": file}), list(found))
        for file, found in groupby(problems, lambda problem: problem.origin.file)
    ]


def _teams(view: View, findings: list[Finding], kept: Mapping[str, str]) -> list[TeamLine]:
    """The teams with the most errors first, what nobody owns at the end."""
    by_team: dict[str, list[Problem]] = {}
    for one in findings:
        by_team.setdefault(one.team, []).append(one.problem)
    lines = []
    for team, problems in by_team.items():
        errors = sum(problem.severity == "error" for problem in problems)
        files = len({problem.origin.file for problem in problems})
        href = with_query("/problems", kept, team=team or NO_OWNER)
        item = describe(view, team) if team else None
        lines.append(TeamLine(item, errors, len(problems) - errors, files, href))
    return sorted(
        lines, key=lambda one: (one.team is None, -one.errors, -one.warnings, one.team.label if one.team else "")
    )
