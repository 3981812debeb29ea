"""CORS: which pages of other origins may use the API in a browser. Answers as Backstage with `backend.cors` set."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE"


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """The origins whose pages may use the API; in one, `*` stands for any characters but `/`."""

    origins: tuple[str, ...] = ()
    credentials: bool = True
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pattern", _compile(self.origins))

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin may use the API."""
        return self._pattern.fullmatch(origin) is not None


def _compile(origins: Sequence[str]) -> re.Pattern[str]:
    alternatives = ("[^/]*".join(map(re.escape, origin.split("*"))) for origin in origins)
    return re.compile("|".join(alternatives) or "(?!)", re.IGNORECASE)


class CorsHeaders:
    """Gives the pages of allowed origins their headers, and answers every OPTIONS of theirs. Others get none."""

    def __init__(self, app: ASGIApp, policy: CorsPolicy) -> None:
        self.app, self.policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it if it only asks what is allowed."""
        origin = _header(scope, b"origin") if scope["type"] == "http" else ""
        if not origin or not self.policy.allows(origin):
            await self.app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await self._answer_preflight(scope, origin, send)
        else:
            await self.app(scope, receive, self._with_headers(origin, send))

    async def _answer_preflight(self, scope: Scope, origin: str, send: Send) -> None:
        headers = MutableHeaders()
        self._add(headers, origin)
        headers["Access-Control-Allow-Methods"] = METHODS
        headers.add_vary_header("Access-Control-Request-Headers")
        if asked := _header(scope, b"access-control-request-headers"):
            headers["Access-Control-Allow-Headers"] = asked
        headers["Content-Length"] = "0"  # Safari waits for a body without it
        await send({"type": "http.response.start", "status": 204, "headers": headers.raw})
        await send({"type": "http.response.body", "body": b""})

    def _with_headers(self, origin: str, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                self._add(headers, origin)
                message["headers"] = headers.raw
            await send(message)

        return send_with_headers

    def _add(self, headers: MutableHeaders, origin: str) -> None:
        headers["Access-Control-Allow-Origin"] = origin
        headers.add_vary_header("Origin")
        if self.policy.credentials:
            headers["Access-Control-Allow-Credentials"] = "true"


def _header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""
