"""The kinds as data: schemas, field formats, rules.

The schemas and formats are Backstage's (reference sections 1.2 to 1.4); nothing here judges an entity.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

Schema = dict[str, Any]  # JSON Schema, draft 7

DEFAULT_NAMESPACE: Final = "default"
MANAGED_BY_LOCATION: Final = "backstage.io/managed-by-location"
MANAGED_BY_ORIGIN: Final = "backstage.io/managed-by-origin-location"
API_VERSIONS: Final = ("backstage.io/v1alpha1", "backstage.io/v1beta1")
TEMPLATE_VERSIONS: Final = ("scaffolder.backstage.io/v1beta3",)


def _object(required: str = "", /, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_STRING: Final[Schema] = {"type": "string"}
_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_TEXTS: Final = _list(_TEXT)
_OBJECT: Final[Schema] = {"type": "object"}
_STRINGS_BY_KEY: Final[Schema] = {"type": "object", "patternProperties": {"^.+$": _STRING}}
_SWITCH: Final[Schema] = {"type": ["string", "boolean"]}

ENVELOPE: Final = _object(
    "apiVersion kind metadata",
    apiVersion=_TEXT,
    kind=_TEXT,
    metadata=_object("name", name=_TEXT, namespace=_TEXT),
)
"""The least that a document must be before it is looked at as an entity."""

METADATA: Final = _object(
    "name",
    uid=_TEXT,
    etag=_TEXT,
    name=_TEXT,
    namespace=_TEXT,
    title=_TEXT,
    description=_STRING,
    labels=_STRINGS_BY_KEY,
    annotations=_STRINGS_BY_KEY,
    tags=_TEXTS,
    links=_list(_object("url", url=_TEXT, title=_TEXT, icon=_TEXT, type=_TEXT)),
)

_RELATION: Final = {
    **_object(
        "type targetRef",
        type={**_TEXT, "pattern": r"^\w+$"},
        target={
            **_object("kind namespace name", kind=_TEXT, namespace=_TEXT, name=_TEXT),
            "additionalProperties": False,
        },
        targetRef=_TEXT,
    ),
    "additionalProperties": False,
}
_STATUS_ITEM: Final = _object(
    "type level message",
    type=_TEXT,
    level={"type": "string", "enum": ["info", "warning", "error"]},
    message=_STRING,
    error=_object("name message", name=_TEXT, message=_STRING, code=_STRING, stack=_STRING),
)
ENTITY: Final = {
    **_object(
        "apiVersion kind metadata",
        apiVersion=_TEXT,
        kind=_TEXT,
        metadata=METADATA,
        spec=_OBJECT,
        relations=_list(_RELATION),
        status=_object("", items=_list(_STATUS_ITEM)),
    ),
    "additionalProperties": False,
}
"""What holds for every entity, whatever its kind."""

_PROFILE: Final = _object("", displayName=_TEXT, email=_TEXT, picture=_TEXT)
_PERMISSIONS: Final = {"backstage:permissions": _object("", tags=_list(_STRING))}
_DECORATORS: Final = _list(_object("", id=_STRING, input=_OBJECT))
_STEP: Final = _object(
    "action", id=_STRING, name=_STRING, action=_STRING, input=_OBJECT, **{"if": _SWITCH}, **_PERMISSIONS
)
_OUTPUT: Final = {
    **_object(
        "",
        links=_list(_object("", **{"if": _SWITCH}, url=_TEXT, entityRef=_TEXT, title=_TEXT, icon=_TEXT)),
        text=_list(_object("", **{"if": _SWITCH}, title=_TEXT, icon=_TEXT, content=_STRING)),
    ),
    "additionalProperties": _STRING,
}
_PARAMETERS: Final = _object("", **_PERMISSIONS)

SPECS: Final[dict[str, Schema]] = {
    "Component": _object(
        "type lifecycle owner",
        type=_TEXT,
        lifecycle=_TEXT,
        owner=_TEXT,
        system=_TEXT,
        subcomponentOf=_TEXT,
        providesApis=_TEXTS,
        consumesApis=_TEXTS,
        dependsOn=_TEXTS,
    ),
    "API": _object(
        "type lifecycle owner definition", type=_TEXT, lifecycle=_TEXT, owner=_TEXT, system=_TEXT, definition=_TEXT
    ),
    "Resource": _object("type owner", type=_TEXT, owner=_TEXT, dependsOn=_TEXTS, system=_TEXT),
    "System": _object("owner", owner=_TEXT, domain=_TEXT, type=_TEXT),
    "Domain": _object("owner", owner=_TEXT, subdomainOf=_TEXT, type=_TEXT),
    "Group": _object("type children", type=_TEXT, profile=_PROFILE, parent=_TEXT, children=_TEXTS, members=_TEXTS),
    "User": _object("memberOf", profile=_PROFILE, memberOf=_TEXTS),
    "Location": _object(
        "", type=_TEXT, target=_TEXT, targets=_TEXTS, presence={"type": "string", "enum": ["required", "optional"]}
    ),
    "Template": _object(
        "type steps",
        type=_TEXT,
        owner=_TEXT,
        lifecycle=_TEXT,
        parameters={"oneOf": [_PARAMETERS, _list(_PARAMETERS)]},
        secrets=_object("", schema=_OBJECT),
        presentation=_object(
            "", buttonLabels=_object("", backButtonText=_STRING, createButtonText=_STRING, reviewButtonText=_STRING)
        ),
        EXPERIMENTAL_recovery=_object("", EXPERIMENTAL_strategy=_STRING),
        formDecorators=_DECORATORS,
        EXPERIMENTAL_formDecorators=_DECORATORS,
        steps=_list(_STEP),
        output=_OUTPUT,
    ),
}
"""The schema of `spec` by kind, exact case. Keys that no schema names are allowed and kept."""

KIND_VERSIONS: Final = {kind: TEMPLATE_VERSIONS if kind == "Template" else API_VERSIONS for kind in SPECS}
PROCESSORS: Final = {
    kind: "ScaffolderEntitiesProcessor" if kind == "Template" else "BuiltinKindsEntityProcessor" for kind in SPECS
}
"""Backstage's class that judges a kind: it stands in the messages."""

