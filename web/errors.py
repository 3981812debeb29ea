"""How an unmet request and a bug look to a client: Backstage's error body (reference section 7.1)."""

import hashlib
import logging
import secrets

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from catalog.errors import CatalogError, Code
from web.paths import is_ours, plugin_path

log = logging.getLogger("callboard")
STATUS: dict[Code, tuple[int, str]] = {
    "invalid": (400, "InputError"),
    "unauthenticated": (401, "AuthenticationError"),
    "forbidden": (403, "NotAllowedError"),
    "not_found": (404, "NotFoundError"),
    "conflict": (409, "ConflictError"),
    "internal": (500, "Error"),
    "unavailable": (503, "ServiceUnavailableError"),
}
_VARY = (b"vary", b"Accept-Encoding")


class UntaggedResponse(Response):
    """An answer that Backstage gives no ETag: an entity."""


class StreamedResponse(UntaggedResponse):
    """An answer that comes in pieces, as Backstage's lists of whole entities: compressed whatever its size."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer from values, with the content type Backstage gives."""
    return bytes_response(orjson.dumps(value), status, headers)


def bytes_response(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None, *, streamed: bool = False
) -> Response:
    """A JSON answer from bytes that are JSON already."""
    return _as_json(StreamedResponse if streamed else Response, body, status, headers)


def entity_response(body: bytes) -> Response:
    """The answer with one entity, or with an empty page of them."""
    return _as_json(UntaggedResponse, body)


def _as_json(make: type[Response], body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    response = make(body, status, headers, media_type="application/json; charset=utf-8")
    response.raw_headers.append(_VARY)
    return response


def with_etag(request: Request, response: Response) -> Response:
    """The answer with a weak ETag where Backstage gives one; 304 where the client has it already (RFC 9110, 13.1.2)."""
    if isinstance(response, UntaggedResponse | StreamingResponse) or not response.body:
        return response
    body = bytes(response.body)
    tag = f'W/"{len(body):x}-{hashlib.sha1(body, usedforsecurity=False).hexdigest()[:27]}"'
    known = request.headers.get("if-none-match")
    is_fresh = known is not None and "no-cache" not in request.headers.get("cache-control", "")
    if known is not None and is_fresh and response.status_code == 200 and request.method in ("GET", "HEAD"):
        tags = {one.strip().removeprefix("W/") for one in known.split(",")}
        if known.strip() == "*" or tag.removeprefix("W/") in tags:
            kept = {"link": response.headers["link"]} if "link" in response.headers else {}
            return Response(status_code=304, headers=kept | {"etag": tag})
    response.headers["etag"] = tag
    return response


def error_response(request: Request, status: int, name: str, message: str, hint: str = "") -> Response:
    """Backstage's error body; the URL in it is relative to the plugin, query string included. A hint is ours alone."""
    path = plugin_path(request.scope["path"])
    query = request.scope["query_string"].decode("latin-1")
    url = f"{path}?{query}" if query else path
    body = {
        "error": {"name": name, "message": message} | ({"hint": hint} if hint else {}),
        "request": {"method": request.method, "url": url},
        "response": {"statusCode": status},
    }
    return json_response(body, status)


def catalog_error_response(request: Request, error: CatalogError) -> Response:
    """The answer to a request that cannot be met."""
    status, name = STATUS[error.code]
    hint = error.hint if is_ours(request.scope["path"]) else ""
    return error_response(request, status, name, error.message, hint)


def bug_id(request: Request, error: Exception) -> str:
    """Log an unexpected exception whole; the id to show to the user."""
    found = secrets.token_hex(10)
    log.error("internal error %s at %s %s", found, request.method, request.url.path, exc_info=error)
    return found
