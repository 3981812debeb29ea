"""Crawls a corpus of real catalog files as local git repositories, twice, and prints what that took.

The corpus is a folder with `manifest.jsonl` (a line a file: `file`, `repo`, `path`, `role`). It is read and never copied
into the project. Nothing is asked of the network: what files name elsewhere counts as unreadable.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Document, Usage
from catalog.errors import ReadError
from ingestors.git import GitSource
from ingestors.url import UrlReader

PATTERNS = ("**/*.yaml", "**/*.yml")
_GIT = ("git", "-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")


class OfflineReader(UrlReader):
    """Resolves URLs as ever, and reads none."""

    def read(self, target: str) -> list[Document]:
        raise ReadError(f"Unable to read url, {target} is not asked in a benchmark")

    def fetch(self, url: str) -> bytes:
        raise ReadError(f"{url} is not asked in a benchmark")


def lay_out(corpus: Path, into: Path) -> list[str]:
    """Make a repository of each one in the corpus, with the files of its tip; of one that has only older ones, those."""
    files: dict[str, dict[str, Path]] = {}
    older: dict[str, dict[str, Path]] = {}
    for line in (corpus / "manifest.jsonl").read_text().splitlines():
        one = json.loads(line)
        kept = older if one["role"].startswith("history") else files
        kept.setdefault(one["repo"], {})[one["path"]] = corpus / one["file"]
    for name in sorted(older.keys() | files.keys()):
        folder = into / name
        for path, source in (files.get(name) or older[name]).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / path)
        for arguments in (
            ["init", "--quiet", "--initial-branch=main"],
            ["add", "--all", "--force"],
            ["commit", "-qm", "x"],
        ):
            subprocess.run([*_GIT, *arguments], cwd=folder, check=True, capture_output=True)
        subprocess.run([*_GIT, "config", "uploadpack.allowFilter", "true"], cwd=folder, check=True)
    return sorted(older.keys() | files.keys())


def crawl(crawler: Crawler, sources: Sequence[GitSource]) -> tuple[str, Counter[str]]:
    """Crawl every source once: how long it took, and what was counted."""
    counts: Counter[str] = Counter()
    started, before = time.perf_counter(), os.times()
    for source in sources:
        report = crawler.crawl(source.name)
        if report is None or report.failure:
            counts["failed"] += 1
            print(f"{source.name}: {report and report.failure}", file=sys.stderr)
        counts["requests"] += source.usage.requests
        counts["files"] += source.usage.total or 0
    own, programs = (sum(os.times()[part : part + 2]) - sum(before[part : part + 2]) for part in (0, 2))
    took = time.perf_counter() - started
    return f"{took:.1f} s (CPU: {own:.1f} s here, {programs:.1f} s in git)", counts


def measure(corpus: Path, folder: Path) -> list[tuple[str, str]]:
    """The figures as rows: what, and how much."""
    names = lay_out(corpus, folder / "repositories")
    reader = OfflineReader()
    catalog = Catalog.open(f"sqlite:///{folder / 'catalog.db'}", search=False)
    sources = [
        GitSource(
            f"git:{name}",
            str(folder / "repositories" / name),
            "main",
            PATTERNS,
            catalog.cache(f"git:{name}"),
            Usage(),
            reader,
            folder / "clones",
            web_url=f"https://github.com/{name}",
        )
        for name in names
    ]
    crawler = Crawler(catalog, sources)
    base = _peak()
    first, counts = crawl(crawler, sources)
    rows = [("repositories", f"{len(names):,}"), ("repositories that failed", f"{counts['failed']:,}")]
    rows += [("files", f"{counts['files']:,}"), ("entities", f"{len(catalog.view):,}")]
    locations = dict(catalog.view.count("kind")).get("Location", 0)
    rows.append(("of them Locations", f"{locations:,}"))
    problems = catalog.problems
    rows.append(
        ("problems, and files that have some", f"{len(problems):,}, {len({one.origin.file for one in problems}):,}")
    )
    rows += [(f"- {rule}", f"{count:,}") for rule, count in Counter(one.rule for one in problems).most_common(8)]
    rows += [("first crawl", first), ("requests", f"{counts['requests']:,}")]
    second, counts = crawl(crawler, sources)
    rows += [("second crawl, nothing changed", second), ("requests", f"{counts['requests']:,}")]
    rows.append(("peak memory (before the first crawl)", f"{_peak():.0f} MiB ({base:.0f} MiB)"))
    catalog.close()
    reader.close()
    return rows


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        for what, figure in measure(options.corpus, Path(folder)):
            print(f"| {what} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
