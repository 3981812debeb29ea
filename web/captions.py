"""What stands around a picture of the graph in words: what it shows and what it does not, cycles, ways, the legend."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from catalog.graph.question import need_types
from catalog.view import View
from web.charts import Picture, name_folds
from web.names import PLURALS, count_words, describe, spell_kind, spell_number
from web.questions import MEANINGS, RELATIONS, Asked

if TYPE_CHECKING:
    from catalog.graph.chart import Box, Chart

_WAYS, _CYCLES = 8, 5
_LEADS = {
    "dependsOn": "what is needed",
    "partOf": "the whole",
    "childOf": "the larger team",
    "memberOf": "the team",
    "ownedBy": "the owner",
}


def say_shown(asked: Asked, chart: "Chart") -> list[str]:
    """What the picture shows and what it does not, in sentences."""
    if asked.target and not chart.links and chart.entities > 1:
        return ["Neither leads to the other by these relations, in any number of steps."]
    parts = [count_words(chart.entities, "entity", "entities")]
    groups = [box for box in chart.boxes if box.form == "group"]
    folds = [box for box in chart.boxes if box.form == "fold"]
    if chart.single:
        parts = [f"Showing {spell_number(chart.single)} of {parts[0]}"]
    if groups:
        parts.append(f"{_members(groups)} grouped into {count_words(len(groups), asked.by)}")
    if folds:
        parts.append(f"{_members(folds)} folded into {name_folds(folds, asked.by)}")
    inside = sum(sum(box.inside.values()) for box in chart.boxes if box.form != "entity")
    total = count_words(chart.relations, "relation")
    within = f", {spell_number(inside)} of them inside boxes" if inside else ""
    said = [f"{'; '.join(parts)}. {total} in all{within}."]
    if asked.target and chart.is_reversed:
        said.insert(0, "The first does not need the second. The other way round it does:")
    return [*said, *_say_hidden(chart)]


def _members(boxes: Sequence["Box"]) -> str:
    return spell_number(sum(box.members for box in boxes))


def _say_hidden(chart: "Chart") -> list[str]:
    if not chart.hidden:
        return []
    named = [count_words(n, spell_kind(kind), PLURALS.get(spell_kind(kind), kind)) for kind, n in chart.hidden.items()]
    what = f"Hidden: {', '.join(named)} with {count_words(chart.through, 'relation')}."
    if chart.is_cut:
        return [
            f"{what} The ways through them are too many to follow: none is drawn. Hide fewer kinds, or take fewer steps."
        ]
    return [f"{what} {count_words(chart.implied, 'way')} through them drawn dashed."]


def say_arrows(relations: Sequence[str]) -> str:
    """Where the arrows of a picture with these relations lead."""
    found = dict.fromkeys(_LEADS.get(name, "what is needed") for name in relations)
    return f"Arrows lead to {' and to '.join(sorted(found, key=list(_LEADS.values()).index))}."


def list_unfollowed(view: View, asked: Asked) -> list[tuple[str, str]]:
    """The relations that the roots have and the picture leaves out: how many of each, and the address with them."""
    found = Counter(
        relation["type"] for ref in asked.root for relation in (view.entity(ref) or {}).get("relations") or ()
    )
    left = {
        name: sum(found[one] for one in need_types((name,), "both"))
        for name in RELATIONS
        if name not in asked.relations and not asked.target
    }
    return [
        (f"{RELATIONS[name]} ({spell_number(count)})", asked.address(relation=(*asked.relations, name)))
        for name, count in left.items()
        if count
    ]


def name_cycles(view: View, chart: "Chart") -> list[str]:
    """The dependency cycles among the boxes, the first of them by name."""
    named = [[describe(view, box).label for box in cycle] for cycle in chart.cycles]
    loops = [
        describe(view, box.ref).label for box in chart.boxes if box.in_cycle and box.form == "entity" and box.inside
    ]
    return [
        *(f"{_join(one)} need each other" for one in named[:_CYCLES]),
        *(f"{label} needs itself" for label in loops[:_CYCLES]),
        *([f"and {len(named) - _CYCLES} more"] if len(named) > _CYCLES else []),
    ]  # fmt: skip


def _join(labels: Sequence[str]) -> str:
    return ", ".join(labels[:8]) + (f" and {len(labels) - 8} more" if len(labels) > 8 else "")


def list_ways(chart: "Chart", picture: Picture) -> list[list[tuple[str, str]]]:
    """The first shortest ways, each as labels with addresses; none where something in between is folded."""
    if any(box.form != "entity" for box in chart.boxes):
        return []
    boxes = {node.ref: (node.label, node.href) for node in picture.nodes}
    onward: dict[str, list[str]] = {}
    for link in chart.links:
        onward.setdefault(link.source, []).append(link.target)
    ways = [[box.id] for box in chart.boxes if not box.distance and box.id in onward]
    while any(way[-1] in onward for way in ways):
        ways = [[*way, *after] for way in ways for after in _after(onward, way[-1])][:_WAYS]
    return [[boxes[ref] for ref in way] for way in ways]


def _after(onward: Mapping[str, Sequence[str]], ref: str) -> list[list[str]]:
    """Each next step as a list; one empty list at the end of a way."""
    return [[one] for one in onward[ref]] if ref in onward else [[]]


def list_legend(picture: Picture) -> list[tuple[str, str]]:
    """The types of arrows that the picture has, with what they say."""
    types = {name for edge in picture.edges for name in edge.type.split(", ")}
    return [
        (name, "through what is hidden" if name == "implied" else text)
        for name, text in MEANINGS.items()
        if name in types
    ]
