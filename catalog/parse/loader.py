"""The text of one document to its value, by YAML 1.2's core rules on the C composer, bounded in depth and expansion."""

import operator
import re
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Final

import orjson
import yaml

from catalog.documents import Json
from catalog.parse.faults import BrokenError, Fault, explain
from catalog.scalars import EXACT, print_text

MAX_DEPTH: Final = 200
MAX_TAB_LINES: Final = 50  # each costs another reading of the document
MAX_EXPANSION: Final = 10_000  # nodes that aliases may add to one document
_SAFE_DEPTH: Final = 3_000  # the C composer recurses and survives 20,000 levels on an 8 MB stack
_MAX_CACHED_SCALARS: Final = 16_384

_VERSION: Final = re.compile(r"^%YAML[ \t]+(\S+)", re.MULTILINE)
# Characters that are plain text to the JavaScript reader, but line breaks or errors to the C one. They travel through
# the C reader disguised as private-use characters.
_STRANGE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PLANES: Final = tuple(range(16, 3, -1))  # Unicode's planes of which hardly a text has any character
_NUMBER: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_RADIX: Final = re.compile(r"0o([0-7]+)|0x([0-9a-fA-F]+)")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN")
_WORDS: Final[dict[str, tuple[str, Json]]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("null", None)),
    **dict.fromkeys(("true", "True", "TRUE"), ("bool", True)),
    **dict.fromkeys(("false", "False", "FALSE"), ("bool", False)),
}
_UNCLOSED_FLOW: Final = "Flow collection in block collection must be sufficiently indented"
_RESOLVABLE: Final = frozenset("+-.0123456789~nNtTfF")  # a plain scalar starting otherwise is always a string


class _Loader(yaml.CSafeLoader):
    """The C composer with its calls into Python taken out: `resolve` only says whether a node's tag is implied."""

    descend_resolver = operator.is_  # type: ignore[assignment]
    ascend_resolver = bool  # type: ignore[assignment]

    def resolve(self, kind: type, value: Any, implicit: Any) -> bool:
        return bool(implicit[0]) if kind is yaml.ScalarNode else True


def declared_version(text: str) -> str:
    """The YAML version of a `%YAML` line, "" for none or for 1.2, which is what is read."""
    match = _VERSION.match(text) if text.startswith("%YAML") else None
    return match[1] if match and match[1] != "1.2" else ""


def load(text: str) -> Json:
    """The value of one document. Raises `BrokenError`."""
    node = compose(text)
    if node is None:
        return None
    return _Builder(text).build(node)


def _is_strange(text: str) -> bool:
    return _STRANGE.search(text) is not None


def compose(text: str) -> yaml.Node | None:
    """The node tree of one document. Raises `BrokenError`."""
    if _is_strange(text):
        base = _disguise_base(text)
        text = _STRANGE.sub(lambda match: chr(base + ord(match[0])), text)
    if text.startswith("%"):
        text = _VERSION.sub("#", text)
    if not text.endswith("\n"):
        text += "\n"  # or a block scalar at the end would lose its own
    for _ in range(MAX_TAB_LINES):
        try:
            return _compose_strictly(text)
        except yaml.MarkedYAMLError as error:
            mended = _join_surrogates(_blank_tab_line(text, error), error)
            if mended == text:
                raise BrokenError(explain(error, text)) from error
            text = mended
        except (yaml.YAMLError, UnicodeError, RecursionError) as error:
            raise BrokenError(Fault("yaml-syntax", str(error), 1, 1)) from error
    raise BrokenError(Fault("yaml-tab", "Tabs are not allowed as indentation", 1, 1, "Indent with spaces."))


def _compose_strictly(text: str) -> yaml.Node | None:
    _bound_depth(text)
    loader = _Loader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return node


def _blank_tab_line(text: str, error: yaml.MarkedYAMLError) -> str:
    """Where only the C parser minds a tab, before a comment or on a line of blanks, the text without that line."""
    if "tab" not in (error.problem or "") or not error.problem_mark:
        return text
    lines = text.split("\n")
    at = error.problem_mark.line
    if at < len(lines) and (not lines[at].strip() or lines[at].lstrip()[0] == "#"):
        lines[at] = ""
    return "\n".join(lines)


