"""Where the boxes of a picture stand and how its arrows run. Graphviz places them; where it would take seconds, columns do."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_POINTS = 72  # Graphviz takes inches and gives points
_LOCK = threading.Lock()  # Graphviz is C in this process and not safe in threads
_MOST_FOR_DOT, _MOST_CURVES = 150, 110
"""Links up to which Graphviz is quick (100 ms) and up to which it also routes curves; a hairball of 300 took it 7 s."""
_GAP, _SWEEPS, _ROW = 13, 6, 1_100


@dataclass(frozen=True, slots=True)
class Shape:
    """A box to place: its size in pixels, and the column it would like (how far it is from the root, signed by side)."""

    width: int
    height: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes in pixels; by shape, its centre; by link, its path as SVG."""

    width: float
    height: float
    places: tuple[tuple[float, float], ...]
    paths: tuple[str, ...]


PaintedLink = tuple[int, int, str]
"""Source and target by place, and the style of the line."""


@lru_cache(maxsize=256)
def lay_out(shapes: tuple[Shape, ...], links: tuple[tuple[int, int], ...]) -> Layout:
    """Place shapes so that links, given by the shapes' places, lead from left to right. The same is always placed the same.

    Shapes without links stand in rows below the others.
    """
    linked = sorted({end for link in links for end in link})
    numbers = {shape: at for at, shape in enumerate(linked)}
    inner = tuple((numbers[source], numbers[target]) for source, target in links)
    place = _place_columns if len(links) > _MOST_FOR_DOT else _place_dot
    layout = place(tuple(shapes[at] for at in linked), inner) if linked else Layout(0, 0, (), ())
    places = dict(zip(linked, layout.places, strict=True))
    left, top, width = 0.0, layout.height + (_GAP * 2 if linked else 0), layout.width
    for at, shape in enumerate(shapes):
        if at in numbers:
            continue
        if left and left + shape.width > max(layout.width, _ROW):
            left, top = 0.0, top + shape.height + _GAP
        places[at] = (left + shape.width / 2, top + shape.height / 2)
        left += shape.width + _GAP
        width = max(width, left - _GAP)
    height = max([layout.height, *(places[at][1] + shapes[at].height / 2 for at in places)])
    return Layout(width, height, tuple(places[at] for at in range(len(shapes))), layout.paths)


def paint(
    layout: Layout, labels: Sequence[str], styles: Sequence[dict[str, str]], links: Sequence[PaintedLink]
) -> bytes:
    """A PNG of boxes with labels, which are plain text, at the places of a layout."""
    with _LOCK:
        graph = _new_graph()
        graph.graph_attr.update(dpi="110", bgcolor="white", pad="0.2", outputorder="edgesfirst", splines="true")
        if len(links) > _MOST_CURVES:
            graph.graph_attr.update(splines="line")
        graph.node_attr.update(shape="box", style="rounded,filled", fontname="Helvetica", fontsize="10", height="0.5")
        graph.edge_attr.update(color="#8b949f", arrowsize="0.6")
        for number, (label, style) in enumerate(zip(labels, styles, strict=True)):
            x, y = layout.places[number]
            graph.add_node(str(number), label=_as_label(label), pos=f"{x:.1f},{layout.height - y:.1f}", **style)
        for index, (source, target, style_name) in enumerate(links):
            graph.add_edge(str(source), str(target), key=str(index), style=style_name)
        try:
            found: bytes = graph.draw(format="png", prog="nop")
        finally:
            graph.close()
    return found


def _as_label(text: str) -> str:
    """A label that Graphviz takes as it is: not as HTML, nor with escapes in it."""
    plain = text.replace("\\", "\\\\")
    return f"{plain}\u200b" if plain.startswith("<") else plain


def _new_graph() -> Any:
    import pygraphviz  # 0.4 s that a start does not need

    graph = pygraphviz.AGraph(directed=True, strict=False)
    graph.graph_attr.update(rankdir="LR", nodesep="0.18", ranksep="0.45")
    return graph


