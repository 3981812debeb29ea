"""`grafana/dashboard-selector`: conditions on a dashboard's title, tags, url, folderTitle and folderUrl.

`||`, `&&`, `==`, `!=`, `@>` (the list on the left has what is on the right), `!` and brackets, as Backstage's Grafana
plug-in has them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Condition = Callable[[Mapping[str, Any]], Any]
_LONGEST: Final = 2_000
_DEEPEST: Final = 30
_PIECE: Final = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<name>[A-Za-z_]\w*)|(?P<sign>\|\||&&|==|!=|@>|[!()]))"""
)
NAMES: Final = ("title", "tags", "url", "folderTitle", "folderUrl")
_SIGNS: Final[Mapping[str, tuple[int, Callable[[Any, Any], Any]]]] = {
    "||": (1, lambda left, right: left or right),
    "&&": (2, lambda left, right: left and right),
    "==": (3, lambda left, right: left == right),
    "!=": (3, lambda left, right: left != right),
    "@>": (3, lambda left, right: isinstance(left, list) and right in left),
}


class SelectorError(ValueError):
    """A selector that cannot be understood."""


def parse_selector(text: str) -> Condition:
    """The condition that a selector is. Raises `SelectorError`."""
    if len(text) > _LONGEST:
        raise SelectorError(f"it is longer than {_LONGEST} characters")
    pieces = _split(text)
    condition = _parse(pieces, 0, 0)
    if pieces:
        raise SelectorError(f"`{pieces[0][1]}` is not expected there")
    return condition


def _split(text: str) -> list[tuple[str, str]]:
    pieces, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _PIECE.match(text, at)
        if match is None or match.lastgroup is None:
            raise SelectorError(f"`{text[at : at + 20].strip()}` is not understood")
        pieces.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return pieces


def _parse(pieces: list[tuple[str, str]], least: int, depth: int) -> Condition:
    """A condition of operators that bind at least so strongly, taken off the pieces."""
    left = _parse_one(pieces, depth)
    while pieces and pieces[0][0] == "sign" and _SIGNS.get(pieces[0][1], (0,))[0] > least:
        strength, join = _SIGNS[pieces.pop(0)[1]]
        left = _join(join, left, _parse(pieces, strength, depth + 1))
    return left


def _join(join: Callable[[Any, Any], Any], left: Condition, right: Condition) -> Condition:
    return lambda dashboard: join(left(dashboard), right(dashboard))


def _parse_one(pieces: list[tuple[str, str]], depth: int) -> Condition:
    if not pieces or depth > _DEEPEST:
        raise SelectorError("it is nested too deeply" if pieces else "it ends too early")
    kind, piece = pieces.pop(0)
    if kind == "text":
        value = re.sub(r"\\(.)", r"\1", piece[1:-1])
        return lambda _: value
    if kind == "name" and piece in NAMES:
        return lambda dashboard: dashboard.get(piece)
    if piece == "!":
        inner = _parse_one(pieces, depth + 1)
        return lambda dashboard: not inner(dashboard)
    if piece == "(":
        inner = _parse(pieces, 0, depth + 1)
        if not pieces or pieces.pop(0)[1] != ")":
            raise SelectorError("a bracket is not closed")
        return inner
    raise SelectorError(f"`{piece}` is not one of {', '.join(f'`{name}`' for name in NAMES)}")
