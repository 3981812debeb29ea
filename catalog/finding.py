"""What a text finds: entities by name at once, then those that only mention it; one page, with the words marked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from catalog.documents import Json
from catalog.names import find_names, split_words
from catalog.query import Predicate
from catalog.view import View

MARKS = ("\ue000", "\ue001")  # private use: nothing a catalog file says is taken for a mark
_MARKED = rf"{MARKS[0]}\g<0>{MARKS[1]}"


@dataclass(frozen=True, slots=True)
class Hit:
    """One entity found; `highlights` are its texts with the matched words between the two marks."""

    ref: str
    entity: dict[str, Json]
    highlights: dict[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of search hits, best first, and how many there are in all."""

    hits: list[Hit]
    total: int


def find(
    view: View, find_text: Callable[..., list[str]], text: str, limit: int, offset: int, predicate: Predicate
) -> Found:
    """A page of the entities that match the predicate and have all words; without words, all that match.

    `find_text` asks the index, as `Catalog.find_text`.
    """
    among, found, end = view.match(predicate), split_words(text), offset + limit
    refs = view.edges.refs
    if found:
        named = find_names(view, text, among, most=end)
        # One word in a name is found there, whatever the index says; of several, some may be in the name, some in the text.
        told = find_text(text, in_names=len(found) > 1)
        hits = [node for ref in told if (node := view.edges.nodes.get(ref)) is not None]
        rest = (BitMap(hits) & among) - named.ranked
        best, total = named.refs, len(named.ranked) + len(rest)
        if len(best) < end:
            best = [*best, *(refs[node] for node in hits if node in rest)]
    else:
        best, total = [refs[node] for node in among[:end]], len(among)
    pattern = _match_any(found)
    page = [(ref, entity) for ref in best[offset:end] if (entity := view.entity(ref)) is not None]
    return Found([Hit(ref, entity, _highlight(entity, pattern)) for ref, entity in page], total)


def _match_any(found: Sequence[str]) -> re.Pattern[str] | None:
    """What matches any of the words, the longest first; None where there are none."""
    longest = sorted(found, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)), re.IGNORECASE) if found else None


def _highlight(entity: dict[str, Json], pattern: re.Pattern[str] | None) -> dict[str, str]:
    """The entity's title and description with what matched between the marks; only those with a match."""
    if pattern is None:
        return {}
    metadata = entity["metadata"]
    texts = {"title": metadata.get("title") or metadata["name"], "text": metadata.get("description") or ""}
    return {name: pattern.sub(_MARKED, text) for name, text in texts.items() if pattern.search(text)}
