"""The demo catalog, if it is at hand: entities, relations, facets and lookups as the real Backstage answered them.

The folder is named by CALLBOARD_DEMO or stands as `shared/demo` beside the checkout; a lone clone skips this.
"""

import json
import os
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import httpx
import pytest

from tests.conformance.compare import find_differences
from tests.conformance.exchange import Exchange, Request, answer, part_of, send
from tests.conformance.replay import Serve

HERE = Path(__file__).resolve().parents[2]
# The demo's README says that its answers were recorded over a catalog in this place.
PLACE = Path("/srv/demo/catalog")
# Entities, relations, facets and lookups; the rest changes state or ranks search hits.
COMPARED = ("entities-", "facets", "byname", "byrefs", "byuid-404", "byquery-", "validate-")
# Recorded after locations had been added and deleted.
AFTER_CHANGES = ("byname-from-url", "byname-after", "byname-right-after")
# One bad document no longer hides its good siblings: what follows from that, by name.
SIBLINGS_SHOWN: dict[str, str] = {}


def find_demo() -> Path | None:
    """The demo's folder, if there is one."""
    named = os.environ.get("CALLBOARD_DEMO")
    path = Path(named) if named else HERE.parent / "shared" / "demo"
    return path if (path / "answers").is_dir() else None


def lay_out_demo(demo: Path) -> Path:
    """Copy the catalog to where it was recorded and give its entry; skip where that cannot be written."""
    try:
        rmtree(PLACE, ignore_errors=True)
        copytree(demo / "catalog", PLACE)
    except OSError as error:
        pytest.skip(f"the demo's catalog must be copied to {PLACE}, and cannot: {error}")
    return PLACE / "all.yaml"


def read_answer(path: Path) -> Exchange:
    """One file of the demo's answers as an exchange; its unordered lists are compared in any order."""
    data = json.loads(path.read_text(encoding="utf-8"))
    asked, given = data["request"], data["response"]
    request = Request(asked["method"], asked["path"], asked["headers"] or {}, asked["body"])
    headers = {name: given["headers"][name] for name in ("content-type",) if name in given["headers"]}
    compare = "any order" if given["status"] == 200 else "whole"
    return Exchange(path.stem, 1, request, given["status"], headers, given.get("json"), given.get("text"), compare)


def is_compared(exchange: Exchange) -> bool:
    """Whether the answer depends on nothing but the catalog's files."""
    name = exchange.name.partition("-")[2]
    if (
        exchange.request.method not in ("GET", "POST")
        or name.startswith(AFTER_CHANGES)
        or not name.startswith(COMPARED)
    ):
        return False
    # Pages in uid order and cursors differ from run to run: those recorded here are compared over other catalogs.
    pages = ("limit=", "offset=", "cursor=", "after=")
    return exchange.status != 200 or not any(mark in exchange.request.path for mark in pages)


def test_the_demo_is_answered_as_recorded(serve: Serve) -> None:
    demo = find_demo()
    if demo is None:
        pytest.skip("no demo: set CALLBOARD_DEMO to its folder")
    recorded = [read_answer(path) for path in sorted((demo / "answers").glob("*.json"))]
    compared = [exchange for exchange in recorded if is_compared(exchange)]
    with serve(lay_out_demo(demo), {}) as client:
        found = {exchange.name: ask(client, exchange) for exchange in compared}
    shown = {name: lines[:6] for name, lines in found.items() if lines and name not in SIBLINGS_SHOWN}
    assert not shown, f"{len(shown)} of {len(compared)} answers differ: {json.dumps(shown, indent=1)}"


def ask(client: httpx.Client, exchange: Exchange) -> list[str]:
    """Send one of the demo's requests and say what differs in content type, status and JSON."""
    kept: dict[str, Any] = {}
    given = answer(exchange, send(client, exchange.request, kept), kept)
    headers = {name: value for name, value in given.headers.items() if name in exchange.headers}
    given = Exchange(**{**given.__dict__, "headers": headers})
    return find_differences(exchange, given, [], {})
