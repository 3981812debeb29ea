"""An API's definition as the text that it is, to read or to keep as a file."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from web.api.parameters import read_query, triplet
from web.definitions import file_name, text_of

MEDIA: Final = ("text/plain",)
_SAFE: Final = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}


async def download(request: Request) -> Response:
    """The definition of an API: plain text, whatever is in it, under a file name of its format."""
    read_query(request, ())
    catalog: Catalog = request.app.state.catalog
    asked = triplet(request)
    entity = catalog.view.entity(asked.ref)
    if entity is None:
        raise asked.missing()
    found = text_of(entity)
    if not found:
        raise CatalogError("not_found", f"The {asked.kind} '{asked.name}' has no definition", "Only APIs have one.")
    spec = entity["spec"]
    file = file_name(entity["metadata"]["name"], str(spec.get("type") or ""), found)
    return Response(found, headers={**_SAFE, "content-disposition": f'inline; filename="{file}"'}, media_type=MEDIA[0])
