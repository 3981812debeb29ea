"""Query parameters and bodies, checked as Backstage's OpenAPI layer checks them, with its words (reference section 7.1)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import unquote

from starlette.requests import Request

from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.scalars import read_number
from web.api.payload import has_json, read_json

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_BRACKETED = re.compile(r"([^\[]+)\[(.*)\]")  # `filter[]` and `filter[0]`, as some clients write lists


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter: `many` may be repeated; `minimum` and `choices` bound it."""

    name: str
    about: str
    type: Literal["string", "integer", "object"] = "string"
    many: bool = False
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    required: bool = False


Values = Mapping[str, list[str]]


def read_query(request: Request, parameters: Sequence[Parameter]) -> dict[str, list[str]]:
    """The values of each given parameter. Raises `CatalogError` in Backstage's words.

    On HEAD, unknown, empty and repeated parameters pass: Backstage's own checks know GET only.
    """
    if not parameters and not request.scope["query_string"]:
        return {}
    known, is_strict = {parameter.name: parameter for parameter in parameters}, request.method != "HEAD"
    values: dict[str, list[str]] = {}
    plain: set[str] = set()
    for written, value in request.query_params.multi_items():
        match = _BRACKETED.fullmatch(written)
        name = match[1] if match else written
        if match and name in known and not (known[name].many and (match[2] or "0").isdecimal()):
            at = f"{name}/0 must be string" if known[name].many else f"{name} must be {known[name].type}"
            raise CatalogError("invalid", f"request/query/{at}")
        if name in known:
            values.setdefault(name, []).append(value)
        elif is_strict and name:
            raise CatalogError("invalid", f"Unknown query parameter '{name}'")
        if name == written:
            plain.add(name)
    for name in plain & values.keys():
        if is_strict and values[name] == [""]:  # one among several is let through
            raise CatalogError("invalid", f"Empty value found for query parameter '{name}'")
    for name, parameter in known.items():
        if parameter.required and name not in values:
            raise CatalogError("invalid", f"request/query must have required property '{name}'")
        for value in values.get(name, ()):
            _check(parameter, value)
        if is_strict and not parameter.many and len(values.get(name, ())) > 1:
            raise CatalogError("invalid", f"request/query/{name} must be {parameter.type}")
    return values


def _check(parameter: Parameter, value: str) -> None:
    at = f"request/query/{parameter.name}"
    if parameter.type == "integer":
        number = read_number(value)
        if number is None or not number.is_integer():
            raise CatalogError("invalid", f"{at} must be integer")
        if parameter.minimum is not None and number < parameter.minimum:
            raise CatalogError("invalid", f"{at} must be >= {parameter.minimum}")
    if parameter.choices and value not in parameter.choices:
        choices = ", ".join(parameter.choices)
        raise CatalogError("invalid", f"{at} must be equal to one of the allowed values: {choices}")


def path_part(request: Request, name: str) -> str:
    """One part of the path, decoded after routing, so that an encoded slash belongs to the part."""
    raw: str = request.path_params[name]
    if "%" not in raw:
        return raw
    if _BAD_ESCAPE.search(raw):
        raise CatalogError("invalid", "malformed uri'")
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise CatalogError("invalid", "malformed uri'") from error


class Triplet(NamedTuple):
    """Kind, namespace and name of an entity, as they stand in a path."""

    kind: str
    namespace: str
    name: str

    @property
    def ref(self) -> str:
        """The canonical ref."""
        return f"{self.kind}:{self.namespace}/{self.name}".lower()

    def missing(self) -> CatalogError:
        """What to raise where there is no such entity."""
        message = f"No entity named '{self.name}' found, with kind '{self.kind}' in namespace '{self.namespace}'"
        return CatalogError("not_found", message)


def triplet(request: Request) -> Triplet:
    """The entity that a path names."""
    return Triplet(path_part(request, "kind"), path_part(request, "namespace"), path_part(request, "name"))


def number(values: Values, name: str) -> int | None:
    """The one integer given for `name`."""
    return int(read_number(values[name][0]) or 0) if name in values else None


def text(values: Values, name: str) -> str | None:
    """The one text given for `name`."""
    return values[name][0] if name in values else None


NO_BODY = "Malformed request body (did you remember to specify an application/json content type?), "


async def read_body(request: Request, first: str = "", *, is_optional: bool = False) -> dict[str, Json]:
    """The JSON object in the request's body; `first` is what Backstage misses first where there is none at all.

    Without a content type there is no body, whatever was sent.
    """
    kind = request.headers.get("content-type")
    if not kind and first:
        raise CatalogError("invalid", f'{NO_BODY}Validation error: Required at "{first}"')
    if not kind and is_optional:
        return {}
    if not has_json(request.scope):
        raise CatalogError("invalid", f"unsupported media type {kind or 'undefined'}")
    value = await read_json(request)
    if not isinstance(value, dict):
        raise CatalogError("invalid", "request/body must be object")
    return value
