"""What people paste into a field: a payload of alerts as JSON, a text, or several, one a line."""

import re

import orjson

from catalog.errors import CatalogError
from catalog.lookup import MAX_TEXT, Alert, read_payload, read_text

MAX_FORM = 2_000_000
"""The longest form with a payload in it, in bytes: a letter may take three there."""
_MAX_LINES = 50
_PASSWORD = re.compile(r"(://[^\s/:@]*):[^\s/@]+@")


def drop_passwords(text: str) -> str:
    """The text without the passwords in its addresses, such as a database's: it becomes an address that is passed around."""
    return _PASSWORD.sub(r"\1@", text)


def read_pasted(text: str) -> list[Alert]:
    """The alerts of a pasted payload; none where the text is no JSON, or JSON that says something else."""
    if not text.lstrip().startswith(("{", "[")):
        return []
    try:
        return read_payload(orjson.loads(text))
    except (orjson.JSONDecodeError, CatalogError):
        return []  # `{a="b"}` is a set of labels, and a text like any other


def read_lines(text: str) -> list[Alert]:
    """The same, or each line of the text for itself."""
    lines = dict.fromkeys(drop_passwords(line).strip()[:MAX_TEXT] for line in text.splitlines() if line.strip())
    return read_pasted(text) or [Alert(line[:200], clues=tuple(read_text(line))) for line in list(lines)[:_MAX_LINES]]
