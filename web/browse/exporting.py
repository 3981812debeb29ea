"""The filtered list as CSV, JSON or NDJSON, piece by piece, so that a hundred thousand rows take no memory.

A row is the ref, the name and the columns chosen; what is a list stands in one field of CSV, with commas.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final, TypeVar

import orjson

from catalog.documents import Json
from web.browse import Browse
from web.browse.columns import COLUMNS, Cell, Row
from web.names import PLURALS, label_of, spell_kind

T = TypeVar("T")
_BATCH = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Format:
    """One form of export: its content type, and what writes rows in it."""

    media: str
    write: Callable[[Browse], Iterator[bytes]]


def row_json(row: Row, columns: list[str]) -> dict[str, Json]:
    """A row as the API gives it, under the names that columns have in the address."""
    shown: dict[str, Json] = {name: COLUMNS[name].read(row) for name in columns}
    return {"ref": row.ref, "name": label_of(row.entity), **shown}


def export_name(browse: Browse, form: str) -> str:
    """The name of the file: what is in it, and of what day."""
    kind = PLURALS.get(spell_kind(browse.asked.kind), "catalog").lower()
    return f"{kind}-{datetime.now(UTC):%Y-%m-%d}.{form}"


def _rows(browse: Browse) -> Iterator[dict[str, Json]]:
    return (row_json(row, browse.columns) for row in browse.rows(browse.all_nodes()))


def _write_json(browse: Browse) -> Iterator[bytes]:
    head = {"revision": browse.view.revision, "totalItems": browse.total}
    yield orjson.dumps(head)[:-1] + b',"items":['
    comma = b""
    for batch in batched(_rows(browse)):
        yield comma + b",\n".join(map(orjson.dumps, batch))
        comma = b",\n"
    yield b"]}\n"


def _write_lines(browse: Browse) -> Iterator[bytes]:
    for batch in batched(_rows(browse)):
        yield b"".join(orjson.dumps(row) + b"\n" for row in batch)


def _write_csv(browse: Browse) -> Iterator[bytes]:
    yield format_rows([("ref", "name", *browse.columns)])
    for batch in batched(_rows(browse)):
        yield format_rows([tuple(map(harmless, row.values())) for row in batch])


def format_rows(rows: list[tuple[str, ...]]) -> bytes:
    """Rows of CSV; their cells are harmless already."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # RFC 4180: commas, quotes where they are needed, CRLF
    return text.getvalue().encode("utf-8", "replace")


def harmless(cell: Cell) -> str:
    """A cell's text, with an apostrophe before what a spreadsheet would take for a formula and run."""
    text = ", ".join(cell) if isinstance(cell, list) else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def batched(rows: Iterable[T]) -> Iterator[list[T]]:
    """Some rows at a time: what is sent as one piece."""
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        yield batch


FORMATS: Final[Mapping[str, Format]] = {
    "csv": Format("text/csv; charset=utf-8", _write_csv),
    "json": Format("application/json; charset=utf-8", _write_json),
    "ndjson": Format("application/x-ndjson; charset=utf-8", _write_lines),
}
