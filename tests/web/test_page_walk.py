"""Walking 5,000 entities page by page while an ingest changes 500 of them: none twice, none missing that did not change."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app

COUNT, CHANGED, FILES, PAGE = 5_000, 500, 50, 97
ORDERS = ("", "&orderField=metadata.name,asc", "&orderField=metadata.name,desc", "&orderField=spec.type,asc")


def write_fleet(root: Path, version: int) -> None:
    """Fifty files of a hundred components; a later version renames, retitles or drops every tenth."""
    for file in range(FILES):
        documents = [_document(number, version) for number in range(file, COUNT, FILES)]
        path = root / f"{file:02}" / "catalog-info.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("---\n".join(one for one in documents if one))


def _document(number: int, version: int) -> str:
    name = f"service-{number:05}"
    if version == 0 or number % (COUNT // CHANGED):
        return component(name)
    match (number // 10 + version) % 3:
        case 0:
            return component(name, f"Version {version}")
        case 1:
            return component(f"a-{name}-{version}")
    return ""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[TestClient, Catalog, Path]]:
    catalog = Catalog.open(f"sqlite:///{tmp_path}/c.db", search=False)
    root = tmp_path / "fleet"
    write_fleet(root, 0)
    catalog.ingest(FolderSource(root))
    with TestClient(create_app(Crawler(catalog))) as client:
        yield client, catalog, root
    catalog.close()


def walk(client: TestClient, query: str, step: str) -> list[dict[str, Any]]:
    """Every page from the first to the last by next cursors, then back by previous ones if `step` says so."""
    path = "/api/catalog/entities/by-query?fields=metadata.name,metadata.uid"
    found: list[dict[str, Any]] = []
    page = client.get(f"{path}&limit={PAGE}{query}").json()
    pages = [page]
    while cursor := page["pageInfo"].get("nextCursor"):
        page = client.get(f"{path}&limit={PAGE}&cursor={quote(cursor)}").json()
        pages.append(page)
    if step == "back":
        pages = [page]
        while cursor := page["pageInfo"].get("prevCursor"):
            page = client.get(f"{path}&limit={PAGE}&cursor={quote(cursor)}").json()
            pages.insert(0, page)
    for page in pages:
        found += page["items"]
    return found


def until_changed(revisions: list[int], writer: threading.Thread) -> Iterator[str]:
    """Every order, and all of them again until two ingests have run meanwhile."""
    yield from ORDERS
    while len(revisions) < 2 and writer.is_alive():
        yield from ORDERS


@pytest.mark.parametrize("step", ["forward", "back"])
def test_a_walk_during_ingests_finds_each_entity_once(served: tuple[TestClient, Catalog, Path], step: str) -> None:
    client, catalog, root = served
    stop = threading.Event()
    revisions: list[int] = []

    def change() -> None:
        version = 0
        while not stop.is_set():
            version += 1
            write_fleet(root, version)
            report = catalog.ingest(FolderSource(root))
            assert len(report.added) + len(report.changed) + len(report.removed) >= CHANGED // 2
            revisions.append(report.revision)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for query in until_changed(revisions, writer):
            found = [(item["metadata"]["uid"], item["metadata"]["name"]) for item in walk(client, query, step)]
            steady = {f"service-{number:05}" for number in range(COUNT) if number % (COUNT // CHANGED)}
            names = {name for _, name in found}
            # By uid: what was taken away and came back within one walk is another entity.
            assert len(found) == len({uid for uid, _ in found}), f"{query}: an entity came twice"
            assert steady <= names, f"{query}: {sorted(steady - names)[:5]} are missing"
    finally:
        stop.set()
        writer.join()
    assert len(revisions) >= 2, "no ingest ran meanwhile"
