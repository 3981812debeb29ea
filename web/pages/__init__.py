"""The pages as a table of routes. One file a page; pages do not know each other."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from web.pages import catalog, entity, error, home, problems, search
from web.urls import STATIC

_YEAR = "public, max-age=31536000, immutable"


class _KeptFiles(StaticFiles):
    """Static files that a browser keeps for a year where the address carries their hash."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = _YEAR if b"v=" in scope["query_string"] else "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        return response


async def show_error(request: Request, status: int, bug: str = "") -> Response:
    """The page for a request that went wrong; `bug` is the id under which a bug was logged."""
    return error.show_error(request, status, bug)


routes: list[BaseRoute] = [
    Route("/", home.show_home),
    Route("/catalog", catalog.show_catalog),
    Route("/catalog/{namespace}/{kind}/{name}", entity.show_entity),
    Route("/problems", problems.show_problems),
    Route("/search", search.show_search),
    Mount("/static", _KeptFiles(directory=STATIC), name="static"),
]
