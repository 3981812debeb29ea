"""Finding entities by what they are called: words in names, titles and display names, beginnings first, typos forgiven.

It reads one view and knows nothing of the full text index.
"""

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final
from weakref import WeakKeyDictionary

from pyroaring import BitMap

from catalog.columns import values
from catalog.query import EVERYTHING, Order, TextFilter
from catalog.typos import find_typos
from catalog.view import View

NAME_KEYS: Final = ("metadata.name", "metadata.title", "spec.profile.displayname")
_CORRECTED: Final[WeakKeyDictionary[View, dict[str, list[str]]]] = WeakKeyDictionary()
_WORD: Final = re.compile(r"[^\W_]+")
_LOOKED_AT: Final = 500
_MOST_WORDS: Final = 12  # of a longer text the rest is taken as it stands
_KEPT: Final = 2_000
_SORTED: Final = 1_000  # more matches than this are not all sorted: the best of each sort are enough for every page


@dataclass(frozen=True, slots=True)
class Named:
    """Entities by name: all their nodes, those of them that are ranked, and these as refs, best first, or the first of them."""

    nodes: BitMap
    ranked: BitMap
    refs: list[str]


def split_words(text: str) -> list[str]:
    """The words of a text as names are searched by them."""
    return _WORD.findall(text.lower())


def find_names(view: View, text: str, among: BitMap | None = None, most: int | None = None) -> Named:
    """Entities that have every word of `text` in their names, as refs the first `most` of them."""
    found = split_words(text)
    if not found:
        return Named(BitMap(), BitMap(), [])
    nodes = view.live if among is None else among
    for number, word in enumerate(sorted(set(found), key=len, reverse=True)):
        if number and len(nodes) <= _LOOKED_AT:
            nodes = BitMap(node for node in nodes if _has_word(view, node, word))
        else:
            nodes = nodes & view.match(EVERYTHING, TextFilter(word, NAME_KEYS))
    wanted = text.strip().lower()
    ranked = _choose(view, nodes, wanted)
    return Named(nodes, ranked, _rank(view, ranked, wanted, found[0], most))


def _has_word(view: View, node: int, word: str) -> bool:
    """Whether a name, title or display name has the word: for a few nodes faster than asking for all that have it."""
    ref = view.edges.refs[node]
    if word in ref.rpartition("/")[2]:
        return True
    entity = view.entity(ref) or {}
    return any(word in (found or "").lower() for key in NAME_KEYS for found in values(entity, key))


def _choose(view: View, nodes: BitMap, text: str) -> BitMap:
    """Of more than can be sorted, those that matter."""
    if len(nodes) <= _SORTED:
        return nodes
    first = [node for node in islice(begin_with(view, text), _SORTED) if node in nodes]
    return BitMap(first) | view.column("metadata.name").equal(text) & nodes | BitMap(nodes[:_SORTED])


def _rank(view: View, nodes: BitMap, text: str, word: str, most: int | None) -> list[str]:
    """The name itself, then names that begin so, then those in which a word does, then the rest; the shorter first."""
    refs = view.edges.refs
    begins = re.compile(rf"(?<![^\W_]){re.escape(word)}").search
    keys = []
    for node in nodes:
        name = (ref := refs[node])[ref.index("/") + 1 :]
        if name == text:
            rank = 0
        elif name.startswith(text):
            rank = 1
        else:
            rank = 2 if begins(name) else 3
        keys.append((rank, len(name), name, ref))
    return [key[-1] for key in (sorted(keys) if most is None else heapq.nsmallest(most, keys))]


def begin_with(view: View, text: str) -> Iterator[int]:
    """The nodes whose name begins with `text` (lower case), in the order of names: found without a look at the others."""
    order = view.ordered(Order("metadata.name"))
    place = order.find((text, ""), descending=False, before=True)
    for at in range(place, len(order.keys)):
        if not (order.keys[at][0] or "").startswith(text):
            return
        yield order.nodes[at]


def find_inside(view: View, text: str, limit: int) -> list[int]:
    """Some nodes with `text` (lower case) anywhere in a name, title or display name."""
    return [node for key in NAME_KEYS for node in view.column(key).some_containing(text, limit)][:limit]


def correct_words(view: View, text: str) -> dict[str, list[str]]:
    """Each word of `text` that no name has, with the words of names that may have been meant; only those with any."""
    known = _CORRECTED.setdefault(view, {})
    corrected = {}
    for word in list(dict.fromkeys(split_words(text)))[:_MOST_WORDS]:
        near = known.get(word)
        if near is None:
            is_used = any(word in view.column(key).text() for key in NAME_KEYS)
            near = [] if is_used else find_typos(vocabulary(view), word)
            if len(known) >= _KEPT:
                known.clear()
            known[word] = near
        if near:
            corrected[word] = near
    return corrected


def vocabulary(view: View) -> Sequence[str]:
    """Every word of the names, sorted."""
    return _vocabulary(*(view.column(key).text() for key in NAME_KEYS))


@lru_cache(maxsize=2)
def _vocabulary(*texts: str) -> Sequence[str]:
    return sorted({word for text in texts for word in _WORD.findall(text)})
