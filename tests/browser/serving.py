"""A Callboard for the browser: any folders' catalog, served in a thread of the tests' own process."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.live import LiveFacts, NoLiveFacts
from ingestors.folder import FolderSource
from ingestors.registry import open_locations
from ingestors.url import UrlReader
from tests.programs import PATIENCE, wait_for, wait_indexed
from tests.web.shelf import Shelf
from web.access import Access
from web.app import create_app

SAMPLE = Path(__file__).parents[2] / "sample-catalog"
HELD, SLOW = "host:acme", "host:slow"
BROKEN = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: " + "long-" * 14 + "name\nspec: {}\n"
LONG = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: till}\nspec: {type: "
    + "x" * 200
    + ", owner: a}\n"
)


def write_broken(folder: Path) -> Path:
    """A folder with one file: a refused document, and one with a line as long as no screen is wide."""
    folder.mkdir(exist_ok=True)
    (folder / "catalog-info.yaml").write_text(f"{BROKEN}---\n{LONG}")
    return folder


@contextmanager
def serve(
    folders: Sequence[Path], *, gate: threading.Event | None = None, live: LiveFacts = NoLiveFacts()
) -> Iterator[str]:
    """The address of a server over the folders; with a gate also a source that waits for a word, and one that waits for it."""
    catalog = Catalog.open("sqlite://")
    held = Shelf(HELD, catalog.cache(HELD), 30)
    sources = [FolderSource(folder) for folder in folders]
    shelves = [held, Shelf(SLOW, catalog.cache(SLOW), 1, gate=gate)] if gate else []
    crawler = Crawler(catalog, [*sources, *shelves], open_locations(UrlReader()))
    for name in crawler.sources:
        crawler.crawl(name)
    if gate:
        held.count = 3
        crawler.crawl(HELD)  # now it waits to be confirmed
    wait_indexed(catalog)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(crawler, Access(dev=True), live=live), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_for(lambda: server.started, "the server does not start")
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            catalog.close()
