"""Templates to answers: the Jinja2 environment, what every page has, and the headers that keep pages harmless."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from catalog.catalog import Catalog
from catalog.finding import MARKS
from web import urls
from web.assets import static
from web.names import Item, count_words, describe, spell_number

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",
}
_MARKDOWN_TAGS = {
    "p", "br", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKED = re.compile(f"{MARKS[0]}([^{MARKS[0]}]*?){MARKS[1]}")
_ADVERT = " To learn more about catalog file format, visit:"
_AGES = ((60, "second"), (60, "minute"), (24, "hour"), (365, "day"))


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the breadcrumb; the last has no address."""

    label: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of Callboard: its section, its address, and the key that leads there after `g`."""

    section: str
    label: str
    href: str
    key: str


PLACES = (
    Place("catalog", "Catalog", "/catalog", "c"),
    Place("teams", "Teams", "/teams", "t"),
    Place("apis", "APIs", "/apis", "a"),
    Place("graph", "Graph", "/graph", "r"),
    Place("oncall", "On call", "/oncall", "n"),
    Place("quality", "Quality", "/quality", "q"),
    Place("problems", "Problems", "/problems", "p"),
    Place("sources", "Sources", "/sources", "s"),
    Place("check", "Check", "/check", "k"),
)
_THEMES = ("light", "dark")
_ABOUT = "The software catalog: who owns what, what it is made of, and what breaks when it changes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page has. `section` is the part of the navigation it belongs to, `twin` its address as JSON.

    `summary` says in plain words what is on it, for search engines and for previews where its address is pasted.
    A page that shows work going on is loaded anew after `refresh` seconds, so that it needs no script for it; 0: never.
    """

    title: str
    summary: str = _ABOUT
    section: str = ""
    twin: str = ""
    crumbs: Sequence[Crumb] = ()
    query: str = ""
    refresh: int = 0


def catalog_of(request: Request) -> Catalog:
    """The catalog that the application serves."""
    found: Catalog = request.app.state.catalog
    return found


def home_of(request: Request) -> str:
    """Where people find Callboard, for addresses that go elsewhere: as configured, else as whoever asks calls it."""
    return request.app.state.public_url or str(request.base_url).rstrip("/")


def render(request: Request, template: str, page: Page, status: int = 200) -> Response:
    """The page, from the template of its name."""
    catalog = catalog_of(request)
    broken = sum(problem.severity == "error" for problem in catalog.problems)
    html = (
        _environment()
        .get_template(template)
        .render(
            page=page,
            places=PLACES,
            broken=broken,
            revision=catalog.view.revision,
            exists=lambda ref: catalog.view.get(ref) is not None,
            themes=_THEMES,
            viewer=describe(catalog.view, ref) if (ref := read_viewer(request)) else None,
            theme=theme if (theme := request.cookies.get("theme")) in _THEMES else "",
        )
    )
    return HTMLResponse(html, status, HEADERS)


def read_viewer(request: Request) -> str:
    """The ref of the team or person that whoever asks said they are, kept by their browser in a cookie; else empty."""
    return urls.read_ref(unquote(given), "group") if (given := request.cookies.get("me")) else ""


def load_templates(*names: str) -> None:
    """Read and compile templates ahead of the page that needs them."""
    for name in names:
        _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "ago": format_age, "markdown": render_markdown, "words": strip_markdown, "marked": mark_hits, "count": spell_number,
        "entity_path": urls.entity_path, "gist": cut_advert, "safe_href": urls.safe_href, "file_parts": split_file,
        "card_path": urls.card_path, "plural": count_words, "clock": format_clock,
    }  # fmt: skip
    environment.globals |= {"static": static, "with_query": urls.with_query}
    return environment


def cut_advert(message: str) -> str:
    """A message without the address of Backstage's format description, which says less than the hint beside it."""
    return message.partition(_ADVERT)[0]


def format_age(time: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits."""
    if time is None:
        return "never"
    number = max(0, int(((now or datetime.now(UTC)) - time).total_seconds()))
    if number < 5:
        return "just now"
    for size, unit in _AGES:
        if number < size or unit == "day":
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
        number //= size
    return ""


def format_clock(time: datetime, now: datetime | None = None) -> str:
    """When that was: the time of today, of another day with its date."""
    told = f"{time.astimezone(UTC):%H:%M} UTC"
    is_today = time.astimezone(UTC).date() == (now or datetime.now(UTC)).date()
    return told if is_today else f"{time.astimezone(UTC):%Y-%m-%d} {told}"


def render_markdown(text: str) -> Markup:
    """Markdown from a catalog file as HTML that can do no harm. No raw HTML, no images, no foreign link schemes."""
    html = _MARKDOWN.render(text).replace("<h1>", "<h3>").replace("</h1>", "</h3>")
    html = html.replace("<h2>", "<h3>").replace("</h2>", "</h3>")
    cleaned = nh3.clean(
        html,
        tags=_MARKDOWN_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return Markup(cleaned)


def strip_markdown(text: str) -> str:
    """The words of a Markdown text on one line."""
    return " ".join(unescape(nh3.clean(_MARKDOWN.render(text), tags=set())).split())


def mark_hits(text: str) -> Markup:
    """A text with the search's two marks as `<mark>` elements; a mark whose other half was cut off is dropped."""
    paired = _MARKED.sub(r"<mark>\1</mark>", str(escape(text)))
    return Markup(paired.replace(MARKS[0], "").replace(MARKS[1], ""))


def split_file(place: str) -> tuple[str, str]:
    """A path or address as (what leads there, its last two parts): the end is what tells files apart."""
    parts = place.removeprefix("file:").removeprefix("url:").split("/")
    return ("/".join(parts[:-2]) + "/" if len(parts) > 2 else "", "/".join(parts[-2:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    """What went wrong, what to do, and entities that may have been meant."""

    status: int
    message: str
    hint: str = ""
    near: Sequence[Item] = ()
    place: Place | None = None


def render_error(
    request: Request,
    status: int,
    *,
    title: str,
    message: str,
    hint: str,
    near: Sequence[Item],
    place: Place | None = None,
    query: str = "",
) -> Response:
    """The page for a request that cannot be met; `place` may have been meant, `query` is what to search for instead."""
    page = ErrorPage(
        title=title,
        crumbs=[Crumb(title)],
        query=query,
        status=status,
        message=message,
        hint=hint,
        near=near,
        place=place,
    )
    return render(request, "error.html", page, status)
