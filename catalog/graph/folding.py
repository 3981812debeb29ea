"""Puts the entities of a part into boxes, at most about as many as a picture can hold: single ones, groups that a roll-up
made, and folds of what does not fit. Every entity is in exactly one box.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Literal

import numpy as np

from catalog.graph.fold import LADDERS, Fold
from catalog.graph.grouping import group_of
from catalog.graph.matrix import NOWHERE, Flags, Ints, Matrix
from catalog.graph.part import Part
from catalog.graph.question import Question

Form = Literal["entity", "group", "fold"]
_CHUNK, _LEAST_ROOM = 20, 12
_GROUP = "in:"


@dataclass(frozen=True, slots=True)
class Holder:
    """One box before it is described: an entity or group by its node, or a fold."""

    form: Form
    node: int = NOWHERE
    fold: Fold | None = None


class Sorter:
    """Sorts the units of one part into boxes. A unit is an entity, or the group that a roll-up put it into."""

    def __init__(self, matrix: Matrix, part: Part, question: Question) -> None:
        self.matrix, self.question = matrix, question
        self.unit = roll_up(matrix, part, question)
        self.visible = part.visible
        visible = np.flatnonzero(self.visible)
        self.units = np.unique(self.unit[visible])
        self.distance = np.full(len(matrix), len(matrix), dtype=np.int64)
        np.minimum.at(self.distance, self.unit[visible], part.distances[visible])
        self.sizes = np.bincount(self.unit[visible], minlength=len(matrix))
        self.weight = self._weigh(part)
        self.first = {int(self.unit[root]) for root in part.roots}
        self._known: dict[Fold, Ints] = {}
        self.holders: list[Holder] = []
        self.box = np.full(len(matrix), NOWHERE, dtype=np.int64)

    def sort(self) -> None:
        """Fill `holders`, and `box` with the place of each unit's holder among them."""
        for node in self._by_ref(self.first):
            self._single(node)
        folds = [fold for text in self.question.opened if (fold := Fold.parse(text))]
        for fold in sorted(set(folds), key=lambda one: (-len(one.chunks), -len(one.values), str(one))):
            self._open(fold)
        self._fill(self._free())

    def _free(self) -> Ints:
        free: Ints = self.units[self.box[self.units] == NOWHERE]
        return free

    def _by_ref(self, nodes: Iterable[int]) -> list[int]:
        return sorted((int(node) for node in nodes), key=self.matrix.refs.__getitem__)

    def _single(self, node: int) -> None:
        self.box[node] = len(self.holders)
        is_entity = self.sizes[node] == 1 and self.visible[node] and self.unit[node] == node
        self.holders.append(Holder("entity" if is_entity else "group", node))

    def _put(self, fold: Fold, units: Ints) -> None:
        if len(units) == 1:
            self._single(int(units[0]))
        elif len(units):
            self.box[units] = len(self.holders)
            self.holders.append(Holder("fold", fold=fold))

    def _members(self, fold: Fold) -> Ints:
        """Every unit that the fold's description fits, wherever it is now, but for the roots'; by ref."""
        if fold in self._known:
            return self._known[fold]
        if fold.chunks:
            part, count = fold.chunks[-1]
            whole = self._members(Fold(fold.values, fold.chunks[:-1]))
            found = whole[len(whole) * part // count : len(whole) * (part + 1) // count]
        else:
            fits = ~np.isin(self.units, list(self.first))
            for dimension, value in fold.values:
                fits &= group_of(self.matrix, dimension)[self.units] == self._number(dimension, value)
            found = np.array(self._by_ref(self.units[fits]), dtype=np.int64)
        self._known[fold] = found
        return found

    def _number(self, dimension: str, value: str) -> int:
        if dimension == "all":
            return 0
        if dimension == "kind":
            names = self.matrix.kind_names
            return names.index(value) if value in names else NOWHERE - 1
        return self.matrix.nodes.get(value, NOWHERE - 1) if value else NOWHERE

    def _value(self, dimension: str, number: int) -> str:
        if dimension == "all" or number == NOWHERE:
            return ""
        return self.matrix.kind_names[number] if dimension == "kind" else self.matrix.refs[number]

    def _open(self, fold: Fold) -> None:
        """Put what the fold holds and no other box has into boxes of its own."""
        whole = self._members(fold)
        units = whole[self.box[whole] == NOWHERE]
        room = max(self.question.limit - len(self.holders), _LEAST_ROOM)
        if len(units) <= room:
            for node in self._by_ref(units):
                self._single(node)
            return
        used = {dimension for dimension, _ in fold.values}
        for dimension in self._ladder():
            groups = group_of(self.matrix, dimension)[units]
            names = np.unique(groups)
            if dimension not in used and not fold.chunks and 1 < len(names) <= room:
                for number, name in sorted((int(one), self._value(dimension, int(one))) for one in names):
                    self._put(Fold((*fold.values, (dimension, name))), units[groups == number])
                return
        count = max(2, min(max(room // 2, _LEAST_ROOM), -(-len(whole) // _CHUNK)))
        for part in range(count):
            chunk = Fold(fold.values, (*fold.chunks, (part, count)))
            members = self._members(chunk)
            self._put(chunk, members[self.box[members] == NOWHERE])

    def _ladder(self) -> tuple[str, ...]:
        return LADDERS.get(self.question.fold, LADDERS["system"])

    def _fill(self, rest: Ints) -> None:
        """Single boxes for the nearest, folds for the others, as many single ones as there is room for."""
        room = max(self.question.limit - len(self.holders), _LEAST_ROOM)
        if len(rest) <= room:
            for node in self._ranked(rest, room):
                self._single(node)
            return
        dimension, groups = self._choose(rest, room)
        ranked = self._ranked(rest, room)
        kept = self._count_single(ranked, groups, dimension, room)
        for node in ranked[:kept]:
            self._single(node)
        folded = rest[self.box[rest] == NOWHERE]
        numbers = group_of(self.matrix, dimension)[folded]
        for name, number in sorted((self._value(dimension, int(one)), int(one)) for one in np.unique(numbers)):
            self._put(Fold(((dimension, name),)), folded[numbers == number])

    def _choose(self, rest: Ints, room: int) -> tuple[str, dict[int, int]]:
        """The finest step of the ladder with few enough groups, and the size of each of its groups."""
        for dimension in self._ladder():
            names, sizes = np.unique(group_of(self.matrix, dimension)[rest], return_counts=True)
            if len(names) <= max(room // 2, 1):
                break
        return dimension, dict(zip(names.tolist(), sizes.tolist(), strict=True))

    def _weigh(self, part: Part) -> Ints:
        """By unit, how much hangs on it, where no distance from a root says what matters."""
        ends = np.concatenate([part.links.sources, part.links.targets]) if not part.roots else part.links.sources[:0]
        return np.bincount(self.unit[ends], minlength=len(self.matrix)).astype(np.int64)

    def _ranked(self, rest: Ints, count: int) -> list[int]:
        """The nearest, by distance, weight and ref."""
        distances, weights, refs = self.distance, self.weight, self.matrix.refs
        if len(rest) > count:
            farthest = np.partition(distances[rest], count - 1)[count - 1]
            rest = rest[distances[rest] <= farthest]
        return nsmallest(count, rest.tolist(), key=lambda node: (distances[node], -weights[node], refs[node]))

    def _count_single(self, ranked: list[int], groups: dict[int, int], dimension: str, room: int) -> int:
        """How many of the ranked may stand alone so that they and the folds of the rest fit the room."""
        numbers, kept = group_of(self.matrix, dimension), 0
        for place, node in enumerate(ranked, 1):
            number = int(numbers[node])
            groups[number] -= 1
            if not groups[number]:
                del groups[number]
            if place + len(groups) <= room:
                kept = place
        return kept


def roll_up(matrix: Matrix, part: Part, question: Question) -> Ints:
    """By node, the unit it is shown in: itself, or its group where that is asked for and not opened."""
    nodes = np.arange(len(matrix))
    if not question.rollup:
        return nodes
    groups = group_of(matrix, question.rollup)
    opened = [
        matrix.nodes.get(text.removeprefix(_GROUP), NOWHERE) for text in question.opened if text.startswith(_GROUP)
    ]
    stays: Flags = (groups == NOWHERE) | np.isin(groups, opened) | (part.distances == NOWHERE)
    return np.where(stays, nodes, groups)
