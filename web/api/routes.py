"""The API as a table: every operation with its path, handler and parameters; routes and the OpenAPI document come from it."""

import re
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from catalog.errors import CatalogError
from web.api import (
    alerts,
    analysis,
    apis,
    bodies,
    browse,
    definitions,
    entities,
    find,
    graph,
    health,
    identity,
    locations,
    lookup,
    oncall,
    openapi,
    problems,
    pushed,
    quality,
    refresh,
    search,
    sources,
    teams,
    validation,
    webhooks,
)
from web.api.openapi import describe_api
from web.api.operation import Handler, Operation
from web.api.parameters import Parameter
from web.api.payload import has_json, read_json
from web.errors import catalog_error_response, error_response, with_etag
from web.paths import ApiRoute, ExactRoutes, path_pattern

_TRIPLET = "/{kind}/{namespace}/{name}"
_ROOT = re.compile(r"/api/[^/]+|/\.backstage")
_WITH_HEAD = {"GET": ("GET", "HEAD")}

OPERATIONS = (  # routes are tried in this order: what is asked most stands first
    Operation("GET", "/api/catalog/entities/by-name" + _TRIPLET, entities.by_name, answer="Entity"),
    Operation("GET", "/api/catalog/entities", entities.listed, entities.LIST, answer="Entities"),
    Operation("POST", "/api/catalog/entities/by-query", entities.by_posted_query, body=bodies.BY_QUERY, answer="EntityPage"),
    Operation("GET", "/api/catalog/entities/by-query", entities.by_query, entities.BY_QUERY, answer="EntityPage"),
    Operation("GET", "/api/catalog/entities/by-uid/{uid}", entities.by_uid, answer="Entity"),
    Operation("GET", "/api/catalog/entities/by-name" + _TRIPLET + "/ancestry", entities.ancestry, answer="Ancestry"),
    Operation("POST", "/api/catalog/entities/by-refs", entities.by_refs, (entities.FILTER,), bodies.BY_REFS, "EntityBatch"),
    Operation("GET", "/api/catalog/entity-facets", entities.facets, entities.FACETS, answer="Facets"),
    Operation("POST", "/api/catalog/entity-facets", entities.posted_facets, body=bodies.FACETS, answer="Facets"),
    Operation("POST", "/api/catalog/locations", locations.register, locations.REGISTER, locations.NEW, "Registration", 201),
    Operation("GET", "/api/catalog/locations", locations.listed, answer="Locations"),
    Operation("POST", "/api/catalog/locations/by-query", locations.by_posted_query, (), locations.BY_QUERY, "LocationPage"),
    Operation("GET", "/api/catalog/locations/by-entity" + _TRIPLET, locations.by_entity, answer="Location"),
    Operation("GET", "/api/catalog/locations/{id}", locations.by_id, answer="Location"),
    Operation("PUT", "/api/catalog/locations/{id}", locations.change, body=locations.CHANGED, answer="Location"),
    Operation("DELETE", "/api/catalog/locations/{id}", locations.unregister, status=204),
    Operation("POST", "/api/catalog/refresh", refresh.refresh, body=refresh.REFRESH),
    Operation("DELETE", "/api/catalog/entities/by-uid/{uid}", refresh.remove, status=204),
    Operation("GET", "/api/catalog/entities/unprocessed/pending", refresh.pending, refresh.UNPROCESSED, answer="Unprocessed"),
    Operation("GET", "/api/catalog/entities/unprocessed/failed", refresh.failed, refresh.UNPROCESSED, answer="Unprocessed"),
    Operation("DELETE", "/api/catalog/entities/unprocessed/delete/{uid}", refresh.remove, status=204),
    Operation("POST", "/api/catalog/analyze-location", analysis.analyze, body=analysis.ANALYZE, answer="Analysis"),
    Operation("POST", "/api/catalog/validate-entity", validation.validate, body=bodies.VALIDATE, refusal="Rejection"),
    Operation("GET", "/api/search/query", search.query, (
        Parameter("term", "What to look for."),
        Parameter("types", "Document types; `software-catalog`.", many=True),
        Parameter("filters", "Values that fields of the document must have.", "object"),
        Parameter("pageLimit", "How many results a page, 25 if not given.", "integer", minimum=0),
        Parameter("pageCursor", "Where to go on, from the answer."),
    ), answer="SearchResults"),
    Operation("GET", "/api/find", find.find, find.FIND, answer="Hits"),
    Operation("GET", "/api/suggest", find.suggestions, find.SUGGEST, answer="Suggestions"),
    Operation("GET", "/api/mentions", find.mentions, find.MENTIONS, answer="Mentions"),
    Operation("GET", "/api/graph", graph.chart, graph.CHART, answer="GraphChart"),
    Operation("GET", "/api/graph" + _TRIPLET, graph.neighbourhood, graph.PARAMETERS, answer="Neighbourhood"),
    Operation("GET", "/api/graph" + _TRIPLET + "/impact", graph.impact, graph.IMPACT, answer="Impact"),
    Operation("GET", "/api/browse", browse.browse, browse.BROWSE, answer="Browse"),
    Operation("GET", "/api/browse/export", browse.export, browse.EXPORT, answer="BrowseExport", media=browse.MEDIA),
    Operation("GET", "/api/lookup", lookup.ask, lookup.LOOKUP, answer="Lookup"),
    Operation("POST", "/api/lookup", lookup.ask_about, lookup.LIMIT, None, "AlertLookups", raw_body=lookup.MAX_BYTES),
    Operation("GET", "/api/teams", teams.listed, teams.TEAMS, answer="Teams"),
    Operation("GET", "/api/teams/{namespace}/{name}", teams.team, answer="TeamProfile"),
    Operation("GET", "/api/people/{namespace}/{name}", teams.person, answer="TeamProfile"),
    Operation("GET", "/api/apis", apis.listed, apis.APIS, answer="Apis"),
    Operation("GET", "/api/quality", quality.listed, quality.QUALITY, answer="Quality"),
    Operation("GET", "/api/quality/export", quality.export, quality.EXPORT, answer="QualityExport", media=quality.MEDIA),
    Operation("GET", "/api/definitions" + _TRIPLET, definitions.download, media=definitions.MEDIA),
    Operation(
        "POST", "/api/alerts", alerts.enrich, alerts.FORWARD, None, "AlertPayload", raw_body=alerts.MAX_BYTES,
        accepted="Forwarded",
    ),
    Operation("GET", "/api/oncall/incident", oncall.incident, oncall.INCIDENT, answer="Incident"),
    Operation("POST", "/api/oncall/incident", oncall.incident_of, (), None, "Incident", raw_body=lookup.MAX_BYTES),
    Operation("GET", "/api/oncall/readiness", oncall.readiness, oncall.READINESS, answer="Readiness"),
    Operation("GET", "/api/oncall" + _TRIPLET, oncall.card, answer="OnCallCard"),
    Operation("GET", "/api/sources", sources.listed, answer="Sources"),
    Operation("GET", "/api/sources/{name}", sources.by_name, answer="SourceDetails"),
    Operation("DELETE", "/api/sources/{name}", sources.forget, status=204),
    Operation("POST", "/api/sources/{name}/crawl", sources.crawl, sources.CRAWL, answer="CrawlReport"),
    Operation("GET", "/api/problems", problems.listed, problems.PROBLEMS, answer="Problems"),
    Operation("POST", "/api/check", problems.check, (), problems.CHECK, "Checked", raw_body=problems.MAX_BYTES),
    Operation("POST", "/api/webhooks/{source}", webhooks.receive, (), None, "Status", 202, raw_body=webhooks.MAX_BYTES),
    Operation("POST", "/api/events/http/{topic}", webhooks.receive_event, (), None, "Status", 202, raw_body=webhooks.MAX_EVENT),
    Operation(
        "PUT", "/api/sources/{name}/entities", pushed.replace, pushed.REPLACE, pushed.ENTITIES, "Pushed",
        raw_body=pushed.MAX_BYTES,
    ),
    Operation("DELETE", "/api/sources/{name}/entities", pushed.withdraw, status=204),
    Operation("GET", "/.backstage/health/v1/readiness", health.is_up, answer="Status"),
    Operation("GET", "/.backstage/health/v1/liveness", health.is_up, answer="Status"),
    Operation("GET", "/api/catalog/openapi.json", openapi.document, answer="Document"),
    Operation("GET", "/api/search/openapi.json", openapi.document, answer="Document"),
    Operation("GET", "/api/graph/openapi.json", openapi.document, answer="Document"),
    Operation("GET", "/api/auth/{provider}/{action}", identity.sign_in, answer="SignIn"),
    Operation("POST", "/api/auth/{provider}/{action}", identity.sign_in, answer="SignIn"),
    Operation("POST", "/api/permission/authorize", identity.authorize, body=identity.AUTHORIZE, answer="Decisions"),
    Operation("GET", "/api/catalog/.well-known/backstage/permissions/metadata", identity.permissions, answer="Permissions"),
    Operation("GET", "/api/catalog/.backstage/auth/v1/jwks.json", identity.public_keys, answer="Keys"),
    Operation("GET", "/api/search/.backstage/auth/v1/jwks.json", identity.public_keys, answer="Keys"),
    Operation("GET", "/api/catalog/.backstage/auth/v1/cookie", identity.cookie),
    Operation("DELETE", "/api/catalog/.backstage/auth/v1/cookie", identity.cookie, status=204),
)  # fmt: skip


