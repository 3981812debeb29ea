"""An API's definition as the text that it is, to read or to keep as a file."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from web.api.parameters import path_part, read_query
from web.definitions import file_name, text_of

MEDIA: Final = ("text/plain",)
_SAFE: Final = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}


async def download(request: Request) -> Response:
    """The definition of an API: plain text, whatever is in it, under a file name of its format."""
    read_query(request, ())
    catalog: Catalog = request.app.state.catalog
    kind, namespace, name = (path_part(request, part) for part in ("kind", "namespace", "name"))
    entity = catalog.view.entity(f"{kind}:{namespace}/{name}".lower())
    if entity is None:
        message = f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
        raise CatalogError("not_found", message)
    found = text_of(entity)
    if not found:
        raise CatalogError("not_found", f"The {kind} '{name}' has no definition", "Only APIs have one.")
    spec = entity["spec"]
    file = file_name(entity["metadata"]["name"], str(spec.get("type") or ""), found)
    return Response(found, headers={**_SAFE, "content-disposition": f'inline; filename="{file}"'}, media_type=MEDIA[0])
