"""`/catalog`: all entities as a table that is filtered, sorted and paged by its address."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyroaring import BitMap
from starlette.requests import Request
from starlette.responses import Response

from catalog.documents import Json
from catalog.query import All, OneOf, Order, Predicate, Query, TextFilter
from catalog.view import View
from web.names import KINDS, PLURALS, Item, describe, owner_of, spell_kind
from web.render import Crumb, Page, catalog_of, render
from web.urls import split_ref, with_query

FACETS = {
    "kind": ("Kind", "kind"),
    "type": ("Type", "spec.type"),
    "owner": ("Owner", "relations.ownedby"),
    "lifecycle": ("Lifecycle", "spec.lifecycle"),
    "tag": ("Tag", "metadata.tags"),
    "system": ("Part of", "relations.partof"),
}
"""By parameter of the address: the label, and the key that is counted."""
_REFS = ("owner", "system")
SORTS = {
    "name": "metadata.name",
    "kind": "kind",
    "type": "spec.type",
    "owner": "relations.ownedby",
    "lifecycle": "spec.lifecycle",
}
HEADINGS = (("name", "Name"), ("kind", "Kind"), ("type", "Type"), ("owner", "Owner"), ("lifecycle", "Lifecycle"))
_TEXT_FIELDS = ("metadata.name", "metadata.title", "metadata.description", "metadata.tags")
_LIMITS = (25, 50, 100)
_MAX_OPTIONS = 100


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet and how many entities would be left with it."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter: the values to choose from, most frequent ones only where there are very many."""

    name: str
    label: str
    chosen: str
    options: list[Option]
    without: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    item: Item
    type: str
    owner: Item | None
    lifecycle: str
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Heading:
    """A column that sorts; `sorted` is what aria-sort takes."""

    label: str
    href: str
    sorted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Page):
    """One page of the table, with everything that leads on from it."""

    total: int
    first: int
    last: int
    lines: list[Line]
    facets: list[Facet]
    headings: list[Heading]
    sort: str
    limit: int
    previous: str
    next: str
    filtered: bool


def show_catalog(request: Request) -> Response:
    """The table."""
    view = catalog_of(request).view
    asked = {name: request.query_params.get(name, "").strip() for name in (*FACETS, "q", "sort", "limit", "offset")}
    limit = min(max(_number(asked["limit"], _LIMITS[0]), 1), _LIMITS[-1])
    offset = _number(asked["offset"], 0)
    text = TextFilter(asked["q"].lower(), _TEXT_FIELDS) if asked["q"] else None
    hits = view.match(_predicate(asked), text)
    lines = [_line(view, entity) for entity in _sorted_slice(view, hits, asked, text, range(offset, offset + limit))]
    kind = spell_kind(asked["kind"])
    title = PLURALS.get(kind, "Catalog")
    page = Table(
        title=title,
        section="catalog",
        query=asked["q"],
        crumbs=[Crumb("Catalog", "/catalog"), Crumb(title)] if asked["kind"] else [Crumb("Catalog")],
        twin=_twin(asked, limit, offset),
        total=len(hits),
        first=offset + 1 if lines else 0,
        last=offset + len(lines),
        lines=lines,
        facets=[_facet(view, name, asked, text) for name in FACETS if name != "system" or asked[name]],
        headings=[_heading(name, label, asked) for name, label in HEADINGS],
        sort=asked["sort"],
        limit=limit,
        previous=with_query("/catalog", asked, offset=str(max(0, offset - limit) or "")) if offset else "",
        next=with_query("/catalog", asked, offset=str(offset + limit)) if offset + limit < len(hits) else "",
        filtered=any(asked[name] for name in (*FACETS, "q")),
    )
    return render(request, "pages/catalog.html", page)


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


def _predicate(asked: Mapping[str, str], without: str = "") -> Predicate:
    """What the filters ask for, one of them left out."""
    parts = [OneOf(key, (asked[name].lower(),)) for name, (_, key) in FACETS.items() if asked[name] and name != without]
    return All(tuple(parts))


