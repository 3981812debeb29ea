"""What is worked out from a view once and kept for as long as that view is: indexes that many requests ask."""

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import TypeVar

from catalog.view import View

T = TypeVar("T")


def once_a_view(make: Callable[[View], T]) -> Callable[[View], T]:
    """The function, working its answer out once for each view. Whoever asks meanwhile waits for that one answer."""
    lock = RLock()

    @wraps(make)
    def answer(view: View) -> T:
        found: T | None = view.derived.get(make)
        if found is None:
            with lock:
                found = view.derived.get(make)
                if found is None:
                    found = view.derived[make] = make(view)
        return found

    return answer


def carried_over(make: Callable[[View, T | None], T]) -> Callable[[View], T]:
    """The same, for what is dear to make from nothing: `make` is given what it made for the last view of the same catalog.

    That is None for the first view, and may be of a later one: a reader may still hold a view that was replaced.
    """

    @once_a_view
    @wraps(make)
    def answer(view: View) -> T:
        found: T = make(view, view.carried.get(make))
        view.carried[make] = found
        return found

    return answer
