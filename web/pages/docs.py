"""`/docs`: what the API can be asked, by plugin, from its OpenAPI document."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from web.render import Crumb, Page, render


@dataclass(frozen=True, slots=True)
class Input:
    """Something an operation is asked with: in the path, the query or the body."""

    name: str
    place: str
    about: str
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `answer` names the schema of what it gives, empty where there is no body."""

    id: str
    method: str
    path: str
    summary: str
    inputs: list[Input]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Docs(Page):
    """The operations of each plugin."""

    plugins: list[tuple[str, list[Operation]]]
    count: int


def show_docs(request: Request) -> Response:
    """The list."""
    operations = sorted(_read(request.app.openapi()), key=lambda one: one[0])
    plugins = [(tag, [one for _, one in found]) for tag, found in groupby(operations, key=lambda one: one[0])]
    page = Docs(title="API", twin="/openapi.json", crumbs=[Crumb("API")], plugins=plugins, count=len(operations))
    return render(request, "pages/docs.html", page)


def _read(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            inputs = [*map(_read_parameter, one["parameters"]), *_read_body(one.get("requestBody", {}))]
            answer = _read_answer(one["responses"])
            yield one["tags"][0], Operation(one["operationId"], method.upper(), path, one["summary"], inputs, answer)


def _read_parameter(parameter: dict[str, Any]) -> Input:
    return Input(parameter["name"], parameter["in"], parameter.get("description", ""), parameter["required"])


def _read_body(body: dict[str, Any]) -> Iterator[Input]:
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    for name, inner in schema.get("properties", {}).items():
        yield Input(name, "body", inner["type"], name in schema.get("required", ()))


def _read_answer(responses: dict[str, Any]) -> str:
    done = next(answer for status, answer in responses.items() if status.startswith("2"))
    reference: str = done.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    return reference.rpartition("/")[2]
