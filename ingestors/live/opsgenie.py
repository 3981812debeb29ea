"""Opsgenie: a team's schedules and who is on call now, and the open alerts that a query finds."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from catalog.live import Facts, Incident, OnCall
from ingestors.live.asker import Question
from ingestors.live.fields import read_moment, read_text
from ingestors.live.round import Round

_MOST_SCHEDULES: Final = 5
_DEEPEST: Final = 5


class _Schedule(NamedTuple):
    id: str
    name: str
    team: str


async def ask(annotations: Mapping[str, str], round: Round) -> Facts:
    """Who is on call for `opsgenie.com/team`, and the open alerts that `opsgenie.com/component-selector` finds."""
    selector = annotations.get("opsgenie.com/component-selector", "").strip()
    team = annotations.get("opsgenie.com/team", "").strip()
    is_schedule = annotations.get("opsgenie.com/isSchedule", "").strip().lower() == "true"
    (on_call, unknown), incidents = await asyncio.gather(
        _find_on_call(team, is_schedule, round), _find_alerts(selector, round)
    )
    return Facts(on_call=on_call, incidents=incidents, unknown=unknown)


async def _find_alerts(selector: str, round: Round) -> tuple[Incident, ...]:
    return await round.get(_alerts(selector, round.instance.pages)) or () if selector else ()


async def _find_on_call(team: str, is_schedule: bool, round: Round) -> tuple[tuple[OnCall, ...], tuple[str, ...]]:
    """Those on call for a team, or by a schedule of that name; and the name, where there is no such schedule."""
    schedules = await round.get(Question("v2/schedules", _read_schedules, 600.0)) if team else ()
    if not schedules:
        return (), (team,) if team and schedules is not None else ()
    chosen = [one for one in schedules if team == (one.name if is_schedule else one.team)]
    found = await asyncio.gather(*(round.get(_on_call(one)) for one in chosen[:_MOST_SCHEDULES]))
    return tuple(turn for turns in found for turn in turns or ()), () if chosen else (team,)


def _read_schedules(found: Any) -> tuple[_Schedule, ...]:
    return tuple(
        _Schedule(one["id"], read_text(one["name"]), read_text((one.get("ownerTeam") or {}).get("name")))
        for one in found["data"]
        if one.get("enabled", True)
    )


def _on_call(schedule: _Schedule) -> Question[tuple[OnCall, ...]]:
    def read(found: Any) -> tuple[OnCall, ...]:
        waits: dict[str, float] = {}
        for name, wait in _walk(found["data"]["onCallParticipants"], 0.0, 0):
            waits[name] = min(wait, waits.get(name, wait))
        levels = sorted(set(waits.values()))
        turns = [
            OnCall(
                levels.index(wait) + 1, name, name if "@" in name else "", schedule=schedule.name, policy=schedule.team
            )
            for name, wait in waits.items()
        ]
        return tuple(sorted(turns, key=lambda turn: (turn.level, turn.name)))

    return Question(f"v2/schedules/{quote(schedule.id, safe='')}/on-calls", read, 60.0)


def _walk(participants: Any, wait: float, depth: int) -> Iterator[tuple[str, float]]:
    """The people among those on call and below them, each with the minutes after which they are called."""
    for one in participants or () if depth < _DEEPEST else ():
        after = wait + float(one.get("escalationTime") or 0)
        if one.get("type") == "user":
            yield read_text(one.get("name")), after
        yield from _walk(one.get("onCallParticipants"), after, depth + 1)


def _alerts(selector: str, pages: str) -> Question[tuple[Incident, ...]]:
    def read(found: Any) -> tuple[Incident, ...]:
        return tuple(_make_incident(one, pages) for one in found["data"])

    query = f"({selector}) AND status: open"
    params = (("query", query), ("limit", "50"), ("sort", "createdAt"), ("order", "desc"))
    return Question("v2/alerts", read, 15.0, params)


def _make_incident(one: Any, pages: str) -> Incident:
    return Incident(
        one["id"],
        read_text(one.get("message")),
        "acknowledged" if one.get("acknowledged") else "triggered",
        f"{pages}/alert/detail/{quote(one['id'], safe='')}/details",
        priority=read_text(one.get("priority")),
        created=read_moment(one.get("createdAt")),
        assigned=tuple(filter(None, (read_text(one.get("owner")),))),
    )
