"""Addresses: of pages, of their JSON twins, of static files; and which addresses in catalog files may be links."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

STATIC = Path(__file__).parent / "static"
_LINKED_SCHEMES = frozenset({"http", "https", "mailto"})
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


def graph_json(ref: str, depth: int, direction: str, relations: Iterable[str]) -> str:
    """The dependency view of an entity as JSON."""
    path = "/api/graph/" + "/".join(quote(part, safe="") for part in split_ref(ref))
    return with_query(path, {"depth": str(depth), "direction": direction, "relations": ",".join(relations)})


def with_query(path: str, values: Mapping[str, str], **changes: str) -> str:
    """`path` with the values that are not empty as its query; `changes` replace single values."""
    asked = {name: value for name, value in {**values, **changes}.items() if value}
    return f"{path}?{urlencode(asked, safe=':/,')}" if asked else path


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


@lru_cache(maxsize=64)
def static(name: str) -> str:
    """A static file's address, which changes with its content, so that browsers may keep it for a year."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
