"""All SQL: what each source declares, the problems, and the revisions. Every write is one transaction and one revision."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel, create_engine

from catalog.entity import Row, Written
from catalog.problems import Cause, Origin, Problem, Severity
from catalog.tables import StoredChange, StoredDocument, StoredEntity, StoredProblem, StoredRevision, StoredSource

_BATCH = 5_000
_IN = 500  # SQLite takes 32,766 parameters a statement, PostgreSQL 65,535
_HEAD = "0001"


class StaleError(Exception):
    """Somebody else wrote a revision since the state that a change set was made from was read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store holds of one entity, without its body."""

    ref: str
    uid: str
    source: str
    location: str
    parent: str
    hash: str


@dataclass(frozen=True, slots=True)
class State:
    """What one source gave at its last crawl, and who else holds which ref, at one revision."""

    revision: int
    documents: dict[str, str]
    entities: dict[str, Kept]
    others: dict[str, Kept]
    problems: frozenset[Problem]


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What one crawl changes of its source."""

    source: str
    added: list[Written] = field(default_factory=list)
    changed: list[Written] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Revision:
    """One numbered change of the catalog."""

    number: int
    time: datetime
    source: str
    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source stands: when it was last crawled, why the last crawl failed if it did, how many entities it gives."""

    name: str
    crawled_at: datetime | None
    failure: str
    entities: int


def table(model: type[SQLModel]) -> sa.Table:
    """The SQLAlchemy table beneath a SQLModel class; bulk work goes through it."""
    found: sa.Table = model.__table__  # type: ignore[attr-defined]
    return found


SOURCE, REVISION, DOCUMENT = table(StoredSource), table(StoredRevision), table(StoredDocument)
ENTITY, CHANGE, PROBLEM = table(StoredEntity), table(StoredChange), table(StoredProblem)


class Store:
    """The database behind a catalog."""

    def __init__(self, url: str, new_uid: Callable[[str], str] = lambda ref: str(uuid.uuid4())) -> None:
        self.engine = open_engine(url)
        self._new_uid = new_uid
        # A database in memory is one connection: whoever reads it must not end another's transaction.
        self._gate: AbstractContextManager[object] = RLock() if is_in_memory(url) else nullcontext()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._gate, self.engine.connect() as db, db.begin():
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._gate, self.engine.begin() as db:
            yield db

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def revision(self) -> int:
        """The number of the newest revision, 0 before the first."""
        with self._reading() as db:
            return int(db.scalar(sa.select(sa.func.max(REVISION.c.number))) or 0)

    def state(self, source: str) -> State:
        """What the source gave last, for telling what a crawl changes."""
        with self._reading() as db:
            number = int(db.scalar(sa.select(sa.func.max(REVISION.c.number))) or 0)
            c = ENTITY.c
            kept = [Kept(*row) for row in db.execute(sa.select(c.ref, c.uid, c.source, c.location, c.parent, c.hash))]
            documents = sa.select(DOCUMENT.c.location, DOCUMENT.c.hash).where(DOCUMENT.c.source == source)
            return State(
                number,
                dict(map(tuple, db.execute(documents))),
                {one.ref: one for one in kept if one.source == source},
                {one.ref: one for one in kept if one.source != source},
                frozenset(_problems(db, source)),
            )

    def commit(self, changes: ChangeSet, state: State) -> int:
        """Write the changes as the revision after `state`'s; its number. Raises `StaleError` if that one is taken."""
        now = datetime.now(UTC)
        quiet = not (changes.added or changes.changed or changes.removed) and set(changes.problems) == state.problems
        try:
            with self._writing() as db:
                self._touch(db, changes.source, now, "")
                number = state.revision
                if not quiet:
                    number += 1
                    counts = {k: len(getattr(changes, k)) for k in ("added", "changed", "removed")}
                    db.execute(REVISION.insert().values(number=number, time=now, source=changes.source, **counts))
                    self._write_entities(db, changes, state, number)
                    db.execute(PROBLEM.delete().where(PROBLEM.c.source == changes.source))
                    _insert(db, PROBLEM, (_problem_row(changes.source, p) for p in changes.problems))
                self._write_documents(db, changes, state)
                return number
        except IntegrityError as error:
            if self.revision() > state.revision:
                raise StaleError from error
            raise

    def _write_entities(self, db: sa.Connection, changes: ChangeSet, state: State, number: int) -> None:
        source, old = changes.source, state.entities
        for part in _batches(changes.removed, _IN):
            db.execute(ENTITY.delete().where(ENTITY.c.ref.in_(part)))
        updates = [{"_ref": w.ref, **_columns(w)} for w in changes.changed]
        if updates:
            statement = ENTITY.update().where(ENTITY.c.ref == sa.bindparam("_ref"))
            db.execute(statement.values({name: sa.bindparam(name) for name in _columns(changes.changed[0])}), updates)
        _insert(
            db,
            ENTITY,
            ({"ref": w.ref, "uid": self._new_uid(w.ref), "source": source, **_columns(w)} for w in changes.added),
        )
        history = [(w.ref, "", w.hash) for w in changes.added]
        history += [(w.ref, old[w.ref].hash, w.hash) for w in changes.changed]
        history += [(ref, old[ref].hash, "") for ref in changes.removed]
        _insert(db, CHANGE, ({"revision": number, "ref": r, "old_hash": o, "new_hash": n} for r, o, n in history))

    def _write_documents(self, db: sa.Connection, changes: ChangeSet, state: State) -> None:
        known, now, source = state.documents, changes.documents, changes.source
        gone = [location for location in known if now.get(location) != known[location]]
        for part in _batches(gone, _IN):
            db.execute(DOCUMENT.delete().where(DOCUMENT.c.source == source, DOCUMENT.c.location.in_(part)))
        fresh = ((at, digest) for at, digest in now.items() if known.get(at) != digest)
        _insert(db, DOCUMENT, ({"source": source, "location": at, "hash": digest} for at, digest in fresh))

    def fail(self, source: str, message: str) -> None:
        """Note that a crawl of the source failed. The catalog stays as it is."""
        with self._writing() as db:
            self._touch(db, source, None, message)

    def _touch(self, db: sa.Connection, source: str, crawled_at: datetime | None, failure: str) -> None:
        values: dict[str, Any] = {"failure": failure} | ({"crawled_at": crawled_at} if crawled_at else {})
        if not db.execute(SOURCE.update().where(SOURCE.c.name == source).values(**values)).rowcount:
            db.execute(SOURCE.insert().values(name=source, **values))

    def rows(self) -> tuple[int, Iterator[Row]]:
        """The newest revision's number and every entity of it, for making a view."""
        c = ENTITY.c
        with self._reading() as db:
            number = int(db.scalar(sa.select(sa.func.max(REVISION.c.number))) or 0)
            rows = db.execute(sa.select(c.ref, c.uid, c.body, c.etag, c.parent)).all()
        return number, (Row(ref, uid, bytes(body), etag, parent) for ref, uid, body, etag, parent in rows)

    def since(self, revision: int) -> tuple[int, list[Row], list[str]]:
        """The newest revision's number, and what was written and removed after `revision`."""
        c = ENTITY.c
        with self._reading() as db:
            number = int(db.scalar(sa.select(sa.func.max(REVISION.c.number))) or 0)
            refs = list(db.scalars(sa.select(CHANGE.c.ref).where(CHANGE.c.revision > revision).distinct()))
            rows: list[Row] = []
            for part in _batches(refs, _IN):
                found = db.execute(sa.select(c.ref, c.uid, c.body, c.etag, c.parent).where(c.ref.in_(part)))
                rows += [Row(ref, uid, bytes(body), etag, parent) for ref, uid, body, etag, parent in found]
        return number, rows, sorted(set(refs) - {row.ref for row in rows})

    def problems(self) -> tuple[Problem, ...]:
        """Every problem, by file and line."""
        with self._reading() as db:
            return tuple(sorted(_problems(db), key=lambda p: (p.origin.file, p.origin.line, p.origin.column)))

    def sources(self) -> list[SourceState]:
        """Every source that was ever crawled."""
        counts = sa.select(ENTITY.c.source, sa.func.count()).group_by(ENTITY.c.source)
        with self._reading() as db:
            found: dict[str, int] = dict(map(tuple, db.execute(counts)))
            rows = db.execute(sa.select(SOURCE.c.name, SOURCE.c.crawled_at, SOURCE.c.failure).order_by(SOURCE.c.name))
            return [SourceState(name, _utc(at), failure, found.get(name, 0)) for name, at, failure in rows]

    def revisions(self, limit: int) -> list[Revision]:
        """The newest revisions, newest first."""
        c = REVISION.c
        columns = (c.number, c.time, c.source, c.added, c.changed, c.removed)
        with self._reading() as db:
            rows = db.execute(sa.select(*columns).order_by(c.number.desc()).limit(limit))
            return [Revision(number, _utc(time) or time, *rest) for number, time, *rest in rows]


