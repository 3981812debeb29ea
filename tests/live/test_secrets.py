"""Marked secrets, planted in the configuration, are in nothing that is shown, logged or raised, whatever a tool does."""

import asyncio
import logging
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest

from ingestors.live.board import Board
from ingestors.live.instance import Instance
from tests.live.pagerduty_server import PagerDutyServer
from tests.live.tool_server import TOKEN, Mode, Reply, ToolServer, run
from tests.programs import PATIENCE
from web.cli.monitoring import open_live_facts
from web.settings import Settings, check_settings

PASSWORD = "marked-password-3e77"
EVERYTHING = {
    "pagerduty.com/service-id": "P1234ABC",
    "prometheus.io/alert": "all",
    "prometheus.io/rule": "up",
    "grafana/dashboard-selector": "x",
    "grafana/alert-label-selector": "a=b",
    "opsgenie.com/team": "x",
    "opsgenie.com/component-selector": "x",
}
CONFIGURATION = """
live:
  pagerduty: {{main: {{url: "{pager}", token: "${{CALLBOARD_TEST_TOKEN}}", private: true}}}}
  prometheus:
    prod: {{url: "{tool}", token: {{file: token}}, web_url: "https://prometheus.acme.example"}}
    eu: {{url: "{tool}/eu/", username: callboard, password: {{file: password}}}}
  alertmanager: {{main: {{url: "{tool}"}}}}
  grafana: {{main: {{url: "{tool}", token: {{file: token}}}}}}
  opsgenie: {{main: {{url: "{tool}", token: {{file: token}}, verify: false}}}}
  timeout: 300ms
  pause: 10s
"""


@pytest.fixture
def tool() -> Iterator[ToolServer]:
    with ToolServer(lambda asked: Reply({"unexpected": True})) as started:
        yield started


@pytest.fixture
def pager() -> Iterator[PagerDutyServer]:
    with PagerDutyServer() as started:
        yield started


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: ToolServer, pager: PagerDutyServer) -> Settings:
    monkeypatch.setenv("CALLBOARD_TEST_TOKEN", TOKEN)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "password").write_text(PASSWORD)
    path = tmp_path / "callboard.yaml"
    path.write_text(CONFIGURATION.format(tool=tool.url, pager=pager.url))
    found = check_settings(path)
    assert isinstance(found, Settings), found
    return found


def is_clean(*texts: Any) -> bool:
    whole = " ".join(map(str, texts)) + " ".join(map(repr, texts))
    return not any(secret in whole for secret in (TOKEN, PASSWORD, "Y2FsbGJvYXJkOm1hcmtlZC"))


@pytest.mark.parametrize("mode", get_args(Mode))
def test_no_secret_is_shown_logged_or_raised_however_a_tool_behaves(
    settings: Settings, tool: ToolServer, pager: PagerDutyServer, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tool.mode = pager.mode = mode
    board = open_live_facts(settings.live)
    assert isinstance(board, Board)
    is_silent = mode in ("hang", "drip")
    # What answers is given all the time that a busy machine may take: what is to be seen is that it was asked.
    seconds = 0.5 if is_silent else PATIENCE
    instances = [replace(asker.instance, seconds=seconds, pause=0.01) for asker in board._askers]

    def told_tool() -> str:
        return " ".join(one.headers.get("authorization", "") for one in list(tool.asked))

    async def work(same: Board) -> list[Any]:
        async with asyncio.timeout(PATIENCE):
            panels, firing = await same.ask(EVERYTHING), await same.firing()
            while not (TOKEN in told_tool() and "Basic " in told_tool()):
                panels, firing = await same.ask(EVERYTHING), await same.firing()
        inside = [vars(asker) | vars(asker._client) | vars(asker._client._client) for asker in same._askers]
        return [panels, firing, same.standings(), same._askers, inside]

    told = run(work, *instances)
    assert len(told[0]) == 6
    assert is_clean(*told, instances, caplog.text, [record.__dict__ for record in caplog.records])
    assert is_clean(orjson.dumps(told[0]), pickle.dumps(told[0]))


def test_each_tool_is_told_only_its_own_secret(settings: Settings, tool: ToolServer, pager: PagerDutyServer) -> None:
    board = open_live_facts(settings.live)
    assert isinstance(board, Board)
    run(lambda same: same.ask(EVERYTHING), *(replace(asker.instance, seconds=PATIENCE) for asker in board._askers))
    schemes = {one.path.split("/api/")[0]: one.headers.get("authorization", "").split(" ")[0] for one in tool.asked}
    assert schemes["/eu"] == "Basic"
    assert {one.headers["authorization"] for one in pager.asked} == {f"Token token={TOKEN}"}
    assert {one.headers.get("authorization") for one in tool.asked if one.path == "/api/v2/alerts"} == {None}


def test_no_way_to_print_the_settings_or_an_instance_shows_a_secret(settings: Settings) -> None:
    assert is_clean(settings, settings.live, settings.live.model_dump(), settings.model_dump_json())
    assert is_clean(Instance("a", "pagerduty", "https://x.example", TOKEN, "u", PASSWORD))


def test_the_times_of_the_settings_are_those_of_every_instance(settings: Settings) -> None:
    board = open_live_facts(settings.live)
    assert isinstance(board, Board)
    assert {(one.instance.seconds, one.instance.pause) for one in board._askers} == {(0.3, 10.0)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("live: {pagerduty: {a: {}}}", "`live.pagerduty.a.token` is missing"),
        ("live: {pagerduty: {a: {token: marked-token-8d1f2c}}}", "must not be written out in the file"),
        ("live: {prometheus: {a: {url: prometheus}}}", "`live.prometheus.a.url` must be a URL"),
        ("live: {prometheus: {a: {url: 'ftp://x'}}}", "`live.prometheus.a.url` must be a URL"),
        ("live: {prometheus: {a: {url: 'http://u:marked-password-3e77@x'}}}", "has a user or a password in it"),
        ("live: {prometheus: {a: {url: 'http://x?token=marked-token-8d1f2c'}}}", "must end with its path"),
        ("live: {grafana: {a: {url: 'http://x', token: '${CALLBOARD_TEST_SPACED}'}}}", "visible ASCII characters only"),
        ("live: {promtheus: {}}", "unknown key `live.promtheus`"),
        ("live: {timeout: 0s}", "`live.timeout` must be a duration"),
    ],
)
def test_a_mistake_is_named_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.setenv("CALLBOARD_TEST_SPACED", f"{TOKEN}\nX-Evil: 1")
    path = tmp_path / "callboard.yaml"
    path.write_text(text)
    found = check_settings(path)
    assert isinstance(found, list)
    assert words in str(found[0])
    assert is_clean(found, [one.hint for one in found])


@pytest.mark.parametrize("token", [f"{TOKEN}\nX-Evil: 1", f"{TOKEN}é"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValueError, match="has characters that cannot be sent") as raised:
        Instance("a", "alertmanager", "http://x.example", token)
    assert is_clean(raised.value, raised.value.args)
