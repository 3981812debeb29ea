"""What a catalog file, a name server or a host may try: reach inner addresses, leave the repository, get tokens, fill memory."""

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from ada_url import URL

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Location, Source, Unread, Usage
from catalog.errors import ReadError
from catalog.query import All
from catalog.scm import Host, Hosts
from ingestors import folder
from ingestors.fetch import Api
from ingestors.folder import FolderSource
from ingestors.forge import ForgeSource
from ingestors.git import GitSource
from ingestors.gitlab import GitLabForge
from ingestors.location import LocationSource
from ingestors.url import MAX_BYTES, AllowedHost, UrlReader
from tests.ingestors.fault_worlds import run_git
from tests.ingestors.gitlab_server import TOKEN, WEB, GitLab

SECRET = "the-secret-of-this-machine"
TELLING = ("authorization", "private-token", "cookie", "proxy-authorization")


class Site:
    """A server that remembers the headers it was sent; `pages` are bodies, or what answers, by path."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                found = site.pages.get(self.path, (404, {}, b""))
                status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # who asked has gone where it was too much

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def secrets(self) -> list[str]:
        """What it was told that only another should hear."""
        return [value for _, headers in self.asked for name, value in headers.items() if name in TELLING]


@pytest.fixture
def site() -> Iterator[Site]:
    opened = Site()
    yield opened
    opened.close()


@pytest.fixture
def other() -> Iterator[Site]:
    opened = Site()
    yield opened
    opened.close()


Names = dict[str, list[str]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What a name server of the attacker's says; each answer but the last is given once."""
    answers: Names = {}
    real = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in answers:
            return real(host, *args, **more)
        told = answers[name]
        return real(told.pop(0) if len(told) > 1 else told[0], *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


Open = Callable[..., UrlReader]


@pytest.fixture
def open_reader() -> Iterator[Open]:
    opened: list[UrlReader] = []

    def new(*allow: str, private: bool = False, hosts: Hosts | None = None, **more: Any) -> UrlReader:
        opened.append(UrlReader(hosts, [AllowedHost.parse(one, private=private) for one in allow], seconds=30, **more))
        return opened[-1]

    yield new
    for one in opened:
        one.close()


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(ReadError) as caught:
        read()
    return caught.value.message


INNER = [
    "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "::1", "::", "fc00::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "::127.0.0.1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "169.254.170.2", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "224.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::",
]  # fmt: skip


@pytest.mark.parametrize("rule", ["files.example.org:{port}", "*.example.org:{port}"])
@pytest.mark.parametrize("address", INNER + NEVER)
def test_a_name_at_an_inner_address_is_not_connected_to(
    address: str, rule: str, names: Names, site: Site, open_reader: Open
) -> None:
    names["files.example.org"] = [address]
    reader = open_reader(rule.format(port=site.port))
    url = f"http://files.example.org:{site.port}/x"
    message = refusal(lambda: reader.fetch(url))
    assert message.startswith(f"Unable to read {url}, files.example.org is at ")
    assert "not a public address" in message or "never asked" in message
    assert site.asked == []


def test_a_name_may_be_at_a_private_address_where_the_operator_says_so(
    names: Names, site: Site, open_reader: Open
) -> None:
    names["files.example.org"] = ["127.0.0.1"]
    site.pages["/x"] = b"here"
    assert open_reader(f"files.example.org:{site.port}", private=True).fetch(f"http://files.example.org:{site.port}/x")
    assert open_reader(f"127.0.0.1:{site.port}").fetch(f"{site.url}/x") == b"here"
    assert open_reader(f"localhost:{site.port}").fetch(f"http://localhost:{site.port}/x") == b"here"
    host = Host(f"files.example.org:{site.port}", "gitlab", f"http://files.example.org:{site.port}")
    site.pages["/api/v4/projects/g%2Fp/repository/files/x/raw?ref=main"] = b"of a host"
    reader = open_reader(hosts=Hosts([host]))
    assert reader.fetch(f"http://files.example.org:{site.port}/g/p/-/blob/main/x") == b"of a host"


@pytest.mark.parametrize("address", NEVER)
def test_the_secrets_of_a_cloud_are_asked_for_by_nobody(address: str, names: Names, open_reader: Open) -> None:
    names["files.example.org"] = [address]
    literal = URL(f"http://[{address}]" if ":" in address else f"http://{address}").hostname
    private = open_reader("files.example.org", literal, private=True)
    host = Hosts([Host("files.example.org", "gitlab", "http://files.example.org")])
    for read in (
        lambda: private.fetch("http://files.example.org/latest/meta-data"),
        lambda: private.fetch(URL(f"http://{literal}/latest/meta-data").href),
        lambda: open_reader(hosts=host).fetch("http://files.example.org/g/p/-/blob/main/x"),
        lambda: Api("http://files.example.org", Usage(), Catalog.open("sqlite://").cache("x"), sleep=print).get("x"),
    ):
        assert "which is never asked" in refusal(read)


def test_what_was_judged_is_what_is_connected_to(names: Names, site: Site, open_reader: Open) -> None:
    """A name that is asked for twice may be somewhere else the second time."""
    names["files.example.org"] = ["127.0.0.1", "169.254.169.254"]
    site.pages["/x"] = b"here"
    reader = open_reader(f"files.example.org:{site.port}", private=True)
    assert reader.fetch(f"http://files.example.org:{site.port}/x") == b"here"
    assert names["files.example.org"] == ["169.254.169.254"]


@pytest.mark.parametrize(
    "to",
    ["http://inner.example.org:{port}/x", "http://other.example.net/x", "http://169.254.169.254/latest", "file:///etc/passwd",
     "//169.254.169.254/latest", "http://[::1]:{port}/x", "http://2130706433:{port}/x", "http://0x7f.1:{port}/x",
     "gopher://127.0.0.1:{port}/x", "javascript:alert(1)", "http://127.0.0.1:1/x", "data:text/plain,x"],
)  # fmt: skip
def test_a_redirect_leads_to_no_place_that_may_not_be_read_itself(
    to: str, names: Names, site: Site, other: Site, open_reader: Open
) -> None:
    names["inner.example.org"] = ["127.0.0.1"]
    site.pages["/a"] = (302, {"Location": to.format(port=other.port)}, b"")
    reader = open_reader(site.host, f"inner.example.org:{other.port}")
    message = refusal(lambda: reader.fetch(f"{site.url}/a"))
    assert message.startswith("Unable to read") or "not allowed" in message
    assert other.asked == []


@pytest.mark.parametrize(
    "url",
    ["http://2130706433/x", "http://0x7f000001/x", "http://017700000001/x", "http://127.1/x", "http://0/x",
     "http://[::ffff:7f00:1]/x", "http://user:pass@127.0.0.1/x", "http://files.example.org@127.0.0.1/x", "file:///etc/passwd",
     "FILE:/etc/passwd", "javascript:alert(1)", "http://files.example.org.evil.example/x", "http://files.example.org%2eevil/x",
     "http://files.example.org:22/x", "https://evilexample.org/x"],
)  # fmt: skip
def test_no_spelling_of_a_url_gets_around_the_rules(url: str, open_reader: Open) -> None:
    message = refusal(lambda: open_reader("files.example.org", "*.example.org").read(url))
    assert "is not allowed" in message or "with a user" in message or "Invalid URL" in message
    assert "pass@" not in message


# -- through a catalog: each refusal is a problem of the file that tries


def attempt(source: Source) -> tuple[str, list[Any]]:
    """All that came into the catalog of a crawl, and the problems."""
    catalog = Catalog.open("sqlite://", search=False)
    report = Crawler(catalog, [source]).crawl(source.name)
    assert report is not None
    assert report.failure == ""
    entities = b"\n".join(catalog.view.listed(All(()), ())[0]).decode()
    catalog.close()
    return entities, report.problems


def leading(*targets: str, type: str = "") -> str:
    spec = {"targets": list(targets)} | ({"type": type} if type else {})
    entity = {"apiVersion": "backstage.io/v1alpha1", "kind": "Location", "metadata": {"name": "all"}, "spec": spec}
    return json.dumps(entity)


def placing(target: str, name: str = "api") -> str:
    spec = {"type": "openapi", "lifecycle": "x", "owner": "a", "definition": {"$text": target}}
    entity = {"apiVersion": "backstage.io/v1alpha1", "kind": "API", "metadata": {"name": name}, "spec": spec}
    return json.dumps(entity)


def test_each_refusal_names_the_file_the_target_and_why(names: Names, site: Site, open_reader: Open) -> None:
    names["inner.example.org"] = ["10.1.2.3"]
    targets = ["http://inner.example.org/x.yaml", "http://169.254.169.254/latest", "http://u:word@inner.example.org/y",
               "javascript:alert(1)"]  # fmt: skip
    site.pages["/all.yaml"] = f"{leading(*targets)}\n---\n{placing('http://inner.example.org/api')}".encode()
    reader = open_reader(site.host, "inner.example.org")
    source = LocationSource("try", Location("url", f"{site.url}/all.yaml"), "required", "", reader)
    _, problems = attempt(source)
    assert {problem.origin.file for problem in problems} == {f"{site.url}/all.yaml"}
    told = [problem.message for problem in problems]
    for target, why in zip(targets, ["10.1.2.3", "not allowed", "a user or a password", "not allowed"], strict=True):
        assert any(target.replace("u:word@", "") in one.replace("u:word@", "") and why in one for one in told), told
    assert any("http://inner.example.org/api" in one and "10.1.2.3" in one for one in told), told


OUTSIDE = [
    "../outside.yaml", "./../outside.yaml", "x/../../outside.yaml", "%2e%2e/outside.yaml", "..%2foutside.yaml",
    ".%2e/outside.yaml", "..\\outside.yaml", "./%2e%2e%2foutside.yaml", "../*.yaml", "./**/../../*.yaml", "/etc/passwd",
    "file:///etc/passwd", "./link.yaml", "./folder-link/outside.yaml", "./{..,x}/outside.yaml", "{absolute}",
    "file://{absolute}",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["location", "file location", "placeholder"])
@pytest.mark.parametrize("how", ["folder", "git", "git page"])
def test_nothing_outside_is_read_however_it_is_spelt(how: str, kind: str, tmp_path: Path, open_reader: Open) -> None:
    work = tmp_path / "pay"
    (work / "x").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text(f"# {SECRET}\n" + placing("x").replace('"x"', f'"{SECRET}"'))
    (work / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (work / "folder-link").symlink_to(tmp_path)
    targets = [one.replace("{absolute}", str(tmp_path / "outside.yaml")) for one in OUTSIDE]
    texts = [placing(target, f"api-{n}") for n, target in enumerate(targets)]
    text = (
        "\n---\n".join(texts) if kind == "placeholder" else leading(*targets, type="file" * (kind == "file location"))
    )
    (work / "catalog-info.yaml").write_text(text)
    source: Source = FolderSource(work)
    if how != "folder":
        run_git(work, "init", "--quiet", "--initial-branch=main", ".")
        run_git(work, "add", "--all", ".")
        run_git(work, "commit", "--quiet", "--allow-empty", "--message", "Try")
        cache = Catalog.open("sqlite://", search=False).cache("git")
        page = "https://code.example.com/acme/pay" if how == "git page" else ""
        reader = open_reader(hosts=Hosts([Host("code.example.com", "github", "https://code.example.com:1")]))
        source = GitSource("git", str(work), "", (), cache, Usage(), reader, tmp_path / "clones", None, page)
    entities, problems = attempt(source)
    told = [problem.message for problem in problems]
    assert SECRET not in f"{entities} {problems}"
    assert "root:" not in entities
    assert [target for target in targets if not any(target in one for one in told)] == []
    assert all(problem.origin.file for problem in problems)


@pytest.mark.parametrize("swapped", ["a", "a/catalog-info.yaml"])
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells what was opened")
def test_a_link_that_is_put_in_the_way_once_a_path_was_judged_leads_nowhere(
    swapped: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "catalog-info.yaml").write_text(placing(SECRET))
    work = tmp_path / "work"
    (work / "a").mkdir(parents=True)
    (work / "a" / "catalog-info.yaml").write_text(placing("./x"))
    read = folder._read_settled

    def swap(path: Path, root: Path) -> bytes:
        (work / swapped).rename(tmp_path / "aside")
        (work / swapped).symlink_to(tmp_path / "outside" / Path(swapped).relative_to("a"))
        return read(path, root)

    monkeypatch.setattr(folder, "_read_settled", swap)
    (found,) = FolderSource(work).crawl()
    assert isinstance(found, Unread)
    assert "is outside of" in found.message


# -- tokens


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_token_goes_to_its_own_host_and_nowhere_else(
    status: int, site: Site, other: Site, open_reader: Open, catalog: Catalog
) -> None:
    host = Host(site.host, "gitlab", site.url)
    headers = {site.host: lambda: {"private-token": TOKEN}}
    reader = open_reader(other.host, hosts=Hosts([host]), headers=headers)
    for path in ("/api/v4/projects/g%2Fp/repository/files/x.yaml/raw?ref=main", "/api/v4/next"):
        site.pages[path] = (status, {"Location": f"{other.url}{path}"}, b"")
        other.pages[path] = b"[]"
    reader.fetch(f"{site.url}/g/p/-/blob/main/x.yaml")
    other.pages["/g/p/-/blob/main/x.yaml"] = b"kind: X"
    reader.fetch(f"{other.url}/g/p/-/blob/main/x.yaml")
    refusal(lambda: reader.fetch(f"http://{site.host}@{other.host}/g/p/-/blob/main/x.yaml"))
    api = Api(f"{site.url}/api/v4", Usage(), catalog.cache("x"), lambda: {"private-token": TOKEN}, sleep=print)
    assert "it is not asked" in refusal(lambda: api.get("next"))
    assert "it is not asked" in refusal(lambda: api.get(f"{other.url}/api/v4/next"))
    site.pages["/api/v4/pages"] = (200, {"Link": f'<{other.url}/api/v4/pages>; rel="next"'}, b"[1]")
    assert "it is not asked" in refusal(lambda: list(api.pages("pages")))
    api.close()
    assert TOKEN in site.secrets
    assert other.asked
    assert other.secrets == []


def test_a_catalog_file_cannot_have_its_hosts_token_sent_elsewhere(
    other: Site, open_reader: Open, catalog: Catalog
) -> None:
    lab = "gitlab.example.com"
    targets = [f"{other.url}/acme/web/-/blob/main/x.yaml", f"http://{lab}@{other.host}/x.yaml", f"//{other.host}/y.yaml",
               f"\\\\{other.host}/z.yaml", f"{other.url}/{lab}/acme/web/-/raw/main/x.yaml"]  # fmt: skip
    with GitLab() as gitlab:
        gitlab.add_group("acme")
        text = f"{leading(*targets)}\n---\n{placing(f'{other.url}/acme/web/-/blob/main/api')}"
        gitlab.add("acme/web", {"catalog-info.yaml": text.encode()})
        usage, cache = Usage(), catalog.cache("lab")
        api = Api(gitlab.api, usage, cache, lambda: {"private-token": TOKEN}, sleep=print)
        hosts, told = Hosts([Host(lab, "gitlab", WEB)]), {lab: lambda: {"private-token": TOKEN}}
        reader = open_reader(other.host, hosts=hosts, headers=told)
        forge = GitLabForge(api, base_url=WEB, group="acme")
        report = Crawler(catalog, [ForgeSource("lab", forge, reader, cache, usage)]).crawl("lab")
        api.close()
    assert report is not None
    assert report.failure == ""
    assert len(report.problems) >= len(targets)
    assert other.asked
    assert other.secrets == []
    assert TOKEN not in f"{report} {other.asked}"


# -- too much


def test_bodies_that_are_or_become_too_much_are_refused(site: Site, open_reader: Open, catalog: Catalog) -> None:
    reader = open_reader(site.host)
    once = gzip.compress(bytes(20 * MAX_BYTES))
    site.pages["/huge"] = bytes(MAX_BYTES + 1)
    site.pages["/packed"] = (200, {"Content-Encoding": "gzip"}, once)
    site.pages["/twice"] = (200, {"Content-Encoding": "gzip, gzip"}, gzip.compress(once))
    site.pages["/br"] = (200, {"Content-Encoding": "br"}, b"x")
    assert "larger than" in refusal(lambda: reader.fetch(f"{site.url}/huge"))
    assert "larger than" in refusal(lambda: reader.fetch(f"{site.url}/packed"))
    assert "packed in a way" in refusal(lambda: reader.fetch(f"{site.url}/twice"))
    assert "packed in a way" in refusal(lambda: reader.fetch(f"{site.url}/br"))
    api = Api(site.url, Usage(), catalog.cache("x"), sleep=print)
    assert "larger than" in refusal(lambda: api.get("packed", is_json=False))
    assert "packed in a way" in refusal(lambda: api.get("twice", is_json=False))
    api.close()


def test_yaml_that_grows_and_archives_are_problems_of_their_file(site: Site, open_reader: Open) -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    site.pages["/bomb.yaml"] = "\n".join(lines).encode()
    site.pages["/deep.yaml"] = b"[" * 200_000
    site.pages["/zip.yaml"] = b"PK\x03\x04" + bytes(range(256)) * 100
    parsed = placing("x").replace('{"$text": "x"}', f'{{"$yaml": "{site.url}/bomb.yaml"}}')
    site.pages["/all.yaml"] = f"{leading('./bomb.yaml', './deep.yaml', './zip.yaml')}\n---\n{parsed}".encode()
    started = time.monotonic()
    source = LocationSource("try", Location("url", f"{site.url}/all.yaml"), "required", "", open_reader(site.host))
    _, problems = attempt(source)
    assert time.monotonic() - started < 60
    files = {problem.origin.file.rpartition("/")[2] for problem in problems}
    assert files == {"bomb.yaml", "deep.yaml", "zip.yaml", "all.yaml"}


@pytest.mark.parametrize(
    "target", ["./" + "{a,b}" * 40 + ".yaml", "./" + "**/" * 40 + "x.yaml", "./" + "**/a/" * 20 + "x"]
)
def test_globs_that_stand_for_too_much_end_soon(target: str, tmp_path: Path, open_reader: Open) -> None:
    work = tmp_path / "pay"
    deep = work.joinpath(*["a"] * 30)
    deep.mkdir(parents=True)
    (deep / "y.yaml").write_text("x")
    (work / "catalog-info.yaml").write_text(leading(target))
    run_git(work, "init", "--quiet", "--initial-branch=main", ".")
    run_git(work, "add", "--all", ".")
    run_git(work, "commit", "--quiet", "--message", "Try")
    cache = Catalog.open("sqlite://", search=False).cache("git")
    started = time.monotonic()
    for source in (
        FolderSource(work),
        GitSource("git", str(work), "", (), cache, Usage(), open_reader(), tmp_path / "clones"),
    ):
        assert attempt(source)[1]
    assert time.monotonic() - started < 60
