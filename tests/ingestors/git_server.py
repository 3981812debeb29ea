"""Real repositories served over HTTP by `git http-backend`, behind a small server that can demand a password or fail."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class GitServer:
    """What is served, what was asked for, and what goes wrong: `faults` are statuses for the next requests."""

    root: Path
    url: str = ""
    password: str = ""
    moved_to: str = ""
    faults: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serve_git(root: Path) -> Iterator[GitServer]:
    """Serve the repositories below a folder."""
    state = GitServer(root)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(f"{self.command} {self.path}")
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("transfer-encoding") == "chunked":
                body = _read_chunks(self.rfile)
            if state.faults:
                return self._say(state.faults.pop(0))
            if state.moved_to:
                return self._say(301, {"location": state.moved_to})
            if state.password and self.headers.get("authorization") != _basic(state.password):
                return self._say(401, {"www-authenticate": 'Basic realm="git"'})
            self._run(body)

        do_POST = do_GET

        def _say(self, status: int, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "content-length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def _run(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            given = {
                "GIT_PROJECT_ROOT": str(state.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("content-type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
                "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
                "PATH": os.environ["PATH"],
            }
            done = subprocess.run(["git", "http-backend"], input=body, env=given, capture_output=True, timeout=180)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            self.send_response(int(headers.pop("Status", "200").split(" ")[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _read_chunks(file: object) -> bytes:
    body = b""
    while size := int(file.readline(), 16):  # type: ignore[attr-defined]
        body += file.read(size)  # type: ignore[attr-defined]
        file.readline()  # type: ignore[attr-defined]
    return body
