"""Something wrong in the data, as a value: collected, kept and shown to the author, never raised."""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: by which rule (`RULES` in kinds.py), where, what, and what to do.

    `ref` is the canonical ref of the entity it belongs to, empty where none can be told. `error` is what Backstage would
    put into the entity's `status.items`, None for problems that Backstage does not have.
    """

    rule: str
    message: str
    hint: str
    origin: Origin
    severity: Severity = Severity.ERROR
    ref: str = ""
    error: Cause | None = None

    def __str__(self) -> str:
        at = self.origin
        place = f"{at.file}:{at.line}:{at.column}" if at.line else at.file
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}: {self.severity}: {self.message} [{self.rule}]{hint}"
