"""The PyPI package `backstage_catalog_client`, through its five methods: it gives what it gave over a real Backstage."""

import pytest

from tests.clients.driving import Steps, drive, read_recorded

RECORDED = read_recorded("pypi")
METHODS = {
    "get_entities",
    "get_entities_by_refs",
    "get_entity_by_ref",
    "get_location_by_entity",
    "query_entities",
}


@pytest.fixture(scope="module")
def steps(callboard: str) -> Steps:
    return drive("pypi", callboard)


@pytest.mark.parametrize("name", RECORDED)
def test_the_client_gives_what_it_gives_over_backstage(name: str, steps: Steps) -> None:
    assert steps.get(name) == RECORDED[name]


def test_every_method_was_called(steps: Steps) -> None:
    assert {name.partition("/")[0] for name in steps} >= METHODS