def is_in_memory(url: str) -> bool:
    """Whether the URL is of a SQLite database that no file holds."""
    parsed = sa.make_url(url)
    return parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")


def index_folder(url: str) -> Path | None:
    """Where the search index of a SQLite file lives: beside it. None where the database is no file."""
    parsed = sa.make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and not is_in_memory(url)
    return Path(f"{parsed.database}.search") if is_file else None


def open_engine(url: str) -> sa.Engine:
    """The engine for a SQLAlchemy URL, its schema brought up to date by the migrations."""
    if url.startswith("postgresql:"):
        url = url.replace("postgresql:", "postgresql+psycopg:", 1)
    parsed = sa.make_url(url)
    options: dict[str, Any] = {}
    if parsed.get_backend_name() == "sqlite":
        options["connect_args"] = {"check_same_thread": False, "timeout": 30}
        if is_in_memory(url):
            options["poolclass"] = StaticPool  # one connection, for it is the database
        else:
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, **options)
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _set_up_sqlite)
    _migrate(engine)
    return engine


def _set_up_sqlite(connection: Any, record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _migrate(engine: sa.Engine) -> None:
    with engine.begin() as db:
        if (
            sa.inspect(db).has_table("alembic_version")
            and db.scalar(sa.text("select version_num from alembic_version")) == _HEAD
        ):
            return
        from alembic import command  # slow to import, and seldom needed
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = db
        command.upgrade(config, "head")


def _insert(db: sa.Connection, into: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    for part in _batches(list(rows), _BATCH):
        db.execute(into.insert(), part)


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _columns(written: Written) -> dict[str, Any]:
    return {name: getattr(written, name) for name in Written.__slots__ if name != "ref"}


def _problem_row(source: str, problem: Problem) -> dict[str, Any]:
    at = problem.origin
    return {
        "source": source,
        "file": at.file,
        "line": at.line,
        "column": at.column,
        "index": at.index,
        "rule": problem.rule,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
        "ref": problem.ref,
        "error": json.dumps(cause_json(problem.error)) if problem.error else "",
    }


def _problems(db: sa.Connection, source: str | None = None) -> Iterator[Problem]:
    query = sa.select(PROBLEM)
    for row in db.execute(query.where(PROBLEM.c.source == source) if source is not None else query).mappings():
        origin = Origin(row["file"], row["line"], row["column"], row["index"])
        error = _cause(json.loads(row["error"])) if row["error"] else None
        yield Problem(row["rule"], row["message"], row["hint"], origin, Severity(row["severity"]), row["ref"], error)


def cause_json(cause: Cause) -> dict[str, Any]:
    """An error in the form Backstage gives it in `status.items`."""
    return {"name": cause.name, "message": cause.message} | ({"cause": cause_json(cause.cause)} if cause.cause else {})


def _cause(value: dict[str, Any]) -> Cause:
    return Cause(value["name"], value["message"], _cause(value["cause"]) if "cause" in value else None)


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
