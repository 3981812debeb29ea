"""What goes on while the server answers: folders are watched, sources read when they are due, others' revisions taken up."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from catalog.apis import find_apis
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.lookup import find_index
from catalog.memory import keep_for_good, without_collector
from catalog.readiness import find_readiness
from catalog.teams import find_teams
from web.oncall.card import make_card
from web.quality import find_quality
from web.render import load_templates

log = logging.getLogger("callboard")
_FOLLOW_SECONDS = 0.3
_DUE_SECONDS = 0.1  # a webhook waits this long at most
_DEBOUNCE_MS = 80
_REWATCH_SECONDS = 5
_AT_ONCE = 4
_WARM_SECONDS, _WARM_SHARE = 0.5, 0.1
_MANY = 1_000


def _make_card(catalog: Catalog) -> None:
    """Any card: with it come the modules, the templates and the matrices that all of them take."""
    load_templates("base.html", "macros.html", "pages/card.html", "parts/standing.html", "parts/now.html")
    view = catalog.view
    for node in view.live[:1]:
        make_card(catalog, view.edges.refs[node])


WARMED: Mapping[str, Callable[[Catalog], object]] = {
    "cards": _make_card,
    "look-ups": lambda catalog: find_index(catalog.view),
    "teams": lambda catalog: find_teams(catalog.view),
    "readiness": lambda catalog: find_readiness(catalog.view),
    "APIs": lambda catalog: find_apis(catalog.view),
    "quality": find_quality,
}
"""What the first reader of a revision would wait for, with 100,000 entities for seconds; what is asked at night first."""


@runtime_checkable
class Watched(Protocol):
    """A source whose files can be watched."""

    name: str

    @property
    def watched(self) -> Path:
        """The folder to watch."""
        ...


@asynccontextmanager
async def keep_fresh(crawler: Crawler) -> AsyncIterator[None]:
    """Keep the catalog fresh for as long as the context is open."""
    stop = asyncio.Event()
    watched = [source for source in crawler.sources.values() if isinstance(source, Watched)]
    tasks = [asyncio.create_task(_watch(crawler, source, stop)) for source in watched]
    tasks += [asyncio.create_task(_follow(crawler.catalog, stop)), asyncio.create_task(_crawl_due(crawler, stop))]
    tasks.append(asyncio.create_task(_keep_warm(crawler.catalog, stop)))
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _crawl_due(crawler: Crawler, stop: asyncio.Event) -> None:
    """Read each source when its time has come, a few at once, in threads that do not hold up the end of the process."""
    running: dict[str, threading.Thread] = {}
    while not stop.is_set():
        running = {name: thread for name, thread in running.items() if thread.is_alive()}
        for name in crawler.due():
            is_free = len(running) < _AT_ONCE or crawler.job(name).woken  # whoever is called does not queue
            if name not in running and is_free:
                running[name] = threading.Thread(target=_crawl, args=(crawler, name), name=f"crawl {name}", daemon=True)
                running[name].start()
        try:
            await asyncio.wait_for(stop.wait(), _DUE_SECONDS)
        except TimeoutError:
            continue


def _crawl(crawler: Crawler, name: str) -> None:
    try:
        crawler.crawl(name)
    except Exception:
        log.exception("reading %s failed; it is tried again", name)


async def _watch(crawler: Crawler, source: Watched, stop: asyncio.Event) -> None:
    """Crawl the source again whenever one of its files changes."""
    from watchfiles import awatch

    while not stop.is_set():
        try:
            async for _ in awatch(source.watched, debounce=_DEBOUNCE_MS, step=20, stop_event=stop):
                await asyncio.to_thread(crawler.crawl, source.name)
        except Exception:
            log.exception("watching %s failed; tried again in %d s", source.name, _REWATCH_SECONDS)
            await asyncio.sleep(_REWATCH_SECONDS)
            crawler.wake(source.name)  # what changed meanwhile is told by nobody


async def _keep_warm(catalog: Catalog, stop: asyncio.Event) -> None:
    """Work out for the newest revision what its first readers would wait for, and spend a tenth of the time on it at most."""
    warmed, settled, rest = -1, 0, _WARM_SECONDS
    while not await _has_stopped(stop, rest):
        rest = _WARM_SECONDS
        if catalog.view.revision == warmed:
            continue
        try:
            warmed, spent = await asyncio.to_thread(_warm, catalog, stop)
            rest = max(rest, spent / _WARM_SHARE)
            size = len(catalog.view)
            if abs(size - settled) > max(_MANY, settled // 10):
                await asyncio.to_thread(keep_for_good)
                settled = size
        except Exception:
            log.exception("what pages are made of could not be worked out ahead; tried again in 5 s")
            rest = 5


async def _has_stopped(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long; whether it is over before."""
    try:
        return await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False


def _warm(catalog: Catalog, stop: asyncio.Event) -> tuple[int, float]:
    """The revision that was worked on, and how many seconds of this thread's own it took."""
    started, revision = time.thread_time(), catalog.view.revision
    for warm in WARMED.values():
        if not stop.is_set():
            with without_collector():
                warm(catalog)
    return revision, time.thread_time() - started


async def _follow(catalog: Catalog, stop: asyncio.Event) -> None:
    """Take up revisions that another process wrote into the same database."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(catalog.catch_up)
            await asyncio.wait_for(stop.wait(), _FOLLOW_SECONDS)
        except TimeoutError:
            continue
        except Exception:
            log.exception("the database could not be read; tried again in 1 s")
            await asyncio.sleep(1)
