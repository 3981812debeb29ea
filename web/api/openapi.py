"""The OpenAPI document, made from the table of operations, the bodies' shapes and the answers' schemas."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from catalog.documents import Json
from web.api.bodies import Shape
from web.api.graph_schemas import GRAPH_SCHEMAS
from web.api.oncall_schemas import ONCALL_SCHEMAS
from web.api.operation import Operation
from web.api.parameters import Parameter
from web.api.schemas import SCHEMAS, schema_of
from web.errors import json_response

INFO = {
    "title": "Callboard",
    "version": version("callboard"),
    "description": "The software catalog. `/api/catalog` and `/api/search` are as Backstage's.",
}


async def document(request: Request) -> Response:
    """What this plugin can be asked, as OpenAPI."""
    plugin = request.scope["path"].split("/")[2].lower()
    whole = request.app.openapi()
    paths = {path: item for path, item in whole["paths"].items() if path.startswith(f"/api/{plugin}/")}
    return json_response({**whole, "info": {"title": plugin, "version": "1"}, "paths": paths})


def describe_api(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {"schemas": SCHEMAS | ONCALL_SCHEMAS | GRAPH_SCHEMAS, "securitySchemes": schemes},
    }


def _describe(operation: Operation) -> dict[str, Any]:
    words = re.findall(r"\w+", operation.path.removeprefix("/api").replace("-", "_"))
    names = re.findall(r"{(\w+)}", operation.path)
    found: dict[str, Any] = {
        "summary": (operation.handler.__doc__ or "").strip(),
        "operationId": "_".join([operation.method.lower(), *words]),
        "tags": [words[0]],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names),
            *map(_describe_parameter, operation.parameters),
        ],
        "responses": _describe_answers(operation),
    }
    if operation.body:
        media = {"application/json": {"schema": _describe_shape(operation.body)}}
        found["requestBody"] = {"required": bool(operation.body.required), "content": media}
    return found


def _describe_answers(operation: Operation) -> dict[str, Any]:
    answers = {
        str(operation.status): _describe_answer("Done", operation.answer, operation.media),
        "400": _describe_answer("The request cannot be met", operation.refusal),
        "default": _describe_answer("Refused: no such thing, no permission, or an error of the server", "Error"),
    }
    if operation.accepted:
        answers["202"] = _describe_answer("Sent on", operation.accepted)
    if operation.method == "GET":
        answers["304"] = _describe_answer("As the client has it already, by `If-None-Match`", "")
    return answers


def _describe_answer(about: str, schema: str, media: Iterable[str] = ()) -> dict[str, Any]:
    content = {"application/json": {"schema": schema_of(schema)}} if schema else {}
    content |= {kind: {"schema": {"type": "string"}} for kind in media}
    return {"description": about, **({"content": content} if content else {})}


def _describe_shape(shape: Shape) -> Json:
    found: dict[str, Json] = {"type": shape.type}
    if shape.properties:
        found["properties"] = {name: _describe_shape(inner) for name, inner in shape.properties.items()}
    if shape.required:
        found["required"] = sorted(shape.required)
    if shape.closed:
        found["additionalProperties"] = False
    if shape.items is not None:
        found["items"] = _describe_shape(shape.items)
    if shape.choices:
        found["enum"] = list(shape.choices)
    return found


def _describe_parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.type}
    if parameter.minimum is not None:
        schema["minimum"] = parameter.minimum
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.many:
        schema = {"type": "array", "items": schema}
    style = {"style": "deepObject"} if parameter.type == "object" else {}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.about,
        "schema": schema,
        **style,
    }
