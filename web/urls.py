"""Addresses: of pages, their JSON twins; numbers and refs in them; and which in catalog files may be links."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from catalog.refs import RefError, parse_ref

_LINKED_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_CONTROLS = {ord(char): None for char in map(chr, range(0x21))}


def split_ref(ref: str) -> tuple[str, str, str]:
    """Kind, namespace and name of a canonical ref."""
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return kind, namespace, name


def entity_path(ref: str) -> str:
    """The page of an entity, at the path that Backstage gives it."""
    kind, namespace, name = split_ref(ref)
    return "/catalog/" + "/".join(quote(part, safe="") for part in (namespace, kind, name))


def entity_json(ref: str) -> str:
    """The JSON twin of an entity's page."""
    return "/api/catalog/entities/by-name/" + "/".join(quote(part, safe="") for part in split_ref(ref))


def impact_json(ref: str, direction: str, depth: int) -> str:
    """What breaks if an entity fails, as JSON; a depth of 0 or less is all."""
    path = "/api/graph/" + "/".join(quote(part, safe="") for part in split_ref(ref)) + "/impact"
    return with_query(path, {"direction": direction, "depth": str(depth) if depth > 0 else "", "by": "owner"})


def with_query(path: str, values: Mapping[str, str], **changes: str) -> str:
    """`path` with the values that are not empty as its query; `changes` replace single values."""
    asked = {name: value for name, value in {**values, **changes}.items() if value}
    return f"{path}?{urlencode(asked, safe=':/,')}" if asked else path


def card_path(ref: str) -> str:
    """The page of a card."""
    kind, namespace, name = split_ref(ref)
    return f"/oncall/{quote(namespace, safe='')}/{quote(kind, safe='')}/{quote(name, safe='')}"


def card_json_path(ref: str) -> str:
    """The JSON twin of that page."""
    kind, namespace, name = split_ref(ref)
    return f"/api/oncall/{quote(kind, safe='')}/{quote(namespace, safe='')}/{quote(name, safe='')}"


def safe_href(text: str) -> str:
    """The address if a click on it can do no harm (http, https, mailto, or relative), else an empty string."""
    cleaned = text.translate(_CONTROLS) if any(char <= " " for char in text) else text
    try:
        scheme = urlsplit(cleaned).scheme.lower()
    except ValueError:
        return ""
    if scheme:
        return cleaned if scheme in _LINKED_SCHEMES else ""
    return "" if ":" in cleaned.partition("/")[0] or cleaned.startswith(("//", "\\", "/\\")) else cleaned


def read_number(text: str, default: int = 0) -> int:
    """The number that an address asks for; `default` for what is none, or none that is meant."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


def read_ref(text: str, kind: str) -> str:
    """The canonical ref that an address asks for, of this kind if it names none; what is no ref as it stands: nothing has it."""
    try:
        return str(parse_ref(text, kind, "default"))
    except RefError:
        return text.lower()
