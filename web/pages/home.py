"""`/`: what there is, what is broken, and how fresh it is."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from catalog.problems import Problem
from web.names import KINDS, PLURALS
from web.render import Page, catalog_of, render
from web.urls import with_query

_SHOWN_PROBLEMS = 5
_SHOWN_REVISIONS = 6


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many entities of a kind there are."""

    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source, when it was last read whole, and why the last crawl failed if it did."""

    name: str
    crawled_at: datetime | None
    failure: str
    entities: int


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A numbered change of the catalog."""

    number: int
    time: datetime
    source: str
    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Home(Page):
    """The whole catalog at a glance."""

    total: int
    kinds: list[KindCount]
    problems: list[Problem]
    problem_count: int
    file_count: int
    sources: list[SourceLine]
    changes: list[ChangeLine]


def show_home(request: Request) -> Response:
    """The start page."""
    catalog = catalog_of(request)
    counts = dict(catalog.view.count("kind"))
    names = [*KINDS, *sorted(set(counts) - set(KINDS))]
    problems = sorted(catalog.problems, key=lambda problem: problem.severity != "error")
    page = Home(
        title="Overview",
        section="home",
        twin="/api/catalog/entity-facets?facet=kind",
        total=len(catalog.view),
        kinds=[
            KindCount(PLURALS.get(kind, kind), counts[kind], with_query("/catalog", {"kind": kind.lower()}))
            for kind in names
            if kind in counts
        ],
        problems=problems[:_SHOWN_PROBLEMS],
        problem_count=len(problems),
        file_count=len({problem.origin.file for problem in problems}),
        sources=[SourceLine(s.name, s.crawled_at, s.failure, s.entities) for s in catalog.sources()],
        changes=[
            ChangeLine(r.number, r.time, r.source, r.added, r.changed, r.removed)
            for r in catalog.revisions(_SHOWN_REVISIONS)
        ],
    )
    return render(request, "pages/home.html", page)
