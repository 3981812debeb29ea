"""A Callboard over the catalog of this folder, for each test file its own: the drivers write to it."""

from collections.abc import Iterator

import pytest

from tests.clients.serving import lay_out, serve_catalog

collect_ignore = ["node_modules", "python_modules"]  # their packages bring tests of their own


@pytest.fixture(scope="module")
def callboard() -> Iterator[str]:
    with lay_out() as entry, serve_catalog(entry) as base:
        yield base
