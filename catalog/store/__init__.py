"""All SQL: what each source declares, the problems, and the revisions. Every write is one transaction and one revision."""

import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from catalog.entity import Row, Written
from catalog.errors import CatalogError
from catalog.locations import Registered
from catalog.problems import Problem, Tally
from catalog.runs import Run
from catalog.store.ages import read_unchanged
from catalog.store.batches import MOST_ASKED, batches, insert
from catalog.store.changesets import ChangeSet, Kept, State, write_documents, write_entities
from catalog.store.engine import index_folder, is_in_memory, open_engine, telling_failure
from catalog.store.history import Change, read_changes, read_changes_since, read_successors
from catalog.store.problems import places_of_file, problem_row, read_problems, tally_problems
from catalog.store.revisions import Revision, in_utc, read_revisions
from catalog.store.runs import StoredCache, read_run, run_row
from catalog.store.turns import Turn
from catalog.tables import CACHED, CHANGE, DOCUMENT, ENTITY, LOCATION, PROBLEM, REVISION, RUN, SOURCE

__all__ = [
    "Change",
    "ChangeSet",
    "Kept",
    "Revision",
    "SourceState",
    "StaleError",
    "State",
    "Store",
    "StoredCache",
    "index_folder",
]

_MANY = 20_000  # refs that are looked for one by one


class StaleError(Exception):
    """Somebody else wrote a revision since the state that a change set was made from was read."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source stands: when it was last crawled, why the last crawl failed if it did, how many entities it gives."""

    name: str
    crawled_at: datetime | None
    failure: str
    entities: int


