"""`/`: what there is, what is broken, and how fresh it is."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from catalog.crawler import Crawler
from catalog.kinds import RULES
from catalog.problems import Problem
from catalog.store import Revision
from catalog.view import View
from web.mine import Mine, find_mine
from web.names import KINDS, PLURALS, Item, describe
from web.render import Page, catalog_of, read_viewer, render
from web.standing import Standing, list_standings
from web.urls import with_query

_SHOWN_PROBLEMS = 3
_SHOWN_RULES = 6
_SHOWN_SOURCES = 6
_SHOWN_REVISIONS = 6
_SHOWN_TOUCHED = 5
_MAX_NAMED = 50
_HUBS = 12
_PICK = "/catalog?kind=group&kind=user&pick=1"


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many entities of a kind there are."""

    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that files break, with what it asks, how many break it, and how bad that is."""

    rule: str
    meaning: str
    severity: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class TouchedItem:
    """An entity that a revision touched, and how: `added`, `changed` or `removed`."""

    item: Item
    how: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A numbered change of the catalog."""

    number: int
    time: datetime
    source: str
    added: int
    changed: int
    removed: int
    touched: list[TouchedItem]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Home(Page):
    """The whole catalog at a glance, and what is `mine`; `pick` is where to say who one is, `example` something to ask about.

    Few problems are shown whole, many by the rule that they break, in `breaches`.
    """

    total: int
    kinds: list[KindCount]
    problems: list[Problem]
    breaches: list[Breach]
    breach_count: int
    problem_count: int
    file_count: int
    mine: Mine | None
    pick: str
    example: Item | None
    sources: list[Standing]
    source_count: int
    changes: list[ChangeLine]


def show_home(request: Request) -> Response:
    """The start page."""
    catalog = catalog_of(request)
    crawler: Crawler = request.app.state.crawler
    sources = list_standings(crawler)
    counts = dict(catalog.view.count("kind"))
    names = [*KINDS, *sorted(set(counts) - set(KINDS))]
    problems = sorted(catalog.problems, key=lambda problem: problem.severity != "error")
    breaches = _count_breaches(problems)
    page = Home(
        title="Overview",
        section="home",
        twin="/api/catalog/entity-facets?facet=kind",
        total=len(catalog.view),
        kinds=[_count_kind(kind, counts[kind]) for kind in names if kind in counts],
        problems=problems if len(problems) <= _SHOWN_PROBLEMS else [],
        breaches=breaches[:_SHOWN_RULES],
        breach_count=len(breaches),
        problem_count=len(problems),
        file_count=len({problem.origin.file for problem in problems}),
        mine=find_mine(catalog, viewer) if (viewer := read_viewer(request)) else None,
        pick=_PICK,
        example=_find_example(catalog.view),
        sources=sources[:_SHOWN_SOURCES],
        source_count=len(sources),
        changes=[_change(catalog.view, revision) for revision in catalog.revisions(_SHOWN_REVISIONS)],
    )
    return render(request, "pages/home.html", page)


def _count_kind(kind: str, count: int) -> KindCount:
    label = PLURALS.get(kind, kind) if count > 1 else kind
    return KindCount(label, count, with_query("/catalog", {"kind": kind.lower()}))


def _find_example(view: View) -> Item | None:
    """What most depends on, a component if one is among the first: something that whoever asks has heard of."""
    from catalog.graph.blast import most_needed

    hubs = [describe(view, ref) for ref, _ in most_needed(view.edges, _HUBS)]
    return next((one for one in sorted(hubs, key=lambda hub: hub.kind != "Component") if one.exists), None)


def _count_breaches(problems: Iterable[Problem]) -> list[Breach]:
    """Errors first, then what most files break."""
    counts = Counter((problem.rule, problem.severity) for problem in problems)
    return [
        Breach(
            rule, RULES.get(rule, ""), severity, count, with_query("/problems", {"rule": rule, "severity": severity})
        )
        for (rule, severity), count in sorted(counts.items(), key=lambda one: (one[0][1] != "error", -one[1], one[0]))
    ]


def _change(view: View, revision: Revision) -> ChangeLine:
    """A revision with the first entities of it; of a very large one, such as the first load, none are worth naming."""
    count = revision.added + revision.changed + revision.removed
    named = revision.touched[:_SHOWN_TOUCHED] if count <= _MAX_NAMED else ()
    return ChangeLine(
        number=revision.number,
        time=revision.time,
        source=revision.source,
        added=revision.added,
        changed=revision.changed,
        removed=revision.removed,
        touched=[TouchedItem(describe(view, one.ref), one.how) for one in named],
        more=count - len(named) if named else 0,
    )
