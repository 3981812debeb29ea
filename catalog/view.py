"""The in-memory read model: all entities at one revision, filtered, ordered, paged and counted. It never writes.

A `View` is made whole or from the view before it, and handed to readers only when complete; nobody alters it then but
for caches of its own that can be made again.
"""

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from threading import Lock
from typing import Any

import orjson
from pyroaring import BitMap

from catalog.columns import Column, Picker, is_shallow, like, values
from catalog.documents import Json
from catalog.edges import Edges
from catalog.entity import Row
from catalog.predicates import evaluate
from catalog.query import BY_REF, All, Order, Predicate, Query, TextFilter
from catalog.relations import RELATION_TYPES, emit
from catalog.sorting import Sorted, SortKey, sort_rows

WARM_KEYS = (
    "kind", "spec.type", "spec.lifecycle", "metadata.name", "metadata.title", "metadata.namespace", "metadata.tags",
)  # fmt: skip
WARM_RELATIONS = ("relations.ownedby", "relations.partof")
_HEAD = b'{"metadata":{'
_ORDERS_KEPT = 16
_ANSWERS_KEPT = 256
_COMBINATIONS = 64  # of one entity's values at several fields, by which it may be sorted


@dataclass(frozen=True, slots=True)
class Page:
    """One page of entities: their served bytes, the sort keys at its ends, the number of all hits, and whether there is more."""

    bodies: list[bytes]
    first: SortKey | None
    last: SortKey | None
    total: int
    more: bool


