"""The dependency view of an entity: the picture, and the same as a list. Which relations count depends on the kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from catalog.catalog import Catalog
from catalog.graph import Direction, Neighbourhood
from web.names import Item, describe
from web.svg import MAX_NODES, Edge, Node, draw
from web.urls import entity_path, graph_json, with_query

DEPTHS = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Perspective:
    """Which relations the view of a kind follows, how far at first, and the words for its two directions."""

    relations: tuple[str, ...]
    depth: int
    title: str
    out: str
    into: str
    caption: str


_NEEDS = ("dependsOn", "providesApi", "consumesApi")
_COMPONENT = Perspective(_NEEDS, 2, "Dependencies", "It needs", "Needs it", "Arrows lead to what is needed.")
_TEAM = Perspective(
    ("childOf", "memberOf"), 1, "Organisation", "Belongs to", "Belongs to it", "Arrows lead to the larger team."
)
PERSPECTIVES = {
    "system": Perspective(
        ("partOf", *_NEEDS), 1, "Structure", "It is in", "In it", "Arrows lead to what is needed, and to the whole."
    ),
    "domain": Perspective(("partOf",), 2, "Structure", "It is in", "In it", "Arrows lead to the whole."),
    "group": _TEAM,
    "user": _TEAM,
}
"""By kind; what an entity needs where the kind is not named."""
MEANINGS = {
    "dependsOn": "depends on",
    "providesApi": "provides API",
    "consumesApi": "consumes API",
    "partOf": "is part of",
    "memberOf": "is member of",
    "childOf": "belongs to",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One position of a switch."""

    label: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Ring:
    """The entities at one distance on one side."""

    heading: str
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything the dependency view shows; `svg` is empty where there is nothing to draw."""

    svg: Markup
    rings: list[Ring]
    shown: int
    total: int
    perspective: Perspective
    depths: list[Choice]
    directions: list[Choice]
    legend: list[tuple[str, str]]
    twin: str


def find_dependencies(catalog: Catalog, ref: str, depth: int | None, direction: Direction) -> Dependencies:
    """Both ways is what it needs and what needs it, each followed to `depth`: not what else needs the same things."""
    words = PERSPECTIVES.get(ref.partition(":")[0], _COMPONENT)
    relations, depth = words.relations, depth or words.depth
    sides: tuple[Direction, ...] = ("out", "in") if direction == "both" else (direction,)
    found = {side: catalog.neighbourhood(ref, depth, side, relations, MAX_NODES) for side in sides}
    distances: dict[str, tuple[int, Direction]] = {}
    for side, part in found.items():
        for node, distance in part.nodes.items():
            distances[node] = min(distances.get(node, (distance, side)), (distance, side))
    kept = sorted(distances, key=lambda node: (distances[node], node))[:MAX_NODES]
    items = {node: describe(catalog.view, node) for node in kept}
    edges = _merge(edge for part in found.values() for edge in part.edges if edge[0] in items and edge[2] in items)
    total = sum(part.total - 1 for part in found.values()) + 1
    label = items[ref].label
    return Dependencies(
        svg=draw(_nodes(items, ref), edges, f"{words.title} of {label}") if len(kept) > 1 else Markup(""),
        rings=_rings(items, distances, words),
        shown=len(kept),
        total=max(total - _overlap(found), len(kept)),
        perspective=words,
        depths=[Choice(str(d), _address(ref, d, direction), d == depth) for d in DEPTHS],
        directions=[Choice(text, _address(ref, depth, d), d == direction) for d, text in _directions(words).items()],
        legend=[(name, text) for name, text in MEANINGS.items() if any(name in edge.type for edge in edges)],
        twin=graph_json(ref, depth, direction, relations),
    )


def _overlap(found: Mapping[Direction, Neighbourhood]) -> int:
    """Nodes that stand on both sides, because of a cycle; the entity itself is counted once already."""
    parts = [set(part.nodes) for part in found.values()]
    return len(set.intersection(*parts)) - 1 if len(parts) == 2 else 0


def _merge(edges: Iterable[tuple[str, str, str]]) -> tuple[Edge, ...]:
    types: dict[tuple[str, str], set[str]] = {}
    for source, kind, target in edges:
        types.setdefault((source, target), set()).add(kind)
    return tuple(Edge(source, target, ", ".join(sorted(kinds))) for (source, target), kinds in sorted(types.items()))


def _nodes(items: dict[str, Item], root: str) -> tuple[Node, ...]:
    nodes = []
    for ref, item in sorted(items.items()):
        role = "root" if ref == root else "" if item.exists else "missing"
        note = " · ".join(filter(None, (item.kind, item.note if item.exists else "not in the catalog")))
        nodes.append(Node(ref, item.label, note, item.href, role))
    return tuple(nodes)


def _rings(items: dict[str, Item], distances: dict[str, tuple[int, Direction]], words: Perspective) -> list[Ring]:
    rings: dict[tuple[Direction, int], list[Item]] = {}
    for ref, item in items.items():
        distance, side = distances[ref]
        if distance:
            rings.setdefault((side, distance), []).append(item)
    ordered = sorted(rings, key=lambda ring: (ring[0] == "in", ring[1]))
    return [
        Ring(_ring_heading(words, *ring), sorted(rings[ring], key=lambda item: item.label.lower())) for ring in ordered
    ]


def _directions(words: Perspective) -> dict[Direction, str]:
    return {"both": "Both", "out": words.out, "in": words.into}


def _ring_heading(words: Perspective, side: Direction, distance: int) -> str:
    what = words.out if side == "out" else words.into
    return f"{what}, directly" if distance == 1 else f"{what}, {distance} steps away"


def _address(ref: str, depth: int, direction: str) -> str:
    return with_query(entity_path(ref), {"depth": str(depth), "direction": direction}) + "#dependencies"
