"""Thousands of requests made from OpenAPI documents, Backstage's own and ours: no answer fails or is other than described.

Backstage's documents come out of its npm packages at test time. They list few status codes but have a `default` answer for
each operation, Backstage's error body, so every status is held to a schema; what they say and Backstage does not hold is
in `EXCUSES`.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from schemathesis import Case

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FileSource
from tests.clients import cases
from tests.clients.packages import read_document
from tests.clients.serving import CATALOG
from tests.conformance.asgi import AsgiTransport
from tests.programs import wait_indexed
from web.access import Access
from web.app import create_app

BASE = "http://callboard.test"
COUNT = {"catalog": 80, "search": 150, "own": 14}
FEWEST = {"catalog": 3_200, "search": 400, "own": 1_500}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Talks to a Callboard in this process, open to writes, that reads nothing over the network."""
    catalog = Catalog.open("sqlite://")
    crawler = Crawler(catalog, [FileSource(CATALOG / "all.yaml")])
    for name in crawler.sources:
        crawler.crawl(name)
    wait_indexed(catalog)
    with httpx.Client(transport=AsgiTransport(create_app(crawler, Access(dev=True))), base_url=BASE) as opened:
        yield opened
    catalog.close()


def has_fields(case: Case, response: httpx.Response) -> bool:
    """Backstage describes its lists as of whole entities; with `fields` they are of parts."""
    body = case.body if isinstance(case.body, dict) else {}
    return response.status_code == 200 and ("fields" in (case.query or {}) or "fields" in body)


def is_unread_entity(case: Case, response: httpx.Response) -> bool:
    """Backstage describes what is wrong with an entity; a body that holds none gets the error of every other operation."""
    return case.operation.path == "/validate-entity" and response.status_code == 400 and "error" in response.json()


EXCUSES = (has_fields, is_unread_entity)


@pytest.mark.parametrize("plugin", ["catalog", "search"])
def test_answers_are_as_backstage_describes_them(plugin: str, client: httpx.Client) -> None:
    document = _without_security(read_document(plugin))
    uid = client.get("/api/catalog/entities/by-name/resource/default/berth-store").json()["metadata"]["uid"]
    known = cases.KNOWN | {"uid": [uid]}
    found = cases.ask(
        document, known, client, f"{BASE}/api/{plugin}", COUNT[plugin], lambda *each: any(one(*each) for one in EXCUSES)
    )
    asked, faults = _collect(found)
    assert faults == []
    assert asked >= FEWEST[plugin], asked


def test_answers_are_as_we_describe_them(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    asked, faults = _collect(cases.ask(document, cases.KNOWN, client, BASE, COUNT["own"], lambda *_: False))
    assert faults == []
    assert asked >= FEWEST["own"], asked


def _without_security(document: dict[str, Any]) -> dict[str, Any]:
    """The document without its tokens: made-up ones would be refused before anything else is looked at."""
    for operation in (one for path in document["paths"].values() for one in path.values()):
        operation.pop("security", None)
    return document


def _collect(found: cases.Answers) -> tuple[int, list[str]]:
    """How many requests were sent, and what was wrong: two faults of each operation say enough."""
    total, wrong = 0, list[str]()
    for operation, faults in found:
        total += len(faults)
        wrong += [f"{operation}: {fault}" for fault in faults if fault][:2]
    return total, wrong
