"""Search rows: which (key, value) pairs an entity has, and one key's values over all entities as bitmaps.

What is a row follows Backstage's search table (reference section 4.11): keys and values compare in lower case, a value
longer than 200 characters or null exists but equals nothing, a string item of a list is also a key of its own.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from pyroaring import BitMap

from catalog.documents import Json
from catalog.scalars import print_text

MAX_LENGTH = 200
HIDDEN = ("attachments", "relations", "status")
Posting = int | BitMap
# A text found more often than this is looked for line by line, which costs the same however often it is.
_FREQUENT = 10_000


def values(entity: dict[str, Json], key: str) -> list[str | None]:
    """The entity's values at `key` (lower case), in their own spelling; None for a value that exists but never equals."""
    if is_too_long(key) or key == "metadata.etag":
        return []
    root, dot, rest = key.partition(".")
    if root == "relations":
        return [r["targetRef"] for r in entity.get("relations", ()) if dot and r["type"].lower() == rest]
    if root in HIDDEN:
        return []
    return list(_walk(entity, key))


def is_too_long(text: str) -> bool:
    """Whether a key or value is longer than Backstage keeps, in UTF-16 units as JavaScript counts."""
    return len(text) > MAX_LENGTH or (
        2 * len(text) > MAX_LENGTH
        and not text.isascii()
        and len(text.lower().encode("utf-16-le", "surrogatepass")) > 2 * MAX_LENGTH
    )


def is_shallow(key: str) -> bool:
    """Whether `Picker` answers for this key: one or two parts, and no relation."""
    return key.count(".") < 2 and key.partition(".")[0] not in ("relations", *HIDDEN)


class Picker:
    """What `values` gives for each of many shallow keys, in one pass over an entity's two top levels."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._inside: dict[str, dict[str, str]] = {}  # by root, the key of each name below it; of "" the root itself
        for key in filter(is_shallow, keys):
            root, _, name = key.partition(".")
            self._inside.setdefault(root, {})[name] = key

    def pick(self, entity: dict[str, Json]) -> dict[str, list[str | None]]:
        """The values at each of the keys that the entity has."""
        found: dict[str, list[str | None]] = {}
        for root, inside in entity.items():
            keys = self._inside.get(root.lower())
            if keys is None:
                continue
            if "" in keys:
                found[keys[""]] = [*found.get(keys[""], ()), *_rows(inside)]
            for name, value in inside.items() if isinstance(inside, dict) and root not in HIDDEN else ():
                if (key := keys.get(name.lower())) is not None and name:
                    is_short = type(value) is str and 2 * len(value) <= MAX_LENGTH
                    found[key] = [*found.get(key, ()), *((value,) if is_short else _rows(value))]
        return found


def _walk(value: Json, key: str) -> Iterator[str | None]:
    """The rows below `value` whose remaining path is `key`; keys with dots of their own match as a whole."""
    if isinstance(value, dict):
        for name, inner in value.items():
            low = name.lower()
            if low == key:
                yield from _rows(inner)
            if key.startswith(low) and key[len(low) : len(low) + 1] == ".":
                yield from _below(inner, key[len(low) + 1 :])


def _rows(value: Json) -> Iterator[str | None]:
    if isinstance(value, list):
        for item in value:
            yield from _rows(item)
    elif not isinstance(value, dict):
        yield _text(value)


def _below(value: Json, key: str) -> Iterator[str | None]:
    if isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                if item.lower() == key:
                    yield "true"
            else:
                yield from _below(item, key)
    else:
        yield from _walk(value, key)


def _text(value: Json) -> str | None:
    text = None if value is None else print_text(value)
    return None if text is None or is_too_long(text) else text


def like(term: str) -> re.Pattern[str]:
    """SQL's `LIKE %term%` on one line: `%` in the term is any text, `_` any character."""
    return re.compile(re.escape(term).replace("%", "[^\n]*").replace("_", "[^\n]"))


