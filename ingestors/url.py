"""Reading files over HTTP: who may be asked, how long and how much; the layer below every source that reads URLs.

Code hosts are asked with what they are to be told and nobody else is, other places only if a rule allows them; each
redirect is judged like the first URL.
The words are Backstage's (reference section 5.4).
"""

import asyncio
import base64
import binascii
import json
import posixpath
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, NamedTuple
from urllib.parse import unquote

import httpx
from ada_url import URL

from catalog import scm
from catalog.documents import Document, Location
from catalog.errors import CatalogError, ReadError
from catalog.scm.giturl import UrlError, parse_url
from ingestors.addresses import ENCODINGS, guard_public, is_literal

MAX_BYTES: Final = 5_000_000
CONNECT_SECONDS: Final = 5.0
WHOLE_SECONDS: Final = 15.0
MAX_REDIRECTS: Final = 5
_MAX_MESSAGE = 5000
_REDIRECTS = frozenset({301, 302, 307, 308})
_DEFAULT_PORTS = {"http:": 80, "https:": 443}


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """A place that may be read: `host` exactly, or with `*.` in front everything below it.

    Without `ports` (first and last) only URLs that name no port; without `paths` any path, else those and what is below.
    A name has to be at a public address unless it may be `private`; who names an address, or `localhost`, means it.
    """

    host: str
    ports: tuple[int, int] | None = None
    paths: tuple[str, ...] | None = None
    private: bool = False

    @classmethod
    def parse(cls, text: str, paths: Sequence[str] | None = None, *, private: bool = False) -> "AllowedHost":
        """From `host`, `host:port` or `host:first-last`. Raises `CatalogError` for anything else."""
        match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:/\s]+)(?::(\d+)(?:-(\d+))?)?", text)
        ports = None if match is None or match[2] is None else (int(match[2]), int(match[3] or match[2]))
        if match is None or (ports is not None and not 0 < ports[0] <= ports[1] < 65536):
            hint = "Write `host`, `host:port` or `host:first-last`; `*.` in front of the host stands for all below it."
            raise CatalogError("invalid", f"`{text}` is not a host that can be allowed", hint)
        host = match[1].lower()
        is_meant = private or host == "localhost" or is_literal(host)
        return cls(host, ports, None if paths is None else tuple(paths), is_meant)

    def allows(self, url: URL) -> bool:
        """Whether the URL is in this place."""
        below = self.host.startswith("*.") and url.hostname.endswith(self.host[1:])
        return (below or url.hostname == self.host) and self._has_port(url) and self._has_path(url)

    def _has_port(self, url: URL) -> bool:
        if self.ports is None:
            return not url.port
        port = int(url.port) if url.port else _DEFAULT_PORTS.get(url.protocol, 0)
        return self.ports[0] <= port <= self.ports[1]

    def _has_path(self, url: URL) -> bool:
        if self.paths is None:
            return True
        # A server may decode what Backstage leaves encoded: `%2f..%2f` must not lead out either.
        return all(
            any(_is_below(decode(url.pathname), decode(path)) for path in self.paths) for decode in (str, unquote)
        )


def _is_below(path: str, prefix: str) -> bool:
    clean = posixpath.normpath(re.sub("/+", "/", path)) + ("/" if path.endswith("/") else "")
    clean = clean.replace("//", "/")
    return clean == prefix or clean.startswith(prefix if prefix.endswith("/") else f"{prefix}/")


class _Reply(NamedTuple):
    shown: str  # the address that answered
    status: int
    reason: str
    body: bytes
    is_limited: bool  # GitHub's way to say "later"


class _Get(NamedTuple):
    """One file to get: from where, the address as it may be shown, and the addresses a server may send us on to.

    `headers` are for that origin alone.
    """

    url: URL
    shown: str
    is_allowed: Callable[[URL], bool]
    is_private: Callable[[URL], bool]
    headers: Mapping[str, str] = {}


