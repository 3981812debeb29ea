"""The relation graph as adjacency arrays: every ref is a small number, every node has one array of its relations."""

from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate, zip_longest

from catalog.relations import RELATION_TYPES

_TYPES = tuple(sorted(RELATION_TYPES))
_NUMBERS = {name: number for number, name in enumerate(_TYPES)}
_INVERSE = [_NUMBERS[RELATION_TYPES[name]] for name in _TYPES]
TYPE_NUMBERS = _NUMBERS
"""The number of each relation type in a packed relation: its low four bits."""
_SHIFT = 4  # there are 14 relation types: a relation is its target's node number with the type in the low four bits


class Edges:
    """Relations in both directions, one array of packed numbers a node.

    A relation that both ends declare stands twice, so that it stays when one of them drops it. `copy()` shares the
    arrays; a changed array is replaced, never altered, so readers of the older copy see what they saw.
    """

    def __init__(self) -> None:
        self.refs: list[str] = []
        self.nodes: dict[str, int] = {}
        self._packed: list[array[int]] = []
        self._owned: set[int] = set()

    def copy(self) -> "Edges":
        """An independent copy, cheap: lists of references only."""
        other = Edges()
        other.refs, other.nodes, other._packed = self.refs.copy(), self.nodes.copy(), self._packed.copy()
        return other

    def node(self, ref: str) -> int:
        """The number of `ref`, given on first sight; a ref that nothing defines has one too."""
        number = self.nodes.get(ref)
        if number is None:
            number = self.nodes[ref] = len(self.refs)
            self.refs.append(ref)
            self._packed.append(array("I"))
            self._owned.add(number)
        return number

    def add(self, source: int, relations: Iterable[tuple[str, str]]) -> list[int]:
        """Put in what a node declares, by type and target ref, and the inverses; the targets' nodes."""
        own, targets = self._own(source), []
        for relation, ref in relations:
            number, target = _NUMBERS[relation], self.node(ref)
            own.append(target << _SHIFT | number)
            self._own(target).append(source << _SHIFT | _INVERSE[number])
            targets.append(target)
        return targets

    def remove(self, source: int, relations: Iterable[tuple[str, str]]) -> list[int]:
        """Take out what a node declares, and the inverses; the targets' nodes."""
        own, targets = self._own(source), []
        for relation, ref in relations:
            number, target = _NUMBERS[relation], self.node(ref)
            own.remove(target << _SHIFT | number)
            self._own(target).remove(source << _SHIFT | _INVERSE[number])
            targets.append(target)
        return targets

    def _own(self, node: int) -> "array[int]":
        if node not in self._owned:
            self._owned.add(node)
            self._packed[node] = array("I", self._packed[node])
        return self._packed[node]

    def freeze(self) -> None:
        """From here on changes copy first: call when readers get this object."""
        self._owned = set()

    def of(self, node: int) -> list[tuple[str, str]]:
        """The node's relations as Backstage orders them: (type, target ref), sorted, each once."""
        refs = self.refs
        return sorted([(_TYPES[packed & 15], refs[packed >> _SHIFT]) for packed in set(self._packed[node])])

    def targets(self, node: int, types: frozenset[str]) -> Iterator[tuple[str, int]]:
        """The node's relations of the given types as (type, node), in no order, perhaps repeated."""
        wanted = {_NUMBERS[name] for name in types if name in _NUMBERS}
        for packed in self._packed[node]:
            if packed & 15 in wanted:
                yield _TYPES[packed & 15], packed >> _SHIFT

    def flat(self) -> tuple[list[int], bytes]:
        """Every node's packed relations behind each other as 32-bit numbers, and where each node's begin."""
        return [0, *accumulate(map(len, self._packed))], b"".join(self._packed)

    def pairs(self, relation: str) -> Iterator[tuple[int, list[str]]]:
        """Every node that has relations of the type (given in lower case), with their target refs."""
        numbers = [number for name, number in _NUMBERS.items() if name.lower() == relation]
        for node, packed in enumerate(self._packed) if numbers else ():
            if found := [self.refs[one >> _SHIFT] for one in packed if one & 15 == numbers[0]]:
                yield node, found

    def arrays(self) -> "list[array[int]]":
        """Every node's relations as they are now, cheap: what `differs` compares later ones with."""
        return self._packed.copy()

    def differs(self, before: "list[array[int]]", types: frozenset[str]) -> bool:
        """Whether relations of the types came or went since; an array that did not change is the same object."""
        wanted, none = frozenset(_NUMBERS[name] for name in types if name in _NUMBERS), array("I")
        pairs = zip_longest(self._packed, before, fillvalue=none)
        changed = ((now, then) for now, then in pairs if now is not then)
        return any(
            {one for one in now if one & 15 in wanted} != {one for one in then if one & 15 in wanted}
            for now, then in changed
        )

    def degree(self, node: int) -> int:
        """How many relations the node has; one that both ends declare counts twice."""
        return len(self._packed[node])

    def links(self, types: frozenset[str]) -> Iterator[tuple[int, list[int]]]:
        """Every node that has relations of the types, with their targets, in no order and perhaps repeated."""
        wanted = frozenset(_NUMBERS[name] for name in types if name in _NUMBERS)
        for node, packed in enumerate(self._packed):
            if found := [one >> _SHIFT for one in packed if one & 15 in wanted]:
                yield node, found

    def reach(self, starts: Iterable[int], types: frozenset[str], depth: int | None = None) -> dict[int, int]:
        """Every node reached from `starts` along `types`, with its distance; None is no limit of depth."""
        wanted = {_NUMBERS[name] for name in types if name in _NUMBERS}
        distances = dict.fromkeys(starts, 0)
        frontier, distance = list(distances), 0
        while frontier and (depth is None or distance < depth):
            distance += 1
            found: list[int] = []
            for node in frontier:
                for packed in self._packed[node]:
                    if packed & 15 in wanted and (target := packed >> _SHIFT) not in distances:
                        distances[target] = distance
                        found.append(target)
            frontier = found
        return distances
