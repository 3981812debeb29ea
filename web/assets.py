"""The static files: read once, joined where every page needs them together, compressed once, and told apart by content."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from web.compression import MIN_SIZE, accepts_gzip

STATIC: Final = Path(__file__).parent / "static"
_YEAR: Final = "public, max-age=31536000, immutable"
_FRAME: Final = {
    "frame.css": ("tokens.css", "base.css", "parts.css", "find.css"),
    "frame.js": ("theme.js", "keys.js", "find.js"),
}
"""What every page needs, by the name it goes by."""
_MOST_PARTS: Final = 4
_MEDIA: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served. `packed` is its gzip, empty where that saves nothing."""

    body: bytes
    packed: bytes
    media_type: str
    digest: str


def static(*names: str) -> str:
    """The address of one or several files in one, which changes with their content, so that browsers may keep it for a year.

    A page asks for one style sheet and one script: a tenth sooner drawn than with a few of each.
    """
    name = "+".join(name.rpartition(".")[0] for name in names) + Path(names[-1]).suffix
    found = _find(name)
    assert found is not None, name
    return f"/static/{name}?v={found.digest}"


@lru_cache(maxsize=64)
def _find(name: str) -> Asset | None:
    """The file of a name, or those with `+` between their names joined; None where one is not there."""
    stems, dot, kind = name.rpartition(".")
    parts = [part for stem in stems.split("+") for part in _FRAME.get(f"{stem}{dot}{kind}", (f"{stem}{dot}{kind}",))]
    if f".{kind}" not in _MEDIA or len(stems.split("+")) > _MOST_PARTS or not all(part in _files() for part in parts):
        return None
    body = b"".join(_files()[part] for part in parts)
    packed = gzip.compress(body, 9, mtime=0) if len(body) >= MIN_SIZE else b""
    return Asset(body, packed, _MEDIA[f".{kind}"], hashlib.sha256(body).hexdigest()[:12])


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _MEDIA}


async def show_asset(request: Request) -> Response:
    """One of the files; whoever names its content may keep it."""
    found = _find(request.path_params["name"])
    if found is None:
        return Response(status_code=404)
    headers = {
        "cache-control": _YEAR if "v" in request.query_params else "no-cache",
        "etag": f'W/"{found.digest}"',
        "vary": "Accept-Encoding",
        "x-content-type-options": "nosniff",
    }
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if found.packed and accepts_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
        return Response(found.packed, headers=headers | {"content-encoding": "gzip"}, media_type=found.media_type)
    return Response(found.body, headers=headers, media_type=found.media_type)
