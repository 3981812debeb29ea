"""The catalog's quality over the API: checks, gaps and team scores; and the whole list as CSV, text or JSON."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from catalog.catalog import Catalog
from catalog.checks import CHECKS
from web.api.parameters import Parameter, number, read_query, text
from web.errors import json_response
from web.quality import (
    FORMATS,
    check_json,
    find_among,
    find_quality,
    gap_json,
    list_checks,
    list_gaps,
    list_scores,
    parse_asked,
    score_json,
)

_FILTERS = (
    Parameter("check", "Only what fails this check.", choices=tuple(CHECKS)),
    Parameter("team", "Only what this owner, a ref, and its child teams have to answer for; `none`: what nobody owns."),
)
QUALITY = (
    *_FILTERS,
    Parameter("limit", "At most so many gaps, 100 if not given.", "integer", minimum=0),
    Parameter("offset", "Leave so many out first.", "integer", minimum=0),
)
EXPORT = (*_FILTERS, Parameter("format", "How to write it; CSV if not given.", choices=tuple(FORMATS)))
MEDIA = ("text/csv", "text/plain")
_DEFAULT_LIMIT = 100


async def listed(request: Request) -> Response:
    """Every check with how many fail it, the score, the gaps ranked, and how each team stands."""
    values = read_query(request, QUALITY)
    return await asyncio.to_thread(_listed, request, values)


async def export(request: Request) -> Response:
    """Every gap, ranked."""
    values = read_query(request, EXPORT)
    return await asyncio.to_thread(_export, request, values)


def _listed(request: Request, values: dict[str, list[str]]) -> Response:
    catalog: Catalog = request.app.state.catalog
    quality, asked = find_quality(catalog), parse_asked({name: given[0] for name, given in values.items()})
    limit, offset = number(values, "limit"), number(values, "offset") or 0
    among = find_among(quality, asked)
    score = quality.score(quality.view.live if among is None else among)
    lines = list_checks(quality, among)
    gaps = list_gaps(quality, asked, offset, _DEFAULT_LIMIT if limit is None else limit)
    return json_response(
        {
            "revision": quality.view.revision,
            "score": score.points,
            "entities": score.things,
            "checks": [check_json(line) for line in lines],
            "totalItems": sum(line.failed for line in lines if asked.check in ("", line.check.id)),
            "items": [gap_json(gap) for gap in gaps],
            "teams": [score_json(one) for one in list_scores(catalog)],
        }
    )


def _export(request: Request, values: dict[str, list[str]]) -> Response:
    catalog: Catalog = request.app.state.catalog
    quality, asked = find_quality(catalog), parse_asked({name: given[0] for name, given in values.items()})
    gaps = list_gaps(quality, asked, 0, None)
    form = text(values, "format") or "csv"
    media, write = FORMATS[form]
    headers = {"content-disposition": 'attachment; filename="quality.csv"'} if form == "csv" else {}
    return StreamingResponse(write(gaps), media_type=media, headers=headers)
