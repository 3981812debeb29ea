"""A schema error in plain words, and what its author should do about it."""

from typing import Final

from catalog import kinds
from catalog.documents import Json
from catalog.validate.finding import Path, nearest

_ROOT_FIELDS: Final = ("apiVersion", "kind", "metadata", "spec")


_TYPE_WORDS: Final[dict[type, str]] = {
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
    type(None): "empty",
}
_EXPECTED_WORDS: Final = {
    "string": "text",
    "array": "a list",
    "object": "a mapping",
    "string,boolean": "text or boolean",
}


def word(keyword: str, path: Path, parameter: str, data: dict[str, Json], value: Json) -> tuple[str, str]:
    """The fault and what to do about it, in plain words. `value` is the wrong value, or what lacks the field."""
    field = ".".join(map(str, path))
    if keyword == "required":
        return f"`{field}` is missing", _hint_missing(parameter, path, data, value)
    if keyword == "additionalProperties":
        return f"`{field}` is not a field of an entity", _hint_unknown(parameter, data)
    if keyword == "minLength":
        return f"`{field}` is empty", "Give it a value, or remove the key."
    if keyword == "enum":
        return f"`{field}` is `{value}`", f"Use one of: {parameter.replace(',', ', ')}."
    if keyword == "type":
        expected = _EXPECTED_WORDS.get(parameter, parameter)
        return f"`{field}` is {_TYPE_WORDS[type(value)]}, not {expected}", _hint_type(parameter, path, value)
    return f"`{field}` fits none of its schemas", "See the errors beside this one."


def _hint_missing(name: str, path: Path, data: dict[str, Json], parent: dict[str, Json]) -> str:
    near = nearest(name, parent)
    if near:
        return f"Did you mean `{name}` by `{near}`?"
    for elsewhere in (data.get("metadata"), data, data.get("spec")):
        if elsewhere is not parent and isinstance(elsewhere, dict) and name in elsewhere:
            return f"Move `{name}` under `{'.'.join(map(str, path[:-1])) or 'the root'}`."
    example = kinds.EXAMPLES.get(name)
    return f"Add `{name}: {example}`, with your own value." if example else f"Add `{name}:`."


def _hint_unknown(name: str, data: dict[str, Json]) -> str:
    near = nearest(name, [field for field in _ROOT_FIELDS if field not in data])
    if near:
        return f"Did you mean `{near}`?"
    spec = kinds.SPECS.get(str(data.get("kind")), {"properties": {}})["properties"]
    home = "metadata" if name in kinds.METADATA["properties"] and name not in spec else "spec"
    return f"Move `{name}` under `{home}` (indent it), or remove it."


def _hint_type(expected: str, path: Path, value: Json) -> str:
    if value is None:
        return "Give it a value, or remove the key."
    if expected.startswith("string"):
        if isinstance(value, dict) and any(key.startswith("{") for key in value):
            return "Put a `{{ ... }}` in quotes."
        if isinstance(value, (list, dict)):
            return "Give one text."
        return f'Put the value in quotes: `"{str(value).lower() if isinstance(value, bool) else value}"`.'
    if expected == "array" and not isinstance(value, dict):
        return f"Write it as a list: `{path[-1]}: [{value}]`."
    return "Write it as a list, a `- ` before each item." if expected == "array" else "Write it as `key: value` lines."
