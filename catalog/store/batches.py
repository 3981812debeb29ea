"""Many rows at a time: as many as a statement takes."""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

_BATCH = 5_000
MOST_ASKED = 500  # SQLite takes 32,766 parameters a statement, PostgreSQL 65,535


def batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    """The items in lists of at most so many."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def insert(db: sa.Connection, into: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    """Put rows into a table."""
    for part in batches(list(rows), _BATCH):
        db.execute(into.insert(), part)
