"""What several failing things have in common, the likeliest cause first: what most of them need, near to them, and without
much else that needs it too and is well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np
from pyroaring import BitMap

from catalog.edges import Edges
from catalog.graph.blast import with_parts
from catalog.graph.matrix import Flags, Ints, Matrix, matrix_of
from catalog.graph.question import DEPENDENCIES, need_types

_NEEDS, _NEEDED_BY = need_types(DEPENDENCIES), need_types(DEPENDENCIES, "in")
_LOOKED_AT = 60  # of all that they have in common, which may be thousands, the nearest
_AWAY = 10
"""A failing thing that does not need a suspect, or is farther from it, counts as so many steps away."""
_API, _LIBRARY, _NONE = 1.0, 3.0, BitMap()
_NEAR, _TELLING = 4, 4
"""Of a suspect that more steps lead to, or that more things need for each that fails, and are well, nothing can be said:
everything has it in common.
"""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One suspect: how many steps each failing thing is from it (0: itself), how many things need it directly, and how
    many of these have nothing to do with what fails. `cost` is how unlikely it is, in steps.
    """

    ref: str
    steps: dict[str, int]
    needed_by: int
    bystanders: int = 0
    quiet: float = 0.0
    cost: float = 0.0

    @property
    def covers(self) -> int:
        """How many of the failing things need it, itself included where it fails."""
        return len(self.steps)

    @property
    def near(self) -> int:
        """How many of them are so near that to have it in common says anything."""
        return sum(far <= _NEAR for far in self.steps.values())

    @property
    def is_telling(self) -> bool:
        """Whether little else needs it that is well: what everything needs, everything has in common."""
        return self.quiet <= _TELLING * self.near


def find_upstreams(
    edges: Edges, failing: Sequence[str], limit: int = 8, *, libraries: BitMap = _NONE
) -> list[Upstream]:
    """Suspects for the failure of all these: those that at least two of them need, the likeliest first.

    A suspect gets less likely with every step to what fails, of which not all has to need it (alerts that have nothing to
    do with the others are common), and with everything that needs it as well and is well: the
    database that all of a company needs is seldom why three services fail. Each doubling of those weighs as much as one
    step; one that needs it by another counts half. An API is as likely as what provides it, and a bit less; `libraries`, by
    their nodes, do not run, and so do not fail all at once. With one failing thing, it is suspect itself, and what it needs. Refs
    that nothing names are left out.
    """
    matrix = matrix_of(edges)
    known = [ref for ref in dict.fromkeys(failing) if ref in matrix.nodes]
    if not known:
        return []
    starts = [matrix.nodes[ref] for ref in known]
    distances = np.stack([_measure(matrix, ref) for ref in known])
    reached = distances >= 0
    covers = reached.sum(axis=0)
    nodes = np.flatnonzero(covers >= min(2, len(known)))
    costs = np.where(reached, np.minimum(distances, _AWAY), _AWAY)[:, nodes].mean(axis=0)
    concerned: Flags = np.asarray(reached.any(axis=0) | (matrix.reach(starts, _NEEDED_BY) >= 0))
    found = []
    for at in np.argsort(costs, kind="stable")[:_LOOKED_AT].tolist():
        node = int(nodes[at])
        steps = {ref: int(distances[row, node]) for row, ref in enumerate(known) if reached[row, node]}
        needed_by, bystanders, quiet = _count_quiet(matrix, node, starts, concerned)
        if 0 in steps.values():  # whatever is well beside it: this one is not
            bystanders, quiet = 0, 0.0
        elif node in libraries:
            costs[at] += _LIBRARY
        cost = float(costs[at]) + log2(1 + quiet)
        found.append(Upstream(matrix.refs[node], steps, needed_by, bystanders, quiet, cost))
    return sorted(_put_behind(matrix, found), key=_rank)[:limit]


def _put_behind(matrix: Matrix, found: Sequence[Upstream]) -> Iterator[Upstream]:
    """The same, each API behind what provides it: that is what runs, and is never less likely than what it offers."""
    costs = {matrix.nodes[one.ref]: one.cost for one in found}
    for one in found:
        node = matrix.nodes[one.ref]
        if not one.ref.startswith("api:") or 0 in one.steps.values():
            yield one
            continue
        providers = matrix.around(np.array([node]), _NEEDS).tolist()
        known = [costs[provider] for provider in providers if provider in costs]
        yield replace(one, cost=_API + max(one.cost, min(known, default=one.cost)))


def _measure(matrix: Matrix, ref: str) -> Ints:
    """The steps to all that something needs; a system or domain needs what is in it."""
    inside = with_parts(matrix, [ref])
    distances = matrix.reach(inside, _NEEDS)
    if len(inside) > 1:
        distances[distances >= 0] += 1
        distances[matrix.nodes[ref]] = 0
    return distances


def _rank(one: Upstream) -> tuple[float, bool, int, str]:
    return round(one.cost, 9), 0 not in one.steps.values(), one.needed_by, one.ref


def _count_quiet(matrix: Matrix, node: int, failing: Sequence[int], concerned: Flags) -> tuple[int, int, float]:
    """How many need it directly, how many of these are well, and what all that need it and are well weigh."""
    needing = _see_through(matrix, matrix.around(np.array([node]), _NEEDED_BY))
    quiet = needing[~concerned[needing]]
    beyond = matrix.around(needing[~np.isin(needing, failing)], _NEEDED_BY)
    beyond = beyond[~concerned[beyond] & ~np.isin(beyond, needing)]
    return len(needing), len(quiet), len(quiet) + len(beyond) / 2


def _see_through(matrix: Matrix, needing: Ints) -> Ints:
    """The same with those that use an API in place of it: it is neither well nor ill by itself."""
    is_api = matrix.kind_is(["api"])[needing]
    users = matrix.around(needing[is_api], _NEEDED_BY) if is_api.any() else needing[:0]
    return np.union1d(needing[~is_api], users)