def _place_dot(shapes: tuple[Shape, ...], links: tuple[tuple[int, int], ...]) -> Layout:
    """By Graphviz. Node names are numbers: refs need no quoting then."""
    with _LOCK:
        graph = _new_graph()
        if len(links) > _MOST_CURVES:
            graph.graph_attr.update(splines="line", mclimit="0.1", nslimit="2", nslimit1="2")
        graph.node_attr.update(shape="box", fixedsize="true", label="")
        for number, shape in enumerate(shapes):
            graph.add_node(str(number), width=f"{shape.width / _POINTS:.3f}", height=f"{shape.height / _POINTS:.3f}")
        for index, (source, target) in enumerate(links):
            graph.add_edge(str(source), str(target), key=str(index))
        graph.layout(prog="dot")
        _, _, width, height = (float(part) for part in graph.graph_attr["bb"].split(","))
        places = tuple(_point(graph.get_node(str(at)).attr["pos"], height) for at in range(len(shapes)))
        paths = tuple(
            _path(graph.get_edge(str(source), str(target), str(index)).attr["pos"] or "", height)
            or _curve(shapes, places, source, target)
            for index, (source, target) in enumerate(links)
        )
        graph.close()
    return Layout(width, height, places, paths)


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


def _place_columns(shapes: tuple[Shape, ...], links: tuple[tuple[int, int], ...]) -> Layout:
    """A column for each distance; within one, each box stands as near as can be to the middle of what it is linked to."""
    columns: dict[int, list[int]] = {}
    for number, shape in enumerate(shapes):
        columns.setdefault(shape.column, []).append(number)
    tall = max(1, round(len(shapes) ** 0.5 * 2))
    stacks = [column[at : at + tall] for _, column in sorted(columns.items()) for at in range(0, len(column), tall)]
    near: list[list[int]] = [[] for _ in shapes]
    for source, target in links:
        near[source].append(target)
        near[target].append(source)
    height = max(sum(shapes[one].height + _GAP for one in stack) for stack in stacks)
    ys = [0.0] * len(shapes)
    for _ in range(_SWEEPS):
        for stack in stacks:
            stack.sort(
                key=lambda one: (sum(ys[other] for other in near[one]) / len(near[one]) if near[one] else 0, one)
            )
            top = (height - sum(shapes[one].height + _GAP for one in stack)) / 2
            for one in stack:
                ys[one] = top + shapes[one].height / 2
                top += shapes[one].height + _GAP
    xs, left = [0.0] * len(shapes), 0.0
    for stack in stacks:
        widest = max(shapes[one].width for one in stack)
        for one in stack:
            xs[one] = left + widest / 2
        left += widest + 90
    places = tuple(zip(xs, ys, strict=True))
    return Layout(left - 90, height, places, tuple(_curve(shapes, places, *link) for link in links))


def _curve(shapes: Sequence[Shape], places: Sequence[tuple[float, float]], source: int, target: int) -> str:
    """From the source's side that faces the target to the target's side that faces the source."""
    (x1, y1), (x2, y2) = places[source], places[target]
    half1, half2 = shapes[source].width / 2, shapes[target].width / 2
    if x1 + half1 < x2 - half2:
        start, end, bend = x1 + half1, x2 - half2, 45.0
    elif x2 + half2 < x1 - half1:
        start, end, bend = x1 - half1, x2 + half2, -45.0
    else:
        start, end, bend = x1 + half1, x2 + half2, 45.0
        return f"M{start:.0f} {y1:.0f} C{start + bend:.0f} {y1:.0f} {end + bend:.0f} {y2:.0f} {end:.0f} {y2:.0f}"
    return f"M{start:.0f} {y1:.0f} C{start + bend:.0f} {y1:.0f} {end - bend:.0f} {y2:.0f} {end:.0f} {y2:.0f}"