class View:
    """The catalog at one revision. With `relation_targets`, each relation also has its target in parts."""

    def __init__(self, *, relation_targets: bool = False) -> None:
        self.revision = 0
        self._relation_targets = relation_targets
        self.edges = Edges()
        self.live = BitMap()
        self.uids: dict[str, int] = {}
        self.parents: dict[str, str] = {}
        self.statuses: Mapping[str, bytes] = {}
        self._bodies: list[bytes] = []
        self._starts = array("I")  # of the bytes as declared, in those that are served
        self._lengths = array("I")
        self._ids: list[str] = []  # the uid of each node
        self._given: dict[int, str] = {}  # etags that authors gave
        self._columns: dict[str, Column] = {}
        self._picker = Picker(())
        self._deep: list[str] = []  # the columns that are made by walking the whole entity
        self._orders: dict[tuple[str, bool], Sorted] = {}
        self._sorting = Lock()
        self._answers: dict[object, BitMap] = {}
        self.derived: dict[object, Any] = {}  # what `catalog.derived` worked out from this view
        self.carried: dict[object, Any] = {}  # the newest of it, for whoever works it out from the view after this one

    # -- making

    def apply(
        self, revision: int, rows: Iterable[Row], removed: Iterable[str], statuses: Mapping[str, bytes] | None = None
    ) -> "View":
        """The view after `rows` were added or replaced and `removed` refs taken away. This view stays as it is."""
        view = self._copy(revision)
        touched: set[int] = set()
        for ref in removed:
            view._take_out(ref, touched)
        for row in rows:
            view._declare(row, touched)
        if statuses is not None:
            refs = (ref for ref in {*statuses, *self.statuses} if statuses.get(ref) != self.statuses.get(ref))
            touched |= {view.edges.nodes[ref] for ref in refs if ref in view.edges.nodes}
            view.statuses = statuses
        view._restitch(touched, self)
        view.edges.freeze()
        return view

    def _copy(self, revision: int) -> "View":
        view = View(relation_targets=self._relation_targets)
        view.revision, view.edges, view.live = revision, self.edges.copy(), self.live.copy()
        view.uids, view.statuses, view._bodies = self.uids.copy(), self.statuses, self._bodies.copy()
        view.parents, view.carried = self.parents.copy(), self.carried
        view._starts, view._lengths = array("I", self._starts), array("I", self._lengths)
        view._ids, view._given = self._ids.copy(), self._given.copy()
        view._columns = {key: column.copy() for key, column in list(self._columns.items())} or {
            key: Column() for key in WARM_KEYS
        }
        view._picker = Picker(view._columns)
        view._deep = [key for key in view._columns if not is_shallow(key) and not key.startswith("relations.")]
        return view

    def _take_out(self, ref: str, touched: set[int]) -> None:
        """Take an entity away: its relations, its values, its bytes."""
        node = self.edges.nodes.get(ref)
        if node is None or node not in self.live:
            return
        entity = self._entity(node)
        touched.update(self.edges.remove(node, emit(entity)))
        for key, found in self._values(entity).items():
            self._columns[key].discard(node, found)
        touched.add(node)
        self.live.discard(node)
        self.uids.pop(self._ids[node], None)
        self.parents.pop(ref, None)
        self._given.pop(node, None)
        self._bodies[node] = b""

    def _declare(self, row: Row, touched: set[int]) -> None:
        """Put an entity in as declared; `_restitch` completes it when all relations are known."""
        self._take_out(row.ref, touched)
        entity = orjson.loads(row.body)
        node = self.edges.node(row.ref)
        touched.update(self.edges.add(node, emit(entity)))
        self._grow()
        self._bodies[node], self._ids[node] = row.body, row.uid
        self._starts[node], self._lengths[node] = len(_HEAD), len(row.body) - len(_HEAD)
        if row.etag:
            self._given[node] = row.etag
        entity["metadata"]["uid"] = row.uid
        for key, found in self._values(entity).items():
            self._columns[key].add(node, found)
        touched.add(node)
        self.live.add(node)
        self.uids[row.uid] = node
        if row.parent:
            self.parents[row.ref] = row.parent

    def _values(self, entity: dict[str, Json]) -> dict[str, list[str | None]]:
        """The entity's values in every column there is, but for relations."""
        return self._picker.pick(entity) | {key: values(entity, key) for key in self._deep}

    def _grow(self) -> None:
        missing = len(self.edges.refs) - len(self._bodies)
        if missing:
            self._bodies.extend([b""] * missing)
            self._starts.extend([0] * missing)
            self._lengths.extend([0] * missing)
            self._ids.extend([""] * missing)

    def _restitch(self, touched: set[int], before: "View") -> None:
        """Make the served bytes of every entity whose declaration, relations or status may have changed."""
        self._grow()
        asked = {name: self._columns.get(f"relations.{name.lower()}") for name in RELATION_TYPES}
        columns = {name: column for name, column in asked.items() if column is not None}
        for node in touched:
            new = self.edges.of(node) if node in self.live else []
            if columns:
                old = before.edges.of(node) if node in before.live else []
                for kind, column in columns.items() if old != new else ():
                    column.discard(node, [ref for name, ref in old if name == kind])
                    column.add(node, [ref for name, ref in new if name == kind])
            if node in self.live:
                self._stitch(node, new)

    def _stitch(self, node: int, relations: list[tuple[str, str]]) -> None:
        """Splice uid, etag, relations and status into the declared bytes; they are not parsed or printed again."""
        start = self._starts[node]
        declared = self._bodies[node][start : start + self._lengths[node]]
        head = b'%b"uid":"%b",' % (_HEAD, self._ids[node].encode())
        listed: list[dict[str, Json]] = [{"type": kind, "targetRef": ref} for kind, ref in relations]
        for relation in listed if self._relation_targets else ():
            kind, _, rest = relation["targetRef"].partition(":")
            namespace, _, name = rest.partition("/")
            relation["target"] = {"kind": kind, "namespace": namespace, "name": name}
        status = self.statuses.get(self.edges.refs[node], b"")
        tail = b'%b,"relations":%b%b}' % (declared[:-1], orjson.dumps(listed), status)
        # One that the author gave is kept (reference section 4.5).
        etag = self._given.get(node) or hashlib.sha1(head + tail, usedforsecurity=False).hexdigest()
        head += b'"etag":%b,' % orjson.dumps(etag)
        self._bodies[node] = head + tail
        self._starts[node] = len(head)

    def _entity(self, node: int) -> dict[str, Json]:
        entity: dict[str, Json] = orjson.loads(self._bodies[node])
        return entity

    # -- reading

    def __len__(self) -> int:
        return len(self.live)

    def get(self, ref: str) -> bytes | None:
        """The served bytes of the entity with this canonical ref."""
        node = self.edges.nodes.get(ref)
        return (self._bodies[node] or None) if node is not None else None

    def bodies(self) -> dict[int, bytes]:
        """The served bytes of every entity, by node; what did not change is the same object in the next view."""
        return {node: self._bodies[node] for node in self.live}

    def get_by_uid(self, uid: str) -> bytes | None:
        """The served bytes of the entity with this uid."""
        node = self.uids.get(uid)
        return self._bodies[node] if node is not None else None

    def ref_of_uid(self, uid: str) -> str | None:
        """The canonical ref of the entity with this uid."""
        node = self.uids.get(uid)
        return self.edges.refs[node] if node is not None else None

    def entity(self, ref: str) -> dict[str, Json] | None:
        """The served entity as JSON values."""
        body = self.get(ref)
        return orjson.loads(body) if body else None

    def ancestry(self, ref: str) -> list[tuple[str, str]]:
        """The entity and the Locations that led to it, each with its parent's ref; "" where it has none that is served."""
        chain: list[tuple[str, str]] = []
        while ref and self.get(ref) is not None and ref not in {known for known, _ in chain}:
            parent = self.parents.get(ref, "")
            chain.append((ref, parent if self.get(parent) is not None else ""))
            ref = parent
        return chain

    def match(self, predicate: Predicate, text: TextFilter | None = None) -> BitMap:
        """The nodes for which the predicate and the text filter hold. Do not alter the answer: it is kept."""
        if text is None and predicate == All(()):
            return self.live
        question = (predicate, text)
        found = self._answers.get(question)
        if found is None:
            found = evaluate(self, predicate)
            if text is not None:
                found = found & self._containing(text)
            self._keep(question, found)
        return found

    def _keep(self, question: object, found: BitMap) -> None:
        if len(self._answers) >= _ANSWERS_KEPT:
            self._answers.clear()
        self._answers[question] = found

    def _containing(self, text: TextFilter) -> BitMap:
        return BitMap.union(BitMap(), *(self.column(name.lower()).containing(text.term) for name in text.fields))

    def column(self, key: str) -> Column:
        """The values at `key` (lower case) of all entities, made from the served bytes on first use."""
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = self._build(key)
        return column

    def _build(self, key: str) -> Column:
        root, _, kind = key.partition(".")
        if root != "relations":
            self.prepare((key,))
            return self._columns[key]
        column = Column()
        for node, refs in self.edges.pairs(kind):
            if node in self.live:
                column.add(node, refs)
        return column

    def prepare(self, keys: Iterable[str]) -> None:
        """Make the columns that are missing, but for relations, in one pass over the bytes of all entities."""
        columns = {key: Column() for key in keys if key not in self._columns}
        ends = [(key, key.rpartition(".")[2].encode()) for key in columns]
        for node in self.live if columns else ():
            low = self._bodies[node].lower()
            # Reading the JSON is what costs: an entity that has a key has the end of it somewhere in its bytes.
            wanted = [key for key, end in ends if end in low or not end.isascii() or b'"' in end or b"\\" in end]
            entity = self._entity(node) if wanted else {}
            for key in wanted:
                columns[key].add(node, values(entity, key))
        self._columns |= columns

    def count(self, key: str, predicate: Predicate = All(())) -> list[tuple[str, int]]:
        """A facet: each value at `key` with how many of the matching entities have it, sorted by value."""
        among = None if predicate == All(()) else self.match(predicate)
        return sorted(self.column(key.lower()).counts(among).items())

    def page(self, query: Query) -> Page:
        """One page of the matching entities in the query's order."""
        order = self.ordered(query.order)
        question = (query.predicate, query.text, query.order)
        places, counted = self._answers.get(question), self._answers.get((question, "total"))
        if places is None or counted is None:
            hits = self.match(query.predicate, query.text)
            places = order.pick(hits, everything=hits is self.live)
            if query.order and query.text and query.text.fields == (query.order.field.lower(),):
                # The very value that sorts the row must match (reference section 7.6).
                matches = like(query.text.term).search
                places = BitMap(place for place in places if matches(order.keys[place][0] or ""))
            self._keep(question, places)
            counted = hits & BitMap(order.places.keys())
            self._keep((question, "total"), counted)
        wanted, more = self._slice(order, places, query)
        first, last = (order.keys[wanted[0]], order.keys[wanted[-1]]) if wanted else (None, None)
        return Page([self._bodies[order.nodes[place]] for place in wanted], first, last, len(counted), more)

    def listed(
        self, predicate: Predicate, orders: Sequence[Order], start: int = 0, end: int | None = None
    ) -> tuple[list[bytes], int]:
        """Some of the matches by several orders, and how many there are in all.

        Those that lack a field come last, ties go by uid; without an order they are sorted by ref.
        """
        hits = self.match(predicate)
        if not orders:
            by_ref = self.ordered(Order(BY_REF))
            places = by_ref.pick(hits, everything=hits is self.live)
            return [self._bodies[by_ref.nodes[place]] for place in places[start:end]], len(places)
        uids = self._uid_of()
        rows = self._join(orders, sorted(hits, key=uids.__getitem__))
        for place, order in reversed(list(enumerate(orders))):
            have = [row for row in rows if row[1][place] is not None]
            have.sort(key=lambda row: row[1][place] or "", reverse=order.descending)
            rows = have + [row for row in rows if row[1][place] is None]
        return [self._bodies[node] for node, _ in rows[start:end]], len(rows)

    def _join(self, orders: Sequence[Order], nodes: list[int]) -> list[tuple[int, tuple[str | None, ...]]]:
        """Each node with its values at the orders' fields: once for each combination of them, as Backstage joins them."""
        found: list[dict[int, list[str]]] = [{} for _ in orders]
        for order, known in zip(orders, found, strict=True):
            # Backstage compares the path as given with keys in lower case: one with capitals finds nothing.
            for value, node in self.column(order.field).pairs() if order.field == order.field.lower() else ():
                known.setdefault(node, []).append(value)
        none: list[str | None] = [None]
        return [
            (node, values)
            for node in nodes
            for values in islice(product(*(known.get(node, none) for known in found)), _COMBINATIONS)
        ]

    def _slice(self, order: Sorted, places: BitMap, query: Query) -> tuple[Sequence[int], bool]:
        start = query.offset
        if query.after is not None:
            descending = query.order is not None and query.order.descending
            start = order.find(query.after, descending=descending, before=query.backwards)
            start = places.rank(start - 1) if start else 0
        if query.backwards:
            end, start = start, max(0, start - query.limit)
            return list(places[start:end]), start > 0
        return list(places[start : start + query.limit]), start + query.limit < len(places)

    def ordered(self, order: Order | None) -> Sorted:
        """All entities that have a value at the order's field, in that order, and where each stands; without one, by uid.

        Whoever asks while an order is made waits for it.
        """
        name = (order.field, order.descending) if order else ("metadata.uid", False)
        found = self._orders.get(name)
        if found is None:
            with self._sorting:
                found = self._orders.get(name)
                if found is None:
                    if len(self._orders) >= _ORDERS_KEPT:
                        self._orders.clear()
                    found = self._orders[name] = self._sort(*name)
        return found

    def _sort(self, name: str, descending: bool) -> Sorted:
        uids = self._uid_of()
        rows: list[tuple[SortKey, int]]
        if name == "metadata.uid":
            rows = [((uid, uid), node) for node, uid in uids.items()]
        elif name == BY_REF:
            rows = [((self.edges.refs[node], uid), node) for node, uid in uids.items()]
        else:
            pairs = self.column(name.lower()).pairs()
            rows = [((value, uids[node]), node) for value, node in pairs]
        return sort_rows(rows, descending=descending)

    def _uid_of(self) -> dict[int, str]:
        return {node: uid for uid, node in self.uids.items()}

    def warm(self) -> None:
        """Make the orders and columns that everybody asks for, so that no reader waits for them."""
        for order in (None, Order("metadata.name"), Order(BY_REF)):
            self.ordered(order)
        for key in WARM_RELATIONS:
            self.column(key)
