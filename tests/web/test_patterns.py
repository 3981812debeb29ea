"""The frame of all pages: the page of patterns shows every macro, every error page helps, every place has its key."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.errors import CatalogError
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app
from web.errors import STATUS
from web.pages.error import TEXTS
from web.render import PLACES

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"
MACROS = re.findall(r"{%-? macro (\w+)\(", (TEMPLATES / "macros.html").read_text())
NAMED_BY_TOOLS = {"inhibited"}  # states of alerts that come from a tool, as classes
SHOWN = (TEMPLATES / "pages" / "patterns.html").read_text()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    (tmp_path / "catalog-info.yaml").write_text(component("payment-api"))
    catalog = Catalog.open("sqlite://", search=False)
    catalog.ingest(FolderSource(tmp_path))
    app = create_app(Crawler(catalog))

    def fail() -> None:
        raise ZeroDivisionError

    def refuse() -> None:
        raise CatalogError("unavailable", "The forge does not answer", "Try `again`")

    app.add_api_route("/fail", fail)
    app.add_api_route("/refuse", refuse)
    yield TestClient(app, headers={"accept": "text/html"}, raise_server_exceptions=False)
    catalog.close()


def test_no_style_is_for_a_class_that_nothing_has() -> None:
    web = TEMPLATES.parent
    written = "".join(one.read_text() for one in [*TEMPLATES.rglob("*.html"), *web.rglob("*.py"), *web.rglob("*.js")])
    known = set(re.findall(r"[\w-]+", written))
    begun = tuple(re.findall(r"\b(\w+-)\{\{", written))  # the rest of the class is a value
    styles = {
        one.name: re.sub(r"/\*.*?\*/|\{[^{}]*\}", "", one.read_text(), flags=re.DOTALL) for one in web.rglob("*.css")
    }
    unused = {
        f"{name}: .{one}"
        for name, style in styles.items()
        for one in re.findall(r"\.([a-zA-Z][\w-]*)", style)
        if one not in known and not one.startswith(begun) and one not in NAMED_BY_TOOLS
    }
    assert unused == set()


def test_no_macro_is_there_for_nobody_and_no_template_is_long() -> None:
    templates = {one.name: one.read_text() for one in TEMPLATES.rglob("*.html")}
    whole = "".join(templates.values())
    assert [one for one in re.findall(r"macro (\w+)\(", whole) if len(re.findall(rf"\b{one}\(", whole)) < 2] == []
    assert {name: text.count("\n") for name, text in templates.items() if text.count("\n") > 120} == {}


@pytest.mark.parametrize("macro", MACROS)
def test_the_page_of_patterns_shows_every_macro(macro: str) -> None:
    assert re.search(rf"\bui\.{macro}\(", SHOWN), (
        f"show `{macro}` in templates/pages/patterns.html, in each of its states"
    )


def test_the_page_of_patterns_is_one(client: TestClient) -> None:
    assert client.get("/patterns").status_code == 200
    assert 'href="/patterns"' in client.get("/docs").text


@pytest.mark.parametrize("status", [status for status, _ in STATUS.values()])
def test_every_kind_of_failure_has_words_of_its_own(status: int) -> None:
    title, message, _ = TEXTS[status]
    assert title
    assert message.endswith(".")


def test_an_address_near_to_a_place_or_an_entity_leads_there(client: TestClient) -> None:
    assert 'href="/teams">Teams</a>' in client.get("/team").text
    html = client.get("/paymnt-api").text
    assert 'href="/catalog/default/component/payment-api"' in html
    assert "/search?q=paymnt-api" in html


def test_a_bug_is_shown_with_the_id_under_which_it_was_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/fail")
    assert answer.status_code == 500
    [found] = re.findall(r"<code>([0-9a-f]{20})</code>", answer.text)
    assert found in caplog.text


def test_a_request_that_cannot_be_met_says_what_to_do_as_a_page_and_as_json(client: TestClient) -> None:
    page = client.get("/refuse")
    assert page.status_code == 503
    assert "The forge does not answer." in page.text
    assert "<code>again</code>" in page.text
    assert client.get("/refuse", headers={"accept": "*/*"}).json()["error"]["name"] == "ServiceUnavailableError"


def test_every_place_and_its_key_are_on_every_page(client: TestClient) -> None:
    html = client.get("/catalog").text
    for place in PLACES:
        assert f'href="{place.href}" data-go="{place.key}"' in html
        assert f"<kbd>g</kbd> <kbd>{place.key}</kbd>" in html
