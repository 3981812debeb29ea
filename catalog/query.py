"""Questions as plain values: predicates, orders, text filters, pages; and the grammars of order and cursors. No data.

Grammar and messages follow Backstage's catalog API (reference sections 7.3 to 7.7).
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from pyroaring import FrozenBitMap

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
class Like:
    """The entity has a value at one of `keys` with `term` in it (all lower case; `%` and `_` as in `TextFilter`)."""

    keys: tuple[str, ...]
    term: str


@dataclass(frozen=True, slots=True)
class Among:
    """The entity is one of these nodes of the view that is asked: what was found in another way than by its values."""

    nodes: FrozenBitMap


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


Predicate = Exists | OneOf | HasPrefix | Like | Among | All | AnyOf | Not
EVERYTHING = All(())
BY_REF = "\0ref"  # a field, of an order or of `OneOf`, that no path can be: the canonical ref


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


def parse_order_field(text: str) -> Order:
    """`path` or `path,asc` or `path,desc`, as `orderField` takes it."""
    name, comma, rest = text.partition(",")
    direction = rest.partition(",")[0]
    if comma and direction not in ("asc", "desc"):
        raise CatalogError("invalid", "Invalid order field order, must be asc or desc")
    return Order(name, direction == "desc")


def parse_order(text: str) -> Order:
    """`asc:path` or `desc:path`, as `order` of `GET /entities` takes it."""
    direction, colon, name = text.partition(":")
    if direction not in ("asc", "desc") or not colon or not name:
        raise CatalogError("invalid", f'Invalid order parameter "{text}", expected "<asc or desc>:<field name>"')
    return Order(name, direction == "desc")


def split_list(values: Iterable[str]) -> tuple[str, ...]:
    """Comma lists and repeats of one parameter, merged, trimmed, without blanks and repeats."""
    return tuple(dict.fromkeys(part for value in values for part in map(str.strip, value.split(",")) if part))


def encode_json(value: Json) -> str:
    """Standard padded base64 of compact JSON, the form of every Backstage cursor."""
    return base64.b64encode(orjson.dumps(value)).decode()


def decode_json(text: str, message: str) -> Json:
    """The inverse of `encode_json`; `message` is what to say when it is not one."""
    try:
        return orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise CatalogError("invalid", message) from error
