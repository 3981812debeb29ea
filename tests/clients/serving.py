"""The catalog of this folder, served by `callboard serve` in a process of its own, for clients that are one too."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree, rmtree

import httpx

from tests.conformance.layout import PLACE
from tests.programs import free_port, wait_for

CATALOG = Path(__file__).parent / "catalog"
SITE = Path(__file__).parent / "site"
CONFIG = Path(__file__).parent / "callboard.yaml"
PATIENCE = 60


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
    port = free_port()
    command = [sys.executable, "-m", "web.cli", "serve", str(entry), "--config", str(CONFIG), "--dev"]
    command += ["--database", "sqlite://", "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(lambda: _is_up(process, base), "callboard did not answer")
        yield base
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _is_up(process: subprocess.Popen[str], base: str) -> bool:
    assert process.poll() is None, f"callboard ended: {process.communicate()[1]}"
    return httpx.get(f"{base}/healthz").is_success
