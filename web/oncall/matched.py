"""Alerts and the entities that they are about: the first half of the picture of an incident."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.alerts import Alert as FiringAlert
from catalog.lookup import Alert, Candidate, look_up_alerts, read_alerts
from catalog.view import View


@dataclass(frozen=True, slots=True)
class Matched:
    """Alerts of one name and the entity that they are about; without one, the candidates among which nothing was decided.

    `count` is how many they are, `since` when the first of them began, as far as they say.
    """

    title: str
    ref: str
    candidates: tuple[Candidate, ...] = ()
    count: int = 1
    since: datetime | None = None


def match_alerts(view: View, alerts: Iterable[Alert]) -> list[Matched]:
    """Which entities alerts are about, in their order; those of one name about the same are one, resolved ones are left out."""
    firing = (one for one in alerts if one.status != "resolved")
    matched: dict[tuple[str, str, tuple[str, ...]], Matched] = {}
    for alert, found in look_up_alerts(view, firing, 5):
        candidates = () if found.decided else found.candidates
        key = alert.title, found.decided, tuple(one.ref for one in candidates)
        one, since = matched.get(key), _read_moment(alert.starts_at)
        if one is None:
            matched[key] = Matched(alert.title, found.decided, candidates, since=since)
        else:
            first = min(filter(None, (one.since, since)), default=None)
            matched[key] = replace(one, count=one.count + 1, since=first)
    return list(matched.values())


def match_firing(view: View, alerts: Sequence[FiringAlert]) -> list[Matched]:
    """The same for alerts that fire now in the tools, however many: it is then that they are asked for."""
    return match_alerts(view, read_firing(alerts))


def group_matched(matched: Iterable[Matched]) -> Mapping[str, Sequence[Matched]]:
    """By the entity that they are about, those of which that is decided."""
    found: dict[str, list[Matched]] = {}
    for one in matched:
        if one.ref:
            found.setdefault(one.ref, []).append(one)
    return found


def group_firing(alerts: Iterable[FiringAlert], ref: str) -> Sequence[Matched]:
    """Alerts that one entity declares, those of one name as one."""
    by_name: dict[str, list[FiringAlert]] = {}
    for one in alerts:
        by_name.setdefault(one.name, []).append(one)
    return [
        Matched(name, ref, count=len(some), since=min((one.since for one in some if one.since), default=None))
        for name, some in by_name.items()
    ]


def read_firing(alerts: Iterable[FiringAlert]) -> Iterator[Alert]:
    """Alerts that fire now in the tools, as if they had been pasted; one after the other: thousands of them fill the memory."""
    for one in alerts:
        labels, annotations = {"alertname": one.name, **one.labels}, dict(one.annotations)
        since = one.since.isoformat() if one.since else ""
        yield from read_alerts([{"labels": labels, "annotations": annotations, "startsAt": since}])


def _read_moment(text: str) -> datetime | None:
    """A moment of RFC 3339; None for anything else, and for one without its time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