class Column:
    """One key's values over all entities: for each spelling the nodes that have it.

    A value that one entity has is kept as its number, not as a bitmap: most values are like that.
    """

    def __init__(self) -> None:
        self.postings: dict[str, Posting] = {}
        self.folds: dict[str, tuple[str, ...]] = {}
        self.exists = BitMap()
        self._owned: set[str] | None = None  # None: everything is this column's own
        self._lines: tuple[list[str], str, list[int]] | None = None

    def copy(self) -> "Column":
        """A copy that shares the bitmaps and copies one when it changes."""
        other = Column()
        other.postings, other.folds = self.postings.copy(), self.folds.copy()
        other.exists, other._owned = self.exists.copy(), set()
        other._lines = self._lines
        return other

    def add(self, node: int, found: Sequence[str | None]) -> None:
        """Put a node's values in; of values that differ only by case the first counts."""
        if not found:
            return
        self.exists.add(node)
        self._lines = None
        seen: set[str] = set()
        for value in found:
            if value is None or (low := value.lower()) in seen:
                continue
            seen.add(low)
            if low != value and value not in (known := self.folds.get(low, ())):
                self.folds[low] = (*known, value)
            self._put(value, node)

    def _put(self, value: str, node: int) -> None:
        posting = self.postings.get(value)
        if posting is None:
            self.postings[value] = node
        elif isinstance(posting, int):
            if posting != node:
                self.postings[value] = BitMap((posting, node))
                self._own(value)
        else:
            self._writable(value, posting).add(node)

    def discard(self, node: int, found: Iterable[str | None]) -> None:
        """Take a node's values out."""
        self.exists.discard(node)
        for value in found:
            posting = self.postings.get(value) if value is not None else None
            if value is None or posting is None:
                continue
            if posting == node:
                self._drop(value)
            elif isinstance(posting, BitMap):
                posting = self._writable(value, posting)
                posting.discard(node)
                if not posting:
                    self._drop(value)
        self._lines = None

    def _drop(self, value: str) -> None:
        del self.postings[value]
        low = value.lower()
        if low != value and (rest := tuple(v for v in self.folds.get(low, ()) if v != value)) != self.folds.get(low):
            if rest:
                self.folds[low] = rest
            else:
                del self.folds[low]

    def _own(self, value: str) -> None:
        if self._owned is not None:
            self._owned.add(value)

    def _writable(self, value: str, posting: BitMap) -> BitMap:
        if self._owned is not None and value not in self._owned:
            posting = self.postings[value] = posting.copy()
            self._owned.add(value)
        return posting

    def equal(self, low: str) -> BitMap:
        """The nodes that have the value, given in lower case."""
        spellings = self.folds.get(low, ())
        return _union(self.postings[v] for v in (low, *spellings) if v in self.postings)

    def prefixed(self, low: str) -> BitMap:
        """The nodes that have a value beginning with `low`."""
        return _union(posting for value, posting in self.postings.items() if value.lower().startswith(low))

    def containing(self, term: str) -> BitMap:
        """The nodes with a value that has `term` (lower case) in it; `%` is any text, `_` any character."""
        names, text, starts = self._searchable()
        if text.count(term) > _FREQUENT and not set("%_") & set(term):
            found = [name for name, line in zip(names, text.split("\n"), strict=True) if term in line]
        else:
            found = list({names[bisect_right(starts, match.start()) - 1] for match in like(term).finditer(text)})
        return _union([self.postings[name] for name in found])

    def some_containing(self, term: str, limit: int) -> list[int]:
        """A few nodes with a value that has `term` (lower case) in it, found without a look at all the values."""
        names, text, starts = self._searchable()
        found: dict[int, None] = {}
        for match in re.finditer(re.escape(term), text):
            posting = self.postings[names[bisect_right(starts, match.start()) - 1]]
            found |= dict.fromkeys([posting] if isinstance(posting, int) else posting[:limit])
            if len(found) >= limit:
                break
        return list(found)[:limit]

    def text(self) -> str:
        """All values in lower case, a line each."""
        return self._searchable()[1]

    def _searchable(self) -> tuple[list[str], str, list[int]]:
        """All values as one text, a line each: one pass of the regex engine over it is far faster than one per value."""
        if self._lines is None:
            names, starts, lines, at = list(self.postings), [], [], 0
            for name in names:
                line = name.lower().replace("\n", " ")
                starts.append(at)
                lines.append(line)
                at += len(line) + 1
            self._lines = names, "\n".join(lines), starts
        return self._lines

    def counts(self, among: BitMap | None) -> dict[str, int]:
        """How many of the nodes `among` (None: all) have each value, by spelling; without those that none has."""
        counted: dict[str, int] = {}
        for value, posting in self.postings.items():
            if isinstance(posting, int):
                count = 1 if among is None or posting in among else 0
            else:
                count = len(posting) if among is None else posting.intersection_cardinality(among)
            if count:
                counted[value] = count
        return counted

    def folded_counts(self, among: BitMap | None) -> dict[str, int]:
        """The same by value in lower case: spellings that differ by case only are counted together."""
        folded: dict[str, int] = {}
        for value, count in self.counts(among).items():
            low = value.lower()
            folded[low] = folded.get(low, 0) + count
        return folded

    def pairs(self) -> Iterator[tuple[str, int]]:
        """Every (value in lower case, node)."""
        for value, posting in self.postings.items():
            low = value.lower()
            if isinstance(posting, int):
                yield low, posting
            else:
                for node in posting:
                    yield low, node


def _union(postings: Iterable[Posting]) -> BitMap:
    found = list(postings)
    result = BitMap([posting for posting in found if isinstance(posting, int)])
    for posting in found:
        if not isinstance(posting, int):
            result |= posting
    return result
