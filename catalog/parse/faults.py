"""What is wrong with one document: the C parser's complaints in Backstage's words, with a hint for the author."""

import re
from typing import Final, NamedTuple

import yaml


class Fault(NamedTuple):
    """What is wrong with one document. `line` and `column` count from 1 within the document."""

    rule: str
    message: str
    line: int
    column: int
    hint: str = ""


class BrokenError(Exception):
    """A document cannot be read; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class _Wording(NamedTuple):
    """How a message of the C parser reads in Backstage, and what its author should do."""

    pattern: re.Pattern[str]
    rule: str
    message: str
    hint: str


_TEMPLATE_HINT: Final = "Templating such as `{% if %}` is not YAML: leave skeletons out of the catalog, or quote it."
_INDENT_HINT: Final = "Line this up with its siblings."
_WORDINGS: Final = tuple(
    _Wording(re.compile(pattern), rule, message, hint)
    for pattern, rule, message, hint in (
        (
            "character '%'|directive",
            "yaml-syntax",
            "Plain value cannot start with directive indicator character %",
            _TEMPLATE_HINT,
        ),
        (
            "character '[@`]'",
            "yaml-syntax",
            "Plain value cannot start with reserved character {char}",
            "Put the value in quotes.",
        ),
        (r"character '\t'|tab character", "yaml-tab", "Tabs are not allowed as indentation", "Indent with spaces."),
        (
            "mapping values are not allowed",
            "yaml-syntax",
            "Nested mappings are not allowed in compact mappings",
            "Put a value that contains `: ` in quotes, and check the indentation.",
        ),
        (
            "could not find expected ':'",
            "yaml-syntax",
            "Implicit keys need to be on a single line",
            "A `:` may be missing after the key, or the line is indented too little.",
        ),
        (
            "did not find expected key",
            "yaml-indentation",
            "All mapping items must start at the same column",
            _INDENT_HINT,
        ),
        (
            "did not find expected '-' indicator",
            "yaml-indentation",
            "All sequence items must start at the same column",
            _INDENT_HINT,
        ),
        (
            "sequence entries are not allowed",
            "yaml-indentation",
            "A block sequence may not be used as an implicit map key",
            "Start the list on a line of its own.",
        ),
        ("unexpected end of stream", "yaml-syntax", "Missing closing quote", "Close the quote."),
        (
            "expected ',' or ']'",
            "yaml-syntax",
            "Flow sequence in block collection must be sufficiently indented and end with a ]",
            "Close the `[`.",
        ),
        (
            "expected ',' or '}'",
            "yaml-syntax",
            "Flow map in block collection must be sufficiently indented and end with a }",
            "Close the `{`, or put a value such as `{{ name }}` in quotes.",
        ),
        (
            "did not find expected node content",
            "yaml-syntax",
            "did not find expected node content",
            "Close the `[` or `{` before it, and put a value that starts with `,`, `]` or `}` in quotes.",
        ),
        (
            "found undefined alias",
            "yaml-alias",
            "Unresolved alias (the anchor must be set before the alias)",
            "Set the anchor with `&name` first, or put a value that starts with `*` in quotes.",
        ),
        (
            "expected the document start|expected <document start>",
            "yaml-syntax",
            "Unexpected scalar at node end",
            _INDENT_HINT,
        ),
    )
)


def explain(error: yaml.MarkedYAMLError, text: str) -> Fault:
    """The fault that an error of the C parser on `text` is."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.split("\n", line)
    here = lines[line - 1] if line <= len(lines) else ""
    char = here[column - 1 : column]
    said = f"{error.problem} character '{char}'" if "cannot start any token" in (error.problem or "") else error.problem
    for wording in _WORDINGS:
        if wording.pattern.search(said or ""):
            hint = _TEMPLATE_HINT if "{%" in here else wording.hint
            return Fault(wording.rule, wording.message.replace("{char}", char), line, column, hint)
    return Fault("yaml-syntax", (error.problem or str(error)).strip(), line, column)


def excerpt(text: str, line: int, column: int) -> str:
    """The line in question, cut to 80 characters, and a caret under the column."""
    lines = text.split("\n", line)
    here, before = (lines[line - 1] if line <= len(lines) else "").rstrip("\r"), column - 1
    if before >= 60 and len(here) > 80:
        start = min(before - 39, len(here) - 79)
        here, before = "…" + here[start:], before - start + 1
    if len(here) > 80:
        here = here[:79] + "…"
    if 1 < line <= len(lines) + 1 and not here[:before].strip(" "):  # a lone carriage return counts as a line, too
        previous = lines[line - 2]
        here = f"{previous if len(previous) < 80 else previous[:79] + '…'}\n{here}"
    return f":\n\n{here}\n{' ' * before}^\n" if here.strip(" ") else ""
