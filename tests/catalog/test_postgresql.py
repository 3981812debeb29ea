"""The same catalog on a real PostgreSQL, private to this test."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.catalog import Catalog
from catalog.store import Store
from ingestors.folder import FolderSource
from tests.conftest import SAMPLE, component

FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c listen_addresses=''"


def _find_server() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a new database cluster on a socket of its own; PostgreSQL refuses to run as root."""
    programs = _find_server()
    if programs is None:
        assert "CI" not in os.environ, "PostgreSQL is missing: install Debian's package postgresql"
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    folder = Path("/tmp") / tmp_path_factory.mktemp("pg").name
    folder = Path(f"{folder}-{os.getpid()}")
    folder.mkdir()
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)

    def run(*command: str | Path) -> None:
        subprocess.run([str(part) for part in command], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    run(
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        "callboard",
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
    )
    options = f"-D {folder}/data -l {folder}/log -w -t 300".split()
    run(programs / "pg_ctl", *options, "-o", f"{FAST} -k {folder}", "start")
    yield f"postgresql://callboard@/postgres?host={folder}"
    run(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_postgresql_holds_the_same_catalog_as_sqlite(postgresql: str, sample: Catalog) -> None:
    catalog = Catalog.open(postgresql, search=False)
    report = catalog.ingest(FolderSource(SAMPLE))
    assert len(report.added) == len(sample.view)
    for key in (
        "kind",
        "spec.type",
        "metadata.tags",
        "relations.ownedby",
        "metadata.annotations.pagerduty.com/service-id",
    ):
        assert catalog.view.count(key) == sample.view.count(key)
    reader = Catalog.open(postgresql, search=False)
    assert reader.view.get("component:default/payment-api") == catalog.view.get("component:default/payment-api")
    reader.close()
    catalog.close()


def test_a_replica_takes_up_what_another_wrote(
    postgresql: str, tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    reader, writer = Catalog.open(postgresql, search=False), Catalog.open(postgresql, search=False)
    write("catalog-info.yaml", component("from-elsewhere"))
    writer.ingest(FolderSource(tmp_path))
    assert reader.catch_up()
    assert reader.view.entity("component:default/from-elsewhere") is not None
    write("catalog-info.yaml", component("from-elsewhere").replace("  owner: team-a\n", ""))
    writer.ingest(FolderSource(tmp_path))
    assert reader.catch_up()
    assert "status" in (reader.view.entity("component:default/from-elsewhere") or {})
    reader.close()
    writer.close()


def test_servers_that_start_at_once_on_a_new_database_make_its_tables_once(postgresql: str) -> None:
    first = Store(postgresql)
    with first.engine.begin() as db:
        db.execute(sa.text("create schema fresh"))
    first.close()
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(Store, [f"{postgresql}&options=-csearch_path%3Dfresh"] * 4))
    assert [store.revision() for store in stores] == [0] * 4
    for store in stores:
        store.close()


def test_processes_on_one_server_take_turns(postgresql: str) -> None:
    """Two that hold it never do at once, and neither waits for ever."""
    stores = [Store(postgresql), Store(postgresql)]
    held: list[int] = []

    def hold(number: int) -> None:
        for _ in range(20):
            with stores[number].turn, stores[number].turn:
                held.append(number)
                assert held == [number]
                held.clear()

    with ThreadPoolExecutor() as pool:
        list(pool.map(hold, range(2)))
    for store in stores:
        store.close()
