"""An alert as tools tell it, and which alerts an entity declares by its annotations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, Literal

from catalog.annotations import parse_labels, split_list

Tool = Literal["pagerduty", "prometheus", "alertmanager", "grafana", "opsgenie"]
TOOL_NAMES: Final[Mapping[Tool, str]] = {
    "pagerduty": "PagerDuty",
    "prometheus": "Prometheus",
    "alertmanager": "Alertmanager",
    "grafana": "Grafana",
    "opsgenie": "Opsgenie",
}
AlertState = Literal["firing", "silenced", "inhibited", "pending", "inactive", "unknown"]
"""Worst first, as they are shown; `unknown` is a rule that cannot be evaluated."""
ALERT_STATES: tuple[AlertState, ...] = ("firing", "silenced", "inhibited", "pending", "unknown", "inactive")


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nobody is called for an alert: who silenced it, until when, and what they say about it."""

    id: str
    by: str = ""
    until: datetime | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert, or a rule of which there is none now (`inactive`). `source` is the panel's name.

    `problem` says why a rule cannot be evaluated.
    """

    name: str
    state: AlertState
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    source: str
    tool: Tool
    since: datetime | None = None
    value: str = ""
    href: str = ""
    problem: str = ""
    silences: tuple[Silence, ...] = ()

    @property
    def severity(self) -> str:
        """The label of that name."""
        return self.labels.get("severity", "")

    @property
    def summary(self) -> str:
        """What it says about itself, in a line."""
        return self.annotations.get("summary") or self.annotations.get("description") or ""

    @property
    def runbook(self) -> str:
        """The address of its runbook, by the monitoring mixins' annotation or the older one."""
        return self.annotations.get("runbook_url") or self.annotations.get("runbook") or ""


@dataclass(frozen=True, slots=True)
class Declared:
    """The alerts that an entity's annotations declare: by names (or all), by labels, in which Prometheus."""

    names: tuple[str, ...] = ()
    every: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    prometheus: str = ""
    grafana: tuple[tuple[str, str], ...] = ()
    grafana_host: str = ""

    def __bool__(self) -> bool:
        """Whether any alert is declared."""
        return bool(self.names or self.every or self.labels or self.grafana)

    def picks(self, name: str, *labels: Mapping[str, str]) -> bool:
        """Whether an alert or rule of this name is declared, with all the labels in one of these sets."""
        if not (self.names or self.every or self.labels):
            return False
        if self.names and not self.every and name not in self.names:
            return False
        return any(all(one.get(key) == value for key, value in self.labels) for one in labels)

    def picks_in_grafana(self, *labels: Mapping[str, str]) -> bool:
        """Whether one of these sets has one of the labels, as Backstage's Grafana plug-in has it."""
        return any(one.get(key) == value for one in labels for key, value in self.grafana)

    def is_of(self, alert: Alert) -> bool:
        """Whether this is one of them. An Alertmanager does not say which Prometheus an alert is from."""
        if alert.tool == "grafana":
            return self.grafana_host in ("", alert.source) and self.picks_in_grafana(alert.labels)
        is_there = alert.tool == "alertmanager" or self.prometheus in ("", alert.source)
        return is_there and self.picks(alert.name, alert.labels)


def read_declared(annotations: Mapping[str, str]) -> Declared:
    """What `prometheus.io/alert`, `/labels`, `/service-name`, `grafana/alert-label-selector` and `/host-id` say."""
    names = split_list(annotations.get("prometheus.io/alert", ""))
    return Declared(
        tuple(name for name in names if name != "all"),
        "all" in names,
        parse_labels(annotations.get("prometheus.io/labels", "")),
        annotations.get("prometheus.io/service-name", "").strip(),
        parse_labels(annotations.get("grafana/alert-label-selector", "")),
        annotations.get("grafana/host-id", "").strip(),
    )


@dataclass(frozen=True)
class Alerts:
    """Many alerts, found by their names and labels."""

    all: tuple[Alert, ...] = ()

    def named(self, names: Iterable[str]) -> tuple[Alert, ...]:
        """Those of these names, in their order here."""
        return self._take({at for name in names for at in self._by_name.get(name, ())})

    def of(self, declared: Declared) -> tuple[Alert, ...]:
        """Those that are declared, in their order here."""
        if declared.every:
            return tuple(alert for alert in self.all if declared.is_of(alert))
        places = {at for pair in declared.grafana for at in self._by_label.get(pair, ())}
        if declared.names:
            places.update(at for name in declared.names for at in self._by_name.get(name, ()))
        elif declared.labels:
            fewest: Sequence[int] = min((self._by_label.get(pair, ()) for pair in declared.labels), key=len)
            places.update(fewest)
        return tuple(alert for alert in self._take(places) if declared.is_of(alert))

    def _take(self, places: Iterable[int]) -> tuple[Alert, ...]:
        return tuple(self.all[at] for at in sorted(places))

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = {}
        for at, alert in enumerate(self.all):
            found.setdefault(alert.name, []).append(at)
        return found

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str], Sequence[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for at, alert in enumerate(self.all):
            for pair in alert.labels.items():
                found.setdefault(pair, []).append(at)
        return found


def merge_alerts(alerts: Iterable[Alert]) -> Alerts:
    """Several tools' alerts, worst first. One that an Alertmanager has too is taken from there: it knows silences."""
    told = list(alerts)
    passed_on: dict[str, list[Alert]] = {}
    for alert in told:
        if alert.tool == "alertmanager":
            passed_on.setdefault(alert.name, []).append(alert)
    kept = [alert for alert in told if alert.tool == "alertmanager" or not _is_among(alert, passed_on)]
    kept.sort(key=lambda alert: (ALERT_STATES.index(alert.state), alert.name))
    return Alerts(tuple(kept))


def _is_among(alert: Alert, passed_on: Mapping[str, Sequence[Alert]]) -> bool:
    """Whether an Alertmanager has it, where it may carry further labels of its Prometheus."""
    return any(alert.labels.items() <= other.labels.items() for other in passed_on.get(alert.name, ()))
