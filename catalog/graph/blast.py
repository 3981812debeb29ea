"""What breaks if something fails, or what something needs to work: by distance, and by the team that owns it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from catalog.edges import Edges
from catalog.graph.grouping import group_of
from catalog.graph.matrix import NOWHERE, Ints, Matrix, matrix_of
from catalog.graph.question import DEPENDENCIES, need_types
from catalog.graph.walk import Direction

_WHOLES: Final = ("system:", "domain:")
_MOST_NEEDED: "WeakKeyDictionary[Matrix, list[tuple[str, int]]]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Share:
    """What one team owns of it: refs with their distance, nearest first, perhaps not all of the `total`.

    `owner` is empty for what nobody owns.
    """

    owner: str
    entities: list[tuple[str, int]]
    total: int


@dataclass(frozen=True, slots=True)
class Blast:
    """Everything reached from the roots, without them. `steps` counts it by distance; `shares` has it by owner.

    `share_count` counts the shares, those that are not told too; `team_count` those of them that somebody owns. `parts`
    counts what fails with the roots, because it is in them.
    """

    roots: tuple[str, ...]
    total: int
    steps: dict[int, int]
    shares: list[Share]
    share_count: int
    team_count: int
    parts: int = 0

    @property
    def entities(self) -> list[tuple[str, int]]:
        """Everything with its distance, nearest first."""
        return sorted((one for share in self.shares for one in share.entities), key=lambda one: (one[1], one[0]))


def find_blast(
    edges: Edges,
    roots: tuple[str, ...],
    direction: Direction = "in",
    depth: int | None = None,
    *,
    first: int | None = None,
    without: Iterable[str] = (),
) -> Blast:
    """What depends on the roots (`in`) or what they need (`out`), with its owners, those of the nearest first.

    A system or domain stands for everything in it, which is not told then.

    With `first`, only so many shares are told, and the nearest entity of each: tens of thousands take their time. What it
    is asked for `without` is not told nor counted. Raises `KeyError` for a root that nothing defines and nothing names.
    """
    matrix = matrix_of(edges)
    failing = with_parts(matrix, roots)
    distances = matrix.reach(failing, need_types(DEPENDENCIES, direction), depth)
    distances[[matrix.nodes[ref] for ref in without if ref in matrix.nodes]] = NOWHERE
    nodes = np.flatnonzero(distances > 0)
    owners = group_of(matrix, "team")[nodes]
    order = np.lexsort((distances[nodes], owners))
    nodes, owners = nodes[order], owners[order]
    starts = np.flatnonzero(np.diff(owners, prepend=NOWHERE - 1))
    ends = np.append(starts[1:], len(nodes))
    counts = np.bincount(distances[nodes]) if len(nodes) else np.zeros(0, dtype=np.int64)
    steps = {step: int(count) for step, count in enumerate(counts.tolist()) if count}
    shares = []
    for at in _choose(distances[nodes[starts]], ends - starts, first).tolist():
        start, end = int(starts[at]), int(ends[at])
        told = nodes[start : end if first is None else start + 1]
        shares.append(_share(matrix, int(owners[start]), told, distances[told], end - start))
    shares.sort(key=lambda share: (share.entities[0][1], -share.total, share.owner))
    teams = int((owners[starts] != NOWHERE).sum())
    return Blast(roots, len(nodes), steps, shares[:first], len(starts), teams, len(failing) - len(set(roots)))


def with_parts(matrix: Matrix, roots: Iterable[str]) -> list[int]:
    """The nodes of the roots, with all that is in a system or domain among them: these are nothing but what is in them."""
    nodes = list(dict.fromkeys(matrix.nodes[ref] for ref in roots))
    wholes = [node for node in nodes if matrix.refs[node].startswith(_WHOLES)]
    if not wholes:
        return nodes
    inside = matrix.reach(wholes, need_types(("partOf",), "in")) != NOWHERE
    inside[nodes] = True
    found: list[int] = np.flatnonzero(inside).tolist()
    return found


def count_blast(edges: Edges, root: str) -> tuple[int, int]:
    """How many depend on the root, and how many teams own these: what `find_blast` says, without a look at each."""
    matrix = matrix_of(edges)
    nodes = np.flatnonzero(matrix.reach(with_parts(matrix, [root]), need_types(DEPENDENCIES, "in")) > 0)
    owners = group_of(matrix, "team")[nodes]
    return len(nodes), len(np.unique(owners[owners != NOWHERE]))


def _choose(nearest: Ints, totals: Ints, first: int | None) -> Ints:
    """The shares that may be among the first: nearest first, then the largest; several may be the last one alike."""
    if first is None or len(nearest) <= first:
        return np.arange(len(nearest))
    keys = nearest * (int(totals.max()) + 1) - totals
    return np.flatnonzero(keys <= np.partition(keys, first - 1)[first - 1])


def _share(matrix: Matrix, owner: int, nodes: Ints, distances: Ints, total: int) -> Share:
    told = [(matrix.refs[node], far) for node, far in zip(nodes.tolist(), distances.tolist(), strict=True)]
    return Share(matrix.refs[owner] if owner != NOWHERE else "", sorted(told, key=lambda one: (one[1], one[0])), total)


def most_needed(edges: Edges, count: int) -> list[tuple[str, int]]:
    """The entities that the most others depend on directly, with how many do."""
    matrix = matrix_of(edges)
    known = _MOST_NEEDED.get(matrix)
    if known is None or len(known) < count:
        known = _MOST_NEEDED[matrix] = _rank_needed(matrix, count)
    return known[:count]


def _rank_needed(matrix: Matrix, count: int) -> list[tuple[str, int]]:
    links = matrix.links(np.ones(len(matrix), dtype=np.bool_), need_types(DEPENDENCIES))
    pairs = np.sort((links.targets << 32) | links.sources)
    distinct = pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs
    counts = np.bincount(distinct >> 32, minlength=len(matrix))
    if not len(counts):
        return []
    enough = np.partition(counts, -min(count, len(counts)))[-min(count, len(counts))]
    nodes = np.flatnonzero((counts >= enough) & (counts > 0)).tolist()
    best = sorted(nodes, key=lambda node: (-int(counts[node]), matrix.refs[node]))[:count]
    return [(matrix.refs[node], int(counts[node])) for node in best]
