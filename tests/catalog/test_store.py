"""The store's transactions."""

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.entity import Written
from catalog.errors import CatalogError
from catalog.problems import Origin, Problem
from catalog.store import ChangeSet, StaleError, Store, engine
from catalog.tables import SOURCE


def written(ref: str) -> Written:
    return Written(ref, "file:/x/a.yaml", "file:/x/a.yaml", "", 0, 1, "hash", "", b'{"metadata":{}}')


def test_a_reader_of_a_database_in_memory_waits_for_its_writer() -> None:
    """They share one connection: a reader that did not wait would end the writer's transaction."""
    store = Store("sqlite://")
    reader = threading.Thread(target=store.sources)
    with store._writing() as db:
        db.execute(SOURCE.insert().values(name="folder:/x", failure=""))
        reader.start()
        reader.join(0.3)
        assert reader.is_alive()
        assert db.in_transaction()
    reader.join(60)
    assert not reader.is_alive()
    with store._reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(SOURCE)) == 1
    store.close()


def test_what_two_processes_read_at_once_is_written_once_and_the_other_compares_again(tmp_path: Path) -> None:
    """A file without entities is no revision, so that its number alone does not tell."""
    store = Store(f"sqlite:///{tmp_path}/c.db")
    before = store.state("folder:/x")
    changes = ChangeSet("folder:/x", documents={"file:/x/empty.yaml": "1"})
    store.commit(changes, before)
    with pytest.raises(StaleError):
        store.commit(changes, before)
    store.commit(changes, store.state("folder:/x"))
    store.close()


def test_what_was_read_is_not_noted_over_a_revision_that_came_meanwhile(tmp_path: Path) -> None:
    """Else an old entity would stay for good: its file would pass for read."""
    store = Store(f"sqlite:///{tmp_path}/c.db")
    before = store.state("folder:/x")
    store.commit(ChangeSet("folder:/x", [written("component:default/a")], documents={"file:/x/a.yaml": "1"}), before)
    with pytest.raises(StaleError):
        store.commit(ChangeSet("folder:/x", documents={"file:/x/a.yaml": "2"}), before)
    assert store.state("folder:/x").documents == {"file:/x/a.yaml": "1"}
    store.close()


def test_only_the_sources_that_wait_for_a_ref_are_told() -> None:
    store = Store("sqlite://")
    for source, ref in (("one", "component:default/a"), ("two", "component:default/b")):
        problem = Problem("duplicate-ref", "", "", Origin("f"), ref=ref)
        store.commit(ChangeSet(source, problems=[problem]), store.state(source))
    assert store.waiting(["component:default/b", "component:default/c"]) == ["two"]
    store.close()


def test_a_database_that_cannot_be_written_is_said_and_nothing_is_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_BUSY_SECONDS", 0.05)
    store = Store(f"sqlite:///{tmp_path}/c.db")
    with sqlite3.connect(tmp_path / "c.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogError, match="cannot be used now: database is locked") as raised:
            store.commit(ChangeSet("s"), store.state("s"))
        other.execute("ROLLBACK")
    other.close()
    assert raised.value.code == "unavailable"
    assert store.commit(ChangeSet("s"), store.state("s")) == 0
    assert [state.failure for state in store.sources()] == [""]
    store.close()
