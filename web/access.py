"""Who may do what: reads and writes, by token. The tokens themselves are forgotten at start, only their digests are kept.

Reads are open on this machine's own addresses and need a token elsewhere; writes need a token everywhere, but with `--dev`.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from catalog.errors import CatalogError
from web.cors import CorsPolicy
from web.settings import GUEST, Settings

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: nobody in particular, the subject of a token, or somebody with a token that is none of ours."""

    scheme: Literal["none", "bearer", "basic", "illegal"] = "none"
    subject: str = ""


NOBODY, ILLEGAL = Caller(), Caller("illegal")


@dataclass(frozen=True, slots=True)
class Access:
    """What is allowed: `tokens` as SHA-256 digests with their subjects; `hosts` the names answered to, none: any."""

    tokens: tuple[tuple[bytes, str], ...] = field(default=(), repr=False)
    reads_open: bool = True
    dev: bool = False
    hosts: frozenset[str] = frozenset()
    cors: CorsPolicy = field(default_factory=CorsPolicy)
    guest: str = GUEST

    def identify(self, authorization: str | None) -> Caller:
        """Who an Authorization header speaks for. Anything but Bearer and a right password is nobody, as in Backstage."""
        if not authorization:
            return NOBODY
        if match := _BEARER.fullmatch(authorization.strip()):
            subject = self._subject(match[1])
            return Caller("bearer", subject) if subject else ILLEGAL
        subject = self._subject(_read_password(authorization))
        return Caller("basic", subject) if subject else NOBODY

    def may_read(self, caller: Caller) -> bool:
        """Whether somebody may see the catalog."""
        return self.reads_open or self.dev or bool(caller.subject)

    def may_write(self, caller: Caller) -> bool:
        """Whether somebody may change it."""
        return self.dev or bool(caller.subject)

    @property
    def takes_writes(self) -> bool:
        """Whether there is anybody who may."""
        return self.dev or bool(self.tokens)

    def _subject(self, secret: str) -> str:
        """The subject of a token, empty if it is none. Every token is compared, each in constant time."""
        given, found = _digest(secret), ""
        for digest, subject in self.tokens:
            if hmac.compare_digest(given, digest):
                found = subject
        return found


def make_tokens(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[bytes, str], ...]:
    """What `Access` keeps of (token, subject) pairs."""
    return tuple((_digest(token), subject) for token, subject in pairs)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _read_password(authorization: str) -> str:
    """The password of Basic credentials (RFC 7617), empty if it is something else."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def decide_access(settings: Settings, host: str, *, dev: bool = False) -> Access:
    """What is allowed when listening on `host`. Raises `CatalogError` where that would leave nobody, or everybody, in."""
    local, auth = is_loopback(host), settings.auth
    if dev and not local:
        raise CatalogError(
            "invalid",
            f"`--dev` lets anyone write, and `{host}` can be reached from other machines",
            f"Listen on 127.0.0.1, or leave `--dev` out and set `auth.tokens`.{_EXAMPLE}",
        )
    reads_open = dev or auth.reads == "open" or (auth.reads == "auto" and local)
    if not reads_open and not auth.tokens:
        raise CatalogError(
            "invalid",
            f"nobody could read anything: listening on `{host}`, reads need a token, and there is none",
            f"Set `auth.tokens` in the configuration file, or `auth.reads: open` to let anyone read.{_EXAMPLE}",
        )
    tokens = make_tokens((one.token.get_secret_value(), one.subject) for one in auth.tokens)
    # Whoever can make a browser take this machine for a site of theirs could read along; `reads: open` says that anyone may.
    hosts = frozenset({*LOOPBACK, host_name(host)}) if dev or (local and auth.reads == "auto") else frozenset()
    cors = CorsPolicy(settings.cors.origins, settings.cors.credentials)
    return Access(tokens, reads_open, dev, hosts, cors, auth.guest)


_EXAMPLE = """ For example:
    auth:
      tokens:
        - {token: "${CALLBOARD_TOKEN}", subject: ci}"""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address or name."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""
