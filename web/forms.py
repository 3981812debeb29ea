"""Forms that pages post, read without a parser for files: no page takes one."""

from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from catalog.errors import CatalogError

_KIND = "application/x-www-form-urlencoded"


async def read_form(request: Request, limit: int = 10_000) -> dict[str, str]:
    """The fields by name, the last of each. Raises `CatalogError` for anything but such a form, and for a longer one."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise CatalogError("invalid", f"A form is sent as `{_KIND}`")
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                raise CatalogError("invalid", f"The form is longer than {limit:,} bytes")
    except ClientDisconnect as error:
        raise CatalogError("invalid", "The form did not come whole") from error
    try:
        return dict(parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=50))
    except ValueError as error:
        raise CatalogError("invalid", "The form could not be read") from error
