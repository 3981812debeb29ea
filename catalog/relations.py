"""Which field of which kind declares which relation, as a table, and `emit`, which reads it off one entity.

The tables follow Backstage (reference section 3.2). Whether a target exists is not looked at here.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from catalog.documents import Json
from catalog.refs import EntityRef, RefError, parse_ref

RELATION_TYPES: Final[dict[str, str]] = {
    "ownedBy": "ownerOf",
    "ownerOf": "ownedBy",
    "providesApi": "apiProvidedBy",
    "apiProvidedBy": "providesApi",
    "consumesApi": "apiConsumedBy",
    "apiConsumedBy": "consumesApi",
    "dependsOn": "dependencyOf",
    "dependencyOf": "dependsOn",
    "parentOf": "childOf",
    "childOf": "parentOf",
    "memberOf": "hasMember",
    "hasMember": "memberOf",
    "partOf": "hasPart",
    "hasPart": "partOf",
}
"""Every relation type and its inverse."""


class RelationRule(NamedTuple):
    """The spec `field` declares a relation of `type`; a ref without a kind means `default_kind`, "" where one is due.

    The namespace of a ref that names none is that of the declaring entity.
    """

    field: str
    type: str
    default_kind: str


_OWNER = RelationRule("owner", "ownedBy", "Group")
_SYSTEM = RelationRule("system", "partOf", "System")
_DEPENDENCIES = (RelationRule("dependsOn", "dependsOn", ""), RelationRule("dependencyOf", "dependencyOf", ""))

RELATION_RULES: Final[dict[str, tuple[RelationRule, ...]]] = {
    "Component": (
        _OWNER,
        RelationRule("subcomponentOf", "partOf", "Component"),
        RelationRule("providesApis", "providesApi", "API"),
        RelationRule("consumesApis", "consumesApi", "API"),
        *_DEPENDENCIES,
        _SYSTEM,
    ),
    "API": (_OWNER, _SYSTEM),
    "Resource": (_OWNER, *_DEPENDENCIES, _SYSTEM),
    "User": (RelationRule("memberOf", "memberOf", "Group"),),
    "Group": (
        RelationRule("parent", "childOf", "Group"),
        RelationRule("children", "parentOf", "Group"),
        RelationRule("members", "hasMember", "User"),
    ),
    "System": (_OWNER, RelationRule("domain", "partOf", "Domain")),
    "Domain": (_OWNER, RelationRule("subdomainOf", "partOf", "Domain")),
    "Template": (_OWNER,),
}
"""By kind, exact case, in the order in which Backstage reads the fields."""

_MAX_CACHED_REFS = 65_536


class BadRelation(RefError):
    """A relation field holds something that is no ref. `path` leads to it from the entity's root."""

    def __init__(self, error: RefError, path: tuple[str | int, ...]) -> None:
        super().__init__(error.name, str(error))
        self.path = path


def emit(data: dict[str, Json]) -> list[tuple[str, str]]:
    """The relations an entity declares itself: `(type, canonical target ref)`, in field order.

    Only the forward direction: the target's side is `RELATION_TYPES[type]`. Raises `BadRelation` for a value that is no ref.
    """
    rules = RELATION_RULES.get(data["kind"])
    spec = data.get("spec")
    if not rules or not isinstance(spec, dict):
        return []
    namespace = data["metadata"].get("namespace") or "default"
    relations: list[tuple[str, str]] = []
    for field, relation, default_kind in rules:
        value = spec.get(field)
        if not value and not isinstance(value, dict):  # as JavaScript has it, an empty mapping is something
            continue
        for index, item in enumerate(value if type(value) is list else (value,)):
            try:
                find = _canonical if type(item) is str else _compose
                relations.append((relation, find(item, default_kind, namespace)))
            except RefError as error:
                path = ("spec", field, index) if type(value) is list else ("spec", field)
                raise BadRelation(error, path) from error
    return relations


@lru_cache(maxsize=_MAX_CACHED_REFS)
def _canonical(text: str, default_kind: str, namespace: str) -> str:
    return str(parse_ref(text, default_kind, namespace))


def _compose(value: Json, default_kind: str, namespace: str) -> str:
    """A ref written as an object `{kind, namespace, name}`: `dependencyOf`, which no schema checks, may hold one."""
    if not value and not isinstance(value, dict):
        raise RefError("Error", "Entity reference must not be empty")
    parts = value if isinstance(value, dict) else {}
    kind = parts.get("kind", default_kind)
    name = parts.get("name")
    for what, part in (("kind", kind), ("name", name)):
        if not isinstance(part, str) or not part:
            example = ' (e.g. did not start with "component:" or similar)' if what == "kind" else ""
            raise RefError("Error", f"Entity reference {_as_json(value)} had missing or empty {what}{example}")
    return str(EntityRef(kind, str(parts.get("namespace") or namespace), str(name)))


def _as_json(value: Json) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
