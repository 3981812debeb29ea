"""Draws a small directed graph as SVG with real links. Graphviz places, we draw; one graph, one picture."""

import threading
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup, escape

MAX_NODES = 80
_POINTS = 72  # Graphviz takes inches and gives points
_HEIGHT, _MIN_WIDTH, _MAX_WIDTH, _MAX_LABEL = 42, 96, 240, 26
_MARGIN, _SCALED_WIDTH = 10, 1_150
_LOCK = threading.Lock()  # Graphviz is C in this process and not safe in threads


@dataclass(frozen=True, slots=True)
class Node:
    """A box: `note` is its second line, `role` one of "", "root", "missing"."""

    ref: str
    label: str
    note: str
    href: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from what needs to what is needed."""

    source: str
    target: str
    type: str


@dataclass(frozen=True, slots=True)
class _Layout:
    width: float
    height: float
    places: dict[str, tuple[float, float]]
    paths: dict[Edge, str]


@lru_cache(maxsize=128)
def draw(nodes: tuple[Node, ...], edges: tuple[Edge, ...], title: str) -> Markup:
    """The picture as an `<svg>` element, coloured by classes so that the page's style sheet decides."""
    layout = _lay_out(nodes, edges)
    width, height = round(layout.width) + 2 * _MARGIN, round(layout.height) + 2 * _MARGIN
    css = "graph fits" if width <= _SCALED_WIDTH else "graph"  # a little smaller than drawn is still readable
    labels = {node.ref: node.label for node in nodes}
    parts = [
        f'<svg class="{css}" xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{-_MARGIN} {-_MARGIN} {width} {height}" role="group" aria-label="{escape(title)}">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path class="tip" d="M0 .8 8 4 0 7.2z"/></marker></defs>',
        *(_draw_edge(edge, layout.paths[edge], labels) for edge in edges if edge in layout.paths),
        *(_draw_node(node, *layout.places[node.ref]) for node in nodes),
        "</svg>",
    ]
    return Markup("".join(parts))


def _draw_edge(edge: Edge, path: str, labels: dict[str, str]) -> str:
    title = escape(f"{labels[edge.source]} {edge.type} {labels[edge.target]}")
    name = escape(edge.type.partition(",")[0])
    return f'<path class="edge {name}" d="{path}" marker-end="url(#tip)"><title>{title}</title></path>'


def _draw_node(node: Node, x: float, y: float) -> str:
    width = _width(node)
    left, top = x - width / 2, y - _HEIGHT / 2
    css = f"node {node.role}".strip()
    return (
        f'<a href="{escape(node.href)}" class="{css}"><title>{escape(f"{node.label} ({node.note})")}</title>'
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width}" height="{_HEIGHT}" rx="5"/>'
        f'<text x="{left + 10:.0f}" y="{top + 18:.0f}">{escape(_shorten(node.label))}</text>'
        f'<text class="note" x="{left + 10:.0f}" y="{top + 33:.0f}">{escape(_shorten(node.note))}</text></a>'
    )


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_LABEL else text[: _MAX_LABEL - 1] + "…"


def _width(node: Node) -> int:
    letter = 8.6 if node.role == "root" else 7.6  # the root is bold
    letters = max(len(_shorten(node.label)) * letter, len(_shorten(node.note)) * 6.2)
    return round(min(_MAX_WIDTH, max(_MIN_WIDTH, letters + 22)))


def _lay_out(nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> _Layout:
    """Where everything stands, in pixels from the top left. Node names are numbers: refs need no quoting then."""
    import pygraphviz  # 0.4 s that a start does not need

    numbers = {node.ref: str(number) for number, node in enumerate(nodes)}
    with _LOCK:
        graph = pygraphviz.AGraph(directed=True, strict=False)
        graph.graph_attr.update(rankdir="LR", nodesep="0.18", ranksep="0.45")
        graph.node_attr.update(shape="box", fixedsize="true", label="", height=f"{_HEIGHT / _POINTS:.3f}")
        for node in nodes:
            graph.add_node(numbers[node.ref], width=f"{_width(node) / _POINTS:.3f}")
        for index, edge in enumerate(edges):
            graph.add_edge(numbers[edge.source], numbers[edge.target], key=str(index))
        graph.layout(prog="dot")
        _, _, width, height = (float(part) for part in graph.graph_attr["bb"].split(","))
        places = {ref: _point(graph.get_node(number).attr["pos"], height) for ref, number in numbers.items()}
        paths = {
            edge: _path(graph.get_edge(numbers[edge.source], numbers[edge.target], str(index)).attr["pos"], height)
            for index, edge in enumerate(edges)
        }
        graph.close()
    return _Layout(width, height, places, paths)


def _point(text: str, height: float) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), height - float(y)


def _path(position: str, height: float) -> str:
    """Graphviz's `e,tip start control control point ...` as an SVG path that ends at the tip."""
    end = ""
    points = []
    for part in position.split():
        if part.startswith("e,"):
            end = " L{:.1f} {:.1f}".format(*_point(part[2:], height))
        elif not part.startswith("s,"):
            points.append("{:.1f} {:.1f}".format(*_point(part, height)))
    return f"M{points[0]} C{' '.join(points[1:])}{end}" if points else ""
