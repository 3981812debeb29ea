"""`/search`: what a question finds, best first, with facets that extend it; without one, how to ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.catalog import Catalog
from catalog.lookup import MAX_TEXT, Reason
from catalog.view import View
from web.asking import KEYS, Key, Mistake, Question, parse_question
from web.asking.keys import CHOICES
from web.excerpts import Found, Marker
from web.hits import Facet, Hits, Part, count_facets, find_hits, list_parts, loosen, mend, point_at
from web.names import Item, describe, find_near, owner_of
from web.oncall.former import look_up_text
from web.render import Crumb, Page, catalog_of, render, strip_markdown
from web.urls import read_number, with_query

_LIMIT = 25
_MOST_WORDS = 3
_MOST_KNOWN = 6


@dataclass(frozen=True, slots=True)
class Result:
    """One hit; title, text and the values found carry the search's marks around what was found."""

    item: Item
    title: str
    text: str
    owner: Item | None
    found: list[Found]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the question: what is wrong or odd, the place with carets under it, and the question mended."""

    message: str
    hint: str
    place: str
    carets: str
    mended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Results(Page):
    """One page of hits, and everything that leads on from it."""

    total: int
    is_capped: bool
    first: int
    results: list[Result]
    errors: list[Remark]
    notes: list[Remark]
    parts: list[Part]
    facets: list[Facet]
    corrected: Mapping[str, Sequence[str]]
    looser: list[Part]
    near: list[Item]
    known_by: list[tuple[Item, Reason]]
    keys: Sequence[Key]
    choices: Mapping[str, Mapping[str, str]]
    previous: str
    next: str


def show_search(request: Request) -> Response:
    """The results; Backstage's own address of a search leads to them."""
    params = request.query_params
    if "q" not in params and (bookmark := params.get("query", "")):
        return RedirectResponse(with_query("/search", {"q": bookmark}))
    catalog = catalog_of(request)
    view = catalog.view
    question = parse_question(params.get("q", ""))
    offset = read_number(params.get("offset", ""))
    hits = find_hits(catalog, question) if question.text else Hits()
    refs = hits.page(view, offset, _LIMIT)
    total, asked = len(hits.nodes), {"q": question.text}
    page = Results(
        title=f"Search: {question.text}" if question.text else "Search",
        section="search",
        query=question.text,
        crumbs=[Crumb("Search")],
        twin=with_query("/api/find", asked, offset=str(offset or "")) if question.text else "",
        total=total,
        is_capped=hits.is_capped,
        first=offset + 1,
        results=_list_results(view, question, hits, refs),
        errors=_remarks(question, question.errors),
        notes=_remarks(question, question.notes(view)),
        parts=list_parts(question) if question.terms else [],
        facets=count_facets(view, question, hits),
        corrected=hits.corrected,
        looser=[] if total or not question.text else loosen(catalog, question),
        near=_find_near(view, question.words) if question.words and not total else [],
        known_by=[] if total or question.errors or question.terms else _look_up(catalog, question.text),
        keys=list(KEYS.values()),
        choices=CHOICES,
        previous=with_query("/search", asked, offset=str(max(0, offset - _LIMIT) or "")) if offset else "",
        next=with_query("/search", asked, offset=str(offset + _LIMIT)) if offset + _LIMIT < total else "",
    )
    return render(request, "pages/search.html", page)


def _find_near(view: View, words: str) -> list[Item]:
    """Names near to the words, or else to one of them: in a sentence, the longest is likely what it is about."""
    longest = sorted(dict.fromkeys(words.split()), key=len, reverse=True)[:_MOST_WORDS]
    return next(filter(None, (find_near(view, text) for text in (words, *longest))), [])


def _look_up(catalog: Catalog, text: str) -> list[tuple[Item, Reason]]:
    """What an address, a host or an id stands for, though no text has it as it was written, and why."""
    found = look_up_text(catalog, text[:MAX_TEXT], _MOST_KNOWN).candidates if text else ()
    return [(describe(catalog.view, one.ref), one.reasons[0]) for one in found]


def _list_results(view: View, question: Question, hits: Hits, refs: Sequence[str]) -> list[Result]:
    marker = Marker([question.words, *(word for words in hits.corrected.values() for word in words)])
    results = []
    for ref in refs:
        if (entity := view.entity(ref)) is None:
            continue
        item = describe(view, ref, entity)
        text = strip_markdown(item.description) if item.description else ""
        found = marker.find_more(entity, (item.label, item.name, text))
        results.append(Result(item, marker.mark(item.label), marker.cut(text), owner_of(view, ref), found))
    return results


def _remarks(question: Question, mistakes: Sequence[Mistake]) -> list[Remark]:
    return [Remark(one.message, one.hint, *point_at(question.text, one), mend(question, one)) for one in mistakes]
