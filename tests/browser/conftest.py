"""Debian's Chromium, and a Callboard over the sample catalog with some things broken; one of each for a test file."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from urllib.parse import quote

import httpx
import pytest

from tests.browser.opening import CHROMIUM, launch
from tests.browser.serving import SAMPLE, serve, write_broken
from tests.programs import PATIENCE
from tests.web.shelf import open_gate

collect_ignore = ["node_modules"]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    # In CI a missing browser is a failure: the tests run, and cannot start it.
    if not CHROMIUM.exists() and "CI" not in os.environ:
        pytest.skip("needs Chromium at /usr/bin/chromium")
    with launch() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def gate() -> Event:
    """What the slow source waits for."""
    return open_gate()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, gate: Event) -> Iterator[str]:
    broken: Path = write_broken(tmp_path_factory.mktemp("broken"))
    with serve([SAMPLE, broken], gate=gate) as base:
        yield base


@pytest.fixture(scope="module")
def parts(address: str) -> dict[str, str]:
    """What stands in the examples for the parts of an address that only the server knows."""
    sources = httpx.get(f"{address}/api/sources", timeout=PATIENCE).json()["items"]
    problems = httpx.get(f"{address}/api/problems", timeout=PATIENCE).json()["items"]
    folder = next(one["name"] for one in sources if "sample-catalog" in one["name"])
    return {"folder": quote(folder, safe=""), "broken": quote(problems[0]["file"], safe="")}