def routes() -> list[BaseRoute]:
    """Plain Starlette routes: half the cost of FastAPI's, on the paths that scripts hammer; then what else the API is asked."""
    made = [ApiRoute(one.path, Answer(one.handler, one.raw_body), methods=[one.method]) for one in OPERATIONS]
    roots = dict.fromkeys(match[0] for one in OPERATIONS if (match := _ROOT.match(one.path)))
    return [
        ExactRoutes(made),
        *made,
        *(ApiRoute(root + "/{rest:path}", Answer(_answer_rest), methods=None) for root in roots),
    ]


async def _answer_rest(request: Request) -> Response:
    """What no operation answers: OPTIONS says what a path takes; all else is as if the path did not exist."""
    if request.method != "OPTIONS" or not (names := _list_methods(request.scope["path"])):
        return Response(status_code=404)
    allowed = ",".join(names)
    return Response(allowed, headers={"allow": allowed, "vary": "Accept-Encoding"}, media_type="text/html")


def _list_methods(path: str) -> list[str]:
    """What `path` can be asked, in the table's order, as Backstage lists it."""
    found = [one.method for one in OPERATIONS if path_pattern(one.path).match(path)]
    return list(dict.fromkeys(name for method in found for name in _WITH_HEAD.get(method, (method,))))


class Answer:
    """A handler as an ASGI application, with what all operations share: error bodies and ETags.

    Starlette wraps a function in its own handling of exceptions, which costs a fifth of a by-name request.
    """

    def __init__(self, handler: Handler, raw_body: int = 0) -> None:
        self._handler, self._raw_body = handler, raw_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            if self._raw_body:
                request.state.raw_body = self._raw_body
            elif has_json(scope):
                await read_json(request)  # refused as Backstage does: whatever is asked, before all else
            response = await self._handler(request)
        except CatalogError as error:
            response = catalog_error_response(request, error)
        except (
            RecursionError
        ):  # a predicate, in a body or a cursor; a bug would be logged whole, for anybody to fill the log
            response = error_response(request, 400, "InputError", "The request is nested too deeply")
        await with_etag(request, response)(scope, receive, send)


@cache
def describe() -> dict[str, Any]:
    """The OpenAPI document of all operations."""
    return describe_api(OPERATIONS)
