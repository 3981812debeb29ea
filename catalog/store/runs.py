"""Runs as rows and back, and what sources remember from one to the next."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from catalog.documents import Usage
from catalog.runs import Counts, Run
from catalog.store.revisions import in_utc
from catalog.tables import CACHED

_BATCH = 10
_SECONDS = 0.5
_SMALL = 16_384
Open = Callable[[], AbstractContextManager[sa.Connection]]


def run_row(run: Run) -> dict[str, Any]:
    """A run as a row."""
    return {
        "source": run.source,
        "started_at": run.started_at,
        "seconds": run.seconds,
        "outcome": run.outcome,
        "message": run.message,
        "counts": json.dumps(asdict(run.counts)),
        "usage": json.dumps(asdict(run.usage)),
    }


def read_run(row: Any) -> Run:
    """A run from a row."""
    counts, usage = Counts(**json.loads(row["counts"])), Usage(**json.loads(row["usage"]))
    return Run(row["source"], in_utc(row["started_at"]), row["seconds"], row["outcome"], row["message"], counts, usage)


class StoredCache:
    """What one source remembers, in the database.

    Read whole when first asked in a crawl, but for what is large. Written a few at a time, and after half a second at the
    latest, so that a killed crawl goes on near its end.
    """

    def __init__(self, source: str, read: Open, write: Open) -> None:
        self._source, self._read, self._write = source, read, write
        self._lock = threading.Lock()
        self._new: dict[str, bytes] = {}
        self._used: set[str] = set()
        self._known: dict[str, bytes | None] | None = None  # None for what is too large to hold
        self._written_at = 0.0

    def get(self, key: str) -> bytes | None:
        """What was put under the key, in this crawl or an earlier one."""
        with self._lock:
            self._used.add(key)
            if self._known is None:
                self._known = self._load()
            if key in self._new:
                return self._new[key]
            held = self._known.get(key)
            if held is not None or key not in self._known:
                return held
        where = (CACHED.c.source == self._source, CACHED.c.key == key)
        with self._read() as db:
            found = db.scalar(sa.select(CACHED.c.content).where(*where))
        return bytes(found) if found is not None else None

    def put(self, key: str, content: bytes) -> None:
        """Remember something."""
        with self._lock:
            self._used.add(key)
            self._new[key] = content
            if len(self._new) >= _BATCH or time.monotonic() - self._written_at > _SECONDS:
                self._write_new()

    def flush(self) -> None:
        """Write what is not written yet, and let go of what was read."""
        with self._lock:
            self._write_new()
            self._known = None

    def _load(self) -> dict[str, bytes | None]:
        size = sa.func.length(CACHED.c.content)
        content = sa.case((size <= _SMALL, CACHED.c.content))
        with self._read() as db:
            rows = db.execute(sa.select(CACHED.c.key, content).where(CACHED.c.source == self._source))
            return {key: bytes(held) if held is not None else None for key, held in rows}

    def _write_new(self) -> None:
        rows = [{"source": self._source, "key": key, "content": one} for key, one in self._new.items()]
        if rows:
            with self._write() as db:
                where = (CACHED.c.source == self._source, CACHED.c.key.in_([row["key"] for row in rows]))
                db.execute(CACHED.delete().where(*where))
                db.execute(CACHED.insert(), rows)
        if self._known is not None:
            self._known |= {key: one if len(one) <= _SMALL else None for key, one in self._new.items()}
        self._new.clear()
        self._written_at = time.monotonic()

    def forget_unused(self) -> None:
        """Forget what was neither asked for nor put since this cache was made or last did this."""
        self.flush()
        with self._lock, self._write() as db:
            known = set(db.scalars(sa.select(CACHED.c.key).where(CACHED.c.source == self._source)))
            unused = sorted(known - self._used)
            for start in range(0, len(unused), 500):
                part = unused[start : start + 500]
                db.execute(CACHED.delete().where(CACHED.c.source == self._source, CACHED.c.key.in_(part)))
            self._used.clear()
