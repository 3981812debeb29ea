"""Sets of entities that a program sends over the API, each replacing what was sent under its name before.

A set is a source, `pushed:NAME`, whose one file is what came last: kept, so that it can be read again at any time.
"""

import re

from catalog.crawler import KEPT, Crawler
from catalog.documents import PUSHED, Document, Source
from catalog.errors import CatalogError
from catalog.pipeline import Report
from catalog.problems import Problem

_EMPTY = b"\n"  # what was taken away is kept as nothing at all
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class RefusedError(CatalogError):
    """Nothing of what was pushed can be accepted; `problems` say why. The set stays as it was."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("invalid", "None of the entities can be accepted, and nothing was changed")
        self.problems = problems


def push(crawler: Crawler, name: str, content: bytes, *, confirmed: bool = False, dry_run: bool = False) -> Report:
    """Replace the set of a name with the documents of a catalog file; with `dry_run`, only say what that would change.

    Raises `RefusedError` where no document can be accepted, `CatalogError` where the name cannot be had.
    """
    source_name = _name_source(crawler, name)
    source = crawler.open_pushed(source_name, content)
    with crawler.job(source_name).pushing:
        cache = crawler.catalog.cache(source_name)
        if cache.get(KEPT) != content and not _check(crawler, source):
            content = _EMPTY
            source = crawler.open_pushed(source_name, content)
        if dry_run:
            return crawler.catalog.ingest(source, confirmed=confirmed, dry_run=True)
        cache.put(KEPT, content)
        cache.flush()
        report = crawler.crawl(source_name, confirmed=confirmed)
    assert report is not None, "what was kept under the lock is there"
    return report


def withdraw(crawler: Crawler, name: str) -> list[str]:
    """Take a set away; the refs that it gave up. Raises `CatalogError` where there is none by the name."""
    source_name = f"{PUSHED}:{name}"
    cache = crawler.catalog.cache(source_name)
    if not cache.get(KEPT):
        raise CatalogError("not_found", f"Nothing was pushed as `{name}`")
    job = crawler.job(source_name)
    with job.pushing:
        cache.put(KEPT, b"")  # should the process end here, the next one sees that the set is to go
        cache.flush()
        with job.lock:
            gone = crawler.catalog.empty(source_name)
    crawler.offer(gone, source_name)
    return gone


def _name_source(crawler: Crawler, name: str) -> str:
    if not _NAME.fullmatch(name):
        allowed = "letters, digits, `.`, `_` and `-`, at most 63, a letter or digit first"
        raise CatalogError("invalid", f"`{name}` cannot be the name of a set: {allowed}")
    if crawler.sources.keys() & {name, f"{PUSHED}:{name}"}:
        raise CatalogError("conflict", f"`{name}` is a source of the configuration file; nothing can be pushed to it")
    return f"{PUSHED}:{name}"


def _check(crawler: Crawler, source: Source) -> bool:
    """Whether the set has any document.

    Refuses one of which nothing would be in the catalog: all broken, or all given by other sources already.
    """
    catalog = crawler.catalog
    documents = [found for found in source.crawl() if isinstance(found, Document)]
    judged = [one for document in documents for one in catalog.judge(document, source)]
    for one in judged:
        is_taken = catalog.view.get(one.ref) is not None and catalog.source_of(one.ref) != source.name
        if one.entity is not None and not is_taken:
            return True
    if judged:
        raise RefusedError(catalog.ingest(source, dry_run=True).refused)
    return False
