"""What revisions did to single entities, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.store.revisions import How, in_utc, tell_how
from catalog.tables import CHANGE, REVISION


@dataclass(frozen=True, slots=True)
class Change:
    """What one revision did to an entity, and which source's crawl it was."""

    revision: int
    time: datetime
    source: str
    how: How


def read_changes(db: sa.Connection, ref: str, limit: int) -> list[Change]:
    """The newest changes of an entity."""
    c, r = CHANGE.c, REVISION.c
    query = sa.select(c.revision, r.time, r.source, c.old_hash, c.new_hash).join(REVISION, r.number == c.revision)
    rows = db.execute(query.where(c.ref == ref).order_by(c.revision.desc()).limit(limit))
    return [Change(number, in_utc(time), source, tell_how(old, new)) for number, time, source, old, new in rows]


def read_successors(db: sa.Connection, refs: Collection[str]) -> dict[str, list[str]]:
    """Of refs that went, refs of the same kind that came in the same revision, which is of one source: the first 20."""
    c = CHANGE.c
    last = sa.select(c.ref, sa.func.max(c.revision)).where(c.ref.in_(refs), c.new_hash == "").group_by(c.ref)
    found: dict[str, list[str]] = {}
    for ref, went in db.execute(last).all():
        kind = ref.partition(":")[0]
        came = sa.select(c.ref).where(c.revision == went, c.old_hash == "", c.ref.startswith(f"{kind}:"))
        found[ref] = list(db.scalars(came.order_by(c.ref).limit(20)))
    return found


def read_changes_since(db: sa.Connection, since: datetime, limit: int) -> list[tuple[str, Change]]:
    """The newest changes of all entities since a time, each with its ref; what a source gave first is no change."""
    c, r = CHANGE.c, REVISION.c
    first = db.scalar(sa.select(sa.func.min(r.number)).where(r.time >= since))
    if first is None:
        return []
    loads = sa.select(sa.func.min(r.number)).group_by(r.source)
    columns = (c.ref, c.revision, r.time, r.source, c.old_hash, c.new_hash)
    query = sa.select(*columns).join(REVISION, r.number == c.revision).where(c.revision >= first)
    # Asked for by number, or every row of a load of 100,000 would be looked at to be left out.
    query = query.where(c.revision.in_(sa.select(r.number).where(r.number >= first, r.number.not_in(loads))))
    rows = db.execute(query.order_by(c.revision.desc(), c.ref).limit(limit))
    return [
        (ref, Change(number, in_utc(time), source, tell_how(old, new))) for ref, number, time, source, old, new in rows
    ]
