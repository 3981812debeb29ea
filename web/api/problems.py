"""Problems over the API, filtered, each with the team that can mend it; and the verdict on a file that is not yet anywhere."""

import asyncio

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Json
from catalog.errors import CatalogError
from web.api.bodies import TEXT, Shape, check_body
from web.api.parameters import Parameter, number, read_query
from web.api.payload import read_content
from web.errors import error_response, json_response
from web.findings import find_all, finding_json, parse_filter
from web.verdicts import MAX_TEXT, check_text, check_url, checked_json

MAX_BYTES = 4 * MAX_TEXT
PROBLEMS = (
    Parameter("rule", "Only those that break this rule."),
    Parameter("file", "Only those in this file: its path or URL."),
    Parameter("team", "Only those of this owner, a ref; `none` for what nobody owns."),
    Parameter("severity", "Only those of this severity.", choices=("error", "warning")),
    Parameter("limit", "At most so many, 1000 if not given.", "integer", minimum=0),
    Parameter("offset", "Leave so many out first.", "integer", minimum=0),
)
CHECK = Shape("object", {"url": TEXT, "yaml": TEXT}, closed=True)
_YAMLS = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
_DEFAULT_LIMIT = 1_000


async def listed(request: Request) -> Response:
    """Everything wrong in the catalog files, by file and line."""
    values = read_query(request, PROBLEMS)
    catalog: Catalog = request.app.state.catalog
    asked = parse_filter({name: given[0] for name, given in values.items()})
    limit, offset = number(values, "limit"), number(values, "offset") or 0
    findings = await asyncio.to_thread(find_all, catalog)
    wanted = [one for one in findings if asked.accepts(one)]
    part = wanted[offset : offset + (_DEFAULT_LIMIT if limit is None else limit)]
    return json_response({"items": [finding_json(one) for one in part], "totalItems": len(wanted)})


async def check(request: Request) -> Response:
    """Judge a catalog file, sent as YAML or named as `{"url": …}`, as if it were registered; nothing is kept."""
    read_query(request, ())
    crawler: Crawler = request.app.state.crawler
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and kind not in _YAMLS:
        takes = f"{_YAMLS[0]} or application/json"
        return error_response(request, 415, "UnsupportedMediaTypeError", f"Send {takes}, not {kind or 'nothing'}")
    body = await read_content(request)
    given: Json = _read_json(body) if kind == "application/json" else {"yaml": body.decode("utf-8-sig", "replace")}
    check_body(given, CHECK)
    if len(given) != 1:
        raise CatalogError("invalid", "Send either `url` or `yaml`")
    work = (check_url, given["url"]) if "url" in given else (check_text, given["yaml"])
    return json_response(checked_json(await asyncio.to_thread(work[0], crawler, work[1])))


def _read_json(body: bytes) -> Json:
    try:
        found: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise CatalogError("invalid", f"The body is not JSON: {error.msg}") from error
    return found
