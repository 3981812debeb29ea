"""What first readers would wait for is worked out ahead, for each revision, whatever else goes wrong."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from tests.programs import wait_for
from web import background
from web.app import create_app


def test_each_revision_is_worked_on_soon_after_it_is_there(
    catalog: Catalog, folder: FolderSource, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(background, "WARMED", {"sight": lambda catalog: seen.append(catalog.view.revision)})
    write("catalog-info.yaml", component("a"))
    catalog.ingest(folder)
    with TestClient(create_app(Crawler(catalog))):
        wait_for(lambda: catalog.view.revision in seen, "nothing was worked out")
        write("catalog-info.yaml", component("b"))
        catalog.ingest(folder)
        wait_for(lambda: catalog.view.revision in seen, "nothing was worked out")
    assert len(seen) == len(set(seen)) == 2


def test_all_that_is_worked_out_ahead_can_be(sample: Catalog) -> None:
    for warm in background.WARMED.values():
        warm(sample)


def test_a_large_catalog_is_kept_out_of_the_collectors_way(
    catalog: Catalog, folder: FolderSource, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_MANY", 2)
    write("catalog-info.yaml", "---\n".join(component(f"c{number}") for number in range(3)))
    catalog.ingest(folder)
    gc.unfreeze()
    try:
        with TestClient(create_app(Crawler(catalog))):
            wait_for(gc.get_freeze_count, "the collector still looks at all of it")
    finally:
        gc.unfreeze()
