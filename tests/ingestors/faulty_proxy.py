"""A real HTTP proxy in front of any of the servers here, which answers in its place at the socket's edge where it is told to."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal, Self
from urllib.parse import unquote, urlsplit

Kind = Literal[
    "limited", "limited unsaid", "limited long", "secondary", "error", "down", "refused", "cut", "malformed", "short",
    "sign in", "slow", "slow head", "moved", "deleted", "expired",
]  # fmt: skip
Answer = tuple[int, Mapping[str, str], bytes]
_SECONDARY = json.dumps({"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}).encode()
_INSTEAD: Final[Mapping[str, Answer]] = {
    "limited": (429, {"Retry-After": "1"}, b'{"message": "Too Many Requests"}'),
    "limited unsaid": (429, {}, b'{"message": "Too Many Requests"}'),
    "limited long": (429, {"Retry-After": "3600"}, b'{"message": "Too Many Requests"}'),
    "secondary": (403, {}, _SECONDARY),
    "error": (500, {}, b'{"message": "Internal Server Error"}'),
    "down": (503, {}, b"<html>Service Unavailable</html>"),
    "sign in": (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>Sign in</html>"),
    "expired": (401, {}, b'{"message": "401 Unauthorized"}'),
    "deleted": (404, {}, b'{"message": "404 Not Found"}'),
    "slow": (200, {}, b"." * 1000),
    "slow head": (200, {"X-Slow": "." * 1000}, b"{}"),
}


@dataclass
class Fault:
    """From the request number `at` on, so many times; with a `part` only for what has it in its path or its body."""

    kind: Kind
    at: int = 0
    times: int = 1
    part: str = ""
    elsewhere: str = ""
    hits: int = 0
    seen: int = 0

    def meets(self, path: str, body: bytes) -> bool:
        """Whether this request is one that it is for."""
        if self.part and self.part not in unquote(path):
            return False
        self.seen += 1
        return self.seen > self.at and self.hits < self.times


@dataclass
class FaultyProxy:
    """`upstream` is the origin of the server behind it; in what that answers its own origin is the proxy's."""

    upstream: str
    fault: Fault | None = None
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._lock, self.stop = threading.Lock(), threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def pick(self, path: str, body: bytes) -> Fault | None:
        """What is to go wrong with a request."""
        with self._lock:
            self.asked.append(path)
            fault = self.fault
            if fault is None or not fault.meets(path, body):
                return None
            fault.hits += 1
            return fault

    def miss(self, fault: Fault) -> None:
        """A fault made no difference here, and is for a later request."""
        with self._lock:
            fault.hits -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # who asked has gone, as slow answers mean them to


def _handler(proxy: FaultyProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            body = self._read()
            fault = proxy.pick(self.path, body)
            try:
                self._answer(fault, body)
            except (OSError, HTTPException):  # who asked has gone, as slow answers mean them to
                self.close_connection = True

        do_POST = do_GET

        def _read(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("content-length") or 0))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, fault: Fault | None, body: bytes) -> None:
            kind = fault.kind if fault is not None else ""
            if fault is not None and kind == "moved":
                self._send(301, {"Location": f"{fault.elsewhere}{self.path}"}, b"")
            elif kind == "refused":
                self.close_connection = True
            elif kind in ("slow", "slow head"):
                self._drip(*_INSTEAD[kind])
            elif kind in _INSTEAD:
                self._send(*_INSTEAD[kind])
            else:
                self._pass_on(fault, body)

        def _pass_on(self, fault: Fault | None, body: bytes) -> None:
            status, headers, content = _ask(proxy, self.command, self.path, dict(self.headers.items()), body)
            changed = _SPOIL[fault.kind](content) if fault is not None else content
            if fault is not None and (status != 200 or changed is None):
                proxy.miss(fault)
            elif fault is not None and fault.kind == "cut":
                self._send(status, {**headers, "Content-Length": str(len(content) + 1)}, content[: len(content) // 2])
                self.close_connection = True
                return
            self._send(status, headers, content if status != 200 or changed is None else changed)

        def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def _drip(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
            """Each byte soon enough for any limit on a single one."""
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            start = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(content)}\r\n".encode()
            for byte in start + head.encode() + b"\r\n" + content:
                self.wfile.write(bytes((byte,)))
                self.wfile.flush()
                if byte == ord(".") and proxy.stop.wait(0.02):
                    break
            self.close_connection = True

    return Handler


def _ask(proxy: FaultyProxy, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    upstream = urlsplit(proxy.upstream)
    connection = HTTPConnection(upstream.hostname or "", upstream.port, timeout=180)
    dropped = ("host", "connection", "transfer-encoding", "content-length", "accept-encoding", "expect")
    sent = {name: value for name, value in headers.items() if name.lower() not in dropped}
    sent["Host"] = headers.get("Host", upstream.netloc)
    try:
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    told = {name: value for name, value in answer.headers.items() if name.lower() not in _HOPS}
    ours, theirs = proxy.url.encode(), proxy.upstream.encode()
    return (
        answer.status,
        {name: value.replace(proxy.upstream, proxy.url) for name, value in told.items()},
        content.replace(theirs, ours),
    )


_HOPS = ("connection", "transfer-encoding", "content-length", "date", "server", "keep-alive")


def _cut_json(content: bytes) -> bytes | None:
    """Half of what has a syntax of its own; half of a plain file would be another file."""
    return content[: len(content) // 2] if content[:1] in (b"{", b"[") or content[:5] == b"<?xml" else None


def _shorten(content: bytes) -> bytes | None:
    """A page on which the second half of each list of objects is missing; None where there is no such list."""
    try:
        whole = json.loads(content)
    except ValueError:
        return None
    short = _halve(whole)
    return None if short == whole else json.dumps(short).encode()


def _halve(value: Any) -> Any:
    if isinstance(value, list):
        is_cut = len(value) > 1 and all(isinstance(one, dict) for one in value)
        return value[: len(value) // 2] if is_cut else value
    return {key: _halve(one) for key, one in value.items()} if isinstance(value, dict) else value


_SPOIL: Final[Mapping[str, Callable[[bytes], bytes | None]]] = {
    "cut": lambda content: content or None,
    "malformed": _cut_json,
    "short": _shorten,
}
