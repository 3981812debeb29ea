"""JSON values as YAML text for people to read. It prints only: reading YAML is the business of `catalog.parse`."""

import json
import re
from collections.abc import Iterator

from catalog.documents import Json

_PLAIN = re.compile(r"[A-Za-z/$][\w ./$@+=()~-]*(?::[\w./$@+=()~-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def format_yaml(value: Json, limit: int | None = None) -> str:
    """Block style YAML 1.2, keys in their own order; it reads back as the same values.

    With a `limit` it ends with the line that goes beyond so many characters: a large entity is not printed for nothing.
    """
    lines, size = [], 0
    for line in _lines(value, 0):
        lines.append(line)
        size += len(line) + 1
        if limit is not None and size > limit:
            break
    return "\n".join(lines) + "\n"


def _lines(value: Json, indent: int) -> Iterator[str]:
    pad = " " * indent
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _entry(f"{pad}{_scalar(key)}:", inner, indent)
    elif isinstance(value, list) and value:
        for item in value:
            inner = list(_lines(item, indent + 2)) if isinstance(item, dict | list) else [_text(item, indent)]
            yield f"{pad}- {inner[0].lstrip()}"
            yield from inner[1:]
    else:
        yield pad + _scalar(value)


def _entry(head: str, value: Json, indent: int) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from _lines(value, indent + 2)
    else:
        yield f"{head} {_text(value, indent)}"


def _text(value: Json, indent: int) -> str:
    """A scalar; a text of several plain lines as a literal block."""
    if not isinstance(value, str) or "\n" not in value or not _is_block(value):
        return _scalar(value)
    body = value.removesuffix("\n")
    pad = "\n" + " " * (indent + 2)
    lines = (pad + line if line else "\n" for line in body.split("\n"))
    return ("|" if body != value else "|-") + "".join(lines)


def _is_block(text: str) -> bool:
    """Whether a literal block keeps the text whole: no blank edges, nothing that cannot be printed."""
    printable = all(char.isprintable() or char in "\n\t" for char in text)
    return printable and text[0] not in " \t\n" and not text.endswith("\n\n") and bool(text.strip())


def _scalar(value: Json) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not value.endswith(" ") and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
