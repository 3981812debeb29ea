"""Everything in a part of the graph, entity by entity and relation by relation: what tables and scripts want, nothing folded."""

from dataclasses import dataclass

import numpy as np

from catalog.edges import TYPE_NUMBERS, Edges
from catalog.graph.hiding import hide
from catalog.graph.matrix import matrix_of
from catalog.graph.part import select
from catalog.graph.question import Question

_TYPES = {number: name for name, number in TYPE_NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class Listing:
    """Refs with their distance, nearest first; relations as (source, type, target), implied ones last."""

    entities: list[tuple[str, int]]
    relations: list[tuple[str, str, str]]


def list_part(edges: Edges, question: Question) -> Listing:
    """What the question is about, without roll-up and folds. Raises `KeyError` for an unheard-of ref."""
    matrix = matrix_of(edges)
    part = select(matrix, question)
    rest, refs = hide(part), matrix.refs
    nodes = np.flatnonzero(part.visible).tolist()
    entities = sorted(((refs[node], int(part.distances[node])) for node in nodes), key=lambda one: (one[1], one[0]))
    columns = (rest.links.sources.tolist(), rest.links.types.tolist(), rest.links.targets.tolist())
    declared = sorted((refs[s], _TYPES[kind], refs[t]) for s, kind, t in zip(*columns, strict=True))
    pairs = zip(rest.sources.tolist(), rest.targets.tolist(), strict=True)
    return Listing(entities, declared + sorted((refs[s], "implied", refs[t]) for s, t in pairs))
