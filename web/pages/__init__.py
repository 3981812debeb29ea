"""The pages. (Being written.)"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

routes: list[BaseRoute] = []


async def show_error(request: Request, status: int, bug: str = "") -> Response:
    """An error page."""
    return PlainTextResponse(f"{status} {bug}", status)
