"""What a question finds: entities best first, how many of each kind, type, owner and lifecycle, and what to loosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

import orjson
from pyroaring import BitMap

from catalog.catalog import MAX_FOUND, Catalog
from catalog.documents import Json
from catalog.names import Named, correct_words, find_names, split_words
from catalog.query import Order, Predicate, Query
from catalog.view import View
from web.asking import Mistake, Phrase, Question, Term, parse_question
from web.names import describe, shorten_ref, spell_kind

FACETS: Final = {
    "kind": ("Kind", "kind"),
    "type": ("Type", "spec.type"),
    "owner": ("Owner", "relations.ownedby"),
    "lifecycle": ("Lifecycle", "spec.lifecycle"),
}
"""By key of the query language: the label, and the column that is counted."""
_OPTIONS: Final = 30
_MOST_TEXTS: Final = 9
_MOST_PARTS: Final = 8  # each is a search of its own
_MOST_CHECKED: Final = 5_000
_BEFORE: Final = 14
_AROUND: Final = 38  # letters that a phone's screen has room for


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet, how many hits have it, and the question with it."""

    value: str
    label: str
    count: int
    query: str


@dataclass(frozen=True, slots=True)
class Facet:
    """The most frequent values among the hits; `more` says how many others there are."""

    key: str
    label: str
    options: list[Option]
    more: int


@dataclass(frozen=True, slots=True)
class Hits:
    """All that a question finds. `first` are the best; `nodes` has all. `is_capped`: the index may know of more.

    `corrected` has, by mistyped word, the words that were looked for instead. Without words nothing is better than the
    rest, and `predicate` alone says which they are.
    """

    nodes: BitMap = field(default_factory=BitMap)
    first: list[str] = field(default_factory=list)
    is_capped: bool = False
    corrected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    predicate: Predicate | None = None

    def page(self, view: View, offset: int, limit: int) -> list[str]:
        """The refs of one page: the ranked ones, then the others by name."""
        if self.predicate is not None:
            page = view.page(Query(self.predicate, None, Order("metadata.name"), limit, offset))
            return [ref_of(orjson.loads(body)) for body in page.bodies]
        if offset + limit <= len(self.first) or len(self.first) == len(self.nodes):
            return self.first[offset : offset + limit]
        nodes = view.edges.nodes
        order = view.ordered(Order("metadata.name"))
        rest = order.pick(self.nodes - BitMap(nodes[ref] for ref in self.first), everything=False)
        start = max(0, offset - len(self.first))
        first = self.first[offset : offset + limit]
        places = rest[start : start + limit - len(first)]
        return first + [view.edges.refs[order.nodes[place]] for place in places]


def ref_of(entity: Mapping[str, Json]) -> str:
    """The canonical ref of a served entity."""
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower()


def find_hits(catalog: Catalog, question: Question) -> Hits:
    """Ask a question: by names from the view, then by full text, and where neither has a word, by near words."""
    view = catalog.view
    predicate = question.predicate(view)
    among = view.match(predicate)
    words = question.words
    if not words:
        return Hits(among, predicate=predicate)
    hits = _find_words(catalog, view, [words], among, question)
    if hits.nodes or not (corrected := correct_words(view, words)):
        return hits
    near = _find_words(catalog, view, _correct(words, corrected), among, question)
    return Hits(near.nodes, near.first, near.is_capped, corrected) if near.nodes else hits


def _correct(words: str, corrected: Mapping[str, Sequence[str]]) -> list[str]:
    """The text in all its corrected forms, the likeliest first."""
    choices = [corrected.get(word, (word,))[:3] for word in split_words(words)]
    return [" ".join(one) for one, _ in zip(product(*choices), range(_MOST_TEXTS), strict=False)]


