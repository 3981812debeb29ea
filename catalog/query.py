"""The grammars of questions as plain values: filters, predicates, fields, order and cursors. Pure text work, no data.

Grammar and messages follow Backstage's catalog API (reference sections 7.3 to 7.7).
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from catalog.documents import Json
from catalog.errors import CatalogError


@dataclass(frozen=True, slots=True)
class Exists:
    """The entity has a row at `key` (lower case), of whatever value."""

    key: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The entity has one of `values` (lower case) at `key` (lower case)."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HasPrefix:
    """The entity has a value at `key` that begins with `prefix` (both lower case)."""

    key: str
    prefix: str


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; true when there is none."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; false when there is none."""

    parts: "tuple[Predicate, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Predicate"


Predicate = Exists | OneOf | HasPrefix | All | AnyOf | Not
EVERYTHING = All(())
BY_REF = "\0ref"  # an order's field that no path can be: the canonical ref


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by the value at `field`."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class TextFilter:
    """Substring match of `term` (lower case) in any of `fields`; `%` and `_` in it are wildcards."""

    term: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """One question for a page of entities. `after` is the sort key of the row to continue from."""

    predicate: Predicate = EVERYTHING
    text: TextFilter | None = None
    order: Order | None = None
    limit: int = 200
    offset: int = 0
    after: tuple[str | None, str] | None = None
    backwards: bool = False


def parse_filter(filters: Iterable[str]) -> Predicate:
    """The predicate that repeated `filter` parameters stand for (see `read_filter`)."""
    value = read_filter(filters)
    return EVERYTHING if value is None else parse_predicate(value)


def read_filter(filters: Iterable[str]) -> Json:
    """Repeated `filter` parameters (OR) of comma-separated `key`, `key=value` statements (AND) as a JSON predicate.

    None where there is no condition. Keys and values keep their case, for the predicate stands in cursors.
    """
    groups = [group for group in map(_read_statements, filters) if group is not None]
    if not groups:
        return None
    return groups[0] if len(groups) == 1 else {"$any": groups}


def _read_statements(text: str) -> Json:
    values: dict[str, list[str]] = {}
    for statement in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (part.strip() for part in statement.partition("="))
        if not key:
            raise CatalogError(
                "invalid",
                f"Invalid filter, '{statement}' is not a valid statement (expected a string on the form a=b or a= or a)",
            )
        found = values.setdefault(key, [])
        if equals:
            found.append(value)
    if not values:
        return None
    parts = [{key: _read_values(found)} for key, found in values.items()]
    return parts[0] if len(parts) == 1 else {"$all": parts}


def _read_values(found: list[str]) -> Json:
    if not found:
        return {"$exists": True}
    return found[0] if len(found) == 1 else {"$in": found}


def parse_order_field(text: str) -> Order:
    """`path` or `path,asc` or `path,desc`, as `orderField` takes it."""
    name, comma, rest = text.partition(",")
    direction = rest.partition(",")[0]
    if comma and direction not in ("asc", "desc"):
        raise CatalogError("invalid", "Invalid order field order, must be asc or desc")
    return Order(name.strip(), direction == "desc")


def parse_order(text: str) -> Order:
    """`asc:path` or `desc:path`, as `order` of `GET /entities` takes it."""
    direction, colon, name = text.partition(":")
    if direction not in ("asc", "desc") or not colon or not name:
        raise CatalogError("invalid", f'Invalid order parameter "{text}", expected "<asc or desc>:<field name>"')
    return Order(name, direction == "desc")


def split_list(values: Iterable[str]) -> tuple[str, ...]:
    """Comma lists and repeats of one parameter, merged, trimmed, without blanks and repeats."""
    return tuple(dict.fromkeys(part for value in values for part in map(str.strip, value.split(",")) if part))


@dataclass(frozen=True, slots=True)
class Projection:
    """The `fields` of an answer; case-sensitive paths (reference section 7.4)."""

    fields: tuple[str, ...]

    def apply(self, entity: Mapping[str, Json]) -> dict[str, Json]:
        """The part of `entity` that the fields name; missing values are left out."""
        result: dict[str, Json] = {}
        for name in self.fields:
            steps, value = _walk(entity, name.split("."))
            if steps:
                _put(result, steps, value)
        return result


def parse_fields(values: Iterable[str]) -> Projection | None:
    """The projection that `fields` ask for, None for the whole entity."""
    fields = split_list(values)
    for name in fields:
        if "[" in name:
            raise CatalogError("invalid", f'Invalid field "{name}", array type fields are not supported')
    return Projection(fields) if fields else None


