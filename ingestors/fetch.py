"""HTTP to one host's API: conditional requests, retries with back-off, the host's rate limit, the token sent nowhere else.

Whatever goes wrong on the way is counted in `Usage`; what cannot be mended is a `ReadError`.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from catalog.documents import Cache, Json, Usage
from catalog.errors import ReadError
from ingestors.addresses import ENCODINGS, guard, time_limit
from ingestors.backoff import back_off

MAX_BYTES = 50_000_000
RETRIES = 3
_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
_WHOLE_SECONDS = 120.0  # one answer, however slowly it drips
_PAUSE = 60.0  # what GitHub asks for where it gives no time itself
_PASSING = (408, 425, 500, 502, 503, 504)
_TOKENS_IN = frozenset({"authorization", "private-token"})


class RateLimitError(ReadError):
    """The host will say nothing more for a while: what is being read is to be left off, not gone on with."""


class UnknownCallerError(ReadError):
    """The host does not take the token (401): one refusal may be about one thing, several in a row are about the token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said: from itself, or from the cache where it said that nothing has changed."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body's JSON; it was seen to be some when the answer came."""
        return json.loads(self.body)

    @property
    def next(self) -> str:
        """The URL of the next page as the `Link` header names it, empty on the last (RFC 8288)."""
        for part in self.headers.get("link", "").split(","):
            url, _, rest = part.partition(">")
            if 'rel="next"' in rest.replace("'", '"'):
                return url.strip().lstrip("<")
        return ""


