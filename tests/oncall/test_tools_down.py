"""Every live source hangs, drips or is down: the card is there at once, says of each tool since when, and asks nobody twice."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oncall.receiver import Silent
from tests.oncall.serving import Callboard, callboard
from tests.programs import do_within, free_port, wait_for

LIMIT = 0.3
"""Seconds within which the card's own facts are on screen."""
BOXED = 1.2
"""Seconds for what waits for the tools: 0.8 for them."""
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
  pause: {pause}
{tools}
"""
FACTS = ("payments@acme.example", "https://runbooks.acme.example/payment-api", "P1234ABC", "PaymentsDown")


def configure(urls: dict[str, str], pause: str) -> str:
    secret = 'token: "${CALLBOARD_TEST_TOKEN}"'
    tools = "\n".join(f'  {tool}: {{main: {{url: "{url}", {secret}, private: true}}}}' for tool, url in urls.items())
    return CONFIGURATION.format(tools=tools, pause=pause)


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


@pytest.fixture(params=["30s"])
def started(request: pytest.FixtureRequest, tmp_path: Path, silent: dict[str, Silent | None]) -> Iterator[Callboard]:
    """A Callboard that leaves a tool that is down alone for so long."""
    (tmp_path / "catalog-info.yaml").write_text(CATALOG)
    urls = {tool: one.url if one else f"http://127.0.0.1:{free_port()}" for tool, one in silent.items()}
    environment = {"CALLBOARD_TEST_TOKEN": "a-token-for-all"}
    with callboard(tmp_path, configure(urls, request.param), environment=environment) as running:
        yield running


def read_page(started: Callboard) -> str:
    page = started.client.get(PAGE)
    assert page.status_code == 200
    assert all(fact in page.text for fact in FACTS)
    return page.text


@pytest.mark.parametrize("silent", ["hang", "drip"], indirect=True)
@pytest.mark.parametrize("started", ["1ms"], indirect=True)
def test_who_is_told_of_tools_that_do_not_answer_waits_a_limited_time(started: Callboard) -> None:
    """They are asked again and again here, so that each try meets them while they are being asked."""
    do_within(LIMIT, lambda: read_page(started))
    for address in (CARD, f"{PAGE}/live", "/oncall/incident?now=1", "/api/oncall/incident?now=1"):
        answer = do_within(BOXED, lambda address=address: started.client.get(address))  # type: ignore[misc]
        assert answer.status_code == 200, address


def test_each_tool_says_since_when_it_is_down_and_is_left_alone(
    started: Callboard, silent: dict[str, Silent | None]
) -> None:
    read_page(started)
    wait_for(lambda: not any(one["state"] == "asking" for one in read_panels(started).values()), "it goes on asking")
    panels = read_panels(started)
    assert set(panels) == set(TOOLS)
    for panel in panels.values():
        assert panel["state"] == "unavailable"
        assert panel["since"]
        assert panel["reason"]
    page = read_page(started)
    assert len(re.findall(r"unavailable since <time", page)) == len(TOOLS)
    assert 'http-equiv="refresh"' not in page, "the page loads itself again and again"
    assert started.client.get("/api/oncall/incident?now=1").json()["isWhole"] is False
    assert "Not every tool answered" in started.client.get("/oncall/incident?now=1").text
    assert_left_alone(started, silent)


def read_panels(started: Callboard) -> dict[str, Any]:
    """What the card says of each tool."""
    told = started.client.get(CARD).json()
    assert told["owners"][0]["entityRef"] == "group:default/team-payments"
    return {one["tool"]: one for one in told["live"]}


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
