"""Request bodies, checked as Backstage's OpenAPI layer checks them, with its words (reference section 7.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.documents import Json
from catalog.errors import CatalogError

_TYPES: dict[str, Any] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value in a body must be: a JSON type, and what is in it; `closed` lets no other properties in."""

    type: str
    properties: "Mapping[str, Shape]" = field(default_factory=dict)
    required: tuple[str, ...] = ()
    items: "Shape | None" = None
    choices: tuple[str, ...] = ()
    closed: bool = False


def check_body(value: Json, shape: Shape, at: str = "request/body") -> None:
    """Raise `CatalogError` in Backstage's words for the first thing that is not as the shape says."""
    if not isinstance(value, _TYPES[shape.type]) or (isinstance(value, bool) and shape.type == "number"):
        raise CatalogError("invalid", f"{at} must be {shape.type}")
    if shape.choices and value not in shape.choices:
        raise CatalogError("invalid", f"{at} must be equal to one of the allowed values: {', '.join(shape.choices)}")
    for name in shape.required:
        if name not in value:
            raise CatalogError("invalid", f"{at} must have required property '{name}'")
    if shape.closed and not shape.properties.keys() >= value.keys():
        raise CatalogError("invalid", f"{at} must NOT have additional properties")
    for name, inner in shape.properties.items():
        if name in value:
            check_body(value[name], inner, f"{at}/{name}")
    if shape.items is not None:
        if shape.items is TEXT and all(item.__class__ is str for item in value):
            return  # the many refs of by-refs
        for index, item in enumerate(value):
            check_body(item, shape.items, f"{at}/{index}")


TEXT = Shape("string")
TEXTS = Shape("array", items=TEXT)
ORDER = Shape("object", {"field": TEXT, "order": Shape("string", choices=("asc", "desc"))}, required=("field", "order"))
ORDERS = Shape("array", items=ORDER)
FULL_TEXT = Shape("object", {"term": TEXT, "fields": TEXTS})
BY_QUERY = Shape(
    "object",
    {
        "cursor": TEXT,
        "limit": Shape("number"),
        "offset": Shape("number"),
        "orderBy": ORDERS,
        "fullTextFilter": FULL_TEXT,
        "fields": TEXTS,
        "totalItems": Shape("string", choices=("include", "exclude")),
        "query": Shape("object"),
    },
)
CURSOR = Shape(
    "object",
    {
        "orderFields": ORDERS,
        "isPrevious": Shape("boolean"),
        "fullTextFilter": Shape("object", FULL_TEXT.properties, required=("term",)),
        "orderFieldValues": Shape("array"),
        "filter": Shape("object"),
        "query": Shape("object"),
        "firstSortFieldValues": Shape("array"),
        "totalItems": Shape("number"),
    },
    required=("orderFields", "isPrevious", "orderFieldValues"),
)
FACETS = Shape("object", {"facets": TEXTS, "query": Shape("object")}, required=("facets",))
BY_REFS = Shape("object", {"entityRefs": TEXTS, "fields": TEXTS, "query": Shape("object")}, required=("entityRefs",))
VALIDATE = Shape("object", {"entity": Shape("object"), "location": TEXT}, required=("location", "entity"))