class Api:
    """One host's API below `base`. `headers` are asked for anew for each request, for tokens that run out.

    A rate limit that ends within `patience` seconds is waited for, a longer one is a `RateLimitError`.
    """

    def __init__(
        self,
        base: str,
        usage: Usage,
        cache: Cache,
        headers: Callable[[], Mapping[str, str]] = dict,
        *,
        patience: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        timeout: httpx.Timeout = _TIMEOUT,
        whole_seconds: float = _WHOLE_SECONDS,
    ) -> None:
        self.base = base.rstrip("/")
        self._usage, self._cache, self._headers = usage, cache, headers
        self._patience, self._sleep, self._whole_seconds = patience, sleep, whole_seconds
        self._silent_until = 0.0
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)
        self._client.headers["accept-encoding"] = "gzip, deflate"
        guard(self._client)

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        accept: str = "",
        is_json: bool = True,
        keep: bool = True,
    ) -> Answer:
        """GET, conditional where an earlier answer had an ETag. Raises `ReadError`; `missing` for 404 and 410.

        Not to `keep` is for what is never asked again, such as a file by its commit.
        """
        url = str(httpx.URL(self._url(path), params=params)) if params else self._url(path)
        key = f"GET {url} {accept}"
        known = _unpack(self._cache.get(key)) if keep else None
        headers = {"accept": accept} if accept else {}
        if known is not None:
            headers["if-none-match"] = known.headers.get("etag", "")
        response = self._send("GET", url, headers, None, is_json=is_json)
        if response.status_code == 304 and known is not None:
            self._usage.cached += 1
            # An ETag is of the body alone: whether a page follows may have changed without it.
            answer = Answer(url, {**known.headers, **_without_length(response.headers)}, known.body)
            is_new = answer.next != known.next
        else:
            answer = Answer(url, dict(response.headers), response.content)
            is_new = "etag" in response.headers
        if keep and is_new:
            self._cache.put(key, _pack(answer))
        return answer

    def find(self, path: str, params: Mapping[str, Any] | None = None) -> Answer | None:
        """GET what may not be there, which is None. Raises `ReadError` like `get`."""
        try:
            return self.get(path, params, keep=False)
        except ReadError as error:
            if error.missing:
                return None
            raise

    def post(self, path: str, body: Json) -> Answer:
        """POST JSON, for questions only: it is repeated like a GET where the host fails."""
        response = self._send("POST", self._url(path), {"content-type": "application/json"}, json.dumps(body).encode())
        return Answer(str(response.url), dict(response.headers), response.content)

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Answer]:
        """Every page of a list, by its `Link` headers."""
        answer = self.get(path, params)
        seen = {answer.url}
        yield answer
        while answer.next:
            if answer.next in seen:
                raise ReadError(f"{_shown(answer.next)} leads in circles")
            seen.add(answer.next)
            answer = self.get(answer.next)
            yield answer

    def note(self, fault: str) -> None:
        """Count a fault that only who asked can see, in an answer that came whole."""
        self._usage.note(fault)

    def cut_short(self, words: str) -> RateLimitError:
        """The end of a crawl, where an answer that came whole says in `words` that the host will say nothing more."""
        until = self._usage.resets_at if self._usage.left == 0 else None
        self._end_until(max(_PAUSE, (until or 0.0) - time.time()))
        return RateLimitError(words)

    def close(self) -> None:
        """Give up the connections."""
        self._client.close()

    def _url(self, path: str) -> str:
        """An absolute URL on this host. Raises `ReadError` for one on another: the token must not go there."""
        url = path if path.startswith(("http://", "https://")) else f"{self.base}/{path.lstrip('/')}"
        if _origin(url) != _origin(self.base):
            raise ReadError(f"{_shown(url)} is not on {_origin(self.base)[1]}; it is not asked", forbidden=True)
        return url

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, is_json: bool = True
    ) -> httpx.Response:
        for attempt in range(RETRIES + 1):
            try:
                response = self._once(method, url, headers, body)
                wait = self._judge(response, is_json=is_json)
            except (httpx.RequestError, httpx.StreamError, httpx.InvalidURL, _BrokenAnswerError) as error:
                self._usage.note(f"{_shown(url)}: {_words(error)}")
                if attempt == RETRIES:
                    raise ReadError(f"{_shown(url)} could not be read: {_words(error)}") from error
                wait = None
            if wait == 0 and response.status_code == 304 and "if-none-match" not in headers:
                raise ReadError(f"{_shown(url)} says that it has not changed, and nobody asked")
            if wait == 0:
                return response
            if attempt < RETRIES:
                self._usage.retries += 1
                self._sleep(back_off(attempt) if wait is None else wait)
        if response.status_code in (403, 429):
            raise RateLimitError(self._end_until(_PAUSE))
        raise ReadError(f"{_shown(url)} could not be read: {response.status_code} {response.reason_phrase}")

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> httpx.Response:
        """One request; redirects only within the host."""
        for _ in range(5):
            self._usage.requests += 1
            sent = {**self._headers(), **headers}
            with (
                time_limit(self._whole_seconds),
                self._client.stream(method, url, headers=sent, content=body) as response,
            ):
                whole = _read_whole(response)
            self._note_limit(whole)
            if not whole.has_redirect_location:
                return whole
            url = self._url(urljoin(url, whole.headers["location"]))
        raise ReadError(f"{_shown(url)} leads in circles")

    def _judge(self, response: httpx.Response, *, is_json: bool) -> float | None:
        """0 for an answer that can be used, else how long to wait before asking again; None for the usual back-off."""
        status, url = response.status_code, _shown(str(response.url))
        if status == 429 or (status == 403 and self._is_limited(response)):
            return self._wait_for_limit(response)
        if status in _PASSING:
            self._usage.note(f"{url}: {status} {response.reason_phrase}")
            return None
        if status in (404, 410):
            raise ReadError(f"{url} is not there ({status})", missing=True)
        if status in (401, 403):
            self._usage.note(f"{url}: {status} {response.reason_phrase}")
            is_known = not _TOKENS_IN.isdisjoint(response.request.headers)
            why = (
                "the token may have expired or lack a right; give a new one" if is_known else "no token is given for it"
            )
            refusal = UnknownCallerError if status == 401 else ReadError
            raise refusal(f"{url} was refused ({status}): {why}", forbidden=True)
        if status not in (200, 201, 304):
            raise ReadError(f"{url} could not be read: {status} {response.reason_phrase}")
        if is_json and status != 304:
            try:
                json.loads(response.content)
            except ValueError as error:
                raise _BrokenAnswerError(f"the answer is not JSON ({error})") from error
        return 0

    def _is_limited(self, response: httpx.Response) -> bool:
        words = response.content[:2_000].lower()
        return "retry-after" in response.headers or self._usage.left == 0 or b"rate limit" in words or b"abuse" in words

    def _wait_for_limit(self, response: httpx.Response) -> float:
        until = _retry_at(response.headers) or (self._usage.resets_at if self._usage.left == 0 else None)
        seconds = 1.0 if until is None else max(0.1, until - time.time())
        if seconds > self._patience:
            raise RateLimitError(self._end_until(seconds))
        self._usage.note(f"rate limited by {_origin(self.base)[1]}")
        return seconds

    def _end_until(self, seconds: float) -> str:
        """Note that the host will say nothing for so long; in words."""
        self._silent_until = time.time() + seconds
        self._usage.left, self._usage.resets_at = 0, self._silent_until
        at = datetime.fromtimestamp(self._usage.resets_at, UTC)
        message = f"rate limited by {_origin(self.base)[1]} until {at:%Y-%m-%d %H:%M:%S} UTC, and read again then"
        self._usage.note(message)
        return message

    def _note_limit(self, response: httpx.Response) -> None:
        """Keep what the host says of its rate limit, under the names that GitHub and GitLab use.

        Answers that were under way when it asked for silence do not end that.
        """
        if time.time() < self._silent_until:
            return
        if self._usage.left == 0 and response.status_code < 400:
            self._usage.left = None  # said by us for a host that gives no numbers, and over
        for prefix in ("x-ratelimit-", "ratelimit-"):
            left, limit, reset = (response.headers.get(prefix + name) for name in ("remaining", "limit", "reset"))
            if left is not None and left.isdigit():
                self._usage.left = int(left)
                self._usage.limit = int(limit) if limit and limit.isdigit() else self._usage.limit
                self._usage.resets_at = _reset_at(reset, response.headers) or self._usage.resets_at


