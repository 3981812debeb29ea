"""A small real HTTP server for a made API: it counts what it is asked, answers conditionally, and fails where it is told to."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

FaultKind = Literal["cut", "error", "limited", "malformed", "expired", "short", ""]
FAULTS: tuple[FaultKind, ...] = ("cut", "error", "limited", "malformed", "expired", "short")


@dataclass(frozen=True)
class Asked:
    """A request: `path` is as it was sent, percent-encoded, without the query."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def content(self) -> bytes:
        return json.dumps(self.body).encode() if self.raw is None else self.raw


class FaultyServer:
    """`plan` says by a request's number, from 0, what is to go wrong with it."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self._answer, self._lock = answer, Lock()
        self.asked: list[Asked] = []
        self.plan: Callable[[int, Asked], FaultKind] = lambda number, asked: ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, asked: Asked) -> tuple[Reply, FaultKind]:
        with self._lock:
            fault = self.plan(len(self.asked), asked)
            self.asked.append(asked)
            reply = self._answer(asked) if fault in ("", "cut", "malformed", "short") else _FAILURES[fault]
        if fault == "short" and reply.status == 200 and reply.raw is None:
            reply = Reply(_shorten(reply.body), 200, reply.headers)
        return reply, fault


_FAILURES = {
    "error": Reply({"message": "500 Internal Server Error"}, 500),
    "limited": Reply({"message": "Too Many Requests"}, 429, {"Retry-After": "1"}),
    "expired": Reply({"message": "401 Unauthorized"}, 401),
}


def _shorten(body: Any) -> Any:
    """A list that lost its second half; in GraphQL each list of nodes."""
    if isinstance(body, list):
        return body[: len(body) // 2]
    if isinstance(body, dict):
        return {key: _shorten(value) for key, value in body.items()}
    return body


def _handler(server: FaultyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, url.path, dict(parse_qsl(url.query)), headers, body)
            reply, fault = server.reply(asked)
            content = reply.content
            if fault == "malformed":
                content = content[: max(1, len(content) // 2)]
            etag = f'W/"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
            is_same = self.command == "GET" and reply.status == 200 and headers.get("if-none-match") == etag
            self.send_response(304 if is_same else reply.status)
            for name, value in {"ETag": etag, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0" if is_same else str(len(content)))
            if fault == "cut":
                self.send_header("Connection", "close")
            self.end_headers()
            if not is_same:
                self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)

        do_POST = do_GET

    return Handler
