"""The part of the graph that a question is about: which entities, how far away, and every relation among them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from catalog.graph.matrix import NOWHERE, Flags, Ints, Links, Matrix
from catalog.graph.question import PEOPLE, Question, need_types


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the graph. `distances` has every node of the whole graph, `NOWHERE` for those outside.

    `needed` is True for those that lie on the side of what the roots need; `behind` has the distance on the other side of
    those that lie on both. `is_reversed`: no way led from the roots to the target but one led back.
    """

    distances: Ints
    needed: Flags
    links: Links
    roots: tuple[int, ...] = ()
    is_reversed: bool = False
    hidden: Flags = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    behind: Ints | None = None

    @property
    def inside(self) -> Flags:
        """Which nodes are in it, those of hidden kinds with them."""
        inside: Flags = self.distances != NOWHERE
        return inside

    @property
    def visible(self) -> Flags:
        """Which nodes are in it and of no hidden kind."""
        return self.inside & ~self.hidden


def select(matrix: Matrix, question: Question) -> Part:
    """The part a question is about. Raises `KeyError` for a root that is not in the graph at all."""
    if not question.roots:
        return _everything(matrix, question)
    roots = tuple(dict.fromkeys(matrix.nodes[ref] for ref in question.roots))
    if question.target:
        return _between(matrix, question, roots, matrix.nodes[question.target])
    sides = {
        side: matrix.reach(roots, need_types(question.relations, side), question.depth)
        for side in ("out", "in")
        if question.direction in (side, "both")
    }
    out, into = sides.get("out", sides.get("in")), sides.get("in", sides.get("out"))
    assert out is not None
    assert into is not None
    either = np.where((out != NOWHERE) & (into != NOWHERE), np.minimum(out, into), np.maximum(out, into))
    needed = (out == either) & (either != NOWHERE) if question.direction != "in" else np.zeros(len(matrix), np.bool_)
    behind = np.where((out != NOWHERE) & (into != NOWHERE), np.where(needed, into, out), NOWHERE)
    return Part(
        either,
        needed,
        _links(matrix, question, either != NOWHERE),
        roots,
        hidden=_hide(matrix, question, roots),
        behind=behind if question.direction == "both" else None,
    )


def _everything(matrix: Matrix, question: Question) -> Part:
    inside = ~matrix.kind_is(PEOPLE)
    links = _links(matrix, question, inside)
    distances = np.where(inside, 0, NOWHERE)
    return Part(distances, np.zeros(len(matrix), np.bool_), links, hidden=_hide(matrix, question, ()))


def _links(matrix: Matrix, question: Question, inside: Flags) -> Links:
    return matrix.links(inside, need_types(question.relations))


def _hide(matrix: Matrix, question: Question, roots: Iterable[int]) -> Flags:
    hidden = matrix.kind_is(question.hidden)
    hidden[list(roots)] = False
    return hidden


def _between(matrix: Matrix, question: Question, roots: tuple[int, ...], target: int) -> Part:
    """All shortest ways from each root to the target; where there is none, those from the target to the roots."""
    kept = tuple(dict.fromkeys((*roots, target)))
    hidden = _hide(matrix, question, kept)
    for is_reversed in (False, True):
        ahead, back = (
            need_types(question.relations, side) for side in (("in", "out") if is_reversed else ("out", "in"))
        )
        left = matrix.reach((target,), back)
        joined = [root for root in roots if left[root] != NOWHERE]
        if joined:
            inside = _approach(matrix, joined, left, ahead)
            links = _links(matrix, question, inside)
            step = left[links.targets] - left[links.sources]
            links = links.pick(step == (1 if is_reversed else -1))
            walked = left if is_reversed else matrix.reach(joined, ahead, int(left[joined].max()))
            return Part(np.where(inside, walked, NOWHERE), inside, links, kept, is_reversed, hidden)
    alone = np.full(len(matrix), NOWHERE, dtype=np.int64)
    alone[list(kept)] = 0
    empty = np.zeros(0, dtype=np.int64)
    return Part(alone, alone == 0, Links(empty, empty, empty), kept, hidden=hidden)


def _approach(matrix: Matrix, roots: list[int], left: Ints, types: Iterable[str]) -> Flags:
    """The nodes on the ways from the roots on which every step is one less to the target; `left` counts those."""
    inside = np.zeros(len(left), dtype=np.bool_)
    inside[roots] = True
    for steps in range(int(left[roots].max()), 0, -1):
        ahead = matrix.around(np.flatnonzero(inside & (left == steps)), types)
        inside[ahead[left[ahead] == steps - 1]] = True
    return inside