UNTYPED_FIELDS: Final = {"Component": ("dependencyOf",), "Resource": ("dependencyOf",)}
"""Spec keys that mean something although no schema names them."""

SORTED_FIELDS: Final = (
    "providesApis",
    "consumesApis",
    "dependsOn",
    "dependencyOf",
    "memberOf",
    "children",
    "members",
)
"""Spec lists that are stored sorted, whatever the kind."""

EXAMPLES: Final = {
    "type": "service",
    "lifecycle": "production",
    "owner": "team-a",
    "definition": "...",
    "children": "[]",
    "memberOf": "[]",
    "apiVersion": API_VERSIONS[0],
    "kind": "Component",
    "name": "my-service",
}
"""A value for each required field, for hints."""


class Format(NamedTuple):
    """What the text of a field must look like; `expectation` completes Backstage's "expected ...".

    `repair` makes a text that would do out of one that does not, or "".
    """

    accepts: Callable[[str], bool]
    expectation: str
    repair: Callable[[str], str]


_MAX_CACHED_TEXTS: Final = 32_768
_BLANKS: Final = " \t\n\v\f\r\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))


def _matcher(pattern: str, max_length: int = 63) -> Callable[[str], bool]:
    fullmatch = re.compile(pattern).fullmatch
    return lru_cache(_MAX_CACHED_TEXTS)(lambda text: len(text) <= max_length and fullmatch(text) is not None)


