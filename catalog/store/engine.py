"""The database connection: SQLite or PostgreSQL from a SQLAlchemy URL, its schema brought up to date."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool
from sqlmodel import create_engine

from catalog.errors import CatalogError

_HEAD = "0004"
_BUSY_SECONDS = 30.0  # that a writer waits for another process's
_LOCK = 0x0CA11B0A  # what processes that start at once on one PostgreSQL know the migration by


def is_in_memory(url: str) -> bool:
    """Whether the URL is of a SQLite database that no file holds."""
    parsed = sa.make_url(url)
    return parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")


def index_folder(url: str) -> Path | None:
    """Where the search index of a SQLite file lives: beside it. None where the database is no file."""
    parsed = sa.make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and not is_in_memory(url)
    return Path(f"{parsed.database}.search") if is_file else None


@contextmanager
def telling_failure() -> Iterator[None]:
    """A database that is locked, full, read-only or not there is nobody's mistake, and may pass: a `CatalogError`."""
    try:
        yield
    except OperationalError as error:
        # A server's own words may name addresses and users.
        why = f": {error.orig}" if isinstance(error.orig, sqlite3.OperationalError) else ""
        raise CatalogError("unavailable", f"The database cannot be used now{why}", "Try again in a while.") from error


def open_engine(url: str) -> sa.Engine:
    """The engine for a SQLAlchemy URL, its schema brought up to date by the migrations."""
    if url.startswith("postgresql:"):
        url = url.replace("postgresql:", "postgresql+psycopg:", 1)
    parsed = sa.make_url(url)
    options: dict[str, Any] = {}
    if parsed.get_backend_name() == "sqlite":
        options["connect_args"] = {"check_same_thread": False, "timeout": _BUSY_SECONDS}
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
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={1000 * _BUSY_SECONDS:.0f}"):
        connection.execute(f"PRAGMA {pragma}")


def _migrate(engine: sa.Engine) -> None:
    with engine.connect() as db:
        if _is_current(db):
            return
        db.rollback()
        is_sqlite = engine.dialect.name == "sqlite"
        connection: Any = db.connection.driver_connection
        if is_sqlite:
            # Python's driver commits each change of the schema by itself: a process that is killed would leave half of one.
            connection.isolation_level = None
            db.exec_driver_sql("BEGIN IMMEDIATE")
        elif engine.dialect.name == "postgresql":
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if not _is_current(db):  # another process may have been at it
            _upgrade(db)
        db.commit()
        if is_sqlite:
            connection.isolation_level = ""


def _is_current(db: sa.Connection) -> bool:
    is_known = sa.inspect(db).has_table("alembic_version")
    return is_known and db.scalar(sa.text("select version_num from alembic_version")) == _HEAD


def _upgrade(db: sa.Connection) -> None:
    from alembic import command  # slow to import, and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["connection"] = db
    command.upgrade(config, "head")
