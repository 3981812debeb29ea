"""`/catalog`: all entities as a table that is filtered, sorted, paged and exported by its address."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.view import View
from web.asking import Mistake, Phrase, Term
from web.browse import Browse
from web.browse.asked import FACETS, LIMITS, Asked, read_asked
from web.browse.bookmarked import read_bookmark
from web.browse.columns import COLUMNS, Row, list_columns
from web.browse.exporting import FORMATS
from web.browse.narrowing import Count
from web.browse.ordering import Slice
from web.names import KINDS, PLURALS, Item, describe, spell_kind
from web.render import Crumb, Page, catalog_of, read_viewer, render, strip_markdown

_API, _EXPORT = "/api/browse", "/api/browse/export"
_SHOWN, _MORE = 8, 24
_MAX_ITEMS, _MAX_TAGS, _MAX_WORDS = 3, 4, 140
_PROBLEMS = {"error": "With errors", "warning": "With warnings", "none": "Without problems"}
_MAX_PARTS = 8
_CLOSED = ("kind", "system", "namespace")
_TYPED = {"owner": "Another owner", "system": "Another system", "type": "Another type", "tag": "Another tag"}


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet and how many entities would be left with it."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Box:
    """One facet: the commonest values, then `rest`, which is folded away; `unlisted` counts those that are not there.

    `typed` is what to say where a value may be written by hand, "" where all are listed.
    """

    name: str
    label: str
    options: list[Option]
    rest: list[Option]
    unlisted: int
    typed: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """One kind, or all, with how many there are under the other filters."""

    label: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force: `href` is without it, `count` is what would be left then."""

    label: str
    value: str
    href: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one column of a row; of the parts only those that its form has."""

    label: str
    form: str
    text: str = ""
    href: str = ""
    items: Sequence[Item] = ()
    tags: Sequence[str] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    item: Item
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: `sorted` is what aria-sort takes, `href` is empty where it does not sort."""

    label: str
    form: str
    href: str = ""
    sorted: str = "none"


@dataclass(frozen=True, slots=True)
class Steps:
    """Addresses of the first page, the one before and the one after; empty where there is none."""

    start: str
    previous: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Page):
    """One page of the table, with everything that leads on from it."""

    asked: Asked
    total: int
    entities: int
    first: int
    last: int
    lines: list[Line]
    headings: list[Heading]
    boxes: list[Box]
    tabs: list[Tab]
    chips: list[Chip]
    loosened: list[Chip]
    columns: list[Option]
    kept: list[tuple[str, str]]
    kept_by_columns: list[tuple[str, str]]
    exports: list[tuple[str, str]]
    sizes: list[tuple[int, str]]
    remarks: list[Mistake]
    usual: str
    steps: Steps


def show_catalog(request: Request) -> Response:
    """The table; a bookmark of Backstage's leads to what it asks for."""
    pairs = request.query_params.multi_items()
    if (bookmark := read_bookmark(pairs, read_viewer(request))) is not None:
        return RedirectResponse(bookmark.href())
    catalog, asked = catalog_of(request), read_asked(pairs)
    found = Browse(catalog, asked)
    page, kind = found.page, spell_kind(asked.kind)
    title = PLURALS.get(kind, kind) if kind else "Catalog"
    table = Table(
        title=title,
        summary=f"{title}: {found.total} in the software catalog, with owner, type and lifecycle.",
        section="catalog",
        query=asked.q,
        crumbs=[Crumb("Catalog", "/catalog"), Crumb(title)] if kind else [Crumb("Catalog")],
        twin=asked.change(pick=False, after=asked.after, before=asked.before, offset=asked.offset).href(_API),
        asked=asked,
        total=found.total,
        entities=len(found.view),
        first=page.first + 1 if page.nodes else 0,
        last=page.first + len(page.nodes),
        lines=[_line(row, found.columns) for row in found.rows(page.nodes)],
        headings=[_heading(name, asked) for name in ("name", *found.columns)],
        boxes=[box for name in FACETS if (box := _box(found, name)) is not None],
        tabs=_tabs(found),
        chips=[
            chip for name in (*FACETS, "ref") if name != "kind" or not kind for chip in _chips(found.view, asked, name)
        ],
        loosened=_loosen(found) if asked.narrows and not found.total else [],
        columns=[Option(n, COLUMNS[n].label, 0, n in found.columns) for n in list_columns(asked.kind)],
        kept=asked.change().pairs("q", "direct", *FACETS),
        kept_by_columns=asked.change(after=asked.after, before=asked.before, offset=asked.offset).pairs("columns"),
        exports=[
            (form.upper(), asked.change(pick=False, limit=LIMITS[0]).href(_EXPORT, format=form)) for form in FORMATS
        ],
        sizes=[(size, "" if size == asked.limit else _resized(asked, size)) for size in LIMITS],
        remarks=found.remarks,
        usual=asked.change(columns=()).href() if asked.columns else "",
        steps=_steps(asked, page),
    )
    return render(request, "pages/catalog.html", table)


def _steps(asked: Asked, page: Slice) -> Steps:
    return Steps(
        asked.change().href() if page.first > asked.limit else "",
        asked.change(before=page.before).href() if page.before else "",
        asked.change(after=page.after).href() if page.after else "",
    )


def _resized(asked: Asked, size: int) -> str:
    """The same page longer or shorter; it keeps its first row where it began after one."""
    return asked.change(limit=size, after=asked.after).href()


