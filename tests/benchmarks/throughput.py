"""Requests a second with many clients at once: through wrk where it is installed, else a small asyncio client."""

import asyncio
import re
import resource
import shutil
import subprocess
import tempfile
import time
import urllib.parse
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import uvloop
from client import Request

CLIENTS = 16
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# wrk takes its requests from a Lua script. Each of its threads runs through the file of paths on its own.
WRK_SCRIPT = """
local paths, number = {}, 0
for line in io.lines("%s") do paths[#paths + 1] = wrk.format("GET", line) end
function request() number = number %% #paths + 1; return paths[number] end
"""


@dataclass(frozen=True)
class Throughput:
    """Answers a second, answers in all, those that were no success, and how busy the client was (1.0: one core)."""

    rate: float
    answers: int
    failures: int
    client_load: float


class Client(asyncio.Protocol):
    """A keep-alive client that sends its next request as soon as it has the whole answer."""

    def __init__(self, messages: list[bytes], position: int) -> None:
        self.messages = messages
        self.position = position
        self.answers = 0
        self.failures = 0
        self.buffer = b""
        self.end = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods, but not the base class.
        self.transport = cast(asyncio.Transport, transport)
        self.send_next()

    def send_next(self) -> None:
        self.buffer, self.end = b"", 0
        self.position = (self.position + 1) % len(self.messages)
        self.transport.write(self.messages[self.position])

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.end:
            self.end = find_end(self.buffer)
        if self.end > 0 and len(self.buffer) < self.end:
            return
        if self.end > 0 or (self.end < 0 and self.buffer.endswith(b"\r\n0\r\n\r\n")):
            self.answers += 1
            self.failures += self.buffer[9:12] != b"200"
            self.send_next()

    def connection_lost(self, error: Exception | None) -> None:
        self.failures += 1


def itself(client: Client) -> Client:
    """The protocol factory asyncio asks for, around a client that exists."""
    return client


def find_end(buffer: bytes) -> int:
    """Where the answer ends; 0 while its head is not whole, -1 if it comes in chunks."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return 0
    length = CONTENT_LENGTH.search(buffer, 0, head + 2)
    return head + 4 + int(length[1]) if length else -1


def measure(base: str, requests: list[Request], seconds: float) -> tuple[Throughput, Throughput]:
    """Throughput of GET requests with sixteen clients, and that of the short warm-up before it."""
    run = run_wrk if client_name() == "wrk" else run_clients
    warm = run(base, requests, 1)
    return run(base, requests, seconds), warm


def client_name() -> str:
    """Which client measures here; two clients' figures do not compare."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def run_clients(base: str, requests: list[Request], seconds: float) -> Throughput:
    """The same from this process, on one core."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(keep_asking(base, requests, seconds))


async def keep_asking(base: str, requests: list[Request], seconds: float) -> Throughput:
    """Let sixteen clients ask for that long."""
    parts = urllib.parse.urlsplit(base)
    messages = [request.encode(parts.netloc) for request in requests]
    loop = asyncio.get_running_loop()
    start, busy = time.perf_counter(), time.process_time()
    clients = [Client(messages, number * len(messages) // CLIENTS) for number in range(CLIENTS)]
    for client in clients:
        await loop.create_connection(partial(itself, client), parts.hostname or "127.0.0.1", parts.port or 80)
    await asyncio.sleep(seconds)
    wall, busy = time.perf_counter() - start, time.process_time() - busy
    answers = sum(client.answers for client in clients)
    failures = sum(client.failures for client in clients)
    for client in clients:
        client.transport.abort()
    return Throughput(answers / wall, answers, failures, busy / wall)


def run_wrk(base: str, requests: list[Request], seconds: float) -> Throughput:
    """Throughput as wrk reports it."""
    before = children_seconds()
    with tempfile.TemporaryDirectory() as folder:
        paths, script = Path(folder, "paths.txt"), Path(folder, "paths.lua")
        paths.write_text("".join(f"{request.path}\n" for request in requests))
        script.write_text(WRK_SCRIPT % paths)
        command = [
            "wrk",
            "-t2",
            f"-c{CLIENTS}",
            f"-d{max(1, round(seconds))}s",
            "--timeout",
            "60s",
            "-s",
            str(script),
            base,
        ]
        run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    rate = re.search(r"Requests/sec: +([\d.]+)", run.stdout)
    answers = re.search(r"(\d+) requests in", run.stdout)
    if not rate or not answers:
        raise OSError(f"wrk failed: {run.stderr[-300:] or run.stdout[-300:]}")
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", run.stdout)
    load = (children_seconds() - before) / seconds
    return Throughput(float(rate[1]), int(answers[1]), int(failed[1]) if failed else 0, load)


def children_seconds() -> float:
    """CPU seconds of the ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
