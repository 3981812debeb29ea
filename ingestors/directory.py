"""An LDAP directory asked for entries: one connection, a bind, searches page by page. What entries mean is not looked at."""

import socket
import ssl
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from sansldap import (
    BindResponse,
    LDAPClient,
    LDAPError,
    LDAPFilter,
    LDAPMessage,
    LDAPResult,
    LDAPResultCode,
    PagedResultControl,
    SearchResultDone,
    SearchResultEntry,
    SearchResultReference,
    SearchScope,
)

from catalog.documents import Usage
from catalog.errors import CatalogError, ReadError

_CONNECT_SECONDS: Final = 5.0
_SECONDS: Final = 20.0
_WHOLE_SECONDS: Final = 300.0
_MAX_BYTES: Final = 500_000_000
_PAGE: Final = 500
_PORTS: Final = {"ldap": 389, "ldaps": 636}
_SCOPES: Final = {"base": SearchScope.BASE, "one": SearchScope.ONE_LEVEL, "sub": SearchScope.SUBTREE}
_FORBIDDEN: Final = (
    LDAPResultCode.INVALID_CREDENTIALS,
    LDAPResultCode.INSUFFICIENT_ACCESS_RIGHTS,
    LDAPResultCode.INAPPROPRIATE_AUTHENTICATION,
)


@dataclass(frozen=True, slots=True)
class Access:
    """How a directory is reached: its `ldap:` or `ldaps:` URL, who binds, and for TLS files with certificates."""

    url: str
    bind_dn: str = ""
    bind_secret: str = field(default="", repr=False)
    verify: bool = True
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its DN, and its attributes' values by their names in lower case."""

    dn: str
    values: Mapping[str, Sequence[bytes]]

    def texts(self, name: str) -> list[str]:
        """The values of an attribute; `dn` is the entry's own name where no attribute is called so."""
        found = self.values.get(name.lower())
        if found is None and name.lower() == "dn":
            return [self.dn]
        return [value.decode(errors="replace") for value in found or ()]


class Directory:
    """One session. Every method raises `ReadError`; used in a `with`, it is closed at the end."""

    def __init__(self, access: Access, usage: Usage) -> None:
        parts = urlsplit(access.url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.password:
            raise CatalogError("invalid", f"`{parts.scheme}://{parts.hostname or ''}` is not the URL of a directory")
        self.host, self.port = parts.hostname, parts.port or _PORTS[parts.scheme]
        self._access, self._usage = access, usage
        self._is_secure = parts.scheme == "ldaps"
        self._client = LDAPClient()
        self._received = 0

    def __enter__(self) -> "Directory":
        self._until = time.monotonic() + _WHOLE_SECONDS
        try:
            self._socket = self._connect()
        except (OSError, ValueError) as error:
            raise self._fault(str(error)) from error
        try:
            if self._access.bind_dn:
                self._client.bind_simple(self._access.bind_dn, self._access.bind_secret)
                answer = next(one for one in self._exchange() if isinstance(one, BindResponse))
                self._check(answer.result, f"bind as {self._access.bind_dn}")
        except ReadError:
            self._socket.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with closing(self._socket):
            try:
                self._client.unbind()
                self._socket.sendall(self._client.data_to_send())
            except (OSError, LDAPError):
                return  # it is going anyway

    def search(
        self,
        dn: str,
        scope: str = "one",
        filter: str = "",
        attributes: Sequence[str] = ("*", "+"),
        *,
        size_limit: int = 0,
        time_limit: int = 0,
        dereference: int = 0,
        page_size: int = _PAGE,
    ) -> Iterator[Entry]:
        """The entries that match, all of them or a `ReadError`: a server that stops at a limit of its own says so."""
        cookie = b""
        while True:
            controls = [PagedResultControl(critical=False, size=page_size, cookie=cookie)] if page_size else []
            self._client.search_request(
                dn,
                _SCOPES[scope],
                dereference,
                size_limit,
                time_limit,
                filter=_parse_filter(filter),
                attributes=list(attributes),
                controls=list(controls),
            )
            cookie = yield from self._turn_page(dn)
            if not cookie:
                return

    def _turn_page(self, dn: str) -> Generator[Entry, None, bytes]:
        """The entries of one page; returns what asks for the next."""
        for message in self._exchange():
            match message:
                case SearchResultEntry():
                    values = {one.name.partition(";")[0].lower(): one.values for one in message.attributes}
                    yield Entry(message.object_name, values)
                case SearchResultReference():
                    self._usage.note(f"{self.host} referred to another directory, which is not asked")
                case SearchResultDone():
                    self._check(message.result, f"search at {dn}")
                    paged = [one for one in message.controls if isinstance(one, PagedResultControl)]
                    return paged[0].cookie if paged else b""
        raise self._fault("the connection ended")

    def _exchange(self) -> Iterator[LDAPMessage]:
        """Send what is to be sent; the answers, for as long as they are asked for."""
        self._usage.requests += 1
        try:
            self._socket.sendall(self._client.data_to_send())
            while True:
                received = self._socket.recv(65536)
                self._received += len(received)
                if not received:
                    raise self._fault("the connection was cut")
                if self._received > _MAX_BYTES or time.monotonic() > self._until:
                    raise self._fault(f"more than {_MAX_BYTES:,} bytes, or {_WHOLE_SECONDS:g} seconds")
                yield from self._client.receive(received)
        except (OSError, LDAPError, ValueError) as error:
            raise self._fault(str(error)) from error

    def _connect(self) -> socket.socket:
        opened = socket.create_connection((self.host, self.port), _CONNECT_SECONDS)
        opened.settimeout(_SECONDS)
        if not self._is_secure:
            return opened
        access = self._access
        context = ssl.create_default_context(cafile=access.ca_file or None)
        if access.cert_file:
            context.load_cert_chain(access.cert_file, access.key_file or None)
        if not access.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            return context.wrap_socket(opened, server_hostname=self.host)
        except OSError:
            opened.close()
            raise

    def _check(self, result: LDAPResult, what: str) -> None:
        code = result.result_code
        if code != LDAPResultCode.SUCCESS:
            words = f"{what} failed: {code.name.lower()} {result.diagnostics_message}".rstrip()
            is_missing = code == LDAPResultCode.NO_SUCH_OBJECT
            raise self._fault(words, missing=is_missing, forbidden=code in _FORBIDDEN)

    def _fault(self, words: str, *, missing: bool = False, forbidden: bool = False) -> ReadError:
        message = f"{self.host}:{self.port}: {words}"
        self._usage.note(message)
        return ReadError(message, missing=missing, forbidden=forbidden)


def _parse_filter(text: str) -> LDAPFilter | None:
    """A filter in its usual form (RFC 4515), None for every entry."""
    try:
        return LDAPFilter.from_string(text) if text else None
    except ValueError as error:
        raise ReadError(f"`{text}` is not a filter: {error}") from error
