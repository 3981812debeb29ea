"""An API's definition made readable, whatever it is written in, and bounded whatever its size. What it cannot be read as is
said; the text itself is always there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import orjson

from catalog.catalog import read_yaml
from catalog.documents import Document, Json, Location
from web.definitions.asyncapi import read_asyncapi
from web.definitions.openapi import read_openapi
from web.definitions.outline import Entry, Outline, Table, UnreadableError
from web.definitions.proto import read_proto

__all__ = ["Definition", "Opened", "Outline", "file_name", "open_definition", "text_of"]

PAGE: Final = 40
MAX_YAML: Final = 700_000
MAX_JSON: Final = 4_000_000
MAX_OTHER: Final = 500_000
_MAX_ROWS: Final = 900
_SHOWN: Final = 20_000
_SMALL: Final = 60_000
_LOCATION: Final = Location("text", "definition")


def _read_introspection(document: dict[str, Json]) -> Outline:
    # Its library takes half a second that most starts do not need.
    from web.definitions.graphql import read_introspection

    return read_introspection(document)


_READERS: Final[dict[str, Callable[[dict[str, Json]], Outline]]] = {
    "openapi": read_openapi,
    "swagger": read_openapi,
    "asyncapi": read_asyncapi,
    "__schema": _read_introspection,
    "data": _read_introspection,
}
"""By the key that a document has at its top."""
_DOCUMENTS: Final = ("openapi", "asyncapi", "swagger", "graphql")
_ENDINGS: Final = {"graphql": "graphql", "grpc": "proto", "protobuf": "proto", "proto": "proto"}


@dataclass(frozen=True, slots=True)
class Opened:
    """One entry of an outline with its tables."""

    entry: Entry
    tables: list[Table]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a page shows of a definition: some of the entries, from `start`; `problem` where it could not be read."""

    outline: Outline
    groups: list[tuple[str, list[Opened]]]
    start: int
    total: int
    all: int
    find: str
    problem: str
    text: str
    size: int
    left: int

    @property
    def before(self) -> int:
        """Where the page before this one starts."""
        return max(0, self.start - PAGE)

    @property
    def end(self) -> int:
        """The number of the last entry shown."""
        return self.start + sum(len(opened) for _, opened in self.groups)


def open_definition(text: str, type: str, start: int = 0, find: str = "") -> Definition:
    """A definition as a page shows it. Kept for a while, as large ones take long to read."""
    outline, problem = (_read_small if len(text) <= _SMALL else _read_large)(text, type)
    words = find.lower().split()
    wanted = [one for one in outline.entries if not words or all(word in _words_of(one) for word in words)]
    start = start if start < len(wanted) else 0
    return Definition(
        outline=outline,
        groups=_open_groups(wanted[start : start + PAGE]),
        start=start,
        total=len(wanted),
        all=len(outline.entries),
        find=find,
        problem=problem,
        text=text[:_SHOWN],
        size=len(text),
        left=max(0, len(text) - _SHOWN),
    )


def text_of(entity: dict[str, Json]) -> str:
    """The definition of an entity as text; "" where it has none."""
    spec = entity.get("spec")
    found = spec.get("definition") if isinstance(spec, dict) else None
    if isinstance(found, dict | list) and found:  # `$json` and `$yaml` bring values
        return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()
    return found if isinstance(found, str) else ""


def _words_of(entry: Entry) -> str:
    return f"{entry.group} {entry.verb} {entry.name} {entry.about}".lower()


def _open_groups(entries: list[Entry]) -> list[tuple[str, list[Opened]]]:
    """Entries that follow each other in one group; where the page is full, entries stay without their tables."""
    groups: list[tuple[str, list[Opened]]] = []
    rows = 0
    for entry in entries:
        tables = entry.read() if rows < _MAX_ROWS else []
        rows += sum(len(table.rows) for table in tables)
        if not groups or groups[-1][0] != entry.group:
            groups.append((entry.group, []))
        groups[-1][1].append(Opened(entry, tables))
    return groups


def file_name(name: str, type: str, text: str) -> str:
    """What a definition is called as a file."""
    ending = _ENDINGS.get(type.lower())
    if ending is None:
        head = text.lstrip()[:1]
        ending = "json" if head in ("{", "[") else "yaml" if type.lower() in ("openapi", "asyncapi") else "txt"
    safe = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in name)
    return f"{safe}.{ending}"


def _read(text: str, type: str) -> tuple[Outline, str]:
    """The outline, and why there is none."""
    try:
        return _read_text(text, type.lower()), ""
    except UnreadableError as error:
        return Outline(""), str(error)


_read_small, _read_large = lru_cache(maxsize=128)(_read), lru_cache(maxsize=4)(_read)


def _read_text(text: str, type: str) -> Outline:
    if not text.strip():
        raise UnreadableError("It is empty.")
    if type == "graphql" and not text.lstrip().startswith("{"):
        from web.definitions.graphql import read_graphql

        return read_graphql(_check_size(text, MAX_OTHER))
    if _ENDINGS.get(type) == "proto":
        return read_proto(_check_size(text, MAX_OTHER))
    if type not in _DOCUMENTS and not text.lstrip().startswith("{"):
        raise UnreadableError(f"Nothing here reads the format `{type}`, so it is shown as it is.")
    document = _read_document(text)
    for key, read in _READERS.items():
        if key in document:
            return read(document)
    if type in _DOCUMENTS:
        raise UnreadableError(
            f"Its type is `{type}`, but it has no key by which that is known, so it is shown as it is."
        )
    raise UnreadableError(f"Nothing here reads the format `{type}`, so it is shown as it is.")


def _read_document(text: str) -> dict[str, Json]:
    """A definition in JSON or YAML as values."""
    if text.lstrip().startswith("{") and len(text) <= MAX_JSON:
        try:
            found: dict[str, Json] = orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # it may be YAML in flow style
        else:
            return found
    drafts, problems = read_yaml(Document(_LOCATION, _check_size(text, MAX_YAML).encode()))
    if not drafts:
        why = (
            f"line {problems[0].origin.line}: {problems[0].message}"
            if problems
            else "it is no mapping of keys to values."
        )
        raise UnreadableError(f"It could not be read, {why}")
    return drafts[0].data


def _check_size(text: str, most: int) -> str:
    if len(text) > most:
        raise UnreadableError(f"It has {len(text):,} characters; up to {most:,} are read.")
    return text
