"""`/apis`: every API with who provides and who consumes it side by side, filtered, sorted and paged by its address."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from catalog.apis import MARKS, find_apis
from web.interfaces import SORTS, AskedApis, Choice, Row, count_choices, count_marks, find_rows, parse_asked
from web.render import Crumb, Page, catalog_of, render
from web.urls import with_query


@dataclass(frozen=True, slots=True)
class MarkLine:
    """Something odd, how many APIs have it under the other filters, and where to see only these (or all again)."""

    name: str
    label: str
    meaning: str
    count: int
    chosen: bool
    href: str


@dataclass(frozen=True, slots=True)
class Select:
    """One filter."""

    name: str
    label: str
    choices: list[Choice]
    chosen: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A column; one that sorts has an address, and what aria-sort takes."""

    label: str
    href: str
    sorted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApisPage(Page):
    """One page of the table."""

    all: int
    total: int
    rows: list[Row]
    marks: list[MarkLine]
    mark: str
    filters: list[Select]
    headings: list[Heading]
    sort: str
    filtered: bool
    first: int
    last: int
    previous: str
    next: str


def show_apis(request: Request) -> Response:
    """The table."""
    view = catalog_of(request).view
    apis, asked = find_apis(view), parse_asked(request.query_params)
    rows, total = find_rows(apis, asked)
    values = asked.values()
    page = ApisPage(
        title="APIs",
        section="apis",
        summary=f"{len(apis.all)} APIs with who provides and who consumes each; unused and undocumented ones.",
        crumbs=[Crumb("APIs")],
        twin=with_query("/api/apis", values, offset=str(asked.offset or "")),
        query=asked.q,
        all=len(apis.all),
        total=total,
        rows=rows,
        marks=[
            MarkLine(name, one.label, one.meaning, count, name == asked.mark, _toggle(asked, name))
            for (name, one), count in zip(MARKS.items(), count_marks(apis, asked), strict=True)
        ],
        mark=asked.mark,
        filters=[
            Select(name, label, count_choices(apis, asked, name), getattr(asked, name))
            for name, label in (("type", "Type"), ("lifecycle", "Lifecycle"), ("owner", "Owner"))
        ],
        headings=[_heading(asked, name, label) for name, label in SORTS.items()],
        sort=asked.sort,
        filtered=asked.narrows,
        first=asked.offset + 1 if rows else 0,
        last=asked.offset + len(rows),
        previous=with_query("/apis", values, offset=str(max(0, asked.offset - asked.limit) or ""))
        if asked.offset
        else "",
        next=with_query("/apis", values, offset=str(asked.offset + asked.limit))
        if asked.offset + asked.limit < total
        else "",
    )
    return render(request, "pages/apis.html", page)


def _toggle(asked: AskedApis, mark: str) -> str:
    return with_query("/apis", asked.values(), mark="" if mark == asked.mark else mark)


def _heading(asked: AskedApis, name: str, label: str) -> Heading:
    current = asked.sort == name
    state = ("ascending" if name == "name" else "descending") if current else "none"
    return Heading(label, with_query("/apis", asked.values(), sort="" if name == "name" else name), state)
