"""Questions about the relation graph: neighbourhood, impact, paths, cycles. networkx answers, on the part in question."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from catalog.edges import Edges
from catalog.relations import RELATION_TYPES

if TYPE_CHECKING:
    import networkx as nx

Direction = Literal["out", "in", "both"]
FORWARD = ("dependsOn", "providesApi", "consumesApi", "partOf", "ownedBy", "memberOf", "childOf")
_MAX_CYCLES = 20


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A part of the graph around `root`: refs with their distance, and edges (source, forward type, target) among them.

    `total` counts the nodes before a limit cut the farthest off.
    """

    root: str
    nodes: dict[str, int]
    edges: list[tuple[str, str, str]]
    total: int


def types_of(direction: Direction, relations: Iterable[str] | None = None) -> frozenset[str]:
    """The relation types to follow: `out` is along the forward types (what it needs), `in` against them."""
    forward = {name if name in FORWARD else RELATION_TYPES[name] for name in relations or FORWARD}
    backward = {RELATION_TYPES[name] for name in forward}
    return frozenset({"out": forward, "in": backward, "both": forward | backward}[direction])


def neighbourhood(
    edges: Edges,
    root: str,
    depth: int | None = 1,
    direction: Direction = "both",
    relations: Iterable[str] | None = None,
    limit: int | None = None,
) -> Neighbourhood:
    """What lies within `depth` steps of `root`, nearest first; None is no limit."""
    forward = types_of("out", relations)
    start = edges.nodes.get(root)
    if start is None:
        return Neighbourhood(root, {}, [], 0)
    distances = edges.reach([start], types_of(direction, relations), depth)
    nearest = sorted(distances, key=lambda node: (distances[node], edges.refs[node]))[:limit]
    kept = set(nearest)
    found = {
        (edges.refs[node], kind, edges.refs[target])
        for node in nearest
        for kind, target in edges.targets(node, forward)
        if target in kept
    }
    return Neighbourhood(root, {edges.refs[node]: distances[node] for node in nearest}, sorted(found), len(distances))


def _digraph(edges: Edges, nodes: Iterable[int], relations: Iterable[str]) -> "nx.DiGraph[int]":
    import networkx as nx  # a third of a second that most starts do not need

    forward = types_of("out", relations)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(
        (node, target) for node in list(graph) for _, target in edges.targets(node, forward) if target in graph
    )
    return graph


def cycles(edges: Edges, root: str, relations: Iterable[str] = ("dependsOn",)) -> list[list[str]]:
    """Cycles through `root`, shortest first, at most twenty; each begins with `root`."""
    import networkx as nx

    start = edges.nodes.get(root)
    if start is None:
        return []
    nodes = set(edges.reach([start], types_of("out", relations))) & set(edges.reach([start], types_of("in", relations)))
    graph = _digraph(edges, nodes, relations)
    found: list[list[str]] = []
    for successor in sorted(graph.successors(start)):
        for path in islice(nx.all_shortest_paths(graph, successor, start), _MAX_CYCLES):
            found.append([edges.refs[node] for node in (start, *path[:-1])])
    return sorted(found, key=lambda cycle: (len(cycle), cycle))[:_MAX_CYCLES]


def path(edges: Edges, source: str, target: str, relations: Iterable[str] | None = None) -> list[str]:
    """A shortest path along the forward types from one entity to another, empty where there is none."""
    import networkx as nx

    start, end = edges.nodes.get(source), edges.nodes.get(target)
    if start is None or end is None:
        return []
    graph = _digraph(edges, edges.reach([start], types_of("out", relations)), relations or FORWARD)
    if end not in graph:
        return []
    return [edges.refs[node] for node in nx.shortest_path(graph, start, end)]


def impact(edges: Edges, root: str, depth: int | None = None) -> dict[str, int]:
    """Everything that breaks if `root` fails, with its distance: what depends on it or consumes what it provides."""
    start = edges.nodes.get(root)
    if start is None:
        return {}
    kinds = frozenset({"dependencyOf", "providesApi", "apiConsumedBy"})
    reached = edges.reach([start], kinds, depth)
    return {edges.refs[node]: distance for node, distance in reached.items() if node != start}