def _find_words(catalog: Catalog, view: View, texts: Sequence[str], among: BitMap, question: Question) -> Hits:
    nodes, first, is_capped = BitMap(), dict[str, None](), False
    if (ref := view.ref_of_uid(texts[0].lower())) and view.edges.nodes[ref] in among:
        first[ref] = None
        nodes.add(view.edges.nodes[ref])
    for text in texts:
        named: Named = find_names(view, text, among)
        known = view.edges.nodes
        # Where more are called so than anybody will read, those that only mention the words need not be looked for.
        found = catalog.find_text(text, in_names=False) if len(named.nodes) < MAX_FOUND else []
        hits = [ref for ref in found if (node := known.get(ref)) is not None and node in among]
        is_capped |= len(found) >= MAX_FOUND or len(named.nodes) >= MAX_FOUND
        first |= dict.fromkeys([*named.refs, *hits])
        nodes |= named.nodes | BitMap(known[ref] for ref in hits)
    if exact := [one.text.lower() for one in question.phrases if one.is_quoted and " " in one.text]:
        first = {ref: None for ref in [*first][:_MOST_CHECKED] if _has_all(view, ref, exact)}
        nodes = BitMap(view.edges.nodes[ref] for ref in first)
    return Hits(nodes, list(first), is_capped)


def _has_all(view: View, ref: str, exact: Sequence[str]) -> bool:
    """Whether the exact words stand somewhere in the entity; the index knows single words only."""
    text = (view.get(ref) or b"").decode().lower()
    return all(one in text for one in exact)


def count_facets(view: View, question: Question, hits: Hits) -> list[Facet]:
    """The facets by which the hits can be told apart; none that the question has already chosen by."""
    if not hits.nodes:
        return []
    chosen = {term.key for term in question.terms if not term.is_negated}
    facets = [_count(view, question, hits, key) for key in FACETS if key not in chosen]
    return [facet for facet in facets if len(facet.options) > 1]


def _count(view: View, question: Question, hits: Hits, key: str) -> Facet:
    label, column = FACETS[key]
    counts = view.column(column).folded_counts(hits.nodes)
    best = sorted(counts, key=lambda value: (-counts[value], value))[:_OPTIONS]
    options = [Option(value, _label(view, key, value), counts[value], _extend(question, key, value)) for value in best]
    return Facet(key, label, options, len(counts) - len(best))


def _extend(question: Question, key: str, value: str) -> str:
    """The question with a facet's value; an owner exactly, so that what is found is what was counted."""
    return (
        question.extended(key, shorten_ref(value, ("group",)), "=") if key == "owner" else question.extended(key, value)
    )


def _label(view: View, key: str, value: str) -> str:
    if key == "kind":
        return spell_kind(value)
    return describe(view, value).label if key == "owner" else value


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the question as it stands there, the question without it, and what that would find (-1: not asked)."""

    text: str
    query: str
    count: int = -1


def list_parts(question: Question) -> list[Part]:
    """Every part of a question, in its order, each with the question without it."""
    parts: list[Term | Phrase] = [*question.terms, *question.phrases]
    parts.sort(key=lambda part: part.start)
    return [Part(question.text[one.start : one.end], question.without(one)) for one in parts]


def loosen(catalog: Catalog, question: Question) -> list[Part]:
    """What each part of a question that finds nothing keeps out: the question without it, where that finds something."""
    found = []
    parts = list_parts(question)
    for part in parts[:_MOST_PARTS] if len(parts) > 1 else ():
        count = len(find_hits(catalog, parse_question(part.query)).nodes)
        if count:
            found.append(Part(part.text, part.query, count))
    return sorted(found, key=lambda part: part.count)


def point_at(text: str, mistake: Mistake) -> tuple[str, str]:
    """The part of a question around a mistake, and carets to stand under it in letters of one width."""
    start = max(0, mistake.column - _BEFORE)
    end = min(len(text), max(mistake.column + mistake.length, start + _AROUND))
    head, tail = "…" if start else "", "…" if end < len(text) else ""
    carets = " " * (mistake.column - start + len(head)) + "^" * max(1, min(mistake.length, len(text) - mistake.column))
    return head + text[start:end] + tail, carets


def mend(question: Question, mistake: Mistake) -> str:
    """The question with what could stand in a mistake's place; "" where nothing near is known."""
    if not mistake.instead:
        return ""
    return question.text[: mistake.column] + mistake.instead + question.text[mistake.column + mistake.length :]
