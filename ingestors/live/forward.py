"""Sends alerts on to the receivers that the configuration names: few tries, in a limited time, and the reason if all fail.

Receivers' addresses and headers may hold secrets: no message has them, nor a receiver's answer.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from catalog.receivers import Delivery
from ingestors.live.client import open_client, tell_connect

PAUSES: Final = (0.25, 1.0)
"""How long to wait before the second and the third try, in seconds."""
_AT_ONCE: Final = 20
_PASSING: Final = frozenset({408, 425, 429})
"""Answers that say that another try may end otherwise, besides those of 500 and above."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where to send, and what to tell it with each request. `seconds` is for all tries together."""

    name: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    private: bool = True
    verify: bool = True
    ca_file: str = ""
    seconds: float = 10.0


class Forwarder:
    """Sends to every configured receiver; see `catalog.receivers.Receivers`."""

    def __init__(self, receivers: Iterable[Receiver]) -> None:
        self._posts = {one.name: _Post(one) for one in receivers}

    @property
    def names(self) -> Sequence[str]:
        """The receivers that there are."""
        return tuple(self._posts)

    async def send(self, name: str, body: bytes) -> Delivery:
        """Send JSON to one of them, in a limited time and with few tries; never raises for what a receiver does."""
        post = self._posts.get(name)
        return await post.send(body) if post else Delivery(name, False, 0, reason="there is no such receiver")

    async def close(self) -> None:
        """Give up the connections."""
        await asyncio.gather(*(post.close() for post in self._posts.values()))


class _Post:
    """One receiver. What is too much at once is refused at once, not kept: whoever sent it knows, and comes again."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._client = open_client(
            {**receiver.headers, "content-type": "application/json"}, _AT_ONCE, receiver.seconds,
            private=receiver.private, verify=receiver.verify, ca_file=receiver.ca_file,
        )  # fmt: skip
        self._busy = 0

    async def send(self, body: bytes) -> Delivery:
        name = self._receiver.name
        if self._busy >= _AT_ONCE:
            return Delivery(name, False, 0, reason=f"{self._busy} others are waiting for it")
        self._busy += 1
        try:
            return await self._try(body)
        finally:
            self._busy -= 1

    async def close(self) -> None:
        await self._client.aclose()

    async def _try(self, body: bytes) -> Delivery:
        """One try has at most half of the time, so that one that hangs leaves room for another."""
        name, seconds = self._receiver.name, self._receiver.seconds
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        tries, status, reason = 0, 0, ""
        for pause in (0.0, *PAUSES):
            if loop.time() + pause >= ends:
                break
            await asyncio.sleep(pause)
            tries += 1
            status, reason = await self._post(body, min(seconds / 2, ends - loop.time()))
            if not reason:
                return Delivery(name, True, tries, status)
            if status and status < 500 and status not in _PASSING:
                break
        return Delivery(name, False, tries, status, reason)

    async def _post(self, body: bytes, seconds: float) -> tuple[int, str]:
        """The status of one try, 0 for no answer, and why it failed, "" if it did not."""
        try:
            async with (
                asyncio.timeout(seconds),
                self._client.stream("POST", self._receiver.url, content=body) as response,
            ):
                status = response.status_code
        except TimeoutError:
            return 0, f"no answer within {seconds:.2g} seconds"
        except httpx.ConnectError as error:
            return 0, tell_connect(str(error))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # their words may hold a secret
            return 0, f"the connection broke ({type(error).__name__})"
        if 300 <= status < 400:
            return status, f"it sends on to another address ({status}), which is not asked"
        return status, "" if status < 300 else f"it answers {status}"
