"""Registered locations, read from a real server."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from catalog.documents import Location, Root
from catalog.errors import ReadError
from catalog.scm import Hosts
from ingestors.location import LocationSource
from ingestors.url import AllowedHost, UrlReader


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "site"
    (folder / "more").mkdir(parents=True)
    (folder / "a.yaml").write_text("a")
    (folder / "more" / "b.yaml").write_text("b")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def reader(base: str) -> Iterator[UrlReader]:
    reader = UrlReader(Hosts(), [AllowedHost.parse(base.removeprefix("http://"))])
    yield reader
    reader.close()


def source(reader: UrlReader, target: str, kind: str = "url", *, allow_files: bool = False) -> LocationSource:
    return LocationSource("location:1", Location(kind, target), "optional", "generated-1", reader, allow_files)


def failure(source: LocationSource, target: str, base: Location, kind: str = "url") -> ReadError:
    with pytest.raises(ReadError) as raised:
        source.read(target, base, kind)
    return raised.value


def test_the_crawl_is_one_root_with_its_annotations(base: str, reader: UrlReader) -> None:
    found = list(source(reader, f"{base}/a.yaml").crawl())
    annotations = {"backstage.io/view-url": f"{base}/a.yaml"}
    assert found == [Root(Location("url", f"{base}/a.yaml"), "optional", "generated-1", annotations)]
    (root,) = source(reader, "/srv/a.yaml", "file", allow_files=True).crawl()
    assert isinstance(root, Root)
    assert root.annotations == {}


def test_relative_targets_are_relative_to_the_url_they_stand_in(base: str, reader: UrlReader) -> None:
    at = Location("url", f"{base}/a.yaml")
    (document,) = source(reader, at.target).read("./more/b.yaml", at, "url")
    assert (document.content, document.location.target) == (b"b", f"{base}/more/b.yaml")
    (document,) = source(reader, at.target).read(at.target, at, "url")
    assert document.content == b"a"


def test_a_url_is_not_relative_to_a_file(base: str, reader: UrlReader) -> None:
    error = failure(source(reader, f"{base}/a.yaml"), "./b.yaml", Location("file", "/srv/a.yaml"))
    assert error.message == "Unable to read url, Invalid URL"


def test_a_target_that_is_no_url_is_said(reader: UrlReader) -> None:
    error = failure(source(reader, "not a url"), "not a url", Location("url", "not a url"))
    assert (error.name, error.message) == ("Error", "Unable to read url, Invalid URL")


@pytest.mark.parametrize("kind", ["file", "github", ""])
def test_a_url_location_may_not_name_other_types(base: str, reader: UrlReader, kind: str) -> None:
    error = failure(source(reader, f"{base}/a.yaml"), "/etc/hostname", Location("url", f"{base}/a.yaml"), kind)
    assert error.forbidden
    assert error.name == "InputError"
    assert error.message == 'Registered locations must be of an allowed type ["url"]'


def test_files_are_read_where_they_are_allowed(base: str, reader: UrlReader, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    at = Location("file", str(folder / "a.yaml"))
    files = source(reader, at.target, "file", allow_files=True)
    assert [one.content for one in files.read("./more/b.yaml", at, "file")] == [b"b"]
    assert [one.content for one in files.read(f"{folder}/**/*.yaml", at, "file")] == [b"a", b"b"]
    assert [one.content for one in files.read(f"{base}/a.yaml", at, "url")] == [b"a"]
    for target in ("./none.yaml", "./none*.yaml"):
        error = failure(files, target, at, "file")
        assert error.missing
        assert error.message == f"file {folder}/{target[2:]} does not exist"
    assert failure(files, "/etc/", at, "file").message.endswith("that ends with a path separator")
    assert failure(files, "./more", at, "file").message.endswith("it is not a regular file")


def test_a_placeholder_is_read_relative_to_its_file(base: str, reader: UrlReader) -> None:
    registered = source(reader, f"{base}/a.yaml")
    assert registered.fetch("./more/b.yaml", Location("url", f"{base}/a.yaml")) == b"b"
    with pytest.raises(ReadError) as raised:
        registered.fetch("./none.txt", Location("url", f"{base}/a.yaml"))
    assert raised.value.message == f"could not read {base}/none.txt, 404 File not found"


def test_a_placeholder_may_not_leave_its_repository(reader: UrlReader) -> None:
    at = Location("url", "https://github.com/acme/api/blob/main/a.yaml")
    with pytest.raises(ReadError, match="Placeholder may only reference files from the same repository"):
        source(reader, at.target).fetch("https://github.com/acme/web/blob/main/a.yaml", at)


def test_a_placeholder_stays_below_the_folder_of_its_file(reader: UrlReader, tmp_path: Path, base: str) -> None:
    folder = tmp_path / "site"
    (tmp_path / "secret").write_text("s")
    (folder / "link").symlink_to(tmp_path / "secret")
    files = source(reader, str(folder / "a.yaml"), "file", allow_files=True)
    at = Location("file", str(folder / "a.yaml"))
    assert files.fetch("./more/b.yaml", at) == b"b"
    assert files.fetch(f"{base}/a.yaml", at) == b"a"
    for target in ("../secret", "./link", "/etc/hostname"):
        with pytest.raises(ReadError, match="is outside of"):
            files.fetch(target, at)
