"""A real Callboard, started by its command with a configuration, and what it says on its two outputs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.programs import free_port, wait_for

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Callboard:
    """A running server, its client, and the file that it logs to."""

    url: str
    client: httpx.Client
    log: Path

    def said(self) -> str:
        """All that it has printed."""
        return self.log.read_text()


@contextmanager
def callboard(
    folder: Path, configuration: str, *options: str, environment: Mapping[str, str] | None = None, port: int = 0
) -> Iterator[Callboard]:
    """Callboard with a configuration (YAML), on a port of its own, until the context ends."""
    port = port or free_port()
    path, log = folder / "callboard.yaml", folder / "callboard.log"
    path.write_text(configuration)
    command = [sys.executable, "-m", "web.cli", "serve", "--config", str(path), "--port", str(port), *options]
    with log.open("wb") as written:
        variables = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        process = subprocess.Popen(command, cwd=folder, stdout=written, stderr=written, env=variables)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=60) as client:
            wait_for(lambda: is_up(process, client, log), "Callboard does not come up")
            yield Callboard(url, client, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def is_up(process: "subprocess.Popen[bytes]", client: httpx.Client, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return client.get("/healthz").is_success
