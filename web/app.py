"""`create_app`: the routes, the error handlers and the background work that keeps the catalog fresh."""

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.crawler import Crawler
from catalog.errors import CatalogError
from catalog.live import LiveFacts, NoLiveFacts
from catalog.receivers import NoReceivers, Receivers
from catalog.scm import Hosts
from web import pages
from web.access import Access
from web.api import routes as api
from web.api.health import health
from web.background import keep_fresh
from web.compression import Compression
from web.cors import CorsHeaders
from web.errors import STATUS, bug_id, catalog_error_response, error_response
from web.guard import Guard
from web.paths import RawApiPaths, is_api

log = logging.getLogger("callboard")
_THREADS = (
    40  # as many as Starlette has for pages; Python's default, 6 on two cores, is soon all waiting for slow hosts
)


def create_app(
    crawler: Crawler,
    access: Access = Access(),
    hosts: Hosts = Hosts(),
    live: LiveFacts = NoLiveFacts(),
    receivers: Receivers = NoReceivers(),
    public_url: str = "",
) -> FastAPI:
    """The application over a catalog. Folders are watched, not crawled: whoever starts the server does that first."""
    catalog = crawler.catalog

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="request"))
        async with keep_fresh(crawler):
            yield
        await live.close()
        await receivers.close()

    app = FastAPI(lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, access=access)  # the innermost: it sees the path that the routes see
    app.add_middleware(RawApiPaths)
    app.add_middleware(Compression)
    if access.cors.origins:
        app.add_middleware(CorsHeaders, policy=access.cors)
    app.state.catalog, app.state.crawler, app.state.access = catalog, crawler, access
    app.state.hosts, app.state.live = hosts, live
    app.state.receivers, app.state.public_url = receivers, public_url.rstrip("/")
    app.router.routes[:0] = api.routes()
    app.router.routes.extend(pages.routes)
    app.router.routes.append(Route("/healthz", health))
    app.add_exception_handler(CatalogError, _on_catalog_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_bug)
    app.openapi = api.describe  # type: ignore[method-assign]
    return app


async def _on_catalog_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CatalogError)
    if _wants_page(request):
        return await pages.show_error(request, STATUS[error.code][0], unmet=error)
    return catalog_error_response(request, error)


async def _on_http_error(request: Request, error: Exception) -> Response:
    """An unknown path: a page for whoever reads pages, else empty, as Backstage has it."""
    assert isinstance(error, HTTPException)
    if not _wants_page(request):
        return Response(status_code=error.status_code, headers=error.headers)
    return await pages.show_error(request, error.status_code)


async def _on_bug(request: Request, error: Exception) -> Response:
    found = bug_id(request, error)
    if not _wants_page(request):
        return error_response(request, 500, "Error", f"An internal error occurred logId={found}")
    return await pages.show_error(request, 500, found)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not is_api(request.url.path)
