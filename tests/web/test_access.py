"""Who may do what: reads and writes by token, foreign names and pages refused, CORS as Backstage's."""

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.errors import CatalogError
from web.access import Access, decide_access, is_loopback, make_tokens
from web.app import create_app
from web.cors import CorsPolicy
from web.settings import Auth, Cors, Settings, Token

TOKEN = "correct-horse-battery"
TOKENS = make_tokens([(TOKEN, "ci"), ("another-secret", "ops")])
BEARER = {"authorization": f"Bearer {TOKEN}"}
BAD = {"authorization": "Bearer nonsense"}
BASIC = {"authorization": "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()}
LIST = "/api/catalog/entities?limit=1&fields=kind"
CLOSED = Access(TOKENS, reads_open=False)
WRITES = (
    ("POST", "/api/catalog/locations"),
    ("POST", "/api/catalog/locations?dryRun=true"),
    ("POST", "/API/catalog//locations/"),
    ("PUT", "/api/catalog/locations/x"),
    ("DELETE", "/api/catalog/locations/x"),
    ("POST", "/api/catalog/refresh"),
    ("DELETE", "/api/catalog/entities/by-uid/x"),
    ("DELETE", "/api/catalog/entities/unprocessed/delete/x"),
    ("PUT", "/api/sources/ci/entities"),
    ("PATCH", "/api/catalog/entities"),
    ("POST", "/api/catalog/entities/by%2Drefs"),
    ("POST", "/a-page"),
)
POSTED_READS = (
    ("/api/catalog/entities/by-query", {"limit": 1}),
    ("/api/catalog/entities/by-refs", {"entityRefs": []}),
    ("/api/catalog//Entities/By-Refs/", {"entityRefs": []}),
    ("/api/catalog/entity-facets", {"facets": ["kind"]}),
    ("/api/catalog/locations/by-query", {}),
    ("/api/permission/authorize", {"items": []}),
    ("/api/auth/guest/refresh", {}),
)


@contextmanager
def serving(catalog: Catalog, access: Access) -> Iterator[TestClient]:
    """A client of the application under these rules."""
    with TestClient(create_app(Crawler(catalog), access), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def default(catalog: Catalog) -> Iterator[TestClient]:
    """What a stock `callboard serve` allows: reads to everybody, writes to nobody."""
    with serving(catalog, Access()) as client:
        yield client


@pytest.fixture
def closed(catalog: Catalog) -> Iterator[TestClient]:
    """Nothing without a token."""
    with serving(catalog, CLOSED) as client:
        yield client


def error(name: str, message: str) -> dict[str, str]:
    return {"name": name, "message": message}


def settings(reads: str = "auto", tokens: tuple[str, ...] = ()) -> Settings:
    given = tuple(Token(token=SecretStr(one), subject="ci") for one in tokens)
    return Settings(auth=Auth.model_validate({"reads": reads, "tokens": given}))


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_write_needs_a_token(catalog: Catalog, method: str, path: str) -> None:
    with serving(catalog, Access(TOKENS)) as client:
        assert client.request(method, path).status_code == 401
        for headers in (BEARER, BASIC, {"authorization": "bEARER  another-secret"}):
            assert client.request(method, path, headers=headers).status_code not in (401, 403)


def test_posts_that_only_read_need_none(default: TestClient) -> None:
    for path, body in POSTED_READS:
        assert default.post(path, json=body).status_code == 200, path
    for path in ("validate-entity", "analyze-location"):
        assert default.post(f"/api/catalog/{path}", json={}).status_code != 401


def test_the_body_of_a_refusal_is_backstages(default: TestClient, closed: TestClient) -> None:
    response = default.post("/api/catalog/refresh?x=1", json={})
    assert response.status_code == 401
    assert response.json() == {
        "error": error("AuthenticationError", "Missing credentials"),
        "request": {"method": "POST", "url": "/refresh?x=1"},
        "response": {"statusCode": 401},
    }
    assert "www-authenticate" not in response.headers
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert closed.get("/api/search/query").json()["request"]["url"] == "/query"


def test_closed_reads_need_a_token_even_for_what_is_not_there(closed: TestClient) -> None:
    for path in (LIST, "/api/search/query?term=a", "/api/catalog/nope", "/api/graph/a/b/c"):
        assert closed.get(path).json()["error"] == error("AuthenticationError", "Missing credentials")
        assert closed.get(path, headers=BAD).json()["error"] == error("AuthenticationError", "Illegal token")
    assert closed.options("/api/catalog/entities").status_code == 401
    assert closed.head(LIST).status_code == 401
    assert closed.get(LIST, headers={"if-none-match": "*"}).status_code == 401
    for path, body in POSTED_READS:
        assert closed.post(path, json=body).status_code == 401
    assert closed.get(LIST, headers=BEARER).status_code == 200


def test_health_static_files_and_public_keys_are_always_open(closed: TestClient) -> None:
    for path in ("/healthz", "/.backstage/health/v1/readiness", "/.backstage/health/v1/liveness"):
        assert closed.get(path, headers=BAD).status_code == 200
    assert closed.get("/static/base.css").status_code == 200
    assert closed.get("/api/catalog/.backstage/auth/v1/jwks.json").json() == {"keys": []}


def test_a_browser_is_asked_to_sign_in_and_may_then_read(closed: TestClient) -> None:
    response = closed.get("/catalog")
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith('Basic realm="Callboard"')
    assert closed.get("/catalog", headers=BASIC).status_code == 200
    wrong = {"authorization": "Basic " + base64.b64encode(b"me:wrong").decode()}
    assert closed.get("/catalog", headers=wrong).status_code == 401
    assert closed.get("/openapi.json").status_code == 401


def test_a_wrong_bearer_is_refused_even_where_reads_are_open(default: TestClient) -> None:
    long = "Could not resolve credentials; caused by AuthenticationError: Illegal token"
    inner = error("AuthenticationError", "Illegal token")
    assert default.get(LIST, headers=BAD).json()["error"] == error("AuthenticationError", long) | {"cause": inner}
    assert default.get("/api/search/query", headers=BAD).json()["error"] == inner
    assert default.post("/api/catalog/refresh", headers=BAD, json={}).json()["error"] == inner
    for value in ("Bearer", "Bearer x y", "Basic %%%", "Basic eDp5", "Digest a", "", "bearerx"):
        assert default.get(LIST, headers={"authorization": value}).status_code == 200, value


def test_dev_lets_anyone_write(catalog: Catalog) -> None:
    with serving(catalog, Access(dev=True)) as client:
        assert client.delete("/api/catalog/entities/by-uid/x").status_code == 204
        assert client.delete("/api/catalog/entities/by-uid/x", headers=BAD).status_code == 401


def test_a_server_without_tokens_says_once_why_it_takes_no_writes(
    default: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "callboard"):
        for _ in range(3):
            default.post("/api/catalog/refresh", json={})
    assert [record.message for record in caplog.records if "--dev" in record.message] == [
        "POST /api/catalog/refresh was refused: writes need a token, and there is none; "
        "set `auth.tokens` in the configuration file, or start with `--dev`"
    ]


def test_other_names_than_this_machines_are_refused(catalog: Catalog) -> None:
    access = decide_access(settings(), "127.0.0.1")
    with serving(catalog, access) as client:
        for host in ("localhost", "localhost:7007", "127.0.0.1:7007", "[::1]:7007", "LOCALHOST.", "localhost.:1"):
            assert client.get(LIST, headers={"host": host}).status_code == 200, host
        for host in (
            "evil.example.com",
            "evil.example.com:7007",
            "localhost.evil.example.com",
            "127.0.0.1.evil.example",
            "[",
        ):
            response = client.get(LIST, headers={"host": host})
            assert (response.status_code, response.json()["error"]["name"]) == (403, "NotAllowedError"), host
        page = client.get("/catalog", headers={"host": "evil.example.com"})
        assert page.status_code == 403
        assert "auth.reads" in page.text
        assert client.get("/healthz", headers={"host": "evil.example.com"}).status_code == 200


def test_another_sites_page_may_not_write_unless_cors_names_it(catalog: Catalog) -> None:
    def write(client: TestClient, origin: str, host: str = "127.0.0.1:7007", **headers: str) -> int:
        sent = {"origin": origin, "host": host} | headers
        return client.delete("/api/catalog/entities/by-uid/x", headers=sent).status_code

    with serving(catalog, Access(dev=True, cors=CorsPolicy(("https://portal.example.com",)))) as client:
        assert write(client, "http://127.0.0.1:7007") == 204
        assert write(client, "http://localhost:3000") == 204  # a stock app under development, on this machine too
        assert write(client, "https://portal.example.com") == 204
        assert write(client, "https://cat.example.com", host="cat.example.com") == 204
        for origin in ("https://evil.example.com", "null", "http://localhost.evil.example.com", "file://"):
            assert write(client, origin) == 403, origin
        assert write(client, "https://cat.example.com:8443", host="cat.example.com") == 403
    with serving(catalog, Access(TOKENS)) as client:
        assert write(client, "https://evil.example.com", **BEARER) == 204  # no browser adds that by itself
        assert write(client, "https://evil.example.com", **BASIC) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_on_this_machine_reads_are_open_and_only_its_names_are_answered(host: str) -> None:
    assert is_loopback(host)
    access = decide_access(settings(tokens=(TOKEN,)), host)
    assert access.reads_open
    assert {"localhost", "127.0.0.1", "::1"} <= access.hosts
    assert decide_access(settings("open"), host).hosts == frozenset()
    assert not decide_access(settings("token", (TOKEN,)), host).reads_open


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.2", "catalog.example.com"])
def test_elsewhere_reads_need_a_token_or_a_word(host: str) -> None:
    assert not is_loopback(host)
    assert not decide_access(settings(tokens=(TOKEN,)), host).reads_open
    assert decide_access(settings("open"), host).reads_open
    assert decide_access(settings("open"), host).hosts == frozenset()
    with pytest.raises(CatalogError, match="nobody could read") as raised:
        decide_access(settings(), host)
    assert "auth.tokens" in raised.value.hint
    with pytest.raises(CatalogError, match="lets anyone write"):
        decide_access(settings(tokens=(TOKEN,)), host, dev=True)


def test_tokens_are_kept_as_digests_only() -> None:
    access = decide_access(settings(tokens=(TOKEN,)), "127.0.0.1")
    assert TOKEN not in repr(access) + repr(access.tokens)
    assert access.identify(f"Bearer {TOKEN}").subject == "ci"


APP = "http://localhost:3000"


@pytest.fixture
def crossing(catalog: Catalog) -> Iterator[TestClient]:
    """A server that wants tokens and lets one origin in."""
    policy = Settings(cors=Cors(origins=(APP, "https://*.example.com"))).cors
    with serving(
        catalog, Access(TOKENS, reads_open=False, cors=CorsPolicy(policy.origins, policy.credentials))
    ) as client:
        yield client


def test_a_preflight_from_an_allowed_origin_is_answered_before_all_else(crossing: TestClient) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    for path in ("/api/catalog/entities", "/nowhere"):
        response = crossing.options(path, headers={"origin": APP} | asked)
        assert (response.status_code, response.content, response.headers["content-length"]) == (204, b"", "0")
        assert response.headers["access-control-allow-origin"] == APP
        assert response.headers["access-control-allow-credentials"] == "true"
        assert response.headers["access-control-allow-methods"] == "GET,HEAD,PUT,PATCH,POST,DELETE"
        assert response.headers["access-control-allow-headers"] == "authorization,content-type"
        assert response.headers["vary"] == "Origin, Access-Control-Request-Headers"


@pytest.mark.parametrize("origin", [APP, "https://a.example.com", "https://A.Example.com"])
def test_answers_to_an_allowed_origin_echo_it_refusals_too(crossing: TestClient, origin: str) -> None:
    for headers in ({}, BEARER):
        response = crossing.get(LIST, headers={"origin": origin} | headers)
        assert response.status_code == (200 if headers else 401)
        assert response.headers["access-control-allow-origin"] == origin
        assert response.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in response.headers["vary"].split(", ")


@pytest.mark.parametrize(
    "origin", ["http://localhost:3001", "https://example.com", "https://a.example.com.evil.example", "null"]
)
def test_other_origins_get_no_cors_headers(crossing: TestClient, origin: str) -> None:
    response = crossing.get(LIST, headers={"origin": origin} | BEARER)
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert crossing.options(LIST, headers={"origin": origin}).status_code == 401


def test_without_the_setting_there_are_no_cors_headers(default: TestClient) -> None:
    response = default.get(LIST, headers={"origin": APP})
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control")]