class Store:
    """The database behind a catalog."""

    def __init__(self, url: str, new_uid: Callable[[str], str] = lambda ref: str(uuid.uuid4())) -> None:
        self.engine = open_engine(url)
        self._new_uid = new_uid
        # A database in memory is one connection: whoever reads it must not end another's transaction.
        self._gate: AbstractContextManager[object] = RLock() if is_in_memory(url) else nullcontext()
        self.turn = Turn(self.engine, url)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with telling_failure(), self._gate, self.engine.connect() as db, db.begin():
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with telling_failure(), self._gate, self.engine.begin() as db:
            yield db

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def revision(self) -> int:
        """The number of the newest revision, 0 before the first."""
        with self._reading() as db:
            return _newest(db)

    def state(self, source: str) -> State:
        """What the source gave last, for telling what a crawl changes."""
        with self._reading() as db:
            number = _newest(db)
            c = ENTITY.c
            entities = sa.select(c.ref, c.uid, c.source, c.location, c.parent, c.hash).where(c.source == source)
            documents = sa.select(DOCUMENT.c.location, DOCUMENT.c.hash).where(DOCUMENT.c.source == source)
            return State(
                number,
                dict(map(tuple, db.execute(documents))),
                {kept.ref: kept for kept in map(Kept._make, db.execute(entities).all())},
                tuple(read_problems(db, source)),
            )

    def holders(self, refs: Collection[str], source: str) -> dict[str, str]:
        """The files of other sources that hold any of these refs."""
        c = ENTITY.c
        elsewhere = sa.select(c.ref, c.location).where(c.source != source)
        with self._reading() as db:
            if len(refs) > _MANY:
                return {ref: at for ref, at in db.execute(elsewhere) if ref in refs}
            found = [
                row for part in batches(list(refs), MOST_ASKED) for row in db.execute(elsewhere.where(c.ref.in_(part)))
            ]
            return dict(map(tuple, found))

    def commit(self, changes: ChangeSet, state: State) -> int:
        """Write the changes as the revision after `state`'s; its number. Raises `StaleError` if that one is taken."""
        now = datetime.now(UTC)
        quiet = not (changes.added or changes.changed or changes.removed)
        quiet = quiet and set(changes.problems) == set(state.problems)
        try:
            with telling_failure(), self.turn, self._writing() as db:
                self._touch(db, changes.source, now, "")
                number = state.revision
                if quiet:
                    # It says which files need not be read again: not where another process may have read them since.
                    if changes.documents != state.documents and _newest(db) != number:
                        raise StaleError
                else:
                    number += 1
                    counts = {k: len(getattr(changes, k)) for k in ("added", "changed", "removed")}
                    db.execute(REVISION.insert().values(number=number, time=now, source=changes.source, **counts))
                    write_entities(db, changes, state, number, self._new_uid)
                    db.execute(PROBLEM.delete().where(PROBLEM.c.source == changes.source))
                    insert(db, PROBLEM, (problem_row(changes.source, p) for p in changes.problems))
                write_documents(db, changes, state)
                return number
        except IntegrityError as error:
            now_there = self.state(changes.source)
            if now_there.revision > state.revision or now_there.documents != state.documents:
                raise StaleError from error
            raise

    def fail(self, source: str, message: str) -> None:
        """Note that a crawl of the source failed. The catalog stays as it is."""
        with self._writing() as db:
            self._touch(db, source, None, message)

    def _touch(self, db: sa.Connection, source: str, crawled_at: datetime | None, failure: str) -> None:
        values: dict[str, Any] = {"failure": failure} | ({"crawled_at": crawled_at} if crawled_at else {})
        if not db.execute(SOURCE.update().where(SOURCE.c.name == source).values(**values)).rowcount:
            db.execute(SOURCE.insert().values(name=source, **values))

    def drop(self, source: str) -> None:
        """Forget that a source was ever crawled; what it gave must be gone already."""
        with self._writing() as db:
            for stored in (SOURCE.c.name, DOCUMENT.c.source, PROBLEM.c.source, RUN.c.source, CACHED.c.source):
                db.execute(sa.delete(stored.table).where(stored == source))

    def note_run(self, run: Run, kept: int = 20) -> None:
        """Keep how a crawl went, and the newest few of its source before it."""
        with self._writing() as db:
            db.execute(RUN.insert().values(**run_row(run)))
            ids = list(db.scalars(sa.select(RUN.c.id).where(RUN.c.source == run.source).order_by(RUN.c.id.desc())))
            for part in batches(ids[kept:], MOST_ASKED):
                db.execute(RUN.delete().where(RUN.c.id.in_(part)))

    def runs(self, source: str | None = None) -> list[Run]:
        """How the crawls of a source went, newest first; without one, the newest of each source."""
        with self._reading() as db:
            query = sa.select(RUN).order_by(RUN.c.id.desc())
            if source is not None:
                return [read_run(row) for row in db.execute(query.where(RUN.c.source == source)).mappings()]
            newest = sa.select(sa.func.max(RUN.c.id)).group_by(RUN.c.source)
            return [read_run(row) for row in db.execute(query.where(RUN.c.id.in_(newest))).mappings()]

    def cache(self, source: str) -> StoredCache:
        """What a source remembers from crawl to crawl."""
        return StoredCache(source, self._reading, self._writing)

    def waiting(self, refs: Collection[str]) -> list[str]:
        """The sources that were refused any of these refs because another file has it."""
        refused = sa.select(PROBLEM.c.source, PROBLEM.c.ref).where(PROBLEM.c.rule == "duplicate-ref")
        with self._reading() as db:
            return sorted({source for source, ref in db.execute(refused) if ref in refs})

    def source_of(self, ref: str) -> str:
        """The source that gives an entity, or has a problem with it; "" where there is none."""
        with self._reading() as db:
            for stored in (ENTITY, PROBLEM):
                found = db.scalar(sa.select(stored.c.source).where(stored.c.ref == ref).limit(1))
                if found is not None:
                    return str(found)
        return ""

    def locations(self) -> list[Registered]:
        """Every registered location, by id."""
        with self._reading() as db:
            c = LOCATION.c
            return [
                Registered(*row) for row in db.execute(sa.select(c.id, c.type, c.target, c.entity_ref).order_by(c.id))
            ]

    def add_location(self, location: Registered) -> None:
        """Register a location. Raises `CatalogError` where its type and target are registered already."""
        with _once(location), self._writing() as db:
            db.execute(LOCATION.insert().values(**asdict(location)))

    def change_location(self, location: Registered) -> None:
        """Give a registered location another type and target. Raises `CatalogError` where another has them."""
        with _once(location), self._writing() as db:
            db.execute(LOCATION.update().where(LOCATION.c.id == location.id).values(**asdict(location)))

    def drop_location(self, id: str) -> None:
        """Take a registered location away; what it gave stays until its source is emptied."""
        with self._writing() as db:
            db.execute(LOCATION.delete().where(LOCATION.c.id == id))

    def rows(self) -> tuple[int, Iterator[Row]]:
        """The newest revision's number and every entity of it, for making a view."""
        c = ENTITY.c
        with self._reading() as db:
            number = _newest(db)
            rows = db.execute(sa.select(c.ref, c.uid, c.body, c.etag, c.parent)).all()
        return number, (Row(ref, uid, bytes(body), etag, parent) for ref, uid, body, etag, parent in rows)

    def written(self, refs: list[str]) -> list[Written]:
        """What the store holds of these refs, as it was written."""
        columns = [ENTITY.c[name] for name in Written.__slots__]
        with self._reading() as db:
            found = [
                row
                for part in batches(refs, MOST_ASKED)
                for row in db.execute(sa.select(*columns).where(ENTITY.c.ref.in_(part)))
            ]
            return [Written(*row) for row in found]

    def since(self, revision: int) -> tuple[int, list[Row], list[str]]:
        """The newest revision's number, and what was written and removed after `revision`."""
        c = ENTITY.c
        with self._reading() as db:
            number = _newest(db)
            refs = list(db.scalars(sa.select(CHANGE.c.ref).where(CHANGE.c.revision > revision).distinct()))
            rows: list[Row] = []
            for part in batches(refs, MOST_ASKED):
                found = db.execute(sa.select(c.ref, c.uid, c.body, c.etag, c.parent).where(c.ref.in_(part)))
                rows += [Row(ref, uid, bytes(body), etag, parent) for ref, uid, body, etag, parent in found]
        return number, rows, sorted(set(refs) - {row.ref for row in rows})

    def problems(self) -> tuple[Problem, ...]:
        """Every problem, in the order in which they were found."""
        with self._reading() as db:
            return tuple(read_problems(db))

    def tallies(self) -> list[Tally]:
        """How many problems each source has with each file."""
        with self._reading() as db:
            return tally_problems(db)

    def places_of_file(self, file: str) -> dict[str, str]:
        """By source, the location under which it read a file; "" where it has a problem with one that it could not read."""
        with self._reading() as db:
            return places_of_file(db, file)

    def refs_of_files(self, files: Collection[str]) -> dict[str, list[str]]:
        """The entities that files give, by file: paths or URLs."""
        wanted = [f"{kind}:{file}" for file in files for kind in ("file", "url")]
        found: dict[str, list[str]] = {}
        with self._reading() as db:
            for part in batches(wanted, MOST_ASKED):
                query = sa.select(ENTITY.c.location, ENTITY.c.ref).where(ENTITY.c.location.in_(part))
                for location, ref in db.execute(query):
                    found.setdefault(location.partition(":")[2], []).append(ref)
        return found

    def sources(self) -> list[SourceState]:
        """Every source that was ever crawled."""
        counts = sa.select(ENTITY.c.source, sa.func.count()).group_by(ENTITY.c.source)
        with self._reading() as db:
            found: dict[str, int] = dict(map(tuple, db.execute(counts)))
            rows = db.execute(sa.select(SOURCE.c.name, SOURCE.c.crawled_at, SOURCE.c.failure).order_by(SOURCE.c.name))
            return [SourceState(name, at and in_utc(at), failure, found.get(name, 0)) for name, at, failure in rows]

    def unchanged_since(self, time: datetime) -> list[str] | None:
        """The refs that nothing touched since a time; None where the catalog is younger than that."""
        with self._reading() as db:
            return read_unchanged(db, time)

    def changes_of(self, ref: str, limit: int) -> list[Change]:
        """The newest changes of an entity, newest first."""
        with self._reading() as db:
            return read_changes(db, ref, limit)

    def successors(self, refs: Collection[str]) -> dict[str, list[str]]:
        """Of refs that went, what came in the same revision, of the same kind."""
        with self._reading() as db:
            return read_successors(db, refs)

    def changes_since(self, time: datetime, limit: int) -> list[tuple[str, Change]]:
        """The newest changes of all entities since a time, each with its ref."""
        with self._reading() as db:
            return read_changes_since(db, time, limit)

    def revisions(self, limit: int) -> list[Revision]:
        """The newest revisions, newest first."""
        with self._reading() as db:
            return read_revisions(db, limit)


def _newest(db: sa.Connection) -> int:
    return int(db.scalar(sa.select(sa.func.max(REVISION.c.number))) or 0)


@contextmanager
def _once(location: Registered) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        message = f"Location {location.type}:{location.target} already exists"
        raise CatalogError("conflict", message, "Use `onConflict=refresh` to have it read again.") from error
