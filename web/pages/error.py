"""The page for what cannot be shown: says why, and where to go on."""

from difflib import get_close_matches

from starlette.requests import Request
from starlette.responses import Response

from catalog.errors import CatalogError
from web.names import find_near
from web.render import PLACES, Place, catalog_of, render_error

_SIGN_IN = "Sign in with a token as the password. Whoever runs this server gives out tokens: `auth.tokens` in its configuration."
TEXTS = {
    400: ("Not understood", "Something in this address cannot be read.", "Go back and choose again."),
    401: ("Sign in", "Only who has a token may see this.", _SIGN_IN),
    403: ("Not allowed", "You may not do or see this.", _SIGN_IN),
    404: (
        "Not found",
        "There is nothing at this address.",
        "It may have been renamed or removed since you got the link.",
    ),
    405: (
        "Not possible",
        "This address does not take that kind of request.",
        "Go back and use the page's own buttons.",
    ),
    409: (
        "Already there",
        "This does not go together with what there is already.",
        "Look at what is there now, then choose again.",
    ),
    500: ("Something broke", "That is a bug in Callboard, not in your catalog. It was logged whole.", ""),
    503: ("Not ready", "The catalog cannot be read just now.", "Try again in a moment; nothing is lost by it."),
}
_OTHER = ("Cannot be shown", "The request cannot be met.", "")


def show_error(request: Request, status: int, bug: str = "", unmet: CatalogError | None = None) -> Response:
    """The page for a request that went wrong; `bug` is the id under which it was logged, `unmet` what it asked for."""
    title, message, hint = TEXTS.get(status, _OTHER)
    if unmet is not None:
        message, hint = unmet.message.rstrip(".") + ".", unmet.hint or hint
    if bug:
        hint = f"Whoever runs this server finds it in the log as `{bug}`."
    name = request.url.path.rstrip("/").rpartition("/")[2] if status == 404 else ""
    near = find_near(catalog_of(request).view, name) if name else []
    place = _find_place(name) if name else None
    return render_error(
        request, status, title=title, message=message, hint=hint, near=near, place=place, query=name[:100]
    )


def _find_place(name: str) -> Place | None:
    """The part of Callboard with an address like that."""
    by_href = {place.href: place for place in PLACES}
    close = get_close_matches(f"/{name.lower()}", by_href, n=1, cutoff=0.8)
    return by_href[close[0]] if close else None
