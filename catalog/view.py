"""The in-memory read model: all entities at one revision, filtered, ordered, paged and counted. It never writes.

A `View` is made whole or from the view before it, and handed to readers only when complete; nobody alters it then but
for caches of its own that can be made again.
"""

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from pyroaring import BitMap

from catalog.columns import Column, is_shallow, like, shallow_values, values
from catalog.documents import Json
from catalog.edges import Edges
from catalog.entity import Row
from catalog.query import BY_REF, All, AnyOf, Exists, HasPrefix, Not, OneOf, Order, Predicate, Query, TextFilter
from catalog.relations import emit
from catalog.sorting import Sorted, SortKey, sort_rows

WARM_KEYS = (
    "kind", "spec.type", "spec.lifecycle", "metadata.name", "metadata.title", "metadata.namespace", "metadata.tags",
    "relations.ownedby", "relations.partof",
)  # fmt: skip
_HEAD = b'{"metadata":{'
_ORDERS_KEPT = 16
_ANSWERS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Page:
    """One page of entities: their served bytes and sort keys, the number of all hits, and whether there is more."""

    bodies: list[bytes]
    keys: list[SortKey]
    total: int
    more: bool


class View:
    """The catalog at one revision."""

    def __init__(self) -> None:
        self.revision = 0
        self.edges = Edges()
        self.live = BitMap()
        self.uids: dict[str, int] = {}
        self.parents: dict[str, str] = {}
        self.statuses: Mapping[str, bytes] = {}
        self._bodies: list[bytes] = []
        self._starts = array("I")
        self._lengths = array("I")
        self._columns: dict[str, Column] = {}
        self._deep: list[str] = []  # the columns that are made by walking the whole entity
        self._orders: dict[tuple[str, bool], Sorted] = {}
        self._answers: dict[object, BitMap] = {}

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
        view = View()
        view.revision, view.edges, view.live = revision, self.edges.copy(), self.live.copy()
        view.uids, view.statuses, view._bodies = self.uids.copy(), self.statuses, self._bodies.copy()
        view.parents = self.parents.copy()
        view._starts, view._lengths = array("I", self._starts), array("I", self._lengths)
        view._columns = {key: column.copy() for key, column in list(self._columns.items())} or {
            key: Column() for key in WARM_KEYS
        }
        view._deep = [key for key in view._columns if not is_shallow(key) and not key.startswith("relations.")]
        return view

    def _take_out(self, ref: str, touched: set[int]) -> None:
        """Take an entity away: its relations, its values, its bytes."""
        node = self.edges.nodes.get(ref)
        if node is None or node not in self.live:
            return
        entity = self._entity(node)
        for relation, target, _ in emit(entity):
            other = self.edges.node(target)
            self.edges.remove(node, relation, other)
            touched.add(other)
        for key, found in self._values(entity).items():
            self._columns[key].discard(node, found)
        touched.add(node)
        self.live.discard(node)
        self.uids.pop(entity["metadata"]["uid"], None)
        self.parents.pop(ref, None)
        self._bodies[node] = b""

    def _declare(self, row: Row, touched: set[int]) -> None:
        """Put an entity in as declared; `_restitch` completes it when all relations are known."""
        self._take_out(row.ref, touched)
        entity = orjson.loads(row.body)
        node = self.edges.node(row.ref)
        for relation, target, _ in emit(entity):
            other = self.edges.node(target)
            self.edges.add(node, relation, other)
            touched.add(other)
        self._grow()
        head = b'%b"uid":"%b",' % (_HEAD, row.uid.encode())
        if row.etag:
            head += b'"etag":%b,' % orjson.dumps(row.etag)
        self._bodies[node] = head + row.body[len(_HEAD) :]
        self._starts[node], self._lengths[node] = len(head), len(row.body) - len(_HEAD)
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
        found = shallow_values(entity, self._columns)
        found |= {key: values(entity, key) for key in self._deep}
        return found

    def _grow(self) -> None:
        missing = len(self.edges.refs) - len(self._bodies)
        if missing:
            self._bodies.extend([b""] * missing)
            self._starts.extend([0] * missing)
            self._lengths.extend([0] * missing)

    def _restitch(self, touched: set[int], before: "View") -> None:
        """Make the served bytes of every entity whose declaration, relations or status may have changed."""
        self._grow()
        columns = {
            key.removeprefix("relations."): c for key, c in self._columns.items() if key.startswith("relations.")
        }
        for node in touched:
            old = before.edges.of(node) if node in before.live else []
            new = self.edges.of(node) if node in self.live else []
            for kind, column in columns.items() if old != new else ():
                column.discard(node, [ref for name, ref in old if name.lower() == kind])
                column.add(node, [ref for name, ref in new if name.lower() == kind])
            if node in self.live:
                self._stitch(node, new)

    def _stitch(self, node: int, relations: list[tuple[str, str]]) -> None:
        """Splice etag, relations and status into the declared bytes; no JSON is parsed or printed again."""
        body, start = self._bodies[node], self._starts[node]
        declared = body[start : start + self._lengths[node]]
        known = orjson.loads(body[: start - 1] + b"}}")["metadata"]
        head = b'%b"uid":"%b",' % (_HEAD, known["uid"].encode())
        listed = b",".join(
            b'{"type":"%b","targetRef":%b}' % (kind.encode(), orjson.dumps(ref)) for kind, ref in relations
        )
        status = self.statuses.get(self.edges.refs[node], b"")
        tail = declared[:-1] + b',"relations":[' + listed + b"]" + status + b"}"
        digest = hashlib.sha1(head + tail, usedforsecurity=False).hexdigest()
        etag = known.get("etag", "")
        if not etag or _is_digest(body, etag):  # one that the author gave is kept (reference section 4.5)
            etag = digest
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

    def get_by_uid(self, uid: str) -> bytes | None:
        """The served bytes of the entity with this uid."""
        node = self.uids.get(uid)
        return self._bodies[node] if node is not None else None

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
            found = self._evaluate(predicate)
            if text is not None:
                found = found & self._containing(text)
            self._keep(question, found)
        return found

    def _keep(self, question: object, found: BitMap) -> None:
        if len(self._answers) >= _ANSWERS_KEPT:
            self._answers.clear()
        self._answers[question] = found

    def _evaluate(self, predicate: Predicate) -> BitMap:
        match predicate:
            case OneOf(key, wanted):
                column = self.column(key)
                return BitMap.union(*(column.equal(value) for value in wanted)) if wanted else BitMap()
            case Exists(key):
                return self.column(key).exists
            case HasPrefix(key, prefix):
                return self.column(key).prefixed(prefix)
            case All(parts):
                sets = sorted((self._evaluate(part) for part in parts), key=len)
                return BitMap.intersection(self.live, *sets) if sets else self.live
            case AnyOf(parts):
                return BitMap.union(BitMap(), *(self._evaluate(part) for part in parts))
            case Not(part):
                return self.live - self._evaluate(part)

    def _containing(self, text: TextFilter) -> BitMap:
        return BitMap.union(BitMap(), *(self.column(name.lower()).containing(text.term) for name in text.fields))

    def column(self, key: str) -> Column:
        """The values at `key` (lower case) of all entities, made from the served bytes on first use."""
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = self._build(key)
        return column

    def _build(self, key: str) -> Column:
        column = Column()
        root, _, kind = key.partition(".")
        if root == "relations":
            for node, refs in self.edges.pairs(kind):
                if node in self.live:
                    column.add(node, refs)
        else:
            for node in self.live:
                column.add(node, values(self._entity(node), key))
        return column

    def count(self, key: str, predicate: Predicate = All(())) -> list[tuple[str, int]]:
        """A facet: each value at `key` with how many of the matching entities have it, sorted by value."""
        among = None if predicate == All(()) else self.match(predicate)
        return sorted(self.column(key.lower()).counts(among).items())

    def page(self, query: Query) -> Page:
        """One page of the matching entities in the query's order."""
        order = self._sorted(query.order)
        question = (query.predicate, query.text, query.order)
        places = self._answers.get(question)
        if places is None:
            hits = self.match(query.predicate, query.text)
            places = order.pick(hits, everything=hits is self.live)
            if query.order and query.text and query.text.fields == (query.order.field,):
                # The very value that sorts the row must match (reference section 7.6).
                matches = like(query.text.term).search
                places = BitMap(place for place in places if matches(order.keys[place][0] or ""))
            self._keep(question, places)
            self._keep((question, "total"), hits & BitMap(order.places.keys()))
        total = len(self._answers.get((question, "total"), places))
        wanted, more = self._slice(order, places, query)
        keys = [order.keys[place] for place in wanted]
        return Page([self._bodies[order.nodes[place]] for place in wanted], keys, total, more)

    def listed(
        self, predicate: Predicate, orders: Sequence[Order], start: int = 0, end: int | None = None
    ) -> tuple[list[bytes], int]:
        """Some of the matches by several orders, and how many there are in all.

        Those that lack a field come last, ties go by uid; without an order they are sorted by ref.
        """
        hits = self.match(predicate)
        if not orders:
            by_ref = self._sorted(Order(BY_REF))
            places = by_ref.pick(hits, everything=hits is self.live)
            return [self._bodies[by_ref.nodes[place]] for place in places[start:end]], len(places)
        uids = self._uid_of()
        nodes = sorted(hits, key=lambda node: uids[node])
        if len(orders) == 1 and orders[0].field == orders[0].field.lower():
            nodes = self._repeated(orders[0], nodes)
            return [self._bodies[node] for node in nodes[start:end]], len(nodes)
        for order in reversed(orders):
            # Backstage compares the path as given with keys in lower case: one with capitals finds nothing.
            pairs = self.column(order.field).pairs() if order.field == order.field.lower() else ()
            firsts: dict[int, str] = {}
            for value, node in pairs:
                firsts[node] = min(value, firsts.get(node, value))
            have = [node for node in nodes if node in firsts]
            have.sort(key=firsts.__getitem__, reverse=order.descending)
            nodes = have + [node for node in nodes if node not in firsts]
        return [self._bodies[node] for node in nodes[start:end]], len(nodes)

    def _repeated(self, order: Order, nodes: list[int]) -> list[int]:
        """The nodes by one order, once for each of their values, those without one last."""
        among = {node: place for place, node in enumerate(nodes)}
        pairs = [(value, among[node], node) for value, node in self.column(order.field).pairs() if node in among]
        pairs.sort(key=lambda pair: pair[1])
        pairs.sort(key=lambda pair: pair[0].encode(), reverse=order.descending)
        have = {node for _, _, node in pairs}
        return [node for _, _, node in pairs] + [node for node in nodes if node not in have]

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

    def _sorted(self, order: Order | None) -> Sorted:
        name = (order.field, order.descending) if order else ("metadata.uid", False)
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
        """Make the orders that everybody asks for, so that no reader waits for them."""
        for order in (None, Order("metadata.name"), Order(BY_REF)):
            self._sorted(order)


def _is_digest(body: bytes, etag: str) -> bool:
    head, _, rest = body.partition(b'"etag":%b,' % orjson.dumps(etag))
    return hashlib.sha1(head + rest, usedforsecurity=False).hexdigest() == etag
