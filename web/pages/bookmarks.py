"""Addresses of Backstage's own pages, as they stand in bookmarks, wikis and alerts: each leads to what has the same here."""

import re
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.urls import entity_path

_ROOTS = re.compile(r"rootEntityRefs(\[\d*\])?")


def lead_to_entity(request: Request) -> Response:
    """From a tab of an entity's page to the page: everything is on it."""
    return RedirectResponse(_entity_path(request))


def lead_to_documents(request: Request) -> Response:
    """From TechDocs to where an entity's documentation is named."""
    return RedirectResponse(f"{_entity_path(request)}#documentation")


def lead_to_graph(request: Request) -> Response:
    """From the catalog graph to the graph of the same entities, as many steps deep."""
    query = request.query_params
    roots = [("root", value) for name, value in query.multi_items() if _ROOTS.fullmatch(name) and value]
    depth = query.get("maxDepth", "")
    steps = [("depth", depth)] if depth.isascii() and depth.isdigit() and 0 < int(depth[:4]) <= 20 else []
    return RedirectResponse(f"/graph?{urlencode([*roots, *steps], safe=':/')}" if roots else "/graph")


def lead_to_apis(request: Request) -> Response:
    """From the API explorer."""
    return RedirectResponse("/apis")


def lead_home(request: Request) -> Response:
    """From a home page."""
    return RedirectResponse("/")


def lead_to_templates(request: Request) -> Response:
    """From the list of templates, which are listed here and run elsewhere."""
    return RedirectResponse("/catalog?kind=template")


def lead_to_check(request: Request) -> Response:
    """From where a file is registered to where one is judged."""
    return RedirectResponse("/check")


def lead_without_slash(request: Request) -> Response:
    """From a place's address with a slash behind it; the API is no page, and has none there."""
    if request.path_params["place"] == "api":
        raise HTTPException(404)
    return RedirectResponse("/" + quote(request.path_params["place"], safe=""))


def _entity_path(request: Request) -> str:
    return entity_path("{kind}:{namespace}/{name}".format(**request.path_params))
