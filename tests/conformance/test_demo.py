"""The demo catalog, if it is at hand: entities, relations, facets and lookups as the real Backstage answered them.

The folder is named by CALLBOARD_DEMO or stands as `shared/demo` beside the checkout; a lone clone skips this.
"""

import json
import os
from dataclasses import replace
from hashlib import sha1
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import httpx
import pytest

from tests.conformance.compare import find_differences
from tests.conformance.exchange import Exchange, Request, answer, part_of, send
from tests.conformance.replay import DEFAULT, Serve

HERE = Path(__file__).resolve().parents[2]
# The demo's README says that its answers were recorded over a catalog in this place.
PLACE = Path("/srv/demo/catalog")
NAME = "generated-" + sha1(f"file:{PLACE}/all.yaml".encode()).hexdigest()
OLD_NAME = "generated-7945871f8998594ae7ecca70f314797144339db6"
# Entities, relations, facets and lookups; the rest changes state or ranks search hits.
COMPARED = ("entities-", "facets", "byname", "byrefs", "byuid-404", "byquery-", "validate-")
# Recorded after locations had been added and deleted.
AFTER_CHANGES = ("byname-from-url", "byname-after", "byname-right-after")
# One bad document no longer hides its good siblings: these are there although the referee hid them.
SIBLINGS = ("example-ai-resources", "example-broken", "only-here", "petstore-3.1")
# The answers that count them.
COUNTED = {
    "076-facets": "kinds and types of the siblings are counted too",
    "078-facets-relations": "the owner of `only-here` is counted too",
    "079-facets-namespace": "the siblings' namespace is counted four times more",
}


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
    # The answers' paths were rewritten after they were recorded, and the name made of the old path was not.
    data = json.loads(path.read_text(encoding="utf-8").replace(OLD_NAME, NAME))
    asked, given = data["request"], data["response"]
    request = Request(asked["method"], asked["path"], asked["headers"] or {}, asked["body"])
    headers = {name: given["headers"][name] for name in ("content-type",) if name in given["headers"]}
    is_engine_text = "SyntaxError" in str(given.get("json"))
    compare = "any order" if given["status"] == 200 else "refusal" if is_engine_text else "whole"
    return Exchange(path.stem, 1, request, given["status"], headers, given.get("json"), given.get("text"), compare)


def is_compared(exchange: Exchange) -> bool:
    """Whether the answer depends on nothing but the catalog's files."""
    name = exchange.name.partition("-")[2]
    if part_of(exchange.request) != 1 or name.startswith(AFTER_CHANGES) or not name.startswith(COMPARED):
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
    with serve(lay_out_demo(demo), {}, DEFAULT) as client:
        found = {exchange.name: ask(client, exchange) for exchange in compared}
    shown = {name: lines[:6] for name, lines in found.items() if lines and name not in COUNTED}
    assert not shown, f"{len(shown)} of {len(compared)} answers differ: {json.dumps(shown, indent=1)}"


def ask(client: httpx.Client, exchange: Exchange) -> list[str]:
    """Send one of the demo's requests and say what differs in content type, status and JSON."""
    kept: dict[str, Any] = {}
    given = answer(exchange, send(client, exchange.request, kept), kept)
    headers = {name: value for name, value in given.headers.items() if name in exchange.headers}
    given = replace(given, headers=headers, json=drop_siblings(given.json))
    return find_differences(exchange, given, [], {})


def drop_siblings(value: Any) -> Any:
    """`value` without the entities in SIBLINGS and the relations to them."""
    if isinstance(value, list):
        return [drop_siblings(item) for item in value if not _is_sibling(item)]
    if isinstance(value, dict):
        kept = {key: drop_siblings(item) for key, item in value.items()}
        dropped = len(value["items"]) - len(kept["items"]) if isinstance(value.get("items"), list) else 0
        return {**kept, "totalItems": value["totalItems"] - dropped} if "totalItems" in value else kept
    return value


def _is_sibling(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    metadata = item.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else str(item.get("targetRef", "")).rpartition("/")[2]
    return name in SIBLINGS
