"""A bare Starlette route that returns given bytes: what the server below Callboard can do at most.

`python bare.py FILE PORT` serves FILE, a JSON object of path -> body, under the uvicorn settings Callboard uses.
"""

import json
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SETTINGS = {"loop": "uvloop", "http": "httptools", "access_log": False, "log_level": "warning", "lifespan": "off"}


def create_app(file: Path) -> Starlette:
    """The application: one route in the shape of by-name."""
    bodies = {path: body.encode() for path, body in json.loads(file.read_text(encoding="utf-8")).items()}

    async def answer(request: Request) -> Response:
        return Response(bodies[request.scope["path"]], media_type="application/json")

    return Starlette(routes=[Route("/api/catalog/entities/by-name/{kind}/{namespace}/{name}", answer)])


if __name__ == "__main__":
    uvicorn.run(create_app(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), **SETTINGS)  # type: ignore[arg-type]
