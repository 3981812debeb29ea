"""Bytes to drafts and problems: YAML as Backstage reads it (YAML 1.2 core, reference section 5.1), on the C parser.

Never raises and never crashes: size, nesting and alias expansion are bounded before anything recursive sees the text.
What a document means is not looked at here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import orjson
import yaml

from catalog.documents import Document, Draft, Json, Location
from catalog.parse.faults import BrokenError, Fault, excerpt
from catalog.parse.loader import compose, declared_version, load, to_number
from catalog.problems import Cause, Origin, Problem, Severity

_BOUNDARY: Final = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
# Without the `+` at the end, which forbids to go back, it would remember every line.
_BLANK: Final = re.compile(r"(?:---)?(?:[ \t]*(?:#[^\n]*)?(?:\n|\r\n?|\Z))*+\Z")
MOST_BROKEN: Final = 1_000
"""So many documents of a file may be broken; what comes after them is not read, for it is no catalog file."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The documents of one file that could be read, and what is wrong with the file."""

    drafts: list[Draft]
    problems: list[Problem]


class _Segment(NamedTuple):
    """The text of one document and the file's line (from 1) that it starts on."""

    text: str
    line: int


def parse(document: Document, max_bytes: int = 5_000_000) -> Parsed:
    """Every document of a file as a `Draft`, and a `Problem` for each one that is none. Empty ones do not count."""
    parsed = Parsed([], [])
    if len(document.content) > max_bytes:
        size = f"the file has {len(document.content):,} bytes; at most {max_bytes:,} are read"
        fault = Fault("yaml-too-large", size, 1, 1, "Split the file, or raise the limit.")
        parsed.problems.append(_report(fault, document.location, 0, _Segment("", 1)))
        return parsed
    text, fault_or_none = _decode(document.content)
    if fault_or_none:
        parsed.problems.append(_report(fault_or_none, document.location, 0, _Segment("", 1)))
    index = 0
    for segment in _split(text):
        data = _read(segment, document.location, index, parsed.problems)
        if data is None:
            continue
        if data is not _UNREAD:
            draft = Draft(document.location, index, data, segment.text, segment.line, document.annotations)
            parsed.drafts.append(draft)
        index += 1
        if index - len(parsed.drafts) >= MOST_BROKEN:
            parsed.problems.append(too_many(document.location, index, segment.line))
            break
    return parsed


def too_many(location: Location, index: int, line: int) -> Problem:
    """That so many documents of a file are broken that the rest of it, from a document on, is not read."""
    message = f"{MOST_BROKEN:,} documents of this file are broken; what comes after them is not read"
    return _report(Fault("yaml-too-many", message, 1, 1, "Mend or remove them."), location, index, _Segment("", line))


_UNREAD: Final = object()
_MAPPING_HINT: Final = (
    "A catalog file holds mappings such as `kind: Component`, one a document, separated by `---` lines."
)
_STRANGERS: Final = {
    "version https://git-lfs.": "This is a pointer of Git LFS: keep catalog files out of it.",
    "<": "This is a page, such as one that asks to sign in: name the file as it is.",
}
"""What comes where a catalog file was meant, by how it starts."""


def _read(segment: _Segment, location: Location, index: int, problems: list[Problem]) -> Any:
    """The mapping that a document holds, None if it is empty, `_UNREAD` if a problem was reported instead."""
    try:
        data = load(segment.text)
    except BrokenError as error:
        problems.append(_report(error.fault, location, index, segment))
        return _UNREAD
    if version := declared_version(segment.text):
        message = f"this document declares YAML {version}; it is read as YAML 1.2, where `yes` and `on` are text"
        fault = Fault("yaml-version", message, 1, 1, "Remove the `%YAML` line.")
        problems.append(_report(fault, location, index, segment))
    if data is None or isinstance(data, dict):
        return data
    message = f"Expected object at root, got {_typeof(data)}"
    line = 1 + segment.text.startswith("---")
    text = segment.text.lstrip()
    hint = next((hint for start, hint in _STRANGERS.items() if text.startswith(start)), _MAPPING_HINT)
    problems.append(_report(Fault("not-a-mapping", message, line, 1, hint), location, index, segment))
    return _UNREAD


def _typeof(data: Json) -> str:
    """What JavaScript's `typeof` says of it."""
    names: tuple[tuple[type, str], ...] = ((str, "string"), (bool, "boolean"), (int, "number"), (float, "number"))
    return next((name for kind, name in names if isinstance(data, kind)), "object")


