"""Whether an instance is up, as far as is known: one that is down is left alone for a while, then asked one question."""

import time
from datetime import UTC, datetime


class Circuit:
    """Open while an instance is down. It opens at once, or at the second silence with nothing heard between."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._silences = 0
        self._until = 0.0
        self._rests_until = 0.0
        self.since: datetime | None = None
        self.reason = ""

    def admits(self) -> bool:
        """Whether a question may be asked. Of an instance that is down, one question in each pause finds out."""
        if self.since is None:
            return True
        if time.monotonic() < self._until:
            return False
        self._until = time.monotonic() + self._pause
        return True

    def hear(self) -> None:
        """It answered. An answer that was under way when it wanted to be left alone does not change that."""
        self._silences = 0
        if time.monotonic() >= self._rests_until:
            self.since, self.reason = None, ""

    def open(self, reason: str, rest: float | None = None) -> None:
        """It is down, or wants to be left alone for `rest` seconds."""
        self.since = self.since or datetime.now(UTC)
        self.reason = reason
        now = time.monotonic()
        self._rests_until = max(self._rests_until, now + (rest or 0.0))
        self._until = max(self._rests_until, now + (rest or self._pause))

    def miss(self, reason: str, rest: float | None = None) -> None:
        """It did not answer one question: it alone may be the slow one."""
        self._silences += 1
        if self._silences > 1 or self.since is not None or rest:
            self.open(reason, rest)
