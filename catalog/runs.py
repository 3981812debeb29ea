"""Crawls as they ran: values that the store keeps and the pages of sources show."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from catalog.documents import Usage

Outcome = Literal["ok", "failed", "held"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a crawl did to the entities of its source, or would do where it was held."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One crawl of one source. `message` says why it failed, or why it waits to be confirmed (`held`)."""

    source: str
    started_at: datetime
    seconds: float
    outcome: Outcome
    message: str = ""
    counts: Counts = field(default_factory=Counts)
    usage: Usage = field(default_factory=Usage)

    @property
    def is_quiet(self) -> bool:
        """Whether it ended well and changed nothing."""
        return self.outcome == "ok" and not (self.counts.added or self.counts.changed or self.counts.removed)

    @property
    def summary(self) -> str:
        """One line: what it did, or why it did nothing."""
        if self.outcome != "ok":
            return (
                f"{self.source}: {self.message}"
                if self.outcome == "held"
                else f"{self.source}: not read: {self.message}"
            )
        requests = self.usage.requests
        asked = f", {requests:,} request{'' if requests == 1 else 's'}" if requests else ""
        return (
            f"{self.source}: {self.counts.added} added, {self.counts.changed} changed, {self.counts.removed} removed, "
            f"{self.counts.unchanged} unchanged, {self.counts.refused} refused{asked}, in {self.seconds:.1f} s"
        )
