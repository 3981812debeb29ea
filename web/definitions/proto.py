"""Protocol Buffers: services with their calls, messages and enums. A small tolerant reader of what a person looks for, not
a compiler: imports are not followed, options are skipped, and a file that breaks off gives what came before.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from web.definitions.outline import Entry, Outline, Row, Table, UnreadableError, clip, make_table

_MAX_DEPTH: Final = 40
_MAX_ABOUT: Final = 2_000
_TOKEN: Final = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<string>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|"""
    r"""(?P<word>[\w.]+)|(?P<sign>[^\s\w])|(?P<line>\n)""",
    re.DOTALL,
)
_BLOCKS: Final = ("message", "enum", "service", "oneof", "extend")
_CALL: Final = re.compile(r"rpc (\w+) \( (stream )?([\w.]+) \) returns \( (stream )?([\w.]+) \)")
_MAP: Final = re.compile(r"map < ([\w.]+) , ([\w.]+) > (\w+) = ")
_FIELD: Final = re.compile(r"(?:(optional|required|repeated) )?([\w.]+) (\w+) = \w+")
_VALUE: Final = re.compile(r"(\w+) = -?\s?\w+")


@dataclass(slots=True)
class Block:
    """A message, enum, service or oneof: its statements as tokens with single spaces, each with the comment above it."""

    kind: str
    name: str
    about: str = ""
    statements: list[tuple[str, str]] = field(default_factory=list)
    blocks: list["Block"] = field(default_factory=list)


def read_proto(text: str) -> Outline:
    """The outline of a file. Raises `UnreadableError` where nothing in it can be told."""
    root = _parse(text)
    found = {kind: [one for one in _walk(root) if one.kind == kind] for kind in ("service", "message", "enum")}
    if not any(found.values()):
        raise UnreadableError("It has no service, message or enum in it.")
    package = next((words.split()[1] for words, _ in root.statements if words.startswith("package ")), "")
    messages = {one.name.rpartition(".")[2]: one for one in found["message"]}
    messages |= {one.name: one for one in found["message"]}  # a name of its own before one inside another
    calls = [entry for service in found["service"] for entry in _list_calls(service, messages)]
    types = [_entry(one) for kind in ("message", "enum") for one in found[kind]]
    facts = (
        ("Package", clip(package, 200)),
        ("Services", ", ".join(clip(one.name, 80) for one in found["service"][:12])),
    )
    return Outline(format="Protocol Buffers", facts=facts, entries=(*calls, *types))


def _parse(text: str) -> Block:
    """The file as nested blocks."""
    root = Block("", "")
    stack, comment = [root], ""
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        kind, value = token.lastgroup, token[0]
        if kind == "comment":
            comment = f"{comment} {_strip(value[:_MAX_ABOUT])}".strip()[:_MAX_ABOUT] if not words else comment
        elif kind == "line":
            comment = comment if words or not _is_gap(text, token.end()) else ""
        elif value == "{":
            _open(stack, words, comment)
            words, comment = [], ""
        elif value in (";", "}"):
            if words:
                stack[-1].statements.append((" ".join(words), comment))
            words, comment = [], ""
            if value == "}" and len(stack) > 1:
                stack.pop()
        else:
            words.append(value)
    return root


def _is_gap(text: str, at: int) -> bool:
    """Whether an empty line follows: a comment above one is not of what comes after."""
    return text[at : at + 1] == "\n"


def _open(stack: list[Block], words: list[str], comment: str) -> None:
    """Begin a block; braces of options and of calls are blocks without a name, and go deeper without being kept."""
    if len(stack) > _MAX_DEPTH:
        raise UnreadableError(f"It is nested more than {_MAX_DEPTH} levels deep.")
    block = Block("", "")
    if len(words) == 2 and words[0] in _BLOCKS:
        above = "".join(f"{one.name}." for one in stack[-1:] if one.kind == "message" and words[0] != "oneof")
        block = Block(words[0], above + words[1], comment)
        stack[-1].blocks.append(block)
    elif words and words[0] == "rpc":
        stack[-1].statements.append((" ".join(words), comment))
    stack.append(block)


def _strip(comment: str) -> str:
    lines = (line.strip().lstrip("*").strip() for line in comment.strip("/").strip("*").splitlines())
    return " ".join(filter(None, lines)).lstrip("/ ")


def _walk(block: Block) -> Iterator[Block]:
    for inner in block.blocks:
        yield inner
        yield from _walk(inner)


def _list_calls(service: Block, messages: Mapping[str, Block]) -> Iterator[Entry]:
    for words, about in service.statements:
        if match := _CALL.match(words):
            name, sends, request, answers, response = match.groups()
            ends = (("Takes", sends, request), ("Returns", answers, response))
            called = clip(f"{name}({sends or ''}{request}) → {answers or ''}{response}", 240)
            yield Entry(
                clip(service.name, 80), "rpc", called, clip(about, 240), partial(_read_call, ends, messages, about)
            )


def _read_call(ends: Iterable[tuple[str, str | None, str]], messages: Mapping[str, Block], about: str) -> list[Table]:
    """The fields of what a call takes and returns, where its file has them."""
    tables = [make_table("About", (), about)] if len(about) > 240 else []
    for word, stream, name in ends:
        block = messages.get(name) or messages.get(name.rpartition(".")[2])
        note = "" if block else "Its fields are in another file."
        tables.append(make_table(f"{word} {stream or ''}{name}", _list_fields(block) if block else (), note))
    return tables


def _entry(block: Block) -> Entry:
    group = "Messages" if block.kind == "message" else "Enums"
    return Entry(group, block.kind, clip(block.name, 240), clip(block.about, 240), partial(_read_fields, block))


def _read_fields(block: Block) -> list[Table]:
    rows = list(_list_values(block) if block.kind == "enum" else _list_fields(block))
    return [make_table("Values" if block.kind == "enum" else "Fields", rows)]


def _list_values(block: Block) -> Iterator[Row]:
    for words, about in block.statements:
        if (match := _VALUE.match(words)) and not words.startswith("option "):
            yield Row(clip(match[1], 120), "", clip(about, 300))


def _list_fields(block: Block, depth: int = 0) -> Iterator[Row]:
    for words, about in block.statements:
        if match := _MAP.match(words):
            yield Row(clip(match[3], 120), f"map of {match[1]} to {clip(match[2], 80)}", clip(about, 300), depth)
        elif (match := _FIELD.match(words)) and match[2] != "option":
            type = f"list of {match[2]}" if match[1] == "repeated" else match[2]
            yield Row(clip(match[3], 120), clip(type, 120), clip(about, 300), depth, match[1] == "required")
    for inner in block.blocks:
        if inner.kind == "oneof":
            yield Row(clip(inner.name, 120), "one of", clip(inner.about, 300), depth)
            yield from _list_fields(inner, depth + 1)
