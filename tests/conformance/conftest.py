"""Serves a catalog with Callboard, in this process, for the recorded requests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.pipeline import Policy
from catalog.scm import Hosts
from ingestors.folder import FileSource
from ingestors.registry import open_locations
from ingestors.url import AllowedHost, UrlReader
from tests.conformance.asgi import AsgiTransport
from tests.conformance.replay import Serve
from tests.programs import wait_indexed
from web.access import Access
from web.app import create_app


@contextmanager
def serve_catalog(entry: Path | None, uids: Mapping[str, str], policy: Policy) -> Iterator[httpx.Client]:
    """A client of a Callboard that holds `entry` as its one `file` location (none: no location at all).

    Writes are open, locations of type `url` may be read from 127.0.0.1, and a ref named in `uids` gets that uid.
    """
    catalog = Catalog.open("sqlite://", uids=uids, policy=policy)
    reader = UrlReader(Hosts(), [AllowedHost.parse("127.0.0.1:1024-65535")])
    crawler = Crawler(catalog, [FileSource(entry, reader)] if entry is not None else [], open_locations(reader))
    for name in crawler.sources:
        crawler.crawl(name)
    wait_indexed(catalog)
    transport = AsgiTransport(create_app(crawler, Access(dev=True)))
    with httpx.Client(transport=transport, base_url="http://callboard.test") as client:
        yield client
    reader.close()
    catalog.close()


@pytest.fixture
def serve() -> Serve:
    return serve_catalog
