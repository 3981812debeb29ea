"""Every API with who provides and who consumes it, and what is odd about it: unused, undocumented, deprecated but consumed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pyroaring import BitMap

from catalog.derived import once_a_view
from catalog.facts import DEFINED, DESCRIBED, find_facts
from catalog.view import View


@dataclass(frozen=True, slots=True)
class Mark:
    """Something odd about an API: what to call it, and what that means."""

    label: str
    meaning: str


MARKS: Final[dict[str, Mark]] = {
    "unused": Mark("Unused", "No component says that it consumes it."),
    "unprovided": Mark("No provider", "No component says that it provides it."),
    "undocumented": Mark(
        "Undocumented", "It has no description, or its definition is empty or stands for one to come."
    ),
    "deprecated-consumed": Mark("Deprecated, still consumed", "It is on its way out, and components consume it."),
}
"""By name, in the order in which they are shown."""

ORDERS: Final = ("name", "providers", "consumers")


class Apis:
    """The APIs of one view, as nodes; marks and orders are made once."""

    def __init__(self, view: View) -> None:
        self.view, self.edges = view, view.edges
        self.all = view.column("kind").equal("api")
        self.providers = self._others("apiProvidedBy")
        self.consumers = self._others("apiConsumedBy")
        facts, deprecated = find_facts(view), view.column("spec.lifecycle").equal("deprecated")
        consumed = BitMap([node for node, found in self.consumers.items() if found])
        self.marks: dict[str, BitMap] = {
            "unused": self.all - consumed,
            "unprovided": self.all - BitMap([node for node, found in self.providers.items() if found]),
            "undocumented": self.all - (facts.have(DESCRIBED) & facts.have(DEFINED)),
            "deprecated-consumed": self.all & deprecated & consumed,
        }
        self._orders: dict[str, list[int]] = {}

    def _others(self, relation: str) -> dict[int, list[int]]:
        """By API, the live nodes at the other end of a relation, by ref."""
        types, refs, live = frozenset({relation}), self.edges.refs, self.view.live
        return {
            node: sorted({other for _, other in self.edges.targets(node, types) if other in live}, key=refs.__getitem__)
            for node in self.all
        }

    def ordered(self, order: str) -> list[int]:
        """All APIs by name, or by how many provide or consume them, those with most first."""
        found = self._orders.get(order)
        if found is None:
            refs = self.edges.refs
            found = sorted(self.all, key=lambda node: (refs[node].rpartition("/")[2], refs[node]))
            counted: dict[str, Callable[[int], int]] = {
                "providers": lambda node: -len(self.providers[node]),
                "consumers": lambda node: -len(self.consumers[node]),
            }
            if order in counted:
                found.sort(key=counted[order])
            self._orders[order] = found
        return found


@once_a_view
def find_apis(view: View) -> Apis:
    """The APIs of a view."""
    return Apis(view)
