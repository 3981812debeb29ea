"""What outside tools say is true right now: its words, and the protocol of who asks them.

Nothing here asks anybody, and nothing of it is stored with the catalog.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from catalog.alerts import TOOL_NAMES, Alert, Alerts, Tool, read_declared

State = Literal["fresh", "cached", "asking", "unavailable"]
"""`asking`: no answer in the time given, but it is still waited for, for whoever asks next."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """A person on call now. Level 1 is called first; without `until` the turn has no end."""

    level: int
    name: str
    email: str = ""
    href: str = ""
    schedule: str = ""
    policy: str = ""
    policy_href: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PagerService:
    """A service as a pager knows it; `status` is the tool's own word, such as `active` or `maintenance`."""

    id: str
    name: str
    href: str = ""
    status: str = ""
    policy_id: str = ""
    policy: str = ""
    policy_href: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """What somebody was or will be called for, and is not over: `triggered` or `acknowledged`."""

    id: str
    title: str
    status: str
    href: str = ""
    service: str = ""
    urgency: str = ""
    priority: str = ""
    created: datetime | None = None
    assigned: tuple[str, ...] = ()
    service_id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A change event: a deployment, a switch that was turned."""

    summary: str
    at: datetime | None = None
    source: str = ""
    href: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a query gives now: a value for each series, by the name of the dimension asked for."""

    query: str
    rows: tuple[tuple[str, str], ...]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard that the entity's annotations choose."""

    title: str
    href: str
    folder: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What one tool says about one entity. `unknown` are names that the entity declares and the tool does not have."""

    services: tuple[PagerService, ...] = ()
    on_call: tuple[OnCall, ...] = ()
    incidents: tuple[Incident, ...] = ()
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()
    readings: tuple[Reading, ...] = ()
    dashboards: tuple[Dashboard, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One instance of a tool, with its facts.

    `asked_at` is when the oldest of the facts was told, None for no facts. Of one that is `unavailable`, `reason` says
    why, `since` from when on, and the facts are those known from before, if any.
    """

    name: str
    tool: Tool
    state: State
    facts: Facts = Facts()
    asked_at: datetime | None = None
    since: datetime | None = None
    reason: str = ""
    href: str = ""

    @property
    def tool_name(self) -> str:
        """What people call the tool."""
        return TOOL_NAMES[self.tool]


@dataclass(frozen=True, slots=True)
class Standing:
    """A configured instance as it was when last asked; nobody is asked for this."""

    name: str
    tool: Tool
    href: str = ""
    since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Firing:
    """All alerts that there are now (none is `inactive`), each once and worst first, and whom that was asked of."""

    alerts: Alerts = field(default_factory=Alerts)
    panels: tuple[Panel, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everybody answered; where not, an alert that is not here may fire all the same."""
        return all(panel.state in ("fresh", "cached") for panel in self.panels)

    @property
    def now(self) -> tuple[Alert, ...]:
        """Those that fire and are neither silenced nor inhibited."""
        return tuple(alert for alert in self.alerts.all if alert.state == "firing")

    def named(self, names: Iterable[str]) -> tuple[Alert, ...]:
        """Those of these names."""
        return self.alerts.named(names)

    def of(self, annotations: Mapping[str, str]) -> tuple[Alert, ...]:
        """Those that an entity's annotations declare. Asks nobody: cheap enough for every entity on a page."""
        return self.alerts.of(read_declared(annotations))


class LiveFacts(Protocol):
    """Who asks the tools. Each is asked in a limited time, all side by side, and one that is down is left alone a while."""

    def standings(self) -> tuple[Standing, ...]:
        """Every configured instance and since when it is down, if it is. Asks nobody."""
        ...

    async def ask(self, annotations: Mapping[str, str], seconds: float | None = None) -> list[Panel]:
        """A panel for each instance that an entity's annotations name; never raises.

        Within so many seconds, the configured time if not given. What has not come by then is `asking`, and is there
        for the next who asks; with 0, all that is known already is told at once.
        """
        ...

    async def firing(self, seconds: float | None = None) -> Firing:
        """All alerts that there are now, in every Prometheus, Alertmanager and Grafana; never raises."""
        ...

    async def find_incident(self, id: str, seconds: float | None = None) -> list[Panel]:
        """One incident, over or not, as each PagerDuty knows it: a panel with it, or without any fact; never raises."""
        ...

    async def list_services(self, seconds: float | None = None) -> list[Panel]:
        """Every service that each PagerDuty has, by whose names people are woken: a panel with them; never raises."""
        ...

    async def close(self) -> None:
        """Give up the connections, and what is being asked."""
        ...


class NoLiveFacts:
    """Where no tool is configured."""

    def standings(self) -> tuple[Standing, ...]:
        """None."""
        return ()

    async def ask(self, annotations: Mapping[str, str], seconds: float | None = None) -> list[Panel]:
        """None."""
        return []

    async def firing(self, seconds: float | None = None) -> Firing:
        """None, and nobody was asked."""
        return Firing()

    async def find_incident(self, id: str, seconds: float | None = None) -> list[Panel]:
        """None."""
        return []

    async def list_services(self, seconds: float | None = None) -> list[Panel]:
        """None."""
        return []

    async def close(self) -> None:
        """Nothing to give up."""
