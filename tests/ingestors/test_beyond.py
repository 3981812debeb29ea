"""What files on this machine name by URL is read as well, by whoever may read it."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Location
from catalog.errors import ReadError
from ingestors.beyond import Beyond
from ingestors.folder import FolderSource
from ingestors.url import UrlReader
from tests.traps.board import Site, entity, location, reader_of, serve_site, yaml

FROM_SITE, PLACE = "component:default/from-site", Location("file", "/somewhere/all.yaml")


@pytest.fixture
def site() -> Iterator[Site]:
    with serve_site() as served:
        yield served


@pytest.fixture
def reader(site: Site) -> Iterator[UrlReader]:
    opened = reader_of(site.url)
    yield opened
    opened.close()


@pytest.fixture
def crawler(tmp_path: Path, reader: UrlReader) -> Iterator[Crawler]:
    catalog = Catalog.open("sqlite://", search=False)
    source = FolderSource(tmp_path, reader=reader)
    yield Crawler(catalog, [source], every={source.name: 600.0})
    catalog.close()


def crawl(crawler: Crawler, folder: Path, *documents: dict[str, object]) -> str:
    """Write the folder's one file and read it; the name of the source."""
    (folder / "catalog-info.yaml").write_text(yaml(*documents))
    (name,) = crawler.sources
    crawler.crawl(name)
    return name


def test_a_location_in_a_folder_may_name_urls_and_what_is_there_may_name_more(
    crawler: Crawler, site: Site, tmp_path: Path
) -> None:
    site.page("/more.yaml", entity("from-more", type={"$text": "./type.txt"}))
    site.page("/type.txt", "service")
    target = site.page("/all.yaml", entity("from-site"), location("further", "./more.yaml"))
    crawl(crawler, tmp_path, location("mine", target, type="url"))
    view = crawler.catalog.view
    found, more = view.entity(FROM_SITE), view.entity("component:default/from-more")
    assert found is not None
    assert found["metadata"]["annotations"]["backstage.io/managed-by-location"] == f"url:{target}"
    assert more is not None
    assert more["spec"]["type"] == "service"
    assert [parent for _, parent in view.ancestry("component:default/from-more")[:3]] == [
        "location:default/further",
        "location:default/mine",
        "",
    ]


def test_a_placeholder_in_a_folder_may_name_a_url(crawler: Crawler, site: Site, tmp_path: Path) -> None:
    site.pages["/openapi.yaml"] = "openapi: 3.1.0"
    crawl(crawler, tmp_path, entity("a", "API", definition={"$text": f"{site.url}/openapi.yaml"}))
    found = crawler.catalog.view.entity("api:default/a")
    assert found is not None
    assert found["spec"]["definition"] == "openapi: 3.1.0"


def test_what_was_read_from_a_url_names_no_file_here(crawler: Crawler, site: Site, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(yaml(entity("secret")))
    target = site.page("/all.yaml", location("thief", str(tmp_path / "secret.yaml"), type="file"))
    crawl(crawler, tmp_path, location("mine", target, type="url"))
    assert crawler.catalog.view.entity("component:default/secret") is None
    (problem,) = crawler.catalog.problems
    assert 'Registered locations must be of an allowed type ["url"]' in problem.message


def test_only_what_may_be_read_is_read(crawler: Crawler, tmp_path: Path) -> None:
    crawl(crawler, tmp_path, location("mine", "http://127.0.0.1:1/x.yaml", type="url"))
    (problem,) = crawler.catalog.problems
    assert "Reading from 'http://127.0.0.1:1/x.yaml' is not allowed" in problem.message


def test_a_url_that_is_gone_for_now_loses_nothing(crawler: Crawler, site: Site, tmp_path: Path) -> None:
    target = site.page("/all.yaml", entity("from-site"))
    mine = location("mine", target, type="url")
    crawl(crawler, tmp_path, mine)
    for status in (404, 500):
        site.pages["/all.yaml"] = status
        crawl(crawler, tmp_path, mine)
        assert crawler.catalog.view.entity(FROM_SITE) is not None
    crawl(crawler, tmp_path)  # the folder names it no more
    assert crawler.catalog.view.entity(FROM_SITE) is None


def test_a_folder_is_read_in_its_time_only_while_it_names_urls(crawler: Crawler, site: Site, tmp_path: Path) -> None:
    name = crawl(crawler, tmp_path, entity("a"))
    assert crawler.job(name).next_at is None
    crawl(crawler, tmp_path, entity("a"), location("mine", site.page("/all.yaml", entity("from-site")), type="url"))
    assert crawler.job(name).next_at is not None


def test_a_host_that_kept_a_crawl_waiting_is_not_asked_again_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(UrlReader):
        asked = 0

        def fetch(self, url: str) -> bytes:
            Slow.asked += 1
            raise ReadError("it did not answer in time")

    seconds = iter(range(0, 100, 5))
    monkeypatch.setattr("ingestors.beyond.time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    beyond = Beyond(Slow())
    for _ in range(3):
        with pytest.raises(ReadError, match="did not answer"):
            beyond.fetch("https://slow.example.com/a", PLACE)
    assert Slow.asked == 1
    beyond.begin()
    with pytest.raises(ReadError):
        beyond.fetch("https://slow.example.com/a", PLACE)
    assert Slow.asked == 2