_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def _join_surrogates(text: str, error: yaml.MarkedYAMLError) -> str:
    """JSON writes a character beyond U+FFFF as two escapes, which the C parser refuses: the text with one escape for each."""
    if "Unicode character escape" not in (error.problem or ""):
        return text
    return _PAIR.sub(lambda m: f"\\U{0x10000 + ((int(m[1], 16) & 0x3FF) << 10) + (int(m[2], 16) & 0x3FF):08x}", text)


def _bound_depth(text: str) -> None:
    """Measure the nesting on the flat event stream where it could be too deep for the composer, which recurses.

    A block collection starts further right than the one around it, or at most two at the same column.
    """
    if len(text) <= _SAFE_DEPTH:
        return
    if text.count("[") + text.count("{") + 2 * max(map(len, text.splitlines())) <= _SAFE_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _too_deep(at: Any) -> BrokenError:
    message = f"nested more than {MAX_DEPTH} levels deep"
    mark = at.start_mark
    return BrokenError(Fault("yaml-too-deep", message, mark.line + 1, mark.column + 1, "Flatten the document."))


class _Builder:
    """Nodes to values, each alias a copy of its own. Counts what aliases add where there are any."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.seen: set[int] | None = set() if "*" in text and "&" in text else None
        self.expanded = 0
        base = _disguise_base(text) if _is_strange(text) else 0
        self.disguised = re.compile(f"[{chr(base)}-{chr(base + 0xFFFF)}]") if base else None

    def build(self, node: Any, depth: int = 0) -> Json:
        """The value of a node that stands `depth` collections deep."""
        if self.seen is not None:
            self._count(node)
        kind = node.__class__
        if kind is yaml.ScalarNode:
            return self._build_scalar(node)
        if depth >= MAX_DEPTH:
            raise _too_deep(node)
        if kind is yaml.SequenceNode:
            return self._build_sequence(node, depth + 1)
        return self._build_mapping(node, depth + 1)

    def _build_sequence(self, node: Any, depth: int) -> list[Json]:
        result = []
        for item in node.value:
            result.append(self.build(item, depth))
            if item.tag is False or item.__class__ is not yaml.ScalarNode:
                self._check_indent(item, node, node)
        return result

    def _build_scalar(self, node: Any) -> Json:
        value = node.value
        if self.disguised:
            value = self.disguised.sub(_undisguise, value)
        tag = node.tag
        if tag is True:
            return value if value and value[0] not in _RESOLVABLE else _resolve(value)[1]
        if tag is False:
            return value
        name, resolved = _resolve(value)
        return resolved if tag == f"tag:yaml.org,2002:{name}" else value

    def _build_mapping(self, node: Any, depth: int) -> dict[str, Json]:
        result: dict[str, Json] = {}
        has_index = False
        for key_node, value_node in node.value:
            key = self._build_key(key_node, depth)
            has_index = has_index or key.isdecimal()
            result[key] = self.build(value_node, depth)
            if value_node.tag is False or value_node.__class__ is not yaml.ScalarNode:
                self._check_indent(value_node, node, key_node)
        if len(result) != len(node.value):
            self._refuse_duplicate(node)
        return _order_like_javascript(result) if has_index else result

    def _build_key(self, node: Any, depth: int) -> str:
        key = node.value
        if node.tag is True and key.__class__ is str and key and key[0] not in _RESOLVABLE and not self.disguised:
            return str(key)
        return _to_key(self.build(node, depth), node)

    def _check_indent(self, node: Any, parent: Any, key: Any) -> None:
        """Only the JavaScript reader wants the further lines of a quoted or flow value right of the key or dash."""
        is_flow = node.__class__ is not yaml.ScalarNode
        if parent.flow_style or not (node.flow_style if is_flow else node.style in ("'", '"')):
            return
        first, last, column = node.start_mark.line, node.end_mark.line, key.start_mark.column
        for number in range(first + 1, last + 1):
            line = self.lines[number]
            text = line.lstrip(" ")
            is_end = is_flow and number == last and text[:1] in ("]", "}") and len(line) - len(text) == column
            if text.strip() and len(line) - len(text) <= column and not is_end and not (is_flow and text[0] == "#"):
                message = _UNCLOSED_FLOW if is_flow else f"Missing closing {node.style}quote"
                hint = "Indent every line of this value further than its key, or close it where it should end."
                raise BrokenError(Fault("yaml-indentation", message, number + 1, 1, hint))

    @cached_property
    def lines(self) -> list[str]:
        """The lines as the C parser counts them."""
        return re.split(r"\r\n|\n|\r", self.text)

    def _refuse_duplicate(self, node: Any) -> None:
        """Keys are duplicates if equal as values: `1` and `"1"` are not, and the later one wins."""
        known: dict[Any, Any] = {}
        for key_node, _ in node.value:
            if key_node.__class__ is not yaml.ScalarNode:
                continue
            value = self._build_scalar(key_node)
            identity = (value.__class__, value)
            if identity in known:
                mark, first = key_node.start_mark, known[identity].start_mark
                hint = f"Remove one of the two `{key_node.value}`. If two entities meet here, put `---` between them."
                lines = mark.line - first.line
                above = ("on the same line", "on the line above")[lines] if lines < 2 else f"{lines} lines above"
                message = f"Map keys must be unique: `{key_node.value}` stands {above} too"
                raise BrokenError(Fault("yaml-duplicate-key", message, mark.line + 1, mark.column + 1, hint))
            known[identity] = key_node

    def _count(self, node: Any) -> None:
        """A node met again is an alias's target; a cycle runs into the same bound."""
        assert self.seen is not None
        if id(node) not in self.seen:
            self.seen.add(id(node))
            return
        self.expanded += 1
        if self.expanded > MAX_EXPANSION:
            mark = node.start_mark
            message = "Excessive alias count indicates a resource exhaustion attack"
            hint = "Write the values out instead of repeating them by `*alias`."
            raise BrokenError(Fault("yaml-alias", message, mark.line + 1, mark.column + 1, hint))


