"""How an unmet request and a bug look to a client: Backstage's error body (reference section 7.1)."""

import hashlib
import logging
import secrets

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.errors import CatalogError, Code

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
PLUGINS = ("/api/catalog", "/api/search", "/api/graph")


class StreamedResponse(Response):
    """An answer that Backstage streams, and so gives no ETag: whole entities."""


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer from values, with the content type Backstage gives."""
    return bytes_response(orjson.dumps(value), status, headers)


def bytes_response(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None, *, streamed: bool = False
) -> Response:
    """A JSON answer from bytes that are JSON already."""
    make = StreamedResponse if streamed else Response
    return make(body, status, headers, media_type="application/json; charset=utf-8")


def with_etag(request: Request, response: Response) -> Response:
    """The answer with a weak ETag where Backstage gives one; 304 where the client has it already (RFC 9110, 13.1.2)."""
    if isinstance(response, StreamedResponse) or not response.body:
        return response
    body = bytes(response.body)
    tag = f'W/"{len(body):x}-{hashlib.sha1(body, usedforsecurity=False).hexdigest()[:27]}"'
    known = request.headers.get("if-none-match")
    if known is not None and response.status_code == 200 and request.method in ("GET", "HEAD"):
        tags = {one.strip().removeprefix("W/") for one in known.split(",")}
        if known.strip() == "*" or tag.removeprefix("W/") in tags:
            kept = {"link": response.headers["link"]} if "link" in response.headers else {}
            return Response(status_code=304, headers=kept | {"etag": tag})
    response.headers["etag"] = tag
    return response


def error_response(request: Request, status: int, name: str, message: str) -> Response:
    """Backstage's error body; the URL in it is relative to the plugin, query string included."""
    path = request.scope["raw_path"].decode("ascii", "replace") if request.scope.get("raw_path") else request.url.path
    for plugin in PLUGINS:
        path = path.removeprefix(plugin) or "/"
    query = request.scope["query_string"].decode("latin-1")
    url = f"{path}?{query}" if query else path
    body = {
        "error": {"name": name, "message": message},
        "request": {"method": request.method, "url": url},
        "response": {"statusCode": status},
    }
    return json_response(body, status)


def catalog_error_response(request: Request, error: CatalogError) -> Response:
    """The answer to a request that cannot be met."""
    status, name = STATUS[error.code]
    return error_response(request, status, name, error.message)


def bug_id(request: Request, error: Exception) -> str:
    """Log an unexpected exception whole; the id to show to the user."""
    found = secrets.token_hex(10)
    log.error("internal error %s at %s %s", found, request.method, request.url.path, exc_info=error)
    return found
