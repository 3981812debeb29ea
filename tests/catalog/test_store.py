"""The store's transactions."""

import threading

import sqlalchemy as sa

from catalog.store import SOURCE, Store


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
    reader.join(10)
    assert not reader.is_alive()
    with store._reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(SOURCE)) == 1
    store.close()
