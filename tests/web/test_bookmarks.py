"""Addresses of Backstage's own pages lead to what has the same here."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from web.app import create_app


@pytest.fixture(scope="module")
def client(sample: Catalog) -> Iterator[TestClient]:
    with TestClient(create_app(Crawler(sample)), base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.mark.parametrize(
    ("address", "lands"),
    [
        ("/catalog/default/component/payment-api/", "/catalog/default/component/payment-api"),
        ("/catalog/default/component/payment-api/ci-cd/runs/7", "/catalog/default/component/payment-api"),
        ("/docs/default/component/payment-api", "/catalog/default/component/payment-api"),
        ("/docs/default/component/payment-api/guides/start/", "/catalog/default/component/payment-api"),
        (
            "/catalog-graph?rootEntityRefs%5B%5D=component%3Adefault%2Fpayment-api&maxDepth=3&direction=LR",
            "/graph?root=component:default/payment-api&depth=3",
        ),
        ("/catalog-graph?maxDepth=infinity", "/graph"),
        ("/api-docs", "/apis"),
        ("/api-docs/", "/apis"),
        ("/teams/", "/teams"),
        ("/home", "/"),
        ("/create", "/catalog?kind=template"),
        ("/catalog-import", "/check"),
        ("/search?query=payment&types%5B%5D=software-catalog", "/search?q=payment"),
        (
            "/catalog?filters%5Bkind%5D=component&filters%5Bowners%5D=team-payments&filters%5Blifecycles%5D=production"
            "&filters%5Buser%5D=all&filters%5Btags%5D=go&filters%5Btags%5D=java&limit=20",
            "/catalog?kind=component&lifecycle=production&owner=group:default/team-payments&tag=go&tag=java",
        ),
        ("/catalog?filters%5Bkind%5D=all&filters%5Buser%5D=owned", "/catalog"),
    ],
)
def test_a_bookmark_of_backstage_leads_to_the_page(client: TestClient, address: str, lands: str) -> None:
    answer = client.get(address, headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert str(answer.url).removeprefix("http://127.0.0.1").partition("#")[0] == lands


def test_what_a_bookmark_calls_owned_is_what_the_viewer_owns(client: TestClient) -> None:
    headers = {"cookie": "me=group%3Adefault%2Fteam-payments"}
    path = "/catalog?filters[kind]=api&filters[user]=owned"
    answer = client.get(path, headers=headers, follow_redirects=False)
    assert answer.headers["location"] == "/catalog?kind=api&owner=group:default/team-payments"


def test_a_bookmark_of_what_is_gone_says_so(client: TestClient) -> None:
    answer = client.get("/catalog/default/component/paymnt-api/docs", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "payment-api" in answer.text


def test_no_bookmark_leads_to_another_server(client: TestClient) -> None:
    for path in (
        "/docs///evil.example/x",
        "/catalog///evil.example/x/y",
        "/catalog/%2F%2Fevil.example/a/b/c",
        "//evil.example/",
        "/%2Fevil.example/",
    ):
        answer = client.get(path, headers={"accept": "text/html"}, follow_redirects=False)
        assert not answer.headers.get("location", "/catalog").startswith("//")
