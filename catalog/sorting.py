"""All nodes in one order, and finding places in it: what a page of a list is cut from."""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from pyroaring import BitMap

SortKey = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Sorted:
    """All nodes by one key: `keys[i]` is the sort key of `nodes[i]`; `places` says where a node stands, all its places."""

    keys: list[SortKey]
    nodes: "array[int]"
    places: dict[int, int | tuple[int, ...]]

    def pick(self, hits: BitMap, *, everything: bool) -> BitMap:
        """Where the hits stand; those that the order lacks are left out. `everything` says that nothing was filtered."""
        if everything:
            return BitMap(range(len(self.keys)))
        found = BitMap()
        single: list[int] = []
        for node in hits:
            place = self.places.get(node)
            if isinstance(place, int):
                single.append(place)
            elif place is not None:
                found.update(place)
        found.update(single)
        return found

    def find(self, after: SortKey, *, descending: bool, before: bool) -> int:
        """The place where a page that continues after (or ends before) the sort key starts."""
        wanted = (after[0] or "", after[1])
        if not descending:
            return (bisect_left if before else bisect_right)(self.keys, wanted, key=_key)
        # Read from its end, a descending list ascends.
        turned = range(len(self.keys) - 1, -1, -1)
        find = bisect_right if before else bisect_left
        return len(self.keys) - find(turned, wanted, key=lambda place: _key(self.keys[place]))


def _key(key: SortKey) -> tuple[str, str]:
    return key[0] or "", key[1]


def sort_rows(rows: list[tuple[SortKey, int]], *, descending: bool) -> Sorted:
    """Nodes with their sort keys, sorted; a node may stand at several places."""
    rows.sort(reverse=descending)
    places: dict[int, int | tuple[int, ...]] = {}
    for place, (_, node) in enumerate(rows):
        known = places.get(node)
        if known is None:
            places[node] = place
        else:
            places[node] = (*(known if isinstance(known, tuple) else (known,)), place)
    return Sorted([key for key, _ in rows], array("I", [node for _, node in rows]), places)
