"""An S3-compatible bucket, served by moto's server."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Location, Root, Usage
from catalog.errors import ReadError
from ingestors import s3
from ingestors.s3 import S3Source
from ingestors.url import UrlReader
from tests.conftest import component

KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "secret-1234567890"}
A = "component:default/a"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A bucket of the test's own."""
    name = f"bucket-{abs(hash(request.node.nodeid)) % 10**9}"
    keys = {"aws_access_key_id": KEYS["access_key"], "aws_secret_access_key": KEYS["secret_key"]}
    resource = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    yield resource.create_bucket(Bucket=name)
    resource.meta.client.close()


Make = Callable[..., S3Source]


@pytest.fixture
def make(endpoint: str, catalog: Catalog) -> Iterator[Make]:
    reader = UrlReader()
    made: list[S3Source] = []

    def new(bucket: str, **more: Any) -> S3Source:
        given = {"endpoint": endpoint, **KEYS, **more}
        made.append(S3Source("s3", bucket, catalog.cache("s3"), Usage(), reader, **given))
        return made[-1]

    yield new
    for source in made:
        source.close()
    reader.close()


def targets(source: S3Source) -> list[str]:
    return [found.location.target for found in source.crawl() if isinstance(found, Root)]


def test_every_object_below_the_prefix_is_a_required_location_at_its_url(
    bucket: Any, make: Make, endpoint: str
) -> None:
    for key in ("team/a.yaml", "team/deep/b c.yaml", "team/folder/", "team/x/../y.yaml", "other/c.yaml"):
        bucket.put_object(Key=key, Body=b"x")
    source = make(bucket.name, prefix="team/")
    at = f"{endpoint}/{bucket.name}/team/"
    roots = list(source.crawl())
    assert [one.location for one in roots] == [Location("url", at + "a.yaml"), Location("url", at + "deep/b%20c.yaml")]
    assert {one.presence for one in roots if isinstance(one, Root)} == {"required"}
    (document,) = source.read(at + "deep/b%20c.yaml", roots[1].location, "url")
    assert (document.content, document.location) == (b"x", roots[1].location)


@pytest.mark.parametrize(
    ("bucket_name", "options", "url"),
    [
        ("docs", {"region": "eu-west-1"}, "https://docs.s3.eu-west-1.amazonaws.com/"),
        ("docs.example", {}, "https://s3.us-east-1.amazonaws.com/docs.example/"),
        ("docs", {"endpoint": "https://minio.example.com/"}, "https://minio.example.com/docs/"),
        ("docs", {"endpoint": "https://minio.example.com", "path_style": False}, "https://docs.minio.example.com/"),
    ],
)
def test_urls_are_those_of_the_service(bucket_name: str, options: dict[str, Any], url: str, make: Make) -> None:
    assert make(bucket_name, **{"endpoint": "", **options}).url == url


def test_an_unchanged_bucket_costs_its_list_and_a_changed_object_itself(
    bucket: Any, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_PAGE", 20)
    for number in range(25):
        bucket.put_object(Key=f"{number:04}.yaml", Body=component(f"a{number}").encode())
    source = make(bucket.name)
    assert len(targets(source)) == 25
    assert source.usage.requests == 2 + 25
    source.usage.clear()
    assert len(targets(source)) == 25
    assert (source.usage.requests, source.usage.cached) == (2, 25)
    bucket.put_object(Key="0005.yaml", Body=b"new")
    source.usage.clear()
    found = targets(source)
    assert source.usage.requests == 3
    assert source.read(found[5], Location("url", found[5]), "url")[0].content == b"new"


def test_what_objects_name_is_of_the_same_bucket_or_judged_as_everywhere(bucket: Any, make: Make) -> None:
    for key in ("a/all.yaml", "a/x.yaml", "text.md"):
        bucket.put_object(Key=key, Body=key.encode())
    source = make(bucket.name, prefix="a/all")
    (target,) = targets(source)
    base = Location("url", target)
    assert source.read("./x.yaml", base, "url")[0].content == b"a/x.yaml"
    assert source.fetch("../text.md", base) == b"text.md"
    with pytest.raises(ReadError, match="NoSuchKey") as caught:
        source.read("./gone.yaml", base, "url")
    assert caught.value.missing
    for elsewhere in (
        "../../other-bucket/x",
        "http://169.254.169.254/",
        "..%2f..%2fother-bucket/x",
        "file:///etc/passwd",
    ):
        with pytest.raises(ReadError, match="is not allowed"):
            source.read(elsewhere, base, "url")
    with pytest.raises(ReadError, match="allowed type"):
        source.read("/etc/passwd", base, "file")


def test_a_missing_bucket_and_an_object_that_is_too_large_are_said(
    bucket: Any, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ReadError, match="NoSuchBucket") as caught:
        targets(make("no-such-bucket"))
    assert caught.value.missing
    monkeypatch.setattr(s3, "MAX_BYTES", 10)
    bucket.put_object(Key="a.yaml", Body=b"a" * 11)
    source = make(bucket.name)
    (target,) = targets(source)
    with pytest.raises(ReadError, match="larger than 10 bytes"):
        source.read(target, Location("url", target), "url")


@pytest.fixture
def faulty() -> Iterator[tuple[str, list[int]]]:
    """A service that answers with the statuses in the list, and 0 for a cut connection."""
    statuses: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = statuses.pop(0) if statuses else 500
            if status:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()
            else:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", statuses
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_crawl_that_fails_changes_nothing_and_shows_no_secret(
    bucket: Any, make: Make, catalog: Catalog, faulty: tuple[str, list[int]]
) -> None:
    bucket.put_object(Key="a.yaml", Body=component("a").encode())
    source = make(bucket.name)
    crawler = Crawler(catalog, [source])
    report = crawler.crawl("s3")
    assert report is not None
    assert A in report.added
    url, statuses = faulty
    statuses += [403]
    broken = make(bucket.name, endpoint=url)
    denied = Crawler(catalog, [broken]).crawl("s3")
    assert denied is not None
    assert "403" in denied.failure
    statuses += [0, 503, 500, 500]
    failed = Crawler(catalog, [broken]).crawl("s3")
    assert failed is not None
    assert failed.failure
    assert (broken.usage.requests, broken.usage.retries) == (4, 3)
    assert broken.usage.faults
    assert KEYS["secret_key"] not in f"{failed} {denied} {broken.usage}"
    assert catalog.view.get(A) is not None
