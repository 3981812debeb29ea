"""Where alerts are sent on to: the protocol of who sends them, and what is told of it. Nothing here sends anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one payload. `status` is the receiver's last answer, 0 for none; `reason` why it is not there."""

    receiver: str
    is_taken: bool
    tries: int
    status: int = 0
    reason: str = ""


class Receivers(Protocol):
    """Who sends payloads on to the receivers that the configuration names."""

    @property
    def names(self) -> Sequence[str]:
        """The receivers that there are."""
        ...

    async def send(self, name: str, body: bytes) -> Delivery:
        """Send JSON to one of them, in a limited time and with few tries; never raises for what a receiver does."""
        ...

    async def close(self) -> None:
        """Give up the connections."""
        ...


class NoReceivers:
    """Where none is configured."""

    names: Sequence[str] = ()

    async def send(self, name: str, body: bytes) -> Delivery:
        """Nobody takes it."""
        return Delivery(name, False, 0, reason="there is no such receiver")

    async def close(self) -> None:
        """Nothing to give up."""
