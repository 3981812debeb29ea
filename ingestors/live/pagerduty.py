"""PagerDuty's REST API v2: an entity's services, who is on call for them now by level, open incidents, change events."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from catalog.annotations import split_list
from catalog.live import Change, Facts, Incident, OnCall, PagerService
from ingestors.live.asker import Question
from ingestors.live.fields import read_moment, read_text
from ingestors.live.round import Round

_MOST_SERVICES: Final = 10
_MOST_CHANGES: Final = "5"
_PAGE, _MOST_LISTED = 100, 2_000
_OPEN: Final = (("statuses[]", "triggered"), ("statuses[]", "acknowledged"))


async def ask(annotations: Mapping[str, str], round: Round) -> Facts:
    """What there is about the services that `pagerduty.com/service-id` lists, or the one with an integration key."""
    ids = split_list(annotations.get("pagerduty.com/service-id", ""))
    key = annotations.get("pagerduty.com/integration-key", "").strip()
    if not ids and key:
        with_key = await round.get(_service_with(key))
        if not with_key:
            return Facts(notes=("no service has the integration key",) if with_key is not None else ())
        ids = tuple(one.id for one in with_key)
    notes = (f"{len(ids) - _MOST_SERVICES} more services are not asked about",) if len(ids) > _MOST_SERVICES else ()
    ids = ids[:_MOST_SERVICES]
    if not ids:
        return Facts()
    services, incidents, changes = await asyncio.gather(
        asyncio.gather(*(round.get(_service(id)) for id in ids)),
        round.get(_incidents(ids)),
        asyncio.gather(*(round.get(_changes(id)) for id in ids)),
    )
    found = tuple(one for some in services for one in some or ())
    policies = tuple(sorted({one.policy_id for one in found if one.policy_id}))
    on_call = await round.get(_on_call(policies)) if policies else ()
    latest = sorted((one for some in changes for one in some or ()), key=lambda one: str(one.at), reverse=True)
    unknown = tuple(id for id, some in zip(ids, services, strict=True) if some == ())
    return Facts(found, on_call or (), incidents or (), tuple(latest), unknown=unknown, notes=notes)


async def ask_incident(id: str, round: Round) -> Facts:
    """One incident, by the id that its address ends with; nothing where there is none."""
    question = Question(f"incidents/{quote(id, safe='')}", _read_incident, 60.0, may_miss=True)
    return Facts(incidents=await round.get(question) or ())


async def ask_services(round: Round) -> Facts:
    """Every service of the account, as far as its first 2,000."""
    first = await round.get(_services(0))
    if first is None:
        return Facts()
    offsets = range(_PAGE, min(first[1], _MOST_LISTED), _PAGE)
    others = await asyncio.gather(*(round.get(_services(offset)) for offset in offsets))
    return Facts(services=tuple(one for page in (first, *others) if page is not None for one in page[0]))


def _services(offset: int) -> Question[tuple[tuple[PagerService, ...], int]]:
    """A page of the services, and how many there are."""

    def read(found: Any) -> tuple[tuple[PagerService, ...], int]:
        return tuple(_make_service(one) for one in found["services"]), int(found.get("total") or 0)

    return Question("services", read, 600.0, (("limit", str(_PAGE)), ("offset", str(offset)), ("total", "true")))


def _service(id: str) -> Question[tuple[PagerService, ...]]:
    return Question(f"services/{quote(id, safe='')}", _read_service, 600.0, may_miss=True)


def _service_with(key: str) -> Question[tuple[PagerService, ...]]:
    """The services that PagerDuty finds by an integration key; of each it tells the keys, so that it is no guess."""

    def read(found: Any) -> tuple[PagerService, ...]:
        has_key = [
            one for one in found["services"] if any(key == part.get("integration_key") for part in one["integrations"])
        ]
        return tuple(_make_service(one) for one in has_key)

    return Question("services", read, 600.0, (("query", key), ("include[]", "integrations")))


def _read_service(found: Any) -> tuple[PagerService, ...]:
    return (_make_service(found["service"]),) if found is not None else ()


def _make_service(one: Any) -> PagerService:
    policy = one.get("escalation_policy") or {}
    return PagerService(
        one["id"],
        _name(one),
        read_text(one.get("html_url")),
        read_text(one.get("status")),
        read_text(policy.get("id")),
        _name(policy),
        read_text(policy.get("html_url")),
    )


def _name(one: Any) -> str:
    """A thing's name, which a reference to it has as its summary."""
    return read_text(one.get("name")) or read_text(one.get("summary"))


def _on_call(policies: Iterable[str]) -> Question[tuple[OnCall, ...]]:
    chosen = tuple(("escalation_policy_ids[]", id) for id in policies)
    return Question("oncalls", _read_on_call, 60.0, (*chosen, ("include[]", "users"), ("limit", "100")))


def _read_on_call(found: Any) -> tuple[OnCall, ...]:
    """Each person once for a policy and level, where several schedules name them: with the turn that ends last."""
    turns: dict[tuple[str, int, str], OnCall] = {}
    for one in found["oncalls"]:
        user, policy, schedule = one.get("user") or {}, one.get("escalation_policy") or {}, one.get("schedule") or {}
        if not user:
            continue
        turn = OnCall(
            int(one["escalation_level"]),
            _name(user),
            read_text(user.get("email")),
            read_text(user.get("html_url")),
            read_text(schedule.get("summary")),
            _name(policy),
            read_text(policy.get("html_url")),
            read_moment(one.get("end")),
        )
        key = (str(policy.get("id")), turn.level, str(user.get("id")))
        if key not in turns or turn.until is None or (turns[key].until or turn.until) < turn.until:
            turns[key] = turn
    return tuple(sorted(turns.values(), key=lambda turn: (turn.policy, turn.level, turn.name)))


def _incidents(ids: Iterable[str]) -> Question[tuple[Incident, ...]]:
    chosen = tuple(("service_ids[]", id) for id in ids)
    more = (("date_range", "all"), ("sort_by", "created_at:desc"), ("limit", "25"))
    return Question("incidents", _read_incidents, 15.0, (*chosen, *_OPEN, *more))


def _read_incidents(found: Any) -> tuple[Incident, ...]:
    return tuple(_make_incident(one) for one in found["incidents"])


def _read_incident(found: Any) -> tuple[Incident, ...]:
    return (_make_incident(found["incident"]),) if found is not None else ()


def _make_incident(one: Any) -> Incident:
    return Incident(
        one["id"],
        read_text(one.get("title")) or read_text(one.get("summary")),
        one["status"],
        read_text(one.get("html_url")),
        _name(one.get("service") or {}),
        read_text(one.get("urgency")),
        _name(one.get("priority") or {}),
        read_moment(one.get("created_at")),
        tuple(_name(part["assignee"]) for part in one.get("assignments") or ()),
        read_text((one.get("service") or {}).get("id")),
    )


def _changes(id: str) -> Question[tuple[Change, ...]]:
    path = f"services/{quote(id, safe='')}/change_events"

    def read(found: Any) -> tuple[Change, ...]:
        return tuple(_make_change(one, id) for one in found["change_events"]) if found is not None else ()

    return Question(path, read, 60.0, (("limit", _MOST_CHANGES),), may_miss=True)


def _make_change(one: Any, service: str) -> Change:
    links = one.get("links") or [{}]
    return Change(
        read_text(one.get("summary")),
        read_moment(one.get("timestamp")),
        read_text(one.get("source")),
        read_text(links[0].get("href")),
        service,
    )
