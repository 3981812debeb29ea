"""The checker of pasted files and of files by URL, as a page and as JSON; what it is given is never kept."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from ingestors.registry import open_locations
from ingestors.url import AllowedHost, UrlReader
from tests.conftest import component
from web.access import Access
from web.app import create_app

FILES = {
    "/good.yaml": component("delta") + "  dependsOn: [component:alpha, resource:nowhere]\n",
    "/text.yaml": component("delta", "{$text: ./note.txt}").replace("'", ""),
    "/large.yaml": "#" * 100_001,
    "/note.txt": "Read from beside it",
}


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = FILES.get(self.path)
        self.send_response(200 if text is not None else 404)
        self.end_headers()
        self.wfile.write((text or "").encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(catalog: Catalog, tmp_path: Path, host: str) -> Iterator[TestClient]:
    """A server that lets nobody write, over a folder with one component; files may be read from one host."""
    (tmp_path / "catalog-info.yaml").write_text(component("alpha"))
    source = FolderSource(tmp_path)
    catalog.ingest(source)
    reader = UrlReader(allow=[AllowedHost.parse(host)])
    yield TestClient(create_app(Crawler(catalog, [source], open_locations(reader)), Access()))
    reader.close()


def paste(client: TestClient, text: str = "", url: str = "", status: int = 200) -> str:
    answer = client.post("/check", data={"text": text, "url": url})
    assert answer.status_code == status, answer.text
    return answer.text


def ask(client: TestClient, text: str) -> dict[str, Any]:
    answer = client.post("/api/check", content=text.encode(), headers={"content-type": "application/yaml"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_empty_form_needs_no_script_and_names_its_json_twin(client: TestClient) -> None:
    html = client.get("/check").text
    assert '<form method="post" action="/check"' in html
    assert "POST /api/check" in html
    assert 'name="url"' in html


def test_several_documents_are_judged_each_by_itself_and_nothing_is_kept(client: TestClient, catalog: Catalog) -> None:
    before = catalog.view.revision
    html = paste(client, component("delta") + "---\n" + component("Not a name <b>"))
    assert "1 error" in html
    assert "2 documents" in html
    assert "accepted" in html
    assert "refused" in html
    assert '<pre class="one-line" tabindex="0"><code>  name: Not a name &lt;b&gt;</code></pre>' in html
    assert "line 14, column 9" in html
    assert (catalog.view.revision, len(catalog.view), catalog.problems) == (before, 1, ())


def test_an_entity_is_shown_as_it_would_be_with_its_relations(client: TestClient) -> None:
    text = component("delta") + "  dependsOn: [component:alpha, component:epsilon, resource:nowhere]\n---\n"
    found = ask(client, text + component("epsilon"))
    assert found["valid"] is True
    first = found["documents"][0]
    assert (first["entityRef"], first["line"], first["heldBy"]) == ("component:default/delta", 1, None)
    assert first["entity"]["metadata"]["namespace"] == "default"
    relations = {(one["type"], one["targetRef"]): one["exists"] for one in first["relations"]}
    assert relations == {
        ("ownedBy", "group:default/team-a"): False,
        ("dependsOn", "component:default/alpha"): True,
        ("dependsOn", "component:default/epsilon"): True,  # the next document
        ("dependsOn", "resource:default/nowhere"): False,
    }
    html = paste(client, text)
    assert "dependsOn" in html
    assert html.count("not in the catalog") == 3
    assert "As it would be served" in html


def test_a_ref_that_a_file_has_already_is_told(client: TestClient, tmp_path: Path) -> None:
    assert ask(client, component("alpha"))["documents"][0]["heldBy"] == f"file:{tmp_path}/catalog-info.yaml"
    assert "This document changes it only if it is that file" in paste(client, component("alpha"))


@pytest.mark.parametrize("text", ["kind: [", "\t", "- a\n- b\n", "a: &x [*x]\n", "\x00", "kind: Komponent\n", "~"])
def test_what_is_no_catalog_file_says_where_and_why(client: TestClient, text: str) -> None:
    found = ask(client, text)
    assert found["valid"] is False
    assert [problem for one in found["documents"] for problem in one["problems"]] or found["documents"] == []
    paste(client, text, status=200 if text.strip() else 400)


def test_windows_line_ends_keep_their_lines(client: TestClient) -> None:
    html = paste(client, component("delta").replace("kind: Component", "kind: Komponent").replace("\n", "\r\n"))
    assert "line 2, column" in html
    assert "kind: Komponent</code></pre>" in html


def test_what_was_pasted_is_still_there_and_harmless(client: TestClient) -> None:
    text = "\n</textarea><script>alert(1)</script>\n"
    html = paste(client, text)
    assert "<script>alert" not in html
    assert re.search(r"<textarea[^>]*>\n\n&lt;/textarea&gt;&lt;script&gt;", html)


def test_a_file_is_read_by_its_url_with_what_it_points_to(client: TestClient, host: str) -> None:
    html = paste(client, url=f"http://{host}/good.yaml")
    assert "All good" in html
    found = client.post("/api/check", json={"url": f"http://{host}/text.yaml"}).json()
    assert found["file"] == f"http://{host}/text.yaml"
    assert found["documents"][0]["entity"]["metadata"]["description"] == "Read from beside it"


def test_only_hosts_that_may_be_read_are_asked(client: TestClient, host: str) -> None:
    port = host.partition(":")[2]
    for url in (
        "http://127.0.0.1:1/x",
        f"http://localhost:{port}/good.yaml",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "/etc/passwd",
        "javascript:alert(1)",
        "http://[",
    ):
        html = paste(client, url=url, status=400)
        assert 'role="alert"' in html, url
        assert "root:" not in html
        assert client.post("/api/check", json={"url": url}).status_code in (400, 403), url
    assert "longer than" in paste(client, url=f"http://{host}/large.yaml", status=400)
    assert "no matching files found" in paste(client, url=f"http://{host}/nothing.yaml", status=400)


def test_pasted_text_is_judged_without_reading_anything(client: TestClient) -> None:
    found = ask(client, component("delta", "{$text: http://127.0.0.1:1/x}"))
    assert found["documents"][0]["accepted"] is True


def test_what_is_no_question_is_refused_in_words(client: TestClient) -> None:
    assert "Paste a catalog file" in paste(client, status=400)
    assert "longer than" in paste(client, "a" * 100_001, status=400)
    for body in ({}, {"url": "x", "yaml": "y"}, {"url": 1}, {"text": "x"}, []):
        assert client.post("/api/check", json=body).status_code == 400, body
    kinds = {"content-type": "image/png"}
    assert client.post("/api/check", content=b"x", headers=kinds).status_code == 415
    assert client.post("/check", content=b"text=a", headers=kinds).status_code == 400


def test_without_registered_locations_there_is_no_field_for_a_url(catalog: Catalog) -> None:
    client = TestClient(create_app(Crawler(catalog)))
    assert 'name="url"' not in client.get("/check").text
    assert "All good" in paste(client, component("delta"))
    assert client.post("/api/check", json={"url": "https://github.com/a/b/blob/main/c.yaml"}).status_code == 403
