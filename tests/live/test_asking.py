"""Tools that are slow, hang, fail, limit or are down: the time is kept, the reason told, and nobody is asked over and over."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.live import Panel
from ingestors.live.board import Board
from ingestors.live.circuit import Circuit
from ingestors.live.instance import Instance
from tests.live.pagerduty_server import PagerDutyServer
from tests.live.tool_server import TOKEN, Asked, Mode, Reply, ToolServer, ask_one, expire, land, run
from tests.programs import PATIENCE

DOWN = {"prometheus.io/alert": "Down"}
PAYMENTS = {"pagerduty.com/service-id": "P1234ABC"}
BOX = 0.3
"""Seconds for a tool that does not answer."""
SLACK = 5.0
"""Seconds that a machine with other work may take besides; without a limit, it would be a minute."""


def alert(name: str) -> dict[str, Any]:
    status = {"state": "active", "silencedBy": [], "inhibitedBy": []}
    return {"labels": {"alertname": name}, "annotations": {}, "startsAt": "2026-11-23T02:00:00Z", "status": status}


@pytest.fixture
def server() -> Iterator[ToolServer]:
    """What answers as an Alertmanager with one alert."""
    with ToolServer(lambda asked: Reply([alert("Down")])) as started:
        yield started


@pytest.fixture
def pager() -> Iterator[PagerDutyServer]:
    with PagerDutyServer() as started:
        yield started


class Clock:
    """Time that passes when it is told to, for how long a tool is left alone."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in ("asker", "circuit"):
        monkeypatch.setattr(f"ingestors.live.{module}.time", made)
    return made


def tool(server: ToolServer, *, seconds: float = PATIENCE, pause: float = 30.0, **more: Any) -> Instance:
    kind = "pagerduty" if isinstance(server, PagerDutyServer) else "alertmanager"
    return Instance("one", kind, server.url, TOKEN, seconds=seconds, pause=pause, **more)  # type: ignore[arg-type]


async def one(board: Board, annotations: Mapping[str, str] = DOWN, seconds: float | None = None) -> Panel:
    (panel,) = await board.ask(annotations, seconds)
    return panel


async def settled(board: Board) -> Panel:
    """The panel once it says what came of the question: whoever is held up in that very moment is told `asking`."""
    while (panel := await one(board)).state == "asking":
        pass
    return panel


async def timed(work: Awaitable[Any]) -> tuple[Any, float]:
    began = time.monotonic()
    return await work, time.monotonic() - began


FAILURES: list[tuple[Mode, str]] = [
    ("hang", "no answer within 0.3 seconds"),
    ("drip", "no answer within 0.3 seconds"),
    ("error", "it answers 503"),
    ("limited", "it wants to be asked less often (429)"),
    ("login", "its answer is not JSON; is `url` that of its API?"),
    ("refuse", "it does not take the token (401)"),
    ("forbid", "the token may not ask this (403)"),
    ("garbage", "its answer is not one of Alertmanager's"),
    ("move", "it sends on to another address (302), which is not asked"),
    ("echo", "its answer holds the secret that it is asked with; it is not shown"),
]


@pytest.mark.parametrize(("mode", "reason"), FAILURES)
def test_each_failure_is_told_in_time_with_its_reason_and_the_tool_is_left_alone(
    server: ToolServer, mode: Mode, reason: str
) -> None:
    server.mode = mode
    began = datetime.now(UTC)

    async def work(board: Board) -> list[tuple[Panel, float]]:
        return [await timed(settled(board)) for _ in range(5)]

    is_silent = mode in ("hang", "drip")
    told = run(work, tool(server, seconds=BOX if is_silent else PATIENCE))
    for panel, seconds in told:
        assert (panel.state, panel.reason) == ("unavailable", reason)
        assert panel.since == told[0][0].since
        assert panel.since is not None
        assert panel.since >= began
        assert panel.facts.alerts == ()
        assert panel.asked_at is None
        assert seconds < BOX + SLACK
    assert min(seconds for _, seconds in told[1:]) < BOX
    assert len(server.asked) == 1 or (is_silent and not server.asked)  # a busy machine may not even connect in time


def test_one_that_is_down_is_told_at_once(server: ToolServer) -> None:
    server.stop()

    async def work(board: Board) -> list[tuple[Panel, float]]:
        return [await timed(one(board)) for _ in range(3)]

    told = run(work, tool(server))
    assert {panel.state for panel, _ in told} == {"unavailable"}
    assert "cannot be connected to" in told[0][0].reason
    assert len({panel.since for panel, _ in told}) == 1
    assert max(seconds for _, seconds in told) < SLACK
    assert server.asked == []


