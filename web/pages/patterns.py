"""`/patterns`: every macro of the templates in every state, for whoever changes how pages look."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from catalog.documents import Usage
from catalog.jobs import Job
from catalog.problems import Origin, Problem, Severity
from web.names import KINDS, Item
from web.render import Crumb, Page, render
from web.standing import STATES, State

_FILE = "https://git.example.com/shop/payments/blob/main/catalog-info.yaml"
_HINT = 'Quote the name: `name: "1.0"`, or give another.'


@dataclass(frozen=True, slots=True)
class Link:
    """Something linked, or not where its address could do harm."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Around:
    """Where a pager leads; empty: nowhere."""

    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A source that is being read; `usage` says how much of it, if that can be told."""

    job: Job
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a file."""

    number: int
    text: str
    wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns(Page):
    """One value for each state that a macro can be in."""

    kinds: tuple[str, ...]
    states: tuple[State, ...]
    items: list[Item]
    times: list[datetime | None]
    links: list[Link]
    problems: list[Problem]
    origins: list[Origin]
    pagers: list[tuple[Around, str]]
    readings: list[Reading]
    lines: list[TextLine]


def show_patterns(request: Request) -> Response:
    """The list."""
    now = datetime.now(UTC)
    page = Patterns(
        title="Patterns",
        summary="Every part that pages are put together from, in every state.",
        crumbs=[Crumb("API", "/docs"), Crumb("Patterns")],
        kinds=KINDS,
        states=STATES,
        items=_items(),
        times=[now, now - timedelta(minutes=5), now - timedelta(days=1_200), None],
        links=[Link("Runbook", "https://runbooks.example.com/payments"), Link("Not a web address", "")],
        problems=_problems(),
        origins=[Origin(_FILE), Origin(_FILE, 4), Origin(_FILE, 4, 9)],
        pagers=[
            (Around("", "/patterns"), "1–25 of 60"),
            (Around("/patterns", "/patterns"), "26–50 of 60"),
            (Around("/patterns", ""), "51–60 of 60"),
        ],
        readings=[
            Reading(Job("folder:shop", files=12, entities=30), None),
            Reading(Job("folder:shop", files=1, entities=1), Usage(total=8, done=3)),
        ],
        lines=[TextLine(3, "metadata:", False), TextLine(4, "  name: 1.0", True), TextLine(5, "spec: {}", False)],
    )
    return render(request, "pages/patterns.html", page)


def _items() -> list[Item]:
    there = Item("component:default/payment-api", "Payment API", "payment-api", "Component", "/catalog", note="service")
    long = "an-entity-with-a-name-as-long-as-names-may-be-63-letters-or-less"
    gone = Item("component:default/gone", "gone", "gone", "Component", "/catalog/default/component/gone", exists=False)
    return [there, Item(f"component:default/{long}", long, long, "Component", "/catalog"), gone]


def _problems() -> list[Problem]:
    long = "`metadata.annotations` holds `" + "example.com/" + "long-" * 30 + "`, which is longer than 63 characters"
    return [
        Problem("bad-format", "`metadata.name` is a number", _HINT, Origin(_FILE, 4, 9)),
        Problem("bad-format", long, "", Origin(_FILE, 4), ref="component:default/gone"),
        Problem("unknown-target", "unknown owner `team-pay`", "did you mean `team-payments`?", Origin(_FILE),
                Severity.WARNING, ref="component:default/gone"),
    ]  # fmt: skip
