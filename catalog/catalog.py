"""`Catalog`: the one door. Everything outside this package reads and writes the catalog through it."""

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

from catalog import graph, parse, pipeline
from catalog.documents import Document, Draft, Source, is_local
from catalog.entity import Entity
from catalog.finding import Found, find
from catalog.graph import Direction, Neighbourhood, Question
from catalog.locations import Registered
from catalog.memory import give_back_memory, without_collector
from catalog.pipeline import Judged, Policy, Progress, Report
from catalog.problems import Problem, Tally, list_statuses
from catalog.query import EVERYTHING, Predicate
from catalog.relations import emit
from catalog.runs import Run
from catalog.search import MAX_HITS, Index, describe
from catalog.store import Change, Revision, SourceState, Store, StoredCache, index_folder
from catalog.view import View

if TYPE_CHECKING:
    from catalog.graph.blast import Blast
    from catalog.graph.chart import Chart
    from catalog.graph.upstream import Upstream

log = logging.getLogger("callboard")
_MANY = 1_000
_SETTLE = 1.0


class Catalog:
    """A catalog over one database. Reads are answered from `view`, which is swapped whole when a revision comes."""

    def __init__(self, store: Store, index: Index | None, policy: Policy = Policy()) -> None:
        self._store, self._index, self._policy = store, index, policy
        self._lock, self._wake, self._stop = threading.RLock(), threading.Event(), threading.Event()
        self.view = View(relation_targets=policy.relation_targets)
        self.problems: tuple[Problem, ...] = ()
        self._by_ref: dict[str, list[Problem]] = {}
        self.catch_up()
        self._indexer = threading.Thread(target=self._keep_indexed, name="search-index", daemon=True)
        if index is not None:
            self._indexer.start()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        search: bool = True,
        uids: Mapping[str, str] | None = None,
        policy: Policy = Policy(),
    ) -> "Catalog":
        """The catalog in the database at a SQLAlchemy URL. `uids` fixes the first uid that an entity gets, by ref."""
        fixed = dict(uids or {})
        store = Store(url, lambda ref: fixed.pop(ref, None) or str(uuid.uuid4()))
        return cls(store, Index(index_folder(url)) if search else None, policy)

    def close(self) -> None:
        """Stop the background work and let go of the database."""
        self._stop.set()
        self._wake.set()
        if self._index is not None:
            self._indexer.join(timeout=30)
            self._index.close()
        self._store.close()

    # -- writing

    def ingest(
        self,
        source: Source,
        *,
        confirmed: bool | Collection[str] = False,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Crawl the source once. When this returns, every reader sees what it brought (search within a second).

        Several sources may be crawled at a time, one source only once at a time.
        """
        with without_collector() if is_local(source) else nullcontext():
            report = pipeline.ingest(
                source, self._store, policy=self._policy, confirmed=confirmed, dry_run=dry_run, progress=progress
            )
        if not dry_run:
            self.catch_up()
        if len(report.added) + len(report.changed) >= _MANY:
            give_back_memory()
        return report

    def preview(self, source: Source) -> list[Entity]:
        """The entities that a registered location would bring. Raises `CatalogError` where one would be refused."""
        return pipeline.preview(source, self._policy.rules_of(source.name))

    def empty(self, source: str) -> list[str]:
        """Take everything a source gave away, and forget that it ever was; the refs it gave up."""
        gone = pipeline.empty(source, self._store)
        self.catch_up()
        return gone

    def remove(self, ref: str) -> str:
        """Take one entity away; the name of the source that gave it, which will give it again if it still declares it."""
        source = pipeline.remove(ref, self._store)
        self.catch_up()
        return source

    def locations(self) -> list[Registered]:
        """The registered locations, by id."""
        return self._store.locations()

    def register(self, location: Registered) -> None:
        """Keep a new registered location. Raises `CatalogError` where its type and target are registered already."""
        self._store.add_location(location)

    def reregister(self, location: Registered) -> None:
        """Keep a registered location's new type and target. Raises `CatalogError` where another has them."""
        self._store.change_location(location)

    def unregister(self, location: Registered) -> None:
        """Take a registered location away; what it gave stays until its source is emptied."""
        self._store.drop_location(location.id)

    def catch_up(self) -> bool:
        """Bring the view to the newest revision, whoever wrote it; whether there was one."""
        with self._lock, without_collector():
            if self.view.revision == self._store.revision():
                return False
            found = self._store.problems()
            if self.view.revision == 0:
                number, rows = self._store.rows()
                view = self.view.apply(number, rows, (), list_statuses(found))
            else:
                number, changed, removed = self._store.since(self.view.revision)
                view = self.view.apply(number, changed, removed, list_statuses(found))
            self.problems = tuple(sorted(found, key=lambda p: (p.origin.file, p.origin.line, p.origin.column)))
            self._by_ref = {}
            for problem in self.problems:
                self._by_ref.setdefault(problem.ref, []).append(problem)
            before, self.view = self.view, view
            before.derived.clear()  # much of it holds on to its view, which is to go when its last reader does
        self._wake.set()
        return True

    def _keep_indexed(self) -> None:
        """Bring the view's orders and the search index after it, for as long as the catalog is open."""
        known = 0
        while not self._stop.is_set():
            size = len(self.view)
            if size > known + _MANY:
                self._stop.wait(_SETTLE)  # the first readers of a large load go first
            known = size
            try:
                self.view.warm()
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
        if index.revision:
            _, rows, removed = self._store.since(index.revision)
            refs: Iterable[str] = [row.ref for row in rows]
        else:
            refs, removed = (view.edges.refs[node] for node in view.live), []
        texts = (describe(ref, entity) for ref in refs if (entity := view.entity(ref)) is not None)
        index.update(texts, removed, view.revision)

    @property
    def indexed_revision(self) -> int:
        """The revision that full text search has reached."""
        return self._index.revision if self._index else 0

    # -- reading

    def judge(self, document: Document, source: Source | None = None) -> list[Judged]:
        """Each document of a file, judged as an ingest would; nothing is stored.

        With a source, placeholders and the targets of Locations are read from it; else they are taken on trust.
        """
        if source is None:
            return pipeline.judge(document, None, rules=self._policy.rules)
        return pipeline.check(document, source, self._policy.rules_of(source.name))

    def problems_of(self, ref: str) -> list[Problem]:
        """The problems of one entity."""
        return self._by_ref.get(ref, [])

    def tallies(self) -> list[Tally]:
        """How many problems each source has with each file, by source and file."""
        return self._store.tallies()

    def places_of_file(self, file: str) -> dict[str, str]:
        """By source, the location under which it read a file; "" where it has a problem with one that it could not read."""
        return self._store.places_of_file(file)

    def refs_of_files(self, files: Collection[str]) -> dict[str, list[str]]:
        """The entities that files give, by file: paths or URLs."""
        return self._store.refs_of_files(files)

    def note_run(self, run: Run) -> None:
        """Keep how a crawl went; its source stands as it did."""
        self._store.note_run(run)
        if run.outcome != "ok":
            self._store.fail(run.source, run.message)

    def runs(self, source: str | None = None) -> list[Run]:
        """How the crawls of a source went, newest first; without one, the newest of each source."""
        return self._store.runs(source)

    def cache(self, source: str) -> StoredCache:
        """What a source remembers from crawl to crawl."""
        return self._store.cache(source)

    def waiting(self, refs: Collection[str]) -> list[str]:
        """The sources that were refused any of these refs because another file has it."""
        return self._store.waiting(refs)

    def source_of(self, ref: str) -> str:
        """The name of the source that an entity, or a refused document's problem, belongs to; "" where there is none."""
        return self._store.source_of(ref)

    def sources(self) -> list[SourceState]:
        """Every source that was ever crawled."""
        return self._store.sources()

    def unchanged_since(self, time: datetime) -> list[str] | None:
        """The refs that nothing touched since a time; None where the catalog is younger than that."""
        return self._store.unchanged_since(time)

    def changes_of(self, ref: str, limit: int = 20) -> list[Change]:
        """The newest changes of an entity, newest first."""
        return self._store.changes_of(ref, limit)

    def successors(self, refs: Collection[str]) -> dict[str, list[str]]:
        """Of refs that went, what came, of the same kind and source, in the same revision."""
        return self._store.successors(refs)

    def changes_since(self, time: datetime, limit: int = 10_000) -> list[tuple[str, Change]]:
        """The newest changes of all entities since a time, each with its ref, newest first; the first load is none."""
        return self._store.changes_since(time, limit)

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

    def upstreams(self, failing: Sequence[str]) -> "list[Upstream]":
        """What failing entities have in common, the likeliest cause first."""
        from catalog.graph.upstream import find_upstreams

        view = self.view
        return find_upstreams(view.edges, failing, libraries=view.column("spec.type").equal("library"))

    def find_text(self, text: str, *, in_names: bool = True) -> list[str]:
        """Refs of entities that have all words of a text anywhere in them, best first, at most `MAX_FOUND` of them.

        As far as the index has come. Without `in_names` it leaves the beginnings of names to `catalog.names`.
        """
        return self._index.find(text, in_names=in_names) if self._index else []

    def chart(self, question: Question) -> "Chart":
        """The part of the graph that a question is about, small enough to draw. Raises `KeyError` for an unheard-of ref."""
        from catalog.graph.chart import draw_chart  # numpy takes a tenth of a second that most starts do not need

        return draw_chart(self.view.edges, question)

    def blast(self, roots: tuple[str, ...], direction: Direction = "in", depth: int | None = None) -> "Blast":
        """What breaks if the roots fail, with its owners; `out`: what they need. Raises `KeyError` as `chart`."""
        from catalog.graph.blast import find_blast

        return find_blast(self.view.edges, roots, direction, depth)

    def sum_blast(self, *roots: str, first: int, without: Iterable[str] = ()) -> "Blast":
        """What breaks if the roots fail and does not fail yet, counted: of the first owners, the nearest is told."""
        from catalog.graph.blast import find_blast

        return find_blast(self.view.edges, roots, first=first, without=without)

    def count_blast(self, ref: str) -> tuple[int, int]:
        """How many entities break if this one fails, and how many teams own them."""
        from catalog.graph.blast import count_blast

        return count_blast(self.view.edges, ref)

    def search(self, text: str, *, limit: int = 25, offset: int = 0, predicate: Predicate = EVERYTHING) -> Found:
        """Entities for a text: names at once from the view, then full text; without a text, all that match."""
        return find(self.view, self.find_text, text, limit, offset, predicate)


def judge_file(document: Document, read: Callable[[str], bytes]) -> list[Judged]:
    """Each document of a file, judged without a catalog, placeholders as strings; `read` tells whether they can be read."""
    return pipeline.judge(document, read, stand_in=True)


def relations_of(entity: Entity) -> list[tuple[str, str]]:
    """The relations that an accepted entity declares itself, as types with canonical target refs."""
    return list(dict.fromkeys(emit(entity.data)))


def read_yaml(document: Document) -> tuple[list[Draft], list[Problem]]:
    """The mappings in any YAML file, by the rules that catalog files are read by, and what is wrong with the file."""
    parsed = parse.parse(document)
    return parsed.drafts, parsed.problems


def locate(draft: Draft, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
    """The file's line and column, from 1, of what `path` leads to; with `key`, of the key that names it."""
    return parse.locate(draft, path, key=key)


MAX_FOUND = MAX_HITS  # entities that full text search finds at most
