"""Alerts as tools send them: webhooks and lists of Alertmanager (version 4), Grafana, Prometheus, PagerDuty (3), Opsgenie.

Shapes are told by their keys. Of any other JSON the texts are read, as those of a message are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.lookup.clues import Clue
from catalog.lookup.labels import read_labels
from catalog.lookup.prose import read_text
from catalog.lookup.strangers import read_stranger

MAX_ALERTS: Final = 500
_READ: Final = 300  # letters of what people wrote
_DEEPEST: Final = 4  # a list in a list is odd, and a thousand of them a trap
_LINKS: Final = ("runbook_url", "runbook", "runbookurl", "dashboard_url", "dashboardurl", "dashboard")
_WORDS: Final = ("summary", "description", "message")
_PRESET: Final = ("alertname", "rulename")
_TELLING: Final = frozenset({*_PRESET, "service", "app", "namespace", "pod", "instance", "job"})
"""Labels one of which makes an object of texts a set of labels."""
_HINT: Final = (
    "Send an Alertmanager or Grafana webhook, Alertmanager's or Prometheus's list of alerts, a PagerDuty or Opsgenie webhook, "
    'one alert with its `labels`, or `{"q": "text"}`.'
)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: what it is called, its labels and annotations, and the clues in them. `status` is firing or resolved.

    `words` are what people wrote into it, each with where it stands: looked into where the clues lead to nothing.
    """

    title: str
    status: str = "firing"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    fingerprint: str = ""
    starts_at: str = ""
    clues: tuple[Clue, ...] = ()
    words: tuple[tuple[str, str], ...] = ()

    @property
    def hints(self) -> list[Clue]:
        """What the words say: hints, among which nothing is decided."""
        return [clue for seen_as, text in self.words for clue in _read_hints(text[:_READ], seen_as)]


Located = tuple[dict[str, Json], Alert]


def read_payload(value: Json) -> list[Alert]:
    """The alerts in a payload, at most 500; of a shape that is not known, whatever it says, as if it were one alert.

    Raises `CatalogError` where it says nothing.
    """
    found = [alert for _, alert in _read(value)]
    if len(found) > MAX_ALERTS:
        raise CatalogError("invalid", f"{len(found)} alerts are more than {MAX_ALERTS}", "Send them in parts.")
    if not found:
        title, text = read_stranger(value)
        if not text:
            raise _not_understood()
        found = [Alert(title[:200], "", clues=tuple(read_text(text)))]
    return found


def locate_alerts(value: Json) -> list[Located]:
    """Each alert with the object in the payload that it was read from. Raises `CatalogError` where there is none."""
    found = list(_read(value))
    if not found:
        raise _not_understood()
    return found


def _not_understood() -> CatalogError:
    return CatalogError("invalid", "The body is no alert that is understood", _HINT)


def read_alerts(values: Sequence[Json]) -> list[Alert]:
    """Alerts of Alertmanager's, Grafana's or Prometheus's shape; what is none is left out."""
    return [alert for _, alert in _read_labelled(values)]


def _read_labelled(values: Sequence[Json]) -> Iterator[Located]:
    for one in values:
        if isinstance(one, dict) and isinstance(one.get("labels"), dict):
            yield one, _labelled(one)


def _read(value: Json, depth: int = 0) -> Iterator[Located]:
    match value:
        case list(parts) | {"messages": list(parts)} if depth < _DEEPEST:
            for part in parts:
                yield from _read(part, depth + 1)
        case {"q": str(text)}:
            yield value, Alert(text.strip()[:200], "", clues=tuple(read_text(text)))
        case {"alerts": list(alerts)} | {"data": {"alerts": list(alerts)}} | {"data": list(alerts)}:
            yield from _read_labelled(alerts)
        case {"event": {"data": dict(incident)}} | {"incident": dict(incident)}:
            yield from _read_pagerduty(incident)
        case {"service": {"id": str()}}:
            yield from _read_pagerduty(value)
        case {"incidents": list(incidents)}:
            yield from (one for incident in incidents for one in _read_pagerduty(incident))
        case {"alert": dict(alert)}:
            yield alert, _opsgenie(alert)
        case {"labels": dict()}:
            yield value, _labelled(value)
        case dict() if _are_labels(value):
            yield value, _labelled({"labels": value})


