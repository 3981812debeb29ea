"""What may be meant by a question that is not typed to its end: keys, their values, entities by name, and pages."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice
from typing import Final, Literal

from pyroaring import BitMap

from catalog.annotations import ANNOTATIONS
from catalog.names import begin_with, correct_words, find_inside, find_names
from catalog.view import View
from web.asking import KEYS, Key, format_value, parse_question
from web.asking.keys import CHOICES, find_key
from web.names import describe, shorten_ref, spell_kind

Kind = Literal["entity", "key", "value", "page"]
PAGES: Final = (
    ("Overview", "/"),
    ("Catalog", "/catalog"),
    ("Teams", "/teams"),
    ("APIs", "/apis"),
    ("Graph", "/graph"),
    ("On call", "/oncall"),
    ("Quality", "/quality"),
    ("Problems", "/problems"),
    ("Sources", "/sources"),
    ("Check a file", "/check"),
    ("API reference", "/docs"),
    ("How to ask", "/search"),
)
_LAST: Final = re.compile(r'(?:^|(?<=\s))-?(?P<word>(?:[^\s"]|"[^"]*"?)*)$')
_TERM: Final = re.compile(r"(?P<key>[A-Za-z][\w-]*)(?P<operator>[:=])(?P<before>.*,)?(?P<value>[^,]*)$")
_CONSIDERED: Final = 2_000
_KEYS_SHOWN: Final = 3
_RANKED: Final = 50


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to choose: `text` is the whole question with it; `href` is where it leads at once, "" where it does not."""

    kind: Kind
    text: str
    label: str
    note: str = ""
    href: str = ""


def suggest(view: View, text: str, limit: int) -> list[Suggestion]:
    """The best suggestions for a text whose last word may be half typed; pages where nothing is typed."""
    last = _LAST.search(text)
    word = last["word"] if last else ""
    head = text[: len(text) - len(word)]
    if (term := _TERM.match(word)) and (key := find_key(term["key"])):
        return list(islice(_suggest_values(view, head, term, key), limit))
    keys = list(islice(_suggest_keys(head, word), _KEYS_SHOWN)) if word else []
    pages = [Suggestion("page", text, label, "page", href) for label, href in PAGES if _is_page(label, text)]
    entities = list(_suggest_entities(view, text, limit)) if text.strip() else []
    return [*entities[: max(1, limit - len(keys) - len(pages))], *keys, *pages][:limit]


def _is_page(label: str, text: str) -> bool:
    return label.lower().startswith(text.strip().lower())


def _suggest_keys(head: str, word: str) -> Iterator[Suggestion]:
    for key in KEYS.values():
        if key.name.startswith(word.lower()):
            yield Suggestion("key", f"{head}{key.name}:", f"{key.name}:", key.about.partition(";")[0].rstrip("."))


def _suggest_entities(view: View, text: str, limit: int) -> Iterator[Suggestion]:
    question = parse_question(text)
    words = question.words.lower()
    if not words:
        return
    among = view.match(question.predicate(view)) if question.terms else view.live
    for node in _name_nodes(view, words, among, limit):
        item = describe(view, view.edges.refs[node])
        note = f"{item.kind} · {item.note}" if item.note else item.kind
        shown = item.label if item.label.lower() == item.name else f"{item.label} ({item.name})"
        yield Suggestion("entity", item.name, shown, note, item.href)


def _name_nodes(view: View, words: str, among: BitMap, limit: int) -> list[int]:
    """Nodes by name: those that begin so, else those with it inside, else with every word, else with words near to them."""
    found = dict.fromkeys(
        islice((node for node in islice(begin_with(view, words), _CONSIDERED) if node in among), limit)
    )
    if len(found) < limit and len(words) > 1:
        inside = (node for node in find_inside(view, words, limit * 4) if node in among)
        found |= dict.fromkeys(islice(inside, limit - len(found)))
    if not found:
        texts = [words] if " " in words or "-" in words else []
        near = correct_words(view, words)
        texts += [" ".join(near.get(word, [word])[0] for word in words.split())] if near else []
        nodes = view.edges.nodes
        found = dict.fromkeys(nodes[ref] for text in texts for ref in find_names(view, text, among).refs[:limit])
    return list(found)[:limit]


def _suggest_values(view: View, head: str, term: re.Match[str], key: Key) -> Iterator[Suggestion]:
    """Values of the key that begin with what is typed, the most frequent first; then those that have it inside."""
    partial = term["value"].strip('"').lower()
    before = f"{head}{term['key']}{term['operator']}{term['before'] or ''}"
    for value, label, note in _list_values(view, key, partial):
        yield Suggestion("value", before + format_value(value), label, note)


def _list_values(view: View, key: Key, partial: str) -> Iterable[tuple[str, str, str]]:
    """Values with their labels and notes."""
    if key.name in CHOICES:
        found = [(value, value, about) for value, about in CHOICES[key.name].items() if value.startswith(partial)]
        return found or [(value, value, about) for value, about in CHOICES[key.name].items()]
    if key.name == "annotation":
        return _list_annotations(view, partial)
    if key.how == "ref":
        return _list_refs(view, key, partial)
    if key.how == "self":
        names = begin_with(view, partial.rpartition("/")[2].rpartition(":")[2])
        refs = (view.edges.refs[node] for node in islice(names, 20))
        return [(ref, ref, describe(view, ref).label) for ref in refs]
    if key.how != "value":
        return []
    counted = _rank(view, key.column, partial, 0)
    return [(value, spell_kind(value) if key.name == "kind" else value, str(count)) for value, count in counted]


def _list_annotations(view: View, partial: str) -> list[tuple[str, str, str]]:
    name, equals, value = partial.partition("=")
    if equals:
        counted = _rank(view, f"metadata.annotations.{name}", value, 0)
        return [(f"{name}={found}", found, str(count)) for found, count in counted]
    known = [one for one in ANNOTATIONS.values() if partial in one.key.lower() and not one.is_secret]
    return [(one.key, one.key, one.label) for one in known]


def _list_refs(view: View, key: Key, partial: str) -> list[tuple[str, str, str]]:
    """What the relation leads to, the most named first; the name is compared, for that is what people know."""
    name = partial.rpartition("/")[2].rpartition(":")[2]
    counted = [(ref, count) for ref, count in _rank(view, key.column, name, 1) if ref.startswith(key.kinds or "")]
    found = []
    for ref, count in counted[:20]:
        short, item = shorten_ref(ref, key.kinds), describe(view, ref)
        what = item.label if item.label.lower() != item.name else item.kind
        found.append((short, short, f"{what} · {count}"))
    return found


def _rank(view: View, column: str, partial: str, is_ref: int) -> list[tuple[str, int]]:
    """A column's values with `partial` in them, or in the name of the ref that they are: beginnings, then the frequent."""
    postings = view.column(column).postings
    start = f"/{partial}" if is_ref else partial
    inside = [value for value in postings if partial in value.lower()] if partial else list(postings)
    ranked = []
    for value in inside:
        posting = postings[value]
        count = 1 if isinstance(posting, int) else len(posting)
        low = value.lower()
        begins = start in low if is_ref else low.startswith(start)
        if begins or partial in low.rpartition("/")[2]:
            ranked.append((not begins, -count, value))
    return [(value, -count) for _, count, value in nsmallest(_RANKED, ranked)]
