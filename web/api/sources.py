"""Sources over the API: how each stands, how its crawls went, and "read it now". Pushed sets are in `pushed`."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from catalog import leftovers
from catalog.crawler import Crawler
from catalog.errors import CatalogError
from web.api.parameters import Parameter, path_part, read_query, text
from web.errors import json_response
from web.standing import find_standing, list_standings, report_json, run_json, standing_json

CRAWL = (
    Parameter("dryRun", "`true`: say what a crawl would change, and change nothing.", choices=("true", "false")),
    Parameter("confirm", "`true`: even if much would be removed.", choices=("true", "false")),
)


async def listed(request: Request) -> Response:
    """Every source: state, last and next crawl, rate limit, problems."""
    read_query(request, ())
    found = await asyncio.to_thread(list_standings, _crawler(request))
    return json_response({"items": [standing_json(one) for one in found], "totalItems": len(found)})


async def by_name(request: Request) -> Response:
    """One source with its latest crawls, its files with problems, and the plan that was asked for last."""
    read_query(request, ())
    crawler = _crawler(request)
    found = await asyncio.to_thread(find_standing, crawler, path_part(request, "name"))
    runs = await asyncio.to_thread(crawler.catalog.runs, found.name)
    files = [{"file": one.file, "errors": one.errors, "warnings": one.warnings} for one in found.tallies]
    plan = report_json(found.job.plan) if found.job.plan is not None else None
    return json_response(standing_json(found) | {"runs": [run_json(run) for run in runs], "files": files, "plan": plan})


async def crawl(request: Request) -> Response:
    """Read a source now, or with `dryRun` only say what that would change; answers when it is done."""
    values = read_query(request, CRAWL)
    crawler, name = _crawler(request), path_part(request, "name")
    found = await asyncio.to_thread(find_standing, crawler, name)
    if not found.is_ours:
        raise CatalogError("invalid", f"The source `{name}` is not read by this server")
    if text(values, "dryRun") == "true":
        report = await asyncio.to_thread(crawler.plan, name)
    else:
        confirmed = text(values, "confirm") == "true"
        done = await asyncio.to_thread(crawler.crawl, name, confirmed=confirmed)
        if done is None:
            raise CatalogError("not_found", f"There is no source `{name}` any more")
        report = done
    return json_response(report_json(report))


async def forget(request: Request) -> Response:
    """Take away all that a source gave that this server does not read, such as one that has another name now."""
    read_query(request, ())
    await asyncio.to_thread(leftovers.forget, _crawler(request), path_part(request, "name"))
    return Response(status_code=204)


def _crawler(request: Request) -> Crawler:
    crawler: Crawler = request.app.state.crawler
    return crawler
