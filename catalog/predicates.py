"""What a predicate holds for, as a set of nodes: over the columns and the graph of one view."""

from typing import Protocol

from pyroaring import BitMap

from catalog.columns import Column
from catalog.edges import Edges
from catalog.query import BY_REF, All, Among, AnyOf, Exists, HasPrefix, Like, Not, OneOf, Predicate


class Columns(Protocol):
    """What is asked: the nodes that are entities, the graph, and the values at any key."""

    live: BitMap
    edges: Edges

    def column(self, key: str) -> Column:
        """The values at `key` (lower case) of all entities."""
        ...


def evaluate(view: Columns, predicate: Predicate) -> BitMap:
    """The nodes that a predicate holds for. Do not alter the answer."""
    match predicate:
        case OneOf(key, wanted) if key == BY_REF:
            nodes = view.edges.nodes
            return BitMap(nodes[ref] for ref in wanted if ref in nodes) & view.live
        case OneOf(key, wanted):
            column = view.column(key)
            return BitMap.union(*(column.equal(value) for value in wanted)) if wanted else BitMap()
        case Exists(key):
            return view.column(key).exists
        case HasPrefix(key, prefix):
            return view.column(key).prefixed(prefix)
        case Among(nodes):
            return view.live & nodes
        case Like(keys, term):
            return BitMap.union(BitMap(), *(view.column(key).containing(term) for key in keys))
        case All(parts):
            sets = sorted((evaluate(view, part) for part in parts), key=len)
            return BitMap.intersection(view.live, *sets) if sets else view.live
        case AnyOf(parts):
            return BitMap.union(BitMap(), *(evaluate(view, part) for part in parts))
        case Not(part):
            return view.live - evaluate(view, part)
