"""What tests need that start other programs: a port for each, and to wait until something is so."""

import random
import socket
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import pytest

from catalog.catalog import Catalog

PORTS = range(20_000, 32_000)
"""Below those that the system itself gives out: none of these is taken by chance before a program listens on it."""
_chance = random.SystemRandom()
PATIENCE = 60.0
"""Seconds for what is expected to answer: all the time that a busy machine may take, where time is not what is tested."""
T = TypeVar("T")


def free_port() -> int:
    """A port that nobody listens on, and that nobody is given who does not ask for it."""
    while True:
        port = _chance.choice(PORTS)
        with socket.socket() as held:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                held.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(is_so: Callable[[], bool], otherwise: str, seconds: float = 90.0) -> None:
    """Wait until something is so; a host that does not listen yet is waited for too."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if is_so():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(otherwise)


def do_within(seconds: float, work: Callable[[], T], tries: int = 30) -> T:
    """What some work gives that is done in so many seconds, in one of some tries: others' work may hold up the rest."""
    taken = []
    for _ in range(tries):
        began = time.perf_counter()
        done = work()
        taken.append(time.perf_counter() - began)
        if taken[-1] < seconds:
            return done
    pytest.fail(f"not done within {seconds} s in any of {tries} tries: {[round(one, 3) for one in taken]}")


def wait_indexed(catalog: Catalog) -> None:
    """Wait until full text search has reached the newest revision."""
    wait_for(lambda: catalog.indexed_revision == catalog.view.revision, "full text search did not get there")
