"""The dependency view of an entity: a small picture, and the same as a list. `/graph` is the same at full size."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from catalog.catalog import Catalog
from catalog.graph import Direction
from web.captions import list_legend, list_unfollowed, say_arrows
from web.charts import Ring, name_folds, picture_chart
from web.questions import Asked, Perspective, perspective_of
from web.urls import entity_path, with_query

if TYPE_CHECKING:
    from catalog.graph.chart import Chart

DEPTHS = (1, 2, 3, 5)
_MOST_BOXES = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """One position of a switch."""

    label: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything the dependency view shows; `svg` is empty where there is nothing to draw.

    Where only its own relations are drawn, which the page lists anyhow, there are no `rings`.
    `shown` of `total` entities have a box of their own, the others are in `folds`. `graph` and `impact` lead to more, and so
    do the relations that are `unfollowed`.
    """

    svg: Markup
    rings: list[Ring]
    shown: int
    total: int
    folds: str
    perspective: Perspective
    depths: list[Choice]
    directions: list[Choice]
    legend: list[tuple[str, str]]
    caption: str
    is_one_way: bool
    unfollowed: list[tuple[str, str]]
    graph: str
    impact: str
    twin: str


def find_dependencies(catalog: Catalog, ref: str, depth: int | None, direction: Direction) -> Dependencies:
    """Both ways is what it needs and what needs it, each followed to `depth`: not what else needs the same things."""
    words = perspective_of(ref)
    depth = depth or words.depth
    asked = Asked((ref,), direction=direction, depth=depth)
    chart = catalog.chart(asked.question(_MOST_BOXES))
    picture = picture_chart(catalog.view, chart, asked)
    directions: dict[Direction, str] = {"both": "Both", "out": words.out, "in": words.into}
    return Dependencies(
        svg=picture.svg,
        rings=picture.rings[1:] if _tells_more(chart) else [],  # the first is the entity itself
        shown=chart.single,
        total=chart.entities,
        folds=name_folds([box for box in chart.boxes if box.form == "fold"]),
        perspective=words,
        depths=[Choice(str(d), _address(ref, d, direction), d == depth) for d in DEPTHS],
        directions=[Choice(text, _address(ref, depth, d), d == direction) for d, text in directions.items()],
        legend=list_legend(picture),
        caption=say_arrows(asked.relations),
        is_one_way=direction != "both",
        unfollowed=list_unfollowed(catalog.view, asked),
        graph=asked.address(),
        impact=Asked((ref,), direction="in", view="impact").address() if words.has_impact else "",
        twin=asked.address("/api/graph"),
    )


def _tells_more(chart: "Chart") -> bool:
    """Whether the list has more than the entity's own relations."""
    return any(box.distance > 1 or box.form == "fold" for box in chart.boxes)


def _address(ref: str, depth: int, direction: str) -> str:
    return with_query(entity_path(ref), {"depth": str(depth), "direction": direction}) + "#dependencies"
