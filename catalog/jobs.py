"""What a crawler does with one source, and when it does it again: in its time, sooner after a failure or a webhook."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from catalog.documents import Usage
from catalog.pipeline import Report

_RETRY_SECONDS, _RETRY_AT_MOST = 30.0, 3600.0
_DICE = random.Random()  # its own: nobody else's seed decides when hosts are asked


@dataclass(slots=True)
class Job:
    """What one source is doing. Times are seconds since 1970; `next_at` None means that it is read only when asked.

    `plan` is what a crawl would do: as asked for at `planned_at`, or found by one that was held. A finished crawl ends it.
    `crash` is why the last crawl broke down, which may be known here alone: its database may be what failed.
    `woken` says that a webhook came since the last crawl began, `owed` that no crawl has succeeded since one came.
    """

    source: str
    state: Literal["idle", "running", "planning"] = "idle"
    started_at: float | None = None
    next_at: float | None = None
    files: int = 0
    entities: int = 0
    failures: int = 0
    crash: str = ""
    plan: Report | None = None
    planned_at: float | None = None
    woken: bool = False
    owed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    pushing: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _gate: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def wake(self) -> None:
        """Have the source read as soon as may be; where it is being read now, once more."""
        with self._gate:
            self.woken = self.owed = True
            self.next_at = time.time()

    def is_due(self) -> bool:
        """Whether the source is to be read now. Where the clock was put back, a time that was set before means nothing."""
        now = time.time()
        is_put_back = self.started_at is not None and self.started_at > now
        return self.state == "idle" and self.next_at is not None and (self.next_at <= now or is_put_back)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Only one crawl or plan at a time; idle when it ends, however it does."""
        with self.lock:
            try:
                yield
            finally:
                self.state = "idle"

    def begin(self, state: Literal["running", "planning"] = "running") -> None:
        """A crawl or a plan begins; a webhook that comes from here on may be too late for the crawl."""
        with self._gate:
            self.woken = self.woken and state == "planning"
            self.state, self.files, self.entities, self.started_at = state, 0, 0, time.time()

    def schedule(self, every: float | None, usage: Usage, *, failed: bool) -> None:
        """A crawl ended: when the next is, in seconds, and not before the host allows it; None: when asked for.

        What a webhook asked for is tried until it succeeds, however seldom the source is read else.
        """
        with self._gate:
            self.failures = self.failures + 1 if failed else 0
            self.crash = ""
            self.owed = self.woken or (self.owed and failed)
            if every is None and self.owed:
                every = _RETRY_AT_MOST
            if every is None:
                self.next_at = None
                return
            wait = min(every, _RETRY_SECONDS * 2 ** (self.failures - 1)) if failed else every
            self.next_at = time.time() + (0 if self.woken else wait * _DICE.uniform(0.9, 1.1))
            if usage.left == 0 and usage.resets_at is not None:
                self.next_at = max(self.next_at, usage.resets_at + 1)

    def count(self, files: int, entities: int) -> None:
        """How far a crawl has come."""
        self.files, self.entities = files, entities
