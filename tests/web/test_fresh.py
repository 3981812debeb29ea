"""An edit is visible everywhere within a second: a real server over a real folder, asked over HTTP."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import component
from tests.programs import PATIENCE, free_port, wait_for

BY_NAME = "/api/catalog/entities/by-name/component/default/"
SECONDS = 1.0
TRIES = 8  # a machine that does other work keeps the promise in one of them


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, httpx.Client]]:
    """A running `callboard serve` over a folder with one component, and a client of it."""
    root = tmp_path / "repos"
    (root / "a").mkdir(parents=True)
    (root / "b").mkdir()
    (root / "a" / "catalog-info.yaml").write_text(component("alpha", "The first"))
    port = free_port()
    command = [sys.executable, "-m", "web.cli", "serve", str(root), "--port", str(port)]
    with subprocess.Popen(
        [*command, "--database", f"sqlite:///{tmp_path}/c.db"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "http://" not in (line := process.stderr.readline()):
            assert line, "the server did not start"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            wait_for(lambda: client.get("/healthz").json()["indexed"] == 1, "the index is not made")
            yield root, client
        process.terminate()
        assert process.wait(PATIENCE) == 0


def until(is_so: Callable[[], bool]) -> float:
    """Wait until it is so; how long that took."""
    started = time.perf_counter()
    while not is_so():
        assert time.perf_counter() - started < PATIENCE, f"not so after {PATIENCE} s"
        time.sleep(0.01)
    return time.perf_counter() - started


def test_edited_added_deleted_broken_and_mended_files_show_within_a_second(server: tuple[Path, httpx.Client]) -> None:
    root, client = server
    best: list[float] = []
    for turn in range(TRIES):
        taken = list(change_files(root, client, turn))
        best = [min(pair) for pair in zip(best or taken, taken, strict=True)]
        if max(best) < SECONDS:
            break
    assert max(best) < SECONDS, best
    assert client.get("/catalog/default/component/beta").status_code == 404


def change_files(root: Path, client: httpx.Client, turn: int) -> Iterator[float]:
    """Edit, add, break, mend and delete; for each, after how many seconds it was visible everywhere."""
    alpha, beta = root / "a" / "catalog-info.yaml", root / "b" / "catalog-info.yaml"
    changed, added, mended = f"Changedword{turn}", f"Addedword{turn}", f"Mendedword{turn}"

    def described(name: str, text: str) -> bool:
        api = client.get(BY_NAME + name).json().get("metadata", {}).get("description") == text
        page = text in client.get(f"/catalog/default/component/{name}").text
        return api and page and found(name, text)

    def found(name: str, term: str) -> bool:
        hits = client.get("/api/search/query", params={"term": term}).json()["results"]
        return any(hit["document"]["location"].endswith(f"/{name}") and hit["document"]["text"] == term for hit in hits)

    def is_broken() -> bool:
        return "status" in client.get(BY_NAME + "alpha").json()

    alpha.write_text(component("alpha", changed))
    yield until(lambda: described("alpha", changed))
    beta.write_text(component("beta", added))
    yield until(lambda: described("beta", added))
    alpha.write_text(component("alpha", "Neverword").replace("  lifecycle: production\n", ""))
    yield until(lambda: "lifecycle" in client.get("/problems").text and is_broken())
    assert described("alpha", changed)
    alpha.write_text(component("alpha", mended))
    yield until(lambda: described("alpha", mended) and not is_broken())
    beta.unlink()
    yield until(lambda: client.get(BY_NAME + "beta").status_code == 404 and not found("beta", added))
