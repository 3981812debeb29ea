"""Measures crawls of a made-up GitHub organisation, which runs in a process of its own; prints one Markdown table.

Asked: what the first crawl, one with nothing changed, and a push cost in requests and time, and how soon a push is visible.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from catalog.catalog import Catalog  # noqa: E402
from catalog.crawler import Crawler  # noqa: E402
from catalog.documents import Usage  # noqa: E402
from catalog.pipeline import Report  # noqa: E402
from ingestors.fetch import Api  # noqa: E402
from ingestors.forge import ForgeSource  # noqa: E402
from ingestors.github import GitHubForge  # noqa: E402
from ingestors.github_auth import token_headers  # noqa: E402
from ingestors.url import UrlReader  # noqa: E402

SERVER = ROOT / "tests" / "ingestors" / "github_server.py"
NAME = "github:acme"


class Host:
    """The organisation's process."""

    def __init__(self, repositories: int, with_catalog: int) -> None:
        command = [sys.executable, str(SERVER), str(repositories), str(with_catalog)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def ask(self, line: str) -> Any:
        """Tell it something; its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def stop(self) -> None:
        """End it, by the end of its input."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def open_crawler(host: Host, database: str) -> Crawler:
    """A catalog with the organisation as its source."""
    catalog = Catalog.open(database, search=False)
    cache, usage = catalog.cache(NAME), Usage()
    api = Api(host.url, usage, cache, token_headers("token-1"))
    forge = GitHubForge(api, "acme", secret="sesame")
    return Crawler(catalog, [ForgeSource(NAME, forge, UrlReader(), cache, usage)])


def crawl(crawler: Crawler, what: str, first: int = 0) -> int:
    """One crawl as a row of the table; its requests."""
    report: Report | None = crawler.crawl(NAME)
    assert report is not None
    assert not report.failure, report.failure
    usage = crawler.catalog.runs(NAME)[0].usage
    share = f"{100 * usage.requests / first:.2f} %" if first else "100 %"
    print(f"| {what} | {usage.requests} | {share} | {report.seconds:.2f} s | {len(report.added)} added |", flush=True)
    return usage.requests


def push(crawler: Crawler, host: Host, number: int, text: str) -> float:
    """Push a change of one file; seconds from the webhook's arrival until the view shows it."""
    source: Any = crawler.sources[NAME]
    headers, body = host.ask(f"push repository-{number:04} {text}")
    started = time.perf_counter()
    if source.hook(headers, body.encode()):
        crawler.crawl(NAME)
    entity = crawler.catalog.view.entity(f"component:default/service-{number:04}")
    assert entity is not None
    assert entity["metadata"]["description"] == text
    return time.perf_counter() - started


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=2000)
    parser.add_argument("--with-catalog", type=int, default=400)
    parser.add_argument("--pushes", type=int, default=20)
    options = parser.parse_args()
    host = Host(options.repositories, options.with_catalog)
    step = options.repositories // options.with_catalog
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder) / 'catalog.db'}"
        crawler = open_crawler(host, database)
        print("| crawl | requests | of the first | took | |\n|---|---:|---:|---:|---|")
        first = crawl(crawler, "first")
        crawl(crawler, "again, nothing changed", first)
        crawler.catalog.close()
        crawler = open_crawler(host, database)
        crawl(crawler, "after a restart, nothing changed", first)
        times = sorted(push(crawler, host, step * n + step - 1, f"Text {n}") for n in range(options.pushes))
        requests = crawler.catalog.runs(NAME)[0].usage.requests
        took = f"median {statistics.median(times):.3f} s, slowest {times[-1]:.3f} s"
        print(f"| a push, of {len(times)} | {requests} | {100 * requests / first:.2f} % | {took} | visible |")
        crawl(crawler, "after the pushes", first)
        print(f"\nrequests by kind: {host.ask('counts')}")
        crawler.catalog.close()
    host.stop()


if __name__ == "__main__":
    main()
