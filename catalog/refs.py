"""Entity references `[kind:][namespace/]name`, parsed and printed as Backstage does (reference section 2)."""

import json
import re
from typing import NamedTuple

DEFAULT_NAMESPACE = "default"


class EntityRef(NamedTuple):
    """The three parts of a reference, case as written. `str()` gives the canonical form: all in lower case."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}".lower()


class RefError(ValueError):
    """A text is not a reference. `name` is the error class Backstage throws for it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def parse_ref(text: str, default_kind: str = "", default_namespace: str = DEFAULT_NAMESPACE) -> EntityRef:
    """Split `[kind:][namespace/]name` at its first `:` and first `/`.

    Raises `RefError` with Backstage's own words for an empty text, an empty part, or a missing kind.
    """
    if not text:
        raise RefError("Error", "Entity reference must not be empty")
    colon, slash = text.find(":"), text.find("/")
    if slash != -1 and slash < colon:
        colon = -1
    kind = text[:colon] if colon != -1 else None
    namespace = text[colon + 1 : slash] if slash != -1 else None
    name = text[max(colon, slash) + 1 :]
    if kind == "" or namespace == "" or not name:
        raise RefError("TypeError", f'Entity reference "{text}" was not on the form [<kind>:][<namespace>/]<name>')
    if not (kind or default_kind):
        raise RefError(
            "Error",
            f"Entity reference {json.dumps(text, ensure_ascii=False)} had missing or empty kind "
            '(e.g. did not start with "component:" or similar)',
        )
    return EntityRef(kind or default_kind, namespace or default_namespace, name)


_SCRIPT = re.compile(r"[\x00-\x20]*" + r"[\r\n\t]*".join("javascript") + r"[\r\n\t]*:", re.IGNORECASE)


def is_script(url: str) -> bool:
    """Whether a browser would run the URL (reference sections 2 and 4.6)."""
    return _SCRIPT.match(url) is not None


def location_error(ref: str) -> str:
    """What is wrong with a location ref `type:target`, in Backstage's words; empty when it is one."""
    kind, _, target = (part.strip() for part in ref.partition(":"))
    if not kind or not target:
        return f"Unable to parse location ref '{ref}', expected '<type>:<target>', e.g. 'url:https://host/path'"
    if kind in ("http", "https"):
        return f"Invalid location ref '{ref}', please prefix it with 'url:', e.g. 'url:{ref}'"
    return f"Invalid location ref '{ref}', target is a javascript: URL" if is_script(target) else ""


def parse_location(ref: str) -> tuple[str, str] | None:
    """Type and target of a location ref `type:target`; None where it is none."""
    kind, _, target = (part.strip() for part in ref.partition(":"))
    return None if location_error(ref) else (kind, target)
