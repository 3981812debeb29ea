"""The whole relation graph as flat numpy arrays, made once from `Edges`: walks and counts over 100,000 nodes in milliseconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from catalog.edges import TYPE_NUMBERS, Edges

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
_FEW = 4_000
NOWHERE = -1
"""No node; no distance."""
_MADE: "WeakKeyDictionary[Edges, Matrix]" = WeakKeyDictionary()
_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class Links:
    """Relations as three arrays of the same length: each is (source node, type number, target node)."""

    sources: Ints
    types: Ints
    targets: Ints

    def __len__(self) -> int:
        return len(self.sources)

    def pick(self, which: Flags | Ints) -> "Links":
        """Some of them."""
        return Links(self.sources[which], self.types[which], self.targets[which])


class Matrix:
    """Node numbers are those of the `Edges` it was made from; `kinds` numbers each node's kind by `kind_names`."""

    def __init__(self, edges: Edges) -> None:
        starts, packed = edges.flat()
        self.refs, self.nodes = edges.refs, edges.nodes
        self._starts = np.array(starts, dtype=np.int64)
        self._packed = np.frombuffer(packed, dtype=np.uint32).astype(np.int64)
        names: dict[str, int] = {}
        self.kinds: Ints = np.fromiter(
            (names.setdefault(ref.partition(":")[0], len(names)) for ref in self.refs), np.int64, len(self.refs)
        )
        self.kind_names = list(names)
        self._typed: dict[frozenset[str], tuple[Ints, Ints, Ints]] = {}

    def __len__(self) -> int:
        return len(self.refs)

    def kind_is(self, kinds: Iterable[str]) -> Flags:
        """Which nodes are of one of the kinds, given in lower case."""
        wanted = [number for number, name in enumerate(self.kind_names) if name in set(kinds)]
        return np.isin(self.kinds, wanted)

    def _gather(self, nodes: Ints) -> tuple[Ints, Ints]:
        """All packed relations of the nodes, and which of the nodes each belongs to."""
        begins, ends = self._starts[nodes], self._starts[nodes + 1]
        return self._packed[_spread(begins, ends)], np.repeat(nodes, ends - begins)

    def reach(self, starts: Iterable[int], types: Iterable[str], depth: int | None = None) -> Ints:
        """The distance of every node from the nearest of `starts` along `types`; `NOWHERE` for those not reached."""
        begins, ends, targets = self._of_types(frozenset(types))
        distances = np.full(len(self), NOWHERE, dtype=np.int64)
        frontier = np.fromiter(starts, np.int64)
        distances[frontier] = step = 0
        while len(frontier) and (depth is None or step < depth):
            step += 1
            found = targets[_spread(begins[frontier], ends[frontier])]
            found = found[distances[found] == NOWHERE]
            distances[found] = step
            # A look at every node is dearer than sorting a few, and cheaper than sorting many.
            frontier = np.unique(found) if len(found) < _FEW else np.flatnonzero(distances == step)
        return distances

    def _of_types(self, types: frozenset[str]) -> tuple[Ints, Ints, Ints]:
        """Where each node's relations of the types begin and end among the targets of all; kept, for walks take many steps."""
        known = self._typed.get(types)
        if known is None:
            keep = _wanted(types)[self._packed & 15]
            places = np.concatenate(([0], np.cumsum(keep)))[self._starts]
            known = self._typed[types] = (places[:-1], places[1:], self._packed[keep] >> 4)
        return known

    def around(self, nodes: Ints, types: Iterable[str]) -> Ints:
        """The nodes that relations of these types lead to from some of `nodes`, each once."""
        packed, _ = self._gather(nodes)
        found: Ints = np.unique(packed[_wanted(types)[packed & 15]] >> 4)
        return found

    def links(self, among: Flags, types: Iterable[str]) -> Links:
        """Every relation of the types with both ends `among`, each once, by source, target and type."""
        packed, sources = self._gather(np.flatnonzero(among))
        keep = _wanted(types)[packed & 15] & among[packed >> 4]
        keys = np.sort((sources[keep] << 32) | packed[keep])
        keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys  # both ends may declare a relation
        return Links(keys >> 32, keys & 15, (keys & 0xFFFFFFFF) >> 4)


def _spread(begins: Ints, ends: Ints) -> Ints:
    """All places from each beginning to its end, behind each other."""
    counts = ends - begins
    sums = np.cumsum(counts)
    places: Ints = np.repeat(begins - (sums - counts), counts) + np.arange(sums[-1] if len(sums) else 0)
    return places


def _wanted(types: Iterable[str]) -> Flags:
    wanted = np.zeros(16, dtype=np.bool_)
    wanted[[TYPE_NUMBERS[name] for name in types]] = True
    return wanted


def matrix_of(edges: Edges) -> Matrix:
    """The arrays of a frozen `Edges`, made on first use and kept for as long as it is."""
    found = _MADE.get(edges)
    if found is None:
        with _LOCK:
            found = _MADE.get(edges)
            if found is None:
                found = _MADE[edges] = Matrix(edges)
    return found
