"""Query parameters and bodies, checked as Backstage's OpenAPI layer checks them, with its words (reference section 7.1)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

import orjson
from starlette.requests import Request

from catalog.documents import Json
from catalog.errors import CatalogError

MAX_BODY = 100 * 1024
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_CHARSETS = ("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter: `many` may be repeated; `minimum` and `choices` bound it."""

    name: str
    about: str
    type: Literal["string", "integer"] = "string"
    many: bool = False
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    required: bool = False


Values = Mapping[str, list[str]]


def read_query(request: Request, parameters: Sequence[Parameter]) -> dict[str, list[str]]:
    """The values of each given parameter. Raises `CatalogError` in Backstage's words."""
    if not parameters and not request.scope["query_string"]:
        return {}
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise CatalogError("invalid", f"Unknown query parameter '{name}'")
        if not value:
            raise CatalogError("invalid", f"Empty value found for query parameter '{name}'")
        values.setdefault(name, []).append(value)
    for name, parameter in known.items():
        if parameter.required and name not in values:
            raise CatalogError("invalid", f"request/query must have required property '{name}'")
        for value in values.get(name, ()):
            _check(parameter, value)
        if not parameter.many and len(values.get(name, ())) > 1:
            raise CatalogError("invalid", f"request/query/{name} must be {parameter.type}")
    return values


def _check(parameter: Parameter, value: str) -> None:
    at = f"request/query/{parameter.name}"
    if parameter.type == "integer":
        try:
            number = float(value)
        except ValueError as error:
            raise CatalogError("invalid", f"{at} must be integer") from error
        if not number.is_integer():
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


def number(values: Values, name: str) -> int | None:
    """The one integer given for `name`."""
    return int(float(values[name][0])) if name in values else None  # JavaScript reads `1e1` too


def text(values: Values, name: str) -> str | None:
    """The one text given for `name`."""
    return values[name][0] if name in values else None


NO_BODY = "Malformed request body (did you remember to specify an application/json content type?), Validation error: "


async def read_body(request: Request, first: str = "") -> dict[str, Json]:
    """The JSON object in the request's body; `first` is what Backstage misses first where there is none at all."""
    kind = request.headers.get("content-type")
    if first and kind is None:
        raise CatalogError("invalid", f'{NO_BODY}Required at "{first}"')
    if kind is not None and (match := re.search(r"charset=\"?([^\s;\"]+)", kind)) and match[1].lower() not in _CHARSETS:
        raise CatalogError("invalid", f'unsupported charset "{match[1].upper()}"')
    if kind is None or kind.partition(";")[0].strip().lower() != "application/json":
        raise CatalogError("invalid", f"unsupported media type {kind if kind is not None else 'undefined'}")
    body = await request.body()
    if len(body) > MAX_BODY:
        raise CatalogError("invalid", "request entity too large")
    try:
        value: Any = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise CatalogError("invalid", _json_words(body, error)) from error
    if not isinstance(value, dict):
        raise CatalogError("invalid", "request/body must be object")
    return value


def _json_words(body: bytes, error: orjson.JSONDecodeError) -> str:
    """What JavaScript's parser says where it can be told, else our parser's own words."""
    return "Unexpected end of JSON input" if error.pos >= len(body.rstrip()) else error.msg
