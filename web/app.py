"""`create_app`: the routes, the error handlers and the background work that keeps the catalog fresh."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from catalog.catalog import Catalog
from catalog.documents import Source
from catalog.errors import CatalogError
from catalog.pipeline import Report
from web import pages
from web.api import routes as api
from web.errors import bug_id, catalog_error_response, error_response, json_response, with_etag

log = logging.getLogger("callboard")
_FOLLOW_SECONDS = 0.3
_DEBOUNCE_MS = 80


class RawApiPaths:
    """Routes the API by the path as it was sent: `%2F` in a name is part of the name, as Backstage has it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its path as sent where it is the API's."""
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            scope["path"] = scope["raw_path"].split(b"?")[0].decode("latin-1")
        await self.app(scope, receive, send)


class Watched(Source, Protocol):
    """A source whose files can be watched."""

    @property
    def watched(self) -> Path:
        """The folder to watch."""
        ...


def create_app(catalog: Catalog, sources: Sequence[Watched]) -> FastAPI:
    """The application over a catalog. The sources are watched, not crawled: whoever starts the server does that first."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        tasks = [asyncio.create_task(_watch(catalog, source, sources, stop)) for source in sources]
        tasks.append(asyncio.create_task(_follow(catalog, stop)))
        yield
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(title="Callboard", version="0.1.0", lifespan=lifespan, redirect_slashes=False)
    app.add_middleware(RawApiPaths)
    app.state.catalog = catalog
    app.router.routes[:0] = api.routes()
    app.router.routes.extend(pages.routes)
    app.router.routes.append(Route("/healthz", _health))
    app.router.routes.extend(Route(f"/.backstage/health/v1/{name}", _is_up) for name in ("readiness", "liveness"))
    app.add_exception_handler(CatalogError, _on_catalog_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_bug)
    _describe(app)
    return app


async def _health(request: Request) -> Response:
    """Whether the server answers, and which revision it serves."""
    catalog: Catalog = request.app.state.catalog
    view = catalog.view
    return json_response(
        {"status": "ok", "revision": view.revision, "entities": len(view), "indexed": catalog.indexed_revision}
    )


async def _is_up(request: Request) -> Response:
    """Backstage's own health answer: whoever can be asked is ready, for the catalog is read before that."""
    return with_etag(request, json_response({"status": "ok"}))


def _describe(app: FastAPI) -> None:
    """Give the plain routes their part of the OpenAPI document."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        document.setdefault("paths", {}).update(api.openapi_paths())
        return document

    app.openapi = openapi  # type: ignore[method-assign]


async def _watch(catalog: Catalog, source: Watched, sources: Sequence[Watched], stop: asyncio.Event) -> None:
    """Crawl the source again whenever one of its files changes."""
    from watchfiles import awatch

    while not stop.is_set():
        try:
            async for _ in awatch(source.watched, debounce=_DEBOUNCE_MS, step=20, stop_event=stop):
                await asyncio.to_thread(_refresh, catalog, source, sources)
        except Exception:
            log.exception("watching %s failed; tried again in 1 s", source.name)
            await asyncio.sleep(1)


def _refresh(catalog: Catalog, source: Source, sources: Sequence[Source]) -> None:
    """Crawl a source, and the others too where it gave refs up: one of them may have been waiting for one."""
    if _crawl(catalog, source).removed:
        for other in sources:
            if other is not source:
                _crawl(catalog, other)


def _crawl(catalog: Catalog, source: Source) -> Report:
    report = catalog.ingest(source)
    if report.failure:
        log.warning("%s: %s", source.name, report.failure)
    elif report.added or report.changed or report.removed:
        counts = (len(report.added), len(report.changed), len(report.removed))
        log.info("%s: %d added, %d changed, %d removed", source.name, *counts)
    return report


async def _follow(catalog: Catalog, stop: asyncio.Event) -> None:
    """Take up revisions that another process wrote into the same database."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(catalog.catch_up)
            await asyncio.wait_for(stop.wait(), _FOLLOW_SECONDS)
        except TimeoutError:
            continue
        except Exception:
            log.exception("the database could not be read; tried again in 1 s")
            await asyncio.sleep(1)


async def _on_catalog_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CatalogError)
    return catalog_error_response(request, error)


async def _on_http_error(request: Request, error: Exception) -> Response:
    """An unknown path: empty under /api, as Backstage has it, and a page elsewhere."""
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/"):
        return Response(status_code=404 if error.status_code == 405 else error.status_code)
    return await pages.show_error(request, error.status_code)


async def _on_bug(request: Request, error: Exception) -> Response:
    found = bug_id(request, error)
    if request.url.path.startswith("/api/"):
        return error_response(request, 500, "Error", f"An internal error occurred logId={found}")
    return await pages.show_error(request, 500, found)
