"""Every configured instance, asked side by side: which of them an entity means, and a panel for each."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from catalog.alerts import TOOL_NAMES, Alerts, Tool, merge_alerts
from catalog.live import Facts, Firing, Panel, Standing
from ingestors.live import alertmanager, grafana, opsgenie, pagerduty, prometheus
from ingestors.live.asker import Asker
from ingestors.live.instance import Instance
from ingestors.live.round import Round

log = logging.getLogger("callboard")
Ask = Callable[[Round], Awaitable[Facts]]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which entities concern a tool, and which instance of it: the named one, else all, or the first."""

    concerns: tuple[str, ...]
    named_by: str
    takes_all: bool
    ask: Callable[[Mapping[str, str], Round], Awaitable[Facts]]


_CHOICES: Final[Mapping[Tool, _Choice]] = {
    "pagerduty": _Choice(
        ("pagerduty.com/service-id", "pagerduty.com/integration-key"), "pagerduty.com/account", False, pagerduty.ask
    ),
    "prometheus": _Choice(
        ("prometheus.io/alert", "prometheus.io/labels", "prometheus.io/rule"),
        "prometheus.io/service-name",
        True,
        prometheus.ask,
    ),
    "alertmanager": _Choice(("prometheus.io/alert", "prometheus.io/labels"), "", True, alertmanager.ask),
    "grafana": _Choice(
        (
            "grafana/overview-dashboard",
            "grafana/dashboard-selector",
            "grafana/tag-selector",
            "grafana/alert-label-selector",
        ),
        "grafana/host-id",
        False,
        grafana.ask,
    ),
    "opsgenie": _Choice(("opsgenie.com/component-selector", "opsgenie.com/team"), "", True, opsgenie.ask),
}
_ALERTS: Final[Mapping[Tool, Ask]] = {
    "prometheus": prometheus.ask_alerts,
    "alertmanager": alertmanager.ask_alerts,
    "grafana": grafana.ask_alerts,
}


class Board:
    """The live facts of every configured instance; see `catalog.live.LiveFacts`."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self._askers = [Asker(one) for one in instances]
        self._seconds = max((one.seconds for one in instances), default=0.0)
        self._merged: tuple[object, Alerts] = ((), Alerts())  # of what was told when, for whoever asks next

    def standings(self) -> tuple[Standing, ...]:
        """Every configured instance and since when it is down, if it is. Asks nobody."""
        return tuple(asker.standing for asker in self._askers)

    async def ask(self, annotations: Mapping[str, str], seconds: float | None = None) -> list[Panel]:
        """A panel for each instance that an entity's annotations name; never raises."""
        chosen: list[tuple[Asker, Ask]] = []
        strangers: list[Panel] = []
        for tool, choice in _CHOICES.items():
            askers = [asker for asker in self._askers if asker.instance.tool == tool]
            if not askers or not any(annotations.get(name, "").strip() for name in choice.concerns):
                continue
            name = annotations.get(choice.named_by, "").strip()
            named = [asker for asker in askers if asker.instance.name == name]
            if name and not named:
                strangers.append(
                    Panel(name, tool, "unavailable", reason=f"no {TOOL_NAMES[tool]} is configured by that name")
                )
                continue
            taken = named or (askers if choice.takes_all else askers[:1])
            chosen += [(asker, _with(annotations, choice)) for asker in taken]
        return [*await self._make_panels(chosen, seconds), *strangers]

    async def firing(self, seconds: float | None = None) -> Firing:
        """All alerts that there are now, in every Prometheus, Alertmanager and Grafana; never raises."""
        tools = ((asker, _ALERTS.get(asker.instance.tool)) for asker in self._askers)
        panels = await self._make_panels([(asker, ask) for asker, ask in tools if ask], seconds)
        told = [(panel.name, panel.tool, panel.asked_at) for panel in panels]
        if told != self._merged[0]:
            alerts = (alert for panel in panels for alert in panel.facts.alerts)
            self._merged = told, merge_alerts(alert for alert in alerts if alert.state not in ("inactive", "unknown"))
        return Firing(self._merged[1], tuple(panels))

    async def find_incident(self, id: str, seconds: float | None = None) -> list[Panel]:
        """One incident as each PagerDuty knows it; never raises."""
        return await self._ask_pagers(partial(pagerduty.ask_incident, id), seconds)

    async def list_services(self, seconds: float | None = None) -> list[Panel]:
        """Every service that each PagerDuty has; never raises."""
        return await self._ask_pagers(pagerduty.ask_services, seconds)

    async def _ask_pagers(self, ask: Ask, seconds: float | None) -> list[Panel]:
        askers = [asker for asker in self._askers if asker.instance.tool == "pagerduty"]
        return await self._make_panels([(asker, ask) for asker in askers], seconds)

    async def close(self) -> None:
        """Give up the connections, and what is being asked."""
        await asyncio.gather(*(asker.close() for asker in self._askers))

    async def _make_panels(self, asked: Sequence[tuple[Asker, Ask]], seconds: float | None) -> list[Panel]:
        until = asyncio.get_running_loop().time() + (self._seconds if seconds is None else seconds)
        made = await asyncio.gather(*(_make_panel(asker, ask, until) for asker, ask in asked), return_exceptions=True)
        return [_as_panel(panel, asker) for panel, (asker, _) in zip(made, asked, strict=True)]


def _with(annotations: Mapping[str, str], choice: _Choice) -> Ask:
    return lambda round: choice.ask(annotations, round)


async def _make_panel(asker: Asker, ask: Ask, until: float) -> Panel:
    round = Round(asker, until)
    return round.panel(await ask(round))


def _as_panel(made: Panel | BaseException, asker: Asker) -> Panel:
    """The panel; in place of a bug, which is logged whole, one that says so: the other facts are needed all the more."""
    if isinstance(made, Panel):
        return made
    if not isinstance(made, Exception):
        raise made
    one = asker.instance
    log.error("a bug in what is asked of %s `%s`", one.tool, one.name, exc_info=made)
    return Panel(one.name, one.tool, "unavailable", reason="internal error", href=one.pages)
