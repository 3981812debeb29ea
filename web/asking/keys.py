"""The keys of the query language as a table: what each asks, by which column of the view, with an example. Only data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

How = Literal["value", "ref", "pair", "text", "choice", "uid", "self"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `how` its value is compared: with the values of `column`, with refs in it, as `key=value` below it, or in
    a way of its own. `kinds` are those that a ref without one may have (any, if empty). `within` is the relation that
    leads to what lies inside a match, which then counts too unless the term has `=`.
    """

    name: str
    about: str
    example: str
    how: How = "value"
    column: str = ""
    kinds: tuple[str, ...] = ()
    within: str = ""


_TABLE: Final = (
    Key("kind", "What it is.", "kind:component", column="kind"),
    Key("type", "Its type.", "type:service", column="spec.type"),
    Key("lifecycle", "Its lifecycle.", "-lifecycle:deprecated", column="spec.lifecycle"),
    Key("tag", "One of its tags.", "tag:go,java", column="metadata.tags"),
    Key(
        "owner", "Its owner, child teams included; `owner=`: that team only.", "owner:team-payments",
        "ref", "relations.ownedby", ("group", "user"), "parentOf",
    ),
    Key("system", "The system that it lies in.", "system:ordering", "ref", "relations.partof", ("system",), "hasPart"),
    Key("domain", "The domain it lies in, at any depth.", "domain:commerce", "ref", "relations.partof", ("domain",), "hasPart"),
    Key("depends-on", "What it depends on.", "depends-on:payments-db", "ref", "relations.dependson"),
    Key("dependency-of", "What depends on it.", "dependency-of:checkout-service", "ref", "relations.dependencyof"),
    Key("provides", "An API that it provides.", "provides:payment-api", "ref", "relations.providesapi", ("api",)),
    Key("consumes", "An API that it consumes.", "consumes:payment-api", "ref", "relations.consumesapi", ("api",)),
    Key("provided-by", "What provides this API.", "provided-by:payment-api", "ref", "relations.apiprovidedby"),
    Key("consumed-by", "What consumes this API.", "consumed-by:storefront-bff", "ref", "relations.apiconsumedby"),
    Key("part-of", "What it is directly a part of.", "part-of:payment-system", "ref", "relations.partof"),
    Key("has-part", "What is directly a part of it.", "has-part:payment-api", "ref", "relations.haspart"),
    Key("member-of", "The team that a person is in.", "member-of:team-payments", "ref", "relations.memberof", ("group",)),
    Key("parent", "The team above a team.", "parent:commerce-engineering", "ref", "relations.childof", ("group",)),
    Key("has", "What it has: a runbook, an owner, documentation and so on.", "-has:runbook", "choice"),
    Key("is", "How it stands: broken, orphan, unowned and so on.", "is:broken", "choice"),
    Key("name", "Its name; `*` stands for the rest.", "name:pay*", column="metadata.name"),
    Key("title", "Text in its title.", 'title:"payment api"', "text", "metadata.title"),
    Key("description", "Text in its description.", "description:ledger", "text", "metadata.description"),
    Key("namespace", "Its namespace.", "namespace:default", column="metadata.namespace"),
    Key(
        "annotation", "An annotation, or one with this value.", "annotation:pagerduty.com/service-id=P123",
        "pair", "metadata.annotations",
    ),
    Key("label", "A label, or one with this value.", "label:tier=1", "pair", "metadata.labels"),
    Key("link", "Text in the address of one of its links.", "link:grafana", "text", "metadata.links.url"),
    Key("email", "A person's or team's address.", "email:ada*", column="spec.profile.email"),
    Key("ref", "The entity itself, by kind and name; also `ref:`.", "component:payment-api", "self"),
    Key("uid", "Its id in the API.", "uid:6f1c0a52-…", "uid"),
)  # fmt: skip

KEYS: Final[Mapping[str, Key]] = {key.name: key for key in _TABLE}
"""By name, in the order in which help lists them."""

_ALIASES: Final = {
    "tags": "tag", "labels": "label", "annotations": "annotation", "links": "link", "ns": "namespace", "ownedby": "owner",
    "providesapi": "provides", "consumesapi": "consumes", "childof": "parent", "haspart": "has-part", "kinds": "kind",
    "apiprovidedby": "provided-by", "apiconsumedby": "consumed-by", "desc": "description", "mail": "email", "id": "uid",
    "team": "owner",
}  # fmt: skip
_SQUEEZED: Final = {name.replace("-", ""): name for name in KEYS} | _ALIASES

FIELD_ROOTS: Final = ("spec.", "metadata.")
_KINDS: Final = frozenset({"component", "api", "resource", "group", "user", "template", "location"})

HAS: Final[Mapping[str, str]] = {
    "owner": "an owner",
    "system": "a system or domain that it lies in",
    "description": "a description",
    "tags": "tags",
    "links": "links",
    "runbook": "a link that is a runbook or playbook",
    "dashboard": "a link to a dashboard",
    "docs": "TechDocs, or a link to documentation",
    "pager": "a service in PagerDuty, Opsgenie or another incident tool",
    "alert": "alerts of Prometheus, Grafana or Opsgenie that it declares",
    "dependencies": "something that it depends on",
    "dependents": "something that depends on it",
    "api": "an API that it provides or consumes",
    "members": "members or child teams",
}
IS: Final[Mapping[str, str]] = {
    "broken": "its file has an error, or it names something that is not there",
    "dangling": "it names something that is not there",
    "orphan": "its file does not give it any more",
    "unowned": "it has no owner, or one that is not there",
    "unused": "nothing depends on it, consumes it or is a part of it",
    "deprecated": "its lifecycle is deprecated",
    "production": "its lifecycle is production",
}
CHOICES: Final[Mapping[str, Mapping[str, str]]] = {"has": HAS, "is": IS}
"""The values of the keys that have a fixed set of them, each with what it means."""


def find_key(written: str) -> Key | None:
    """The key of this name, however its words are put together: `depends-on`, `dependsOn`, `depends_on`."""
    name = _SQUEEZED.get(written.lower().replace("-", "").replace("_", ""))
    return KEYS[name] if name else None


def is_kind(word: str) -> bool:
    """Whether a word before a colon is the kind of a ref, such as `component` in `component:payments`."""
    return word in _KINDS
