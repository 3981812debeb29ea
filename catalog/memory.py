"""Large loads and the memory they leave: the collector held off meanwhile, what was freed given back, what stays kept."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def without_collector() -> Iterator[None]:
    """No garbage collection meanwhile: a load makes millions of objects and no cycles, and looking for them costs a fifth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def give_back_memory() -> None:
    """Return what a large load freed to the system, where the C library can (glibc)."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_for_good() -> None:
    """Take what there is now out of the collector's sight, but for garbage: to look a large catalog through takes it half a
    second each time, and nobody is answered meanwhile. What is let go of later goes as ever, by its last reference.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
