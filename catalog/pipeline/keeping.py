"""What stays although no file gives it now: the last good of broken files, and orphans (reference sections 4.3 and 4.9)."""

from dataclasses import replace

import orjson

from catalog.entity import Written
from catalog.pipeline.crawl import Crawl
from catalog.store import ChangeSet, Kept

ORPHAN = "backstage.io/orphan"
_HASH = "orphan"


def last_good(crawl: Crawl, claimed: set[str]) -> list[str]:
    """The refs of what broken files and unreadable targets gave before, and that nothing else claims now."""
    held = crawl.state.entities
    kept: set[str] = set()
    for file, refs in crawl.broken.items():
        kept |= {ref for ref in crawl.by_file.get(file, ()) if refs is None or ref in refs}
    lost = crawl.unread | (kept - crawl.followed)
    grown = True
    while grown:
        below = {ref for ref, one in held.items() if one.parent in lost and one.location not in crawl.documents}
        grown = not below <= kept
        kept |= below
        lost |= below - crawl.followed
    return sorted(kept - claimed)


def is_orphan(kept: Kept) -> bool:
    """Whether an entity has been kept as an orphan."""
    return kept.hash == _HASH


def keep_orphans(changes: ChangeSet, crawl: Crawl) -> ChangeSet:
    """The changes without the removal of orphans, which get the annotation `backstage.io/orphan` and have no parent then.

    Only what a Location led to becomes an orphan; what a crawl found by itself is gone when it is gone, and so is what
    the old target of a root gave. What lies below a Location that becomes one is kept with it, unmarked, for the next
    crawl reads it.
    """
    held, going = crawl.state.entities, set(changes.removed)
    known = {ref for ref in going if is_orphan(held[ref])}
    new = {ref for ref in going - known if held[ref].parent and held[ref].parent not in going - crawl.followed}
    new = set() if crawl.is_moved else new
    below: set[str] = set()
    grown = True
    while grown:
        found = {ref for ref in going if held[ref].parent in new | below} - new - known
        grown, below = found != below, found
    marked = [_mark(written) for written in crawl.written(sorted(new))]
    return replace(changes, removed=sorted(going - known - new - below), changed=[*changes.changed, *marked])


def _mark(written: Written) -> Written:
    data = orjson.loads(written.body)
    data["metadata"]["annotations"][ORPHAN] = "true"
    return replace(written, body=orjson.dumps(data), hash=_HASH, parent="")
