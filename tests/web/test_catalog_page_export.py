"""The table over the API: its JSON twin, and exactly the filtered list as CSV, JSON and NDJSON."""

import csv
import io
import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app
from web.browse.columns import COLUMNS
from web.browse.exporting import FORMATS, harmless

QUERY = "kind=component&owner=commerce-engineering&sort=owner-desc&columns=owner,tags,needed"


@pytest.fixture
def client(sample: Catalog) -> TestClient:
    return TestClient(create_app(Crawler(sample)), base_url="http://127.0.0.1")


def test_the_page_names_its_twin_and_both_have_the_same_rows(client: TestClient) -> None:
    html = client.get(f"/catalog?{QUERY}").text
    twin = re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', html)
    assert twin
    answer = client.get(unescape(twin[1])).json()
    paths = re.findall(r'<th scope="row">.*?<a href="(/catalog/[^"]+)"', html)
    assert [item["ref"].split("/")[1] for item in answer["items"]] == [path.rpartition("/")[2] for path in paths]
    assert answer["columns"] == ["owner", "needed", "tags"]
    assert answer["totalItems"] == len(answer["items"]) > 5


def test_cursors_lead_through_the_whole_list(client: TestClient) -> None:
    found, after, page = [], "", {}
    while page == {} or after:
        page = client.get("/api/browse", params={"limit": 30, **({"after": after} if after else {})}).json()
        found += [item["ref"] for item in page["items"]]
        after = page["pageInfo"]["after"]
    assert len(found) == len(set(found)) == page["totalItems"]


def test_the_three_forms_hold_the_same_rows_in_the_same_order(client: TestClient) -> None:
    answers = {form: client.get(f"/api/browse/export?format={form}&{QUERY}") for form in FORMATS}
    assert all(answer.status_code == 200 for answer in answers.values())
    whole = answers["json"].json()["items"]
    lines = [line for line in answers["ndjson"].text.splitlines() if line]
    table = list(csv.DictReader(io.StringIO(answers["csv"].text)))
    assert [json.loads(line) for line in lines] == whole
    assert [row["ref"] for row in table] == [row["ref"] for row in whole]
    assert list(table[0]) == ["ref", "name", "owner", "needed", "tags"]
    assert table[0]["tags"] == ", ".join(whole[0]["tags"])


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_says_what_it_is_and_has_a_name(client: TestClient, form: str) -> None:
    answer = client.get(f"/api/browse/export?format={form}&kind=api")
    assert re.fullmatch(
        rf'attachment; filename="apis-\d{{4}}-\d\d-\d\d\.{form}"', answer.headers["content-disposition"]
    )
    assert answer.headers["content-type"].startswith(("text/csv", "application/json", "application/x-ndjson"))


def test_the_links_of_the_page_export_all_of_it_not_one_page(client: TestClient) -> None:
    html = client.get("/catalog?kind=component&limit=5").text
    href = re.search(r'href="(/api/browse/export\?[^"]*format=csv)"', html)
    assert href
    assert len(client.get(unescape(href[1])).text.splitlines()) - 1 > 20


def test_a_large_list_is_sent_in_pieces(
    catalog: Catalog, write: Callable[[str, str], Path], folder: FolderSource
) -> None:
    write("catalog-info.yaml", "---\n".join(component(f"service-{number:04}") for number in range(1_200)))
    catalog.ingest(folder)
    client = TestClient(create_app(Crawler(catalog)))
    answer = client.get("/api/browse/export?format=json&columns=owner", headers={"accept-encoding": "gzip"})
    assert "content-length" not in answer.headers
    assert len(answer.json()["items"]) == answer.json()["totalItems"] == 1_200


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", "  =1", "＝1"])
def test_no_cell_is_a_formula_to_a_spreadsheet(
    catalog: Catalog, write: Callable[[str, str], Path], folder: FolderSource, text: str
) -> None:
    assert harmless(text) == f"'{text}"
    if text.isprintable():
        write("catalog-info.yaml", component("risky", f"'{text}'"))
        catalog.ingest(folder)
        answer = TestClient(create_app(Crawler(catalog))).get("/api/browse/export?format=csv&columns=description").text
        assert next(csv.DictReader(io.StringIO(answer)))["description"].startswith("'")


def test_every_column_can_be_exported(client: TestClient) -> None:
    for form in FORMATS:
        assert client.get(f"/api/browse/export?format={form}&columns={','.join(COLUMNS)}").status_code == 200


@pytest.mark.parametrize("query", ["", "format=xlsx", "format=csv&nope=1", "format=csv&limit=5"])
def test_an_export_that_cannot_be_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/api/browse/export?{query}").status_code == 400
