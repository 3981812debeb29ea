"""`/check`: paste a catalog file, or name one by URL, and see what is wrong and what it would become. Nothing is kept."""

import asyncio
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from catalog.crawler import Crawler
from catalog.errors import CatalogError
from catalog.kinds import RULES
from catalog.problems import Problem
from web.forms import read_form
from web.render import Crumb, Page, render
from web.verdicts import MAX_TEXT, Checked, Verdict, check_text, check_url
from web.yaml import format_yaml

_MAX_DOCUMENTS = 50
_MAX_YAML = 20_000
_MAX_FORM = 4 * MAX_TEXT  # a letter may take three bytes in a form, or more
_MAX_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Wrong:
    """A problem with the line that it points at, if any, and what its rule says."""

    problem: Problem
    meaning: str
    line: str


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document: the verdict, its problems with their lines, and the entity as it would be served."""

    verdict: Verdict
    wrongs: list[Wrong]
    yaml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Page):
    """The form as it was sent, and what came of it: `documents` is None where nothing was asked yet."""

    text: str = ""
    url: str = ""
    message: str = ""
    hint: str = ""
    file: str = ""
    documents: list[DocumentLine] | None = None
    count: int = 0
    errors: int = 0
    warnings: int = 0
    can_read: bool = False


def show_check(request: Request) -> Response:
    """The form, with the URL that is to be checked where the address names one; nothing is read yet."""
    page = replace(_page(request), url=request.query_params.get("url", ""))
    return render(request, "pages/check.html", page)


async def check(request: Request) -> Response:
    """The form with the verdict below it."""
    crawler: Crawler = request.app.state.crawler
    page = _page(request)
    try:
        form = await read_form(request, _MAX_FORM)
        page = replace(page, text=form.get("text", "").replace("\r\n", "\n"), url=form.get("url", "").strip())
        if not page.text.strip() and not page.url:
            raise CatalogError("invalid", "Paste a catalog file, or give the URL of one")
        checked = await asyncio.to_thread(_judge, crawler, page.text, page.url)
    except CatalogError as error:
        return render(request, "pages/check.html", replace(page, message=error.message, hint=error.hint), 400)
    page = replace(
        page,
        file=checked.file,
        documents=[_line(checked, one) for one in checked.verdicts[:_MAX_DOCUMENTS]],
        count=len(checked.verdicts),
        errors=checked.errors,
        warnings=len(checked.problems) - checked.errors,
    )
    return render(request, "pages/check.html", page)


def _page(request: Request) -> Check:
    crawler: Crawler = request.app.state.crawler
    return Check(
        title="Check a file", section="check", crumbs=[Crumb("Check a file")], can_read=crawler.reads_locations
    )


def _judge(crawler: Crawler, text: str, url: str) -> Checked:
    return check_text(crawler, text) if text.strip() else check_url(crawler, url)


def _line(checked: Checked, verdict: Verdict) -> DocumentLine:
    lines = checked.text.split("\n")
    wrongs = [
        Wrong(one, RULES.get(one.rule, ""), _text_at(lines, one.origin.line) if one.origin.file == checked.file else "")
        for one in verdict.problems
    ]
    yaml = format_yaml(verdict.entity, _MAX_YAML)[:_MAX_YAML] if verdict.entity is not None else ""
    return DocumentLine(verdict, wrongs, yaml)


def _text_at(lines: list[str], line: int) -> str:
    return lines[line - 1].rstrip()[:_MAX_SHOWN] if 0 < line <= len(lines) else ""
