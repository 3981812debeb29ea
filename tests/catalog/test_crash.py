"""A killed process loses nothing: after `kill -9` at any moment of an ingest the catalog is at a whole revision."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from catalog.catalog import Catalog
from tests.conftest import component

MOMENTS = 50
ENTITIES = 400
INGEST = """
import sys
from pathlib import Path
from catalog.catalog import Catalog
from ingestors.folder import FolderSource
catalog = Catalog.open(sys.argv[1], search=False)
print("ready", flush=True)
catalog.ingest(FolderSource(Path(sys.argv[2])))
print("done", flush=True)
"""


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
    """Run one ingest, killed that many seconds after it begins; how long it took, negative when it was killed."""
    with subprocess.Popen([sys.executable, "-c", INGEST, url, str(root)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        started = time.perf_counter()
        if kill_after is not None:
            try:
                process.wait(kill_after)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                return -1.0
        process.wait(60)
        return time.perf_counter() - started
