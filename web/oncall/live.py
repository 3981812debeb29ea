"""The panels of the tools beside a card: what they know is told at once, what takes longer is waited for elsewhere."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.alerts import Alert, merge_alerts
from catalog.live import Firing, LiveFacts, Panel
from web.oncall.card import Card, Neighbour

AT_ONCE: Final = 0.12
"""How long a page waits for the tools before it is sent without them, in seconds."""
WHOLE: Final = 0.8
"""How long whoever asks for the whole waits, in seconds."""

ALERTING: Final = ("prometheus", "alertmanager", "grafana", "opsgenie")
"""The tools that tell of alerts; that a pager is quiet says nothing about these."""

_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Live:
    """What the tools say about a card's entity, and how many alerts of what it needs fire, by ref; `needs` has those first.

    `is_asking`: an answer is still waited for. `is_whole`: every tool answered, so that no mark means no alert.
    """

    panels: Sequence[Panel]
    firing: Mapping[str, int]
    needs: Sequence[Neighbour]
    is_asking: bool
    is_whole: bool

    @property
    def alerts(self) -> list[Alert]:
        """The alerts of all panels that are not quiet, worst first; what several tools tell of is there once."""
        told = (one for panel in self.panels for one in panel.facts.alerts if one.state not in ("inactive", "unknown"))
        return list(merge_alerts(told).all)

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
    firing = _count_firing(found, card.needs)
    needs = sorted(card.needs, key=lambda one: one.item.ref not in firing)[:_SHOWN]
    return Live(panels, firing, needs, is_asking, bool(found.panels) and found.is_whole)


def _count_firing(found: Firing, neighbours: Iterable[Neighbour]) -> dict[str, int]:
    """By ref, how many of the alerts that a neighbour declares fire now."""
    told = {one.item.ref: found.alerts.of(one.declared) for one in neighbours}
    counts = {ref: sum(alert.state == "firing" for alert in alerts) for ref, alerts in told.items()}
    return {ref: count for ref, count in counts.items() if count}
