"""What somebody who waits sees on stderr: a bar on a terminal, a line now and then elsewhere, and how a crawl ended."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from catalog.crawler import Crawler
from catalog.documents import Remote, Source
from catalog.pipeline import Progress, Report
from catalog.runs import Run
from web.cli.options import say

_TELL_SECONDS = 5.0
_POLL_SECONDS = 0.2
_STOP_SECONDS = 2.0


@contextmanager
def show_progress(source: Source) -> Iterator[Progress]:
    """A progress bar on a terminal, a plain line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _plain_progress(source)
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Reading {source.name}", total=None)
        yield lambda files, entities: bar.update(task, description="R" + _describe(source, files, entities)[1:])


def _plain_progress(source: Source) -> Progress:
    last = 0

    def show(files: int, entities: int) -> None:
        nonlocal last
        if files - last >= 1_000:
            last = files
            say(_describe(source, files, entities))

    return show


def _describe(source: Source, files: int, entities: int) -> str:
    found = f"{files} files, {entities} entities"
    if not isinstance(source, Remote):
        return f"reading {source.name}: {found}"
    usage = source.usage
    total = f"{usage.done} of {usage.total} done, " if usage.total is not None else ""
    left = f", {usage.left} of {usage.limit} left" if usage.left is not None and usage.limit else ""
    return f"reading {source.name}: {total}{found}, {usage.requests} requests{left}"


def summarise_report(report: Report) -> str:
    """One line: what a crawl did, or why it did nothing."""
    if report.held:
        return f"{report.source}: {report.failure}"
    if report.failure:
        return f"{report.source}: could not be read, nothing was changed: {report.failure}"
    counts = f"{len(report.added)} added, {len(report.changed)} changed, {len(report.removed)} removed"
    rest = f"{report.unchanged} unchanged, {len(report.refused)} refused, in {report.seconds:.2f} s"
    return f"{report.source}: {counts}, {rest}"


@contextmanager
def watch_first_crawls(crawler: Crawler, sources: Sequence[Source], done: Callable[[], None]) -> Iterator[None]:
    """Tell how the first crawls go for as long as the context is open.

    `done` is called after the last of them, unless none could be read.
    """
    stop = threading.Event()
    arguments = (crawler, sources, done, stop)
    thread = threading.Thread(target=_watch, args=arguments, name="first crawls", daemon=True)
    if sources:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if sources:
            thread.join(_STOP_SECONDS)


def _watch(crawler: Crawler, sources: Sequence[Source], done: Callable[[], None], stop: threading.Event) -> None:
    waiting = {source.name: source for source in sources}
    before = {name: crawler.catalog.runs(name)[:1] for name in waiting}
    told, has_read = time.monotonic(), False
    while waiting:
        if stop.wait(_POLL_SECONDS):
            return
        for name in [name for name in waiting if crawler.job(name).state == "idle"]:
            runs = crawler.catalog.runs(name)[:1]
            if runs != before[name]:
                _tell_end(runs[0], crawler.job(name).next_at)
                has_read = has_read or (runs[0].outcome != "failed" and runs[0].usage.total != 0)
                del waiting[name]
        if time.monotonic() - told >= _TELL_SECONDS:
            told = time.monotonic()
            _tell(crawler, waiting)
    if has_read:
        done()


def _tell_end(run: Run, next_at: float | None) -> None:
    """What the log does not say of a first crawl: that nothing has changed, that there was nothing, when it is tried again."""
    if run.is_quiet:
        say(run.summary)
    if run.outcome == "failed" and next_at is not None:
        say(f"{run.source} is tried again in {max(0, next_at - time.time()):.0f} s, or now from its page: /sources")
    if run.outcome == "ok" and run.usage.total == 0:
        say("  hint: There was nothing to read. Is the name right, and may the token see what is there?")


def _tell(crawler: Crawler, waiting: Mapping[str, Source]) -> None:
    for name, source in waiting.items():
        job = crawler.job(name)
        if job.state == "running":
            say(_describe(source, job.files, job.entities))
