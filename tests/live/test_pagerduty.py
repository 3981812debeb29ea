"""PagerDuty: what our client tells of it; its own client reads the same server, so that the server is PagerDuty-like."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pagerduty import RestApiV2Client

from catalog.live import Incident, OnCall, PagerService
from ingestors.live.instance import Instance
from tests.live.certificate import make_certificate
from tests.live.pagerduty_server import KEY, PagerDutyServer
from tests.live.tool_server import TOKEN, ask, ask_one
from tests.programs import PATIENCE

PAYMENTS = {"pagerduty.com/service-id": "P1234ABC"}


@pytest.fixture
def server() -> Iterator[PagerDutyServer]:
    with PagerDutyServer() as started:
        yield started


def account(server: PagerDutyServer, name: str = "main") -> Instance:
    return Instance(name, "pagerduty", server.url, TOKEN, seconds=PATIENCE, web_url="https://acme.pagerduty.com")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "tool.pem")


def test_pagerdutys_own_client_reads_the_server_that_these_tests_use(certificate: Path) -> None:
    with PagerDutyServer(certificate) as server:
        trust = ssl.create_default_context(cafile=certificate)
        with RestApiV2Client(TOKEN, base_url=server.url, verify=trust) as client:
            read_all(client)


def read_all(client: RestApiV2Client) -> None:
    assert client.rget("/services/P1234ABC")["name"] == "Payment API"
    turns = client.list_all("oncalls", params={"escalation_policy_ids[]": ["PEPAY"], "include[]": ["users"]})
    assert [(one["escalation_level"], one["user"]["email"]) for one in turns][:2] == [
        (2, "ben@acme.example"),
        (1, "ada@acme.example"),
    ]
    open_ones = client.list_all("incidents", params={"statuses[]": ["triggered", "acknowledged"], "date_range": "all"})
    assert [one["title"] for one in open_ones] == ["Payments fail", "Slow payments"]
    assert [one["summary"] for one in client.iter_all("services/P1234ABC/change_events")] == ["Deploy 4.2.1"]


def test_the_people_on_call_now_are_told_by_level_and_each_once(server: PagerDutyServer) -> None:
    panel = ask_one(PAYMENTS, account(server))
    assert (panel.name, panel.tool, panel.state, panel.href) == (
        "main",
        "pagerduty",
        "fresh",
        "https://acme.pagerduty.com",
    )
    policy = ("Payments", "https://acme.pagerduty.com/escalation_policies/PEPAY")
    until = datetime(2026, 11, 27, 8, tzinfo=UTC)
    users = "https://acme.pagerduty.com/users"
    assert panel.facts.on_call == (
        OnCall(1, "Ada Abara", "ada@acme.example", f"{users}/PUADA1", "Payments, primary", *policy, until),
        OnCall(2, "Ben Bravo", "ben@acme.example", f"{users}/PUBEN2", "", *policy),
    )
    directory = "https://acme.pagerduty.com/service-directory"
    assert panel.facts.services == (
        PagerService("P1234ABC", "Payment API", f"{directory}/P1234ABC", "active", "PEPAY", *policy),
    )


def test_open_incidents_and_changes_are_told_newest_first(server: PagerDutyServer) -> None:
    facts = ask_one(PAYMENTS, account(server)).facts
    assert facts.incidents[0] == Incident(
        "PT4KHLK",
        "Payments fail",
        "triggered",
        "https://acme.pagerduty.com/incidents/PT4KHLK",
        "Payment API",
        "high",
        "P2",
        datetime(2026, 11, 23, 2, 10, tzinfo=UTC),
        ("Ada Abara",),
        "P1234ABC",
    )
    assert [one.status for one in facts.incidents] == ["triggered", "acknowledged"]
    (change,) = facts.changes
    assert (change.summary, change.source, change.href) == (
        "Deploy 4.2.1",
        "acme-build-pipeline",
        "https://ci.acme.example/build/2",
    )


def test_an_entity_may_have_several_services_one_of_which_is_unknown(server: PagerDutyServer) -> None:
    panel = ask_one({"pagerduty.com/service-id": "P1234ABC, P5678DEF,PGONE99"}, account(server))
    facts = panel.facts
    assert panel.state == "fresh"
    assert [(one.id, one.status) for one in facts.services] == [("P1234ABC", "active"), ("P5678DEF", "maintenance")]
    assert [(one.policy, one.level, one.name) for one in facts.on_call] == [
        ("Databases", 1, "Cy Chen"),
        ("Payments", 1, "Ada Abara"),
        ("Payments", 2, "Ben Bravo"),
    ]
    assert [one.summary for one in facts.changes] == ["Failover", "Deploy 4.2.1"]
    assert facts.unknown == ("PGONE99",)
    assert sorted(server.paths).count("/oncalls") == 1
    assert sorted(server.paths).count("/incidents") == 1


def test_a_service_is_found_by_its_integration_key(server: PagerDutyServer) -> None:
    panel = ask_one({"pagerduty.com/integration-key": KEY}, account(server))
    assert [one.id for one in panel.facts.services] == ["P1234ABC"]
    assert KEY not in repr(panel)
    unknown = ask_one({"pagerduty.com/integration-key": "not-a-key"}, account(server))
    assert (unknown.facts.services, unknown.facts.notes) == ((), ("no service has the integration key",))
    server.mode = "error"
    untold = ask_one({"pagerduty.com/integration-key": KEY}, account(server))
    assert (untold.state, untold.facts.notes) == ("unavailable", ()), "who does not answer has not said so"


def test_the_account_is_the_one_that_the_entity_names_else_the_first(server: PagerDutyServer) -> None:
    with PagerDutyServer() as other:
        accounts = account(server), account(other, "eu")
        assert [one.name for one in ask(PAYMENTS, *accounts)] == ["main"]
        assert [one.name for one in ask(PAYMENTS | {"pagerduty.com/account": "eu"}, *accounts)] == ["eu"]
        (stranger,) = ask(PAYMENTS | {"pagerduty.com/account": "us"}, *accounts)
        assert (stranger.name, stranger.state, stranger.reason) == (
            "us",
            "unavailable",
            "no PagerDuty is configured by that name",
        )


def test_an_id_that_is_a_path_leads_nowhere_else(server: PagerDutyServer) -> None:
    panel = ask_one({"pagerduty.com/service-id": "../users,P1/../../oncalls?x=#y"}, account(server))
    assert panel.facts.services == ()
    assert "/users" not in server.paths


def test_nobody_is_asked_for_an_entity_that_names_no_service(server: PagerDutyServer) -> None:
    assert ask({"pagerduty.com/service-id": " "}, account(server)) == []
    assert ask({"backstage.io/kubernetes-id": "x"}, account(server)) == []
    assert server.asked == []


def test_all_requests_say_which_version_of_the_api_is_meant(server: PagerDutyServer) -> None:
    ask(PAYMENTS, account(server))
    assert {one.headers["accept"] for one in server.asked} == {"application/vnd.pagerduty+json;version=2"}


def test_a_certificate_is_believed_where_the_configuration_says_so(certificate: Path) -> None:
    with PagerDutyServer(certificate) as server:
        told = [
            Instance("main", "pagerduty", server.url, TOKEN, seconds=PATIENCE, ca_file=str(certificate)),
            Instance("main", "pagerduty", server.url, TOKEN, seconds=PATIENCE, verify=False),
        ]
        assert [ask_one(PAYMENTS, one).state for one in told] == ["fresh", "fresh"]
        stranger = ask_one(PAYMENTS, account(server))
        assert stranger.state == "unavailable"
        assert "certificate" in stranger.reason.lower()
