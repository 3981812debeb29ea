"""From keys to entities, for one view: built once, and brought after the next view by what changed."""

from collections.abc import Iterator
from typing import Final

import orjson
from pyroaring import BitMap

from catalog.derived import carried_over
from catalog.lookup.keys import read_keys
from catalog.view import View

_NOBODY: Final = BitMap()


class Index:
    """The nodes of each key. A key that one node has is kept as that number alone: most are."""

    def __init__(self, entries: dict[str, int | BitMap], bodies: dict[int, bytes]) -> None:
        self._entries, self._bodies = entries, bodies

    def find(self, key: str) -> BitMap:
        """The nodes that have a key. Do not alter the answer."""
        found = self._entries.get(key, _NOBODY)
        return BitMap((found,)) if isinstance(found, int) else found

    def __len__(self) -> int:
        return len(self._entries)

    def after(self, view: View) -> "Index":
        """The index of another view. Entities whose bytes are the same object are not looked at again."""
        bodies, changes = view.bodies(), _Changes(dict(self._entries))
        for node, body in self._bodies.items():
            if bodies.get(node) is not body:
                changes.take_out(node, body)
        for node, body in bodies.items():
            if self._bodies.get(node) is not body:
                changes.put_in(node, body)
        return Index(changes.entries, bodies)


class _Changes:
    """Entries that become those of another view; sets that the older index has too are copied before they change."""

    def __init__(self, entries: dict[str, int | BitMap]) -> None:
        self.entries = entries
        self._owned: set[str] = set()

    def put_in(self, node: int, body: bytes) -> None:
        for key in _keys(body):
            found = self.entries.get(key)
            if found is None:
                self.entries[key] = node
            elif isinstance(found, int):
                self._owned.add(key)
                self.entries[key] = BitMap((found, node))
            else:
                self._own(key, found).add(node)

    def take_out(self, node: int, body: bytes) -> None:
        for key in _keys(body):
            found = self.entries.get(key)
            if isinstance(found, BitMap) and len(found) > 1:
                self._own(key, found).discard(node)
            else:
                self.entries.pop(key, None)

    def _own(self, key: str, found: BitMap) -> BitMap:
        if key not in self._owned:
            self._owned.add(key)
            found = self.entries[key] = found.copy()
        return found


def _keys(body: bytes) -> Iterator[str]:
    yield from dict.fromkeys(key.key for key in read_keys(orjson.loads(body)))


@carried_over
def find_index(view: View, before: Index | None) -> Index:
    """The index of a view."""
    return (before or Index({}, {})).after(view)