def _walk(value: Json, parts: Sequence[str]) -> tuple[list[str | int], Json]:
    """Follow `parts` down, gluing a part to the next where the key itself has a dot. No steps: not there."""
    steps: list[str | int] = []
    pending: str | None = None
    for part in parts:
        name = part if pending is None else f"{pending}.{part}"
        pending = None
        if isinstance(value, dict) and name in value:
            value = value[name]
            steps.append(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
            steps.append(int(name))
        elif isinstance(value, list | str) and name == "length":  # Backstage walks JavaScript's values
            value = len(value) if isinstance(value, list) else len(value.encode("utf-16-le")) // 2
            steps.append(name)
        else:
            pending = name
    return ([], None) if pending is not None else (steps, value)


def _put(target: Json, steps: Sequence[str | int], value: Json) -> None:
    """Set a value deep in a result; a numbered step makes a list, with nulls before it, as lodash's `set` does."""
    step: Any
    for step, following in pairwise([*steps, None]):
        last = following is None
        if isinstance(target, list) and isinstance(step, int):
            target.extend([None] * (step + 1 - len(target)))
        elif isinstance(target, list):
            return
        inner = target[step] if isinstance(target, list) else target.get(str(step))
        if last:
            inner = value
        elif not isinstance(inner, dict | list):
            inner = [] if isinstance(following, int) else {}
        target[step if isinstance(target, list) else str(step)] = inner
        target = inner


def parse_predicate(value: Json) -> Predicate:
    """A predicate from its JSON form (reference section 7.7); raises `CatalogError` for what is none."""
    if not isinstance(value, dict):
        raise CatalogError(
            "invalid",
            "Invalid filter predicate: top-level primitive values are not supported. "
            f'Wrap the value in a field expression, e.g. {{ "kind": {orjson.dumps(value).decode()} }}',
        )
    for name, make in (("$all", All), ("$any", AnyOf)):
        if name in value:
            return make(tuple(parse_predicate(part) for part in value[name]))
    if "$not" in value:
        return Not(parse_predicate(value["$not"]))
    parts = tuple(_parse_field(key, wanted) for key, wanted in value.items())
    return parts[0] if len(parts) == 1 else All(parts)


_COMBINED = ("$all", "$any", "$not")
_OPERATORS = ("$exists", "$in", "$hasPrefix", "$contains")


def check_predicate(value: Json, at: str = "") -> None:
    """Raise `CatalogError` for a predicate that is not well-formed, in Backstage's words as far as they are its own."""
    if not isinstance(value, dict):
        if isinstance(value, str | int | float) and at:
            parse_predicate(value)
        raise _invalid(at or "query")
    for key, inner in value.items():
        place = f"{at}.{key}" if at else key
        if key in _COMBINED:
            others = [other for other in value if other != key]
            if others:
                raise CatalogError(
                    "invalid",
                    f"Invalid query: Validation error: Unrecognized key(s) in object: '{others[0]}'",
                )
            _check_parts(key, inner, place)
        elif key.startswith("$"):
            raise _invalid(place)
        else:
            _check_value(key, inner, place)


def _check_parts(key: str, inner: Json, place: str) -> None:
    if key == "$not":
        check_predicate(inner, place)
        return
    if not isinstance(inner, list):
        raise _invalid(place)
    for part in inner:
        check_predicate(part, place)


def _check_value(key: str, inner: Json, place: str) -> None:
    if isinstance(inner, str | int | float):
        return
    if not isinstance(inner, dict) or len(inner) != 1 or next(iter(inner)) not in _OPERATORS:
        raise _invalid(place)
    name, operand = next(iter(inner.items()))
    scalars = (str, int, float)
    good = {
        "$exists": isinstance(operand, bool),
        "$in": isinstance(operand, list) and all(isinstance(one, scalars) for one in operand),
        "$hasPrefix": isinstance(operand, str),
        "$contains": isinstance(operand, (*scalars, dict)),
    }
    if not good[name]:
        raise _invalid(place)
    if name == "$contains" and isinstance(operand, dict):
        _check_relation(key, operand)


def _check_relation(key: str, operand: dict[str, Json]) -> None:
    """The object form of `$contains`, which only relations have."""
    if key.lower() != "relations":
        raise CatalogError("invalid", f'Object form of $contains is not supported for field "{key}"')
    for name in operand:
        if name not in ("type", "targetRef"):
            raise CatalogError(
                "invalid",
                f'Unsupported key "{name}" in $contains for "relations". Only "type" and "targetRef" are supported',
            )
    if not isinstance(operand.get("type"), str):
        raise CatalogError("invalid", 'The $contains operator for "relations" requires a "type" string property')
    if operand.get("targetRef") == {"$in": []}:
        raise CatalogError("invalid", 'Empty "$in" array for $contains on "relations" is not allowed')


def _invalid(place: str) -> CatalogError:
    return CatalogError("invalid", f'Invalid query: Validation error: Invalid at "{place}"')


def _parse_field(key: str, wanted: Json) -> Predicate:
    low = key.lower()
    match wanted:
        case str() | bool() | int() | float():
            return OneOf(low, (scalar(wanted),))
        case {"$exists": bool(exists)}:
            return Exists(low) if exists else Not(Exists(low))
        case {"$in": list(values)}:
            return OneOf(low, tuple(map(scalar, values)))
        case {"$hasPrefix": str(prefix)}:
            return HasPrefix(low, prefix.lower())
        case {"$contains": dict(inner)} if low == "relations" and "type" in inner:
            return _parse_relation(inner)
        case {"$contains": str() | bool() | int() | float() as item}:
            return OneOf(low, (scalar(item),))
    raise CatalogError(
        "invalid",
        f'Invalid filter predicate value for field "{key}": expected a primitive value, $exists, $in, $hasPrefix, '
        f"or $contains operator, but got {orjson.dumps(wanted).decode()}",
    )


def _parse_relation(inner: dict[str, Json]) -> Predicate:
    key, target = f"relations.{inner['type']}".lower(), inner.get("targetRef")
    if target is None:
        return Exists(key)
    return OneOf(key, tuple(map(scalar, target["$in"] if isinstance(target, dict) else [target])))


def scalar(value: Json) -> str:
    """A scalar as the search rows have it: JavaScript's text of it in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).lower()


def encode_json(value: Json) -> str:
    """Standard padded base64 of compact JSON, the form of every Backstage cursor."""
    return base64.b64encode(orjson.dumps(value)).decode()


def decode_json(text: str, message: str) -> Json:
    """The inverse of `encode_json`; `message` is what to say when it is not one."""
    try:
        return orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise CatalogError("invalid", message) from error
