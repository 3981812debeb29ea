"""The JSON that came with a request, read as Backstage's server reads it before any route: size, encoding, charset, syntax."""

import asyncio
import re
import zlib
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from catalog.documents import Json
from catalog.errors import CatalogError

MAX_BODY = 100 * 1024
_CHARSETS = ("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be")
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_BOM = b"\xef\xbb\xbf"


def has_json(scope: Scope) -> bool:
    """Whether the request says that its body is JSON."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            return bool(value.partition(b";")[0].strip().lower() == b"application/json")
    return False


async def read_json(request: Request) -> Json:
    """The object or list in the body, `{}` where there is none; read once. Raises `CatalogError` in Backstage's words."""
    if "callboard.json" not in request.scope:
        charset = _read_charset(request.headers.get("content-type", ""))
        body = _inflate(await _receive(request), request.headers.get("content-encoding", "identity").lower())
        request.scope["callboard.json"] = _parse(body, charset)
    return request.scope["callboard.json"]


async def read_bytes(request: Request) -> bytes:
    """The body as it was sent, for an operation that has a bound of its own (`raw_body`)."""
    return await _receive(request, request.state.raw_body)


async def read_content(request: Request) -> bytes:
    """The same, decompressed where it was sent compressed."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    body = await read_bytes(request)
    return await asyncio.to_thread(_inflate, body, encoding, request.state.raw_body)


def _read_charset(kind: str) -> str:
    if "charset" not in kind:
        return "utf-8"
    match = re.search(r"charset=\"?([^\s;\"]+)", kind)
    charset = match[1].lower() if match else "utf-8"
    if charset not in _CHARSETS:
        raise CatalogError("invalid", f'unsupported charset "{charset.upper()}"')
    return charset


async def _receive(request: Request, limit: int = MAX_BODY) -> bytes:
    """The body as sent, refused as soon as it is known to be too long."""
    pieces, size = [], 0
    if int(request.headers.get("content-length") or 0) > limit:
        raise _too_large(limit)
    try:
        async for piece in request.stream():
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
    except ClientDisconnect as error:
        raise CatalogError("invalid", "request aborted") from error
    return b"".join(pieces)


def _too_large(limit: int) -> CatalogError:
    return CatalogError("invalid", "request entity too large", f"At most {limit:,} bytes are taken: send it in parts.")


def _inflate(body: bytes, encoding: str, limit: int = MAX_BODY) -> bytes:
    if encoding == "identity" or not body:
        return body
    if encoding not in _WINDOWS:
        raise CatalogError("invalid", f'unsupported content encoding "{encoding}"')
    inflater = zlib.decompressobj(_WINDOWS[encoding])
    try:
        inflated = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        raise CatalogError("invalid", "incorrect header check") from error
    if len(inflated) > limit:
        raise _too_large(limit)
    if not inflater.eof or inflater.unused_data:  # a part of what was meant must not be taken for the whole
        raise CatalogError("invalid", "unexpected end of file")
    return inflated


def _parse(body: bytes, charset: str) -> Json:
    if charset.startswith("utf-16"):
        body = body.decode(charset, "replace").encode()
    body = body.removeprefix(_BOM)
    try:
        value: Any = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        at_end = error.pos >= len(body.rstrip())
        raise CatalogError("invalid", "Unexpected end of JSON input" if at_end else error.msg) from error
    if not isinstance(value, dict | list):
        text = body.decode("utf-8", "replace")
        raise CatalogError("invalid", f"Unexpected token '{text.strip()[0]}', \"{text}\" is not valid JSON")
    return value
