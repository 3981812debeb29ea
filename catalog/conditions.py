"""Conditions as they are asked: `filter` parameters and JSON predicates, checked and made into plain predicates.

Grammar and messages follow Backstage's catalog API (reference sections 7.3 and 7.7); of a predicate that is none, the
place is named in words of our own.
"""

from collections.abc import Iterable

import orjson

from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.query import EVERYTHING, All, AnyOf, Exists, HasPrefix, Not, OneOf, Predicate
from catalog.scalars import print_text

_COMBINED = ("$all", "$any", "$not")
_OPERATORS = ("$exists", "$in", "$contains", "$hasPrefix")  # the first good one of a field counts, as in Backstage
_SCALARS = (str, int, float)
NO_QUERY = "Invalid query: "


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


def check_predicate(value: Json, at: str = "", *, refusal: str = NO_QUERY) -> Json:
    """The predicate, of each field's operators the one that counts. Raises `CatalogError` for one not well-formed.

    `at` leads to it; `refusal` begins the message.
    """
    if isinstance(value, _SCALARS) and at:
        return value  # well-formed, and refused when it is parsed
    if not isinstance(value, dict):
        raise _invalid(refusal, at or "query")
    combined = [key for key in value if key in _COMBINED]
    if combined and len(value) > 1:
        other = next(key for key in value if key != combined[0])
        raise CatalogError("invalid", f"{refusal}Validation error: Unrecognized key(s) in object: '{other}'")
    return {key: _check_part(key, inner, f"{at}.{key}" if at else key, refusal) for key, inner in value.items()}


def _check_part(key: str, inner: Json, place: str, refusal: str) -> Json:
    if key == "$not":
        return check_predicate(inner, place, refusal=refusal)
    if key in _COMBINED and isinstance(inner, list):
        return [check_predicate(part, place, refusal=refusal) for part in inner]
    if key.startswith("$"):
        raise _invalid(refusal, place)
    if isinstance(inner, _SCALARS):
        return inner
    operators = inner if isinstance(inner, dict) else {}
    for name in _OPERATORS:
        if name in operators and _is_operand(name, operators[name]):
            operand = operators[name]
            return {name: check_predicate(operand, name) if name == "$contains" else operand}
    raise _invalid(refusal, place)


def _is_operand(name: str, operand: Json) -> bool:
    match name:
        case "$exists":
            return isinstance(operand, bool)
        case "$in":
            return isinstance(operand, list) and all(isinstance(one, _SCALARS) for one in operand)
        case "$hasPrefix":
            return isinstance(operand, str)
    try:
        check_predicate(operand, name)
    except CatalogError:
        return False
    return True


def _invalid(refusal: str, place: str) -> CatalogError:
    return CatalogError("invalid", f'{refusal}Validation error: Invalid at "{place}"')


def parse_predicate(value: Json) -> Predicate:
    """A predicate from its JSON form, checked before; raises `CatalogError` for what means nothing."""
    if not isinstance(value, dict):
        raise CatalogError(
            "invalid",
            "Invalid filter predicate: top-level primitive values are not supported. "
            f'Wrap the value in a field expression, e.g. {{ "kind": {_as_json(value)} }}',
        )
    for name, make in (("$all", All), ("$any", AnyOf)):
        if name in value:
            return make(tuple(parse_predicate(part) for part in value[name]))
    if "$not" in value:
        return Not(parse_predicate(value["$not"]))
    parts = tuple(_parse_field(key.lower(), wanted) for key, wanted in value.items())
    return parts[0] if len(parts) == 1 else All(parts)


def _parse_field(key: str, wanted: Json) -> Predicate:
    match wanted:
        case str() | bool() | int() | float() | {"$contains": str() | bool() | int() | float()}:
            return OneOf(key, (_low(wanted["$contains"] if isinstance(wanted, dict) else wanted),))
        case {"$exists": bool(exists)}:
            return Exists(key) if exists else Not(Exists(key))
        case {"$in": list(values)}:
            return OneOf(key, tuple(map(_low, values)))
        case {"$contains": dict(relation)} if key == "relations":
            return _parse_relation(relation)
        case {"$contains": _}:
            raise CatalogError("invalid", f'Object form of $contains is not supported for field "{key}"')
        case {"$hasPrefix": str(prefix)}:
            return HasPrefix(key, prefix.lower())
    raise CatalogError(
        "invalid",
        f'Invalid filter predicate value for field "{key}": expected a primitive value, $exists, $in, $hasPrefix, '
        f"or $contains operator, but got {_as_json(wanted)}",
    )


def _parse_relation(relation: dict[str, Json]) -> Predicate:
    """The object form of `$contains`, which only relations have: `type`, and perhaps `targetRef`, in any case."""
    found: dict[str, Json] = {}
    for name, value in relation.items():
        low = name.lower()
        if low in found:
            raise CatalogError("invalid", f'Duplicate key "{name}" in $contains for "relations"')
        if low not in ("type", "targetref"):
            known = 'Only "type" and "targetRef" are supported'
            raise CatalogError("invalid", f'Unsupported key "{name}" in $contains for "relations". {known}')
        found[low] = _read_targets(value) if low == "targetref" else value
    type = found.get("type")
    if not isinstance(type, str) or not type:
        raise CatalogError("invalid", 'The $contains operator for "relations" requires a "type" string property')
    key = f"relations.{type.lower()}"
    return OneOf(key, found["targetref"]) if "targetref" in found else Exists(key)


def _read_targets(value: Json) -> tuple[str, ...]:
    match value:
        case str():
            return (value.lower(),)
        case {"$in": []} if len(value) == 1:
            raise CatalogError("invalid", 'Empty "$in" array for $contains on "relations" is not allowed')
        case {"$in": list(refs)} if len(value) == 1 and all(isinstance(ref, str) for ref in refs):
            return tuple(ref.lower() for ref in refs)
    wanted = f'expected a string or {{ "$in": [strings] }}, but got {_as_json(value)}'
    raise CatalogError("invalid", f'Unsupported value in $contains for "relations": {wanted}')


def _low(value: Json) -> str:
    return print_text(value).lower()


def _as_json(value: Json) -> str:
    return orjson.dumps(value).decode()
