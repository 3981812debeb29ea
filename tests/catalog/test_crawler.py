"""Registered locations: read when registered, gone when taken away, and what happens where two claim one ref."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Document, Root, Unread, Usage
from catalog.errors import CatalogError
from ingestors.folder import FolderSource
from ingestors.registry import open_locations
from ingestors.url import UrlReader
from tests.conftest import component

Write = Callable[[str, str], Path]
A, B = "component:default/a", "component:default/b"


@pytest.fixture
def crawler(catalog: Catalog) -> Iterator[Crawler]:
    reader = UrlReader()
    yield Crawler(catalog, [], open_locations(reader, allow_files=True), types=("url", "file"))
    reader.close()


def uid(crawler: Crawler, ref: str) -> str:
    entity = crawler.catalog.view.entity(ref)
    assert entity is not None, f"{ref} is not there"
    found: str = entity["metadata"]["uid"]
    return found


def test_what_a_location_gives_is_there_when_registering_returns_and_gone_when_it_is_taken_away(
    crawler: Crawler, write: Write
) -> None:
    location = crawler.register("file", str(write("a.yaml", component("a"))))
    assert crawler.catalog.view.get(A) is not None
    assert crawler.catalog.view.get(location.entity_ref) is not None
    crawler.unregister(location.id)
    assert len(crawler.catalog.view) == 0
    assert crawler.catalog.locations() == []
    assert crawler.catalog.problems == ()


def test_a_second_location_that_claims_a_ref_waits_and_takes_over_with_a_new_uid(
    crawler: Crawler, write: Write
) -> None:
    first = crawler.register("file", str(write("one.yaml", component("a", "First"))))
    second = crawler.register("file", str(write("two.yaml", component("a", "Second"))))
    before = uid(crawler, A)
    (problem,) = crawler.catalog.problems
    assert problem.rule == "duplicate-ref"
    assert "one.yaml" in problem.message
    assert "two.yaml" in problem.message
    crawler.unregister(first.id)
    assert uid(crawler, A) != before
    assert crawler.catalog.source_of(A) == second.source
    assert crawler.catalog.problems == ()


def test_an_entity_that_moves_to_another_file_stays_the_same(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    first = write("a/catalog-info.yaml", component("a", "First"))
    crawler = Crawler(catalog, [folder])
    crawler.crawl(folder.name)
    before = uid(crawler, A)
    first.rename(write("b/catalog-info.yaml", ""))
    report = crawler.crawl(folder.name)
    assert report is not None
    assert (report.added, report.changed, report.removed) == ([], [A], [])
    assert uid(crawler, A) == before


def test_within_one_source_a_ref_that_another_file_takes_over_gets_a_new_uid(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    first = write("a/catalog-info.yaml", component("a", "First"))
    write("b/catalog-info.yaml", component("a", "Second"))
    crawler = Crawler(catalog, [folder])
    crawler.crawl(folder.name)
    before = uid(crawler, A)
    first.unlink()
    crawler.crawl(folder.name)
    assert uid(crawler, A) != before


def test_another_target_replaces_what_the_old_one_gave_and_keeps_the_location_entity(
    crawler: Crawler, write: Write
) -> None:
    location = crawler.register("file", str(write("a.yaml", component("a"))))
    changed = crawler.replace(location.id, "file", str(write("b.yaml", component("b"))))
    assert changed.entity_ref == location.entity_ref
    assert crawler.catalog.view.get(A) is None
    assert crawler.catalog.view.get(B) is not None
    entity = crawler.catalog.view.entity(location.entity_ref)
    assert entity is not None
    assert entity["spec"]["target"].endswith("b.yaml")


@pytest.mark.parametrize("content", [None, "a: [1", "- a list"])
def test_nothing_of_the_old_target_outlives_a_new_one_that_cannot_be_read(
    crawler: Crawler, write: Write, tmp_path: Path, content: str | None
) -> None:
    location = crawler.register("file", str(write("old.yaml", component("old"))))
    assert crawler.catalog.view.get("component:default/old") is not None
    target = tmp_path / "nowhere.yaml" if content is None else write("new.yaml", content)
    crawler.replace(location.id, "file", str(target))
    assert crawler.catalog.view.get("component:default/old") is None
    assert [problem.ref for problem in crawler.catalog.problems] == [location.entity_ref]


def test_a_location_that_cannot_be_read_is_registered_and_says_why(crawler: Crawler, tmp_path: Path) -> None:
    location = crawler.register("file", str(tmp_path / "absent.yaml"))
    entity = crawler.catalog.view.entity(location.entity_ref)
    assert entity is not None
    assert entity["status"]["items"][0]["error"]["name"] == "NotFoundError"


def test_the_same_location_twice_is_a_conflict_or_read_again(crawler: Crawler, write: Write) -> None:
    path = write("a.yaml", component("a", "Before"))
    location = crawler.register("file", str(path))
    write("a.yaml", component("a", "After"))
    with pytest.raises(CatalogError, match="already exists"):
        crawler.register("file", str(path))
    assert crawler.register("file", str(path), "refresh") == location
    entity = crawler.catalog.view.entity(A)
    assert entity is not None
    assert entity["metadata"]["description"] == "After"


def test_removing_a_declared_entity_brings_it_back_with_a_new_uid(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    write("catalog-info.yaml", component("a") + "---\n" + component("b"))
    crawler = Crawler(catalog, [folder])
    crawler.crawl(folder.name)
    before, other = uid(crawler, A), uid(crawler, B)
    crawler.remove(before)
    assert uid(crawler, A) != before
    assert uid(crawler, B) == other
    crawler.remove("no such uid")


def test_what_an_unregistered_location_left_behind_is_taken_away_at_the_next_start(
    tmp_path: Path, write: Write
) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    catalog = Catalog.open(url, search=False)
    reader = UrlReader()
    crawler = Crawler(catalog, [], open_locations(reader, allow_files=True), types=("file",))
    location = crawler.register("file", str(write("a.yaml", component("a"))))
    catalog.unregister(location)  # as when the process is killed before it gets further
    catalog.close()
    again = Catalog.open(url, search=False)
    assert again.view.get(A) is not None
    Crawler(again, [], open_locations(reader, allow_files=True)).crawl_locations()
    assert len(again.view) == 0
    again.close()
    reader.close()


def test_a_registered_location_is_read_again_after_a_restart(tmp_path: Path, write: Write) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    catalog = Catalog.open(url, search=False)
    reader = UrlReader()
    open_location = open_locations(reader, allow_files=True)
    Crawler(catalog, [], open_location, types=("file",)).register(
        "file", str(write("a.yaml", component("a", "Before")))
    )
    catalog.close()
    write("a.yaml", component("a", "After"))
    again = Catalog.open(url, search=False)
    Crawler(again, [], open_location).crawl_locations()
    entity = again.view.entity(A)
    assert entity is not None
    assert entity["metadata"]["description"] == "After"
    again.close()
    reader.close()


def test_a_type_that_is_not_allowed_is_refused_before_anything_is_read(catalog: Catalog) -> None:
    reader = UrlReader()
    crawler = Crawler(catalog, [], open_locations(reader))
    with pytest.raises(CatalogError, match="must be of an allowed type"):
        crawler.register("file", "/etc/hostname")
    with pytest.raises(CatalogError, match="Unable to parse location ref"):
        crawler.register("url", " ")
    assert catalog.locations() == []


def test_a_ref_that_nobody_knows_cannot_be_refreshed(crawler: Crawler) -> None:
    with pytest.raises(CatalogError, match="Entity component:default/a not found"):
        crawler.refresh(A)


class Faulty(FolderSource):
    """A folder whose reading has a fault of ours in it, for as long as `is_faulty`."""

    is_faulty = True

    def crawl(self) -> Iterator[Document | Root | Unread]:
        if self.is_faulty:
            raise ZeroDivisionError
        return super().crawl()


def test_a_crawl_that_breaks_down_is_shown_and_tried_again_later(
    catalog: Catalog, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("catalog-info.yaml", component("a"))
    source = Faulty(tmp_path)
    crawler = Crawler(catalog, [source])
    with pytest.raises(ZeroDivisionError):
        crawler.crawl(source.name)
    (run,) = catalog.runs(source.name)
    assert (run.outcome, "internal error" in run.message) == ("failed", True)
    assert [state.failure for state in catalog.sources()] == [run.message]
    assert (crawler.due(), crawler.job(source.name).state) == ([], "idle")
    in_a_minute = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: in_a_minute)
    assert crawler.due() == [source.name]
    source.is_faulty = False
    assert crawler.job(source.name).crash == run.message
    crawler.crawl(source.name)
    assert [state.failure for state in catalog.sources()] == [""]
    assert (crawler.job(source.name).crash, crawler.job(source.name).next_at) == ("", None)


class _Timed(FolderSource):
    is_timed = True


def test_a_clock_that_is_put_back_keeps_no_source_from_being_read(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _Timed(tmp_path)
    crawler = Crawler(catalog, [source], every={source.name: 600})
    crawler.crawl(source.name)
    assert crawler.due() == []
    a_year_ago = time.time() - 365 * 86_400
    monkeypatch.setattr(time, "time", lambda: a_year_ago)
    assert crawler.due() == [source.name]
    crawler.crawl(source.name)
    assert crawler.due() == []


class Remembering(FolderSource):
    """A folder that remembers something, which another version may have written in another way."""

    def __init__(self, root: Path, catalog: Catalog) -> None:
        super().__init__(root)
        self.cache, self.usage = catalog.cache(self.name), Usage()

    def crawl(self) -> Iterator[Document | Root | Unread]:
        json.loads(self.cache.get("remembered") or b"0")
        return super().crawl()


def test_what_a_source_remembers_and_cannot_read_any_more_keeps_it_from_nothing(
    catalog: Catalog, tmp_path: Path, write: Write
) -> None:
    write("catalog-info.yaml", component("a"))
    source = Remembering(tmp_path, catalog)
    source.cache.put("remembered", b"as it was written before")
    source.cache.flush()
    crawler = Crawler(catalog, [source])
    for _ in range(2):
        with pytest.raises(ValueError, match="Expecting value"):
            crawler.crawl(source.name)
    report = crawler.crawl(source.name)
    assert report is not None
    assert report.added == ["component:default/a"]
