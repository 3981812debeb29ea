"""What the address of the table asks for, as a value; and addresses that ask for something else. The address is the state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from web.urls import read_number, read_ref

PAGE = "/catalog"
LIMITS = (25, 50, 100)
MAX_REFS = 250
_MAX_VALUES = 50
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow the table. `key` is the column of the view that it counts, "" for what no entity says itself.

    `ref_kind` is the kind that a value without one means, "" where values are no refs; `relation` is what leads to them.
    """

    label: str
    key: str = ""
    ref_kind: str = ""
    relation: str = ""


FACETS = {
    "kind": Facet("Kind", "kind"),
    "type": Facet("Type", "spec.type"),
    "lifecycle": Facet("Lifecycle", "spec.lifecycle"),
    "owner": Facet("Owner", "relations.ownedby", "group", "ownedBy"),
    "system": Facet("Part of", "relations.partof", "system", "partOf"),
    "tag": Facet("Tag", "metadata.tags"),
    "namespace": Facet("Namespace", "metadata.namespace"),
    "problem": Facet("Problems"),
}
"""By parameter of the address. Of one several values are alternatives; different ones all have to hold."""

NOWHERE = {"after": "", "before": "", "offset": 0}
"""What is asked where the rows are others, so that a place in the old ones means nothing: the first page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One address of the table. `after` and `before` are cursors; `offset` counts rows, for who writes addresses by hand."""

    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    q: str = ""
    refs: tuple[str, ...] = ()
    direct: bool = False
    sort: str = ""
    columns: tuple[str, ...] = ()
    limit: int = LIMITS[0]
    after: str = ""
    before: str = ""
    offset: int = 0
    pick: bool = False

    @property
    def kind(self) -> str:
        """The one kind that is asked for, in lower case; "" for none or several."""
        kinds = self.facets.get("kind", ())
        return kinds[0] if len(kinds) == 1 else ""

    @property
    def narrows(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.q or self.refs or self.facets)

    def change(self, **changes: Any) -> "Asked":
        """The same but for some fields, from the first page on."""
        return replace(self, **{**NOWHERE, **changes})

    def choose(self, name: str, values: Iterable[str] = ()) -> "Asked":
        """The same with other values for one facet."""
        chosen = tuple(values)
        facets = {key: found for key, found in self.facets.items() if key != name}
        return self.change(facets={**facets, name: chosen} if chosen else facets)

    def drop(self, name: str) -> "Asked":
        """The same without one filter: a facet, `q` or `ref`."""
        match name:
            case "q":
                return self.change(q="")
            case "ref":
                return self.change(refs=())
        return self.choose(name)

    def pairs(self, *without: str) -> list[tuple[str, str]]:
        """The parameters of the address in one order, some left out, for links and the hidden fields of forms."""
        found = [(name, value) for name in FACETS for value in self.facets.get(name, ())]
        found += [("ref", ref) for ref in self.refs]
        found += [("q", self.q), ("direct", "1" if self.direct else ""), ("sort", self.sort)]
        found += [("columns", ",".join(self.columns)), ("limit", str(self.limit) if self.limit != LIMITS[0] else "")]
        found += [("pick", "1" if self.pick else "")]
        found += [("after", self.after), ("before", self.before), ("offset", str(self.offset or ""))]
        return [(name, value) for name, value in found if value and name not in without]

    def href(self, path: str = PAGE, **more: str) -> str:
        """The address."""
        found = urlencode([*self.pairs(), *more.items()], safe=":/,")
        return f"{path}?{found}" if found else path


def read_asked(pairs: Iterable[tuple[str, str]]) -> Asked:
    """What parameters ask for. Never raises: what means nothing is left out, as a table is more use than an error."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if cleaned := value.strip():
            given.setdefault(name, []).append(cleaned)
    facets = {name: _read_values(facet, given.get(name, ())) for name, facet in FACETS.items()}
    single = {name: values[-1] for name, values in given.items()}
    return Asked(
        facets={name: values for name, values in facets.items() if values},
        q=single.get("q", "")[:_MAX_TEXT],
        refs=tuple(dict.fromkeys(ref.lower() for ref in given.get("ref", ())))[:MAX_REFS],
        direct=single.get("direct") == "1",
        sort=single.get("sort", ""),
        columns=tuple(dict.fromkeys(name for value in given.get("columns", ()) for name in value.split(",") if name)),
        limit=min(max(read_number(single.get("limit", ""), LIMITS[0]), 1), LIMITS[-1]),
        after=single.get("after", ""),
        before=single.get("before", ""),
        offset=read_number(single.get("offset", "")),
        pick=single.get("pick") == "1",
    )


def _read_values(facet: Facet, values: Iterable[str]) -> tuple[str, ...]:
    found = (read_ref(value, facet.ref_kind) if facet.ref_kind else value.lower() for value in values)
    return tuple(dict.fromkeys(found))[:_MAX_VALUES]
