"""A catalog over one of the fake code hosts: what the tests of all four have in common."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from catalog import scm
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Json, Usage
from catalog.locations import generated_name
from catalog.pipeline import Report
from catalog.query import Query
from ingestors.credentials import Headers
from ingestors.fetch import Api
from ingestors.forge import Forge, ForgeSource
from ingestors.url import UrlReader
from tests.conftest import component
from tests.ingestors.forge_servers import Host, serve

FILE = "catalog-info.yaml"


class Kind(NamedTuple):
    """One host: its fake, where its pages are, who asks, its forge, and the first part of its repositories' names."""

    host: Callable[[str], Host]
    pages: str
    type: scm.HostType
    headers: Headers
    open: Callable[..., Forge]
    owner: str
    target: str


@dataclass
class Crawl:
    """A host, and a catalog whose one source it is."""

    kind: Kind
    host: Any
    source: ForgeSource
    catalog: Catalog
    crawler: Crawler
    api: Api

    def add(self, slug: str, files: dict[str, str] | None = None, **more: Any) -> None:
        """A repository, with one component of its name where nothing else is said."""
        self.host.add(self.name(slug), {FILE: component(slug)} if files is None else files, **more)

    def name(self, slug: str) -> str:
        """The full name of a repository."""
        return f"{self.kind.owner}/{slug}"

    def run(self, *, confirmed: bool = False) -> Report:
        """Crawl once."""
        report = self.crawler.crawl("acme", confirmed=confirmed)
        assert report is not None
        return report

    def names(self, kind: str = "component") -> set[str]:
        """The names of what is in the catalog."""
        everything = self.catalog.view.page(Query(limit=1000))
        found = [json.loads(entity) for entity in everything.bodies]
        return {one["metadata"]["name"] for one in found if one["kind"].lower() == kind}

    def entity(self, ref: str) -> Json:
        """One entity, which is there."""
        found = self.catalog.view.entity(ref)
        assert found is not None, f"{ref} is not there"
        return found

    def location(self, slug: str, path: str = FILE) -> Json:
        """The generated Location of a file."""
        return self.entity(f"location:default/{generated_name('url', self.kind.target.format(slug, path))}")


@contextmanager
def crawl(
    catalog: Catalog,
    kind: Kind,
    filters: Any = None,
    patterns: tuple[str, ...] = (FILE,),
    codeowners: bool = False,
    **more: Any,
) -> Iterator[Crawl]:
    """A host with no repositories yet; `more` is for its forge."""
    host = kind.host(kind.pages)
    usage, cache = Usage(), catalog.cache("acme")
    hosts = scm.Hosts.of_types({kind.pages.split("/")[2]: kind.type})
    with serve(host):
        api, reader = Api(host.url, usage, cache, kind.headers, sleep=lambda seconds: None), UrlReader(hosts)
        chosen = {"codeowners": codeowners} | ({"filters": filters} if filters else {})
        source = ForgeSource("acme", kind.open(api, **more), reader, cache, usage, patterns=patterns, **chosen)
        yield Crawl(kind, host, source, catalog, Crawler(catalog, [source]), api)
        reader.close()
        api.close()
