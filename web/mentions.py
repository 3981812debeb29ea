"""What mentions a text that is being typed without being called so: from the index, each with the words found in it."""

import re
from dataclasses import dataclass
from typing import Final

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.finding import MARKS
from catalog.names import find_names
from web.asking import parse_question
from web.excerpts import Marker
from web.names import Item, describe

_WIDTH: Final = 90
_HIT: Final = re.compile(f"{MARKS[0]}(.*?){MARKS[1]}")


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity, and the text around the first hit in pieces: every second one, from the second on, is a hit."""

    item: Item
    pieces: list[str]


def list_mentions(catalog: Catalog, text: str, limit: int) -> list[Mention]:
    """The best first; none of those that `suggest` finds by their names."""
    view, question = catalog.view, parse_question(text)
    if not question.words:
        return []
    wanted = view.match(question.predicate(view))
    among = wanted - find_names(view, question.words, wanted).nodes
    known, marker = view.edges.nodes, Marker([question.words])
    refs = [ref for ref in catalog.find_text(question.words, in_names=False) if known.get(ref, -1) in among]
    found = ((ref, view.entity(ref)) for ref in refs[:limit])
    return [_describe(describe(view, ref, entity), entity, marker) for ref, entity in found if entity]


def _describe(item: Item, entity: dict[str, Json], marker: Marker) -> Mention:
    more = marker.find_more(entity, (item.description,))
    words = " ".join(item.description.split())
    text = marker.cut(words, _WIDTH) if marker.words_in(words) or not more else f"{more[0].label}: {more[0].value}"
    return Mention(item, _HIT.split(text))
