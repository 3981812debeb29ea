"""Small worlds behind each kind of network source: things with a text each that come, change and go while they are crawled."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest

from catalog import scm
from catalog.catalog import Catalog
from catalog.documents import Location, Source, Usage
from ingestors import clone, s3
from ingestors.azure import AzureForge
from ingestors.bitbucket_cloud import BitbucketCloudForge
from ingestors.bitbucket_server import BitbucketServerForge
from ingestors.credentials import basic, token
from ingestors.fetch import Api
from ingestors.forge import ForgeSource
from ingestors.gerrit import GerritForge
from ingestors.git import GitSource
from ingestors.gitea import GiteaForge
from ingestors.github import GitHubForge
from ingestors.github_org import GitHubOrgSource
from ingestors.gitlab import GitLabForge
from ingestors.gitlab_org import GitLabOrgSource
from ingestors.location import LocationSource
from ingestors.url import AllowedHost, UrlReader
from tests.conftest import component
from tests.ingestors import forge_servers, github_org_server, gitlab_server
from tests.ingestors.forge_servers import BitbucketCloud, BitbucketServer, Gitea
from tests.ingestors.git_server import serve_git
from tests.ingestors.github_org_server import GitHubOrgs, Team
from tests.ingestors.github_server import GitHub
from tests.ingestors.gitlab_server import GitLab
from tests.ingestors.test_azure import Azure
from tests.ingestors.test_gerrit import GITILES, FakeGerrit

FILE: Final = "catalog-info.yaml"
Open = Callable[[Catalog, str], Source]


@dataclass
class World:
    """Where it is served, how to change it, and how to open it as a source of a catalog, through an origin of its API.

    A `whole` one gives everything or nothing; in others each thing is as it was or as it is.
    """

    url: str
    put: Callable[[str, str], None]
    drop: Callable[[str], None]
    open: Open
    whole: bool = False
    truth: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    closing: list[Callable[[], None]] = field(default_factory=list)
    limits: list[tuple[object, str, float]] = field(default_factory=list)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """No time for slow answers. Without a fault there is: a busy machine is none."""
        with pytest.MonkeyPatch.context() as patch:
            for limit in self.limits:
                patch.setattr(*limit)
            yield


def two(name: str, text: str) -> str:
    """A file with two entities, which are to change together."""
    return component(name, text) + "---\n" + component(f"{name}-lib", text)


def _api(world: World, url: str, usage: Usage, cache: Any, headers: Any) -> Api:
    api = Api(url, usage, cache, headers, patience=2, sleep=lambda seconds: None)
    world.closing.append(api.close)
    world.limits.append((api, "_whole_seconds", 0.15))
    return api


def _reader(world: World, hosts: scm.Hosts | None = None, *allow: str) -> UrlReader:
    reader = UrlReader(hosts, [AllowedHost.parse(one) for one in allow])
    world.closing.append(reader.close)
    world.limits.append((reader, "_seconds", 0.3))
    return reader


def _forge_opener(world: World, headers: Any, make: Callable[[Api], Any], pages: str, type: Any, base: str) -> Open:
    def open(catalog: Catalog, url: str) -> Source:
        usage, cache = Usage(), catalog.cache("acme")
        api = _api(world, url + base, usage, cache, headers)
        hosts = scm.Hosts([scm.Host(pages.split("/")[2], type, pages)])
        return ForgeSource("acme", make(api), _reader(world, hosts), cache, usage)

    return open


def _none(*args: str) -> None:
    raise NotImplementedError


@contextmanager
def github(folder: Path) -> Iterator[World]:
    with GitHub() as server:
        pages, server.largest_page = "https://code.example.com", 100
        upstream, server.url = server.url, pages

        def put(name: str, text: str) -> None:
            if name in server.repos:
                server.push(name, FILE, two(name, text).encode())
            else:
                server.add(name, {FILE: two(name, text).encode()})

        world = World(upstream, put, lambda name: server.repos.pop(name) and None, _none, secrets=("token-1",))
        world.open = _forge_opener(world, token("token-1"), lambda api: GitHubForge(api, "acme"), pages, "github", "")
        yield world


@contextmanager
def gitlab(folder: Path) -> Iterator[World]:
    with GitLab() as server:
        server.page_size, clock = 3, count(1)
        server.add_group("acme")

        def put(name: str, text: str) -> None:
            path, at = f"acme/{name}", next(clock)
            if path not in server.projects:
                server.add(path).number = 1000 + at
            project = server.projects[path]
            project.files, project.commit = {FILE: two(name, text).encode()}, at
            project.active_at = f"2026-01-01T{at // 60:02}:{at % 60:02}:00Z"

        world = World(server.url, put, lambda name: server.projects.pop(f"acme/{name}") and None, _none)
        world.secrets = (gitlab_server.TOKEN,)
        headers = {"private-token": gitlab_server.TOKEN}
        world.open = _forge_opener(
            world, lambda: headers, lambda api: GitLabForge(api, base_url=gitlab_server.WEB, group="acme"),
            gitlab_server.WEB, "gitlab", "/api/v4",
        )  # fmt: skip
        yield world


def _host(
    make: Callable[[str], Any], pages: str, type: Any, owner: str, headers: Any, forge: Callable[[Api], Any]
) -> Any:
    @contextmanager
    def opened(folder: Path) -> Iterator[World]:
        host, clock = make(pages), count(1)
        host.page = 3
        with forge_servers.serve(host):

            def put(name: str, text: str) -> None:
                full, at = f"{owner}/{name}", next(clock)
                if full in host.repos:
                    host.push(full, {FILE: two(name, text)})
                else:
                    host.add(full, {FILE: two(name, text)})
                host.repos[full].updated = f"2026-01-01T{at // 60:02}:{at % 60:02}:00Z"

            base = getattr(host, "base", "")
            world = World(
                host.url.removesuffix(base), put, lambda name: host.repos.pop(f"{owner}/{name}") and None, _none
            )
            world.open = _forge_opener(world, headers, forge, pages, type, base)
            world.secrets = (forge_servers.TOKEN,)
            yield world

    return opened


@contextmanager
def github_org(folder: Path) -> Iterator[World]:
    with GitHubOrgs() as server:
        server.add_user("ann")
        server.add_user("bob")
        org = server.add("acme", ["ann", "bob"], [])

        def put(name: str, text: str) -> None:
            drop(name)
            org.teams.append(Team(name, ["ann"], description=text))

        def drop(name: str) -> None:
            org.teams[:] = [one for one in org.teams if one.slug != name]

        def open(catalog: Catalog, url: str) -> Source:
            usage, cache = Usage(), catalog.cache("acme")
            api = _api(world, f"{url}/api/v3", usage, cache, token(github_org_server.TOKEN))
            sizes = {"team_page": 3, "user_page": 1}
            return GitHubOrgSource("acme", [("acme", api)], cache, usage, **sizes)

        world = World(server.url, put, drop, open, whole=True, secrets=(github_org_server.TOKEN,))
        yield world


@contextmanager
def gitlab_org(folder: Path) -> Iterator[World]:
    with GitLab() as server:
        server.page_size, clock = 3, count(1)
        for number in (1, 2):
            user = {
                "id": number,
                "username": f"u{number}",
                "name": "U",
                "state": "active",
                "web_url": f"https://x/u{number}",
            }
            server.users.append({**user, "publicEmail": "", "webUrl": user["web_url"], "email": "", "avatar_url": None})

        def put(name: str, text: str) -> None:
            if name not in server.groups:
                server.add_group(name, {1: "DIRECT", 2: "DIRECT"}).number = 1000 + next(clock)
            server.groups[name].description = text

        def open(catalog: Catalog, url: str) -> Source:
            usage, cache = Usage(), catalog.cache("acme")
            headers = {"private-token": gitlab_server.TOKEN}
            api = _api(world, f"{url}/api/v4", usage, cache, lambda: headers)
            return GitLabOrgSource("acme", api, cache, usage, base_url=gitlab_server.WEB)

        world = World(server.url, put, lambda name: server.groups.pop(name) and None, open)
        world.secrets = (gitlab_server.TOKEN,)
        yield world


def run_git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "-c", "gc.auto=0")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, timeout=180)


@contextmanager
def git(folder: Path) -> Iterator[World]:
    work, clones = folder / "served" / "pay", count(1)
    work.mkdir(parents=True)
    run_git(work, "init", "--quiet", "--initial-branch=main", ".")
    run_git(work, "config", "uploadpack.allowFilter", "true")
    run_git(work, "config", "uploadpack.allowAnySHA1InWant", "true")
    pending: list[str] = []

    def commit() -> None:
        if pending:
            pending.clear()
            run_git(work, "add", "--all", ".")
            run_git(work, "commit", "--quiet", "--allow-empty", "--message", "A change")

    def put(name: str, text: str) -> None:
        (work / name).mkdir(exist_ok=True)
        (work / name / FILE).write_text(two(name, text))
        pending.append(name)

    def drop(name: str) -> None:
        (work / name / FILE).unlink()
        pending.append(name)

    def open(catalog: Catalog, url: str) -> Source:
        commit()
        usage, cache = Usage(), catalog.cache("acme")
        reader = _reader(world, scm.Hosts([scm.Host("code.example.com", "github", "https://code.example.com")]))
        address, home = f"{url}/pay/.git", folder / f"clones-{next(clones)}"
        page = "https://code.example.com/acme/pay"
        source = GitSource("acme", address, "", (), cache, usage, reader, home, "secret-token", page)
        source.clone._sleep = lambda seconds: None
        world.limits += [(source.clone, "_seconds", 1.0), (clone, "_ASK_SECONDS", 1.0)]
        return source

    with serve_git(work.parent) as server:
        world = World(server.url, put, drop, open, whole=True, secrets=("secret-token",))
        world.closing.append(commit)
        world.commit = commit  # type: ignore[attr-defined]
        yield world


@contextmanager
def bucket(folder: Path) -> Iterator[World]:
    import boto3
    from moto.server import ThreadedMotoServer

    keys = {"access_key": "AKIAEXAMPLE", "secret_key": "secret-1234567890"}
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        given = {"aws_access_key_id": keys["access_key"], "aws_secret_access_key": keys["secret_key"]}
        resource = boto3.resource("s3", endpoint_url=url, region_name="us-east-1", **given)
        kept = resource.create_bucket(Bucket="acme")

        def open(catalog: Catalog, origin: str) -> Source:
            cache = catalog.cache("acme")
            source = s3.S3Source("acme", "acme", cache, Usage(), _reader(world), endpoint=origin, **keys)
            world.closing.append(source.close)
            world.limits.append((s3, "WHOLE_SECONDS", 0.3))
            return source

        world = World(
            url,
            lambda name, text: kept.put_object(Key=f"{name}.yaml", Body=two(name, text).encode()) and None,
            lambda name: kept.Object(f"{name}.yaml").delete() and None,
            open,
            secrets=(keys["secret_key"],),
        )
        yield world
    finally:
        server.stop()


@contextmanager
def plain(folder: Path) -> Iterator[World]:
    """One URL, a Location that leads to the others."""
    files: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").removesuffix(".yaml")
            targets = "".join(f"  - ./{one}.yaml\n" for one in sorted(files))
            root = f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {{name: all}}\nspec:\n  targets:\n{targets}"
            body = (root if name == "all" else files.get(name, "")).encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    def put(name: str, text: str) -> None:
        files[name] = two(name, text)

    def open(catalog: Catalog, url: str) -> Source:
        location = Location("url", f"{url}/all.yaml")
        return LocationSource("acme", location, "required", "", _reader(world, None, url.removeprefix("http://")))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    world = World(f"http://127.0.0.1:{server.server_port}", put, lambda name: files.pop(name) and None, open)
    yield world
    server.shutdown()
    server.server_close()


_GITEA = _host(
    Gitea, "https://git.example.com", "gitea", "acme", token(forge_servers.TOKEN, "token"),
    lambda api: GiteaForge(api, "acme"),
)  # fmt: skip
_CLOUD = _host(
    BitbucketCloud, "https://bitbucket.org", "bitbucketCloud", "acme", token(forge_servers.TOKEN),
    lambda api: BitbucketCloudForge(api, "acme"),
)  # fmt: skip
_SERVER = _host(
    BitbucketServer, "https://bb.example.com", "bitbucketServer", "SHOP", token(forge_servers.TOKEN),
    BitbucketServerForge,
)  # fmt: skip
_AZURE = _host(
    Azure, "https://dev.azure.com", "azure", "shop", basic("", forge_servers.TOKEN),
    lambda api: AzureForge(api, url="https://dev.azure.com/acme"),
)  # fmt: skip
_GERRIT = _host(
    FakeGerrit, "https://gerrit.example.com", "gerrit", "acme", basic("ada", forge_servers.TOKEN),
    lambda api: GerritForge(api, GITILES, "type=CODE"),
)  # fmt: skip
WORLDS: Final[dict[str, Any]] = {
    "github": github, "gitlab": gitlab, "gitea": _GITEA, "bitbucket_cloud": _CLOUD, "bitbucket_server": _SERVER,
    "azure": _AZURE, "gerrit": _GERRIT, "github_org": github_org, "gitlab_org": gitlab_org, "git": git, "s3": bucket,
    "url": plain,
}  # fmt: skip