def _sorted_slice(
    view: View, hits: BitMap, asked: Mapping[str, str], text: TextFilter | None, window: range
) -> list[dict[str, Json]]:
    """The entities of one page. By type, owner and lifecycle: by name within a value, those without one at the end."""
    offset, limit = window.start, len(window)
    name, _, direction = asked["sort"].partition("-")
    key, descending = SORTS.get(name, SORTS["name"]), direction == "desc"
    if key == "metadata.name":
        order = Order(key, descending)
        nodes = view.page(Query(_predicate(asked), text, order, limit, offset))
        return [_loads(body) for body in nodes.bodies]
    refs: list[str] = []
    for group in _groups(view, hits, key, descending):
        if offset < len(group) and limit > len(refs):
            names = sorted((view.edges.refs[node] for node in group), key=lambda ref: split_ref(ref)[::-1])
            refs += names[max(0, offset) : max(0, offset) + limit - len(refs)]
        offset -= len(group)
        if len(refs) >= limit:
            break
    return [entity for ref in refs if (entity := view.entity(ref)) is not None]


def _groups(view: View, hits: BitMap, key: str, descending: bool) -> list[BitMap]:
    """The hits by their value at `key`, each once, in the order of the values."""
    column, left, groups = view.column(key), hits.copy(), []
    for value in sorted({value.lower() for value in column.counts(hits)}, reverse=descending):
        group = column.equal(value) & left
        left -= group
        groups.append(group)
    return [*groups, left]


def _loads(body: bytes) -> dict[str, Json]:
    import orjson

    entity: dict[str, Json] = orjson.loads(body)
    return entity


def _line(view: View, entity: dict[str, Json]) -> Line:
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    ref = f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower()
    lifecycle = spec.get("lifecycle")
    return Line(
        item=describe(view, ref, entity),
        type=spec["type"] if isinstance(spec.get("type"), str) else "",
        owner=owner_of(view, ref),
        lifecycle=lifecycle if isinstance(lifecycle, str) else "",
        tags=list(metadata.get("tags") or ()),
    )


def _facet(view: View, name: str, asked: Mapping[str, str], text: TextFilter | None) -> Facet:
    """Counted under all other filters, so that each number is what a choice would leave."""
    label, key = FACETS[name]
    counted = view.column(key).counts(view.match(_predicate(asked, without=name), text))
    folded: dict[str, tuple[str, int]] = {}
    for value, count in counted.items():
        shown, known = folded.get(value.lower(), (value, 0))
        folded[value.lower()] = shown, known + count
    chosen = asked[name].lower()
    if chosen and chosen not in folded:
        folded[chosen] = asked[name], 0
    common = sorted(folded, key=lambda value: (value != chosen, -folded[value][1], value))[:_MAX_OPTIONS]
    options = [Option(v, _label(view, name, folded[v][0]), folded[v][1], v == chosen) for v in common]
    options.sort(key=lambda o: (KINDS.index(o.label) if o.label in KINDS else len(KINDS), o.label.lower()))
    return Facet(name, label, asked[name], options, with_query("/catalog", asked, offset="", **{name: ""}))


def _label(view: View, name: str, value: str) -> str:
    if name == "kind":
        return spell_kind(value)
    return describe(view, value.lower()).label if name in _REFS else value


def _heading(name: str, label: str, asked: Mapping[str, str]) -> Heading:
    current = asked["sort"] or "name"
    ascending = current == name
    state = "ascending" if ascending else "descending" if current == f"{name}-desc" else "none"
    changed = f"{name}-desc" if ascending else "" if name == "name" else name
    return Heading(label, with_query("/catalog", asked, offset="", sort=changed), state)


def _twin(asked: Mapping[str, str], limit: int, offset: int) -> str:
    statements = ",".join(f"{key}={asked[name].lower()}" for name, (_, key) in FACETS.items() if asked[name])
    name, _, direction = asked["sort"].partition("-")
    values = {"filter": statements, "fullTextFilterTerm": asked["q"], "limit": str(limit), "offset": str(offset or "")}
    if asked["q"]:
        values["fullTextFilterFields"] = ",".join(_TEXT_FIELDS)
    order = f"{SORTS.get(name, SORTS['name'])},{direction or 'asc'}"
    return with_query("/api/catalog/entities/by-query", values, orderField=order)
