"""A part of the graph as it is drawn: boxes and the links between them, each with what it stands for counted.

What is drawn and what is counted in groups, folds and hidden kinds together is the whole part, to the last relation.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Literal

import numpy as np

from catalog.edges import TYPE_NUMBERS, Edges
from catalog.graph.folding import Form, Holder, Sorter
from catalog.graph.hiding import Rest, hide
from catalog.graph.knots import knots
from catalog.graph.matrix import NOWHERE, Flags, Ints, Matrix, matrix_of
from catalog.graph.part import Part, select
from catalog.graph.question import Question

_TYPES = {number: name for name, number in TYPE_NUMBERS.items()}
IMPLIED = "implied"
"""Beside the relation types: a way through hidden entities."""
_CYCLIC = ("dependsOn", "consumesApi", "apiProvidedBy", IMPLIED)
_MOST_LINKS, _LEAST_BOXES = 240, 16
"""A picture with more links than that is none: it gets fewer boxes, which have fewer among them."""
Side = Literal["root", "out", "in"]


@dataclass(frozen=True, slots=True)
class Box:
    """One box. `id` is a ref, or says what a fold holds; it is also what opens it, but for single entities.

    `members` counts the entities in it, `inside` the relations between two of them by type; `first` and `last` are refs.
    `behind` is a single entity's distance on the other side, if it lies on both: it needs the roots, and they need it.
    """

    id: str
    form: Form
    ref: str
    members: int
    distance: int
    side: Side
    inside: dict[str, int] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    in_cycle: bool = False
    behind: int = 0

    @property
    def opens(self) -> str:
        """The value of `opened` that shows what is in it; empty for a single entity."""
        return {"entity": "", "group": f"in:{self.ref}", "fold": self.id}[self.form]


@dataclass(frozen=True, slots=True)
class Link:
    """All relations from one box to another, counted by type."""

    source: str
    target: str
    types: dict[str, int]
    in_cycle: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """Which box each entity is in, kept as arrays: there may be a hundred thousand."""

    refs: list[str]
    members: Ints
    places: Ints

    def boxes_of(self, boxes: "tuple[Box, ...]") -> dict[str, str]:
        """By entity, the id of its box."""
        pairs = zip(self.members.tolist(), self.places.tolist(), strict=True)
        return {self.refs[node]: boxes[place].id for node, place in pairs}


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw, and the totals it adds up to.

    `entities` and `relations` count what is visible, `kinds` the former by kind, `rings` by side and distance from the
    roots, on both sides what lies on both; `implied` the pairs joined through hidden entities; `hidden` counts those by
    kind and `through` their relations. `is_cut`: the implied were too many to work out, and none is there. `is_reversed`:
    no way led to the target, but one led back.
    """

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    entities: int
    relations: int
    implied: int
    hidden: dict[str, int]
    through: int
    kinds: dict[str, int]
    rings: dict[tuple[str, int], int]
    holding: Holding = field(repr=False, compare=False)
    is_cut: bool = False
    is_reversed: bool = False

    @property
    def single(self) -> int:
        """How many entities have a box of their own."""
        return sum(box.form == "entity" for box in self.boxes)

    @property
    def cycles(self) -> list[list[str]]:
        """The ids of the boxes that lead to each other, a list for each such group."""
        pairs = [(link.source, link.target) for link in self.links if link.in_cycle]
        return sorted((sorted(one) for one in knots(pairs)), key=lambda one: (len(one), one))


def draw_chart(edges: Edges, question: Question) -> Chart:
    """The answer to a question. Raises `KeyError` for a root or target that nothing defines and nothing names."""
    matrix = matrix_of(edges)
    part = select(matrix, question)
    rest = hide(part)
    sorter, place, counted = _sort(matrix, part, rest, question)
    if len(counted) > _MOST_LINKS and question.limit > _LEAST_BOXES:
        limit = int(question.limit * sqrt(_MOST_LINKS / len(counted)) * 0.9)
        sorter, place, counted = _sort(matrix, part, rest, replace(question, limit=max(_LEAST_BOXES, limit)))
    ids = [_id(matrix, holder) for holder in sorter.holders]
    links, inside = _split(counted, ids)
    links, cyclic = _mark(links, inside, {ids[at] for at, one in enumerate(sorter.holders) if one.form != "fold"})
    members = np.flatnonzero(part.visible)
    return Chart(
        tuple(_boxes(matrix, part, sorter, place, members, ids, inside, cyclic)),
        tuple(links),
        len(members),
        len(rest.links),
        len(rest.sources),
        _count_kinds(matrix, part.inside & part.hidden),
        rest.through,
        _count_kinds(matrix, part.visible),
        _count_rings(part),
        Holding(matrix.refs, members, place[members]),
        rest.is_cut,
        part.is_reversed,
    )