class UrlReader:
    """Reads URLs, from any thread. It keeps its connections for the next file; `close` gives them up.

    `headers` are what code hosts are told, by their names, asked for anew each time.
    """

    def __init__(
        self,
        hosts: scm.Hosts | None = None,
        allow: Sequence[AllowedHost] = (),
        *,
        seconds: float = WHOLE_SECONDS,
        headers: Mapping[str, Callable[[], Mapping[str, str]]] | None = None,
    ) -> None:
        self.hosts = hosts or scm.Hosts()
        self.allow = tuple(allow)
        self._seconds, self._headers = seconds, dict(headers or {})
        self._lock = threading.Lock()
        self._session: _Session | None = None

    def resolve(self, target: str, base: str) -> str:
        """The URL that a Location in the file at `base` names by `target`; as it stands where that gives none."""
        try:
            return scm.resolve_url(target, base, self.hosts)
        except UrlError:
            return target

    def read(self, target: str) -> list[Document]:
        """The file that a Location names by an absolute URL. Raises `ReadError`."""
        try:
            content = self._read(target)
        except ReadError as error:
            if error.missing:
                message = f"Unable to read url, no matching files found for {target}"
                raise ReadError(message, missing=True) from error
            message = f"Unable to read url, {error.message}"[:_MAX_MESSAGE]
            raise ReadError(message, forbidden=error.forbidden, name="Error") from error
        return [Document(Location("url", target), content, scm.annotations_of(target, self.hosts))]

    def fetch(self, url: str) -> bytes:
        """The bytes of the file at an absolute URL. Raises `ReadError`."""
        return self._fetch(url, self._check(url))

    def close(self) -> None:
        """Give up the connections, and what is being read over them."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.loop.call_soon_threadsafe(session.loop.stop)
            session.thread.join(CONNECT_SECONDS)

    def _read(self, target: str) -> bytes:
        url = self._check(target)
        if "*" in url.pathname:
            raise ReadError("Unsupported search pattern URL")
        return self._fetch(target, url)

    def _check(self, text: str) -> URL:
        """The URL, if it may be read at all."""
        try:
            url = parse_url(text)
        except UrlError as error:
            raise ReadError(str(error), name=error.name) from error
        has_user = bool(url.username or url.password)
        shown = _without_user(url).href if has_user else text
        if url.protocol not in _DEFAULT_PORTS or not (self.hosts.find(text) or self._is_allowed(url)):
            raise ReadError(
                f"Reading from '{shown}' is not allowed. You may need to configure an integration for the target host, "
                "or add it to the configured list of allowed hosts at 'backend.reading.allow'",
                forbidden=True,
            )
        if has_user:
            raise ReadError(f"Unable to read {shown}, a URL with a user or a password in it is not read")
        return url

    def _is_allowed(self, url: URL) -> bool:
        return url.protocol in _DEFAULT_PORTS and any(one.allows(url) for one in self.allow)

    def _is_private(self, url: URL) -> bool:
        """Whether the URL's host may be at a private address."""
        return any(one.private and one.allows(url) for one in self.allow)

    def _fetch(self, text: str, url: URL) -> bytes:
        host = self.hosts.find(text)
        if host is not None:
            return self._fetch_file(text, host)
        reply = self._run(_Get(url, text, self._is_allowed, self._is_private))
        if 200 <= reply.status < 300:
            return reply.body
        raise ReadError(f"could not read {reply.shown}, {reply.status} {reply.reason}", missing=reply.status == 404)

    def _fetch_file(self, url: str, host: scm.Host) -> bytes:
        """A file of a code host, by its address for programs."""
        told = self._headers[host.name]() if host.name in self._headers else {}
        # GitHub gives private files by its API only, and the API gives little to who says nothing.
        host = replace(host, raw_url="") if told and host.type == "github" else host
        try:
            raw = scm.raw_url(url, host)
            address = parse_url(raw)
        except UrlError as error:
            raise ReadError(str(error), name=error.name) from error
        origin = address.origin
        # A code host may send us about its own pages; anywhere else only where a rule allows it.
        get = _Get(
            address,
            raw,
            lambda hop: hop.origin == origin or self._is_allowed(hop),
            lambda hop: hop.origin == origin or self._is_private(hop),
            told,
        )
        reply = self._run(get)
        if 200 <= reply.status < 300 and not (host.type == "azure" and reply.status == 203):  # 203: please sign in
            return _DECODERS.get(host.type, bytes)(reply.body)
        wrong = f"{reply.status} {reply.reason}"
        if host.type == "github":
            message = f"Request failed for {raw}, {wrong}" + " (rate limit exceeded)" * reply.is_limited
        else:
            message = f"{url} could not be read as {raw}, {wrong}"
        raise ReadError(message, missing=reply.status == 404)

    def _run(self, get: _Get) -> _Reply:
        """Do it in the session's own thread: only so does a limit on the whole hold, however slowly a server drips."""
        with self._lock:
            if self._session is None:
                self._session = _open_session(self._seconds)
            session = self._session
            work = asyncio.run_coroutine_threadsafe(self._get(session, get), session.loop)
        try:
            return work.result()
        except CancelledError as error:
            raise ReadError(f"Unable to read {get.shown}, the reader was closed") from error

    async def _get(self, session: "_Session", get: _Get) -> _Reply:
        try:
            async with asyncio.timeout(self._seconds):
                return await _follow(session, get)
        except TimeoutError as error:
            raise ReadError(f"Unable to read {get.shown}, no answer within {self._seconds:g} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ReadError(f"Unable to read {get.shown}, {str(error) or type(error).__name__}") from error


async def _follow(session: "_Session", get: _Get) -> _Reply:
    url, shown = get.url, get.shown
    for _ in range(MAX_REDIRECTS):
        if not get.is_allowed(url):
            raise ReadError(f"URL not allowed by backend.reading.allow configuration: {shown}")
        headers = get.headers if url.origin == get.url.origin else {}
        client = session.private if get.is_private(url) else session.public
        async with client.stream("GET", url.href, headers=headers) as response:
            to = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not to:
                return await _take(response, shown)
        try:
            url = parse_url(to, url.href)
        except UrlError as error:
            raise ReadError(str(error), name=error.name) from error
        url = _without_user(url)
        shown = url.href.partition("?")[0]  # what a server sends us on to may carry a secret in its query
    raise ReadError(f"Too many redirects (max {MAX_REDIRECTS}) when reading {get.shown}")


class _Session(NamedTuple):
    """A loop in a thread of its own, and the clients with their connections: to public addresses only, and to any."""

    loop: asyncio.AbstractEventLoop
    public: httpx.AsyncClient
    private: httpx.AsyncClient
    thread: threading.Thread


def _open_session(seconds: float) -> _Session:
    public, private = _open_client(seconds, private=False), _open_client(seconds, private=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_serve, args=(loop, (public, private)), name="url-reader", daemon=True)
    thread.start()
    return _Session(loop, public, private, thread)


def _open_client(seconds: float, *, private: bool) -> httpx.AsyncClient:
    client = httpx.AsyncClient(
        timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=20, keepalive_expiry=30),
        headers={
            "user-agent": "Callboard",
            "accept": "application/vnd.github.v3.raw, */*",
            "accept-encoding": "gzip, deflate",
        },
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )
    guard_public(client, private=private)
    return client


