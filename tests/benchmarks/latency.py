"""The requests that are measured, one row a question a user's client asks, and how long their answers take.

Parameters are drawn with a fixed seed from what the server holds, so equal catalogs are asked equal questions.
"""

import collections
import json
import random
import re
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from client import Connection, Request

CATALOG = "/api/catalog"
SEARCH = "/api/search"
MOST_COMPONENTS = 2000
SECONDS_A_ROW = 60


@dataclass(frozen=True)
class Holdings:
    """What a server holds, as far as questions need it: component names, their owners, frequent words, the total."""

    names: list[str]
    owners: list[str]
    words: list[str]
    total: int


@dataclass(frozen=True)
class Row:
    """One measured question: its name, and its request for a draw of parameters."""

    name: str
    request: Callable[[Holdings, random.Random], Request]
    whole: bool = False


@dataclass
class Timing:
    """The seconds, statuses and mean size of one row's answers."""

    seconds: list[float] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    size: int = 0

    def add(self, other: "Timing") -> None:
        """Count the other's answers too."""
        self.seconds += other.seconds
        self.statuses |= other.statuses
        self.size += other.size

    @property
    def kib(self) -> float:
        """Mean size of a body."""
        return self.size / len(self.seconds) / 1024

    def milliseconds(self, share: float) -> float:
        """The time within which that share of the answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def get(path: str) -> Callable[[Holdings, random.Random], Request]:
    """A request that is always the same, below the catalog's API."""
    return lambda holdings, dice: Request("GET", CATALOG + path)


def get_middle(holdings: Holdings, dice: random.Random) -> Request:
    query = f"orderField=metadata.name,asc&limit=20&offset={holdings.total // 2}"
    return Request("GET", f"{CATALOG}/entities/by-query?{query}")


def get_matches(fields: str) -> Callable[[Holdings, random.Random], Request]:
    """A page of components that hold a word, in these fields."""
    query = f"{ORDERED_PAGE}{fields}&fullTextFilterTerm="
    return lambda holdings, dice: Request("GET", CATALOG + query + dice.choice(holdings.words))


def get_by_name(rest: str) -> Callable[[Holdings, random.Random], Request]:
    path = f"{CATALOG}/entities/by-name/component/default/"
    return lambda holdings, dice: Request("GET", path + dice.choice(holdings.names) + rest)


def get_owned(holdings: Holdings, dice: random.Random) -> Request:
    return Request("GET", f"{CATALOG}/entities?filter=spec.owner={urllib.parse.quote(dice.choice(holdings.owners))}")


def post_refs(holdings: Holdings, dice: random.Random) -> Request:
    names = dice.sample(holdings.names, min(100, len(holdings.names)))
    body = json.dumps({"entityRefs": [f"component:default/{name}" for name in names]})
    return Request("POST", f"{CATALOG}/entities/by-refs", body.encode())


def post_any(order: str) -> Callable[[Holdings, random.Random], Request]:
    """A page of what fits one of three broad conditions: most of the catalog."""
    conditions = [{"kind": "component"}, {"spec.lifecycle": {"$in": ["production", "experimental"]}}]
    either = [*conditions, {"metadata.namespace": {"$hasPrefix": "d"}}]
    body: dict[str, Any] = {"query": {"$any": either}, "limit": 20}
    if order:
        body["orderBy"] = [{"field": order, "order": "asc"}]
    return lambda holdings, dice: Request("POST", f"{CATALOG}/entities/by-query", json.dumps(body).encode())


def get_hits(holdings: Holdings, dice: random.Random) -> Request:
    return Request("GET", f"{SEARCH}/query?term={dice.choice(holdings.words)}")


PAGE = "/entities/by-query?filter=kind=component&limit=20"
ORDERED_PAGE = PAGE + "&orderField=metadata.name,asc"
ORDERED = Row("the same ordered by name", get(ORDERED_PAGE))
BY_NAME = Row("by-name", get_by_name(""))
ROWS = (
    Row("first 20 entities", get("/entities?limit=20")),
    Row("page of 20, kind=component", get(PAGE)),
    ORDERED,
    Row("offset to the middle", get_middle),
    Row("full text in name and title", get_matches("&fullTextFilterFields=metadata.name,metadata.title")),
    Row("full text in the ordered field", get_matches("")),
    Row("facets kind+type", get("/entity-facets?facet=kind&facet=spec.type")),
    Row("facets tags of components", get("/entity-facets?facet=metadata.tags&filter=kind=component")),
    Row("one owner's entities", get_owned),
    BY_NAME,
    Row("ancestry", get_by_name("/ancestry")),
    Row("by-refs, 100", post_refs),
    Row("POST, broad `$any`", post_any("")),
    Row("POST, broad ordered `$any`", post_any("metadata.name")),
    Row("search, one term", get_hits),
    Row("all entities in one answer", get("/entities"), whole=True),
)


def count_entities(connection: Connection, filters: str = "") -> int:
    """How many entities the server shows."""
    return int(connection.get(f"{CATALOG}/entities/by-query?limit=0{filters}").json()["totalItems"])


def read_holdings(connection: Connection) -> Holdings:
    """Ask the server for the first components in order of name."""
    start = f"{CATALOG}/entities/by-query?limit=500&fields=metadata.name,spec.owner"
    path = f"{start}&filter=kind=component&orderField=metadata.name,asc"
    components: list[Any] = []
    while path and len(components) < MOST_COMPONENTS:
        page = connection.get(path).json()
        components += page["items"]
        cursor = page["pageInfo"].get("nextCursor")
        path = f"{start}&cursor={urllib.parse.quote(cursor)}" if cursor else ""
    names = [component["metadata"]["name"] for component in components]
    if not names:
        raise SystemExit("error: the server holds no component\nhint: load a generated catalog first")
    owners = sorted({component["spec"]["owner"] for component in components})
    return Holdings(names, owners, frequent_words(names), count_entities(connection))


def frequent_words(names: list[str]) -> list[str]:
    """Ten words that stand in many names, but not in most: neither a hit on nothing nor on everything."""
    counts = collections.Counter(word for name in names for word in set(re.findall("[a-z]{4,}", name.lower())))
    telling = {word: count for word, count in counts.items() if count <= max(1, len(names) // 5)} or counts
    return sorted(telling, key=lambda word: (-telling[word], word))[:10] or names[:1]


def draw_requests(row: Row, holdings: Holdings, count: int, seed: int = 7) -> list[Request]:
    """The row's requests; fewer where each carries the whole catalog."""
    dice = random.Random(seed)
    if row.whole:
        count = max(3, min(20, count, 20_000 // max(1, holdings.total)))
    return [row.request(holdings, dice) for _ in range(count)]


def time_requests(connection: Connection, requests: list[Request], warm: int = 3) -> Timing:
    """Send one after the other, at most a minute; the first few once before, unmeasured."""
    timing = Timing()
    for request in requests[:warm]:
        connection.send(request)
    start = time.monotonic()
    for request in requests:
        answer = connection.send(request)
        timing.add(Timing([answer.seconds], {answer.status}, len(answer.body)))
        if time.monotonic() - start > SECONDS_A_ROW:
            break
    return timing
