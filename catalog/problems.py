"""Something wrong in the data, as a value: collected, kept and shown to the author, never raised."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson


class Severity(StrEnum):
    """`error`: an entity was refused or could not be made whole. `warning`: it is served, but its author should look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in which file: `line` and `column` count from 1, 0 where unknown; `index` counts its documents from 0."""

    file: str
    line: int = 0
    column: int = 0
    index: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """An error as Backstage names it: its class name, its message, and what caused it."""

    name: str
    message: str
    cause: "Cause | None" = None


def cause_json(cause: Cause) -> dict[str, Any]:
    """An error in the form Backstage gives it in `status.items`."""
    return {"name": cause.name, "message": cause.message} | ({"cause": cause_json(cause.cause)} if cause.cause else {})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: by which rule (`RULES` in kinds.py), where, what, and what to do.

    `ref` is the canonical ref of the entity it belongs to, empty where none can be told. `error` is what Backstage would
    put into the entity's `status.items`, None for problems that Backstage does not have. `document` is the JSON of a
    refused document, on the problem that refused it.
    """

    rule: str
    message: str
    hint: str
    origin: Origin
    severity: Severity = Severity.ERROR
    ref: str = ""
    error: Cause | None = None
    document: str = ""

    def __str__(self) -> str:
        at = self.origin
        place = f"{at.file}:{at.line}:{at.column}" if at.line else at.file
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}: {self.severity}: {self.message} [{self.rule}]{hint}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many problems a source has with one file."""

    source: str
    file: str
    errors: int
    warnings: int


def list_statuses(problems: Iterable[Problem]) -> dict[str, bytes]:
    """The `status` of every entity that has errors, as bytes to splice (reference section 4.4)."""
    items: dict[str, list[dict[str, Any]]] = {}
    for problem in problems:
        if problem.error is None or not problem.ref:
            continue
        error = cause_json(problem.error)
        message = f"{error['name']}: {error['message']}"
        item = {"type": "backstage.io/catalog-processing", "level": "error", "message": message, "error": error}
        items.setdefault(problem.ref, []).append(item)
    return {ref: b',"status":{"items":' + orjson.dumps(found) + b"}" for ref, found in items.items()}
