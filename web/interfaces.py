"""APIs as the page and our API show them: what an address asks for, and the rows with providers, consumers and marks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pyroaring import BitMap

from catalog.apis import MARKS, ORDERS, Apis
from catalog.documents import Json
from catalog.query import All, TextFilter
from catalog.view import View
from web.browse.owners import find_owners
from web.names import Item, describe, owner_of
from web.urls import read_number, read_ref

KEYS: Final = {"type": "spec.type", "lifecycle": "spec.lifecycle"}
SORTS: Final = {"name": "API", "providers": "Provided by", "consumers": "Consumed by"}
_TEXT_FIELDS: Final = ("metadata.name", "metadata.title", "metadata.tags")
LIMIT, MAX_LIMIT = 50, 500
_SHOWN, _OPTIONS = 4, 100


@dataclass(frozen=True, slots=True)
class AskedApis:
    """Which APIs are wanted, and in what order; an empty text takes any. `owner` is a ref, with its child teams."""

    q: str = ""
    type: str = ""
    lifecycle: str = ""
    owner: str = ""
    mark: str = ""
    sort: str = "name"
    limit: int = LIMIT
    offset: int = 0

    def values(self) -> dict[str, str]:
        """The parameters of the address, without the place in the list."""
        texts = {name: getattr(self, name) for name in ("q", "type", "lifecycle", "owner", "mark")}
        limit = str(self.limit) if self.limit != LIMIT else ""
        return {**texts, "sort": self.sort if self.sort != "name" else "", "limit": limit}

    @property
    def narrows(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.q or self.type or self.lifecycle or self.owner or self.mark)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter, and how many APIs would be left with it."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Side:
    """Who provides, or consumes, an API: the first few, and how many in all."""

    items: list[Item]
    total: int


@dataclass(frozen=True, slots=True)
class Row:
    """One API."""

    item: Item
    type: str
    lifecycle: str
    owner: Item | None
    providers: Side
    consumers: Side
    marks: list[str]


def parse_asked(values: Mapping[str, str]) -> AskedApis:
    """What the parameters of an address ask for. What means nothing is left out."""
    texts = {name: values.get(name, "").strip() for name in ("q", "type", "lifecycle", "owner", "mark", "sort")}
    return AskedApis(
        q=texts["q"][:500],
        type=texts["type"].lower(),
        lifecycle=texts["lifecycle"].lower(),
        owner=read_ref(texts["owner"], "group") if texts["owner"] else "",
        mark=texts["mark"] if texts["mark"] in MARKS else "",
        sort=texts["sort"] if texts["sort"] in ORDERS else "name",
        limit=min(max(read_number(values.get("limit", ""), LIMIT), 1), MAX_LIMIT),
        offset=read_number(values.get("offset", "")),
    )


def find_hits(apis: Apis, asked: AskedApis, *, but: str = "") -> BitMap:
    """The APIs that are wanted, one of the questions left out."""
    view, found = apis.view, apis.all
    for name, key in KEYS.items():
        if getattr(asked, name) and name != but:
            found = found & view.column(key).equal(getattr(asked, name))
    if asked.owner and but != "owner":
        found = found & find_owners(view).whole(asked.owner)
    if asked.mark and but != "mark":
        found = found & apis.marks[asked.mark]
    if asked.q:
        found = found & view.match(All(()), TextFilter(asked.q.lower(), _TEXT_FIELDS))
    return found


def find_rows(apis: Apis, asked: AskedApis) -> tuple[list[Row], int]:
    """One page of the APIs that are wanted, and how many there are."""
    hits = find_hits(apis, asked)
    nodes = [node for node in apis.ordered(asked.sort) if node in hits]
    return [_read_row(apis, node) for node in nodes[asked.offset : asked.offset + asked.limit]], len(nodes)


def count_marks(apis: Apis, asked: AskedApis) -> list[int]:
    """How many APIs each mark would leave, in the order of `MARKS`."""
    hits = find_hits(apis, asked, but="mark")
    return [apis.marks[name].intersection_cardinality(hits) for name in MARKS]


def count_choices(apis: Apis, asked: AskedApis, name: str) -> list[Choice]:
    """The values of one filter, each counted under the others; the most frequent ones where there are very many."""
    hits, chosen = find_hits(apis, asked, but=name), getattr(asked, name)
    if name == "owner":
        counts = find_owners(apis.view).counts(hits, direct=False)
    else:
        counts = apis.view.column(KEYS[name]).folded_counts(hits)
    if chosen:
        counts.setdefault(chosen, 0)
    common = sorted(counts, key=lambda value: (value != chosen, -counts[value], value))[:_OPTIONS]
    choices = [Choice(one, _label(apis.view, name, one), counts[one], one == chosen) for one in common]
    return sorted(choices, key=lambda one: one.label.lower())


def _label(view: View, name: str, value: str) -> str:
    return describe(view, value).label if name == "owner" else value


def _read_row(apis: Apis, node: int) -> Row:
    view, ref = apis.view, apis.edges.refs[node]
    entity = view.entity(ref)
    lifecycle = ((entity or {}).get("spec") or {}).get("lifecycle")
    item = describe(view, ref, entity)
    return Row(
        item=item,
        type=item.note,
        lifecycle=lifecycle if isinstance(lifecycle, str) else "",
        owner=owner_of(view, ref),
        providers=_side(apis, apis.providers[node]),
        consumers=_side(apis, apis.consumers[node]),
        marks=[name for name, nodes in apis.marks.items() if node in nodes],
    )


def _side(apis: Apis, nodes: list[int]) -> Side:
    return Side([describe(apis.view, apis.edges.refs[node]) for node in nodes[:_SHOWN]], len(nodes))


def row_json(apis: Apis, row: Row) -> dict[str, Json]:
    """An API as our API gives it, with everybody on both sides."""
    node, refs = apis.edges.nodes[row.item.ref], apis.edges.refs
    return {
        "ref": row.item.ref,
        "title": row.item.label,
        "type": row.type,
        "lifecycle": row.lifecycle,
        "owner": row.owner.ref if row.owner is not None else None,
        "providers": [refs[one] for one in apis.providers[node]],
        "consumers": [refs[one] for one in apis.consumers[node]],
        "marks": row.marks,
    }
