"""Tests that count what a host is asked do not begin right before an hour or a day ends, at which sources ask once more."""

import time

import pytest

HOUR, SPARE = 3_600, 45.0


@pytest.fixture(autouse=True)
def early_enough() -> None:
    """Wait for the next hour where this one is nearly over."""
    left = HOUR - time.time() % HOUR
    if left < SPARE:
        time.sleep(left)
