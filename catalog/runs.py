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
