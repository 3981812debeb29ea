"""JSON Schema, as OpenAPI and AsyncAPI use it, as rows of fields: local references are followed, nesting is bounded."""

from collections.abc import Iterator
from typing import Final

from catalog.documents import Json
from web.definitions.outline import MAX_ROWS, Row, clip, listing, mapping

_MAX_DEPTH: Final = 3
_MAX_STEPS: Final = 20
_MAX_CHOICES: Final = 12
_MAX_PARTS: Final = 8
_BOUNDS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "{} characters or more",
    "maxLength": "at most {} characters",
    "minItems": "{} items or more",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
    "default": "{} if not given",
}


class Schemas:
    """The schemas of one document."""

    def __init__(self, document: dict[str, Json]) -> None:
        self._document = document

    def resolve(self, value: Json) -> dict[str, Json]:
        """What a value stands for: itself, or what its local `$ref` leads to. Empty where that is nowhere."""
        found = mapping(value)
        for _ in range(_MAX_STEPS):
            ref = found.get("$ref")
            if not isinstance(ref, str):
                return found
            found = mapping(self._follow(ref))
        return {}

    def _follow(self, ref: str) -> Json:
        if not ref.startswith("#/"):
            return {}
        found: Json = self._document
        for part in ref[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(key)
            elif isinstance(found, list) and key.isascii() and key.isdigit() and len(key) < 9 and int(key) < len(found):
                found = found[int(key)]
            else:
                return {}
        return found

    def name_type(self, schema: Json, depth: int = 0) -> str:
        """A schema in a few words: `list of Pet`, `string (date-time)`, `a or b`."""
        if schema is True or schema == {} or depth > _MAX_DEPTH:
            return "anything"
        schema = mapping(schema)
        if isinstance(ref := schema.get("$ref"), str):
            return clip(ref.rpartition("/")[2] or ref, 80)
        for key in ("oneOf", "anyOf", "allOf"):
            if parts := listing(schema.get(key)):
                if key == "allOf" and len(parts) > 1:
                    return "object"
                named = [self.name_type(part, depth + 1) for part in parts[:_MAX_CHOICES]]
                return " or ".join(dict.fromkeys(named))
        return self._name_plain(schema, depth)

    def _name_plain(self, schema: dict[str, Json], depth: int) -> str:
        if "const" in schema:
            return clip(f"always {schema['const']}", 80)
        if choices := listing(schema.get("enum")):
            shown = " | ".join(clip(str(one), 40) for one in choices[:_MAX_CHOICES])
            return shown + (" | …" if len(choices) > _MAX_CHOICES else "")
        type = schema.get("type")
        names = [str(one) for one in type[:4]] if isinstance(type, list) else [str(type)] if type else []
        if "array" in names or "items" in schema:
            return f"list of {self.name_type(schema.get('items', True), depth + 1)}"
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and extra and not schema.get("properties"):
            return f"map of {self.name_type(extra, depth + 1)}"
        shown = " or ".join(names) or ("object" if "properties" in schema else "anything")
        return clip(f"{shown} ({schema['format']})" if isinstance(schema.get("format"), str) else shown, 80)

    def list_fields(self, schema: Json) -> list[Row]:
        """The fields of a schema, those of nested objects below them; for anything else than an object one row."""
        found = []
        for row in self._walk(schema, 0, ()):
            found.append(row)
            if len(found) > 2 * MAX_ROWS:
                break
        if not found and schema not in (None, {}):
            plain = self.resolve(schema)
            found = [Row("", self.name_type(schema), describe_field(plain))]
        return found

    def _walk(self, schema: Json, depth: int, path: tuple[int, ...]) -> Iterator[Row]:
        found = self._find(schema)
        if id(found) in path or depth > _MAX_DEPTH:
            return
        fields, required = self._merge(found)
        for name, inner in fields.items():
            about = describe_field(self.resolve(inner) | mapping(inner))
            yield Row(clip(name, 120), self.name_type(inner), about, depth, name in required)
            yield from self._walk(inner, depth + 1, (*path, id(found)))

    def _find(self, value: Json) -> Json:
        """The very object that a value, or the items of a list, stand for: what tells a cycle."""
        found = value
        for _ in range(_MAX_STEPS):
            if not isinstance(found, dict):
                return {}
            if isinstance(found.get("$ref"), str):
                found = self._follow(found["$ref"])
            elif "items" in found and not found.get("properties"):
                found = found["items"]
            else:
                return found
        return {}

    def _merge(self, schema: Json, steps: int = 0) -> tuple[dict[str, Json], set[str]]:
        """The fields of a schema and of everything that it is all, or one, of; and which of them are required."""
        plain = self.resolve(schema)
        fields = mapping(plain.get("properties"))
        required = {str(name) for name in listing(plain.get("required"))}
        for key in ("allOf", "oneOf", "anyOf") if steps < _MAX_DEPTH else ():
            for part in listing(plain.get(key))[:_MAX_PARTS]:
                more, needed = self._merge(part, steps + 1)
                fields = more | fields
                required |= needed if key == "allOf" else set()
        return fields, required


def describe_field(schema: dict[str, Json]) -> str:
    """What a field is, and what bounds it."""
    bounds = [
        words.format(clip(schema[key], 60))
        for key, words in _BOUNDS.items()
        if isinstance(schema.get(key), str | int | float) and not isinstance(schema.get(key), bool)
    ]
    if isinstance(schema.get("default"), bool):
        bounds.append(f"{str(schema['default']).lower()} if not given")
    marks = [
        word for key, word in (("deprecated", "Deprecated."), ("readOnly", "Read only.")) if schema.get(key) is True
    ]
    about = clip(schema.get("description") or schema.get("title"), 300)
    return " ".join([*marks, *([about] if about else []), *([f"({'; '.join(bounds)})"] if bounds else [])])
