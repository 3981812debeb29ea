"""What an address narrows the catalog to: one bitmap a filter, so that a facet is counted under all the others."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from heapq import nlargest
from typing import TypeVar

from pyroaring import BitMap

from catalog.catalog import Catalog
from catalog.derived import once_a_view
from catalog.query import OneOf
from catalog.view import View
from web.browse.asked import FACETS, Asked
from web.browse.owners import find_owners

PROBLEMS = ("error", "warning", "none")
_KEPT = 512
_FEW = 1_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Count:
    """One value of a facet, in its own spelling, and how many entities would be left with it."""

    value: str
    spelling: str
    count: int


class Narrowing:
    """The entities that an address asks for, filter by filter. Bitmaps belong to the view: they are not to be altered."""

    def __init__(self, catalog: Catalog, view: View, asked: Asked, text: BitMap | None = None) -> None:
        self.view, self.asked, self._catalog = view, asked, catalog
        self._kept = _answers(view)
        self.parts = {name: self._find(name, values) for name, values in asked.facets.items()}
        if asked.refs:
            nodes = (view.edges.nodes.get(ref) for ref in asked.refs)
            self.parts["ref"] = BitMap([node for node in nodes if node is not None])
        if text is not None:
            self.parts["q"] = text
        self.hits = self.without()

    def without(self, *names: str) -> BitMap:
        """What is left where some of the filters are dropped."""
        parts = sorted((part for name, part in self.parts.items() if name not in names), key=len)
        return BitMap.intersection(*parts, self.view.live) if parts else self.view.live

    def _find(self, name: str, values: tuple[str, ...]) -> BitMap:
        if name == "owner":
            direct = self.asked.direct
            return self._keep((name, values, direct), lambda: find_owners(self.view).find(values, direct=direct))
        if name == "problem":
            found = self.problems()
            return BitMap.union(BitMap(), *(found[value] for value in values if value in found))
        return self.view.match(OneOf(FACETS[name].key, values))

    def problems(self) -> dict[str, BitMap]:
        """The entities that have an error, have a warning, have neither."""
        return self._keep("problems", lambda: _sort_by_problem(self._catalog, self.view))

    def count(self, name: str) -> dict[str, int]:
        """How many entities each value of a facet would leave, in lower case; without those that would leave none."""
        others = tuple((key, values) for key, values in self.asked.facets.items() if key != name)
        question = ("count", name, others, self.asked.refs, self.asked.q, self.asked.direct)
        return self._keep(question, lambda: self._count(name, self.without(name)))

    def _count(self, name: str, among: BitMap) -> dict[str, int]:
        if name == "problem":
            counted = {value: found.intersection_cardinality(among) for value, found in self.problems().items()}
            return {value: count for value, count in counted.items() if count}
        if name == "owner":
            return find_owners(self.view).counts(among, direct=self.asked.direct)
        if FACETS[name].ref_kind and len(among) < _FEW:
            return self._count_targets(name, among)
        column = self.view.column(FACETS[name].key)
        count = column.counts if FACETS[name].ref_kind else column.folded_counts  # refs are in lower case already
        return count(None if among is self.view.live else among)

    def _count_targets(self, name: str, among: BitMap) -> dict[str, int]:
        """The same from the side of the entities, which is quicker where they are fewer than the values."""
        edges, types = self.view.edges, frozenset((FACETS[name].relation,))
        return Counter(
            edges.refs[target] for node in among for target in {one for _, one in edges.targets(node, types)}
        )

    def common(self, name: str, limit: int) -> tuple[list[Count], int]:
        """The values of a facet that leave most, those chosen among them in any case; and how many more there are."""
        counts = self.count(name)
        shown = sorted(
            nlargest(limit, counts, key=lambda value: (counts[value], value)), key=lambda one: (-counts[one], one)
        )
        shown += [value for value in self.asked.facets.get(name, ()) if value not in shown]
        return [Count(value, self._spell(name, value), counts.get(value, 0)) for value in shown], len(
            counts.keys() - shown
        )

    def _spell(self, name: str, value: str) -> str:
        """A value as files write it: in lower case where any does."""
        column = self.view.column(key) if (key := FACETS[name].key) else None
        return value if column is None or value in column.postings else column.folds.get(value, (value,))[0]

    def _keep(self, question: object, answer: Callable[[], T]) -> T:
        """An answer that is the same for as long as the view is."""
        found: T | None = self._kept.get(question)  # type: ignore[assignment]
        if found is None:
            found = answer()
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[question] = found
        return found


@once_a_view
def _answers(view: View) -> dict[object, object]:
    """What was asked of a view, and the answers."""
    return {}


def _sort_by_problem(catalog: Catalog, view: View) -> dict[str, BitMap]:
    nodes = view.edges.nodes
    broken, doubtful = (
        BitMap([nodes[one.ref] for one in catalog.problems if str(one.severity) == severity and one.ref in nodes])
        for severity in PROBLEMS[:2]
    )
    return {"error": broken & view.live, "warning": doubtful & view.live, "none": view.live - broken - doubtful}