def load_yaml(text: str) -> Json:
    """The one document of a text. Raises `ValueError` saying what is wrong, as Backstage's placeholders do."""
    documents = list(_split(text.removeprefix("\ufeff")))
    if len(documents) != 1:
        raise ValueError(f"expected to find exactly one document of data, found {len(documents)}")
    try:
        return load(documents[0].text)
    except BrokenError as error:
        fault = error.fault
        raise ValueError(f"YAMLParseError: {fault.message} at line {fault.line}, column {fault.column}") from error


def load_json(text: str) -> Json:
    """The value of a JSON text, its numbers as JavaScript would print them. Raises `ValueError`."""
    try:
        return _to_double(orjson.loads(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"SyntaxError: {error}") from error


def _to_double(data: Json) -> Json:
    if isinstance(data, dict):
        return {key: _to_double(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_to_double(value) for value in data]
    return to_number(float(data)) if isinstance(data, float) or (type(data) is int and abs(data) > 2**53) else data


def _decode(content: bytes) -> tuple[str, Fault | None]:
    """UTF-8, or UTF-16 where a byte order mark says so. What is neither is read as Backstage does, with U+FFFD."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding), None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"byte 0x{content[error.start]:02x} is not valid {encoding.removesuffix('-sig').upper()}"
        fault = Fault("yaml-encoding", message, line, column, "Save the file as UTF-8.")
        return content.decode(encoding, errors="replace"), fault


def _split(text: str) -> Iterator[_Segment]:
    """The documents that are not blank. `---` and `...` at the line's start end whatever stands before them."""
    start, line = 0, 1
    in_document = False
    for match in _BOUNDARY.finditer(text):
        at, is_end = match.start(), text[match.start()] == "."
        # Directives and comments before a `---` belong to the document that it opens.
        is_prefix = not is_end and not in_document and _is_prologue(text[start:at])
        if not is_prefix:
            if not _BLANK.match(text, start, at):
                yield _Segment(text[start:at], line)
            end = match.end() if is_end else at
            line += text.count("\n", start, end)
            start = end
        in_document = not is_end
    if not _BLANK.match(text, start):
        yield _Segment(text[start:], line)


def _is_prologue(text: str) -> bool:
    return "%" in text and all(not line.strip() or line[0] in "%#" for line in text.splitlines())


def _report(fault: Fault, location: Location, index: int, segment: _Segment) -> Problem:
    line = segment.line + fault.line - 1
    origin = Origin(location.target, line, fault.column, index)
    severity = Severity.WARNING if fault.rule in _WARNINGS else Severity.ERROR
    error = None if severity is Severity.WARNING else Cause("Error", _phrase(fault, location, line, segment.text))
    return Problem(fault.rule, fault.message, fault.hint, origin, severity, error=error)


_WARNINGS: Final = frozenset({"yaml-version", "yaml-encoding"})


def _phrase(fault: Fault, location: Location, line: int, text: str) -> str:
    """Backstage's own words for a document it cannot read."""
    if fault.rule in {"not-a-mapping", "yaml-too-large", "yaml-too-many"}:
        return fault.message
    message = "Map keys must be unique" if fault.rule == "yaml-duplicate-key" else fault.message
    shown = excerpt(text, fault.line, fault.column)
    return f"YAML error at {location}, YAMLParseError: {message} at line {line}, column {fault.column}{shown}"


def locate(draft: Draft, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
    """Where one thing in a draft stands, as `Places` tells it."""
    return Places(draft)(path, key=key)


class Places:
    """Where things stand in a draft. It is read anew for that once, when first asked, however many they are."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def __call__(self, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
        """The file's line and column of what `path` leads to, or of the nearest thing around it that exists.

        A scalar is placed at its value, anything else at its key; with `key`, always at the key.
        """
        node = self._root
        if node is None:
            return self._draft.line, 1
        mark = node.start_mark
        for step in path:
            found = _step(node, step)
            if found is None:
                break
            key_node, node = found
            is_scalar = node.__class__ is yaml.ScalarNode and bool(node.value)
            mark = (node if is_scalar and not key else key_node or node).start_mark
        return self._draft.line + mark.line, mark.column + 1

    @cached_property
    def _root(self) -> Any:
        try:
            return compose(self._draft.text)
        except BrokenError:
            return None


def _step(node: Any, step: str | int) -> tuple[Any, Any] | None:
    if node.__class__ is yaml.MappingNode:
        matches = (pair for pair in node.value if getattr(pair[0], "value", None) == step)
        return next(matches, None)
    if node.__class__ is yaml.SequenceNode and isinstance(step, int) and 0 <= step < len(node.value):
        return None, node.value[step]
    return None
