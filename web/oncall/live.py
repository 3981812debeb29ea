"""The panels of the tools beside a card: what they know is told at once, what takes longer is waited for elsewhere."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import inf
from typing import Final

from catalog.alerts import Alert, merge_alerts
from catalog.live import Firing, LiveFacts, OnCall, Panel
from web.oncall.card import Card, Neighbour

AT_ONCE: Final = 0.12
"""How long a page waits for the tools before it is sent without them, in seconds."""
WHOLE: Final = 0.8
"""How long whoever asks for the whole waits, in seconds."""

ALERTING: Final = ("prometheus", "alertmanager", "grafana", "opsgenie")
"""The tools that tell of alerts; that a pager is quiet says nothing about these."""
PAGING: Final = ("pagerduty", "opsgenie")
"""The tools that tell who is on call."""

_SHOWN: Final = 12


@dataclass(frozen=True)
class Live:
    """What the tools say about a card's entity, and how many alerts of what it needs fire, by ref; `needs` has those first.

    `is_asking`: an answer is still waited for. `is_whole`: every tool answered, so that no mark means no alert.
    """

    panels: Sequence[Panel]
    marks: Mapping[str, int]
    needs: Sequence[Neighbour]
    is_asking: bool
    is_whole: bool

    @cached_property
    def alerts(self) -> list[Alert]:
        """The alerts of all panels that are not quiet, worst first; what several tools tell of is there once."""
        told = (one for panel in self.panels for one in panel.facts.alerts if one.state not in ("inactive", "unknown"))
        return list(merge_alerts(told).all)

    @property
    def grouped(self) -> list[tuple[Alert, int]]:
        """The first of those of one name and state, and how many there are: in a storm, one for each pod."""
        groups: dict[tuple[str, str], list[Alert]] = {}
        for one in self.alerts:
            groups.setdefault((one.name, one.state), []).append(one)
        return [(min(some, key=_began), len(some)) for some in groups.values()]

    @property
    def loud(self) -> list[Alert]:
        """Those of them for which somebody is called."""
        return [one for one in self.alerts if one.state == "firing"]

    @property
    def loud_since(self) -> datetime | None:
        """Since when the first of these fires."""
        return min((one.since for one in self.loud if one.since), default=None)

    @property
    def first_called(self) -> Sequence[OnCall]:
        """Who is called first now."""
        return list_first_called(self.panels)

    @property
    def down(self) -> Sequence[str]:
        """The tools that do not answer."""
        return list(dict.fromkeys(one.tool_name for one in self.panels if one.state == "unavailable"))

    @property
    def told_at(self) -> datetime | None:
        """When the tools that do not answer told what is shown of them, the oldest of it."""
        return min((one.asked_at for one in self.panels if one.state == "unavailable" and one.asked_at), default=None)

    @property
    def detailed(self) -> Sequence[Panel]:
        """The panels that say more than which alerts there are."""
        return [one for one in self.panels if one.state in ("asking", "unavailable") or _says_more(one)]

    @property
    def brief(self) -> Sequence[Panel]:
        """The others."""
        detailed = self.detailed
        return [one for one in self.panels if one not in detailed]

    @property
    def has_pager(self) -> bool:
        """Whether somebody is asked who is on call."""
        return any(panel.tool in PAGING for panel in self.panels)

    @property
    def tells_alerts(self) -> bool:
        """Whether somebody is asked about alerts."""
        return any(panel.tool in ALERTING for panel in self.panels)

    @property
    def is_quiet(self) -> bool:
        """Whether every tool that knows of alerts has answered, and none of the entity's fires."""
        telling = [panel for panel in self.panels if panel.tool in ALERTING]
        return bool(telling) and not self.alerts and all(panel.state in ("fresh", "cached") for panel in telling)


async def ask_live(tools: LiveFacts, card: Card, seconds: float) -> Live:
    """The panels of a card's entity and the marks of its neighbours, within so many seconds."""
    panels, found = await asyncio.gather(tools.ask(card.annotations, seconds), tools.firing(seconds))
    has_marks = any(one.declared for one in card.needs)
    awaited = [*panels, *(found.panels if has_marks else ())]
    is_asking = any(panel.state == "asking" for panel in awaited)
    marks = _count_firing(found, card.needs)
    needs = sorted(card.needs, key=lambda one: one.item.ref not in marks)[:_SHOWN]
    return Live(panels, marks, needs, is_asking, bool(found.panels) and found.is_whole)


def _began(alert: Alert) -> float:
    return alert.since.timestamp() if alert.since else inf


def list_first_called(panels: Iterable[Panel]) -> Sequence[OnCall]:
    """Who is called first now: each once, whom several tools or services name."""
    found: dict[str, OnCall] = {}
    for person in (one for panel in panels for one in panel.facts.on_call if one.level == 1):
        found.setdefault((person.email or person.name).casefold(), person)
    return tuple(found.values())


def _says_more(panel: Panel) -> bool:
    facts = panel.facts
    told = (facts.services, facts.on_call, facts.incidents, facts.changes, facts.dashboards, facts.readings)
    return any((*told, facts.unknown, facts.notes))


def _count_firing(found: Firing, neighbours: Iterable[Neighbour]) -> dict[str, int]:
    """By ref, how many of the alerts that a neighbour declares fire now."""
    told = {one.item.ref: found.alerts.of(one.declared) for one in neighbours}
    counts = {ref: sum(alert.state == "firing" for alert in alerts) for ref, alerts in told.items()}
    return {ref: count for ref, count in counts.items() if count}