def _serve(loop: asyncio.AbstractEventLoop, clients: Sequence[httpx.AsyncClient]) -> None:
    loop.run_forever()
    loop.run_until_complete(_finish(clients))
    loop.close()


async def _finish(clients: Sequence[httpx.AsyncClient]) -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:
        await client.aclose()


def _without_user(url: URL) -> URL:
    if url.username or url.password:  # a URL that cannot have them cannot be told to have none either
        url.username = url.password = ""
    return url


async def _take(response: httpx.Response, shown: str) -> _Reply:
    """The answer with its body, as long as that is not too much."""
    body = bytearray()
    if response.headers.get("content-encoding", "identity").lower() not in ENCODINGS:
        raise ReadError(f"Unable to read {shown}, it is packed in a way that was not asked for")
    async for chunk in response.aiter_bytes(65536):
        body += chunk
        if len(body) > MAX_BYTES:
            raise ReadError(f"Unable to read {shown}, it is larger than {MAX_BYTES:,} bytes")
    spent = response.status_code == 403 and response.headers.get("x-ratelimit-remaining") == "0"
    return _Reply(
        shown, response.status_code, response.reason_phrase, bytes(body), spent or response.status_code == 429
    )


def _decode_gitea(body: bytes) -> bytes:
    try:
        found = json.loads(body)
        if found["encoding"] != "base64":
            raise ReadError(f"Unknown encoding: {found['encoding']}")
        return base64.b64decode(found["content"])
    except (ValueError, KeyError, TypeError) as error:
        raise ReadError(f"The answer is not Gitea's: {error}") from error


def _decode_gerrit(body: bytes) -> bytes:
    try:
        return base64.b64decode(body)
    except binascii.Error as error:
        raise ReadError(f"The answer is not Gerrit's: {error}") from error


_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {"gitea": _decode_gitea, "gerrit": _decode_gerrit}
"""What a host packs its files into, where it does."""
