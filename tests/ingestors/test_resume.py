"""A crawl that is killed at thirty random moments ends as one that nobody disturbed, and hardly anything is fetched twice."""

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from catalog.catalog import Catalog
from catalog.query import All
from catalog.store.runs import _BATCH
from ingestors.forge import _WORKERS
from tests.ingestors.fault_worlds import run_git
from tests.ingestors.github_server import GitHub, component
from tests.ingestors.resumed_crawl import crawl

KILLS = 30


def held(database: str) -> dict[str, Any]:
    """Every entity by its ref, without what is made up anew for each catalog."""
    catalog, found = Catalog.open(database, search=False), {}
    for entity in map(json.loads, catalog.view.listed(All(()), ())[0]):
        for made in ("uid", "etag"):
            entity["metadata"].pop(made)
        found[f"{entity['kind']}/{entity['metadata']['name']}"] = entity
    catalog.close()
    return found


def start(given: dict[str, Any]) -> BaseProcess:
    """Crawl in a process of its own, which is quickly there: it is forked off one that has loaded all it needs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([crawl.__module__])
    process: BaseProcess = context.Process(target=crawl, args=(given,))
    process.start()
    return process


def finish(given: dict[str, Any]) -> dict[str, Any]:
    """A crawl that nobody disturbs; what is in the catalog then."""
    process = start(given)
    process.join(600)
    assert process.exitcode == 0
    return held(given["database"])


def kill_often(given: dict[str, Any], random: Random, seconds: float, change: Callable[[int], None]) -> None:
    """Kill thirty crawls that go on with one another's work; where one was done before, there is more to do."""
    finish({**given, "database": "sqlite://"})  # so that all is loaded
    killed = done = 0
    while killed < KILLS:
        process = start(given)
        process.join(random.uniform(0.0, seconds))
        process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        killed += process.exitcode != 0
        if process.exitcode == 0:
            done += 1
            change(done)


def test_an_organisation_killed_at_thirty_moments(tmp_path: Path) -> None:
    with GitHub() as github:
        upstream, github.url = github.url, "https://code.example.com"

        def change(number: int) -> None:
            for one in range(150):
                github.push(f"r{one:03}", "catalog-info.yaml", component(f"service-{one:03}", f"{one} at {number}"))

        for one in range(150):
            github.add(f"r{one:03}", {})
        change(0)
        given = {"github": upstream, "database": f"sqlite:///{tmp_path}/c.db"}
        finish({**given, "database": f"sqlite:///{tmp_path}/undisturbed.db"})
        github.delay = 0.1
        github.asked.clear()
        kill_often(given, Random(20261123), 0.4, change)
        asked = Counter(path for path in github.asked if "/contents/" in path)
        github.delay = 0.0
        found = finish(given)
        assert len(found) == 300
        assert found == finish({**given, "database": f"sqlite:///{tmp_path}/undisturbed.db"})
        # A kill loses the batch that was not written, and what each of the threads was at.
        again = sum(count - 1 for count in asked.values())
        assert again <= KILLS * (_BATCH - 1 + _WORKERS)


def test_git_repositories_killed_at_thirty_moments(tmp_path: Path) -> None:
    urls = {name: f"file://{tmp_path / name}" for name in ("a", "b", "c")}

    def change(number: int) -> None:
        for name in urls:
            work = tmp_path / name
            for one in range(20):
                file = work / f"{one:02}" / "catalog-info.yaml"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(component(f"{name}-{one:02}", f"{one} at {number}"))
            run_git(work, "add", "--all", ".")
            run_git(work, "commit", "--quiet", "--message", "All")

    for name in urls:
        (tmp_path / name).mkdir()
        run_git(tmp_path / name, "init", "--quiet", "--initial-branch=main", ".")
        run_git(tmp_path / name, "config", "uploadpack.allowFilter", "true")
        run_git(tmp_path / name, "config", "uploadpack.allowAnySHA1InWant", "true")
    change(0)
    given = {"git": urls, "clones": str(tmp_path / "clones"), "database": f"sqlite:///{tmp_path}/c.db"}
    apart = {"git": urls, "clones": str(tmp_path / "others"), "database": f"sqlite:///{tmp_path}/undisturbed.db"}
    kill_often(given, Random(42), 0.5, change)
    found = finish(given)
    assert len(found) == 120
    assert found == finish(apart)


def _die_at(database: str, number: int) -> None:
    """Open a new database, and be killed before the so-manieth statement."""
    seen = count(1)

    def watch(*args: object) -> None:
        if next(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "before_cursor_execute", watch)
    Catalog.open(database, search=False).close()


def test_a_first_start_that_is_killed_leaves_a_database_that_can_be_opened(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([crawl.__module__])
    for number in range(3, 28, 3):
        database = f"sqlite:///{tmp_path}/{number}.db"
        process = context.Process(target=_die_at, args=(database, number))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        assert held(database) == {}
