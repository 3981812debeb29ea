"""What lies around one entity, nearest first, by walking the adjacency arrays."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from catalog.edges import Edges
from catalog.relations import RELATION_TYPES

Direction = Literal["out", "in", "both"]
FORWARD = ("dependsOn", "providesApi", "consumesApi", "partOf", "ownedBy", "memberOf", "childOf")


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
