"""The pages as a table of routes. One file a page; pages do not know each other."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from catalog.errors import CatalogError
from web.assets import show_asset
from web.pages import (
    apis,
    bookmarks,
    card,
    catalog,
    check,
    docs,
    entity,
    error,
    graph,
    home,
    incident,
    oncall,
    patterns,
    problem_file,
    problems,
    quality,
    readiness,
    search,
    source,
    sources,
    team,
    teams,
)


async def show_error(request: Request, status: int, bug: str = "", unmet: CatalogError | None = None) -> Response:
    """The page for a request that went wrong; `bug` is the id under which a bug was logged."""
    # Looking for names near to the one that is not there takes a while.
    return await asyncio.to_thread(error.show_error, request, status, bug, unmet)


routes: list[BaseRoute] = [
    Route("/", home.show_home),
    Route("/catalog", catalog.show_catalog),
    Route("/catalog/{namespace}/{kind}/{name}", entity.show_entity),
    Route("/teams", teams.show_teams),
    Route("/teams/{name}", team.show_team),
    Route("/teams/{namespace}/{name}", team.show_team),
    Route("/people", team.list_people),
    Route("/people/{name}", team.show_person),
    Route("/people/{namespace}/{name}", team.show_person),
    Route("/apis", apis.show_apis),
    Route("/quality", quality.show_quality),
    Route("/docs", docs.show_docs),
    Route("/oncall", oncall.show_oncall),
    Route("/oncall", oncall.read_oncall, methods=["POST"]),
    Route("/oncall/readiness", readiness.show_readiness),
    Route("/oncall/incident", incident.show_incident),
    Route("/oncall/incident", incident.read_incident, methods=["POST"]),
    Route("/oncall/{namespace}/{kind}/{name}", card.show_card),
    Route("/oncall/{namespace}/{kind}/{name}/live", card.show_live),
    Route("/graph", graph.show_graph),
    *(Route(f"/graph.{ending}", graph.export_graph) for ending in graph.EXPORTS),
    Route("/patterns", patterns.show_patterns),
    Route("/check", check.show_check),
    Route("/check", check.check, methods=["POST"]),
    Route("/problems", problems.show_problems),
    Route("/problems/file", problem_file.show_file),
    Route("/problems/file", problem_file.check_again, methods=["POST"]),
    Route("/sources", sources.show_sources),
    Route("/sources/{name:path}", source.show_source),  # a name may hold slashes, sent as they are or as %2F
    Route("/sources/{name:path}", source.change_source, methods=["POST"]),
    Route("/search", search.show_search),
    Route("/catalog/{namespace}/{kind}/{name}/{tab:path}", bookmarks.lead_to_entity),
    Route("/docs/{namespace}/{kind}/{name}", bookmarks.lead_to_documents),
    Route("/docs/{namespace}/{kind}/{name}/{document:path}", bookmarks.lead_to_documents),
    Route("/catalog-graph", bookmarks.lead_to_graph),
    Route("/api-docs", bookmarks.lead_to_apis),
    Route("/home", bookmarks.lead_home),
    Route("/create", bookmarks.lead_to_templates),
    Route("/catalog-import", bookmarks.lead_to_check),
    Route("/{place}/", bookmarks.lead_without_slash),
    Mount("/static", routes=[Route("/{name}", show_asset)]),
]
