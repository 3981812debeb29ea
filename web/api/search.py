"""Backstage's search API over the catalog (reference section 8.1 and 8.4)."""

import asyncio
import base64
import re
import secrets
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.finding import MARKS, Hit
from catalog.query import EVERYTHING, All, OneOf, Predicate, encode_json
from catalog.scalars import print_text, read_number
from web.errors import json_response

TYPES = ("software-catalog",)
MAX_TERM = MAX_PAGE = 100
DEFAULT_PAGE = 25
_TAG = f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(6)}"
_FIELDS = {
    "kind": "kind",
    "namespace": "metadata.namespace",
    "lifecycle": "spec.lifecycle",
    "type": "spec.type",
    "componentType": "spec.type",
    "owner": "spec.owner",
}
_FILTER = re.compile(r"filters\[([^\]]+)\](?:\[\d*\])?$")
_SCALARS = (str, bool, int, float)
_TYPE = re.compile(r"types(?:\[\d*\])?$")


async def query(request: Request) -> Response:
    """One page of documents that match a term, types and filters."""
    catalog: Catalog = request.app.state.catalog
    asked = _read(request)
    page: int | None = asked.get("pageCursor", 0)
    size = asked["pageLimit"] if asked.get("pageLimit", 0) > 0 else DEFAULT_PAGE
    predicate, limit, offset = _predicate(asked["filters"]), 0 if page is None else size, (page or 0) * size
    # The index is a file, and whoever brings it up to date locks it.
    found = await asyncio.to_thread(catalog.search, asked["term"], limit=limit, offset=offset, predicate=predicate)
    if page is None:
        return json_response({"results": [], "numberOfResults": found.total})
    results = [_result(hit, page * size + place) for place, hit in enumerate(found.hits, 1)]
    answer: dict[str, Json] = {"results": results, "numberOfResults": found.total}
    if (page + 1) * size < found.total:
        answer["nextPageCursor"] = encode_json(page + 1)
    if page:
        answer["previousPageCursor"] = encode_json(page - 1)
    return json_response(answer)


def _read(request: Request) -> dict[str, Any]:
    asked: dict[str, Any] = {"term": "", "filters": {}, "types": []}
    for name, value in request.query_params.multi_items():
        if match := _FILTER.match(name):
            if value:
                asked["filters"].setdefault(match[1], []).append(value)
        elif name in ("filters", "filters[]") and value:
            asked["filters"] |= _read_json_filters(value)
        elif name.startswith("term[") or (name == "term" and "given" in asked):
            raise CatalogError("invalid", "request/query/term must be string")
        elif name == "types" and (not value or request.method == "HEAD"):  # only GET makes a list of one text
            raise CatalogError("invalid", "request/query/types must be array")
        elif _TYPE.match(name):
            asked["types"].append(value)
        elif name == "term":
            asked["term"] = asked["given"] = value
        elif name == "pageLimit":
            asked["pageLimit"] = _page_limit(value, request.method)
        elif name == "pageCursor":
            asked["pageCursor"] = _page_number(value)
        elif name and not value and not name.startswith("filters"):
            raise CatalogError("invalid", f"Empty value found for query parameter '{name}'")
    issues = _issues(asked)
    if issues:
        text = orjson.dumps(issues, option=orjson.OPT_INDENT_2).decode()
        raise CatalogError("invalid", f"Invalid query string: {text}")
    return asked


def _read_json_filters(text: str) -> dict[str, list[str]]:
    """The filters of a client that writes them as one JSON object."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise CatalogError("invalid", "request/query/filters must be object")
    lists = {name: value if isinstance(value, list) else [value] for name, value in found.items()}
    texts = {
        name: [print_text(one) for one in some if isinstance(one, _SCALARS) and one != ""]
        for name, some in lists.items()
    }
    return {name: some for name, some in texts.items() if some}


def _page_limit(value: str, method: str) -> int:
    number = read_number(value) if value and method == "GET" else None  # Backstage makes one of it for GET only
    if number is None or not number.is_integer():
        raise CatalogError("invalid", "request/query/pageLimit must be integer")
    return int(number)


def _page_number(cursor: str) -> int | None:
    """The page in a cursor: base64 of its number, read as loosely as Backstage does; None for one that names no page."""
    plain = re.sub(r"[^A-Za-z0-9+/]", "", cursor)
    plain = plain[:-1] if len(plain) % 4 == 1 else plain  # one character is less than a byte
    text = base64.b64decode(plain + "==").decode("utf-8", "replace").strip()
    try:
        return max(0, int(text)) if text else 0
    except ValueError:
        return None


def _issues(asked: dict[str, Any]) -> list[dict[str, Json]]:
    issues: list[dict[str, Json]] = []
    if len(asked["term"]) > MAX_TERM:
        message = f'The term length "{len(asked["term"])}" is greater than "{MAX_TERM}"'
        issues.append({"code": "custom", "message": message, "path": ["term"]})
    issues += [
        {"code": "custom", "message": "Invalid input", "path": ["types", place]}
        for place, name in enumerate(asked["types"])
        if name not in TYPES
    ]
    if (limit := asked.get("pageLimit", 0)) > MAX_PAGE:
        message = f'The page limit "{limit}" is greater than "{MAX_PAGE}"'
        issues.append({"code": "custom", "message": message, "path": ["pageLimit"]})
    return issues


def _predicate(filters: dict[str, list[str]]) -> Predicate:
    parts = tuple(
        OneOf(_FIELDS.get(name, f"spec.-{name}"), tuple(v.lower() for v in values)) for name, values in filters.items()
    )
    return All(parts) if parts else EVERYTHING


def _result(hit: Hit, rank: int) -> dict[str, Json]:
    before, after = f"<{_TAG}>", f"</{_TAG}>"
    fields = {name: text.replace(MARKS[0], before).replace(MARKS[1], after) for name, text in hit.highlights.items()}
    highlight = {"preTag": before, "postTag": after, "fields": fields}
    return {"type": TYPES[0], "document": document(hit.entity), "rank": rank, "highlight": highlight}


def document(entity: dict[str, Json]) -> dict[str, Json]:
    """The search document of an entity (reference section 8.4)."""
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    kind, namespace = entity["kind"], metadata.get("namespace", "default")
    profile = (spec.get("profile") or {}) if kind in ("User", "Group") else {}
    texts = [metadata.get("description"), profile.get("displayName"), profile.get("email") if kind == "User" else None]
    stated = print_text(spec["type"]) if spec.get("type") else "other"
    location = quote(f"{namespace}/{kind}/{metadata['name']}", safe="/!'()*")
    return {
        "title": metadata.get("title") or metadata["name"],
        "text": " : ".join(text for text in texts if text),
        "componentType": stated,
        "type": stated,
        "namespace": namespace,
        "kind": kind,
        "lifecycle": spec.get("lifecycle") or "",
        "owner": spec.get("owner") or "",
        "location": f"/catalog/{location}".lower(),
    }
