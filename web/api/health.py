"""Whether the server is up: Backstage's health endpoints (reference section 9) and our own."""

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from web.errors import json_response


async def is_up(request: Request) -> Response:
    """Whether the server is up: whoever can be asked is ready, for the catalog is read before that."""
    return json_response({"status": "ok"})


async def health(request: Request) -> Response:
    """Whether the server answers, and which revision it serves."""
    catalog: Catalog = request.app.state.catalog
    view = catalog.view
    return json_response(
        {"status": "ok", "revision": view.revision, "entities": len(view), "indexed": catalog.indexed_revision}
    )
