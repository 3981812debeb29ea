"""`Catalog`: the one door. Everything outside this package reads and writes the catalog through it."""

import ctypes
import gc
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import orjson

from catalog import graph, parse, pipeline
from catalog.documents import Document, Json, Source
from catalog.errors import CatalogError
from catalog.graph import Direction, Neighbourhood
from catalog.pipeline import Judged, Progress, Report
from catalog.problems import Problem
from catalog.query import EVERYTHING, Predicate
from catalog.search import Index, describe, words
from catalog.store import Revision, SourceState, Store, cause_json, index_folder
from catalog.view import View

log = logging.getLogger("callboard")
_NAME_KEYS = ("metadata.name", "metadata.title")
_MAX_NAMES = 1_000
_MANY = 1_000
_SETTLE = 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One entity found; `highlights` are its texts with the matched words between the two marks."""

    ref: str
    entity: dict[str, Json]
    highlights: dict[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of search hits, best first, and how many there are in all."""

    hits: list[Hit]
    total: int


class Catalog:
    """A catalog over one database. Reads are answered from `view`, which is swapped whole when a revision comes."""

    def __init__(self, store: Store, index: Index | None) -> None:
        self._store, self._index = store, index
        self._lock, self._wake, self._stop = threading.RLock(), threading.Event(), threading.Event()
        self.view = View()
        self.problems: tuple[Problem, ...] = ()
        self._by_ref: dict[str, list[Problem]] = {}
        self.catch_up()
        self._indexer = threading.Thread(target=self._keep_indexed, name="search-index", daemon=True)
        if index is not None:
            self._indexer.start()

    @classmethod
    def open(cls, url: str, *, search: bool = True, uids: Mapping[str, str] | None = None) -> "Catalog":
        """The catalog in the database at a SQLAlchemy URL. `uids` fixes the uid that a new entity gets, by ref."""
        fixed = uids or {}
        store = Store(url, lambda ref: fixed.get(ref) or str(uuid.uuid4()))
        return cls(store, Index(index_folder(url)) if search else None)

    def close(self) -> None:
        """Stop the background work and let go of the database."""
        self._stop.set()
        self._wake.set()
        if self._index is not None:
            self._indexer.join(timeout=30)
            self._index.close()
        self._store.close()

    # -- writing

    def ingest(self, source: Source, *, dry_run: bool = False, progress: Progress | None = None) -> Report:
        """Crawl the source once. When this returns, every reader sees what it brought (search within a second)."""
        with self._lock, _without_collector():
            report = pipeline.ingest(source, self._store, dry_run=dry_run, progress=progress)
            if not dry_run:
                self.catch_up()
        if len(report.added) + len(report.changed) >= _MANY:
            _give_back_memory()
        return report

    def catch_up(self) -> bool:
        """Bring the view to the newest revision, whoever wrote it; whether there was one."""
        with self._lock, _without_collector():
            if self.view.revision == self._store.revision() and self.view.revision:
                return False
            problems = self._store.problems()
            if self.view.revision == 0:
                number, rows = self._store.rows()
                view = self.view.apply(number, rows, (), _statuses(problems))
            else:
                number, changed, removed = self._store.since(self.view.revision)
                view = self.view.apply(number, changed, removed, _statuses(problems))
            view.warm()
            self.problems, self._by_ref = problems, {}
            for problem in problems:
                self._by_ref.setdefault(problem.ref, []).append(problem)
            self.view = view
        self._wake.set()
        return True

    def _keep_indexed(self) -> None:
        """Bring the search index after the view, for as long as the catalog is open."""
        while not self._stop.is_set():
            try:
                self._index_once()
            except Exception:
                log.exception("the search index could not be brought up to date; it is tried again in 5 s")
                self._stop.wait(5)
                continue
            self._wake.wait(5)
            self._wake.clear()

    def _index_once(self) -> None:
        index, view = self._index, self.view
        if index is None or index.revision == view.revision:
            return
        if not index.revision and len(view) > _MANY:
            self._stop.wait(_SETTLE)  # the first readers of a large load go first
        if index.revision:
            _, rows, removed = self._store.since(index.revision)
            refs: Iterable[str] = [row.ref for row in rows]
        else:
            refs, removed = (view.edges.refs[node] for node in view.live), []
        texts = (describe(ref, entity) for ref in refs if (entity := view.entity(ref)) is not None)
        index.update(texts, removed, view.revision)

    def wait_indexed(self, seconds: float = 30) -> bool:
        """Wait until full text search has reached the view; whether it did in time."""
        deadline = time.monotonic() + seconds
        while self.indexed_revision != self.view.revision and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.indexed_revision == self.view.revision

    @property
    def indexed_revision(self) -> int:
        """The revision that full text search has reached."""
        return self._index.revision if self._index else 0

    # -- reading

    def judge(self, document: Document) -> list[Judged]:
        """Each document of a file, judged as an ingest would, with placeholders taken as the strings they stand for."""
        return pipeline.judge(document, None, document.location)

    def problems_of(self, ref: str) -> list[Problem]:
        """The problems of one entity."""
        return self._by_ref.get(ref, [])

    def sources(self) -> list[SourceState]:
        """Every source that was ever crawled."""
        return self._store.sources()

    def revisions(self, limit: int = 20) -> list[Revision]:
        """The newest revisions, newest first."""
        return self._store.revisions(limit)

    def neighbourhood(
        self,
        ref: str,
        depth: int | None = 1,
        direction: Direction = "both",
        relations: Iterable[str] | None = None,
        limit: int | None = 80,
    ) -> Neighbourhood:
        """The part of the graph around an entity."""
        return graph.neighbourhood(self.view.edges, ref, depth, direction, relations, limit)

    def cycles(self, ref: str) -> list[list[str]]:
        """The dependency cycles that an entity is in."""
        return graph.cycles(self.view.edges, ref)

    def path(self, source: str, target: str) -> list[str]:
        """A shortest way from one entity to another along what each needs or belongs to; empty where there is none."""
        return graph.path(self.view.edges, source, target)

    def impact(self, ref: str, depth: int | None = None) -> dict[str, int]:
        """Everything that breaks if an entity fails, with its distance."""
        return graph.impact(self.view.edges, ref, depth)

    def search(self, text: str, *, limit: int = 25, offset: int = 0, predicate: Predicate = EVERYTHING) -> Found:
        """Entities for a text: names at once from the view, then full text; without a text, all that match."""
        view = self.view
        among = view.match(predicate)
        if not words(text):
            refs = [view.edges.refs[node] for node in among]
        else:
            hits = self._index.find(text) if self._index else []
            nodes = view.edges.nodes
            ranked = dict.fromkeys([*_named(view, text.strip().lower()), *hits])
            refs = [ref for ref in ranked if (node := nodes.get(ref)) is not None and node in among]
        page = [(ref, entity) for ref in refs[offset : offset + limit] if (entity := view.entity(ref)) is not None]
        return Found([Hit(ref, entity, _highlight(entity, text)) for ref, entity in page], len(refs))


