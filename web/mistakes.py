"""What is wrong in a configuration file, said so that its author can mend it: the line, what, and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from catalog.catalog import locate
from catalog.documents import Draft

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]
_WANTED = {
    "string_type": "a text",
    "string_too_short": "a text that is not empty",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "bool_type": "`true` or `false`",
    "int_type": "a whole number",
}
"""What a value should have been, by Pydantic's name of the error."""
_HINTS = {"tuple_type": "Write `[one, another]`, or each on a line of its own after `- `."}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in a configuration file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


def find_mistakes(error: ValidationError, draft: Draft, schema: Schema) -> list[Mistake]:
    """Everything that validation found, in the order of the file. No message shows a value: it may be a secret."""
    found = {_mistake(one, draft, schema) for one in error.errors(include_url=False, include_input=False)}
    return sorted(found, key=lambda mistake: (mistake.line, mistake.column, mistake.message))


def _mistake(error: Mapping[str, Any], draft: Draft, schema: Schema) -> Mistake:
    steps = tuple(step for step in error["loc"] if step != "[key]")  # Pydantic's mark of a mapping's key
    path, part, kind = _known_part(steps, schema), _resolve(schema, steps), error["type"]
    if kind == "union_tag_invalid":
        path = (*path, "type")
    if kind == "extra_forbidden":
        part = _resolve(schema, steps[:-1])
    # A key that is not known, or has nothing under it yet, is itself the place.
    line, column = locate(draft, path, key=kind in ("extra_forbidden", "missing"))
    message, hint = _words(kind, path, error, part)
    if not hint and kind in ("literal_error", "union_tag_invalid"):
        hint = _guess(draft.data, path, _choices(part))
    return Mistake(draft.location.target, line, column, message, hint)


def _guess(data: Any, path: Path, choices: Sequence[str]) -> str:
    """Which of the choices was meant. Only they are shown: what stands in the file may be a secret at the wrong place."""
    for step in path:
        if isinstance(data, list) and isinstance(step, int):
            data = data[step]
        elif isinstance(data, dict):  # a host may be its type alone, which is then itself the value of the last step
            data = data.get(step)
    near = get_close_matches(data, choices, 1) if isinstance(data, str) else []
    return f"Did you mean `{near[0]}`?" if near else ""


def _choices(part: Schema) -> list[str]:
    return [str(one) for one in part.get("enum") or list(_forms(part)) or [part.get("const")]]


def _words(kind: str, path: Path, error: Mapping[str, Any], part: Schema) -> tuple[str, str]:
    """What is wrong and what to do; `part` is the schema of the value, for a key that is not known that of its siblings."""
    name = format_path(path)
    if kind == "extra_forbidden":
        return f"unknown key `{name}`", _nearest(str(path[-1]), sorted(part.get("properties", {})), "Known keys are")
    if kind == "missing":
        return f"`{name}` is missing", ""
    if kind in ("literal_error", "union_tag_invalid"):
        return f"`{name}` must be one of {', '.join(f'`{one}`' for one in _choices(part))}", ""
    if kind == "value_error":
        message, hint = (*error["ctx"]["error"].args, "")[:2]
        return f"`{name}` {message}", hint
    if not path:
        return "expected keys and values", ""
    message = f"`{name}` must be {_WANTED[kind]}" if kind in _WANTED else f"`{name}`: {error['msg']}"
    return message, _HINTS.get(kind, "")


def _nearest(word: str, known: Sequence[str], otherwise: str) -> str:
    near = get_close_matches(word, known, 1)
    return f"Did you mean `{near[0]}`?" if near else f"{otherwise} {', '.join(f'`{one}`' for one in known)}."


def format_path(path: Path) -> str:
    """A place in the file as its author would say it: `auth.tokens[0].token`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _known_part(steps: Path, schema: Schema) -> Path:
    """The path in the file: without the steps that say which form of a section a value was taken for."""
    return tuple(step for n, step in enumerate(steps) if step not in _forms(_resolve(schema, steps[:n])))


def _forms(part: Schema) -> Mapping[str, str]:
    """The forms that a section may have, by its `type`."""
    forms: Mapping[str, str] = part.get("discriminator", {}).get("mapping", {})
    return forms


def _resolve(schema: Schema, path: Path) -> Schema:
    """The part of a JSON schema that describes what a path leads to; empty where it says nothing."""
    found = schema
    for step in path:
        found = {"$ref": _forms(found)[str(step)]} if step in _forms(found) else _find_step(found, step)
        # Of several forms that a value may have, the one with keys is the one that can be gone into.
        found = next((one for one in found.get("anyOf", ()) if one.get("type") not in ("string", "null")), found)
        if "$ref" in found:
            found = schema["$defs"][found["$ref"].rpartition("/")[2]]
    return found


def _find_step(schema: Schema, step: str | int) -> Schema:
    if isinstance(step, int):
        items: Schema = schema.get("items", {})
        return items
    properties: Mapping[str, Schema] = schema.get("properties", {})
    rest = schema.get("additionalProperties", {})
    return properties.get(step, rest if isinstance(rest, dict) else {})
