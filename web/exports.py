"""A picture of the graph for other tools: SVG, PNG, Mermaid and DOT as it is drawn; CSV with every relation, nothing folded."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from catalog.view import View
from web.browse.exporting import harmless
from web.charts import Picture
from web.names import spell_kind
from web.svg import draw, draw_png
from web.urls import split_ref

if TYPE_CHECKING:
    from catalog.graph.listing import Listing

_SHAPES = {"root": ("([", "])"), "fold": ("[[", "]]"), "group": ("[[", "]]"), "missing": (">", "]"), "": ("[", "]")}
_STYLES = {"root": "bold", "fold": "dotted", "group": "rounded", "missing": "dashed", "": "solid"}
_COLUMNS = (
    "source",
    "relation",
    "target",
    "source_kind",
    "target_kind",
    "source_distance",
    "target_distance",
    "exists",
)


def write_svg(picture: Picture, base: str) -> bytes:
    """A file of its own: with its style, and links that lead back here from anywhere."""
    nodes = tuple(replace(node, href=base + node.href) for node in picture.nodes)
    return draw(nodes, picture.edges, picture.title, alone=True).encode()


def write_png(picture: Picture, base: str) -> bytes:
    """The picture as pixels."""
    return draw_png(picture.nodes, picture.edges)


def write_mermaid(picture: Picture, base: str) -> bytes:
    """A Mermaid flowchart, which GitHub, GitLab and many wikis draw."""
    numbers = {node.ref: f"n{number}" for number, node in enumerate(picture.nodes)}
    lines = ["flowchart LR"]
    for node in picture.nodes:
        left, right = _SHAPES[node.role]
        lines.append(f'  {numbers[node.ref]}{left}"{_entities(node.label)}<br/>{_entities(node.note)}"{right}')
    for edge in picture.edges:
        arrow = "-.->" if edge.type == "implied" else "-->"
        said = _entities(edge.type + (f" x{edge.count}" if edge.count > 1 else ""))
        lines.append(f'  {numbers[edge.source]} {arrow}|"{said}"| {numbers[edge.target]}')
    return ("\n".join(lines) + "\n").encode()


def _entities(text: str) -> str:
    """Text in Mermaid's own escapes for all that could end or style it."""
    return re.sub(r"[^\w .,:/()@·…-]", lambda found: f"#{ord(found[0])};", text)


def write_dot(picture: Picture, base: str) -> bytes:
    """Graphviz's language."""
    numbers = {node.ref: f"n{number}" for number, node in enumerate(picture.nodes)}
    lines = ["digraph callboard {", "  rankdir=LR;", "  node [shape=box];"]
    for node in picture.nodes:
        label = f"{_quoted(node.label)[:-1]}\\n{_quoted(node.note)[1:]}"
        lines.append(
            f"  {numbers[node.ref]} [label={label}, style={_STYLES[node.role]}, URL={_quoted(base + node.href)}];"
        )
    for edge in picture.edges:
        style = "dashed" if edge.type == "implied" else "solid"
        label = _quoted(edge.type + (f" ({edge.count})" if edge.count > 1 else ""))
        lines.append(f"  {numbers[edge.source]} -> {numbers[edge.target]} [style={style}, label={label}];")
    return ("\n".join([*lines, "}"]) + "\n").encode()


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{plain}"'


def write_csv(view: View, listing: "Listing") -> bytes:
    """Every relation in a row; entities without any, in a row with their own ref only."""
    distances: Mapping[str, int] = dict(listing.entities)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(_COLUMNS)
    linked = set()
    for source, relation, target in listing.relations:
        linked |= {source, target}
        known = view.get(source) is not None and view.get(target) is not None
        ends = (distances[source], distances[target])
        table.writerow(_cells(source, relation, target, _kind(source), _kind(target), *ends, "yes" if known else "no"))
    for ref, distance in listing.entities:
        if ref not in linked:
            exists = "yes" if view.get(ref) is not None else "no"
            table.writerow(_cells(ref, "", "", _kind(ref), "", distance, "", exists))
    return out.getvalue().encode()


def _kind(ref: str) -> str:
    return spell_kind(split_ref(ref)[0])


def _cells(*values: str | int) -> list[str]:
    """Cells that no spreadsheet takes for a formula."""
    return list(map(harmless, values))


FORMATS: Final[dict[str, tuple[str, Callable[[Picture, str], bytes]]]] = {
    "svg": ("image/svg+xml; charset=utf-8", write_svg),
    "png": ("image/png", write_png),
    "mmd": ("text/plain; charset=utf-8", write_mermaid),
    "dot": ("text/vnd.graphviz; charset=utf-8", write_dot),
}
"""By ending, the media type and who writes it. CSV is not a picture."""
