"""What a definition comes to, whatever its format: a title, a few facts, and entries (operations, messages, types) with
tables of fields. The tables are only made when an entry is opened up: a large definition has thousands.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from catalog.documents import Json

MAX_ROWS: Final = 60
_MAX_TEXT: Final = 2_000
_MAX_NAME: Final = 240


@dataclass(frozen=True, slots=True)
class Row:
    """One field: `depth` is how far inside another it is."""

    name: str
    type: str
    about: str = ""
    depth: int = 0
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Some fields that belong together; `left` counts those that there is no room for."""

    heading: str
    rows: tuple[Row, ...]
    about: str = ""
    left: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation, message or type. `verb` says what it is; `read` gives its tables."""

    group: str
    verb: str
    name: str
    about: str
    read: Callable[[], list[Table]]
    description: str = ""
    is_deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """A definition that could be read. `format` names what it is written in, `facts` are names and values."""

    format: str
    title: str = ""
    description: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    entries: tuple[Entry, ...] = ()


class UnreadableError(Exception):
    """A definition is not what its type says; the message is for its author."""


def make_table(heading: str, rows: Iterable[Row], about: str = "") -> Table:
    """A table with no more rows than a reader takes in."""
    found = list(rows)
    return Table(
        clip(heading, _MAX_NAME), tuple(found[:MAX_ROWS]), clip(about, _MAX_TEXT), max(0, len(found) - MAX_ROWS)
    )


def clip(value: Json, most: int = _MAX_TEXT) -> str:
    """A text of the definition, cut where it is very long; "" for what is no text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value).strip()
    return text if len(text) <= most else f"{text[: most - 1]}…"


def mapping(value: Json) -> dict[str, Json]:
    """The value if it is a mapping, else an empty one: definitions come as their authors left them."""
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def listing(value: Json) -> list[Json]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
