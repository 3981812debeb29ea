"""The page for what cannot be shown: says why, and where to go on."""

from starlette.requests import Request
from starlette.responses import Response

from web.names import find_near
from web.render import catalog_of, render_error

TEXTS = {
    403: ("Not allowed", "You may not see this.", ""),
    404: ("Not found", "There is nothing at this address.", ""),
    405: ("Not possible", "This address does not take that kind of request.", ""),
    500: ("Something broke", "That is a bug in Callboard, not in your catalog. It was logged whole.", ""),
}
_OTHER = ("Cannot be shown", "The request cannot be met.", "")


def show_error(request: Request, status: int, bug: str = "") -> Response:
    """The page for a request that went wrong; `bug` is the id under which it was logged."""
    title, message, hint = TEXTS.get(status, _OTHER)
    if bug:
        hint = f"Whoever runs this server finds it in the log as `{bug}`."
    name = request.url.path.rstrip("/").rpartition("/")[2]
    near = find_near(catalog_of(request).view, name) if status == 404 and name else []
    return render_error(request, status, title=title, message=message, hint=hint, near=near)