def test_what_was_known_stays_on_show_with_its_age_while_the_tool_is_down(server: ToolServer) -> None:
    async def work(board: Board) -> tuple[Panel, Panel, Panel]:
        fresh, cached = await one(board), await one(board)
        expire(board)
        server.mode = "error"
        return fresh, cached, await one(board)

    fresh, cached, down = run(work, tool(server))
    assert (fresh.state, cached.state, down.state) == ("fresh", "cached", "unavailable")
    assert fresh.facts == cached.facts == down.facts
    assert fresh.asked_at == cached.asked_at == down.asked_at
    assert down.since is not None
    assert fresh.asked_at is not None
    assert down.since > fresh.asked_at
    assert len(server.asked) == 2


def test_many_who_ask_at_once_are_one_question(server: ToolServer) -> None:
    server.mode, server.seconds = "slow", 0.1

    async def work(board: Board) -> list[Panel]:
        panels = await asyncio.gather(*(one(board, {"prometheus.io/alert": f"A{n},Down"}) for n in range(50)))
        firing = await board.firing()
        return [*panels, *firing.panels]

    panels = run(work, tool(server))
    assert all(panel.facts.alerts for panel in panels)
    assert len(server.asked) == 1


def test_after_the_pause_one_question_finds_out_whether_it_is_up_again(server: ToolServer, clock: Clock) -> None:
    server.mode = "refuse"
    pause = 30.0

    async def work(board: Board) -> tuple[list[Panel], int, list[Panel]]:
        await one(board)
        clock.now += pause + 0.1
        tries = [await one(board) for _ in range(3)]
        asked = len(server.asked)
        server.mode = ""
        clock.now += pause + 0.1
        return tries, asked, [await one(board), await one(board)]

    tries, asked, after = run(work, tool(server, pause=pause))
    assert asked == 2
    assert len({panel.since for panel in tries}) == 1
    assert [panel.state for panel in after] == ["fresh", "cached"]
    assert [panel.since for panel in after] == [None, None]


def test_all_of_a_panel_is_there_at_once_when_a_tool_is_up_again(pager: PagerDutyServer, clock: Clock) -> None:
    pager.mode = "refuse"

    async def work(board: Board) -> tuple[Panel, Panel]:
        down = await one(board, PAYMENTS)
        pager.mode = ""
        clock.now += 30.1
        return down, await one(board, PAYMENTS)

    down, up = run(work, tool(pager, pause=30.0))
    assert down.state == "unavailable"
    assert (up.state, len(up.facts.on_call), len(up.facts.incidents)) == ("fresh", 2, 2)


def test_a_limit_is_kept_for_as_long_as_the_tool_asks(server: ToolServer, clock: Clock) -> None:
    server.mode = "limited"

    async def work(board: Board) -> tuple[Panel, Panel]:
        await one(board)
        server.mode = ""
        clock.now += 0.5
        early = await one(board)
        clock.now += 0.6
        return early, await one(board)

    early, late = run(work, tool(server, pause=0.05))
    assert (early.state, late.state) == ("unavailable", "fresh")
    assert len(server.asked) == 2


@pytest.mark.usefixtures("clock")
def test_the_last_request_of_a_limit_is_the_last_until_it_is_over(pager: PagerDutyServer) -> None:
    pager.left = 3

    async def work(board: Board) -> tuple[Panel, Panel]:
        return await one(board, PAYMENTS), await one(board, {"pagerduty.com/service-id": "P5678DEF"})

    first, second = run(work, tool(pager))
    assert len(pager.asked) == 3
    assert first.facts.services
    assert first.facts.incidents
    assert (second.state, second.reason) == ("unavailable", "its rate limit is used up")


def test_what_was_under_way_when_a_limit_was_used_up_does_not_end_the_rest(clock: Clock) -> None:
    circuit = Circuit(pause=1.0)
    circuit.open("its rate limit is used up", rest=7.0)
    circuit.hear()
    circuit.open("no answer within 0.3 seconds")
    circuit.hear()
    clock.now += 6.9
    assert not circuit.admits()
    clock.now += 0.2
    assert circuit.admits()
    circuit.hear()
    assert circuit.since is None


@pytest.fixture
def gate(server: ToolServer) -> threading.Event:
    """What the server waits for before it answers."""
    made, answer = threading.Event(), server.answer

    def wait(asked: Asked) -> Reply:
        made.wait(PATIENCE)
        return answer(asked)

    server.answer = wait
    return made


def test_an_answer_that_is_late_for_one_is_there_for_the_next(server: ToolServer, gate: threading.Event) -> None:
    async def work(board: Board) -> tuple[tuple[Panel, float], Panel]:
        early = await timed(one(board, seconds=0.05))
        gate.set()
        await land(board)
        return early, await one(board, seconds=0)

    (early, seconds), late = run(work, tool(server))
    assert (early.state, early.facts.alerts, seconds < SLACK) == ("asking", (), True)
    assert (late.state, [one.name for one in late.facts.alerts]) == ("cached", ["Down"])
    assert len(server.asked) == 1


