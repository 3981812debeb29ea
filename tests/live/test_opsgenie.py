"""Opsgenie: who is on call for a team, and open alerts, over answers in the shapes of its OpenAPI description.

The shapes are those of github.com/opsgenie/opsgenie-python-sdk, `opsgenie-oas.json`.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from ingestors.live.instance import Instance
from tests.live.tool_server import TOKEN, Asked, Reply, ToolServer, ask_one
from tests.programs import PATIENCE


def schedule(id: str, name: str, team: str, enabled: bool = True) -> dict[str, Any]:
    found = {
        "id": id,
        "name": name,
        "description": "",
        "timezone": "Europe/Berlin",
        "enabled": enabled,
        "rotations": [],
    }
    return found | ({"ownerTeam": {"id": f"t-{team}", "name": team}} if team else {})


def person(name: str) -> dict[str, Any]:
    return {"id": f"u-{name}", "name": name, "type": "user"}


ON_CALL = {
    "s1": [
        person("ada@acme.example"),
        {
            "id": "e1",
            "name": "Payments_escalation",
            "type": "escalation",
            "onCallParticipants": [
                person("ada@acme.example") | {"escalationTime": 0},
                person("ben@acme.example") | {"escalationTime": 10, "notifyType": "default"},
                {
                    "id": "t2",
                    "name": "Leads",
                    "type": "team",
                    "escalationTime": 30,
                    "onCallParticipants": [person("cy")],
                },
            ],
        },
    ],
    "s2": [person("dee@acme.example")],
}
SCHEDULES = [
    schedule("s1", "Payments primary", "Payments"),
    schedule("s2", "Night watch", "Operations"),
    schedule("s3", "Payments old", "Payments", enabled=False),
    schedule("s4", "Nobody's", ""),
]
ALERT = {
    "id": "70413a06-38d6-4c85-92b8-5ebc900d42e2",
    "tinyId": "1791",
    "alias": "event_573",
    "message": "Our servers are in danger",
    "status": "open",
    "acknowledged": False,
    "isSeen": True,
    "tags": ["OverwriteQuietHours", "Critical"],
    "snoozed": False,
    "count": 79,
    "createdAt": "2026-11-23T02:00:00.123Z",
    "updatedAt": "2026-11-23T02:10:00.123Z",
    "source": "Isengard",
    "owner": "ada@acme.example",
    "priority": "P1",
    "responders": [],
}


def answer(asked: Asked) -> Reply:
    if asked.headers.get("authorization") != f"GenieKey {TOKEN}":
        return Reply({"message": "Could not authenticate", "took": 0.0, "requestId": "r"}, 401)
    told = {"took": 0.01, "requestId": "r"}
    if asked.path == "/v2/schedules":
        return Reply({"data": SCHEDULES, **told})
    if asked.path == "/v2/alerts":
        query = asked.query["query"][0]
        found = [ALERT, ALERT | {"acknowledged": True}] if query == "(tag: payments) AND status: open" else []
        return Reply({"data": found, "paging": {"first": "x", "last": "x"}, **told})
    id = asked.path.removeprefix("/v2/schedules/").removesuffix("/on-calls")
    parent = {"id": id, "name": "x", "enabled": True}
    return Reply({"data": {"_parent": parent, "onCallParticipants": ON_CALL[id]}, **told})


@pytest.fixture
def opsgenie() -> Iterator[Instance]:
    with ToolServer(answer) as server:
        yield Instance("main", "opsgenie", server.url, TOKEN, seconds=PATIENCE, web_url="https://acme.app.opsgenie.com")


def test_a_teams_schedules_tell_who_is_on_call_by_level(opsgenie: Instance) -> None:
    panel = ask_one({"opsgenie.com/team": "Payments"}, opsgenie)
    assert (panel.state, panel.facts.unknown) == ("fresh", ())
    assert [(one.level, one.name, one.email, one.schedule, one.policy) for one in panel.facts.on_call] == [
        (1, "ada@acme.example", "ada@acme.example", "Payments primary", "Payments"),
        (2, "ben@acme.example", "ben@acme.example", "Payments primary", "Payments"),
        (3, "cy", "", "Payments primary", "Payments"),
    ]


def test_a_schedule_may_be_named_itself(opsgenie: Instance) -> None:
    panel = ask_one({"opsgenie.com/team": "Night watch", "opsgenie.com/isSchedule": "true"}, opsgenie)
    assert [one.name for one in panel.facts.on_call] == ["dee@acme.example"]


def test_a_team_without_schedules_is_told(opsgenie: Instance) -> None:
    panel = ask_one({"opsgenie.com/team": "Nowhere"}, opsgenie)
    assert (panel.state, panel.facts.on_call, panel.facts.unknown) == ("fresh", (), ("Nowhere",))


def test_a_selector_finds_open_alerts(opsgenie: Instance) -> None:
    facts = ask_one({"opsgenie.com/component-selector": "tag: payments"}, opsgenie).facts
    assert [(one.title, one.status, one.priority, one.assigned) for one in facts.incidents] == [
        ("Our servers are in danger", "triggered", "P1", ("ada@acme.example",)),
        ("Our servers are in danger", "acknowledged", "P1", ("ada@acme.example",)),
    ]
    assert facts.incidents[0].href == (
        "https://acme.app.opsgenie.com/alert/detail/70413a06-38d6-4c85-92b8-5ebc900d42e2/details"
    )
