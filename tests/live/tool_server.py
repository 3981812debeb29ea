"""A tool over real HTTP that answers, or fails in the ways that tools fail; it counts what it is asked."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from catalog.live import Panel
from ingestors.live.board import Board
from ingestors.live.instance import Instance

Mode = Literal["", "hang", "slow", "drip", "error", "limited", "login", "refuse", "garbage", "move", "echo", "forbid"]
TOKEN = "marked-token-8d1f2c"
T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """One request; `query` has each name's values, `path` is decoded."""

    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Asked], Reply]


class ToolServer:
    """Answers as it is told until `mode` says how it fails; `only` limits that to paths that begin so."""

    def __init__(self, answer: Answer, certificate: Path | None = None) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.mode: Mode = ""
        self.only = ""
        self.seconds = 0.3
        self._released = threading.Event()
        self._port = 0
        self._certificate = certificate

    @property
    def url(self) -> str:
        return f"http{'s' if self._certificate else ''}://127.0.0.1:{self._port}"

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._released.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        self._server.daemon_threads = True
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be down: connections are refused."""
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        mode = self.mode if asked.path.startswith(self.only) else ""
        if mode == "hang":
            self._released.wait(60)
        if mode == "slow":
            time.sleep(self.seconds)
        failures: Mapping[str, Reply] = {
            "error": Reply({"error": "out of order"}, 503),
            "limited": Reply({"error": "too many"}, 429, {"retry-after": "1"}),
            "login": Reply("<html>please log in</html>"),
            "refuse": Reply({"error": "who are you"}, 401),
            "forbid": Reply({"error": "not you"}, 403),
            "garbage": Reply({"something": ["else"]}),
            "move": Reply(None, 302, {"location": "http://127.0.0.1:1/elsewhere"}),
            "echo": Reply({"told": dict(asked.headers)}),
        }
        return failures.get(mode) or self.answer(asked)


def _handler(server: ToolServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each body waits 40 ms for its headers to be acknowledged

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            headers = {key.lower(): value for key, value in self.headers.items()}
            reply = server.reply(Asked(unquote(url.path), parse_qs(url.query), headers))
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            try:
                self._send(reply, text.encode())
            except OSError:
                self.close_connection = True

        def _send(self, reply: Reply, body: bytes) -> None:
            self.send_response(reply.status)
            for key, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            for at in range(len(body)) if server.mode == "drip" else ():
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                time.sleep(0.2)
            if server.mode != "drip":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def expire(board: Board) -> None:
    """Have every answer be too old to be told again without asking."""
    for asker in board._askers:
        for known in asker._known.values():
            known.due = 0.0


async def land(board: Board) -> None:
    """Wait until every question that is under way is answered."""
    for asker in board._askers:
        await asyncio.gather(*(flight.task for flight in asker._flights.values()))


def run(work: Callable[[Board], Awaitable[T]], *instances: Instance) -> T:
    """What some work with a board over these instances gives."""

    async def whole() -> T:
        board = Board(instances)
        try:
            return await work(board)
        finally:
            await board.close()

    return asyncio.run(whole())


def ask(annotations: Mapping[str, str], *instances: Instance) -> list[Panel]:
    """The panels for annotations, asked once."""
    return run(lambda board: board.ask(annotations), *instances)


def ask_one(annotations: Mapping[str, str], *instances: Instance) -> Panel:
    """The one panel for annotations."""
    (panel,) = ask(annotations, *instances)
    return panel