def _are_labels(value: dict[str, Json]) -> bool:
    names = {key.casefold() for key in value}
    return bool(names & _TELLING) and not any(isinstance(one, (dict, list)) for one in value.values())


def _texts(value: Json) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(key): str(one) for key, one in value.items() if isinstance(one, (str, int, float)) and one != ""}


def _labelled(alert: dict[str, Json]) -> Alert:
    labels, annotations = _texts(alert["labels"]), _texts(alert.get("annotations"))
    status, url = alert.get("status"), alert.get("generatorURL")
    state = status if isinstance(status, str) else alert.get("state")
    clues = list(read_labels(labels))
    for key, text in annotations.items():
        if key.casefold() in _LINKS:
            clues += read_text(text)
    title = next((labels[key] for key in _PRESET if key in labels), "")
    return Alert(
        title or annotations.get("summary", "") or ", ".join(f"{key}={one}" for key, one in labels.items())[:200],
        "resolved" if state in ("resolved", "inactive") else "firing",
        labels,
        annotations,
        url if isinstance(url, str) else "",
        str(alert.get("fingerprint") or ""),
        str(alert.get("startsAt") or alert.get("activeAt") or ""),
        tuple(clues),
        tuple((f"annotation `{key}`", text) for key, text in annotations.items() if key.casefold() in _WORDS),
    )


@lru_cache(maxsize=256)
def _read_hints(text: str, seen_as: str) -> tuple[Clue, ...]:
    return tuple(one._replace(surety="possible", seen_as=seen_as, part=seen_as) for one in read_text(text))


def _read_pagerduty(incident: Json) -> Iterator[Located]:
    service = incident.get("service") if isinstance(incident, dict) else None
    if not isinstance(service, dict) or not isinstance(service.get("id"), str):
        return
    clues = [Clue("pagerduty-service", service["id"], "certain", "the incident's PagerDuty service")]
    named, title = service.get("summary") or service.get("name"), incident.get("title") or incident.get("summary")
    words = (("the name of the PagerDuty service", named), ("the incident's title", title))
    status = incident.get("status")
    yield (
        incident,
        Alert(
            str(title or service["id"]),
            "resolved" if status == "resolved" else "firing",
            url=str(incident.get("html_url") or ""),
            fingerprint=str(incident.get("id") or ""),
            starts_at=str(incident.get("created_at") or ""),
            clues=tuple(clues),
            words=tuple((seen_as, text) for seen_as, text in words if isinstance(text, str)),
        ),
    )


def _opsgenie(alert: dict[str, Json]) -> Alert:
    clues: list[Clue] = []
    tags = alert.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        name, _, value = str(tag).replace("=", ":", 1).partition(":")
        clues += read_labels({name: value}) if value else []
        clues.append(Clue("opsgenie", f"tag:{tag}", "certain", "a tag of the alert"))
        clues.append(Clue("opsgenie", f'tag:"{tag}"', "certain", "a tag of the alert"))
    details = _texts(alert.get("details"))
    clues += read_labels(details)
    for key in ("entity", "source", "alias"):
        if isinstance(alert.get(key), str):
            clues += read_text(alert[key])
    return Alert(
        str(alert.get("message") or alert.get("alias") or "Opsgenie alert"),
        "resolved" if alert.get("status") == "closed" else "firing",
        details,
        fingerprint=str(alert.get("alertId") or alert.get("id") or ""),
        clues=tuple(dict.fromkeys(clues)),
    )
