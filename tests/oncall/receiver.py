"""A receiver of alerts over real HTTP: it keeps what it is sent, and fails as it is told to."""

import json
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Sent:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: Any


class Receiver:
    """Answers with the first of `statuses` as long as there are more than one, then with the last. 0: it never does."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses) or [200]
        self.sent: list[Sent] = []
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Be down: connections are refused."""
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def alerts(self) -> dict[str, dict[str, Any]]:
        """The last of each alert that was sent, by its name."""
        return {one["labels"]["alertname"]: one for sent in self.sent for one in sent.body["alerts"]}

    def answer(self, sent: Sent) -> int:
        self.sent.append(sent)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            self._ended.wait(60)
        return status


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.answer(Sent(self.path, headers, body))
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", f"{receiver.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Silent:
    """Takes connections and counts them; it never answers, or drips a byte of an endless answer now and then."""

    def __init__(self, *, drips: bool = False) -> None:
        self._drips = drips
        self.connections = 0
        self._ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=200)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._socket.close()

    def _accept(self) -> None:
        held = []
        while not self._ended.is_set():
            try:
                found, _ = self._socket.accept()
            except OSError:
                break
            self.connections += 1
            held.append(found)
            if self._drips:
                threading.Thread(target=self._drip, args=(found,), daemon=True).start()
        for one in held:
            one.close()

    def _drip(self, found: Any) -> None:
        try:
            found.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n[")
            while not self._ended.is_set():
                found.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            pass
