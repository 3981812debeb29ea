"""What one crawl changes of what a source gave last, as values, and how that is written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from catalog.entity import Written
from catalog.problems import Problem
from catalog.store.batches import MOST_ASKED, batches, insert
from catalog.tables import CHANGE, DOCUMENT, ENTITY


class Kept(NamedTuple):
    """What the store holds of one entity, without its body."""

    ref: str
    uid: str
    source: str
    location: str
    parent: str
    hash: str


@dataclass(frozen=True, slots=True)
class State:
    """What one source gave at its last crawl, at one revision."""

    revision: int
    documents: dict[str, str]
    entities: dict[str, Kept]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What one crawl changes of its source."""

    source: str
    added: list[Written] = field(default_factory=list)
    changed: list[Written] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def write_entities(
    db: sa.Connection, changes: ChangeSet, state: State, number: int, new_uid: Callable[[str], str]
) -> None:
    """Write what a change set adds, changes and removes, as the revision of that number."""
    source, old = changes.source, state.entities
    for part in batches(changes.removed, MOST_ASKED):
        db.execute(ENTITY.delete().where(ENTITY.c.ref.in_(part)))
    _update(db, [{"_ref": w.ref, **_columns(w)} for w in changes.changed])
    _update(db, [{"_ref": w.ref, "uid": new_uid(w.ref)} for w in changes.changed if _is_taken_over(w, state)])
    added = ({"ref": w.ref, "uid": new_uid(w.ref), "source": source, **_columns(w)} for w in changes.added)
    insert(db, ENTITY, added)
    history = [(w.ref, "", w.hash) for w in changes.added]
    history += [(w.ref, old[w.ref].hash, w.hash) for w in changes.changed]
    history += [(ref, old[ref].hash, "") for ref in changes.removed]
    insert(db, CHANGE, ({"revision": number, "ref": r, "old_hash": o, "new_hash": n} for r, o, n in history))


def _is_taken_over(written: Written, state: State) -> bool:
    """Whether a ref went to a file that had been refused it: another entity then, with a new uid (reference section 4.5).

    One that went to any other file has moved with it, as where a repository or its branch has another name now.
    """
    if written.location == state.entities[written.ref].location:
        return False
    file = written.location.partition(":")[2]
    return any(
        one.rule == "duplicate-ref" and (one.ref, one.origin.file) == (written.ref, file) for one in state.problems
    )


def write_documents(db: sa.Connection, changes: ChangeSet, state: State) -> None:
    """Note which files were read, with their digests: those that are the same need not be read again."""
    known, now, source = state.documents, changes.documents, changes.source
    gone = [location for location in known if now.get(location) != known[location]]
    for part in batches(gone, MOST_ASKED):
        db.execute(DOCUMENT.delete().where(DOCUMENT.c.source == source, DOCUMENT.c.location.in_(part)))
    fresh = ((at, digest) for at, digest in now.items() if known.get(at) != digest)
    insert(db, DOCUMENT, ({"source": source, "location": at, "hash": digest} for at, digest in fresh))


def _update(db: sa.Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        values: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name != "_ref"}
        db.execute(ENTITY.update().where(ENTITY.c.ref == sa.bindparam("_ref")).values(values), rows)


def _columns(written: Written) -> dict[str, Any]:
    return {name: getattr(written, name) for name in Written.__slots__ if name != "ref"}