def _heading(name: str, asked: Asked) -> Heading:
    column = COLUMNS.get(name)
    if column is not None and column.sort_values is None:
        return Heading(column.label, column.form)
    current = asked.sort or "name"
    state = {name: "ascending", f"{name}-desc": "descending"}.get(current, "none")
    is_count = column is not None and column.form == "count"  # the most come first
    first, then = (f"{name}-desc", name) if is_count else (name, f"{name}-desc")
    href = asked.change(sort=then if current == first else "" if first == "name" else first).href()
    return Heading(column.label if column else "Name", column.form if column else "text", href, state)


def _line(row: Row, columns: Sequence[str]) -> Line:
    return Line(describe(row.view, row.ref, row.entity), [_cell(row, name) for name in columns])


def _cell(row: Row, name: str) -> Cell:
    column, value = COLUMNS[name], COLUMNS[name].read(row)
    label, form = column.label, column.form
    if isinstance(value, int):
        return Cell(label, form, str(value or ""), _behind(row, name) if value else "")
    if isinstance(value, str):
        return Cell(label, form, strip_markdown(value[: 4 * _MAX_WORDS]) if form == "long" else value)
    if form == "refs":
        items = [describe(row.view, ref) for ref in value[:_MAX_ITEMS]]
        return Cell(label, form, items=items, more=len(value) - len(items))
    limit = _MAX_TAGS if form == "tags" else _MAX_ITEMS
    return Cell(label, form, tags=value[:limit], more=max(0, len(value) - limit))


def _behind(row: Row, name: str) -> str:
    """The list of what a count counts."""
    question = COLUMNS[name].question
    if question:
        return Asked(q=question.format(row.ref)).href()
    return Asked(facets={"owner": (row.ref,)}).href() if name == "owned" else ""


def _tabs(found: Browse) -> list[Tab]:
    """All kinds, then each. Another kind has other types and columns, so those of this one are left behind."""
    asked = found.asked
    base = asked.choose("type").choose("kind").change(columns=())
    plain = Browse(found.catalog, base) if "type" in asked.facets else found
    counts = plain.narrowing.count("kind")
    names = sorted({*counts, *asked.facets.get("kind", ())}, key=_kind_rank)
    total = len(plain.narrowing.without("kind"))
    tabs = [Tab("All", total, base.href(), "kind" not in asked.facets)]
    for name in names:
        count, chosen = counts.get(name, 0), name in asked.facets.get("kind", ())
        label = PLURALS.get(spell_kind(name), spell_kind(name))
        tabs.append(Tab(label, count, _keep_sort(base.choose("kind", [name])).href(), chosen))
    return tabs


def _keep_sort(asked: Asked) -> Asked:
    name = asked.sort.removesuffix("-desc")
    return asked if name in list_columns(asked.kind) or name == "name" else asked.change(sort="")


def _kind_rank(kind: str) -> tuple[int, str]:
    spelling = spell_kind(kind)
    return (KINDS.index(spelling) if spelling in KINDS else len(KINDS), spelling)


def _box(found: Browse, name: str) -> Box | None:
    """A facet, counted under all other filters; None where there is nothing to choose."""
    counts, unlisted = found.narrowing.common(name, _SHOWN + _MORE)
    chosen = found.asked.facets.get(name, ())
    if len(counts) < 2 and not chosen:
        return None
    options = [Option(one.value, _label(found.view, name, one), one.count, one.value in chosen) for one in counts]
    if name == "kind":
        options.sort(key=lambda one: _kind_rank(one.value))
    far = [one for one in options[_SHOWN:] if not one.chosen]
    near = [one for one in options if one not in far]
    typed = _TYPED.get(name, "Another") if unlisted else ""
    is_open = len(chosen) > (name == "kind") if name in _CLOSED else True  # one kind is shown by its tab
    return Box(name, FACETS[name].label, near, far, unlisted, typed, is_open)


def _label(view: View, name: str, one: Count) -> str:
    match name:
        case "kind":
            return spell_kind(one.value)
        case "problem":
            return _PROBLEMS.get(one.value, one.value)
    return describe(view, one.value).label if FACETS[name].ref_kind else one.spelling


def _chips(view: View, asked: Asked, name: str) -> list[Chip]:
    """One filter, value by value, each with the address without it."""
    if name == "ref":
        count = len(asked.refs)
        return [Chip("Only", f"{count} chosen", asked.drop("ref").href())] if asked.refs else []
    values = asked.facets.get(name, ())
    return [
        Chip(
            FACETS[name].label,
            _label(view, name, Count(value, value, 0)),
            asked.choose(name, [other for other in values if other != value]).href(),
        )
        for value in values
    ]


def _loosen(found: Browse) -> list[Chip]:
    """What dropping each filter would bring, the most first; what brings nothing is left out."""
    asked, made = found.asked, _loosen_question(found)
    for name in found.narrowing.parts:
        shown = " or ".join(chip.value for chip in _chips(found.view, asked, name)) or asked.q
        label = {"q": "All of", "ref": "Only"}.get(name) or FACETS[name].label
        made.append(Chip(label, shown, asked.drop(name).href(), len(found.narrowing.without(name))))
    return sorted((one for one in made if one.count), key=lambda one: -one.count)


def _loosen_question(found: Browse) -> list[Chip]:
    """The same for each part of a question that has several."""
    question = found.question
    parts: list[Term | Phrase] = [*question.terms, *question.phrases]
    texts = [(question.text[part.start : part.end], question.without(part)) for part in parts] if len(parts) > 1 else []
    looser = [(part, Browse(found.catalog, found.asked.change(q=text))) for part, text in texts[:_MAX_PARTS]]
    return [Chip("", part, one.asked.href(), one.total) for part, one in looser]
