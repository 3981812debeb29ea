"""Every live source hangs, drips or is down: the card is there at once, says of each tool since when, and asks nobody twice."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oncall.receiver import Silent
from tests.oncall.serving import Callboard, callboard
from tests.programs import free_port

LIMIT = 0.3
"""Seconds within which the card's own facts are on screen."""
BOXED = 2.0
"""Seconds for what waits for the tools: 0.8 for them, the others for a machine that has more to do."""
PAGE = "/oncall/default/component/payment-api"
CARD = "/api/oncall/component/default/payment-api"
CATALOG = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-payments}
spec: {type: team, children: [], profile: {email: payments@acme.example}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payment-api
  annotations:
    pagerduty.com/service-id: P1234ABC
    prometheus.io/alert: PaymentsDown
    prometheus.io/rule: up
    grafana/dashboard-selector: payments
    grafana/alert-label-selector: service=payment-api
    opsgenie.com/component-selector: tag:payments
    opsgenie.com/team: payments
  links: [{url: "https://runbooks.acme.example/payment-api", title: Runbook, type: runbook}]
spec: {type: service, lifecycle: production, owner: team-payments}
"""
TOOLS = ("pagerduty", "prometheus", "alertmanager", "grafana", "opsgenie")
CONFIGURATION = """
sources: [{{type: file, path: catalog-info.yaml}}]
database: "sqlite://"
live:
{tools}
"""
FACTS = ("payments@acme.example", "https://runbooks.acme.example/payment-api", "P1234ABC", "PaymentsDown")


def configure(urls: dict[str, str]) -> str:
    secret = 'token: "${CALLBOARD_TEST_TOKEN}"'
    tools = "\n".join(f'  {tool}: {{main: {{url: "{url}", {secret}, private: true}}}}' for tool, url in urls.items())
    return CONFIGURATION.format(tools=tools)


@pytest.fixture(params=["hang", "drip", "refuse"])
def silent(request: pytest.FixtureRequest) -> Iterator[dict[str, Silent | None]]:
    """What each tool is: takes connections and says nothing, drips, or is not there."""
    if request.param == "refuse":
        yield dict.fromkeys(TOOLS)
        return
    made = {tool: Silent(drips=request.param == "drip") for tool in TOOLS}
    for one in made.values():
        one.__enter__()
    yield dict(made)
    for one in made.values():
        one.__exit__()


@pytest.fixture
def started(tmp_path: Path, silent: dict[str, Silent | None]) -> Iterator[Callboard]:
    (tmp_path / "catalog-info.yaml").write_text(CATALOG)
    urls = {tool: one.url if one else f"http://127.0.0.1:{free_port()}" for tool, one in silent.items()}
    environment = {"CALLBOARD_TEST_TOKEN": "a-token-for-all"}
    with callboard(tmp_path, configure(urls), environment=environment) as running:
        yield running


def timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    began = time.monotonic()
    return ask(), time.monotonic() - began


def test_the_cards_own_facts_do_not_wait_and_each_tool_says_since_when_it_is_down(
    started: Callboard, silent: dict[str, Silent | None]
) -> None:
    client = started.client
    time.sleep(2)  # it reads modules and templates in the second after its start
    pages = [timed(lambda: client.get(PAGE)) for _ in range(12)]  # the first of them while the tools are being asked
    for page, _ in pages:
        assert page.status_code == 200
        assert all(fact in page.text for fact in FACTS)
    times = sorted(seconds for _, seconds in pages)
    assert times[8] < LIMIT, times  # the others may meet other processes' work
    told, seconds = timed(lambda: client.get(CARD).json())
    assert seconds < BOXED
    assert told["owners"][0]["entityRef"] == "group:default/team-payments"
    panels = {one["tool"]: one for one in told["live"]}
    assert set(panels) == set(TOOLS)
    for panel in panels.values():
        assert panel["state"] == "unavailable"
        assert panel["since"]
        assert panel["reason"]
    page = client.get(PAGE)
    assert len(re.findall(r"unavailable since <time", page.text)) == len(TOOLS)
    assert 'http-equiv="refresh"' not in page.text, "the page loads itself again and again"
    assert_left_alone(started, silent)


def assert_left_alone(started: Callboard, silent: dict[str, Silent | None]) -> None:
    """However often the card is asked for, and while nobody asks, the tools get no further connections."""
    before = {tool: one.connections for tool, one in silent.items() if one}
    assert all(count <= 6 for count in before.values()), before
    for _ in range(20):
        assert started.client.get(PAGE).status_code == 200
        started.client.get("/api/oncall/incident", params={"now": "1"})
    time.sleep(1)
    after = {tool: one.connections for tool, one in silent.items() if one}
    assert sum(after.values()) - sum(before.values()) <= 2, (before, after)


@pytest.mark.parametrize("silent", ["hang"], indirect=True)
def test_what_is_asked_of_all_tools_is_answered_in_time_too(started: Callboard) -> None:
    for address in ("/oncall/incident?now=1", "/api/oncall/incident?now=1", f"{PAGE}/live"):
        answer, seconds = timed(lambda address=address: started.client.get(address))  # type: ignore[misc]
        assert answer.status_code == 200
        assert seconds < BOXED, (address, seconds)
    assert started.client.get("/api/oncall/incident?now=1").json()["isWhole"] is False
    assert "Not every tool answered" in started.client.get("/oncall/incident?now=1").text
