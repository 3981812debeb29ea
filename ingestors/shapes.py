"""What a host answers is taken as its documentation has it; anything else is a failure to read, not a bug of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from catalog.errors import ReadError


@contextmanager
def expected_of(host: str) -> Iterator[None]:
    """Around what takes an answer apart: a part that is missing or of another kind is a `ReadError`. Decorates methods too."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise ReadError(f"{host} did not answer as expected: {type(error).__name__} {error}") from error