def _disguise_base(text: str) -> int:
    """Where the disguised characters go: the first code point of a plane that the text uses neither plainly nor escaped."""
    used = {ord(character) >> 16 for character in text if character > "\uffff"}
    used |= {int(plane, 16) for plane in re.findall(r"\\U00([0-9a-fA-F]{2})", text)}
    if _PAIR.search(text):
        used |= {1 + ((int(high, 16) & 0x3FF) >> 6) for high, _ in _PAIR.findall(text)}
    return next((plane << 16 for plane in _PLANES if plane not in used), _PLANES[0] << 16)


def _undisguise(match: re.Match[str]) -> str:
    return chr(ord(match[0]) & 0xFFFF)


def _order_like_javascript(result: dict[str, Json]) -> dict[str, Json]:
    """Keys that are array indices come first, in ascending order, as in every JavaScript object."""
    indices = sorted((int(key), key) for key in result if _is_index(key))
    return {**{key: result[key] for _, key in indices}, **result}


def _is_index(key: str) -> bool:
    return key.isdecimal() and key.isascii() and len(key) <= 10 and str(int(key)) == key and int(key) < 2**32 - 1


@lru_cache(maxsize=_MAX_CACHED_SCALARS)
def _resolve(value: str) -> tuple[str, Json]:
    """The core schema's tag and value of a plain scalar."""
    if word := _WORDS.get(value):
        return word
    if radix := _RADIX.fullmatch(value):
        return "int", _whole(int(radix[1], 8) if radix[1] else int(radix[2], 16))
    if _NUMBER.fullmatch(value):
        return "int" if _INTEGER.fullmatch(value) else "float", to_number(float(value))
    return ("float", None) if _NOT_FINITE.fullmatch(value) else ("str", value)


def _whole(value: int) -> Json:
    try:
        return to_number(float(value))
    except OverflowError:
        return None


def to_number(value: float) -> Json:
    """What JSON shows of a JavaScript number: whole ones without a point, rounded beyond 2^53, null if not finite."""
    if value - value != 0:
        return None
    if value == int(value) and -(2**63) <= value < 2**64:
        return int(value) if abs(value) <= EXACT else int(Decimal(repr(value)))
    return value


def _to_key(value: Json, node: Any) -> str:
    """How JavaScript writes a value as the key of an object."""
    if isinstance(value, str):
        return value
    if value is None:
        return "" if node.value in _WORDS else node.value.lstrip("+.")
    return print_text(value) if isinstance(value, bool | int | float) else _flow(value)


def _flow(value: Json) -> str:
    """A collection as flow YAML: how a collection that serves as a key becomes text."""
    if isinstance(value, dict):
        pairs = (key if item is None else f"{key}: {_flow(item)}" for key, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, list):
        return f"[ {', '.join(map(_flow, value))} ]" if value else "[]"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
