"""A host's API asked over real HTTP: unchanged answers, faults on the way, rate limits, and the token that goes nowhere else."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from catalog.documents import Usage
from catalog.errors import ReadError
from ingestors.fetch import RETRIES, Api, RateLimitError

Page = Callable[[BaseHTTPRequestHandler], None]


NOW = 1_795_910_400.0
"""The moment at which all of this happens, by the clock of who asks."""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time stands still: nothing that is reckoned from it depends on how busy the machine is."""
    monkeypatch.setattr("ingestors.fetch.time", SimpleNamespace(time=lambda: NOW))


class Memory:
    """A cache that lasts as long as its test."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: str, content: bytes) -> None:
        self.kept[key] = content

    def flush(self) -> None:
        pass

    def forget_unused(self) -> None:
        pass


class Site:
    """What a server answers, by path: one page after the other, the last for ever."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Page]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.naps: list[float] = []
        self.apis: list[Api] = []
        self.usage, self.cache = Usage(), Memory()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                pages = site.pages.get(self.path, [page(b"", 404)])
                (pages.pop(0) if len(pages) > 1 else pages[0])(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.do_GET()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def api(self, **options: Any) -> Api:
        headers = lambda: {"authorization": "Bearer token-1"}  # noqa: E731
        opened = Api(self.url, self.usage, self.cache, headers, sleep=self.naps.append, **options)
        self.apis.append(opened)
        return opened

    def close(self) -> None:
        for api in self.apis:
            api.close()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    opened = Site()
    yield opened
    opened.close()


def page(body: bytes, status: int = 200, **headers: str) -> Page:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        (handler.send_response_only if "Date" in headers else handler.send_response)(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, ")
    handler.close_connection = True


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    handler.close_connection = True
    try:
        for _ in range(500):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        pass  # it was given up


def unchanged(body: bytes) -> Page:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        is_known = handler.headers["if-none-match"] == '"v1"'
        page(b"" if is_known else body, 304 if is_known else 200, ETag='"v1"')(handler)

    return answer


def test_an_answer_that_has_not_changed_is_taken_from_the_cache(site: Site) -> None:
    site.pages["/list"] = [unchanged(b"[1]")]
    assert site.api().get("list").json == [1]
    assert site.api().get("list").json == [1]
    assert (site.usage.requests, site.usage.cached) == (2, 1)


def test_an_answer_that_has_not_changed_may_have_another_page_after_it(site: Site) -> None:
    more = f'<{site.url}/list?page=2>; rel="next"'
    alike = page(b"", 304, ETag='"v1"')
    site.pages["/list"] = [page(b"[1]", ETag='"v1"'), page(b"", 304, ETag='"v1"', Link=more), alike]
    found = [site.api().get("list") for _ in range(3)]
    assert [answer.json for answer in found] == [[1]] * 3
    assert [answer.next for answer in found] == ["", f"{site.url}/list?page=2", f"{site.url}/list?page=2"]


def test_what_is_not_to_be_kept_is_asked_for_anew(site: Site) -> None:
    site.pages["/file"] = [unchanged(b"x")]
    for _ in range(2):
        assert site.api().get("file", is_json=False, keep=False).body == b"x"
    assert site.cache.kept == {}


def test_not_changed_as_an_answer_to_another_question_is_an_error(site: Site) -> None:
    site.pages["/list"] = [page(b"", 304)]
    with pytest.raises(ReadError, match="nobody asked"):
        site.api().get("list")


@pytest.mark.parametrize(
    "fault",
    [
        page(b"", 500),
        page(b"", 502),
        page(b"", 503, Retry_After="1"),
        cut,
        page(b"[1, "),
        page(b"<html>", Content_Encoding="gzip"),
        page(gzip.compress(json.dumps(list(range(999))).encode())[:500], Content_Encoding="gzip"),
    ],
    ids=["500", "502", "503", "cut", "half JSON", "not gzip", "half gzip"],
)
def test_what_passes_is_asked_again_with_more_and_more_time_between(site: Site, fault: Page) -> None:
    site.pages["/list"] = [fault, fault, page(b"[1]")]
    assert site.api().get("list").json == [1]
    assert site.usage.retries == 2
    assert sum(site.usage.faults.values()) == 2
    assert 0.25 <= site.naps[0] <= 0.75
    assert 0.5 <= site.naps[1] <= 1.5


def test_what_does_not_pass_is_an_error_that_says_what(site: Site) -> None:
    site.pages["/list"] = [page(b"", 500)]
    with pytest.raises(ReadError, match="/list could not be read: 500"):
        site.api().get("list")
    assert site.usage.requests == RETRIES + 1
    site.pages["/half"] = [cut]
    with pytest.raises(ReadError, match="/half could not be read: peer closed"):
        site.api().get("half")


def test_a_body_that_drips_is_given_up(site: Site) -> None:
    site.pages["/slow"] = [drip, page(b"[1]")]
    assert site.api(whole_seconds=0.5).get("slow").json == [1]
    assert "not whole after 0.5 seconds" in next(iter(site.usage.faults))


def test_a_host_that_says_nothing_is_given_up(site: Site) -> None:
    site.pages["/mute"] = [lambda handler: time.sleep(10), page(b"[1]")]
    assert site.api(timeout=httpx.Timeout(0.5)).get("mute").json == [1]


def test_a_short_rate_limit_is_waited_for(site: Site) -> None:
    site.pages["/list"] = [page(b"{}", 429, Retry_After="2"), page(b"[1]")]
    assert site.api().get("list").json == [1]
    assert site.naps == [2]


def test_a_long_rate_limit_ends_it_and_says_until_when(site: Site) -> None:
    headers = {"Date": formatdate(NOW, usegmt=True), "X_RateLimit_Reset": f"{NOW + 900:.0f}"}
    spent = page(b'{"message":"API rate limit exceeded"}', 403, X_RateLimit_Remaining="0", **headers)
    site.pages["/list"] = [spent]
    with pytest.raises(RateLimitError, match=r"rate limited by 127.0.0.1:\d+ until \d{4}-"):
        site.api().get("list")
    assert (site.usage.requests, site.usage.left, site.naps) == (1, 0, [])
    assert site.usage.resets_at == NOW + 900


def test_a_secondary_limit_without_a_time_is_waited_for_and_then_ends_it(site: Site) -> None:
    site.pages["/list"] = [page(b'{"message":"You have exceeded a secondary rate limit"}', 403)]
    with pytest.raises(RateLimitError):
        site.api().get("list")
    assert len(site.naps) == RETRIES
    assert site.usage.resets_at == NOW + 60


def test_a_limit_that_was_over_is_forgotten_by_the_next_good_answer(site: Site) -> None:
    site.usage.left = 0
    site.pages["/list"] = [page(b"[1]")]
    site.api().get("list")
    assert site.usage.left is None


def test_the_hosts_numbers_are_kept_a_reset_in_seconds_from_now_too(site: Site) -> None:
    site.pages["/list"] = [page(b"[]", RateLimit_Remaining="12", RateLimit_Limit="60", RateLimit_Reset="30")]
    site.api().get("list")
    assert (site.usage.left, site.usage.limit) == (12, 60)
    assert site.usage.resets_at == NOW + 30


def test_a_reset_is_told_by_the_hosts_clock_whatever_ours_says(site: Site) -> None:
    ahead = NOW + 7200
    headers = {"Date": formatdate(ahead, usegmt=True), "X_RateLimit_Reset": f"{ahead + 30:.0f}"}
    site.pages["/list"] = [page(b"[]", X_RateLimit_Remaining="12", **headers)]
    site.api().get("list")
    assert site.usage.resets_at == NOW + 30
    again = {**headers, "Retry_After": formatdate(ahead + 5, usegmt=True)}
    site.pages["/busy"] = [page(b"{}", 429, **again), page(b"[]")]
    site.api().get("busy")
    assert site.naps[-1] == 5


@pytest.mark.parametrize(("status", "missing", "forbidden"), [(404, True, False), (410, True, False), (401, False, True),
                                                              (403, False, True), (418, False, False)])  # fmt: skip
def test_what_will_not_get_better_is_asked_once(site: Site, status: int, missing: bool, forbidden: bool) -> None:
    site.pages["/x"] = [page(b'{"message":"no"}', status)]
    with pytest.raises(ReadError, match=str(status)) as caught:
        site.api().get("x")
    assert (caught.value.missing, caught.value.forbidden) == (missing, forbidden)
    assert site.usage.requests == 1


def test_every_page_of_a_list_is_read_and_a_circle_is_an_error(site: Site) -> None:
    site.pages["/list"] = [page(b"[1]", Link=f'<{site.url}/list?page=2>; rel="next", <{site.url}/list>; rel="first"')]
    site.pages["/list?page=2"] = [page(b"[2]")]
    assert [answer.json for answer in site.api().pages("list")] == [[1], [2]]
    site.pages["/list?page=2"] = [page(b"[2]", Link=f'<{site.url}/list>; rel="next"')]
    with pytest.raises(ReadError, match="in circles"):
        list(site.api().pages("list"))


def test_the_token_goes_to_its_host_alone_whatever_a_redirect_or_a_next_page_says(site: Site) -> None:
    other = Site()
    for evil in (
        f"{other.url}/steal",
        "//elsewhere.example/steal",
        f"http://user@127.0.0.1:{other.server.server_port}/",
    ):
        site.pages["/moved"] = [page(b"", 302, Location=evil)]
        with pytest.raises(ReadError, match="it is not asked") as caught:
            site.api().get("moved")
        assert caught.value.forbidden
    site.pages["/list"] = [page(b"[1]", Link=f'<{other.url}/list>; rel="next"')]
    with pytest.raises(ReadError, match="it is not asked"):
        list(site.api().pages("list"))
    assert other.asked == []
    other.close()


def test_a_redirect_within_the_host_is_followed_but_not_in_circles(site: Site) -> None:
    site.pages["/old"] = [page(b"", 301, Location="/new")]
    site.pages["/new"] = [page(b"[1]")]
    assert site.api().get("old").json == [1]
    site.pages["/new"] = [page(b"", 302, Location="/old")]
    with pytest.raises(ReadError, match="in circles"):
        site.api().get("old")


def test_no_secret_of_a_url_is_in_a_message(site: Site) -> None:
    with pytest.raises(ReadError) as caught:
        site.api().get("list", {"private_token": "sesame"})
    assert "sesame" not in caught.value.message


def test_questions_by_post_are_repeated_like_others(site: Site) -> None:
    site.pages["/graphql"] = [page(b"", 502), page(json.dumps({"data": {}}).encode())]
    assert site.api().post("graphql", {"query": "{}"}).json == {"data": {}}
