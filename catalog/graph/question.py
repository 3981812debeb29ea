"""What a reader may ask the graph, as a plain value, and which relation types lead to what is needed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from catalog.graph.walk import Direction
from catalog.relations import RELATION_TYPES

Grouping = Literal["", "system", "domain", "team"]
NEEDS: Final[dict[str, str]] = {
    "dependsOn": "dependsOn",
    "consumesApi": "consumesApi",
    "providesApi": "apiProvidedBy",
    "partOf": "partOf",
    "ownedBy": "ownedBy",
    "memberOf": "memberOf",
    "childOf": "childOf",
}
"""By relation, the type that leads from what needs to what is needed: an API needs whoever provides it."""
DEPENDENCIES: Final = ("dependsOn", "providesApi", "consumesApi")
PEOPLE: Final = ("group", "user", "location", "template", "domain")
"""The kinds that a map of everything leaves out: they hang together by other relations."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a reader wants to see. Without roots it is everything; with `target`, the shortest ways from the roots to it.

    `direction` is what the roots need (`out`), what needs them (`in`) or both, each followed `depth` steps (None: all).
    Entities of the `hidden` kinds (lower case) are left out, and what they join is joined by an implied link instead.
    `rollup` merges entities into their system, domain or team. What does not fit `limit` is folded by `fold`, except for
    what is `opened`.
    """

    roots: tuple[str, ...] = ()
    target: str = ""
    direction: Direction = "both"
    depth: int | None = 2
    relations: tuple[str, ...] = DEPENDENCIES
    hidden: frozenset[str] = frozenset()
    rollup: Grouping = ""
    fold: str = "system"
    opened: tuple[str, ...] = ()
    limit: int = 80


def need_types(relations: Iterable[str], direction: Direction = "out") -> frozenset[str]:
    """The types to follow for the relations: towards what is needed, away from it, or both."""
    forward = {NEEDS[name if name in NEEDS else RELATION_TYPES[name]] for name in relations}
    backward = {RELATION_TYPES[name] for name in forward}
    return frozenset({"out": forward, "in": backward, "both": forward | backward}[direction])
