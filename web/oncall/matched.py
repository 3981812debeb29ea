"""Alerts and the entities that they are about: the first half of the picture of an incident."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.alerts import Alert as FiringAlert
from catalog.lookup import Alert, Candidate, locate_alerts, look_up_alert
from catalog.view import View


@dataclass(frozen=True, slots=True)
class Matched:
    """One alert and the entity it is about; without one, the candidates among which nothing was decided."""

    title: str
    status: str
    ref: str
    candidates: tuple[Candidate, ...]


def match_alerts(view: View, alerts: Sequence[Alert]) -> list[Matched]:
    """Each alert with the entity that it is about; resolved ones are left out."""
    matched = []
    for alert in alerts:
        if alert.status == "resolved":
            continue
        found = look_up_alert(view, alert, 5)
        matched.append(Matched(alert.title, alert.status, found.decided, () if found.decided else found.candidates))
    return matched


def read_firing(alerts: Sequence[FiringAlert]) -> list[Alert]:
    """Alerts that fire now in the tools, as if they had been pasted; however many: it is then that they are asked for."""
    payload = [
        {"labels": {"alertname": one.name, **one.labels}, "annotations": dict(one.annotations), "status": "firing"}
        for one in alerts
    ]
    return [alert for _, alert in locate_alerts(payload)] if payload else []
