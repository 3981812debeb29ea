"""What was called otherwise before is still found by its old name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    catalog = Catalog.open("sqlite://", search=False)
    file = tmp_path / "catalog-info.yaml"
    for names in (("pay", "shop", "a"), ("payments", "shop", "a"), ("payments", "shop", "b", "c")):
        file.write_text("---\n".join(component(name) for name in names))
        catalog.ingest(FolderSource(tmp_path))
    with TestClient(create_app(Crawler(catalog, [])), base_url="http://127.0.0.1") as made:
        yield made
    catalog.close()


@pytest.mark.parametrize("text", ["component:default/pay", "component:pay", "pay", "PAY", "default/pay"])
def test_a_renamed_entity_is_found_by_its_old_ref(client: TestClient, text: str) -> None:
    found = client.get("/api/lookup", params={"q": text}).json()
    assert [one["entityRef"] for one in found["candidates"]] == ["component:default/payments"]
    assert found["decided"] is None
    reason = found["candidates"][0]["reasons"][0]
    assert (reason["matched"], reason["value"], reason["surety"]) == ("former name", "component:default/pay", "likely")
    assert "former name" in client.get("/oncall", params={"q": text}, headers={"accept": "text/html"}).text


@pytest.mark.parametrize("text", ["[FIRING:1] Slow on pay in the shop", "pay: 503 from shop"])
def test_an_old_name_in_a_message_comes_before_mere_hints(client: TestClient, text: str) -> None:
    found = client.get("/api/lookup", params={"q": text}).json()
    assert [one["entityRef"] for one in found["candidates"]] == ["component:default/payments", "component:default/shop"]
    assert (found["decided"], found["totalItems"]) == (None, 2)


def test_of_several_that_came_as_one_went_each_is_only_possible(client: TestClient) -> None:
    found = client.get("/api/lookup", params={"q": "component:default/a"}).json()
    assert [one["entityRef"] for one in found["candidates"]] == ["component:default/b", "component:default/c"]
    assert {one["surety"] for one in found["candidates"]} == {"possible"}


def test_what_never_was_has_no_successor(client: TestClient) -> None:
    assert client.get("/api/lookup", params={"q": "component:default/nothing"}).json()["candidates"] == []
