"""The numbered changes of the catalog as they are read back: when, of which source, how much, and the first entities of each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from catalog.tables import CHANGE, REVISION

_EXAMPLES = 8
How = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Touched:
    """One entity that a revision touched, and how."""

    ref: str
    how: How


@dataclass(frozen=True, slots=True)
class Revision:
    """One numbered change of the catalog; `touched` are the first entities of it by ref, not all."""

    number: int
    time: datetime
    source: str
    added: int
    changed: int
    removed: int
    touched: tuple[Touched, ...] = ()


def read_revisions(db: sa.Connection, limit: int) -> list[Revision]:
    """The newest revisions, newest first."""
    c = REVISION.c
    columns = (c.number, c.time, c.source, c.added, c.changed, c.removed)
    rows = db.execute(sa.select(*columns).order_by(c.number.desc()).limit(limit)).all()
    return [
        Revision(number, in_utc(time), source, added, changed, removed, _read_touched(db, number))
        for number, time, source, added, changed, removed in rows
    ]


def in_utc(time: datetime) -> datetime:
    """A time as it was stored: SQLite forgets the zone."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _read_touched(db: sa.Connection, number: int) -> tuple[Touched, ...]:
    c = CHANGE.c
    of_it = sa.select(c.ref, c.old_hash, c.new_hash).where(c.revision == number).order_by(c.ref).limit(_EXAMPLES)
    return tuple(Touched(ref, tell_how(old, new)) for ref, old, new in db.execute(of_it))


def tell_how(old: str, new: str) -> How:
    """What was done to an entity, from its hashes before and after; one is empty where it was not there."""
    return "added" if not old else "changed" if new else "removed"
