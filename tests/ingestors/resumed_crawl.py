"""One crawl of what a few plain values name, for a process of its own that is to be killed."""

from pathlib import Path
from typing import Any

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Source, Usage
from catalog.scm import Host, Hosts
from ingestors.fetch import Api
from ingestors.forge import ForgeSource
from ingestors.git import GitSource
from ingestors.github import GitHubForge
from ingestors.github_auth import token_headers
from ingestors.url import UrlReader

CODE = Hosts([Host("code.example.com", "github", "https://code.example.com")])


def open_sources(catalog: Catalog, given: dict[str, Any]) -> list[Source]:
    """The organisation on a GitHub at a URL, or git repositories by theirs."""
    reader = UrlReader(CODE)
    if "github" in given:
        cache, usage = catalog.cache("github:acme"), Usage()
        api = Api(given["github"], usage, cache, token_headers("token-1"))
        return [ForgeSource("github:acme", GitHubForge(api, "acme"), reader, cache, usage)]
    page, clones = "https://code.example.com/acme/{}", Path(given["clones"])
    return [
        GitSource(
            f"git:{name}", url, "", (), catalog.cache(f"git:{name}"), Usage(), reader, clones, None, page.format(name)
        )
        for name, url in given["git"].items()
    ]


def crawl(given: dict[str, Any]) -> None:
    """Crawl each source once."""
    catalog = Catalog.open(given["database"], search=False)
    sources = open_sources(catalog, given)
    crawler = Crawler(catalog, sources)
    for source in sources:
        report = crawler.crawl(source.name)
        assert report is not None
        assert report.failure == "", report.failure
    catalog.close()
