"""Connections to addresses that may be asked, and with a limit on the whole of one request.

A name is judged by the addresses it has at the moment of connecting, and one of those is connected to: a name server that
says something else a moment later changes nothing. Where a proxy is set in the environment, the proxy connects and judges.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import httpcore
import httpx

_SERVICES: Final = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Where clouds tell a machine its secrets, besides the link-local addresses (Alibaba, Azure, Oracle, AWS, Google)."""
ENCODINGS: Final = frozenset({"identity", "gzip", "deflate"})
"""How an answer may be packed: other ways, or two at once, make gigabytes of a packet before anybody can count them."""
_NAT64: Final = ip_network("64:ff9b::/96")
_ENDS: Final[ContextVar[tuple[float, float]]] = ContextVar("ends", default=(float("inf"), 0.0))


def guard(client: httpx.Client) -> None:
    """Have a client that asks hosts of the operator's choice keep `time_limit`, and leave the addresses below alone."""
    for transport in filter(None, (client._transport, *client._mounts.values())):
        _put_between(transport, _Guard)


def request(method: str, url: str, *, seconds: float, **more: Any) -> httpx.Response:
    """One request to a host of the operator's choice, whole within these seconds; redirects are not followed."""
    with httpx.Client(timeout=seconds) as client, time_limit(seconds):
        guard(client)
        return client.request(method, url, **more)


def guard_public(client: httpx.AsyncClient, *, private: bool) -> None:
    """Have a client connect to public addresses only, or to `private` ones too."""
    _put_between(client._transport, lambda inner: _AsyncGuard(inner, private=private))


def _put_between(transport: Any, guard: Callable[[Any], Any]) -> None:
    """Have a transport connect through a guard. With an httpx that is built in another way it fails: none goes unguarded.

    The public way, a transport of one's own above httpcore, would have to do httpx's work with proxies and faults again.
    """
    pool = transport._pool
    pool._network_backend = guard(pool._network_backend)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Around a request with a guarded client: all of it, however slowly it drips, takes no longer, or times out."""
    token = _ENDS.set((time.monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _ENDS.reset(token)


def is_literal(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def tell_refusal(text: str, *, private: bool) -> str:
    """Why an address is not connected to; empty for one that is."""
    address = _embedded(ip_address(text))
    if address.is_link_local or address.is_multicast or address in _SERVICES:
        return f"{text}, which is never asked: such addresses are for a machine's own network and its cloud's secrets"
    if not private and not address.is_global:
        return f"{text}, which is not a public address; `private: true` at its host in `reading.allow` lets it be read"
    return ""


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address leads to, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):  # RFC 6052; RFC 4291, 2.5.5.1
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _choose(host: str, found: Iterable[tuple[Any, ...]], *, private: bool) -> list[str]:
    """The addresses that may be connected to, of what `getaddrinfo` told. Raises `httpcore.ConnectError` if none may."""
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    refusals = {one: tell_refusal(one, private=private) for one in addresses}
    chosen = [one for one in addresses if not refusals[one]]
    if not chosen:
        why = next(iter(refusals.values()), "no address")
        raise httpcore.ConnectError(f"{host} is at {why}")
    return chosen


def _share(timeout: float | None, addresses: Sequence[str]) -> float | None:
    return None if timeout is None else timeout / len(addresses)


class _AsyncGuard(httpcore.AsyncNetworkBackend):
    def __init__(self, inner: httpcore.AsyncNetworkBackend, *, private: bool) -> None:
        self._inner, self._private = inner, private

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses = _choose(host, found, private=self._private)
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, _share(timeout, addresses), *args, **more)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, _share(timeout, addresses), *args, **more)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Guard(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses = _choose(host, found, private=True)
        for address in addresses[:-1]:
            try:
                return _Stream(self._inner.connect_tcp(address, port, _share(timeout, addresses), *args, **more))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return _Stream(self._inner.connect_tcp(addresses[-1], port, _share(timeout, addresses), *args, **more))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A connection that waits for nothing longer than the request that uses it has left."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        at, seconds = _ENDS.get()
        left = at - time.monotonic()
        try:
            if left > 0:
                return self._inner.read(max_bytes, left if timeout is None else min(timeout, left))
        except httpcore.ReadTimeout:
            if time.monotonic() < at:
                raise
        raise httpcore.ReadTimeout(f"not whole after {seconds:g} seconds")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, *args: Any, **more: Any) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(*args, **more))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
