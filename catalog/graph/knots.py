"""Where a graph goes in circles; networkx answers, on the part in question."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def knots(pairs: Iterable[tuple[T, T]]) -> list[set[T]]:
    """The groups of nodes that all lead to each other: where two or more stand in one, there is a cycle."""
    import networkx as nx  # a third of a second that most starts do not need

    graph: nx.DiGraph[T] = nx.DiGraph()
    graph.add_edges_from(pairs)
    return [
        set(found)
        for found in nx.strongly_connected_components(graph)
        if len(found) > 1 or any(graph.has_edge(node, node) for node in found)
    ]
