"""`/problems/file?path=`: one file for its author: the lines that are wrong, by which rule, what to do, and "check again"."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.crawler import Crawler
from catalog.kinds import RULES
from catalog.problems import Problem
from web.access import Access
from web.entity.tools import hide_in_lines
from web.findings import find_all
from web.names import Item, describe
from web.render import Crumb, Page, catalog_of, render, render_error
from web.standing import list_standings
from web.urls import safe_href, with_query

_AROUND = 2
_MAX_LINE = 400
_MAX_PROBLEMS = 100
_WAIT_SECONDS = 10.0
_REFRESH_SECONDS = 2


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of the file; `wrong` where a problem points at it."""

    number: int
    text: str
    wrong: bool


@dataclass(frozen=True, slots=True)
class Offence:
    """A problem with the lines around it; no lines where the file's text is not to be had, or it has no place."""

    problem: Problem
    meaning: str
    lines: list[TextLine]


@dataclass(frozen=True, slots=True)
class FileSource:
    """A source that reads the file."""

    name: str
    label: str
    href: str
    is_busy: bool
    is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemFile(Page):
    """Everything wrong with one file."""

    file: str
    href: str
    total: int
    offences: list[Offence]
    teams: list[Item]
    sources: list[FileSource]
    has_text: bool
    can_check: bool


def show_file(request: Request) -> Response:
    """The page. A file that no source knows is none."""
    crawler: Crawler = request.app.state.crawler
    access: Access = request.app.state.access
    catalog, file = catalog_of(request), request.query_params.get("path", "")
    sources = _sources(crawler, file)
    found = [one for one in find_all(catalog) if one.problem.origin.file == file]
    if not sources and not found:
        message = f"No source has read a file `{file}`, or none does any more."
        return render_error(request, 404, title="No such file", message=message, hint="", near=[])
    problems = [one.problem for one in found][:_MAX_PROBLEMS]
    text = list(hide_in_lines(line[:_MAX_LINE] for line in _lines(crawler.text_of(file)))) if problems else []
    page = ProblemFile(
        title=file.rpartition("/")[2] or file,
        section="problems",
        crumbs=[Crumb("Problems", "/problems"), Crumb("/".join(file.split("/")[-2:]))],
        twin=with_query("/api/problems", {"file": file}),
        file=file,
        href=safe_href(file) if "://" in file else "",
        total=len(found),
        offences=[Offence(one, RULES.get(one.rule, ""), _around(text, one.origin.line)) for one in problems],
        teams=[describe(catalog.view, team) for team in dict.fromkeys(one.team for one in found if one.team)],
        sources=sources,
        has_text=bool(text),
        can_check=any(one.is_ours for one in sources) and access.takes_writes,
        refresh=_REFRESH_SECONDS if any(one.is_busy for one in sources) else 0,
    )
    return render(request, "pages/problem_file.html", page)


async def check_again(request: Request) -> Response:
    """Crawl the sources that read the file; and back to its page, where it says what is still wrong."""
    crawler: Crawler = request.app.state.crawler
    file = request.query_params.get("path", "")
    sources = await asyncio.to_thread(_sources, crawler, file)
    threads = [thread for one in sources if one.is_ours and (thread := crawler.start(one.name)) is not None]
    for thread in threads:
        await asyncio.to_thread(thread.join, _WAIT_SECONDS / len(threads))
    return RedirectResponse(with_query("/problems/file", {"path": file}), 303)


def _sources(crawler: Crawler, file: str) -> list[FileSource]:
    places = crawler.catalog.places_of_file(file)
    found = [one for one in list_standings(crawler) if one.name in places] if places else []
    return [FileSource(one.name, one.label, one.path, one.is_busy, one.is_ours) for one in found]


def _lines(content: bytes | None) -> list[str]:
    """The file's lines as problems count them."""
    if content is None:
        return []
    is_wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return content.decode("utf-16" if is_wide else "utf-8-sig", "replace").removesuffix("\n").split("\n")


def _around(text: list[str], line: int) -> list[TextLine]:
    """The line and those beside it; the last one for what is missed at the end."""
    if not line or not text:
        return []
    line = min(line, len(text))
    window = range(max(1, line - _AROUND), min(len(text), line + _AROUND) + 1)
    return [TextLine(number, text[number - 1].rstrip("\r")[:_MAX_LINE], number == line) for number in window]
