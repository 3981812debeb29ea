"""Lets a blocking client talk to an ASGI application in this process."""

import asyncio
from typing import Any

import httpx


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


def _decode(content: bytes, encoding: str | None) -> bytes:
    # httpx would decode by the header; a HEAD answer has the header and nothing to decode.
    if not encoding or not content:
        return content
    return httpx.Response(200, headers={"content-encoding": encoding}, content=content).content
