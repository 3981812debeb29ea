"""One keep-alive HTTP/1.1 connection over a raw socket: the least a client can add to what it measures."""

import json
import socket
import time
import urllib.parse
from dataclasses import dataclass
from io import BufferedReader
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request by method, path with query, and JSON body."""

    method: str
    path: str
    body: bytes = b""
    accept: str = "*/*"

    def encode(self, host: str) -> bytes:
        """The bytes on the wire."""
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: {host}\r\nAccept: {self.accept}\r\n"
        if self.body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        return head.encode() + b"\r\n" + self.body


@dataclass(frozen=True)
class Answer:
    """Status, headers by lower-case name, whole body, and the seconds from the first byte sent to the last one read."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The body, which must be JSON of a successful answer."""
        if self.status != 200:
            raise OSError(f"answer {self.status}: {self.body[:200]!r}")
        return json.loads(self.body)


class Connection:
    """A connection that is opened when first needed and again when the server has closed it."""

    def __init__(self, base: str, timeout: float = 300) -> None:
        parts = urllib.parse.urlsplit(base)
        if parts.scheme != "http" or not parts.hostname:
            raise SystemExit(f"error: `{base}` is not an http address\nhint: write it as http://127.0.0.1:7007")
        self.address = (parts.hostname, parts.port or 80)
        self.host = parts.netloc
        self.prefix = parts.path.rstrip("/")
        self.timeout = timeout
        self.socket: socket.socket | None = None
        self.reader: BufferedReader | None = None

    def send(self, request: Request) -> Answer:
        """Send and read whole; tried once more if the server had closed the idle connection. Raises OSError."""
        try:
            return self.exchange(request)
        except ConnectionError:
            self.close()
            return self.exchange(request)

    def get(self, path: str) -> Answer:
        """GET the path."""
        return self.send(Request("GET", path))

    def exchange(self, request: Request) -> Answer:
        """One request and its answer on the open connection."""
        if self.socket is None or self.reader is None:
            self.socket = socket.create_connection(self.address, self.timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.reader = self.socket.makefile("rb")
        message = Request(request.method, self.prefix + request.path, request.body).encode(self.host)
        start = time.perf_counter()
        try:
            self.socket.sendall(message)
            status, headers, body = read_answer(self.reader)
        except OSError:
            self.close()
            raise
        answer = Answer(status, headers, body, time.perf_counter() - start)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self.reader is not None:
            self.reader.close()
        if self.socket is not None:
            self.socket.close()
        self.socket = self.reader = None


def read_answer(reader: BufferedReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body. Raises ConnectionError when the server closed instead."""
    status = read_line(reader).split(b" ", 2)[1]
    headers = {}
    while line := read_line(reader):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return int(status), headers, b"".join(iter(lambda: read_chunk(reader), b""))
    return int(status), headers, read_exactly(reader, int(headers.get("content-length", 0)))


def read_line(reader: BufferedReader) -> bytes:
    """A line without its end."""
    line = reader.readline()
    if not line.endswith(b"\n"):
        raise ConnectionResetError("the server closed the connection")
    return line.rstrip(b"\r\n")


def read_chunk(reader: BufferedReader) -> bytes:
    """The next chunk; empty at the end of the body."""
    chunk = read_exactly(reader, int(read_line(reader).split(b";")[0], 16))
    while line := read_line(reader):
        # What follows a chunk is an empty line, but trailers may stand before it after the last chunk.
        if chunk:
            raise OSError(f"unexpected {line!r} after a chunk")
    return chunk


def read_exactly(reader: BufferedReader, size: int) -> bytes:
    """That many bytes."""
    body = reader.read(size)
    if len(body) < size:
        raise ConnectionResetError("the server closed the connection within a body")
    return body