def judge_file(document: Document, read: Callable[[str], bytes]) -> list[Judged]:
    """Each document of a file, judged without a catalog, placeholders as strings; `read` tells whether they can be read."""
    return pipeline.judge(document, read, document.location, stand_in=True)


def read_yaml(text: str) -> Json:
    """A YAML text of one document, by the rules that catalog files are read by. Raises `CatalogError`."""
    try:
        return parse.load_yaml(text)
    except ValueError as error:
        raise CatalogError("invalid", str(error)) from error


def _named(view: View, text: str) -> list[str]:
    """Refs whose name or title has the text in it: the same first, then those that begin with it."""
    found = {node for key in _NAME_KEYS for node in view.column(key).containing(text)}
    names = [(ref.partition("/")[2], ref) for ref in (view.edges.refs[node] for node in found)]
    names.sort(key=lambda one: (one[0] != text, not one[0].startswith(text), text not in one[0], len(one[0]), one[1]))
    return [ref for _, ref in names[:_MAX_NAMES]]


@contextmanager
def _without_collector() -> Iterator[None]:
    """No garbage collection meanwhile: a load makes millions of objects and no cycles, and looking for them costs a fifth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _give_back_memory() -> None:
    """Return what a large load freed to the system, where the C library can (glibc)."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


MARKS = ("\ue000", "\ue001")  # private use: nothing a catalog file says is taken for a mark


def _highlight(entity: dict[str, Json], text: str) -> dict[str, str]:
    """The entity's title and description with what the search found between the marks; only those with a hit."""
    found = sorted(words(text), key=len, reverse=True)
    if not found:
        return {}
    pattern = re.compile("|".join(map(re.escape, found)), re.IGNORECASE)
    metadata = entity["metadata"]
    texts = {"title": metadata.get("title") or metadata["name"], "text": metadata.get("description") or ""}
    marked = {name: pattern.sub(lambda hit: f"{MARKS[0]}{hit[0]}{MARKS[1]}", one) for name, one in texts.items()}
    return {name: one for name, one in marked.items() if one != texts[name]}


def _statuses(problems: Iterable[Problem]) -> dict[str, bytes]:
    """The `status` of every entity that has errors, as bytes to splice (reference section 4.4)."""
    items: dict[str, list[dict[str, Json]]] = {}
    for problem in problems:
        if problem.error is None or not problem.ref:
            continue
        error = cause_json(problem.error)
        message = f"{error['name']}: {error['message']}"
        item = {"type": "backstage.io/catalog-processing", "level": "error", "message": message, "error": error}
        items.setdefault(problem.ref, []).append(item)
    return {ref: b',"status":{"items":' + orjson.dumps(found) + b"}" for ref, found in items.items()}
