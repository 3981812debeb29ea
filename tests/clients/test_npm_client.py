"""The npm package `@backstage/catalog-client`, through all its methods: it gives what it gave over a real Backstage."""

import pytest

from tests.clients.driving import Steps, drive, read_recorded

RECORDED = read_recorded("npm")
# What the class has for itself: private in its types, and plain methods of its prototype.
PRIVATE = {"getEntityFacetsByPredicate", "getFilterValue", "queryEntitiesByPredicate"}
PRIVATE |= {"request", "requestIgnored", "requestOptional", "requestRequired"}


@pytest.fixture(scope="module")
def steps(callboard: str) -> Steps:
    return drive("npm", callboard)


@pytest.mark.parametrize("name", RECORDED)
def test_the_client_gives_what_it_gives_over_backstage(name: str, steps: Steps) -> None:
    assert steps.get(name) == RECORDED[name]


def test_every_method_was_called(steps: Steps) -> None:
    methods, called = set(steps["methods"]["methods"]), set(steps["methods"]["called"])
    assert methods - called - PRIVATE == set()
    assert len(called) >= 21
