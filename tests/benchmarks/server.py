"""A server under measurement: started, watched through /proc, asked until it has everything, and stopped."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client import Connection
from latency import CATALOG, SEARCH, count_entities

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 600


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far; resident memory now, and the most any one process had, in MiB."""

    cpu: float
    resident: float
    peak: float


def list_processes(root: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := read_stat(int(entry))):
            children.setdefault(int(stat[1]), []).append(int(entry))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def read_stat(process: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; empty if the process has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def read_memory(process: int, name: str) -> float:
    """A memory field of /proc/PID/status in MiB; 0 if the process has ended."""
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def read_usage(root: int) -> Usage:
    """What the process and its descendants use; ended and reaped ones count in the CPU seconds."""
    processes = list_processes(root)
    cpu = sum(sum(map(int, stat[11:15])) for process in processes if (stat := read_stat(process))) / TICKS
    resident = sum(read_memory(process, "VmRSS") for process in processes)
    return Usage(cpu, resident, max(read_memory(process, "VmHWM") for process in processes))


def choose_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """A started program that answers HTTP on its own port of 127.0.0.1; its talk goes to a log file."""

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.log = log
        self.connection = Connection(self.base)
        self.start = time.monotonic()
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def seconds(self) -> float:
        """Wall seconds since the start."""
        return time.monotonic() - self.start

    def usage(self) -> Usage:
        """What the server uses."""
        return read_usage(self.process.pid)

    def wait(self, question: Callable[[], bool], pause: float = 0.02) -> float:
        """Ask until the answer is true; the seconds since the start. The server must not end, nor take ten minutes."""
        while self.process.poll() is None and self.seconds < PATIENCE:
            try:
                if question():
                    return self.seconds
            except (OSError, ValueError, LookupError):
                # Not listening yet, or not yet able to answer: both are part of what is measured.
                pass
            time.sleep(pause)
        talk = self.log.read_text(errors="replace")[-2000:]
        raise SystemExit(f"error: the server did not get there (exit code {self.process.poll()}); it said:\n{talk}")

    def stop(self) -> float:
        """Ask it to stop and wait, at most half a minute; the seconds that took."""
        start = time.monotonic()
        self.connection.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        return time.monotonic() - start


def has_entities(connection: Connection, expected: dict[str, Any]) -> bool:
    """Whether every generated entity is visible; Locations that the server adds do not count."""
    filters = "".join(f"&filter=kind={kind.lower()}" for kind in expected["kinds"])
    return count_entities(connection, filters) >= int(expected["entities"])


def has_relations(connection: Connection, expected: dict[str, Any]) -> bool:
    """Whether every relation is visible, counted type by type."""
    for relation, count in expected["relations"].items():
        facet = f"relations.{relation}"
        values = connection.get(f"{CATALOG}/entity-facets?facet={facet}").json()["facets"][facet]
        if sum(value["count"] for value in values) < count:
            return False
    return True


def has_sample(connection: Connection, expected: dict[str, Any]) -> bool:
    """Whether a sample component is answered, with its owner."""
    name = expected["samples"]["Component"][0]
    entity = connection.get(f"{CATALOG}/entities/by-name/component/default/{name}").json()
    owned = any(relation["type"] == "ownedBy" for relation in entity["relations"])
    return owned and entity["metadata"]["name"] == name


def has_word(connection: Connection, word: str, ref: str) -> bool:
    """Whether search finds the one entity whose description holds the word."""
    return ref.rpartition("/")[2].encode() in connection.get(f"{SEARCH}/query?term={word}").body
