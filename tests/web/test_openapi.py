"""Our OpenAPI documents and the page made from them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from web.app import create_app


@pytest.fixture
def client(sample: Catalog) -> Iterator[TestClient]:
    with TestClient(create_app(Crawler(sample)), base_url="http://127.0.0.1") as opened:
        yield opened


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_every_answer_is_described_by_a_schema_that_is_there(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(_references(document)) == schemas


def test_each_operation_has_an_id_of_its_own(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    ids = [one["operationId"] for path in paths.values() for one in path.values()]
    assert len(ids) == len(set(ids)) > 30


@pytest.mark.parametrize("plugin", ["catalog", "search"])
def test_a_plugin_describes_what_is_below_it(plugin: str, client: TestClient) -> None:
    paths = client.get(f"/api/{plugin}/openapi.json").json()["paths"]
    assert paths
    assert all(path.startswith(f"/api/{plugin}/") for path in paths)
    assert client.get(f"/API/{plugin.upper()}//OpenApi.json/").json()["paths"] == paths


def test_a_body_is_described_by_the_shape_that_it_is_checked_with(client: TestClient) -> None:
    put = client.get("/openapi.json").json()["paths"]["/api/catalog/locations/{id}"]["put"]
    text = {"type": "string"}
    assert put["requestBody"]["content"]["application/json"]["schema"] == {
        "type": "object",
        "properties": {"type": text, "target": text},
        "required": ["target", "type"],
        "additionalProperties": False,
    }


def test_the_page_lists_every_operation_and_loads_nothing_from_elsewhere(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    page = client.get("/docs").text
    assert all(f"{method.upper()} {path}</code>" in page for path in paths for method in paths[path])
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