def _sort(
    matrix: Matrix, part: Part, rest: Rest, question: Question
) -> tuple[Sorter, Ints, dict[tuple[int, int], dict[str, int]]]:
    sorter = Sorter(matrix, part, question)
    sorter.sort()
    place = sorter.box[sorter.unit]
    return sorter, place, _count(place, rest, len(sorter.holders))


def _id(matrix: Matrix, holder: Holder) -> str:
    return str(holder.fold) if holder.fold else matrix.refs[holder.node]


def _count(place: Ints, rest: Rest, size: int) -> dict[tuple[int, int], dict[str, int]]:
    """How many relations of each type lead from one box to another, or stay inside."""
    links = rest.links
    implied = np.zeros(len(rest.sources), dtype=np.int64) + 15
    types = np.concatenate([links.types, implied])
    sources = place[np.concatenate([links.sources, rest.sources])]
    targets = place[np.concatenate([links.targets, rest.targets])]
    keys, counts = np.unique((sources * size + targets) * 16 + types, return_counts=True)
    found: dict[tuple[int, int], dict[str, int]] = {}
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        pair = divmod(key // 16, size)
        found.setdefault(pair, {})[_TYPES.get(key & 15, IMPLIED)] = count
    return found


def _split(
    counted: dict[tuple[int, int], dict[str, int]], ids: list[str]
) -> tuple[list[Link], dict[str, dict[str, int]]]:
    """The links between boxes in the order of their ids, and what stays inside by box."""
    inside = {ids[source]: types for (source, target), types in counted.items() if source == target}
    links = [Link(ids[source], ids[target], types) for (source, target), types in counted.items() if source != target]
    return sorted(links, key=lambda link: (link.source, link.target)), inside


def _mark(links: list[Link], inside: dict[str, dict[str, int]], named: set[str]) -> tuple[list[Link], set[str]]:
    """The links with those of a dependency cycle marked, and the boxes in one. A fold joins strangers: no cycle."""
    pairs = {
        (link.source, link.target)
        for link in links
        if {link.source, link.target} <= named and any(name in link.types for name in _CYCLIC)
    }
    knot = {box: number for number, found in enumerate(knots(pairs)) for box in found}
    marked = [
        Link(link.source, link.target, link.types, in_cycle=True)
        if (link.source, link.target) in pairs and knot.get(link.source, -1) == knot.get(link.target, -2)
        else link
        for link in links
    ]
    return marked, set(knot)


def _boxes(
    matrix: Matrix,
    part: Part,
    sorter: Sorter,
    place: Ints,
    members: Ints,
    ids: list[str],
    inside: dict[str, dict[str, int]],
    cyclic: set[str],
) -> Iterable[Box]:
    places = place[members]
    sizes = np.bincount(places, minlength=len(ids))
    nearest = np.full(len(ids), len(matrix), dtype=np.int64)
    np.minimum.at(nearest, places, part.distances[members])
    needed = np.bincount(places, weights=part.needed[members], minlength=len(ids)) * 2 >= sizes
    roots = set(place[list(part.roots)].tolist()) if part.roots else set()
    for at, (name, holder) in enumerate(zip(ids, sorter.holders, strict=True)):
        ends = ("", "")
        if holder.fold and holder.fold.chunks:
            refs = [matrix.refs[node] for node in members[places == at].tolist()]
            ends = min(refs), max(refs)
        side: Side = "root" if at in roots else "out" if needed[at] else "in"
        ref = matrix.refs[holder.node] if holder.node != NOWHERE else ""
        within = inside.get(name, {})
        loops = holder.form == "entity" and any(one in within for one in _CYCLIC)
        behind = _behind(part, holder) if side != "root" else 0
        yield Box(
            name,
            holder.form,
            ref,
            int(sizes[at]),
            int(nearest[at]),
            side,
            within,
            *ends,
            name in cyclic or loops,
            behind,
        )


def _behind(part: Part, holder: Holder) -> int:
    return max(0, int(part.behind[holder.node])) if part.behind is not None and holder.form == "entity" else 0


def _count_rings(part: Part) -> dict[tuple[str, int], int]:
    """The exact counts: a fold stands at the distance of the nearest entity in it, whatever else it holds."""
    found: dict[tuple[str, int], int] = {}
    sides = (("out", part.needed), ("in", ~part.needed))
    for side, flags in sides:
        near = part.distances[part.visible & flags]
        behind = part.behind[part.visible & ~flags] if part.behind is not None else near[:0]
        counts = np.bincount(np.concatenate([near[near > 0], behind[behind > 0]]))
        found |= {(side, distance): count for distance, count in enumerate(counts.tolist()) if count}
    return found


def _count_kinds(matrix: Matrix, nodes: Flags) -> dict[str, int]:
    counts = np.bincount(matrix.kinds[nodes], minlength=len(matrix.kind_names)).tolist()
    return {name: count for name, count in sorted(zip(matrix.kind_names, counts, strict=True)) if count}
