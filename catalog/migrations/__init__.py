"""Alembic migrations, from the first schema on; `store.open_engine` runs them."""
