"""A remote source for tests: as many components as it is told, which may fail and may take its time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event

from catalog.documents import Cache, Document, Location, Root, Unread, Usage
from catalog.errors import ReadError
from tests.conftest import component
from tests.programs import PATIENCE


def open_gate() -> Event:
    """A gate that is open until it is cleared."""
    gate = Event()
    gate.set()
    return gate


@dataclass
class Shelf:
    """A remote source of as many components as it is told, which may fail and may take its time."""

    name: str
    cache: Cache
    count: int = 0
    failure: str = ""
    gate: Event = field(default_factory=open_gate)
    """What a crawl waits for."""
    usage: Usage = field(default_factory=Usage)

    def crawl(self) -> Iterator[Document | Root | Unread]:
        self.usage.requests, self.usage.total = 12, self.count
        self.usage.limit, self.usage.left, self.usage.resets_at = 5000, 4211, time.time() + 2350
        if self.failure:
            self.usage.note("https://host.example/repos: 502 Bad Gateway")
            raise ReadError(self.failure)
        for number in range(self.count):
            self.usage.done = number
            assert self.gate.wait(PATIENCE)
            at = Location("url", f"https://host.example/{number}")
            yield Document(at, component(f"{self.name.partition(':')[2]}-{number:02}").encode())

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        raise ReadError(f"{target} is not there", missing=True)

    def fetch(self, target: str, base: Location) -> bytes:
        raise ReadError(f"{target} is not there", missing=True)
