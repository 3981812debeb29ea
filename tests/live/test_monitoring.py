"""A real Prometheus and a real Alertmanager: alerts that fire, wait, are silenced and inhibited, as an entity sees them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.alerts import Alert
from catalog.live import Firing, Panel
from ingestors.live.board import Board
from ingestors.live.instance import Instance
from tests.live.monitoring import Monitoring, monitoring
from tests.live.tool_server import ask, ask_one, expire, run
from tests.programs import PATIENCE, wait_for

RULES = """
groups:
- name: payments
  rules:
  - alert: PaymentsDown
    expr: vector(7) > 0
    labels: {severity: critical, service: payment-api, team: payments}
    annotations: {summary: "Payments are down", runbook_url: "https://runbooks.acme.example/payments-down"}
  - alert: PaymentsSlow
    expr: vector(1)
    labels: {severity: warning, service: payment-api}
    annotations: {summary: "Payments are slow"}
  - alert: PaymentsLog
    expr: vector(1)
    labels: {severity: info, service: payment-api}
  - alert: PaymentsQueue
    expr: vector(1)
    for: 1h
    labels: {severity: warning, service: payment-queue}
  - alert: PaymentsGone
    expr: vector(0) > 0
    labels: {severity: critical, service: payment-api}
  - alert: BrokenRule
    expr: vector(1) + on() (label_replace(vector(1), "b", "1", "", "") or label_replace(vector(1), "b", "2", "", ""))
  - alert: ByInstance
    expr: >-
      label_replace(vector(1), "service", "order-api", "", "")
      or label_replace(vector(1), "service", "cart-api", "", "")
    labels: {severity: warning}
  - record: payments:rate
    expr: vector(42)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    with monitoring(tmp_path_factory.mktemp("monitoring"), RULES) as started:
        expected = {"PaymentsDown": "active", "PaymentsSlow": "suppressed", "PaymentsLog": "suppressed"}
        started.silence("PaymentsSlow")
        wait_for(lambda: expected.items() <= started.states().items(), "Alertmanager does not have the alerts")
        yield started


@pytest.fixture
def prometheus(world: Monitoring) -> Instance:
    return Instance("prod", "prometheus", world.prometheus, seconds=PATIENCE, web_url="https://prometheus.acme.example")


@pytest.fixture
def alertmanager(world: Monitoring) -> Instance:
    return Instance("alerts", "alertmanager", world.alertmanager, seconds=PATIENCE)


def states(panel: Panel) -> dict[str, str]:
    return {alert.name: alert.state for alert in panel.facts.alerts}


def test_declared_alerts_are_told_with_their_state_and_those_that_there_are_none_of(prometheus: Instance) -> None:
    panel = ask_one({"prometheus.io/alert": "PaymentsDown,PaymentsQueue, PaymentsGone,NoSuchAlert"}, prometheus)
    assert (panel.state, panel.facts.unknown) == ("fresh", ("NoSuchAlert",))
    assert states(panel) == {"PaymentsDown": "firing", "PaymentsQueue": "pending", "PaymentsGone": "inactive"}
    down = panel.facts.alerts[0]
    assert (down.severity, down.summary, down.runbook, down.value) == (
        "critical",
        "Payments are down",
        "https://runbooks.acme.example/payments-down",
        "7e+00",
    )
    assert down.since is not None
    assert down.href == "https://prometheus.acme.example/alerts?search=PaymentsDown"


def test_labels_pick_rules_and_single_alerts_of_a_rule(prometheus: Instance) -> None:
    by_rule = ask_one({"prometheus.io/labels": "service=payment-api,severity=critical"}, prometheus)
    assert states(by_rule) == {"PaymentsDown": "firing", "PaymentsGone": "inactive"}
    by_alert = ask_one({"prometheus.io/alert": "all", "prometheus.io/labels": "service=order-api"}, prometheus)
    assert [alert.labels["service"] for alert in by_alert.facts.alerts] == ["order-api"]
    named = ask_one({"prometheus.io/alert": "ByInstance", "prometheus.io/labels": "service=nowhere"}, prometheus)
    assert named.facts.alerts == ()


def test_all_means_every_rule(prometheus: Instance) -> None:
    names = [alert.name for alert in ask_one({"prometheus.io/alert": "all"}, prometheus).facts.alerts]
    assert len(names) == 8
    assert set(names) >= {"PaymentsDown", "PaymentsGone", "ByInstance"}


def test_a_query_is_told_by_the_dimension_asked_for(prometheus: Instance) -> None:
    query = 'label_replace(vector(3), "service", "a,b|c", "", "")|service, sum by (x,y) (vector(4)),scalar(vector(5))'
    readings = ask_one({"prometheus.io/rule": query}, prometheus).facts.readings
    assert [one.rows for one in readings] == [(("a,b|c", "3"),), (("", "4"),), (("", "5"),)]
    assert readings[1].query == "sum by (x,y) (vector(4))"
    assert readings[1].href.startswith("https://prometheus.acme.example/graph?g0.expr=sum+by+")


