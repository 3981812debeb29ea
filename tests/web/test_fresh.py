"""An edit is visible everywhere within a second: a real server over a real folder, asked over HTTP."""

import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import component

BY_NAME = "/api/catalog/entities/by-name/component/default/"
SECONDS = 1.0
MOST_SECONDS = 5.0  # for one of them, on a machine that does other work


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, httpx.Client]]:
    """A running `callboard serve` over a folder with one component, and a client of it."""
    root = tmp_path / "repos"
    (root / "a").mkdir(parents=True)
    (root / "a" / "catalog-info.yaml").write_text(component("alpha", "The first"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "web.cli", "serve", str(root), "--port", str(port)]
    with subprocess.Popen(
        [*command, "--database", f"sqlite:///{tmp_path}/c.db"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "http://" not in (line := process.stderr.readline()):
            assert line, "the server did not start"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            until(lambda: client.get("/healthz").json()["indexed"] == 1, seconds=20)
            yield root, client
        process.terminate()
        assert process.wait(15) == 0


def until(is_so: Callable[[], bool], seconds: float = MOST_SECONDS) -> float:
    """Wait until it is so; how long that took. Fails when it is not in time."""
    started = time.perf_counter()
    while True:
        try:
            if is_so():
                return time.perf_counter() - started
        except httpx.TransportError:
            pass
        assert time.perf_counter() - started < seconds, f"not so after {seconds} s"
        time.sleep(0.01)


def test_edited_added_deleted_broken_and_mended_files_show_within_a_second(server: tuple[Path, httpx.Client]) -> None:
    root, client = server
    alpha, beta = root / "a" / "catalog-info.yaml", root / "b" / "catalog-info.yaml"

    def described(name: str, text: str) -> bool:
        api = client.get(BY_NAME + name).json().get("metadata", {}).get("description") == text
        page = text in client.get(f"/catalog/default/component/{name}").text
        return api and page and found(name, text)

    def found(name: str, term: str) -> bool:
        hits = client.get("/api/search/query", params={"term": term}).json()["results"]
        return any(hit["document"]["location"].endswith(f"/{name}") and hit["document"]["text"] == term for hit in hits)

    alpha.write_text(component("alpha", "Changedword"))
    taken = [until(lambda: described("alpha", "Changedword"))]
    beta.parent.mkdir()
    beta.write_text(component("beta", "Addedword"))
    taken.append(until(lambda: described("beta", "Addedword")))
    alpha.write_text(component("alpha", "Neverword").replace("  lifecycle: production\n", ""))
    taken.append(
        until(lambda: "lifecycle" in client.get("/problems").text and "status" in client.get(BY_NAME + "alpha").json())
    )
    assert described("alpha", "Changedword")
    alpha.write_text(component("alpha", "Mendedword"))
    taken.append(
        until(lambda: described("alpha", "Mendedword") and "status" not in client.get(BY_NAME + "alpha").json())
    )
    beta.unlink()
    taken.append(until(lambda: client.get(BY_NAME + "beta").status_code == 404 and not found("beta", "Addedword")))
    assert statistics.median(taken) < SECONDS, taken
    assert client.get("/catalog/default/component/beta").status_code == 404
