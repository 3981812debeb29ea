"""The catalog of this folder, served by `callboard serve` in a process of its own, for clients that are one too."""

import fcntl
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree, rmtree

import httpx

from tests.conformance.layout import PLACE

CATALOG = Path(__file__).parent / "catalog"
SITE = Path(__file__).parent / "site"
CONFIG = Path(__file__).parent / "callboard.yaml"
PATIENCE = 30


@contextmanager
def lay_out() -> Iterator[Path]:
    """Copy the catalog to where its answers were recorded, for the path is part of them, and give its one entry."""
    PLACE.mkdir(exist_ok=True)
    with (PLACE / "clients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = PLACE / "clients"
        rmtree(folder, ignore_errors=True)
        copytree(CATALOG, folder)
        yield folder / "all.yaml"


@contextmanager
def serve_catalog(entry: Path) -> Iterator[str]:
    """A Callboard that is open to writes and may read the site; its base URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "web.cli", "serve", str(entry), "--config", str(CONFIG), "--dev"]
    command += ["--database", "sqlite://", "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(process, base)
        yield base
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _wait(process: subprocess.Popen[str], base: str) -> None:
    for _ in range(PATIENCE * 10):
        if process.poll() is not None:
            raise AssertionError(f"callboard ended: {process.communicate()[1]}")
        try:
            httpx.get(f"{base}/healthz", timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("callboard did not answer")
