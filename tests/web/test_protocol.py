"""HTTP as Backstage speaks it: paths, methods, bodies, compression, conditional requests."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from web.access import Access
from web.app import create_app
from web.compression import accepts_gzip

API = "/api/catalog"
ENTITY = f"{API}/entities/by-name/component/default/payment-api"
PAGE = f"{API}/entities?limit=1&fields=kind"


@pytest.fixture(scope="module")
def client(sample: Catalog) -> Iterator[TestClient]:
    app = create_app(Crawler(sample, []), Access(dev=True))
    with TestClient(app, raise_server_exceptions=False, headers={"accept-encoding": "identity"}) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/API/Catalog/Entities", "/api/catalog//entities", "/api/catalog//entities/"])
def test_paths_match_in_any_case_with_a_slash_too_many(client: TestClient, path: str) -> None:
    response = client.get(f"{path}?limit=1&fields=kind")
    assert response.status_code == 200
    inner = "/" + path[len("/api/catalog") :].lstrip("/")
    assert response.headers["link"].startswith(f"<{inner}?limit=1&fields=kind&after=")


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api//catalog/entities",
        "/api/catalog///entities",
        "/api/catalog/entities//by-query",
        "/api/catalog/%65ntities",
        "/api/catalog/entities%2Fby-query",
        "/api/catalogue/entities",
        "/.backstage//health/v1/readiness",
        "/.backstage/health/v1/nope",
    ],
)
def test_other_liberties_with_a_path_are_an_empty_404(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.content, "content-type" in response.headers) == (404, b"", False)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", [f"{API}/entities", "/.backstage/health/v1/readiness"])
def test_a_method_that_a_path_does_not_take_is_an_empty_404(client: TestClient, path: str, method: str) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"{API}/entities/", "GET,HEAD"),
        (f"{API}/entities/by-query", "POST,GET,HEAD"),
        (f"{API}/entity-facets", "GET,HEAD,POST"),
        (f"{API}/locations/by-query", "POST,GET,HEAD,PUT,DELETE"),
        ("/api/search/query?pageLimit=x", "GET,HEAD"),
        ("/.BACKSTAGE/health/v1/readiness", "GET,HEAD"),
    ],
)
def test_options_says_what_a_path_takes(client: TestClient, path: str, allowed: str) -> None:
    response = client.options(path)
    assert (response.status_code, response.text, response.headers["allow"]) == (200, allowed, allowed)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert client.options(f"{API}/nope").status_code == 404


def test_only_who_reads_pages_gets_an_error_page(client: TestClient) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert "nothing at this address" in client.get("/nope", headers=browser).text
    assert client.get("/nope").content == client.get("/api/nope", headers=browser).content == b""


def test_large_answers_are_compressed_for_who_asks(client: TestClient) -> None:
    plain = client.get(ENTITY)
    packed = client.get(ENTITY, headers={"accept-encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    page = client.get("/", headers={"accept-encoding": "gzip"})
    assert (page.headers["content-encoding"], page.text) == ("gzip", client.get("/").text)


def test_small_answers_are_compressed_only_where_they_come_in_pieces(client: TestClient) -> None:
    asks = {"accept-encoding": "gzip"}
    assert "content-encoding" not in client.get(PAGE, headers=asks).headers
    assert "content-encoding" not in client.get(f"{API}/nope", headers=asks).headers
    assert "content-encoding" not in client.head(f"{API}/entities", headers=asks).headers
    streamed = client.get(f"{API}/entities/by-query?filter=kind=nope", headers=asks)
    assert (streamed.headers["content-encoding"], streamed.json()["items"]) == ("gzip", [])


def test_an_etag_stays_the_same_when_compressed(client: TestClient) -> None:
    path = f"{API}/entities?limit=90&fields=metadata"
    plain, packed = client.get(path), client.get(path, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] == packed.headers["etag"]
    assert client.get(path, headers={"accept-encoding": "gzip", "if-none-match": plain.headers["etag"]}).content == b""


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (b"gzip", True),
        (b"GZIP;q=0.5, *;q=0", True),
        (b"*", True),
        (b"deflate, gzip;q=1.0, br", True),
        (b"gzip;q=0", False),
        (b"gzip;q=0.5, identity", False),
        (b"x-gzip, br", False),
        (b"gzip;q=high", False),
        (b"", False),
    ],
)
def test_gzip_is_taken_where_it_is_liked_no_less_than_nothing(header: bytes, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


def test_a_304_keeps_its_link_and_no_cache_asks_for_the_whole(client: TestClient) -> None:
    whole = client.get(PAGE)
    known = {"if-none-match": whole.headers["etag"]}
    cached = client.get(PAGE, headers=known)
    assert (cached.status_code, cached.content, cached.headers["link"]) == (304, b"", whole.headers["link"])
    assert client.get(PAGE, headers=known | {"cache-control": "no-cache"}).status_code == 200


def test_head_is_not_checked_against_the_document(client: TestClient) -> None:
    response = client.head(f"{PAGE}&nope=1&filter=")
    after = response.headers["link"].split("after=")[1].split(">")[0].replace("%3D", "=")
    assert (response.status_code, response.content) == (200, b"")
    assert json.loads(base64.b64decode(after)) == {"limit": "1", "offset": "01"}
    assert client.head(f"{API}/entity-facets?facet=").status_code == 400
    assert client.head("/api/search/query?term=").status_code == 200
    assert client.head("/api/search/query?pageLimit=1").status_code == 400


@pytest.mark.parametrize("path", [PAGE, ENTITY, f"{API}/nope", "/api/search/query"])
@pytest.mark.parametrize("body", [b"{", b"1", b'"x"', b"null", b" ", b'{"a":"' + b"x" * 102_400 + b'"}'])
def test_bad_json_is_refused_whatever_is_asked(client: TestClient, path: str, body: bytes) -> None:
    response = client.request("GET", path, content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["name"]) == (400, "InputError")


def test_a_body_that_is_no_json_disturbs_nobody(client: TestClient) -> None:
    for kind in ("text/plain", "application/vnd.api+json"):
        assert client.request("GET", PAGE, content=b"{", headers={"content-type": kind}).status_code == 200


def test_bodies_may_be_compressed_within_the_same_limit(client: TestClient) -> None:
    def ask(body: bytes, encoding: str = "gzip") -> tuple[int, str]:
        headers = {"content-type": "application/json", "content-encoding": encoding}
        response = client.post(f"{API}/entities/by-query", content=body, headers=headers)
        return response.status_code, response.json().get("error", {}).get("message")

    assert ask(gzip.compress(b'{"limit":1}')) == (200, None)
    assert ask(gzip.compress(b" " * 10_000_000)) == (400, "request entity too large")
    assert ask(b"{}") == (400, "incorrect header check")
    assert ask(b"{}", "br") == (400, 'unsupported content encoding "br"')


@pytest.mark.parametrize(
    ("asked", "counts"),
    [
        ({"$in": ["api"], "$exists": True}, {"$exists": True}),
        ({"$hasPrefix": "a", "$in": ["group"]}, {"$in": ["group"]}),
        ({"$hasPrefix": "a", "$contains": "group"}, {"$contains": "group"}),
        ({"$exists": "x", "$in": ["group"], "nope": 1}, {"$in": ["group"]}),
    ],
)
def test_of_several_operators_the_first_good_one_counts(
    client: TestClient, asked: dict[str, object], counts: dict[str, object]
) -> None:
    def total(value: object) -> tuple[int, dict[str, object]]:
        body = {"query": {"kind": value}, "limit": 1, "fields": ["kind"]}
        page = client.post(f"{API}/entities/by-query", json=body).json()
        return page["totalItems"], json.loads(base64.b64decode(page["pageInfo"]["nextCursor"]))["query"]

    assert total(asked) == total(counts)
    assert total(asked)[1] == {"kind": counts}


def test_each_plugin_describes_itself(client: TestClient) -> None:
    document = client.get(f"{API}/openapi.json").json()
    assert document["info"]["title"] == "catalog"
    assert document["paths"].keys() >= {f"{API}/entities", f"{API}/locations/{{id}}"}
    assert all(path.startswith(API) for path in document["paths"])


@pytest.mark.parametrize("cut", [lambda packed: packed[:-9], lambda packed: packed + packed])
def test_a_part_of_a_compressed_body_is_not_taken_for_the_whole(
    client: TestClient, cut: Callable[[bytes], bytes]
) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    sent = cut(gzip.compress(b'{"limit": 1, "query": {"kind": "component"}}'))
    response = client.post(f"{API}/entities/by-query", content=sent, headers=headers)
    assert (response.status_code, response.json()["error"]["message"]) == (400, "unexpected end of file")


@pytest.mark.parametrize("path", ["entities/by-query", "entity-facets", "entities/by-refs", "locations/by-query"])
def test_a_predicate_nested_too_deeply_is_an_input_error(client: TestClient, path: str) -> None:
    predicate = '{"$not":' * 900 + '{"kind":"api"}' + "}" * 900
    body = f'{{"facets": ["kind"], "entityRefs": ["api:default/a"], "query": {predicate}}}'
    response = client.post(f"{API}/{path}", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["name"]) == (400, "InputError")


@pytest.mark.parametrize("tree", [3, {"allOf": 3}, {"key": 3}, {"key": "kind", "values": 3}, {"anyOf": [[]]}])
def test_an_older_servers_cursor_with_a_filter_that_is_none_is_an_input_error(client: TestClient, tree: object) -> None:
    asked = {"orderFields": [], "isPrevious": False, "orderFieldValues": ["a"], "filter": tree}
    cursor = base64.b64encode(json.dumps(asked).encode()).decode()
    response = client.get(f"{API}/entities/by-query", params={"cursor": cursor})
    assert (response.status_code, response.json()["error"]["name"]) == (400, "InputError")


def test_a_page_of_hits_is_never_larger_than_the_largest(client: TestClient) -> None:
    response = client.get("/api/search/query", params={"pageLimit": "-1"})
    assert len(response.json()["results"]) == 25
