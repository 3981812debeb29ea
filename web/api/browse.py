"""The table of `/catalog` over the API: one page of it with its counts, and all of it as a file."""

import asyncio
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from catalog.catalog import Catalog
from catalog.documents import Json
from web.api.parameters import Parameter, Values, read_query, text
from web.browse import Browse
from web.browse.asked import FACETS, read_asked
from web.browse.columns import COLUMNS
from web.browse.exporting import FORMATS, export_name, row_json
from web.errors import json_response

_ABOUT = {
    "owner": "Only what this owner has, a ref; with what its child teams have, or a person's teams.",
    "system": "Only what is directly a part of this, a ref.",
    "problem": "Only entities with such a problem: `error`, `warning` or `none`.",
}
FILTERS = (
    *(Parameter(name, _ABOUT.get(name, f"Only of this {name}."), many=True) for name in FACETS),
    Parameter("ref", "Only these entities.", many=True),
    Parameter("q", "A question, as the search box takes it."),
    Parameter("direct", "`1`: not what child teams, or a person's teams, have.", choices=("0", "1")),
    Parameter("sort", "The column to sort by, with `-desc` from its end; by name if not given."),
    Parameter(
        "columns", f"Which columns, of: {', '.join(COLUMNS)}. The usual ones of the kind if not given.", many=True
    ),
)
BROWSE = (
    *FILTERS,
    Parameter("limit", "How many rows, 25 if not given, 100 at most.", "integer", minimum=1),
    Parameter("after", "The cursor of the page to continue from."),
    Parameter("before", "The cursor of the page to go back from."),
    Parameter(
        "offset",
        "How many rows to leave out; what is asked with a cursor does not move under an ingest.",
        "integer",
        minimum=0,
    ),
)
EXPORT = (Parameter("format", "What to write.", choices=tuple(FORMATS), required=True), *FILTERS)
MEDIA = ("text/csv", "application/x-ndjson")
_FACET_VALUES = 1_000


async def browse(request: Request) -> Response:
    """One page of the table: the rows, what a further filter would leave, and cursors to the pages beside it."""
    values = read_query(request, BROWSE)
    return json_response(await asyncio.to_thread(_answer, request.app.state.catalog, values))


async def export(request: Request) -> Response:
    """Every row that the filters leave, as a file: CSV, JSON or NDJSON."""
    values = read_query(request, EXPORT)
    form = text(values, "format") or ""
    found = await asyncio.to_thread(_browse, request.app.state.catalog, values)
    name = export_name(found, form)
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-cache"}
    return StreamingResponse(FORMATS[form].write(found), headers=headers, media_type=FORMATS[form].media)


def _browse(catalog: Catalog, values: Values) -> Browse:
    return Browse(catalog, read_asked((name, value) for name, found in values.items() for value in found))


def _answer(catalog: Catalog, values: Values) -> dict[str, Json]:
    found = _browse(catalog, values)
    page = found.page
    return {
        "revision": found.view.revision,
        "totalItems": found.total,
        "offset": page.first,
        "columns": found.columns,
        "items": [row_json(row, found.columns) for row in found.rows(page.nodes)],
        "pageInfo": {"after": page.after or None, "before": page.before or None},
        "facets": {name: _facet(found, name) for name in FACETS},
        "remarks": list(map(asdict, found.remarks)),
    }


def _facet(found: Browse, name: str) -> list[dict[str, Json]]:
    counts, _ = found.narrowing.common(name, _FACET_VALUES)
    return [{"value": one.spelling, "count": one.count} for one in counts]
