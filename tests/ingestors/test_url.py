"""Files read over HTTP, from a real server: who is asked, how long, how much, and what is said when it fails."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest
from ada_url import URL

from catalog.errors import CatalogError, ReadError
from catalog.scm import Host, Hosts
from ingestors.url import MAX_BYTES, AllowedHost, UrlReader


class Site(NamedTuple):
    port: int
    pages: dict[str, Callable[[BaseHTTPRequestHandler], None]]
    asked: list[str]
    stop: Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def page(body: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(to: str, status: int = 302) -> Callable[[BaseHTTPRequestHandler], None]:
    return page(b"", status, Location=to)


@pytest.fixture
def site() -> Iterator[Site]:
    pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
    asked: list[str] = []
    stop = Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            asked.append(self.path)
            pages.get(self.path, page(b"", 404))(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Site(server.server_port, pages, asked, stop)
    stop.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def reader(site: Site) -> Iterator[UrlReader]:
    reader = UrlReader(allow=[AllowedHost.parse(f"127.0.0.1:{site.port}")])
    yield reader
    reader.close()


def failure(read: Callable[[], object]) -> ReadError:
    with pytest.raises(ReadError) as raised:
        read()
    return raised.value


def test_an_allowed_file_is_read_with_its_url_as_location(site: Site, reader: UrlReader) -> None:
    site.pages["/a.yaml"] = page(b"kind: X")
    (document,) = reader.read(f"{site.url}/a.yaml")
    assert document.content == b"kind: X"
    assert str(document.location) == f"url:{site.url}/a.yaml"
    assert document.annotations == {"backstage.io/view-url": f"{site.url}/a.yaml"}


def test_reading_is_possible_again_after_closing(site: Site, reader: UrlReader) -> None:
    site.pages["/a.yaml"] = page(b"1")
    assert reader.fetch(f"{site.url}/a.yaml") == b"1"
    reader.close()
    assert reader.fetch(f"{site.url}/a.yaml") == b"1"


def test_a_file_that_is_not_there_is_missing_in_backstages_words(site: Site, reader: UrlReader) -> None:
    url = f"{site.url}/none.yaml"
    read, fetched = failure(lambda: reader.read(url)), failure(lambda: reader.fetch(url))
    assert read.missing
    assert read.message == f"Unable to read url, no matching files found for {url}"
    assert fetched.missing
    assert fetched.message == f"could not read {url}, 404 Not Found"


@pytest.mark.parametrize("status", [304, 401, 500, 503])
def test_another_status_is_an_error(site: Site, reader: UrlReader, status: int) -> None:
    site.pages["/a.yaml"] = page(b"", status)
    error = failure(lambda: reader.read(f"{site.url}/a.yaml"))
    assert not error.missing
    assert error.name == "Error"
    assert error.message.startswith(f"Unable to read url, could not read {site.url}/a.yaml, {status} ")


NOT_ALLOWED = (
    "is not allowed. You may need to configure an integration for the target host, or add it to the configured list of "
    "allowed hosts at 'backend.reading.allow'"
)


@pytest.mark.parametrize(
    "url",
    ["https://nowhere.example.com/a.yaml", "ftp://127.0.0.1/a.yaml", "http://127.0.0.1/a", "file:///etc/passwd", "a:b",
     "ssh://git@github.com/o/r/blob/main/a.yaml"],
)  # fmt: skip
def test_other_places_are_not_asked(reader: UrlReader, url: str) -> None:
    error = failure(lambda: reader.fetch(url))
    shown = url.replace("git@", "")
    assert error.forbidden
    assert error.message == f"Reading from '{shown}' {NOT_ALLOWED}"
    error = failure(lambda: reader.read(url))
    assert error.name == "Error"
    assert error.message == f"Unable to read url, Reading from '{shown}' {NOT_ALLOWED}"


def test_what_is_no_url_is_said(reader: UrlReader) -> None:
    assert failure(lambda: reader.read("not a url")).message == "Unable to read url, Invalid URL"
    assert failure(lambda: reader.fetch("not a url")).name == "TypeError"


def test_a_glob_is_not_searched_for(site: Site, reader: UrlReader) -> None:
    error = failure(lambda: reader.read(f"{site.url}/*.yaml"))
    assert error.message == "Unable to read url, Unsupported search pattern URL"
    assert site.asked == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_followed(site: Site, reader: UrlReader, status: int) -> None:
    site.pages["/a.yaml"] = redirect("b.yaml", status)
    site.pages["/b.yaml"] = page(b"there")
    (document,) = reader.read(f"{site.url}/a.yaml")
    assert (document.content, document.location.target) == (b"there", f"{site.url}/a.yaml")


def test_a_303_is_no_redirect(site: Site, reader: UrlReader) -> None:
    site.pages["/a.yaml"] = redirect("b.yaml", 303)
    assert failure(lambda: reader.fetch(f"{site.url}/a.yaml")).message.endswith("/a.yaml, 303 See Other")


def test_redirects_end(site: Site, reader: UrlReader) -> None:
    site.pages["/a.yaml"] = redirect("/a.yaml")
    error = failure(lambda: reader.fetch(f"{site.url}/a.yaml"))
    assert error.message == f"Too many redirects (max 5) when reading {site.url}/a.yaml"
    assert len(site.asked) == 5


@pytest.mark.parametrize("to", ["http://localhost:{port}/secret", "http://127.0.0.1:1/secret", "file:///etc/passwd"])
def test_each_hop_must_be_allowed(site: Site, reader: UrlReader, to: str) -> None:
    site.pages["/a.yaml"] = redirect(to.format(port=site.port))
    error = failure(lambda: reader.fetch(f"{site.url}/a.yaml"))
    assert error.message == f"URL not allowed by backend.reading.allow configuration: {to.format(port=site.port)}"
    assert site.asked == ["/a.yaml"]


def test_what_a_server_sends_us_on_to_is_shown_without_secrets(site: Site, reader: UrlReader) -> None:
    site.pages["/a.yaml"] = redirect(f"http://user:hunter2@127.0.0.1:{site.port}/b.yaml?token=hunter2")
    error = failure(lambda: reader.fetch(f"{site.url}/a.yaml"))
    assert error.message == f"could not read {site.url}/b.yaml, 404 Not Found"


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "github.com", "nowhere.example.com"])
def test_a_url_with_a_password_is_neither_read_nor_shown(site: Site, reader: UrlReader, host: str) -> None:
    url = f"http://user:hunter2@{host.format(port=site.port)}/o/r/blob/main/a.yaml"
    for read in (reader.read, reader.fetch):
        error = failure(lambda read=read: read(url))  # type: ignore[misc]
        assert "hunter2" not in error.message
        assert "user:" not in error.message
    assert site.asked == []


def test_too_large_a_file_is_not_read(site: Site, reader: UrlReader) -> None:
    site.pages["/large"] = page(b"x" * (MAX_BYTES + 1))
    site.pages["/full"] = page(b"x" * MAX_BYTES)
    error = failure(lambda: reader.fetch(f"{site.url}/large"))
    assert error.message == f"Unable to read {site.url}/large, it is larger than 5,000,000 bytes"
    assert len(reader.fetch(f"{site.url}/full")) == MAX_BYTES


def test_a_server_that_drips_is_given_up(site: Site) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not site.stop.wait(0.05):
                handler.wfile.write(b"X-Slow: 1\r\n")
        except OSError:
            pass

    site.pages["/slow"] = drip
    reader = UrlReader(allow=[AllowedHost.parse(f"127.0.0.1:{site.port}")], seconds=0.4)
    started = time.monotonic()
    error = failure(lambda: reader.fetch(f"{site.url}/slow"))
    reader.close()
    assert error.message == f"Unable to read {site.url}/slow, no answer within 0.4 seconds"
    assert time.monotonic() - started < 20


def test_closing_ends_what_is_being_read(site: Site, reader: UrlReader) -> None:
    def wait(handler: BaseHTTPRequestHandler) -> None:
        Thread(target=reader.close).start()
        site.stop.wait(60)

    site.pages["/slow"] = wait
    error = failure(lambda: reader.fetch(f"{site.url}/slow"))
    assert error.message == f"Unable to read {site.url}/slow, the reader was closed"
    site.stop.set()


def test_a_port_where_nobody_listens_is_an_error() -> None:
    reader = UrlReader(allow=[AllowedHost.parse("127.0.0.1:1")])
    error = failure(lambda: reader.read("http://127.0.0.1:1/a"))
    reader.close()
    assert error.message.startswith("Unable to read url, Unable to read http://127.0.0.1:1/a, ")


def test_cookies_are_not_kept(site: Site, reader: UrlReader) -> None:
    sent: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        sent.append(handler.headers.get("Cookie"))
        page(b"", 200, **{"Set-Cookie": "a=b"})(handler)

    site.pages["/a"] = answer
    reader.fetch(f"{site.url}/a")
    reader.fetch(f"{site.url}/a")
    assert sent == [None, None]


def hosted(site: Site, **found: Any) -> UrlReader:
    return UrlReader(Hosts([Host(f"127.0.0.1:{site.port}", **found)]))


def test_a_file_of_a_code_host_is_read_by_its_address_for_programs(site: Site) -> None:
    site.pages["/raw/o/r/main/a.yaml"] = page(b"kind: X")
    reader = hosted(site, type="github", raw_url=f"{site.url}/raw")
    url = f"{site.url}/o/r/blob/main/a.yaml"
    (document,) = reader.read(url)
    assert document.content == b"kind: X"
    assert document.location.target == url
    assert document.annotations["backstage.io/source-location"] == f"url:{site.url}/o/r/tree/main/"
    error = failure(lambda: reader.fetch(f"{site.url}/o/r/blob/main/none.yaml"))
    assert error.missing
    assert error.message == f"Request failed for {site.url}/raw/o/r/main/none.yaml, 404 Not Found"
    error = failure(lambda: reader.read(f"{site.url}/o/r"))
    assert error.message == (
        f"Unable to read url, Incorrect URL: {site.url}/o/r, Error: Invalid GitHub URL or file path"
    )
    reader.close()


def test_a_code_host_may_send_us_about_its_own_pages_only(site: Site) -> None:
    site.pages["/o/r/main/a.yaml"] = redirect("/moved")
    site.pages["/moved"] = page(b"1")
    site.pages["/o/r/main/b.yaml"] = redirect(f"http://localhost:{site.port}/moved")
    reader = hosted(site, type="github", raw_url=site.url)
    assert reader.fetch(f"{site.url}/o/r/blob/main/a.yaml") == b"1"
    error = failure(lambda: reader.fetch(f"{site.url}/o/r/blob/main/b.yaml"))
    assert error.message.startswith("URL not allowed by backend.reading.allow configuration: ")
    reader.close()


def test_a_token_goes_to_its_host_and_to_no_other(site: Site) -> None:
    seen: list[tuple[str, str | None]] = []

    def tell(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            seen.append((handler.path, handler.headers.get("authorization")))
            (redirect(to) if to else page(b"kind: X"))(handler)

        return answer

    api = "/api/repos/o/r/contents"
    site.pages[f"{api}/a.yaml?ref=main"] = tell(f"http://localhost:{site.port}/elsewhere")
    site.pages[f"{api}/b.yaml?ref=main"] = tell("/same")
    site.pages["/elsewhere"], site.pages["/same"], site.pages["/allowed"] = tell(""), tell(""), tell("")
    name = f"127.0.0.1:{site.port}"
    host = Host(name, "github", api_url=f"{site.url}/api", raw_url=f"{site.url}/raw")
    allow = [AllowedHost.parse(f"localhost:{site.port}")]
    reader = UrlReader(Hosts([host]), allow, headers={name: lambda: {"authorization": "Bearer sesame"}})
    for url in (f"{site.url}/o/r/blob/main/a.yaml", f"{site.url}/o/r/blob/main/b.yaml"):
        assert reader.fetch(url) == b"kind: X"
    assert reader.fetch(f"http://localhost:{site.port}/allowed") == b"kind: X"
    reader.close()
    assert seen == [
        (f"{api}/a.yaml?ref=main", "Bearer sesame"),
        ("/elsewhere", None),
        (f"{api}/b.yaml?ref=main", "Bearer sesame"),
        ("/same", "Bearer sesame"),
        ("/allowed", None),
    ]


def test_github_says_when_it_has_been_asked_too_often(site: Site) -> None:
    site.pages["/o/r/main/a.yaml"] = page(b"", 403, **{"x-ratelimit-remaining": "0"})
    reader = hosted(site, type="github", raw_url=site.url)
    error = failure(lambda: reader.fetch(f"{site.url}/o/r/blob/main/a.yaml"))
    reader.close()
    assert error.message.endswith("403 Forbidden (rate limit exceeded)")


def test_what_gitea_packs_is_unpacked(site: Site) -> None:
    packed = json.dumps({"encoding": "base64", "content": base64.b64encode(b"kind: X").decode()}).encode()
    site.pages["/api/v1/repos/o/r/contents/a.yaml?ref=main"] = page(packed)
    site.pages["/api/v1/repos/o/r/contents/b.yaml?ref=main"] = page(b"<html>")
    reader = hosted(site, type="gitea", base_url=site.url)
    assert reader.fetch(f"{site.url}/o/r/src/branch/main/a.yaml") == b"kind: X"
    failure(lambda: reader.fetch(f"{site.url}/o/r/src/branch/main/b.yaml"))
    url = f"{site.url}/o/r/src/branch/main/c.yaml"
    raw = f"{site.url}/api/v1/repos/o/r/contents/c.yaml?ref=main"
    assert failure(lambda: reader.fetch(url)).message == f"{url} could not be read as {raw}, 404 Not Found"
    reader.close()


RULES = [
    ("example.com", None, "https://example.com/a", True),
    ("example.com", None, "https://EXAMPLE.com:443/a", True),
    ("example.com", None, "https://example.com:8443/a", False),
    ("example.com", None, "https://a.example.com/", False),
    ("example.com", None, "https://example.com.evil.org/", False),
    ("*.example.com", None, "https://a.b.example.com/", True),
    ("*.example.com", None, "https://example.com/", False),
    ("*.example.com", None, "https://evilexample.com/", False),
    ("example.com:80", None, "http://example.com/", True),
    ("example.com:80", None, "https://example.com/", False),
    ("example.com:8000-8010", None, "http://example.com:8010/", True),
    ("example.com:8000-8010", None, "http://example.com:8011/", False),
    ("[::1]:80", None, "http://[::1]/", True),
    ("127.0.0.1", None, "http://2130706433/", True),
    ("example.com", ["/a"], "https://example.com/a", True),
    ("example.com", ["/a"], "https://example.com/a/b", True),
    ("example.com", ["/a"], "https://example.com/ab", False),
    ("example.com", ["/a/"], "https://example.com/a", False),
    ("example.com", ["/a/"], "https://example.com/a/b", True),
    ("example.com", ["/a"], "https://example.com/a/../b", False),
    ("example.com", ["/a"], "https://example.com/a/%2e%2e/b", False),
    ("example.com", ["/a"], "https://example.com/a/..%2fb", False),
    ("example.com", ["/a"], "https://example.com//a/b", True),
    ("example.com", ["/a b"], "https://example.com/a%20b/c", False),
    ("example.com", ["/a%20b"], "https://example.com/a%20b/c", True),
    ("example.com", ["/"], "https://example.com/a", True),
    ("example.com", [], "https://example.com/", False),
]


@pytest.mark.parametrize(("host", "paths", "url", "allowed"), RULES)
def test_allow_rules_are_backstages(host: str, paths: list[str] | None, url: str, allowed: bool) -> None:
    assert AllowedHost.parse(host, paths).allows(URL(url)) is allowed


@pytest.mark.parametrize("text", ["", "a:b", "a:1-", "a:9-1", "a:0", "a:70000", "http://a", "a/b", "a:1:2", "a b"])
def test_a_host_that_cannot_be_allowed_is_refused(text: str) -> None:
    with pytest.raises(CatalogError) as raised:
        AllowedHost.parse(text)
    assert raised.value.code == "invalid"
