"""`/search`: entities for a text, best first."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from web.names import Item, describe, find_near, owner_of
from web.render import Crumb, Page, catalog_of, render
from web.urls import with_query

_LIMIT = 25
_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Result:
    """One hit; title and text carry the search's marks around what was found."""

    item: Item
    title: str
    text: str
    owner: Item | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results(Page):
    """One page of hits."""

    total: int
    first: int
    results: list[Result]
    near: list[Item]
    previous: str
    next: str


def show_search(request: Request) -> Response:
    """The results."""
    catalog = catalog_of(request)
    view = catalog.view
    text = request.query_params.get("q", "").strip()[:_MAX_TEXT]
    given = request.query_params.get("offset", "")
    offset = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    found = catalog.search(text, limit=_LIMIT, offset=offset) if text else None
    hits = found.hits if found else []
    total = found.total if found else 0
    results = []
    for hit in hits:
        item = describe(view, hit.ref, hit.entity)
        title, body = hit.highlights.get("title", item.label), hit.highlights.get("text", item.description)
        results.append(Result(item, title, body, owner_of(view, hit.ref)))
    asked = {"q": text}
    page = Results(
        title=f"Search: {text}" if text else "Search",
        section="search",
        query=text,
        crumbs=[Crumb("Search")],
        twin=with_query("/api/search/query", {"term": text[:100]}),
        total=total,
        first=offset + 1,
        results=results,
        near=find_near(view, text) if text and not hits else [],
        previous=with_query("/search", asked, offset=str(max(0, offset - _LIMIT) or "")) if offset else "",
        next=with_query("/search", asked, offset=str(offset + _LIMIT)) if offset + _LIMIT < total else "",
    )
    return render(request, "pages/search.html", page)
