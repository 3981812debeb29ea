"""Draws a small directed graph as SVG with real links, coloured by classes: the page's style sheet decides, or its own."""

from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup, escape

from web.layout import Layout, Shape, lay_out, paint

_HEIGHT, _MIN_WIDTH, _MAX_WIDTH, _MAX_LABEL, _MAX_NOTE = 42, 96, 240, 26, 34
_MARGIN, _SCALED_WIDTH = 10, 1_150
_STYLE = """
svg{--ground:#fff;--raised:#f6f7f9;--text:#1b1f24;--dim:#5b6470;--line:#8b949f;--accent:#1f5fc4;--soft:#e8f0fd;--warn:#8a5700;
--bad:#b3261e;background:var(--ground);font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
@media(prefers-color-scheme:dark){svg{--ground:#15181c;--raised:#1c2025;--text:#e3e6ea;--dim:#98a1ad;--line:#6b7480;
--accent:#7db0ff;--soft:#1d2c44;--warn:#f0b95a;--bad:#ff8f86}}
a{text-decoration:none}rect{fill:var(--ground);stroke:var(--line)}text{fill:var(--text);font-size:13px}
.note{fill:var(--dim);font-size:11px}.root rect{fill:var(--soft);stroke:var(--accent);stroke-width:2}
.fold rect,.group rect{fill:var(--raised)}.fold rect{stroke-dasharray:2 2}.missing rect{stroke:var(--warn);stroke-dasharray:4 3}
.edge{fill:none;stroke:var(--line);stroke-width:1.3}.edge.some{stroke-width:2}.edge.many{stroke-width:3.2}
.consumesApi{stroke-dasharray:2 3}.apiProvidedBy{stroke-dasharray:7 3}.partOf,.memberOf{stroke-dasharray:10 3 2 3}
.implied{stroke-dasharray:6 5;stroke:var(--accent)}.edge.cycle{stroke:var(--bad)}.tip{fill:var(--line)}"""
"""What `static/parts.css` and `static/graph.css` say of pictures, for a picture on its own."""
_PAINTS = {
    "root": {"fillcolor": "#e8f0fd", "color": "#1f5fc4", "penwidth": "2"},
    "missing": {"fillcolor": "white", "color": "#8a5700", "style": "rounded,filled,dashed"},
    "group": {"fillcolor": "#f6f7f9", "color": "#8b949f"},
    "fold": {"fillcolor": "#f6f7f9", "color": "#8b949f", "style": "rounded,filled,dotted"},
    "": {"fillcolor": "white", "color": "#8b949f"},
}


@dataclass(frozen=True, slots=True)
class Node:
    """A box: `note` is its second line, `role` one of "", "root", "missing", "group", "fold".

    `column` is its distance from the root, negative for what needs it.
    """

    ref: str
    label: str
    note: str
    href: str
    role: str = ""
    column: int = 0
    in_cycle: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from what needs to what is needed. `type` names its relation types; it stands for `count` relations."""

    source: str
    target: str
    type: str
    count: int = 1
    in_cycle: bool = False
    title: str = ""


@lru_cache(maxsize=128)
def draw(nodes: tuple[Node, ...], edges: tuple[Edge, ...], title: str, *, alone: bool = False) -> Markup:
    """The picture as an `<svg>` element. Boxes come column by column, each from the top: the order of the Tab key.

    `alone` is for a file of its own: it then has its style with it.
    """
    layout = _lay_out(nodes, edges)
    width, height = round(layout.width) + 2 * _MARGIN, round(layout.height) + 2 * _MARGIN
    css = "graph fits" if width <= _SCALED_WIDTH else "graph"  # a little smaller than drawn is still readable
    numbers = {node.ref: number for number, node in enumerate(nodes)}
    order = sorted(range(len(nodes)), key=lambda at: (round(layout.places[at][0] / 20), layout.places[at][1], at))
    parts = [
        f'<svg class="{css}" xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{-_MARGIN} {-_MARGIN} {width} {height}" role="group" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>" if alone else "",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 .8 8 4 0 7.2z"/></marker></defs>',
        *(_draw_edge(edge, path, nodes, numbers) for edge, path in zip(edges, layout.paths, strict=True)),
        *(_draw_node(nodes[at], at, *layout.places[at]) for at in order),
        "</svg>",
    ]
    return Markup("".join(parts))


def draw_png(nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> bytes:
    """The same as a PNG, for where an SVG cannot go."""
    numbers = {node.ref: number for number, node in enumerate(nodes)}
    labels = [f"{node.label}\n{node.note}" if node.note else node.label for node in nodes]
    links = [
        (numbers[one.source], numbers[one.target], "dashed" if one.type == "implied" else "solid") for one in edges
    ]
    styles = [_PAINTS.get(node.role, _PAINTS[""]) | {"width": f"{_width(node) / 72:.2f}"} for node in nodes]
    return paint(_lay_out(nodes, edges), labels, styles, links)


def _draw_edge(edge: Edge, path: str, nodes: tuple[Node, ...], numbers: dict[str, int]) -> str:
    source, target = numbers[edge.source], numbers[edge.target]
    title = escape(edge.title or f"{nodes[source].label} {edge.type} {nodes[target].label}")
    weight = " many" if edge.count >= 10 else " some" if edge.count > 1 else ""
    name = escape(edge.type.partition(",")[0] + weight + (" cycle" if edge.in_cycle else ""))
    return (
        f'<path class="edge {name}" d="{path}" marker-end="url(#tip)" data-s="{source}" data-t="{target}">'
        f"<title>{title}</title></path>"
    )


def _draw_node(node: Node, number: int, x: float, y: float) -> str:
    width = _width(node)
    left, top = x - width / 2, y - _HEIGHT / 2
    css = f"node {node.role}".strip() + (" knot" if node.in_cycle else "")
    return (
        f'<a href="{escape(node.href)}" class="{css}" data-n="{number}">'
        f"<title>{escape(f'{node.label} ({node.note})')}</title>"
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width}" height="{_HEIGHT}" rx="5"/>'
        f'<text x="{left + 10:.0f}" y="{top + 18:.0f}">{escape(_shorten(node.label))}</text>'
        f'<text class="note" x="{left + 10:.0f}" y="{top + 33:.0f}">{escape(_shorten(node.note, _MAX_NOTE))}</text></a>'
    )


def _shorten(text: str, most: int = _MAX_LABEL) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _width(node: Node) -> int:
    letter = 8.6 if node.role == "root" else 7.6  # the root is bold
    letters = max(len(_shorten(node.label)) * letter, len(_shorten(node.note, _MAX_NOTE)) * 6.2)
    return round(min(_MAX_WIDTH, max(_MIN_WIDTH, letters + 22)))


def _lay_out(nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> Layout:
    numbers = {node.ref: number for number, node in enumerate(nodes)}
    shapes = tuple(Shape(_width(node), _HEIGHT, node.column) for node in nodes)
    return lay_out(shapes, tuple((numbers[edge.source], numbers[edge.target]) for edge in edges))
