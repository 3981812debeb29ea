"""The columns of the table as data: what each reads of an entity, how it is shown, how it sorts, and which kinds have it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from catalog.catalog import Catalog
from catalog.columns import Posting
from catalog.documents import Json
from catalog.view import View
from web.browse.owners import find_owners
from web.urls import split_ref

Form = Literal["text", "refs", "tags", "count", "mail", "long", "targets"]
Value = str | int
Cell = str | int | list[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One entity, with what a column may need to read it."""

    catalog: Catalog
    view: View
    node: int
    ref: str
    entity: dict[str, Json]

    @property
    def spec(self) -> dict[str, Json]:
        """Its `spec`."""
        found = self.entity.get("spec")
        return found if isinstance(found, dict) else {}

    def targets(self, relation: str, kind: str = "") -> list[str]:
        """The refs that relations of a type lead to, each once; only those of a kind if one is given."""
        refs = self.view.edges.refs
        found = {refs[target] for _, target in self.view.edges.targets(self.node, frozenset((relation,)))}
        return sorted(ref for ref in found if kind in ("", split_ref(ref)[0]))


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `sort_values` is None where it cannot sort; `question` finds what a count counts, given the ref.

    `kinds` are those it says something about, in lower case; none: all.
    """

    label: str
    form: Form
    read: Callable[[Row], Cell]
    sort_values: Callable[[View], Mapping[int, Value]] | None = None
    kinds: frozenset[str] = frozenset()
    question: str = ""


def _text(name: str) -> Callable[[Row], Cell]:
    def read(row: Row) -> Cell:
        value = row.spec.get(name)
        return value if isinstance(value, str) else ""

    return read


def _targets(relation: str, kind: str = "") -> Callable[[Row], Cell]:
    return lambda row: row.targets(relation, kind)


def _owned(row: Row) -> int:
    return len(find_owners(row.view).whole(row.ref))


def _number(relation: str) -> Callable[[Row], Cell]:
    """How many relations of a type lead to something that there is, so that the count is that of the list behind it."""
    return lambda row: sum(row.view.get(ref) is not None for ref in row.targets(relation))


def _mail(row: Row) -> str:
    profile = row.spec.get("profile")
    email = profile.get("email") if isinstance(profile, dict) else None
    return email if isinstance(email, str) else ""


def _location_targets(row: Row) -> list[str]:
    spec = row.spec
    found = [spec.get("target"), *(spec.get("targets") or ())]
    return [one for one in found if isinstance(one, str)]


def _by_value(key: str) -> Callable[[View], Mapping[int, Value]]:
    """The smallest of the values at `key`, as people read a list from its start."""
    return lambda view: _firsts((value.lower(), posting) for value, posting in view.column(key).postings.items())


def _by_target(relation: str, wanted: str = "") -> Callable[[View], Mapping[int, Value]]:
    """The name of what a relation leads to; only of a kind if one is given."""

    def find(view: View) -> Mapping[int, Value]:
        postings = view.column(f"relations.{relation.lower()}").postings.items()
        return _firsts((split_ref(ref)[2], posting) for ref, posting in postings if wanted in ("", split_ref(ref)[0]))

    return find


def _firsts(postings: Iterable[tuple[str, Posting]]) -> Mapping[int, Value]:
    firsts: dict[int, Value] = {}
    for value, posting in sorted(postings, key=lambda one: one[0], reverse=True):
        firsts.update(dict.fromkeys((posting,) if isinstance(posting, int) else posting, value))
    return firsts


def _by_number(inverse: str) -> Callable[[View], Mapping[int, Value]]:
    """How many entities have a relation of the inverse type to each; none is no value, which stands last."""

    def find(view: View) -> Mapping[int, Value]:
        found: Counter[int] = Counter()
        for ref, posting in view.column(f"relations.{inverse.lower()}").postings.items():
            found[view.edges.nodes[ref]] += 1 if isinstance(posting, int) else len(posting)
        return found

    return find


def _by_owned(view: View) -> Mapping[int, Value]:
    owners = find_owners(view)
    found = {ref: len(owners.whole(ref)) for ref in owners.all}
    return {view.edges.nodes[ref]: count for ref, count in found.items() if count}


def _by_mail(view: View) -> Mapping[int, Value]:
    refs, users = view.edges.refs, view.column("kind").equal("user")
    profiles = ((node, _spec(view.get(refs[node])).get("profile")) for node in users)
    emails = ((node, profile.get("email")) for node, profile in profiles if isinstance(profile, dict))
    return {node: email.lower() for node, email in emails if isinstance(email, str) and email}


def _spec(body: bytes | None) -> dict[str, Json]:
    found = orjson.loads(body or b"{}").get("spec")
    return found if isinstance(found, dict) else {}


def _kinds(*names: str) -> frozenset[str]:
    return frozenset(names)


_OWNED = _kinds("component", "api", "resource", "system", "domain", "template")
_PARTS = _kinds("component", "api", "resource")
_WHOLES = _kinds("system", "domain", "component")
_NEEDING = _kinds("component", "resource")

COLUMNS: Mapping[str, Column] = {
    "kind": Column("Kind", "text", lambda row: str(row.entity["kind"]), _by_value("kind")),
    "type": Column("Type", "text", _text("type"), _by_value("spec.type")),
    "lifecycle": Column("Lifecycle", "text", _text("lifecycle"), _by_value("spec.lifecycle"), _PARTS),
    "owner": Column("Owner", "refs", _targets("ownedBy"), _by_target("ownedBy"), _OWNED),
    "system": Column("System", "refs", _targets("partOf", "system"), _by_target("partOf", "system"), _PARTS),
    "domain": Column(
        "Domain", "refs", _targets("partOf", "domain"), _by_target("partOf", "domain"), _kinds("system", "domain")
    ),
    "parts": Column("Parts", "count", _number("hasPart"), _by_number("partOf"), _WHOLES, "part-of:{}"),
    "providers": Column(
        "Providers", "count", _number("apiProvidedBy"), _by_number("providesApi"), _kinds("api"), "provides:{}"
    ),
    "consumers": Column(
        "Consumers", "count", _number("apiConsumedBy"), _by_number("consumesApi"), _kinds("api"), "consumes:{}"
    ),
    "provides": Column(
        "Provides", "count", _number("providesApi"), _by_number("apiProvidedBy"), _kinds("component"), "provided-by:{}"
    ),
    "consumes": Column(
        "Consumes", "count", _number("consumesApi"), _by_number("apiConsumedBy"), _kinds("component"), "consumed-by:{}"
    ),
    "needs": Column(
        "Depends on", "count", _number("dependsOn"), _by_number("dependencyOf"), _NEEDING, "dependency-of:{}"
    ),
    "needed": Column("Needed by", "count", _number("dependencyOf"), _by_number("dependsOn"), _NEEDING, "depends-on:{}"),
    "parent": Column("Parent", "refs", _targets("childOf"), _by_target("childOf"), _kinds("group")),
    "members": Column(
        "Members", "count", _number("hasMember"), _by_number("memberOf"), _kinds("group"), "member-of:{}"
    ),
    "owned": Column("Owns", "count", _owned, _by_owned, _kinds("group", "user")),
    "email": Column("E-mail", "mail", _mail, _by_mail, _kinds("user", "group")),
    "teams": Column("Teams", "refs", _targets("memberOf"), _by_target("memberOf"), _kinds("user")),
    "targets": Column("Targets", "targets", _location_targets, None, _kinds("location")),
    "tags": Column("Tags", "tags", lambda row: list(row.entity["metadata"].get("tags") or ())),
    "namespace": Column("Namespace", "text", lambda row: split_ref(row.ref)[1], _by_value("metadata.namespace")),
    "problems": Column("Problems", "count", lambda row: len(row.catalog.problems_of(row.ref))),
    "description": Column("Description", "long", lambda row: str(row.entity["metadata"].get("description") or "")),
}
"""By name in the address, in the order in which they stand. The first column, the name, is always there."""

USUAL: Mapping[str, tuple[str, ...]] = {
    "component": ("type", "lifecycle", "owner", "system", "tags", "description"),
    "api": ("type", "lifecycle", "owner", "system", "providers", "description"),
    "resource": ("type", "owner", "system", "needed", "description"),
    "system": ("owner", "domain", "parts", "description"),
    "domain": ("owner", "domain", "parts", "description"),
    "group": ("type", "parent", "members", "owned", "description"),
    "user": ("email", "teams", "description"),
    "template": ("type", "owner", "tags", "description"),
    "location": ("type", "targets"),
    "": ("kind", "type", "lifecycle", "owner", "tags", "description"),
}
"""What is shown of each kind if nothing else is chosen; "" of several."""


def list_columns(kind: str) -> list[str]:
    """The columns that say something about a kind, in lower case; "" for several: what any of them has."""
    return [name for name, one in COLUMNS.items() if not kind or not one.kinds or kind in one.kinds]


def choose_columns(kind: str, asked: Collection[str]) -> list[str]:
    """The columns to show, in their order: those asked for, or the usual ones of the kind where none of them is known."""
    known = set(asked) & COLUMNS.keys() or set(USUAL.get(kind, USUAL[""]))
    return [name for name in COLUMNS if name in known]
