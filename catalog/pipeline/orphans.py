"""Orphans: entities that the file they were read from no longer gives (reference section 4.9)."""

from dataclasses import replace

import orjson

from catalog.entity import Written
from catalog.store import ChangeSet, State, Store

ORPHAN = "backstage.io/orphan"


def keep_orphans(changes: ChangeSet, state: State, store: Store) -> ChangeSet:
    """The changes without the removal of orphans, which get the annotation `backstage.io/orphan` instead.

    Only what a Location led to becomes an orphan; what a crawl found by itself is gone when it is gone. What lies below
    an orphaned Location is kept with it, unmarked.
    """
    going = set(changes.removed)
    direct = {ref for ref in going if state.entities[ref].parent and state.entities[ref].parent not in going}
    below: set[str] = set()
    grown = True
    while grown:
        found = {ref for ref in going if state.entities[ref].parent in direct | below} - direct
        grown, below = found != below, found
    marked = [marked for written in store.written(sorted(direct)) if (marked := _mark(written)) is not None]
    removed = sorted(going - direct - below)
    return replace(changes, removed=removed, changed=[*changes.changed, *marked])


def _mark(written: Written) -> Written | None:
    """The entity with the annotation, None where it has it already."""
    data = orjson.loads(written.body)
    annotations = data["metadata"]["annotations"]
    if annotations.get(ORPHAN) == "true":
        return None
    annotations[ORPHAN] = "true"
    return replace(written, body=orjson.dumps(data), hash="orphan")