def test_who_gives_up_waiting_ends_nobody_elses_question(server: ToolServer, gate: threading.Event) -> None:
    async def work(board: Board) -> Panel:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await board.ask(DOWN)
        gate.set()
        return await one(board)

    assert run(work, tool(server)).state == "fresh"
    assert len(server.asked) == 1


def test_one_slow_part_does_not_take_the_others_with_it(pager: PagerDutyServer) -> None:
    pager.mode, pager.only = "hang", "/incidents"
    panel, again = run(_twice, tool(pager, seconds=3.0))
    for told in (panel, again):
        assert (told.state, told.reason) == ("unavailable", "no answer within 3 seconds")
        assert len(told.facts.on_call) == 2
        assert told.facts.services
        assert told.facts.changes
    assert pager.paths.count("/incidents") == 1


async def _twice(board: Board) -> tuple[Panel, Panel]:
    return await one(board, PAYMENTS, PATIENCE), await one(board, PAYMENTS, PATIENCE)


def test_when_everything_hangs_a_hundred_entities_cost_a_few_questions(pager: PagerDutyServer) -> None:
    pager.mode = "hang"

    async def work(board: Board) -> float:
        began = time.monotonic()
        for number in range(100):
            await one(board, {"pagerduty.com/service-id": f"P{number}"})
        return time.monotonic() - began

    assert run(work, tool(pager, seconds=BOX)) < BOX + SLACK
    assert len(pager.asked) <= 3


def test_tools_are_asked_side_by_side() -> None:
    all_asked = threading.Barrier(8)

    def answer(asked: Asked) -> Reply:
        all_asked.wait(PATIENCE / 2)  # none answers before each of them is asked
        return Reply([])

    with ExitStack() as stack:
        servers = [stack.enter_context(ToolServer(answer)) for _ in range(8)]
        panels = run(lambda board: board.ask(DOWN), *map(tool, servers))
    assert [panel.state for panel in panels] == ["fresh"] * 8


def test_what_fires_is_not_whole_while_a_tool_hangs(server: ToolServer) -> None:
    server.mode = "hang"
    with ToolServer(lambda asked: Reply([alert("Up")])) as other:
        firing = run(lambda board: board.firing(2.0), tool(server, seconds=BOX), tool(other))
    assert not firing.is_whole
    assert [one.name for one in firing.now] == ["Up"]


def test_the_standings_tell_who_is_down_and_ask_nobody(server: ToolServer) -> None:
    async def work(board: Board) -> list[tuple[str, str]]:
        told = [(one.name, one.reason) for one in board.standings()]
        server.mode = "refuse"
        await board.ask(DOWN)
        return told + [(one.name, one.reason) for one in board.standings()]

    assert run(work, tool(server)) == [("one", ""), ("one", "it does not take the token (401)")]


@pytest.mark.parametrize(
    ("url", "private", "words"),
    [
        ("http://169.254.169.254", True, "which is never asked"),
        ("http://localhost:1", False, "`private: true` beside its `url` lets it be asked"),
        ("http://nowhere.invalid", True, "cannot be connected to"),
    ],
)
def test_an_address_that_may_not_be_asked_is_not(url: str, private: bool, words: str) -> None:
    panel = ask_one(DOWN, Instance("one", "alertmanager", url, TOKEN, private=private, seconds=PATIENCE))
    assert panel.state == "unavailable"
    assert words in panel.reason


def test_a_bug_in_one_tool_leaves_the_others_be(server: ToolServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    from ingestors.live import pagerduty

    monkeypatch.setattr(pagerduty, "_incidents", fail)
    with PagerDutyServer() as pager:
        told = run(lambda board: board.ask(DOWN | PAYMENTS), tool(pager), tool(server))
    assert [(one.tool, one.state, one.reason) for one in told] == [
        ("pagerduty", "unavailable", "internal error"),
        ("alertmanager", "fresh", ""),
    ]


def test_an_answer_that_is_too_large_is_left_off(server: ToolServer) -> None:
    server.answer = lambda asked: Reply("x" * 21_000_000)
    panel = run(one, tool(server))
    assert (panel.state, panel.reason) == ("unavailable", "its answer is larger than 20,000,000 bytes")


def test_a_moment_after_the_end_of_time_spoils_no_answer(server: ToolServer) -> None:
    server.answer = lambda asked: Reply([alert("Down") | {"startsAt": "9999-12-31T23:59:59-05:00"}])
    panel = run(one, tool(server))
    assert (panel.state, [(one.name, one.since) for one in panel.facts.alerts]) == ("fresh", [("Down", None)])
