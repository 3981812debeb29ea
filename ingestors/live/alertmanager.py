"""Alertmanager's API v2: the alerts that have reached it, and which of them are silenced or inhibited."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from catalog.alerts import Alert, Alerts, AlertState, Silence, read_declared
from catalog.live import Facts
from ingestors.live.asker import Question
from ingestors.live.fields import read_moment, read_text, read_texts
from ingestors.live.instance import Instance
from ingestors.live.round import Round
from ingestors.live.rules import list_alerts


async def ask(annotations: Mapping[str, str], round: Round) -> Facts:
    """The alerts that `prometheus.io/alert` and `/labels` pick."""
    declared = read_declared(annotations)
    alerts = await round.get(_alerts(round.instance))
    chosen = alerts.of(declared) if alerts else ()
    if any(alert.silences for alert in chosen):
        known = await round.get(Question("api/v2/silences", _read_silences, 30.0, is_long=True)) or {}
        chosen = tuple(_with_silences(alert, known) for alert in chosen)
    return list_alerts(chosen)


async def ask_alerts(round: Round) -> Facts:
    """Every alert that there is."""
    alerts = await round.get(_alerts(round.instance))
    return Facts(alerts=alerts.all if alerts else ())


def _alerts(instance: Instance) -> Question[Alerts]:
    def read(found: Any) -> Alerts:
        return Alerts(tuple(_make_alert(one, instance) for one in found))

    # All at once, for all entities: one question in ten seconds, however many people look.
    return Question("api/v2/alerts", read, 10.0, is_long=True)


def _make_alert(one: Any, instance: Instance) -> Alert:
    labels = read_texts(one["labels"])
    name = labels.get("alertname", "")
    query = urlencode({"filter": '{alertname="' + name.replace("\\", "\\\\").replace('"', '\\"') + '"}'})
    return Alert(
        name,
        _state(one["status"]),
        labels,
        read_texts(one["annotations"]),
        instance.name,
        instance.tool,
        read_moment(one.get("startsAt")),
        href=f"{instance.pages}/#/alerts?{query}",
        silences=tuple(Silence(id) for id in one["status"]["silencedBy"]),
    )


def _read_silences(found: Any) -> Mapping[str, Silence]:
    return {
        one["id"]: Silence(
            one["id"], read_text(one.get("createdBy")), read_moment(one.get("endsAt")), read_text(one.get("comment"))
        )
        for one in found
    }


def _with_silences(alert: Alert, known: Mapping[str, Silence]) -> Alert:
    return replace(alert, silences=tuple(known.get(silence.id, silence) for silence in alert.silences))


def _state(status: Any) -> AlertState:
    if status["silencedBy"]:
        return "silenced"
    return "inhibited" if status["inhibitedBy"] else "firing"
