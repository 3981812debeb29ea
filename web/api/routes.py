"""The API as a table: every operation with its path, handler and parameters; routes and the OpenAPI document come from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from catalog.errors import CatalogError
from web.api import entities, graph, search, validation
from web.api.parameters import Parameter
from web.errors import catalog_error_response, with_etag

Handler = Callable[[Request], Awaitable[Response]]
_TRIPLET = "/{kind}/{namespace}/{name}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API."""

    method: str
    path: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    body: tuple[str, ...] = field(default=())


OPERATIONS = (  # routes are tried in this order: what is asked most stands first
    Operation("GET", "/api/catalog/entities/by-name" + _TRIPLET, entities.by_name),
    Operation("GET", "/api/catalog/entities", entities.listed, entities.LIST),
    Operation("GET", "/api/catalog/entities/by-query", entities.by_query, entities.BY_QUERY),
    Operation("POST", "/api/catalog/entities/by-query", entities.by_posted_query, (), ("query", "limit", "cursor")),
    Operation("GET", "/api/catalog/entities/by-uid/{uid}", entities.by_uid),
    Operation("GET", "/api/catalog/entities/by-name" + _TRIPLET + "/ancestry", entities.ancestry),
    Operation("POST", "/api/catalog/entities/by-refs", entities.by_refs, (entities.FILTER,), ("entityRefs", "fields", "query")),
    Operation("GET", "/api/catalog/entity-facets", entities.facets, entities.FACETS),
    Operation("POST", "/api/catalog/entity-facets", entities.posted_facets, (), ("facets", "query")),
    Operation("POST", "/api/catalog/validate-entity", validation.validate, (), ("entity", "location")),
    Operation("GET", "/api/search/query", search.query, (
        Parameter("term", "What to look for."),
        Parameter("types", "Document types; `software-catalog`.", many=True),
        Parameter("pageLimit", "How many results a page, 25 if not given.", "integer", minimum=0),
        Parameter("pageCursor", "Where to go on, from the answer."),
    )),
    Operation("GET", "/api/graph" + _TRIPLET, graph.neighbourhood, graph.PARAMETERS),
)  # fmt: skip


def routes() -> list[Route]:
    """Plain Starlette routes: half the cost of FastAPI's, on the paths that scripts hammer. A slash at the end is fine."""
    return [
        Route(operation.path + slash, Answer(operation.handler), methods=[operation.method])
        for slash in ("", "/")
        for operation in OPERATIONS
    ]


class Answer:
    """A handler as an ASGI application, with what all operations share: error bodies and ETags.

    Starlette wraps a function in its own handling of exceptions, which costs a fifth of a by-name request.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._handler(request)
        except CatalogError as error:
            response = catalog_error_response(request, error)
        await with_etag(request, response)(scope, receive, send)


def openapi_paths() -> dict[str, Any]:
    """The operations' part of the OpenAPI document."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return paths


def _describe(operation: Operation) -> dict[str, Any]:
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    found: dict[str, Any] = {
        "summary": (operation.handler.__doc__ or "").strip(),
        "operationId": f"{operation.method.lower()}_{operation.path.strip('/').replace('/', '_')}",
        "tags": [operation.path.split("/")[2]],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names),
            *map(_describe_parameter, operation.parameters),
        ],
        "responses": {"200": {"description": "The answer", "content": {"application/json": {"schema": {}}}}},
    }
    if operation.body:
        schema = {
            "type": "object",
            "properties": {name: {} for name in operation.body},
            "required": [operation.body[0]],
        }
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _describe_parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.type}
    if parameter.minimum is not None:
        schema["minimum"] = parameter.minimum
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.many:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.about,
        "schema": schema,
    }
