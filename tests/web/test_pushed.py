"""Sets of entities that a program pushes: idempotent, replaced whole, kept over a restart, and careful about removals."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Json
from ingestors.folder import FolderSource
from ingestors.registry import open_pushed
from ingestors.url import UrlReader
from tests.conftest import component
from web.access import Access, make_tokens
from web.app import create_app

SET = "/api/sources/ci/entities"
BY_NAME = "/api/catalog/entities/by-name/component/default/"
JSON, LINES, YAML = "application/json", "application/x-ndjson", "application/yaml"
BEARER = {"authorization": "Bearer a-good-token"}
Write = Callable[[str, str], Path]


def entity(name: str, description: str = "A service", **spec: str) -> dict[str, Json]:
    """One component as JSON."""
    found: dict[str, Json] = yaml.safe_load(component(name, description, **spec))
    return found


def names(count: int) -> list[dict[str, Json]]:
    return [entity(f"c{number}") for number in range(count)]


def ref(name: str) -> str:
    return f"component:default/{name}"


@pytest.fixture
def reader() -> Iterator[UrlReader]:
    opened = UrlReader()
    yield opened
    opened.close()


@pytest.fixture
def crawler(catalog: Catalog, folder: FolderSource, reader: UrlReader) -> Crawler:
    return Crawler(catalog, [folder], open_pushed=open_pushed(reader))


@pytest.fixture
def client(crawler: Crawler) -> Iterator[TestClient]:
    app = create_app(crawler, Access(make_tokens([("a-good-token", "ci")])))
    with TestClient(app, raise_server_exceptions=False, headers=BEARER) as opened:
        yield opened


def put(client: TestClient, body: Any, query: str = "", *, path: str = SET, kind: str = JSON) -> Any:
    """Push a set; the answer's JSON, with the status in it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.put(path + query, content=content, headers={"content-type": kind})
    return {"status": response.status_code, **response.json()}


def test_a_set_is_there_when_the_answer_comes_and_the_same_again_changes_nothing(client: TestClient) -> None:
    first = put(client, [entity("a"), entity("b")])
    assert (first["status"], first["added"]) == (200, [ref("a"), ref("b")])
    found = client.get(BY_NAME + "a").json()
    assert found["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": "pushed:ci",
        "backstage.io/managed-by-origin-location": "pushed:ci",
    }
    again = put(client, [entity("a"), entity("b")])
    changes = [again[name] for name in ("status", "added", "changed", "removed", "unchanged", "revision")]
    assert changes == [200, [], [], [], 2, first["revision"]]
    assert client.get(BY_NAME + "a").json() == found


def test_a_set_replaces_the_one_before_and_no_other(client: TestClient) -> None:
    put(client, [entity("a"), entity("b")])
    put(client, [entity("z")], path="/api/sources/terraform/entities")
    uid = client.get(BY_NAME + "b").json()["metadata"]["uid"]
    report = put(client, [entity("c"), entity("b", "Changed")])
    assert [report[name] for name in ("added", "changed", "removed")] == [[ref("c")], [ref("b")], [ref("a")]]
    assert client.get(BY_NAME + "b").json()["metadata"]["uid"] == uid
    assert client.get(BY_NAME + "a").status_code == 404
    assert client.get(BY_NAME + "z").status_code == 200


def test_the_three_forms_of_a_body_give_the_same(client: TestClient) -> None:
    odd = '\x7f \u0085 \u2028 \U0001f600 yes \\ " # : - é'
    pair = [entity("a", "A service"), entity("b")]
    pair[0]["metadata"]["description"] = odd
    put(client, pair)
    assert client.get(BY_NAME + "a").json()["metadata"]["description"] == odd
    lines = b"\n".join(json.dumps(one).encode() for one in pair) + b"\n\n"
    documents = yaml.safe_dump_all(pair, sort_keys=False).encode()
    for body, kind in ((lines, LINES), (documents, YAML), (gzip.compress(lines), LINES)):
        is_packed = body[:2] == b"\x1f\x8b"
        headers = {"content-type": kind} | ({"content-encoding": "gzip"} if is_packed else {})
        report = client.put(SET, content=body, headers=headers).json()
        assert (report["changed"], report["unchanged"]) == ([], 2), kind


