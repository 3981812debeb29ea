"""The rows of the table in any order, whole: each entity once, those without a value last, ties by what they are called.

A place in an order is named by what stands there, not by a number, so that a page begins where the last one ended
whatever an ingest put in or took out meanwhile.
"""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from pyroaring import BitMap

from catalog.derived import once_a_view
from catalog.errors import CatalogError
from catalog.query import decode_json, encode_json
from catalog.view import View
from web.browse.columns import COLUMNS, Value
from web.names import label_of

_KEPT = 24
Cursor = tuple[Value | None, str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """What every entity is called, in lower case, and all of them by that and then by ref."""

    labels: Mapping[int, str]
    nodes: "array[int]"
    places: "array[int]"


@once_a_view
def find_names(view: View) -> Names:
    """The names of a view: title, for a person or team the display name, else the name."""
    refs, titles = view.edges.refs, view.column("metadata.title")
    labels = {node: refs[node].rpartition("/")[2] for node in view.live}
    for text, posting in titles.postings.items():
        labels.update(dict.fromkeys((posting,) if isinstance(posting, int) else posting, text.lower()))
    profiled = view.column("kind").equal("user") | view.column("kind").equal("group")
    for node in profiled - titles.exists:
        labels[node] = label_of(orjson.loads(view.get(refs[node]) or b"")).lower()
    keys = {node: f"{label}\0{refs[node]}" for node, label in labels.items()}
    nodes = sorted(labels, key=keys.__getitem__)
    places = array("I", bytes(4 * len(refs)))
    for place, node in enumerate(nodes):
        places[node] = place
    return Names(labels, array("I", nodes), places)


class Ordered:
    """All entities of a view by one column. `nodes[place]` is which one stands at a place."""

    def __init__(self, view: View, column: str, *, descending: bool) -> None:
        self._view, self._names, self._descending = view, find_names(view), descending
        self._values: Mapping[int, Value] = {}
        nodes = self._names.nodes
        read = COLUMNS[column].sort_values if column in COLUMNS else None
        if read is not None:
            self._values = values = read(view)
            have = [node for node in nodes if node in values]
            have.sort(key=values.__getitem__, reverse=descending)
            nodes = array("I", [*have, *(node for node in nodes if node not in values)])
        elif descending:
            nodes = array("I", reversed(nodes))
        self.nodes = nodes
        self._places: array[int] | None = None if nodes is not self._names.nodes else self._names.places

    @property
    def places(self) -> "array[int]":
        """Where each node stands."""
        if self._places is None:
            places = array("I", bytes(4 * len(self._view.edges.refs)))
            for place, node in enumerate(self.nodes):
                places[node] = place
            self._places = places
        return self._places

    def pick(self, hits: BitMap) -> BitMap:
        """Where the hits stand."""
        if hits is self._view.live:
            return BitMap(range(len(self.nodes)))
        return BitMap(array("I", map(self.places.__getitem__, hits)))

    def cursor(self, node: int) -> str:
        """What stands at a node's place, as the address names it."""
        return encode_json([self._values.get(node), self._names.labels[node], self._view.edges.refs[node]])

    def find(self, cursor: str, *, behind: bool) -> int | None:
        """The first place that is not before what a cursor names; with `behind`, the first after it. None: it names nothing."""
        wanted = _read_cursor(cursor)
        if wanted is None:
            return None
        try:
            return bisect_left(self.nodes, True, key=lambda node: self._is_past(node, wanted, behind=behind))
        except TypeError:  # the cursor is of another column, whose values do not compare with these
            return None

    def _is_past(self, node: int, wanted: Cursor, *, behind: bool) -> bool:
        value, label, ref = wanted
        mine = self._values.get(node)
        if (mine is None) != (value is None):
            return mine is None
        if mine is not None and value is not None and mine != value:
            return mine < value if self._descending else mine > value  # type: ignore[operator]
        own, other = (self._names.labels[node], self._view.edges.refs[node]), (label, ref)
        if own == other:
            return not behind
        return own < other if self._descending and not self._values else own > other


def _read_cursor(cursor: str) -> Cursor | None:
    try:
        found = decode_json(cursor, "")
    except CatalogError:
        return None
    if not (isinstance(found, list) and len(found) == 3 and isinstance(found[1], str) and isinstance(found[2], str)):
        return None
    return (found[0], found[1], found[2]) if isinstance(found[0], str | int | None) else None


@once_a_view
def _orders(view: View) -> dict[tuple[str, bool], Ordered]:
    """The orders of a view that were asked for."""
    return {}


def find_order(view: View, sort: str) -> Ordered:
    """The order that `sort` names: a column, with `-desc` from its end; by name where there is no such column."""
    name, _, direction = sort.rpartition("-") if sort.endswith("-desc") else (sort, "", "")
    if name != "name" and (name not in COLUMNS or COLUMNS[name].sort_values is None):
        name = "name"
    kept, question = _orders(view), (name, direction == "desc")
    found = kept.get(question)
    if found is None:
        if len(kept) >= _KEPT:
            kept.clear()
        found = kept[question] = Ordered(view, name, descending=question[1])
    return found


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of rows: their nodes, how many rows come before it, and cursors to the pages beside it ("" for none)."""

    nodes: list[int]
    first: int
    after: str
    before: str


def cut_page(
    ordered: Ordered, hits: BitMap, *, limit: int, after: str = "", before: str = "", offset: int = 0
) -> Slice:
    """The page that begins after a cursor, or ends before one, or leaves `offset` rows out."""
    places = ordered.pick(hits)
    start = offset
    if after and (place := ordered.find(after, behind=True)) is not None:
        start = places.rank(place - 1) if place else 0
    elif before and (place := ordered.find(before, behind=False)) is not None:
        start = max(0, (places.rank(place - 1) if place else 0) - limit)
    nodes = [ordered.nodes[place] for place in places[start : start + limit]]
    last = nodes[-1] if nodes and start + limit < len(places) else None
    first = nodes[0] if nodes and start else None
    return Slice(nodes, start, *("" if one is None else ordered.cursor(one) for one in (last, first)))
