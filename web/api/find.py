"""Our own search: what a question in the query language finds, and suggestions while one is typed."""

import asyncio
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.finding import MARKS
from catalog.view import View
from web.api.parameters import Parameter, number, read_query, text
from web.asking import Question, parse_question
from web.errors import json_response
from web.excerpts import Marker
from web.hits import Facet, count_facets, find_hits
from web.mentions import list_mentions
from web.names import describe
from web.suggestions import suggest
from web.urls import split_ref

MAX_PAGE = 100
_Q = Parameter("q", "The question, such as `kind:component owner:team-payments ledger`; everything if not given.")
FIND = (
    _Q,
    Parameter("limit", f"How many entities a page, {MAX_PAGE} at most; 25 if not given.", "integer", minimum=0),
    Parameter("offset", "How many of the best to leave out.", "integer", minimum=0),
)
SUGGEST = (
    Parameter("q", "What is typed so far; pages are suggested if it is not given."),
    Parameter("limit", "How many suggestions at most, 50 at the most; 10 if not given.", "integer", minimum=0),
)
MENTIONS = (
    Parameter("q", "What is typed so far.", required=True),
    Parameter("limit", "How many at most, 50 at the most; 5 if not given.", "integer", minimum=0),
)


async def find(request: Request) -> Response:
    """Entities that a question finds, best first, with facets; what of it could not be read is in `errors`."""
    values = read_query(request, FIND)
    catalog: Catalog = request.app.state.catalog
    question = parse_question(text(values, "q") or "")
    limit, offset = number(values, "limit"), number(values, "offset") or 0
    # The index is a file, and whoever brings it up to date locks it.
    return await asyncio.to_thread(_find, catalog, question, offset, min(25 if limit is None else limit, MAX_PAGE))


def _find(catalog: Catalog, question: Question, offset: int, limit: int) -> Response:
    view = catalog.view
    hits = find_hits(catalog, question)
    marker = Marker([question.words, *(word for words in hits.corrected.values() for word in words)])
    items = [_item(view, marker, ref) for ref in hits.page(view, offset, limit)]
    return json_response(
        {
            "items": items,
            "totalItems": len(hits.nodes),
            "isCapped": hits.is_capped,
            "facets": {facet.key: _options(facet) for facet in count_facets(view, question, hits)},
            "corrected": {word: list(near) for word, near in hits.corrected.items()},
            "errors": list(map(asdict, question.errors)),
            "notes": list(map(asdict, question.notes(view))),
        }
    )


def _options(facet: Facet) -> list[Json]:
    return [{"value": one.value, "count": one.count} for one in facet.options]


def _item(view: View, marker: Marker, ref: str) -> Json:
    entity = view.entity(ref) or {}
    item = describe(view, ref, entity or None)
    found = marker.find_more(entity, (item.label, item.name, item.description)) if entity else []
    _, namespace, name = split_ref(ref)
    return {
        "entityRef": ref,
        "kind": item.kind,
        "namespace": namespace,
        "name": name,
        "title": item.label,
        "description": item.description,
        "found": [{"label": one.label, "value": _plain(one.value)} for one in found],
    }


def _plain(marked: str) -> str:
    return marked.replace(MARKS[0], "").replace(MARKS[1], "")


async def suggestions(request: Request) -> Response:
    """What may be meant: entities, keys of the query language, their values, pages. `text` is the question with it."""
    values = read_query(request, SUGGEST)
    catalog: Catalog = request.app.state.catalog
    limit = number(values, "limit")
    # The first question after a change may have to read every name, which would hold up the others.
    found = await asyncio.to_thread(
        suggest, catalog.view, (text(values, "q") or "")[:500], min(10 if limit is None else limit, 50)
    )
    items = [
        {"type": one.kind, "text": one.text, "label": one.label, "note": one.note, "href": one.href} for one in found
    ]
    return json_response({"items": items})


async def mentions(request: Request) -> Response:
    """Entities that mention what is typed and are not called so; of the text in `found`, every second piece is a hit."""
    values = read_query(request, MENTIONS)
    catalog: Catalog = request.app.state.catalog
    limit = number(values, "limit")
    found = await asyncio.to_thread(
        list_mentions, catalog, (text(values, "q") or "")[:500], min(5 if limit is None else limit, 50)
    )
    items = [
        {
            "text": one.item.name,
            "label": one.item.label,
            "note": one.item.kind,
            "href": one.item.href,
            "found": one.pieces,
        }
        for one in found
    ]
    return json_response({"items": items})
