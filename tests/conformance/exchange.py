"""One recorded request with its answer: how it is written as a line of JSON, sent, and read back.

Names in braces stand for values that only exist while a sequence runs (`{id}` of a location just made, `{etag}`);
both sides keep their own values and show the name instead.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import httpx

RECORDED = Path(__file__).parent / "recorded"
RECORDED_HEADERS = (
    "access-control-allow-origin",
    "allow",
    "cache-control",
    "content-encoding",
    "content-type",
    "etag",
    "link",
    "location",
    "vary",
)
NAME = r"/entities/by-name/[^/]+/[^/]+/[^/]+"
# What the first milestone answers; everything else waits for the second.
PART_ONE = (
    ("GET", r"/api/catalog/entities"),
    ("GET", rf"/api/catalog{NAME}"),
    ("GET", r"/api/catalog/entities/by-uid/[^/]+"),
    ("GET", r"/api/catalog/entities/by-query"),
    ("GET", r"/api/catalog/entity-facets"),
    ("POST", r"/api/catalog/entities/by-refs"),
    ("POST", r"/api/catalog/validate-entity"),
    ("GET", r"/api/search/query"),
)


@dataclass(frozen=True)
class Request:
    """A request as it is sent: `path` with its query, `body` as JSON or `raw` as text, never both."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    raw: str | None = None


@dataclass(frozen=True)
class Exchange:
    """A request, the answer it got, and how another answer is to be compared with it."""

    name: str
    part: int
    request: Request
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    text: str | None = None
    compare: str = "whole"
    keep: dict[str, str] = field(default_factory=dict)
    until: dict[str, Any] = field(default_factory=dict)
    copy: list[str] = field(default_factory=list)


def part_of(request: Request) -> int:
    """The milestone whose endpoint this is."""
    path = request.path.split("?")[0]
    return 1 if any(request.method == method and re.fullmatch(shape, path) for method, shape in PART_ONE) else 2


def write_exchanges(path: Path, exchanges: list[Exchange]) -> None:
    """Write one compact JSON object a line; fields at their default are left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(_sparse(exchange), ensure_ascii=False, separators=(",", ":")) for exchange in exchanges)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def read_exchanges(path: Path) -> list[Exchange]:
    """Read what `write_exchanges` wrote."""
    # Not splitlines(): JSON strings may hold other characters that it takes for line ends.
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [Exchange(**{**row, "request": Request(**row["request"])}) for row in rows]


def send(client: httpx.Client, request: Request, kept: MutableMapping[str, str]) -> httpx.Response:
    """Send `request` with the names in braces replaced by the values kept so far."""
    filled = Request(**_fill(asdict(request), kept))
    headers = {"accept-encoding": "identity", **filled.headers}
    if filled.raw is not None:
        return client.request(filled.method, filled.path, headers=headers, content=filled.raw.encode())
    if filled.body is not None:
        return client.request(filled.method, filled.path, headers=headers, json=filled.body)
    return client.request(filled.method, filled.path, headers=headers)


def send_until(
    client: httpx.Client, exchange: Exchange, kept: MutableMapping[str, str], seconds: float = 40
) -> httpx.Response:
    """Send, and send again until the answer is as `exchange.until` says or the time is over."""
    end = time.monotonic() + seconds
    while True:
        response = send(client, exchange.request, kept)
        if _is_reached(exchange.until, response) or time.monotonic() > end:
            return response
        time.sleep(0.2)


def answer(exchange: Exchange, response: httpx.Response, kept: MutableMapping[str, str]) -> Exchange:
    """`exchange` with the answer in `response`; keeps the values it names and shows the names in their place."""
    content = response.text
    data = _parse(content)
    for name, place in exchange.keep.items():
        kept[name] = _find(place, data, response)
    for name, value in kept.items():
        if not name.startswith("uid:") and value:
            content = content.replace(value, f"{{{name}}}")
    parsed = _parse(content)
    text = content if content and parsed is None else None
    values = asdict(exchange) | {"request": exchange.request, "status": response.status_code}
    return Exchange(**values | {"headers": _headers(response), "json": parsed, "text": text})


def _headers(response: httpx.Response) -> dict[str, str]:
    found = {name: response.headers[name] for name in RECORDED_HEADERS if name in response.headers}
    if "etag" in found:
        found["etag"] = "weak" if found["etag"].startswith("W/") else "strong"
    return found


def _is_reached(until: dict[str, Any], response: httpx.Response) -> bool:
    if until.get("status", response.status_code) != response.status_code:
        return False
    return str(until.get("text", "")) in response.text and not (
        "without" in until and str(until["without"]) in response.text
    )


def _find(place: str, data: Any, response: httpx.Response) -> str:
    if place.startswith("header "):
        return str(response.headers.get(place.removeprefix("header "), ""))
    for key in place.split("."):
        data = (data or {}).get(key)
    return str(data or "")


def _fill(value: Any, kept: MutableMapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in kept.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, list):
        return [_fill(item, kept) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, kept) for key, item in value.items()}
    return value


def _parse(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _sparse(exchange: Exchange) -> dict[str, Any]:
    return dict(_set_fields(exchange)) | {"request": dict(_set_fields(exchange.request))}


def _set_fields(value: Exchange | Request) -> Iterator[tuple[str, Any]]:
    for slot in fields(value):
        content = getattr(value, slot.name)
        factory: Callable[[], Any] | Any = slot.default_factory
        default = factory() if callable(factory) else slot.default
        if content != default:
            yield slot.name, content