def test_a_dry_run_says_what_would_be_and_changes_nothing(client: TestClient, crawler: Crawler) -> None:
    put(client, [entity("a"), entity("b")])
    broken = entity("d")
    del broken["spec"]["owner"]
    plan = put(client, [entity("b", "Changed"), entity("c"), broken], "?dryRun=true")
    assert (plan["status"], plan["dryRun"], plan["outcome"]) == (200, True, "ok")
    assert [plan[name] for name in ("added", "changed", "removed")] == [[ref("c")], [ref("b")], [ref("a")]]
    (problem,) = plan["problems"]
    assert (problem["document"], problem["entityRef"], problem["line"]) == (2, ref("d"), None)
    assert "owner" in problem["message"]
    assert len(crawler.catalog.view) == 2
    crawler.crawl("pushed:ci")
    assert len(crawler.catalog.view) == 2


def test_a_bad_document_is_refused_alone_and_keeps_its_last_good_version(client: TestClient, crawler: Crawler) -> None:
    put(client, [entity("a"), entity("b")])
    bad = entity("b", "Worse")
    del bad["spec"]["lifecycle"]
    report = put(client, [entity("a", "Better"), bad])
    assert (report["status"], report["changed"], report["refused"]) == (200, [ref("a")], 1)
    found = client.get(BY_NAME + "b").json()
    assert found["metadata"]["description"] == "A service"
    assert "lifecycle" in found["status"]["items"][0]["error"]["message"]
    (problem,) = crawler.catalog.problems
    shown = crawler.text_of(problem.origin.file)
    assert shown is not None
    assert '"spec": {' in shown.decode().splitlines()[problem.origin.line - 1]


@pytest.mark.parametrize(
    ("body", "kind", "status", "message"),
    [
        (b"", JSON, 400, "The body is empty; `[]` as application/json is the empty set"),
        (b"[{]", JSON, 400, "The body is not JSON"),
        (b'{"kind": "Component"}', JSON, 400, "The body must be a list of entities"),
        (b'[{"kind": "Component"}, 7]', JSON, 400, "Item 1 of the list is not an object"),
        (b'{"kind": "Component"}\n{"kind', LINES, 400, "Line 2 is not JSON"),
        (b"[]\n", LINES, 400, "Line 1 is not an object"),
        (b"[]", "text/plain", 415, "Send application/json, application/x-ndjson or application/yaml, not text/plain"),
        (b"[" + b" " * 10 * 1024 * 1024 + b"]", JSON, 400, "request entity too large"),
        (b'[{"kind": "Component"}]', JSON, 422, "None of the entities can be accepted, and nothing was changed"),
        (b"kind: [", YAML, 422, "None of the entities can be accepted, and nothing was changed"),
    ],
)
def test_a_body_of_which_nothing_can_be_accepted_changes_nothing(
    client: TestClient, crawler: Crawler, body: bytes, kind: str, status: int, message: str
) -> None:
    put(client, [entity("a")])
    revision = crawler.catalog.view.revision
    answer = put(client, body, kind=kind)
    assert answer["status"] == answer["response"]["statusCode"] == status
    assert answer["error"]["message"].startswith(message)
    assert ("problems" in answer) == (status == 422)
    assert all((problem["line"] is not None) == (kind == YAML) for problem in answer.get("problems", ()))
    assert crawler.catalog.view.revision == revision
    assert crawler.catalog.problems == ()
    crawler.crawl("pushed:ci")
    assert client.get(BY_NAME + "a").json()["metadata"]["description"] == "A service"


def test_a_large_removal_is_held_until_it_is_confirmed(client: TestClient, crawler: Crawler) -> None:
    put(client, names(20))
    held = put(client, names(10))
    assert (held["status"], held["outcome"], len(held["removed"])) == (409, "held", 10)
    assert held["error"]["name"] == "ConflictError"
    assert held["error"]["message"].startswith("10 of 20 entities (50 %) would be gone; nothing was changed. Push it")
    assert len(crawler.catalog.view) == 20
    assert put(client, names(10), "?dryRun=true")["outcome"] == "held"
    report = put(client, names(10), "?confirm=true")
    assert (report["status"], len(report["removed"]), len(crawler.catalog.view)) == (200, 10, 10)
    assert put(client, [])["status"] == 409
    assert put(client, b"# nothing left\n", kind=YAML)["status"] == 409
    assert put(client, [], "?confirm=true")["status"] == 200
    assert len(crawler.catalog.view) == 0
    assert put(client, [])["status"] == 200


def test_what_another_source_gives_is_refused_and_taken_over_when_it_is_given_up(
    client: TestClient, crawler: Crawler, folder: FolderSource, write: Write
) -> None:
    path = write("catalog-info.yaml", component("a", "From a file"))
    crawler.crawl(folder.name)
    answer = put(client, [entity("a", "Pushed")])
    assert (answer["status"], answer["problems"][0]["rule"]) == (422, "duplicate-ref")
    assert str(path) in answer["problems"][0]["message"]
    report = put(client, [entity("a", "Pushed"), entity("b")])
    assert (report["status"], report["added"], report["problems"][0]["rule"]) == (200, [ref("b")], "duplicate-ref")
    assert client.get(BY_NAME + "a").json()["metadata"]["description"] == "From a file"
    write("catalog-info.yaml", component("c"))
    crawler.crawl(folder.name)
    assert client.get(BY_NAME + "a").json()["metadata"]["description"] == "Pushed"


