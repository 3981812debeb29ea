"""What tests need that start other programs: a port for each, and to wait until something is so."""

import socket
import time
from collections.abc import Callable

import httpx
import pytest


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def wait_for(is_so: Callable[[], bool], otherwise: str, seconds: float = 30.0) -> None:
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