def test_a_wrong_query_spoils_nothing_else(prometheus: Instance) -> None:
    panel = ask_one({"prometheus.io/rule": "sum(,vector(1)", "prometheus.io/alert": "PaymentsDown"}, prometheus)
    assert states(panel) == {"PaymentsDown": "firing"}
    assert (panel.state, panel.reason) == ("unavailable", "it answers 400")


def test_alertmanager_tells_what_is_silenced_and_inhibited(alertmanager: Instance) -> None:
    panel = ask_one({"prometheus.io/labels": "service=payment-api"}, alertmanager)
    assert states(panel) == {"PaymentsDown": "firing", "PaymentsSlow": "silenced", "PaymentsLog": "inhibited"}
    (silence,) = next(alert for alert in panel.facts.alerts if alert.state == "silenced").silences
    assert (silence.by, silence.comment) == ("ada", "known")
    assert silence.until is not None
    assert "filter=%7Balertname%3D%22PaymentsDown%22%7D" in panel.facts.alerts[0].href


def test_the_named_instance_is_asked_else_all(prometheus: Instance, alertmanager: Instance, world: Monitoring) -> None:
    other = Instance("eu", "prometheus", world.prometheus, seconds=PATIENCE)
    alert = {"prometheus.io/alert": "PaymentsDown"}
    assert [one.name for one in ask(alert, prometheus, other, alertmanager)] == ["prod", "eu", "alerts"]
    named = ask(alert | {"prometheus.io/service-name": "eu"}, prometheus, other)
    assert [one.name for one in named] == ["eu"]


@pytest.fixture
def firing(prometheus: Instance, alertmanager: Instance) -> Firing:
    return run(lambda board: board.firing(), prometheus, alertmanager)


def test_what_fires_at_all_is_told_once_and_as_alertmanager_has_it(firing: Firing) -> None:
    assert firing.is_whole
    assert [panel.tool for panel in firing.panels] == ["prometheus", "alertmanager"]
    by_name = {alert.name: (alert.state, alert.tool) for alert in firing.alerts.all}
    assert by_name["PaymentsDown"] == ("firing", "alertmanager")
    assert by_name["PaymentsSlow"] == ("silenced", "alertmanager")
    assert by_name["PaymentsQueue"] == ("pending", "prometheus")
    assert "PaymentsGone" not in by_name
    assert [alert.name for alert in firing.now].count("PaymentsDown") == 1
    assert {"PaymentsDown", "ByInstance"} <= {alert.name for alert in firing.now}


def test_of_what_fires_each_entity_has_its_own_without_another_question(firing: Firing) -> None:
    def names(annotations: dict[str, str]) -> list[tuple[str, str]]:
        return [(alert.name, alert.state) for alert in firing.of(annotations)]

    assert names({"prometheus.io/alert": "PaymentsDown,PaymentsGone"}) == [("PaymentsDown", "firing")]
    assert names({"prometheus.io/labels": "service=cart-api"}) == [("ByInstance", "firing")]
    assert names({"prometheus.io/alert": "PaymentsQueue", "prometheus.io/service-name": "other"}) == []
    assert names({}) == []
    assert [alert.state for alert in firing.named(["PaymentsSlow", "PaymentsGone"])] == ["silenced"]


def test_a_rule_that_cannot_be_evaluated_is_unknown_not_quiet(prometheus: Instance) -> None:
    def alert(panel: Panel) -> Alert:
        return panel.facts.alerts[0]

    broken = alert(ask_one({"prometheus.io/alert": "BrokenRule"}, prometheus))
    assert broken.state == "unknown"
    assert broken.problem


def test_both_are_told_when_they_hang_come_back_and_end(tmp_path: Path) -> None:
    annotations = {"prometheus.io/alert": "PaymentsDown"}
    with monitoring(tmp_path, RULES) as world:
        instances = [
            Instance("prod", "prometheus", world.prometheus, pause=0.5, seconds=1.5),
            Instance("alerts", "alertmanager", world.alertmanager, pause=0.5, seconds=1.5),
        ]
        wait_for(lambda: "PaymentsDown" in world.states(), "Alertmanager does not have the alert")

        async def work(board: Board) -> list[list[Panel]]:
            with world.hanging():
                began = time.monotonic()
                hanging = await ask_until(board, lambda one: one.state == "unavailable")
                assert time.monotonic() - began < 10
            back = await ask_until(board, lambda one: one.state in ("fresh", "cached"))
            world.end()
            expire(board)
            return [hanging, back, await ask_until(board, lambda one: "cannot be connected to" in one.reason)]

        async def ask_until(board: Board, is_so: Callable[[Panel], bool]) -> list[Panel]:
            """The panels once it is so for all of them, as it soon is."""
            async with asyncio.timeout(PATIENCE):
                while not all(map(is_so, panels := await board.ask(annotations))):
                    await asyncio.sleep(0.05)
            return panels

        hanging, back, ended = run(work, *instances)
    assert [(one.state, one.reason, one.facts.alerts) for one in hanging] == [
        ("unavailable", "no answer within 1.5 seconds", ())
    ] * 2
    assert [states(one) for one in back] == [{"PaymentsDown": "firing"}] * 2
    assert [(one.state, states(one)) for one in ended] == [("unavailable", {"PaymentsDown": "firing"})] * 2