_is_name: Final = _matcher(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_is_label: Final = _matcher(r"[a-z0-9]+(?:-+[a-z0-9]+)*")
_is_tag: Final = _matcher(r"[a-z0-9:+#]+(-[a-z0-9:+#]+)*")
_is_version: Final = _matcher(r"[a-z0-9A-Z]+")
_is_kind: Final = _matcher(r"[a-zA-Z][a-z0-9A-Z]*")


def _with_prefix(is_suffix: Callable[[str], bool]) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        prefix, slash, suffix = text.rpartition("/")
        return is_suffix(suffix) and (not slash or (len(prefix) <= 253 and all(map(_is_label, prefix.split(".")))))

    return lru_cache(_MAX_CACHED_TEXTS)(accepts)


_SPECIAL_SCHEMES: Final = frozenset({"http", "https", "ws", "wss", "ftp"})
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):(.*)", re.DOTALL)
_AUTHORITY: Final = re.compile(r"(?:.*@)?(\[[^\]]*\]|[^:]*)(?::([0-9]*))?", re.DOTALL)
_BAD_HOST: Final = re.compile(r"[\x00-\x20#/<>?@\[\\\]^|%\x7f:]")
_BAD_OPAQUE_HOST: Final = re.compile(r"[\x00\t\n\r #/<>?@\[\\\]^|:]")
_IPV4_PART: Final = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


@lru_cache(_MAX_CACHED_TEXTS)
def is_url(text: str) -> bool:
    """Whether the WHATWG URL parser, which `new URL(text)` is, takes a text without a base. Exotic hosts pass."""
    cleaned = re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(0x21)))))
    match = _SCHEME.fullmatch(cleaned)
    if not match:
        return False
    scheme, rest = match[1].lower(), match[2]
    is_special = scheme in _SPECIAL_SCHEMES
    if not is_special and not rest.startswith("//"):
        return True
    ends = r"[/\\?#]" if is_special or scheme == "file" else r"[/?#]"
    authority = re.split(ends, rest.lstrip("/\\") if is_special else rest[2:], maxsplit=1)[0]
    return _is_authority(authority, is_special=is_special, is_file=scheme == "file")


def _is_authority(authority: str, *, is_special: bool, is_file: bool) -> bool:
    match = _AUTHORITY.fullmatch(authority)
    if not match or (match[2] and int(match[2][:12]) > 65_535):
        return False
    host = match[1]
    if not host:
        return not is_special and authority == ""
    if host.startswith("["):
        return re.fullmatch(r"\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\]", host) is not None
    if not is_special and not is_file:
        return _BAD_OPAQUE_HOST.search(host) is None
    decoded = re.sub(r"%([0-9a-fA-F]{2})", lambda digits: chr(int(digits[1], 16)), host)
    return _BAD_HOST.search(decoded) is None and _is_domain(decoded)


def _is_domain(host: str) -> bool:
    """A host whose last part is a number must be a whole IPv4 address."""
    parts = host.split(".")
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    if not _IPV4_PART.fullmatch(parts[-1]):
        return True
    if len(parts) > 4 or not all(map(_IPV4_PART.fullmatch, parts)):
        return False
    numbers = [_ipv4_number(part) for part in parts]
    return all(0 <= number < 256 for number in numbers[:-1]) and 0 <= numbers[-1] < 256 ** (5 - len(numbers))


def _ipv4_number(part: str) -> int:
    """The value of a part of an IPv4 address, -1 if it is none: `0x` starts hexadecimal, `0` octal."""
    digits, base = (part[2:], 16) if part[:2] in ("0x", "0X") else (part, 8 if part[0] == "0" else 10)
    try:
        return int(digits or "0", base)
    except ValueError:
        return -1


def _slug(allowed: str, *, lower: bool = False) -> Callable[[str], str]:
    foreign = re.compile(f"[^{allowed}]+")

    def repair(text: str) -> str:
        fixed = foreign.sub("-", text.strip().lower() if lower else text.strip())
        return re.sub("-{2,}", "-", fixed)[:63].strip("-_.")

    return repair