def test_the_name_of_a_configured_source_cannot_be_pushed_to(
    catalog: Catalog, reader: UrlReader, tmp_path: Path
) -> None:
    folder = FolderSource(tmp_path)
    folder.name = "ci"
    app = create_app(Crawler(catalog, [folder], open_pushed=open_pushed(reader)), Access(dev=True))
    with TestClient(app) as client:
        assert put(client, [entity("a")])["status"] == 409
        for name in ("-a", "a%2Fb", "a" * 64, "a%20b", "%C3%A9"):
            assert put(client, [entity("a")], path=f"/api/sources/{name}/entities")["status"] == 400
        assert put(client, [entity("a")], path="/api/sources/pushed:tf/entities")["source"] == "pushed:tf"


def test_a_set_that_is_taken_away_is_gone_and_may_come_again(client: TestClient, crawler: Crawler) -> None:
    put(client, names(20))
    assert client.delete(SET).status_code == 204
    assert len(crawler.catalog.view) == 0
    assert crawler.catalog.sources() == []
    assert client.delete(SET).status_code == 404
    assert put(client, names(2))["status"] == 200


def test_a_removed_or_refreshed_entity_is_read_again_from_what_was_pushed(client: TestClient) -> None:
    put(client, [entity("a"), entity("b")])
    uid = client.get(BY_NAME + "a").json()["metadata"]["uid"]
    assert client.delete(f"/api/catalog/entities/by-uid/{uid}").status_code == 204
    assert client.get(BY_NAME + "a").json()["metadata"]["uid"] != uid
    assert client.post("/api/catalog/refresh", json={"entityRef": ref("b")}).status_code == 200


def test_a_set_is_read_again_after_a_restart_and_a_half_deleted_one_is_not(tmp_path: Path, reader: UrlReader) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    catalog = Catalog.open(url, search=False)
    with TestClient(create_app(Crawler(catalog, open_pushed=open_pushed(reader)), Access(dev=True))) as client:
        put(client, [entity("a")])
        put(client, [entity("b")], path="/api/sources/tf/entities")
    catalog.remove(ref("a"))
    cache = catalog.cache("pushed:tf")
    cache.put("pushed", b"")  # as when the process is killed while it takes the set away
    cache.flush()
    catalog.close()
    again = Catalog.open(url, search=False)
    Crawler(again, open_pushed=open_pushed(reader)).crawl_locations()
    assert again.view.get(ref("a")) is not None
    assert again.view.get(ref("b")) is None
    assert [state.name for state in again.sources()] == ["pushed:ci"]
    again.close()


def test_what_was_pushed_names_files_by_whole_urls_that_may_be_read(client: TestClient) -> None:
    api = entity("a")
    api["metadata"]["description"] = {"$text": "./secret.txt"}
    other = entity("b")
    other["metadata"]["description"] = {"$text": "http://127.0.0.1:1/secret.txt"}
    report = put(client, [api, other, entity("c")])
    said = [one["message"] for one in report["problems"]]
    assert "is relative, and what was pushed has no place" in said[0]
    assert "is not allowed" in said[1]
    assert report["added"] == [ref("c")]
    location = {"apiVersion": "backstage.io/v1alpha1", "kind": "Location", "metadata": {"name": "l"}}
    report = put(client, [location | {"spec": {"type": "file", "target": "/etc/hostname"}}, entity("c")])
    assert "must be of an allowed type" in report["problems"][0]["message"]


def test_five_megabytes_of_entities_and_more_are_one_set(client: TestClient, crawler: Crawler) -> None:
    one = entity("c", "x" * 900)
    many = [{**one, "metadata": {**one["metadata"], "name": f"c{number}"}} for number in range(6_000)]
    body = json.dumps(many).encode()
    assert 5_000_000 < len(body) < 10_000_000
    assert len(put(client, body)["added"]) == 6_000
    assert put(client, body)["unchanged"] == 6_000


def test_a_server_that_is_not_made_for_it_takes_nothing(catalog: Catalog) -> None:
    with TestClient(create_app(Crawler(catalog), Access(dev=True))) as client:
        assert put(client, [entity("a")])["status"] == 403
    with TestClient(create_app(Crawler(catalog), Access())) as client:
        assert put(client, [entity("a")])["status"] == 401
