"""Locations that somebody registered over the API: the value, and the questions that can be asked about them.

The predicates are those of Backstage's `POST /locations/by-query` (reference section 7.10); nothing here reads a location.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.scalars import print_text

Test = Callable[["Registered"], bool]
_KEYS = {"id": "id", "type": "type", "target": "target", "entityref": "entity_ref"}
_GENERATED = "generated-"


@dataclass(frozen=True, slots=True)
class Registered:
    """A location with its id (a UUID) and the ref of the Location entity that was made for it."""

    id: str
    type: str
    target: str
    entity_ref: str

    @property
    def source(self) -> str:
        """The name of the source that reads it."""
        return f"{SOURCE_PREFIX}{self.id}"


SOURCE_PREFIX = "location:"


def generated_name(type: str, target: str) -> str:
    """The name of the Location entity made for a location (reference section 4.7)."""
    return _GENERATED + hashlib.sha1(f"{type}:{target}".encode(), usedforsecurity=False).hexdigest()


def is_generated(ref: str) -> bool:
    """Whether a ref is that of a Location entity made for a location."""
    return ref.startswith(f"location:default/{_GENERATED}")


def parse_test(predicate: Json) -> Test:
    """The test that a well-formed predicate stands for. Raises `CatalogError` in Backstage's words."""
    if not isinstance(predicate, dict):
        raise CatalogError("invalid", "Invalid filter predicate, expected an object")
    parts = [_parse_pair(key, value) for key, value in predicate.items()]
    return lambda location: all(part(location) for part in parts)


def _parse_pair(key: str, value: Json) -> Test:
    if key == "$not":
        part = parse_test(value)
        return lambda location: not part(location)
    if key in ("$all", "$any"):
        tests = tuple(map(parse_test, value))
        if key == "$any":
            return lambda location: any(test(location) for test in tests)
        # Here, unlike with entities, nothing asked matches nothing.
        return lambda location: len(tests) > 0 and all(test(location) for test in tests)
    if key.lower() not in _KEYS:
        words = "Invalid filter predicate, expected key to be 'id', 'type', 'target', or 'entityRef', got"
        raise CatalogError("invalid", f"{words} '{key}'")
    return _parse_value(_KEYS[key.lower()], value)


def _parse_value(field: str, value: Json) -> Test:
    match value:
        case {"$exists": bool(exists)}:
            return lambda location: exists
        case {"$in": list(wanted)}:
            return _equals(field, wanted, exactly=field == "id")
        case {"$hasPrefix": str(prefix)}:
            return lambda location: str(getattr(location, field)).lower().startswith(prefix.lower())
        case {"$contains": _}:
            return lambda location: False
    return _equals(field, (value,))


def _equals(field: str, values: Iterable[Json], *, exactly: bool = False) -> Test:
    if exactly:
        among = frozenset(map(print_text, values))
        return lambda location: getattr(location, field) in among
    known = frozenset(print_text(value).lower() for value in values)
    return lambda location: str(getattr(location, field)).lower() in known
