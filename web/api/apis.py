"""The APIs over the API: each with everybody who provides and consumes it, and what is odd about it."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from catalog.apis import MARKS, ORDERS, find_apis
from catalog.catalog import Catalog
from web.api.parameters import Parameter, number, read_query
from web.errors import json_response
from web.interfaces import LIMIT, MAX_LIMIT, AskedApis, find_rows, parse_asked, row_json

APIS = (
    Parameter("q", "Only those with this in name, title or tags."),
    Parameter("type", "Only those of this type."),
    Parameter("lifecycle", "Only those of this lifecycle."),
    Parameter("owner", "Only those of this owner, a ref, with its child teams."),
    Parameter("mark", "Only those with this oddity.", choices=tuple(MARKS)),
    Parameter("sort", "By what; those with most first, but for names.", choices=ORDERS),
    Parameter("limit", f"At most so many, {LIMIT} if not given, {MAX_LIMIT} at most.", "integer", minimum=1),
    Parameter("offset", "Leave so many out first.", "integer", minimum=0),
)


async def listed(request: Request) -> Response:
    """Every API with its providers, consumers and oddities."""
    values = read_query(request, APIS)
    catalog: Catalog = request.app.state.catalog
    given = {name: found[0] for name, found in values.items()}
    for name in ("limit", "offset"):
        if name in values:
            given[name] = str(min(number(values, name) or 0, 10**9 - 1))
    return await asyncio.to_thread(_listed, catalog, parse_asked(given))


def _listed(catalog: Catalog, asked: AskedApis) -> Response:
    apis = find_apis(catalog.view)
    rows, total = find_rows(apis, asked)
    return json_response({"items": [row_json(apis, row) for row in rows], "totalItems": total})
