"""`/graph`: how entities hang together, for one or several roots, between two, or the whole catalog; and what breaks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.graph import Direction
from catalog.view import View
from web.blasts import Impact, describe_blast, list_names, write_message
from web.captions import list_legend, list_unfollowed, list_ways, name_cycles, say_arrows, say_shown
from web.charts import Picture, picture_chart
from web.names import KINDS, PLURALS, Item, describe, spell_kind
from web.questions import RELATIONS, Asked, perspective_of, read_asked
from web.render import HEADERS, Crumb, Page, catalog_of, home_of, render, render_error
from web.roots import UnknownEntity, find_ref
from web.urls import impact_json

if TYPE_CHECKING:
    from catalog.graph.chart import Chart

DEPTHS: Final = (1, 2, 3, 5, -1)
GROUPS: Final = {"": "nothing", "system": "system", "domain": "domain", "team": "team"}
EXPORTS: Final = {"svg": "SVG", "png": "PNG", "mmd": "Mermaid", "dot": "DOT", "csv": "CSV"}
_HUBS, _NAMED_ROOTS = 12, 10


@dataclass(frozen=True, slots=True)
class Choice:
    """One position of a switch."""

    label: str
    href: str
    chosen: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Switch:
    """A named row of choices; of a `many` one, any number may be chosen."""

    label: str
    choices: list[Choice]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Root:
    """An entity that the picture starts from, and the address without it."""

    item: Item
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPage(Page):
    """A picture of the graph, its list, and what to do with them; or what breaks, in `impact`, and a message about it."""

    roots: list[Root]
    target: Item | None
    asked: Asked
    state: list[tuple[str, str]]
    switches: list[Switch]
    more: Sequence[Switch] = ()
    picture: Picture | None = None
    said: Sequence[str] = ()
    cycles: Sequence[str] = ()
    ways: Sequence[Sequence[tuple[str, str]]] = ()
    unfollowed: Sequence[tuple[str, str]] = ()
    legend: Sequence[tuple[str, str]] = ()
    caption: str = ""
    exports: Sequence[tuple[str, str]] = ()
    hubs: Sequence[tuple[Item, int, str]] = ()
    views: Sequence[Choice] = ()
    impact: Impact | None = None
    message: str = ""


def show_graph(request: Request) -> Response:
    """The page; where a root is unknown, what may be meant."""
    catalog = catalog_of(request)
    try:
        asked = read_asked(request.query_params, lambda text: find_ref(catalog.view, text))
    except UnknownEntity as error:
        near = [replace(one, href=_instead(request, error.text, one.ref)) for one in error.near]
        return render_error(
            request, 404, title="Not in the graph", message=f"{error.message}.", hint=error.hint, near=near
        )
    make = _make_impact if asked.view == "impact" and asked.root else _make_picture
    return render(request, "pages/graph.html", make(catalog, asked, home_of(request)))


def _instead(request: Request, text: str, ref: str) -> str:
    """The same question about what was meant."""
    pairs = [(name, ref if value.strip() == text else value) for name, value in request.query_params.multi_items()]
    return f"/graph?{urlencode(pairs, safe=':/,')}"


def _make_impact(catalog: Catalog, asked: Asked, base: str) -> GraphPage:
    view, direction = catalog.view, _impact_direction(asked)
    blast = catalog.blast(asked.root, direction, asked.steps if asked.depth else None)
    impact, roots, label = describe_blast(view, blast, direction), _roots(view, asked), _name_roots(view, asked)
    names = list_names([root.item for root in roots], _NAMED_ROOTS)
    directions: dict[Direction, str] = {"in": "What breaks if it fails", "out": "What it needs to work"}
    return GraphPage(
        title=f"Impact of {label}",
        section="graph",
        twin=impact_json(asked.root[0], direction, asked.depth),
        crumbs=[Crumb("Graph", "/graph"), Crumb(label, asked.address(view="")), Crumb("Impact")],
        roots=roots,
        target=None,
        asked=asked,
        state=asked.pairs(),
        switches=[
            Switch(
                "Show",
                [Choice(text, asked.address(direction=one), one == direction) for one, text in directions.items()],
            ),
            Switch(
                "Steps", [Choice(_steps(one), asked.address(depth=one), (asked.depth or -1) == one) for one in DEPTHS]
            ),
        ],
        views=_views(asked),
        impact=impact,
        message=write_message(names, impact, base + asked.address()),
    )


def _impact_direction(asked: Asked) -> Direction:
    return "out" if asked.direction == "out" else "in"


def _make_picture(catalog: Catalog, asked: Asked, base: str) -> GraphPage:
    view = catalog.view
    shown = asked if asked.root else _overview(asked)
    chart = catalog.chart(shown.question())
    picture = picture_chart(view, chart, shown)
    label = _name_roots(view, asked)
    target = describe(view, asked.target) if asked.target else None
    return GraphPage(
        title=f"{label} → {target.label}" if target else f"Graph of {label}" if asked.root else "Graph",
        section="graph",
        twin=shown.address("/api/graph"),
        crumbs=[Crumb("Graph", "/graph"), Crumb(label)] if asked.root else [],
        roots=_roots(view, asked),
        target=target,
        asked=asked,
        state=asked.pairs(),
        switches=_switches(shown),
        more=_more_switches(shown, chart),
        picture=picture,
        said=say_shown(shown, chart),
        cycles=name_cycles(view, chart),
        ways=list_ways(chart, picture) if asked.target else (),
        unfollowed=list_unfollowed(view, asked),
        legend=list_legend(picture),
        caption=say_arrows(shown.relations),
        exports=[(name, shown.address(f"/graph.{ending}")) for ending, name in EXPORTS.items()],
        hubs=[] if asked.root else _hubs(view),
        views=_views(asked),
    )


def _overview(asked: Asked) -> Asked:
    """Without a root: the systems, unless the address groups in another way."""
    return asked.grouped(asked.by or "system")


def _name_roots(view: View, asked: Asked) -> str:
    labels = [describe(view, ref).label for ref in asked.root]
    return ", ".join(labels[:2]) + (f" and {len(labels) - 2} more" if len(labels) > 2 else "")


def _roots(view: View, asked: Asked) -> list[Root]:
    return [
        Root(
            describe(view, ref), asked.address(root=tuple(one for one in asked.root if one != ref), target="", open=())
        )
        for ref in asked.root
    ]


def _views(asked: Asked) -> list[Choice]:
    if not any(perspective_of(ref).has_impact for ref in asked.root):
        return []
    return [
        Choice("Picture and list", asked.address(view="", target=""), not asked.view and not asked.target),
        Choice(
            "Impact by team", asked.address(view="impact", target="", direction="in", open=()), asked.view == "impact"
        ),
    ]


def _steps(depth: int) -> str:
    return "all" if depth < 0 else str(depth)


def _switches(asked: Asked) -> list[Switch]:
    words = perspective_of(asked.root[0] if asked.root else "")
    directions: dict[Direction, str] = {"both": "both ways", "out": words.out.lower(), "in": words.into.lower()}
    steps = -1 if asked.steps is None else asked.steps
    found = []
    if asked.root and not asked.target:
        found = [
            Switch(
                "Direction",
                [_choice(asked, text, asked.direction == one, direction=one) for one, text in directions.items()],
            ),
            Switch("Steps", [_choice(asked, _steps(one), steps == one, depth=one) for one in DEPTHS]),
        ]
    groups = GROUPS if asked.root else {name: text for name, text in GROUPS.items() if name}
    return [
        *found,
        Switch("Group by", [_choice(asked, text, asked.by == one, by=one, open=()) for one, text in groups.items()]),
    ]


def _more_switches(asked: Asked, chart: "Chart") -> list[Switch]:
    folds = [one for one in ("system", "team", "kind") if one != "system" or asked.folds_by_system]
    return [
        Switch("Fold by", [_choice(asked, one, asked.folding == one, fold=one, open=()) for one in folds]),
        Switch("Relations", [_toggle_relation(asked, name, text) for name, text in RELATIONS.items()], many=True),
        Switch("Kinds", _toggle_kinds(asked, chart), many=True),
    ]  # fmt: skip


def _choice(asked: Asked, label: str, chosen: bool, **changes: Any) -> Choice:
    return Choice(label, asked.address(**changes), chosen)


def _toggle_relation(asked: Asked, name: str, text: str) -> Choice:
    chosen = name in asked.relations
    names = {*asked.relations} ^ {name}
    return Choice(text, asked.address(relation=tuple(one for one in RELATIONS if one in names)), chosen)


def _toggle_kinds(asked: Asked, chart: "Chart") -> list[Choice]:
    counts = {**dict.fromkeys(asked.hide, 0), **chart.kinds, **chart.hidden}
    order = [kind.lower() for kind in KINDS]
    return [
        Choice(
            PLURALS.get(spell_kind(kind), spell_kind(kind)),
            asked.address(hide=tuple(sorted({*asked.hide} ^ {kind}))),
            kind not in asked.hide,
            counts[kind],
        )
        for kind in sorted(counts, key=lambda kind: (order.index(kind) if kind in order else len(order), kind))
    ]


def _hubs(view: View) -> list[tuple[Item, int, str]]:
    from catalog.graph.blast import most_needed

    return [(describe(view, ref), count, Asked((ref,)).address()) for ref, count in most_needed(view.edges, _HUBS)]


async def export_graph(request: Request) -> Response:
    """The picture as a file."""
    return await asyncio.to_thread(_export, request)


def _export(request: Request) -> Response:
    from catalog.graph.listing import list_part
    from web.exports import FORMATS, write_csv

    catalog, ending = catalog_of(request), request.url.path.rpartition(".")[2]
    view = catalog.view
    asked = read_asked(request.query_params, lambda text: find_ref(view, text))
    asked = asked if asked.root else _overview(asked)
    name = asked.root[0].rpartition("/")[2] if asked.root else "catalog"
    headers = HEADERS | {"content-disposition": f'inline; filename="{_file_name(name)}.{ending}"'}
    if ending == "csv":
        body = write_csv(view, list_part(view.edges, asked.question()))
        return Response(body, headers=headers, media_type="text/csv; charset=utf-8")
    media, write = FORMATS[ending]
    picture = picture_chart(view, catalog.chart(asked.question()), asked)
    if ending == "svg":
        headers |= {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(write(picture, home_of(request)), headers=headers, media_type=media)


def _file_name(text: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in text)[:80]
