"""Whose turn it is to commit, among the threads and the processes that write into one database.

Commits are safe without: one that was overtaken is made anew. But a large one would be overtaken for ever by small ones.
"""

import time
from collections.abc import Callable
from pathlib import Path
from threading import RLock

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from catalog.store.engine import is_in_memory

try:
    import fcntl
except ImportError:  # elsewhere than on Unix, processes take no turns
    fcntl = None  # type: ignore[assignment]

_KEY = 0x0CA11B0B  # what processes on one PostgreSQL know the turn by
_SECONDS, _POLL_SECONDS = 30.0, 0.005
Release = Callable[[], None]


class Turn:
    """One at a time, the same thread as often as it likes. A process that holds it too long is not waited for."""

    def __init__(self, engine: sa.Engine, url: str) -> None:
        self._engine = engine
        self._file = "" if is_in_memory(url) or engine.dialect.name != "sqlite" else f"{engine.url.database}.lock"
        self._lock, self._depth = RLock(), 0
        self._release: Release = _nothing

    def __enter__(self) -> None:
        self._lock.acquire()
        if not self._depth:
            try:
                self._release = self._take()
            except BaseException:
                self._lock.release()
                raise
        self._depth += 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        try:
            if not self._depth:
                self._release()
        finally:
            self._lock.release()

    def _take(self) -> Release:
        if self._file and fcntl is not None:
            return _lock_file(Path(self._file))
        if self._engine.dialect.name == "postgresql":
            return _lock_key(self._engine.connect())
        return _nothing


def _lock_key(db: sa.Connection) -> Release:
    try:
        db.execute(sa.select(sa.func.set_config("lock_timeout", f"{_SECONDS:.0f}s", True)))
        db.execute(sa.select(sa.func.pg_advisory_xact_lock(_KEY)))
    except OperationalError:
        db.close()
        return _nothing
    return db.close


def _lock_file(path: Path) -> Release:
    try:
        file = path.open("ab")
    except OSError:
        return _nothing
    ends = time.monotonic() + _SECONDS
    while time.monotonic() < ends:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            time.sleep(_POLL_SECONDS)
    return file.close


def _nothing() -> None:
    pass
