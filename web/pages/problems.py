"""`/problems`: everything wrong in the catalog files, by file, with the place, the rule and what to do."""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response

from catalog.kinds import RULES
from catalog.problems import Problem
from web.render import Crumb, Page, catalog_of, render
from web.urls import with_query

_LIMIT = 100


@dataclass(frozen=True, slots=True)
class RuleCount:
    """A rule, what it says, and how many problems break it."""

    rule: str
    meaning: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file with its problems, by line."""

    file: str
    problems: list[Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems(Page):
    """One page of problems."""

    total: int
    shown: int
    all_files: int
    errors: int
    rules: list[RuleCount]
    rule: str
    files: list[BrokenFile]
    entities: int
    previous: str
    next: str


def show_problems(request: Request) -> Response:
    """The list."""
    catalog = catalog_of(request)
    rule = request.query_params.get("rule", "")
    given = request.query_params.get("offset", "")
    offset = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    counts = Counter(problem.rule for problem in catalog.problems)
    wanted = [problem for problem in catalog.problems if rule in ("", problem.rule)]
    wanted.sort(key=lambda problem: (problem.origin.file, problem.origin.line, problem.origin.column))
    part = wanted[offset : offset + _LIMIT]
    asked = {"rule": rule}
    page = Problems(
        title="Problems",
        section="problems",
        crumbs=[Crumb("Problems")],
        total=len(wanted),
        shown=len(part),
        all_files=len({problem.origin.file for problem in wanted}),
        errors=sum(problem.severity == "error" for problem in wanted),
        rules=[RuleCount(name, RULES.get(name, ""), count, name == rule) for name, count in sorted(counts.items())],
        rule=rule,
        files=[BrokenFile(file, list(found)) for file, found in groupby(part, lambda problem: problem.origin.file)],
        entities=len(catalog.view),
        previous=with_query("/problems", asked, offset=str(max(0, offset - _LIMIT) or "")) if offset else "",
        next=with_query("/problems", asked, offset=str(offset + _LIMIT)) if offset + _LIMIT < len(wanted) else "",
    )
    return render(request, "pages/problems.html", page)
