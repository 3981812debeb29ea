"""A chart of the graph in words and as boxes: what each stands for, where it leads, and the same as a list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from catalog.graph.fold import Fold
from catalog.view import View
from web.names import PLURALS, Item, count_words, describe, owner_of, spell_kind
from web.questions import MEANINGS, Asked, Perspective, perspective_of
from web.svg import Edge, Node, draw

if TYPE_CHECKING:
    from catalog.graph.chart import Box, Chart, Link

_WHOLE = {"system": "in {}", "domain": "in {}", "team": "of {}", "parent": "of teams in {}"}
_NONE = {"system": "in no system", "domain": "in no domain", "team": "of nobody", "parent": "of nobody"}
_NOUNS = {"system": "system", "domain": "domain", "team": "team", "parent": "team", "kind": "kind", "all": "fold"}
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class End:
    """A box that an arrow leads to, by its place in the list; the arrow stands for `count` relations."""

    label: str
    anchor: str
    count: int


@dataclass(frozen=True, slots=True)
class Tie:
    """The arrows of one box that say the same; `more` are not listed."""

    meaning: str
    ends: list[End]
    more: int


@dataclass(frozen=True, slots=True)
class Row:
    """One box in the list. `item` is empty for a fold; `opens` leads to the picture with what is in it shown.

    What lies on both sides of the root is listed on both, the second time with the number -1.
    """

    number: int
    label: str
    note: str
    item: Item | None
    owner: Item | None
    members: int
    opens: str
    is_missing: bool
    in_cycle: bool
    ties: list[Tie] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ring:
    """What is at one distance on one side; `count` is that of its entities, of which some may be in a fold that is nearer."""

    heading: str
    rows: list[Row]
    count: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, described: what `draw` takes, and the list."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    rings: list[Ring]
    title: str

    @property
    def svg(self) -> Markup:
        """The picture; empty where there is nothing but the root."""
        return draw(self.nodes, self.edges, self.title) if len(self.nodes) > 1 or self.edges else Markup("")


def picture_chart(view: View, chart: "Chart", asked: Asked, path: str = "/graph") -> Picture:
    """Describe a chart whose folds open at `path`."""
    words = perspective_of(asked.root[0]) if asked.root else perspective_of("")
    nodes = {box.id: _node(view, box, asked, path) for box in chart.boxes}
    edges = [_edge(link, nodes) for link in chart.links]
    edges += [_loop(box) for box in chart.boxes if box.form == "entity" and box.inside]
    roots = [nodes[box.id].label for box in chart.boxes if box.side == "root"]
    title = f"{words.title} of {', '.join(roots[:3])}" if roots else "The whole catalog"
    rows = _rows(view, chart, nodes, edges)
    return Picture(tuple(nodes.values()), tuple(edges), _rings(chart, rows, words, bool(asked.target)), title)


def name_fold(view: View, box: "Box", by: str = "") -> str:
    """What a fold holds, in words; `by` is what the picture is rolled up to: then it holds such groups, counted by entities."""
    fold = Fold.parse(box.id)
    if fold is None:
        return box.id
    parts, one, many = [], "more", "more"
    for dimension, value in fold.values:
        if dimension == "kind" and not by:
            one, many = spell_kind(value), PLURALS.get(spell_kind(value), spell_kind(value))
        elif dimension in _WHOLE:
            parts.append(_WHOLE[dimension].format(describe(view, value).label) if value else _NONE[dimension])
    if by and not parts:
        one, many = f"entity of more {by}s", f"entities of more {by}s"
    if box.first:
        parts.append(f"{_name(box.first)} … {_name(box.last)}")
    return " ".join([count_words(box.members, one, many), *parts])


def name_folds(folds: Sequence["Box"], by: str = "") -> str:
    """How many folds there are, by what they hold: `9 systems and what is in no system`, `3 kinds and 40 ranges of names`."""
    counts: dict[tuple[str, str], int] = {}
    for box in folds:
        words = _name_content(box, by)
        counts[words] = counts.get(words, 0) + 1
    rest = [one if count == 1 else f"{count} folds of {one}" for (one, many), count in counts.items() if not many]
    return " and ".join([*(count_words(count, *words) for words, count in counts.items() if words[1]), *rest])


def _name_content(box: "Box", by: str) -> tuple[str, str]:
    """What one fold stands for, singular and plural; without a plural where it is the rest that has no such whole."""
    fold = Fold.parse(box.id)
    if box.first or fold is None:
        return ("range of names", "ranges of names") if box.first else ("fold", "folds")
    dimension, value = fold.values[-1]
    if not value and dimension in _NONE:
        return f"what is {_NONE[dimension]}", ""
    noun = "fold" if by and dimension == "kind" else _NOUNS[dimension]
    return noun, f"{noun}s"


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _node(view: View, box: "Box", asked: Asked, path: str) -> Node:
    column = -box.distance if box.side == "in" else box.distance
    opens = asked.address(path, open=tuple(sorted({*asked.open, box.opens})))
    if box.form == "fold":
        inside = sum(box.inside.values())
        note = "folded" + (f", {count_words(inside, 'relation')} inside" if inside else "") + " · open"
        return Node(box.id, name_fold(view, box, asked.by), note, opens, "fold", column)
    item = describe(view, box.ref)
    role = "root" if box.side == "root" else "" if item.exists else "missing"
    if box.form == "group":
        note = f"{item.kind} · {count_words(box.members, 'entity', 'entities')}"
        return Node(box.id, item.label, note, opens, role or "group", column, box.in_cycle)
    note = " · ".join(filter(None, (item.kind, item.note if item.exists else "not in the catalog")))
    return Node(box.id, item.label, note, item.href, role, column, box.in_cycle)


def _edge(link: "Link", nodes: Mapping[str, Node]) -> Edge:
    count = sum(link.types.values())
    said = ", ".join(
        f"{MEANINGS.get(name, name)}" + (f" ({number})" if count > 1 else "")
        for name, number in sorted(link.types.items())
    )
    title = f"{nodes[link.source].label} {said} {nodes[link.target].label}" + (" — in a cycle" if link.in_cycle else "")
    declared = sorted(name for name in link.types if name != "implied") or ["implied"]
    return Edge(link.source, link.target, ", ".join(declared), count, link.in_cycle, title)


def _loop(box: "Box") -> Edge:
    return Edge(box.id, box.id, ", ".join(sorted(box.inside)), sum(box.inside.values()), True)


def _rows(view: View, chart: "Chart", nodes: Mapping[str, Node], edges: Iterable[Edge]) -> dict[str, Row]:
    numbers = {ref: number for number, ref in enumerate(nodes)}
    ties: dict[str, dict[str, list[End]]] = {}
    for edge in edges:
        said = " and ".join(MEANINGS.get(name, name) for name in edge.type.split(", "))
        end = End(nodes[edge.target].label, f"#n{numbers[edge.target]}", edge.count)
        ties.setdefault(edge.source, {}).setdefault(said, []).append(end)
    rows = {}
    for box in chart.boxes:
        node, found = nodes[box.id], ties.get(box.id, {})
        item = describe(view, box.ref) if box.form != "fold" else None
        owner = owner_of(view, box.ref) if item else None
        rows[box.id] = Row(
            numbers[box.id], node.label, node.note, item, owner, box.members, node.href if box.opens else "",
            item is not None and not item.exists, box.in_cycle,
            [Tie(said, ends[:_MOST_NAMED], max(0, len(ends) - _MOST_NAMED)) for said, ends in sorted(found.items())],
        )  # fmt: skip
    return rows


def _rings(chart: "Chart", rows: Mapping[str, Row], words: Perspective, is_path: bool) -> list[Ring]:
    counts = {} if is_path else chart.rings
    rings: dict[tuple[str, int], list[Row]] = {ring: [] for ring in counts}
    members: dict[tuple[str, int], int] = dict.fromkeys(counts, 0)
    for box in chart.boxes:
        side = "path" if is_path else box.side
        ring = side, 0 if side == "root" else box.distance
        rings.setdefault(ring, []).append(rows[box.id])
        members[ring] = members.get(ring, 0) + box.members
        if box.behind:
            rings["in" if side == "out" else "out", box.behind].append(replace(rows[box.id], number=-1, ties=[]))
    order = ("root", "path", "out", "in")
    return [
        Ring(
            _heading(words, *ring),
            sorted(rings[ring], key=lambda row: (not row.item, row.label.lower())),
            counts.get(ring) or members[ring],
        )
        for ring in sorted(rings, key=lambda ring: (order.index(ring[0]), ring[1]))
    ]


def _heading(words: Perspective, side: str, distance: int) -> str:
    if side == "root":
        return "From here"
    if side == "path":
        return "Start" if not distance else count_words(distance, "step") + " on"
    if not distance:
        return "Everything"
    what = words.out if side == "out" else words.into
    return f"{what}, directly" if distance == 1 else f"{what}, {distance} steps away"
