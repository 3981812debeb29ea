"""An entity's annotations as cards by the layer that they are about: CI/CD, Kubernetes, monitoring and so on. Those that no
table knows stay a plain list; secrets are never shown whole.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from catalog.annotations import CATEGORIES, Annotation, find_annotation, find_bases, find_links, mask, split_values
from catalog.documents import Json
from web.urls import safe_href

_PAIR: Final = re.compile(
    r"""(?<![\w./-])([\w./-]+)["']?\s*:(?:\s*("(?:[^"\\]|\\.)*"?|'[^']*'?)|\s+([^\s,{}\[\]#"'][^,{}\[\]]*)|\s*$)"""
)
_MAX_VALUES: Final = 12
_MAX_LENGTH: Final = 160
_MAX_ROWS: Final = 60
_HIDDEN: Final = ("origin", "documentation", "other")
"""Categories that have a place of their own on the page."""


@dataclass(frozen=True, slots=True)
class Tool:
    """What one annotation says: single values, each with where it leads ("" if nowhere), and further links."""

    key: str
    label: str
    tool: str
    values: list[tuple[str, str]]
    links: list[tuple[str, str]]
    left: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """The tools of one layer."""

    name: str
    heading: str
    tools: list[Tool]


@dataclass(frozen=True, slots=True)
class Tools:
    """The cards in the order of the table, and the annotations that it does not know; `left` counts what has no room."""

    cards: list[Card]
    others: list[Tool]
    left: int


def find_tools(annotations: Mapping[str, Json], bases: Mapping[str, str] | None = None) -> Tools:
    """The cards of an entity. `bases` say where the tools' instances are, by tool."""
    known = find_bases(annotations, bases)
    by_category: dict[str, list[Tool]] = {}
    texts = [(key, value) for key, value in annotations.items() if isinstance(value, str) and value.strip()]
    for key, value in texts[:_MAX_ROWS]:
        annotation = find_annotation(key)
        by_category.setdefault(annotation.category, []).append(_read(annotation, value, known))
    cards = [
        Card(name, heading, by_category[name])
        for name, heading in CATEGORIES.items()
        if name in by_category and name not in _HIDDEN
    ]
    return Tools(cards, by_category.get("other", []), max(0, len(texts) - _MAX_ROWS))


def _read(annotation: Annotation, value: str, bases: Mapping[str, str]) -> Tool:
    if annotation.is_secret:
        return Tool(annotation.key, annotation.label, annotation.tool, [(mask(value), "")], [])
    parts = split_values(annotation, value)
    links = [(label, href) for label, address in find_links(annotation, value, bases) if (href := safe_href(address))]
    own = {label: href for label, href in links if label in parts}
    first = links[0][1] if links and len(parts) == 1 else ""
    values = [(_cut(part), own.get(part) or _own_address(part) or first) for part in parts[:_MAX_VALUES]]
    shown = {href for _, href in values}
    rest = [(label, href) for label, href in links if href not in shown]
    left = max(0, len(parts) - _MAX_VALUES)
    return Tool(annotation.key, annotation.label, annotation.tool, values, rest[:_MAX_VALUES], left)


def _own_address(text: str) -> str:
    """Where a value that is itself an address leads."""
    address = text.removeprefix("url:")
    return safe_href(address) if address.startswith(("https://", "http://")) else ""


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"


def hide_secrets(entity: dict[str, Json]) -> dict[str, Json]:
    """The entity with its secret annotations masked, for showing it as text."""
    metadata = entity["metadata"]
    annotations = metadata.get("annotations") or {}
    secret = {key: mask(str(value)) for key, value in annotations.items() if find_annotation(key).is_secret}
    if not secret:
        return entity
    return {**entity, "metadata": {**metadata, "annotations": {**annotations, **secret}}}


def hide_in_lines(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a catalog file with its secret annotations masked, also where the YAML is broken.

    A value that goes on below its key is left out, line by line, for as long as the lines are further in than the key.
    """
    inside = -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if inside >= 0 and (indent > inside or not line.strip()):
            yield " " * indent + "…" if line.strip() else line
            continue
        first = _PAIR.match(line.lstrip(" -\"'"))
        inside = indent if first and find_annotation(first[1]).is_secret else -1
        yield _PAIR.sub(_mask_pair, line)


def _mask_pair(found: re.Match[str]) -> str:
    value = found[2] or found[3]
    if not value or value[0] in "|>" or not find_annotation(found[1]).is_secret:
        return found[0]
    before, quote = found[0].removesuffix(value), value[0] if value[0] in "\"'" else ""
    return f"{before}{quote}{mask(value.strip(quote))}{quote}"
