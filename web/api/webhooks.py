"""Webhooks of code hosts. Their signature lets them in; the source they are for is read right after the answer.

Bodies are bounded, in size, in number and in time, for anybody may send them; none is logged.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response

from catalog.crawler import Crawler
from catalog.documents import Hooked
from catalog.errors import CatalogError
from web.api.parameters import path_part
from web.api.payload import has_json, read_bytes
from web.errors import error_response, json_response

MAX_BYTES = 25 * 1024 * 1024
"""What GitHub sends at most, the most of all hosts."""
MAX_EVENT = 5 * 1024 * 1024
"""What Backstage's intake takes at most (reference section 11.14)."""
_MAX_HELD = 4 * MAX_BYTES
_SECONDS = 10.0  # hosts give up an unanswered call after as long
TOPICS = {
    "github": "invalid signature",
    "gitlab": "invalid token",
    "gitea": "invalid signature",
    "bitbucketCloud": "invalid signature",
    "bitbucketServer": "invalid signature",
    "azureDevOps": "invalid webhook secret",
}
"""What Backstage's intake calls the hosts, with what it says to a call that it does not trust."""
_UNTRUSTED = ("unauthenticated", "forbidden")


async def receive(request: Request) -> Response:
    """Take in a webhook for one source, which is read right after: 202; 204 for one that changes nothing here."""
    crawler: Crawler = request.app.state.crawler
    source = crawler.hooked(path_part(request, "source"))
    body = await _read(request)
    try:
        is_wanted = await asyncio.to_thread(source.hook, request.headers, body)
    except CatalogError as error:
        if error.code != "forbidden":
            raise
        # The signature is the credential: whoever has none is not known, however the source puts it.
        raise CatalogError("unauthenticated", error.message, error.hint) from error
    if not is_wanted:
        return Response(status_code=204)
    crawler.wake(source.name)
    return json_response({"status": "accepted"}, 202)


async def receive_event(request: Request) -> Response:
    """Backstage's intake of webhooks: one goes to every source that trusts its signature."""
    crawler: Crawler = request.app.state.crawler
    topic = path_part(request, "topic")
    hooked = [source for source in crawler.sources.values() if isinstance(source, Hooked)]
    if topic not in TOPICS or not hooked:
        return error_response(request, 404, "NotFoundError", f"No source takes events of the topic '{topic}'")
    if not has_json(request.scope):
        kind = request.headers.get("content-type", "undefined")
        return error_response(request, 415, "UnsupportedMediaTypeError", f"unsupported media type {kind}")
    body = await _read(request)
    trusting = await asyncio.to_thread(_deliver, crawler, hooked, request.headers, body)
    if not trusting:
        return json_response({"message": TOPICS[topic]}, 403)
    return json_response({"status": "accepted"}, 202)


def _deliver(crawler: Crawler, hooked: list[Hooked], headers: Mapping[str, str], body: bytes) -> int:
    """Hand a call to every source that trusts it; how many do."""
    trusting = 0
    for source in hooked:
        try:
            is_wanted = source.hook(headers, body)
        except CatalogError as error:
            if error.code in _UNTRUSTED:
                continue
            raise
        trusting += 1
        if is_wanted:
            crawler.wake(source.name)
    return trusting


async def _read(request: Request) -> bytes:
    """The body, bounded in all ways. One without a length counts as the longest."""
    size = int(request.headers.get("content-length") or request.state.raw_body)
    with _INTAKE.hold(min(size, request.state.raw_body)):
        try:
            async with asyncio.timeout(_SECONDS):
                return await read_bytes(request)
        except TimeoutError as error:
            raise CatalogError("invalid", f"the body did not come within {_SECONDS:.0f} seconds") from error


class _Intake:
    """How much is being received that nobody has vouched for yet, in bytes."""

    def __init__(self) -> None:
        self.held = 0

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Count so many bytes for as long as the context is open. Raises `CatalogError` where they would be too many."""
        if self.held + size > _MAX_HELD:
            raise CatalogError("unavailable", "Too many webhooks at once; send it again in a few seconds")
        self.held += size
        try:
            yield
        finally:
            self.held -= size


_INTAKE = _Intake()
