"""Sets of entities that a program sends: `PUT /api/sources/{name}/entities` replaces all that was sent by that name before."""

import asyncio
import re

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog import pushing
from catalog.crawler import Crawler
from catalog.documents import PUSHED, Json
from catalog.errors import CatalogError
from catalog.pipeline import Report
from catalog.problems import Problem
from web.api.bodies import Shape
from web.api.parameters import Parameter, path_part, read_query, text
from web.api.payload import read_content
from web.errors import catalog_error_response, error_response, json_response
from web.findings import problem_json
from web.standing import report_json

MAX_BYTES = 10 * 1024 * 1024
REPLACE = (
    Parameter("dryRun", "`true`: say what would change, and change nothing.", choices=("true", "false")),
    Parameter("confirm", "`true`: even if much would be removed.", choices=("true", "false")),
)
ENTITIES = Shape("array", items=Shape("object"))
_ARRAYS = ("application/json",)
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_YAMLS = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
# JSON allows these in a string; in YAML they are line breaks, or not allowed at all.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


async def replace(request: Request) -> Response:
    """Replace the set of entities that is pushed by this name: a JSON list, a JSON object a line, or YAML documents."""
    crawler: Crawler = request.app.state.crawler
    values = read_query(request, REPLACE)
    name = _read_name(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (*_ARRAYS, *_LINES, *_YAMLS):
        takes = f"{_ARRAYS[0]}, {_LINES[0]} or {_YAMLS[0]}"
        return error_response(request, 415, "UnsupportedMediaTypeError", f"Send {takes}, not {kind or 'nothing'}")
    body = await read_content(request)
    is_dry, is_confirmed = text(values, "dryRun") == "true", text(values, "confirm") == "true"
    try:
        content = await asyncio.to_thread(_as_file, body, kind)
        report = await asyncio.to_thread(pushing.push, crawler, name, content, confirmed=is_confirmed, dry_run=is_dry)
    except pushing.RefusedError as error:
        problems = [_problem_json(problem, kind) for problem in error.problems]
        return _refuse(request, 422, error, {"problems": problems})
    found = {"dryRun": is_dry, **_report_json(report, kind), "message": _say_failure(report)}
    if report.failure and not is_dry:
        return _refuse(request, 409, CatalogError("conflict", _say_failure(report)), found)
    return json_response(found)


async def withdraw(request: Request) -> Response:
    """Take away the set of entities that is pushed by this name."""
    read_query(request, ())
    await asyncio.to_thread(pushing.withdraw, request.app.state.crawler, _read_name(request))
    return Response(status_code=204)


def _read_name(request: Request) -> str:
    """The name of a set, which may also be written as its source's."""
    return path_part(request, "name").removeprefix(f"{PUSHED}:")


def _as_file(body: bytes, kind: str) -> bytes:
    """The body as a catalog file. Raises `CatalogError` where it is not even of its media type."""
    if not body.strip():
        raise CatalogError("invalid", "The body is empty; `[]` as application/json is the empty set")
    if kind in _YAMLS:
        return body
    return b"".join(map(_as_document, _read_lines(body) if kind in _LINES else _read_array(body))) or b"\n"


def _read_array(body: bytes) -> list[Json]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CatalogError("invalid", f"The body is not JSON: {error.msg}, at character {error.pos}") from error
    if not isinstance(found, list):
        raise CatalogError("invalid", "The body must be a list of entities")
    for number, one in enumerate(found):
        if not isinstance(one, dict):
            raise CatalogError("invalid", f"Item {number} of the list is not an object")
    return found


def _read_lines(body: bytes) -> list[Json]:
    found: list[Json] = []
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            one = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise CatalogError("invalid", f"Line {number} is not JSON: {error.msg}") from error
        if not isinstance(one, dict):
            raise CatalogError("invalid", f"Line {number} is not an object")
        found.append(one)
    return found


def _as_document(entity: Json) -> bytes:
    """JSON as a YAML document of its own, which it is but for a few characters."""
    printed = orjson.dumps(entity, option=orjson.OPT_INDENT_2).decode()
    return b"---\n" + _ESCAPED.sub(_escape, printed).encode() + b"\n"


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _refuse(request: Request, status: int, error: CatalogError, details: dict[str, Json]) -> Response:
    """An error's body with what is known beyond it."""
    known: dict[str, Json] = orjson.loads(catalog_error_response(request, error).body)
    return json_response({**known, "response": {"statusCode": status}, **details}, status)


def _say_failure(report: Report) -> str:
    if not report.held:
        return report.failure
    return f"{report.failure.partition(';')[0]}; nothing was changed. Push it with `?confirm=true` to have it so."


def _report_json(report: Report, kind: str) -> dict[str, Json]:
    """What a push did, or would do, as a crawl is told, with what is wrong in the documents."""
    return report_json(report) | {"problems": [_problem_json(problem, kind) for problem in report.problems]}


def _problem_json(problem: Problem, kind: str) -> dict[str, Json]:
    """A problem with its place; JSON was printed anew, so its lines are not the sender's."""
    return problem_json(problem) | ({} if kind in _YAMLS else {"line": None, "column": None})
