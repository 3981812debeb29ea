"""Requests made from an OpenAPI document, deterministic, each answer held against the document. Made by schemathesis."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

Known = dict[str, list[Any]]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PREDICATES = [
    {"kind": "component"},
    {"$all": [{"kind": {"$in": ["api", "component"]}}, {"$not": {"metadata.tags": "java"}}]},
    {"$any": [{"spec.type": {"$exists": True}}, {"metadata.name": {"$hasPrefix": "berth"}}]},
    {"relations": {"$contains": {"type": "ownedBy"}}},
]
COMPONENT = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "crane"},
    "spec": {"type": "service", "lifecycle": "production", "owner": "harbour"},
}
# What these names stand for in the catalog of this folder: requests of words at random find nothing.
KNOWN: Known = {
    "kind": ["Component", "component"],
    "namespace": ["default"],
    "name": ["berth-service", "BERTH-board"],
    "entityRef": ["component:default/berth-service", "component:default/nope"],
    "entityRefs": ["component:default/berth-service", "api:default/berth-api", "component:default/nope"],
    "fields": ["metadata", "kind", "apiVersion", "spec"],
    "filter": ["kind=component", "metadata.tags", "kind=api,spec.type=openapi", "metadata.name=berth-service"],
    "facet": ["kind", "spec.type", "metadata.tags", "nope"],
    "facets": ["kind", "spec.type", "metadata.tags", "nope"],
    "field": ["metadata.name", "kind", "metadata.tags"],
    "order": ["asc:metadata.name", "desc:kind", "asc:nope"],
    "orderField": ["metadata.name,asc", "kind,desc", "metadata.tags,asc"],
    "fullTextFilterTerm": ["berth", "泊位"],
    "fullTextFilterFields": ["metadata.name", "metadata.title"],
    "limit": [0, 1, 4],
    "offset": [0, 3],
    "query": PREDICATES,
    "term": ["berth", "harbour", ""],
    "types": ["software-catalog"],
    "pageLimit": [1, 4],
    "depth": [1, 3],
    "location": ["url:http://127.0.0.1:17780/first.yaml"],
    "entity": [COMPONENT, {**COMPONENT, "metadata": {"name": "not valid"}}, {**COMPONENT, "kind": "Nope"}, {}],
    "provider": ["guest"],
    "action": ["refresh"],
}

Answers = Iterator[tuple[str, list[str]]]
Excuse = Callable[[Case, httpx.Response], bool]


def ask(document: dict[str, Any], known: Known, client: httpx.Client, base: str, count: int, excuse: Excuse) -> Answers:
    """Ask each operation up to three times `count` requests: as the document says, against it, and close to the catalog.

    Gives, for each, the operation and one text for each request: empty, or what of the answer the document does not allow.
    An answer that `excuse` knows is not held against the document's schemas.
    """
    for source, mode in (
        (document, GenerationMode.POSITIVE),
        (document, GenerationMode.NEGATIVE),
        (narrow(document, known), GenerationMode.POSITIVE),
    ):
        for found in schemathesis.openapi.from_dict(source).get_all_operations():
            operation = found.ok()
            yield operation.label, list(_ask_operation(operation, mode, client, base, count, excuse))


def _ask_operation(
    operation: Any, mode: GenerationMode, client: httpx.Client, base: str, count: int, excuse: Excuse
) -> list[str]:
    faults: list[str] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def send_each(case: Case) -> None:
        response = send(case, client, base)
        checks = [one for one in CHECKS if one is not response_schema_conformance or not excuse(case, response)]
        try:
            case.validate_response(response, checks=checks)
            faults.append("")
        except FailureGroup as found:
            what = "; ".join(f"{one.title}: {one.message:.300}" for one in found.exceptions)
            faults.append(f"{response.request.method} {response.request.url} {response.request.content!r:.300}: {what}")

    try:
        send_each()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, operation.label  # there is no wrong text for a path
    return faults


def send(case: Case, client: httpx.Client, base: str) -> httpx.Response:
    """Send the request that a case stands for, byte for byte."""
    wanted = case.as_transport_kwargs(base)
    names = ("method", "url", "headers", "params", "json", "data", "cookies", "files")
    request = requests.Request(**{name: wanted[name] for name in names if name in wanted}).prepare()
    response = client.request(request.method or "", request.url or "", headers=request.headers, content=request.body)
    response.elapsed = timedelta()  # no time passes in process
    return response


def narrow(document: dict[str, Any], known: Known) -> dict[str, Any]:
    """The document with parameters and properties of bodies held to what is known under their names."""
    narrowed = deepcopy(document)
    parameters = list(narrowed.get("components", {}).get("parameters", {}).values())
    for operation in (one for path in narrowed["paths"].values() for one in path.values()):
        parameters += [one for one in operation.get("parameters", ()) if "name" in one]
        for media in operation.get("requestBody", {}).get("content", {}).values():
            media["schema"] = _narrow("", media["schema"], known)
    for parameter in parameters:
        parameter["schema"] = _narrow(parameter["name"], parameter["schema"], known)
    return narrowed


def _narrow(name: str, schema: dict[str, Any], known: Known) -> dict[str, Any]:
    if "items" in schema:
        return {**schema, "items": _narrow(name, schema["items"], known)}
    if name in known and "enum" not in schema:
        return {"enum": known[name]}
    inner = schema.get("properties", {})
    return {**schema, "properties": {key: _narrow(key, one, known) for key, one in inner.items()}} if inner else schema
