"""The middleware that lets through what `Access` allows and answers the rest. Pure ASGI; HTTP only."""

import logging
import re
from functools import lru_cache

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from web.access import ILLEGAL, LOOPBACK, Access, Caller, host_name
from web.errors import error_response, json_response, with_etag
from web.paths import is_api

log = logging.getLogger("callboard")
CHALLENGE = {"www-authenticate": 'Basic realm="Callboard", charset="UTF-8"'}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Requests that change nothing, although their method says they might.
_READS = frozenset(
    {
        ("POST", "/api/catalog/entities/by-query"),
        ("POST", "/api/catalog/entities/by-refs"),
        ("POST", "/api/catalog/entity-facets"),
        ("POST", "/api/catalog/locations/by-query"),
        ("POST", "/api/catalog/validate-entity"),
        ("POST", "/api/catalog/analyze-location"),
        ("POST", "/api/permission/authorize"),
        ("POST", "/api/check"),
        ("POST", "/api/lookup"),
        ("POST", "/api/oncall/incident"),
        ("POST", "/oncall"),
        ("POST", "/oncall/incident"),
        ("POST", "/check"),
        ("DELETE", "/api/catalog/.backstage/auth/v1/cookie"),
    }
)
# Changes nothing while the alerts come back to who sent them; to have them sent on, its query names a receiver.
_ENRICH = ("POST", "/api/alerts")
# Open to everybody, always: whether the server is up, what its pages are made of, its (empty) set of public keys; and
# webhooks, whose signature is what lets them in.
_OPEN = re.compile(
    r"/\.backstage/health/.*|/healthz|/static/.*|/favicon\.ico|/api/[^/]+/\.backstage/auth/v1/jwks\.json"
    r"|/api/webhooks/[^/]+|/api/events/http/[^/]+"
)
# Where Backstage writes an audit log before it looks at the token, it says so in the error.
_UNAUDITED = re.compile(
    r"/api/(?!catalog/).*|/api/catalog/(refresh|entities/unprocessed/.*|\.backstage/.*|\.well-known/.*)/?"
)
_DOUBLED = re.compile(r"^(/api/[^/]+)//")


class Guard:
    """Lets through what is allowed and answers the rest: as Backstage under /api, with a sign-in elsewhere. HTTP only."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access
        self._has_said = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] != "http" or (refusal := self._judge(scope)) is None:
            await self.app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _judge(self, scope: Scope) -> Response | None:
        """The answer to a request that is not allowed. Most requests get no further than the first return."""
        access, headers = self.access, dict(scope["headers"])
        is_known = not access.hosts or b"host" not in headers or _name(headers[b"host"]) in access.hosts
        if is_known and access.reads_open and scope["method"] in _SAFE and b"authorization" not in headers:
            return None
        if _OPEN.fullmatch(_plain(scope)):
            return None
        if not is_known:
            return _refuse_host(scope, _name(headers[b"host"]), dev=access.dev)
        authorization = headers.get(b"authorization")
        return self._judge_caller(scope, headers, access.identify(authorization and authorization.decode("latin-1")))

    def _judge_caller(self, scope: Scope, headers: dict[bytes, bytes], caller: Caller) -> Response | None:
        access, is_read = self.access, _is_read(scope)
        is_let_in = access.may_read(caller) if is_read else access.may_write(caller)
        if caller is ILLEGAL:
            return _refuse_token(scope, is_open=is_let_in)
        if not is_let_in:
            self._say_once(scope)
            return _refuse(scope, 401, "AuthenticationError", "Missing credentials")
        if not is_read and caller.scheme != "bearer" and not self._is_own_page(headers):
            # A browser adds Basic credentials, or with --dev nothing, to what any site makes it send.
            return _refuse(scope, 403, "NotAllowedError", _FOREIGN.format(headers[b"origin"].decode("latin-1")))
        return None

    def _is_own_page(self, headers: dict[bytes, bytes]) -> bool:
        """Whether a write does not come from some other site's page."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        if not origin or self.access.cors.allows(origin):
            return True
        host = headers.get(b"host", b"").decode("latin-1")
        place = origin.partition("://")[2]
        return bool(place) and (
            place.lower() == host.lower() or all(host_name(one) in LOOPBACK for one in (place, host))
        )

    def _say_once(self, scope: Scope) -> None:
        """Whoever runs a server without a token is told once why it takes no writes."""
        if not self.access.tokens and not self._has_said:
            self._has_said = True
            hint = "set `auth.tokens` in the configuration file, or start with `--dev`"
            log.warning(
                "%s %s was refused: writes need a token, and there is none; %s", scope["method"], scope["path"], hint
            )


_FOREIGN = "A page of {} may not write here; `cors.origins` names the origins that may"


def _is_read(scope: Scope) -> bool:
    if scope["method"] in _SAFE:
        return True
    path = _plain(scope)
    if (scope["method"], path) == _ENRICH:
        return not scope["query_string"]  # what has one may be sent on
    return (scope["method"], path) in _READS or path.startswith("/api/auth/")


def _plain(scope: Scope) -> str:
    """The path without the liberties that the API's routes allow: case, a slash more after the plugin or at the end."""
    return _DOUBLED.sub(r"\1/", scope["path"].lower()).rstrip("/")


@lru_cache(maxsize=256)
def _name(host: bytes) -> str:
    return host_name(host.decode("latin-1"))


def _refuse_host(scope: Scope, name: str, *, dev: bool) -> Response:
    hint = "ask for it as `localhost`, or " + ("leave `--dev` out" if dev else "set `auth.reads` to `open` or `token`")
    return _refuse(scope, 403, "NotAllowedError", f"This server does not go by the name `{name}`; {hint}")


def _refuse_token(scope: Scope, *, is_open: bool) -> Response:
    """A bearer that is none of ours, with Backstage's two ways to say so."""
    inner = {"name": "AuthenticationError", "message": "Illegal token"}
    refusal = _refuse(scope, 401, inner["name"], inner["message"])
    if not is_open or not is_api(scope["path"]) or _UNAUDITED.fullmatch(_plain(scope)):
        return refusal
    body = orjson.loads(refusal.body)
    message = "Could not resolve credentials; caused by AuthenticationError: Illegal token"
    body["error"] = {"name": inner["name"], "message": message, "cause": inner}
    return with_etag(Request(scope), json_response(body, 401))


def _refuse(scope: Scope, status: int, name: str, message: str) -> Response:
    if is_api(scope["path"]):
        request = Request(scope)
        return with_etag(request, error_response(request, status, name, message))
    if status == 401:
        return PlainTextResponse(
            "Sign in with a token as the password; the user name is not looked at.\n", 401, CHALLENGE
        )
    return PlainTextResponse(f"{message}.\n", status)
