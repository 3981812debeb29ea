"""Serves a catalog with Callboard, in this process, for the recorded requests."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.catalog import Catalog
from ingestors.folder import FileSource
from tests.conformance.replay import Serve
from web.app import create_app


class AsgiTransport(httpx.BaseTransport):
    """Hands a blocking client's requests to an ASGI application on an event loop of its own, start-up included."""

    def __init__(self, app: Any) -> None:
        self._runner = asyncio.Runner()
        self._app = app
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._lifespan = app.router.lifespan_context(app)
        self._runner.run(self._lifespan.__aenter__())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request through the application and read its answer to the end."""
        return self._runner.run(self._send(request))

    def close(self) -> None:
        """Shut the application down."""
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self._runner.close()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        plain = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        response = await self._inner.handle_async_request(plain)
        content = b"".join([part async for part in response.aiter_raw()])
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-encoding"]
        encoding = response.headers.get("content-encoding")
        answer = httpx.Response(response.status_code, headers=headers, content=_decode(content, encoding))
        if encoding:
            answer.headers["content-encoding"] = encoding
        return answer


@contextmanager
def serve_catalog(entry: Path | None, uids: Mapping[str, str]) -> Iterator[httpx.Client]:
    """A client of a Callboard that holds `entry` as its one `file` location (none: no location at all).

    Writes are open, locations of type `url` may be read from 127.0.0.1, and a ref named in `uids` gets that uid.
    """
    catalog = Catalog.open("sqlite://", uids=uids)
    if entry is not None:
        catalog.ingest(FileSource(entry))
    catalog.wait_indexed()
    transport = AsgiTransport(create_app(catalog, []))
    with httpx.Client(transport=transport, base_url="http://callboard.test") as client:
        yield client
    catalog.close()


@pytest.fixture
def serve() -> Serve:
    return serve_catalog


def _decode(content: bytes, encoding: str | None) -> bytes:
    # httpx would decode by the header; a HEAD answer has the header and nothing to decode.
    if not encoding or not content:
        return content
    return httpx.Response(200, headers={"content-encoding": encoding}, content=content).content
