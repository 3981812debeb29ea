"""Browsing the catalog: what an address of the table asks for, and one page of it found. For the page and for the API.

It reads a view; it knows neither templates nor requests.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

import orjson

from catalog.catalog import Catalog
from web.asking import Mistake, Question, parse_question
from web.browse.asked import Asked
from web.browse.columns import Row, choose_columns
from web.browse.narrowing import Narrowing
from web.browse.ordering import Slice, cut_page, find_order


class Browse:
    """The answer to one address, of one view; parts that are not asked for are not worked out."""

    def __init__(self, catalog: Catalog, asked: Asked) -> None:
        self.catalog, self.view, self.asked = catalog, catalog.view, asked
        self.question: Question = parse_question(asked.q)
        self.columns = choose_columns(asked.kind, asked.columns)
        text = self.view.match(self.question.filter(self.view)) if asked.q else None
        self.narrowing = Narrowing(catalog, self.view, asked, text)

    @property
    def total(self) -> int:
        """How many entities are asked for."""
        return len(self.narrowing.hits)

    @cached_property
    def page(self) -> Slice:
        """The rows of one page."""
        asked = self.asked
        return cut_page(
            find_order(self.view, asked.sort),
            self.narrowing.hits,
            limit=asked.limit,
            after=asked.after,
            before=asked.before,
            offset=asked.offset,
        )

    def all_nodes(self) -> Iterator[int]:
        """Every row's node, in order."""
        ordered = find_order(self.view, self.asked.sort)
        return (ordered.nodes[place] for place in ordered.pick(self.narrowing.hits))

    def rows(self, nodes: Iterable[int]) -> Iterator[Row]:
        """The rows of some nodes."""
        refs = self.view.edges.refs
        for node in nodes:
            yield Row(self.catalog, self.view, node, refs[node], orjson.loads(self.view.get(refs[node]) or b""))

    @cached_property
    def remarks(self) -> list[Mistake]:
        """What of the question could not be read, or has values that nothing has."""
        return [*self.question.errors, *self.question.notes(self.view)] if self.asked.q else []
