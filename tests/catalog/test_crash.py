"""A killed process loses nothing: after `kill -9` at any moment of an ingest the catalog is at a whole revision."""

import multiprocessing
import random
import signal
import time
from pathlib import Path

from catalog.catalog import Catalog
from tests.catalog.killed_ingest import ingest
from tests.conftest import component
from tests.programs import PATIENCE

MOMENTS = 50
ENTITIES = 400


def _write(root: Path, version: int) -> None:
    for number in range(0, ENTITIES, 20):
        path = root / f"r{number}" / "catalog-info.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("---\n".join(component(f"c{number + i}", f"version {version}") for i in range(20)))


def _versions(url: str) -> tuple[set[str], int]:
    catalog = Catalog.open(url, search=False)
    bodies = [catalog.view.entity(catalog.view.edges.refs[node]) for node in catalog.view.live]
    catalog.close()
    return {body["metadata"]["description"] for body in bodies if body}, len(bodies)


def test_a_kill_at_random_moments_leaves_a_whole_revision(tmp_path: Path) -> None:
    url, root, rng = f"sqlite:///{tmp_path}/c.db", tmp_path / "repos", random.Random(7)
    _write(root, 0)
    duration = _ingest(url, root, None)
    current, killed, attempt = "version 0", 0, 0
    while killed < MOMENTS:
        attempt += 1
        assert attempt < 6 * MOMENTS, "most ingests were over before they could be killed"
        _write(root, attempt)
        took = _ingest(url, root, rng.random() * duration)
        if took < 0:
            killed += 1
        else:
            duration = min(duration, took)
        versions, count = _versions(url)
        assert count == ENTITIES
        assert len(versions) == 1, f"half of an ingest is visible: {versions}"
        assert versions <= {current, f"version {attempt}"}
        current = versions.pop()


def _ingest(url: str, root: Path, kill_after: float | None) -> float:
    """Run one ingest, killed that many seconds after it begins; how long it took, negative when it was killed.

    In a process of its own, which is quickly there: it is forked off one that has loaded all it needs.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([ingest.__module__])
    begun, begin = context.Pipe(duplex=False)
    process = context.Process(target=ingest, args=(url, root, begin))
    process.start()
    begin.close()
    assert begun.recv()
    begun.close()
    started = time.perf_counter()
    process.join(PATIENCE if kill_after is None else kill_after)
    process.kill()
    process.join()
    took = time.perf_counter() - started
    assert process.exitcode in (0, -signal.SIGKILL)
    assert kill_after is not None or process.exitcode == 0
    return took if process.exitcode == 0 else -1.0