def _repair_key(text: str) -> str:
    prefix, slash, suffix = text.rpartition("/")
    return re.sub(r"[^a-z0-9.-]+", "-", prefix.lower()).strip("-.") + slash + _slug("A-Za-z0-9_.")(suffix)


def _give_up(text: str) -> str:
    return ""


_PREFIXED: Final = "a valid prefix and/or suffix"
_NAME_WORDS: Final = (
    "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total"
)

FORMATS: Final[dict[str, Format]] = {
    "api-version": Format(_with_prefix(_is_version), _PREFIXED, _give_up),
    "kind": Format(
        _is_kind,
        "a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total",
        lambda text: re.sub("[^a-z0-9A-Z]+", "", text)[:63],
    ),
    "name": Format(_is_name, _NAME_WORDS, _slug("A-Za-z0-9_.")),
    "namespace": Format(
        _is_label,
        "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total",
        _slug("a-z0-9", lower=True),
    ),
    "label-key": Format(_with_prefix(_is_name), _PREFIXED, _repair_key),
    "label-value": Format(lambda text: not text or _is_name(text), _NAME_WORDS, _slug("A-Za-z0-9_.")),
    "annotation-key": Format(_with_prefix(_is_name), _PREFIXED, _repair_key),
    "tag": Format(
        _is_tag,
        "a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total",
        _slug("a-z0-9:+#", lower=True),
    ),
    "url": Format(is_url, "a string that is a valid url", lambda text: f"https://{text}" if "." in text else ""),
    "non-blank": Format(lambda text: bool(text.strip(_BLANKS)), "a non empty string", _give_up),
}
"""The field formats by name. All take a string: the schemas have seen to that before."""

RULES: Final[dict[str, str]] = {
    "yaml-syntax": "A document must be YAML 1.2.",
    "yaml-tab": "Indentation is made of spaces; a tab is not one.",
    "yaml-indentation": "What belongs together starts at the same column.",
    "yaml-duplicate-key": "A mapping has each key once.",
    "yaml-alias": "An alias names an anchor set before it, and aliases do not blow a document up.",
    "yaml-too-deep": "A document nests at most 200 levels deep.",
    "yaml-too-large": "A file is read up to a set size.",
    "yaml-too-many": "A file is read until a thousand of its documents are broken.",
    "yaml-encoding": "A file is UTF-8, or UTF-16 with a byte order mark.",
    "yaml-version": "Documents are read as YAML 1.2, whatever version they declare.",
    "not-a-mapping": "A document is a mapping: apiVersion, kind, metadata, spec.",
    "missing-field": "A required field is there.",
    "wrong-type": "A field holds the type of value that its schema names.",
    "empty-value": "A field that is given is not empty.",
    "wrong-value": "A field with a fixed set of values holds one of them.",
    "unknown-field": "An entity's own fields are apiVersion, kind, metadata and spec.",
    "bad-format": "Names, tags, labels, annotation keys and links follow Backstage's field formats.",
    "unknown-kind": "Kind and apiVersion are ones that the catalog knows, in exact case.",
    "bad-ref": "A reference has the form [kind:][namespace/]name, with a kind where the field implies none.",
    "misspelt-field": "A key that differs little from a known one is probably meant to be it. (Warning)",
    "colliding-keys": "Keys that differ only by case hide the entity in Backstage. (Warning)",
    "placeholder": "A placeholder such as `$text` names a file that can be read.",
    "forbidden-kind": "Rules of the configuration say which kinds may come from where.",
    "duplicate-ref": "A reference belongs to one entity; the file that had it first keeps it.",
    "duplicate-in-file": "A file defines a reference once; the last definition counts. (Warning)",
    "file-unreadable": "A file that was found can be read.",
    "target-missing": "What a Location names is there.",
    "target-forbidden": "A Location names only what this source may read.",
    "target-unreadable": "What a Location names can be read.",
}
"""One line of explanation for each rule code that a `Problem` can carry."""
