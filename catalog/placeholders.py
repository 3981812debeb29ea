"""`$text`, `$json`, `$yaml` and friends: the files that an entity names, put in its place (reference section 5.6).

Reads only through the function it is given, and loads only through the loaders it is given.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from catalog.documents import Json
from catalog.errors import ReadError
from catalog.problems import Cause
from catalog.scm import UnformedError

Path = tuple[str | int, ...]
Read = Callable[[str], bytes]
Load = Callable[[str], Json]

PLACEHOLDERS: Final = {"text": "", "json": "json", "yaml": "yaml", "openapi": "", "asyncapi": ""}
"""Each placeholder and the loader it needs, "" for the text as it stands. Bundling `$ref`s is not done."""

STAND_IN: Final = "placeholder"
"""What a placeholder becomes where nothing can be read."""


class Fault(NamedTuple):
    """A placeholder that could not be replaced: where, in Backstage's words, and as the error Backstage would keep."""

    path: Path
    message: str
    error: Cause


def has_placeholders(data: Json) -> bool:
    """Whether `substitute` would find anything to replace, or to complain about."""
    pending: list[Any] = [data]
    while pending:
        value = pending.pop()
        if value.__class__ is dict:
            if any(key[:1] == "$" for key in value):
                if _name(value):
                    return True
                continue
            pending += value.values()
        elif value.__class__ is list:
            pending += value
    return False


def substitute(data: Json, read: Read | None, load: Mapping[str, Load] | None = None) -> tuple[Json, list[Fault]]:
    """A copy of `data` with its placeholders replaced, and those that could not be, which stay as they are.

    `read` gives the file that a placeholder's value names, or raises `ReadError`; without it each becomes `STAND_IN`.
    `load` holds the loaders `json` and `yaml`: text to value, raising `ValueError`. What was read is not scanned again.
    """
    faults: list[Fault] = []
    return _replace(data, (), read, load or {}, faults), faults


def _replace(data: Json, path: Path, read: Read | None, load: Mapping[str, Load], faults: list[Fault]) -> Json:
    if isinstance(data, list):
        return [_replace(item, (*path, index), read, load, faults) for index, item in enumerate(data)]
    if not isinstance(data, dict):
        return data
    if not any(key.startswith("$") for key in data):
        return {key: _replace(value, (*path, key), read, load, faults) for key, value in data.items()}
    name = _name(data)
    if not name:
        return data
    if read is None:
        return STAND_IN
    try:
        return _resolve(name, data[f"${name}"], read, load)
    except _UnresolvedError as error:
        faults.append(_blame(path, str(error)))
        return data


def _name(data: dict[str, Json]) -> str:
    """The placeholder that a mapping is, "" if it is none: several keys, or a name nobody knows, leave it alone."""
    key = next(iter(data)) if len(data) == 1 else ""
    return key[1:] if key[:1] == "$" and key[1:] in PLACEHOLDERS else ""


class _UnresolvedError(Exception):
    """Why a placeholder could not be replaced."""


def _resolve(name: str, value: Json, read: Read, load: Mapping[str, Load]) -> Json:
    if not isinstance(value, str):
        raise _UnresolvedError(
            f"Placeholder ${name} expected a string value parameter, in the form of an absolute URL or a relative path"
        )
    try:
        text = read(value).decode("utf-8", errors="replace")
    except UnformedError as error:
        raise _UnresolvedError(f"Placeholder ${name} {error.message}") from error
    except ReadError as error:
        said = f"{error.name}: {error.message}"
        raise _UnresolvedError(f"Placeholder ${name} could not read location {value}, {said}") from error
    loader = PLACEHOLDERS[name]
    if not loader:
        return text
    try:
        return load[loader](text)
    except ValueError as error:
        raise _UnresolvedError(_complain(name, value, str(error))) from error


def _complain(name: str, value: str, said: str) -> str:
    count = "expected to find exactly one document of data"
    if said.startswith(count):
        return f"Placeholder ${name} {count} at {value}{said.removeprefix(count)}"
    failed = "failed to parse JSON data" if name == "json" else "found an error in the data"
    return f"Placeholder ${name} {failed} at {value}, {said}"


def _blame(path: Path, message: str) -> Fault:
    wrapped = f"Processor PlaceholderProcessor threw an error while preprocessing; caused by Error: {message}"
    return Fault(path, message, Cause("InputError", wrapped, Cause("Error", message)))
