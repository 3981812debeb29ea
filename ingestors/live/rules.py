"""Alert rules as Prometheus's API tells them, which Grafana's answers too, and the alerts that there are by them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from catalog.alerts import ALERT_STATES, Alert, AlertState
from catalog.live import Facts
from ingestors.live.fields import read_moment, read_text, read_texts
from ingestors.live.instance import Instance

MOST_ALERTS: Final = 200
_STATES: Final[Mapping[str, AlertState]] = {
    "firing": "firing",
    "alerting": "firing",
    "pending": "pending",
    "inactive": "inactive",
    "normal": "inactive",
    "recovering": "firing",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: as an alert that is not there (`inactive`, or `unknown`), and the alerts that there are by it."""

    alert: Alert
    active: tuple[Alert, ...]

    def alerts(self, is_picked: Callable[[Mapping[str, str]], bool]) -> tuple[Alert, ...]:
        """Its alerts with labels that are picked, or itself where there are none and its own labels are."""
        picked = tuple(one for one in self.active if is_picked(one.labels))
        return picked or ((self.alert,) if not self.active and is_picked(self.alert.labels) else ())


def read_rules(found: Any, instance: Instance, link: Callable[[Any], str]) -> tuple[Rule, ...]:
    """The alert rules of `/api/v1/rules`; `link` tells a rule's page."""
    groups = found["data"]["groups"]
    return tuple(
        _make_rule(rule, instance, link(rule))
        for group in groups
        for rule in group["rules"]
        if rule.get("type", "alerting") == "alerting"
    )


def _make_rule(rule: Any, instance: Instance, href: str) -> Rule:
    problem = read_text(rule.get("lastError")) if rule.get("health") in ("err", "error") else ""
    idle = Alert(
        read_text(rule["name"]),
        "unknown" if problem else "inactive",
        read_texts(rule.get("labels")),
        read_texts(rule.get("annotations")),
        instance.name,
        instance.tool,
        value=read_text(rule.get("query")),
        href=href,
        problem=problem,
    )
    active = tuple(_make_alert(idle, one) for one in rule.get("alerts") or ())
    return Rule(idle, tuple(one for one in active if one.state != "inactive"))


def _make_alert(rule: Alert, one: Any) -> Alert:
    # Grafana writes `Alerting (NoData)`, and `Normal (Updated)`.
    state = _STATES.get(read_text(one.get("state")).partition(" ")[0].lower(), "unknown")
    return replace(
        rule,
        state=state,
        labels=rule.labels | read_texts(one.get("labels")),  # type: ignore[operator]  # both are dicts
        annotations=rule.annotations | read_texts(one.get("annotations")),  # type: ignore[operator]
        since=read_moment(one.get("activeAt")),
        value=read_text(one.get("value")),
    )


def list_alerts(alerts: Iterable[Alert], unknown: tuple[str, ...] = ()) -> Facts:
    """The worst of the alerts as facts, and how many there are besides."""
    ordered = sorted(alerts, key=lambda alert: (ALERT_STATES.index(alert.state), alert.name))
    more = len(ordered) - MOST_ALERTS
    notes = (f"{more} more alerts are not shown",) if more > 0 else ()
    return Facts(alerts=tuple(ordered[:MOST_ALERTS]), unknown=unknown, notes=notes)