class _BrokenAnswerError(Exception):
    """An answer that came whole and means nothing."""


def _read_whole(response: httpx.Response) -> httpx.Response:
    """The answer with its body, up to a size. A body cut short is a transport error of httpx."""
    content = bytearray()
    if response.headers.get("content-encoding", "identity").lower() not in ENCODINGS:
        raise ReadError(f"{_shown(str(response.url))} is packed in a way that was not asked for")
    for part in response.iter_bytes():
        content += part
        if len(content) > MAX_BYTES:
            raise ReadError(f"{_shown(str(response.url))} is larger than {MAX_BYTES:,} bytes")
    headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-encoding"]
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=bytes(content),
        request=response.request,
        extensions=response.extensions,
    )


def _without_length(headers: Mapping[str, str]) -> dict[str, str]:
    """What an answer without a body says of the one that is known."""
    return {name: value for name, value in headers.items() if name not in ("content-length", "content-type")}


def _retry_at(headers: Mapping[str, str]) -> float | None:
    """When `Retry-After` says to ask again (RFC 9110, 10.2.3), in seconds since 1970."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return time.time() + int(value)
    at = _read_date(value)
    return _by_our_clock(at, headers) if at is not None else None


def _reset_at(value: str | None, headers: Mapping[str, str]) -> float | None:
    """When a limit ends; hosts give a time since 1970, some the seconds until then."""
    if not value or not value.isdigit():
        return None
    return _by_our_clock(float(value), headers) if len(value) > 8 else time.time() + int(value)


def _by_our_clock(at: float, headers: Mapping[str, str]) -> float:
    """A time by the host's clock, which it tells with each answer, by ours, which may be hours off."""
    now = _read_date(headers.get("date", ""))
    return at if now is None else at - now + time.time()


def _read_date(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except ValueError:
        return None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def _shown(url: str) -> str:
    """A URL for messages: without user, query and fragment, where secrets may be."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _pack(answer: Answer) -> bytes:
    kept = {name: value for name, value in answer.headers.items() if name in ("etag", "link", "content-type")}
    head = {"url": answer.url, "headers": kept, "body": base64.b64encode(answer.body).decode()}
    return json.dumps(head).encode()


def _unpack(content: bytes | None) -> Answer | None:
    if content is None:
        return None
    head = json.loads(content)
    return Answer(head["url"], head["headers"], base64.b64decode(head["body"]))
