"""One request to one instance: where it may go, how much is read, and what its failure may say. Nothing is asked twice.

No text of an answer and no header gets into a message: they may hold a secret.
"""

import ssl
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx
import orjson

from catalog.documents import Json
from ingestors.addresses import ENCODINGS, guard_public
from ingestors.live.instance import Instance

MAX_BYTES: Final = 20_000_000
_LONGEST_REST: Final = 900.0
_WORDS: Final[Mapping[int, str]] = {
    401: "it does not take the token (401)",
    403: "the token may not ask this (403)",
    404: "it has no such address (404)",
    429: "it wants to be asked less often (429)",
}


class LiveError(Exception):
    """An instance did not answer, and why.

    `is_down` ends all questions to it, for `rest` seconds if given; otherwise it is this question's failure, of which
    two in a row that are `silent` also say that it is down. `is_missing` is 404.
    """

    def __init__(
        self,
        reason: str,
        *,
        is_down: bool = False,
        is_silent: bool = False,
        is_missing: bool = False,
        rest: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_down, self.is_silent, self.is_missing, self.rest = is_down, is_silent, is_missing, rest


class Client:
    """Asks one instance, and nobody else: redirects are not followed."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._client = open_client(
            instance.headers(),
            10,
            instance.seconds,
            private=instance.private,
            verify=instance.verify,
            ca_file=instance.ca_file,
        )

    async def get(self, path: str, params: Sequence[tuple[str, str]]) -> tuple[Json, float | None]:
        """The JSON at a path below the instance's API, and how long to leave it alone if that was the last it allows.

        Raises `LiveError`.
        """
        url = f"{self._instance.base}/{path}"
        try:
            async with self._client.stream("GET", url, params=httpx.QueryParams(list(params))) as response:
                self._judge(response)
                body = await _take(response)
        except httpx.ConnectError as error:
            raise LiveError(tell_connect(str(error)), is_down=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # their words may hold the token
            raise LiveError(f"the connection broke ({type(error).__name__})", is_silent=True) from None
        if any(secret.encode() in body for secret in self._instance.secrets):
            raise LiveError("its answer holds the secret that it is asked with; it is not shown")
        try:
            return orjson.loads(body), _rest_after(response.headers)
        except orjson.JSONDecodeError:
            raise LiveError("its answer is not JSON; is `url` that of its API?", is_silent=True) from None

    async def close(self) -> None:
        """Give up the connections."""
        await self._client.aclose()

    def _judge(self, response: httpx.Response) -> None:
        status = response.status_code
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise LiveError(f"it sends on to another address ({status}), which is not asked", is_down=True)
        words = _WORDS.get(status, f"it answers {status}")
        raise LiveError(
            words,
            is_down=status in (401, 429),
            is_silent=status == 408 or status >= 500,
            is_missing=status == 404,
            rest=_find_rest(response.headers) if status in (429, 503) else None,
        )


@cache
def _read_trust(ca_file: str, verify: bool) -> ssl.SSLContext:
    """Which certificates to believe; to read them takes a while."""
    context = ssl.create_default_context(cafile=ca_file or None)
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def open_client(
    headers: Mapping[str, str], connections: int, seconds: float, *, private: bool, verify: bool, ca_file: str
) -> httpx.AsyncClient:
    """For one host: it follows nobody elsewhere and keeps no cookies. Raises `OSError` for certificates not to be had."""
    client = httpx.AsyncClient(
        timeout=httpx.Timeout(seconds),
        limits=httpx.Limits(max_connections=connections, keepalive_expiry=30),
        headers={"user-agent": "Callboard", "accept-encoding": "gzip, deflate", **headers},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        verify=_read_trust(ca_file, verify),
        follow_redirects=False,
    )
    guard_public(client, private=private)
    return client


async def _take(response: httpx.Response) -> bytes:
    body = bytearray()
    if response.headers.get("content-encoding", "identity").lower() not in ENCODINGS:
        raise LiveError("its answer is packed in a way that was not asked for")
    async for chunk in response.aiter_bytes(65536):
        body += chunk
        if len(body) > MAX_BYTES:
            raise LiveError(f"its answer is larger than {MAX_BYTES:,} bytes")
    return bytes(body)


def tell_connect(words: str) -> str:
    """Why there is no connection; what the address rules say names the key that is meant here."""
    where, is_private, _ = words.partition(", which is not a public address")
    if is_private:
        return f"{where}{is_private}; `private: true` beside its `url` lets it be asked"
    return f"it cannot be connected to: {words or 'no reason given'}"


def _rest_after(headers: httpx.Headers) -> float | None:
    """How long to leave an instance alone that says with its answer that it will not give another one."""
    return _find_rest(headers) if headers.get("ratelimit-remaining") == "0" else None


def _find_rest(headers: httpx.Headers) -> float | None:
    """Seconds until it may be asked again: PagerDuty's `ratelimit-reset`, or `Retry-After` (RFC 9110, 10.2.3)."""
    for name in ("retry-after", "ratelimit-reset", "x-ratelimit-reset"):
        text = headers.get(name, "").strip()
        try:
            found = float(text) if text.replace(".", "", 1).isdigit() else parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError):
            continue
        seconds = found - time.time() if found > 1e9 else found  # a moment, not a duration
        if seconds > 0:
            return min(seconds, _LONGEST_REST)
    return None
