"""A Callboard for the browser: any folders' catalog, served in a thread of the tests' own process."""

import socket
import threading
import time
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
def serve(folders: Sequence[Path], *, shelves: bool = False, live: LiveFacts = NoLiveFacts()) -> Iterator[str]:
    """The address of a server over the folders; with `shelves` also a source that waits for a word and a slow one."""
    catalog = Catalog.open("sqlite://")
    held = Shelf(HELD, catalog.cache(HELD), 30)
    slow = Shelf(SLOW, catalog.cache(SLOW), 1)
    sources = [FolderSource(folder) for folder in folders]
    crawler = Crawler(catalog, [*sources, held, slow] if shelves else sources, open_locations(UrlReader()))
    for name in crawler.sources:
        crawler.crawl(name)
    if shelves:
        held.count = 3
        crawler.crawl(HELD)  # now it waits to be confirmed
        slow.seconds = 3
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(crawler, Access(dev=True), live=live), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            catalog.close()
