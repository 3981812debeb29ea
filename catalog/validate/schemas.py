"""What is wrong with an entity by its schemas: every error, in the order and in the words of Backstage's ajv."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from catalog import kinds
from catalog.documents import Json
from catalog.kinds import Schema
from catalog.validate.finding import Finding, Path, peek
from catalog.validate.wording import word

_MOST_SORTED: Final = 1_000  # to find where one stands takes longer, the more there are


def _whole_schema(kind: str) -> Schema:
    """What a faultless entity of a kind fulfils, formats aside; faults are then told apart stage by stage."""
    enums: dict[str, Schema] = {"apiVersion": {"enum": list(kinds.KIND_VERSIONS[kind])}, "kind": {"enum": [kind]}}
    return {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {**enums, "metadata": kinds.METADATA, "spec": kinds.SPECS[kind]},
        "additionalProperties": False,
    }


def _kind_schema(kind: str) -> Schema:
    return {"type": "object", "required": ["spec"], "properties": {"spec": kinds.SPECS[kind]}}


WHOLE: Final = {kind: jsonschema_rs.Draft7Validator(_whole_schema(kind)) for kind in kinds.SPECS}
STAGES: Final[dict[str, tuple[Schema, jsonschema_rs.Draft7Validator]]] = {
    name: (schema, jsonschema_rs.Draft7Validator(schema))
    for name, schema in {
        "envelope": kinds.ENVELOPE,
        "policy": kinds.ENTITY,
        **{kind: _kind_schema(kind) for kind in kinds.SPECS},
    }.items()
}


def find_schema(stage: str, data: dict[str, Json]) -> list[Finding]:
    """Every error of one stage: `envelope`, `policy` or a kind; of more than anybody could mean, some."""
    schema, validator = STAGES[stage]
    errors = islice((one for error in validator.iter_errors(data) for one in _unfold(error)), _MOST_SORTED)
    return sorted((_read_error(stage, schema, data, *one) for one in errors), key=lambda item: item.order)


def _unfold(error: Any) -> Iterator[tuple[Any, str]]:
    """Each error that ajv would report for one of ours: those of the branches of a `oneOf` before its own."""
    for branch in getattr(error.kind, "context", ()):
        for inner in branch:
            yield from _unfold(inner)
    for name in getattr(error.kind, "unexpected", ("",)):
        yield error, name


_KEYWORDS: Final = (
    "type",
    "minLength",
    "pattern",
    "string",
    "enum",
    "oneOf",
    "items",
    "array",
    "required",
    "additionalProperties",
    "properties",
    "patternProperties",
    "object",
)
"""ajv's order of keywords. A type is checked first or, under its own name here, after the keywords of that type."""
_KEYWORDS_OF_TYPE: Final = {
    "string": {"minLength", "pattern"},
    "array": {"items"},
    "object": {"required", "additionalProperties", "properties", "patternProperties"},
}


def _rank(node: Schema, keyword: str) -> int:
    kind = node.get("type") if keyword == "type" else None
    has_keywords = isinstance(kind, str) and not _KEYWORDS_OF_TYPE.get(kind, set()).isdisjoint(node)
    return _KEYWORDS.index(str(kind) if has_keywords else keyword)


def _follow(schema: Schema, data: Json, path: Path, error: Any, name: str) -> tuple[tuple[int, ...], Schema]:
    """Where ajv would come to an error, as the ranks of what it passes on its way down, and the schema there."""
    order: list[int] = []
    node: Any = schema
    steps, keys = iter(error.schema_path), iter(path)
    for keyword in steps:
        order.append(_rank(node, keyword))
        if keyword in ("properties", "patternProperties", "items") or (
            keyword == "additionalProperties" and node[keyword] is not False
        ):
            key = next(keys)
            step = next(steps) if keyword not in ("items", "additionalProperties") else None
            position = list(node[keyword]).index(key) if keyword == "properties" else _position(data, key)
            order.append(position)
            node, data = (node[keyword] if step is None else node[keyword][step]), data[key]
        elif keyword == "oneOf":
            branch = next(steps, None)
            order.append(len(node[keyword]) if branch is None else branch)
            node = node if branch is None else node[keyword][branch]
        elif keyword == "required":
            order.append(node[keyword].index(error.kind.property))
        elif keyword == "additionalProperties":
            order.append(_position(data, name))
    return tuple(order), node


def _restore_path(data: Json, steps: list[str | int]) -> Path:
    """The path to an error; the validator gives a key made of digits as a number."""
    path: list[str | int] = []
    for step in steps:
        key = step if isinstance(data, list) or step in data else next(key for key in data if _is_same(key, step))
        path.append(key)
        data = data[key]
    return tuple(path)


def _is_same(key: str, step: str | int) -> bool:
    return key == str(step) or (re.fullmatch(r"\+?[0-9]{1,20}", key) is not None and int(key) == step)


def _position(data: Json, key: str | int) -> int:
    return key if isinstance(key, int) else list(data).index(key)


_MESSAGES: Final[dict[str, tuple[str, str, str]]] = {
    "required": ("missing-field", "must have required property '{0}'", "missingProperty: {0}"),
    "type": ("wrong-type", "must be {0}", "type: {0}"),
    "minLength": ("empty-value", "must NOT have fewer than {0} characters", "limit: {0}"),
    "enum": ("wrong-value", "must be equal to one of the allowed values", "allowedValues: {0}"),
    "additionalProperties": ("unknown-field", "must NOT have additional properties", "additionalProperty: {0}"),
    "oneOf": ("wrong-type", "must match exactly one schema in oneOf", "passingSchemas: null"),
    "pattern": ("bad-format", 'must match pattern "{0}"', "pattern: {0}"),
}
"""By schema keyword: our rule, ajv's message and ajv's parameter."""


def _read_error(stage: str, schema: Schema, data: dict[str, Json], error: Any, name: str) -> Finding:
    path = _restore_path(data, error.instance_path)
    kind = error.kind
    keyword = kind.name
    order, node = _follow(schema, data, path, error, name)
    # Several types come sorted from the validator, and as they are written from ajv.
    value = {"additionalProperties": name, "type": node.get("type")}.get(keyword, kind.value)
    parameter = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    rule, message, parameters = _MESSAGES[keyword]
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path) or "<root>"
    inner = f"{pointer} {message.format(parameter)}"
    inner = f"Malformed envelope, {inner}" if stage == "policy" else f"{inner} - {parameters.format(parameter)}"
    place = path + ((parameter,) if keyword in ("required", "additionalProperties") else ())
    words, hint = word(keyword, place, parameter, data, peek(data, path))
    at_key = keyword == "additionalProperties"
    return Finding(stage, rule, inner, words, hint, place, at_key, order, "TypeError" if stage != "policy" else "Error")
