"""From what somebody names, or settings say, to the source: told offline where that can be, else by asking the host."""

import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast, get_args

import grimp
import pytest
from pydantic import SecretStr

from catalog import scm
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Remote
from catalog.errors import CatalogError, ReadError
from ingestors.forge import Filters
from ingestors.gitea import Gitea
from ingestors.logins import find_api, make_headers
from ingestors.registry import (
    Auto,
    Login,
    Outside,
    Section,
    find_bare,
    find_out,
    read_section,
    tell_target,
)
from ingestors.url import UrlReader
from tests.conftest import component
from tests.ingestors.fault_worlds import run_git
from tests.ingestors.forge_servers import TOKEN, Host, Reply, serve
from tests.ingestors.forge_servers import Gitea as GiteaHost

ROOT = Path(__file__).parents[2]
HOSTS = scm.Hosts(
    [
        *scm.DEFAULT_HOSTS,
        scm.Host("git.example.com", "gitea"),
        scm.Host("bb.example.com", "bitbucketServer"),
        scm.Host("ghe.example.com", "github"),
    ]
)


@pytest.fixture
def gitea() -> Iterator[GiteaHost]:
    host = GiteaHost("")
    with serve(host):
        host.pages = host.url.removesuffix("/api/v1")
        host.page = 50
        yield host


@contextmanager
def outside(catalog: Catalog, tmp_path: Path, hosts: list[scm.Host], logins: dict[str, Login]) -> Iterator[Outside]:
    known = {host.name: host for host in (*scm.DEFAULT_HOSTS, *hosts)}
    around = Outside(known, logins, UrlReader(scm.Hosts(hosts)), catalog.cache, tmp_path / "git")
    yield around
    around.close()


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("https://github.com/acme", {"type": "github", "organisation": "acme", "host": "github.com"}),
        ("https://github.com/orgs/acme/", {"type": "github", "organisation": "acme", "host": "github.com"}),
        ("https://ghe.example.com/acme", {"type": "github", "organisation": "acme", "host": "ghe.example.com"}),
        ("https://github.com/acme/pay", {"type": "git", "url": "https://github.com/acme/pay"}),
        ("https://github.com/acme/pay.git", {"type": "git", "url": "https://github.com/acme/pay.git"}),
        ("git@github.com:acme/pay.git", {"type": "git", "url": "git@github.com:acme/pay.git"}),
        (
            "https://github.com/acme/pay/blob/main/all.yaml",
            {"type": "url", "url": "https://github.com/acme/pay/blob/main/all.yaml"},
        ),
        ("https://gitlab.com/acme", {"type": "gitlab", "group": "acme", "host": "gitlab.com"}),
        ("https://gitlab.com/groups/acme", {"type": "gitlab", "group": "acme", "host": "gitlab.com"}),
        ("https://git.example.com/acme", {"type": "gitea", "organisation": "acme", "host": "git.example.com"}),
        ("https://bitbucket.org/acme", {"type": "bitbucket_cloud", "workspace": "acme", "host": "bitbucket.org"}),
        ("https://bb.example.com", {"type": "bitbucket_server", "host": "bb.example.com"}),
        (
            "https://bb.example.com/projects/PAY",
            {"type": "bitbucket_server", "host": "bb.example.com", "project": "PAY"},
        ),
        ("https://dev.azure.com/acme", {"type": "azure", "organisation": "acme", "host": "dev.azure.com"}),
        ("https://dev.azure.com/acme/p/_git/r", {"type": "git", "url": "https://dev.azure.com/acme/p/_git/r"}),
        ("github.com/acme", {"type": "github", "organisation": "acme", "host": "github.com"}),
        (
            "https://github.com/acme/mono/blob/main/**/catalog-info.yaml",
            {
                "type": "git",
                "url": "https://github.com/acme/mono",
                "branch": "main",
                "patterns": ("**/catalog-info.yaml",),
            },
        ),
        (
            "https://bb.example.com/projects/PAY/repos/r/browse/*/a.yaml?at=refs%2Fheads%2Fmain",
            {"type": "git", "url": "https://bb.example.com/scm/PAY/r.git", "branch": "main", "patterns": ("*/a.yaml",)},
        ),
        ("https://example.com/all.yaml", {"type": "url", "url": "https://example.com/all.yaml"}),
    ],
)
def test_a_url_tells_what_it_is(text: str, settings: dict[str, Any]) -> None:
    assert tell_target(text, HOSTS, {}) == (settings, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nowhere/at/all", "not_found"),
        ("ftp://example.com/x", "invalid"),
        ("https://github.com", "invalid"),
        ("https://github.com/acme/*/blob/main/catalog-info.yaml", "invalid"),
        ("https://example.com/*.yaml", "invalid"),
        ("https://user:sesame@github.com/acme", "invalid"),
    ],
)
def test_what_is_nothing_is_said_with_a_hint(text: str, code: str) -> None:
    with pytest.raises(CatalogError) as raised:
        tell_target(text, HOSTS, {})
    assert raised.value.code == code
    assert raised.value.hint
    assert "sesame" not in str(raised.value) + raised.value.message


def test_a_path_is_a_folder_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("")
    assert tell_target(str(tmp_path), HOSTS, {}).settings == {"type": "folder", "path": str(tmp_path)}
    assert tell_target(str(file), HOSTS, {}).settings == {"type": "file", "path": str(file)}


def test_a_host_that_is_not_known_is_asked_what_it_is(gitea: GiteaHost) -> None:
    name = gitea.pages.removeprefix("http://")
    target = tell_target(f"{gitea.pages}/acme", scm.Hosts(), {})
    assert target.settings == {"type": "gitea", "organisation": "acme", "host": name}
    assert target.host == scm.Host(name, "gitea", base_url=gitea.pages)
    assert gitea.asked == ["/api/v1/version"]


class GitLab(Host):
    """What a GitLab says to somebody without a token: 401 about itself, 404 of a group, and a public project."""

    authorization: str = cast(str, None)  # nobody need say who asks

    def reply(self, parts: list[str], query: dict[str, str]) -> Any:
        match parts:
            case ["api", "v4", "metadata"]:
                return Reply(401, b'{"message":"401 Unauthorized"}')
            case ["api", "v4", "projects", "acme/web/shop"]:
                return {"id": 1}
        return Reply(404, b'{"error":"404 Not Found"}')


def test_a_gitlab_is_asked_whether_a_path_is_a_project_or_a_group() -> None:
    host = GitLab("")
    with serve(host):
        found = [tell_target(f"{host.url}/acme/{path}", scm.Hosts(), {}).settings for path in ("web", "web/shop")]
        assert [one["type"] for one in found] == ["gitlab", "git"]
        assert found[0]["group"] == "acme/web"


def test_a_host_that_is_nothing_known_is_refused() -> None:
    host = Host("")
    host.authorization = cast(str, None)
    host.broken["/"] = Reply(200, b"<html>")
    with serve(host), pytest.raises(CatalogError, match="could be recognised"):
        tell_target(f"{host.url}/acme", scm.Hosts(), {})


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"type": "url", "url": "https://example.com/a.yaml"}, "url:https://example.com/a.yaml"),
    ({"type": "git", "url": "https://example.com/a.git"}, "git:https://example.com/a.git"),
    ({"type": "github", "organisation": "acme", "host": "github.com"}, "github:acme"),
    ({"type": "github", "organisation": "acme", "host": "ghe.example.com"}, "github:ghe.example.com/acme"),
    ({"type": "github_org", "organisations": ["a", "b"], "host": "github.com"}, "github_org:a/b"),
    ({"type": "gitlab", "group": "a/b", "host": "gitlab.com"}, "gitlab:a/b"),
    ({"type": "gitlab_org", "group": "a", "host": "gitlab.com"}, "gitlab_org:a"),
    ({"type": "gitea", "organisation": "acme", "host": "git.example.com"}, "gitea:git.example.com/acme"),
    ({"type": "bitbucket_cloud", "workspace": "acme", "host": "bitbucket.org"}, "bitbucket_cloud:acme"),
    ({"type": "bitbucket_server", "host": "bb.example.com"}, "bitbucket_server:bb.example.com"),
    ({"type": "azure", "organisation": "acme", "host": "dev.azure.com", "project": "p"}, "azure:acme/p"),
    ({"type": "s3", "bucket": "b", "prefix": "c/"}, "s3:b/c/"),
    ({"type": "ldap", "url": "ldap://d", "users": [{"dn": "ou=u"}], "name": "staff"}, "staff"),
]


@pytest.mark.parametrize(("settings", "name"), SETTINGS)
def test_each_type_of_source_opens_under_its_name(
    catalog: Catalog, tmp_path: Path, settings: dict[str, Any], name: str
) -> None:
    hosts = [scm.Host(one, type) for one, type in (("git.example.com", "gitea"), ("bb.example.com", "bitbucketServer"))]
    hosts.append(scm.Host("ghe.example.com", "github"))
    with outside(catalog, tmp_path, hosts, {"ghe.example.com": Login(token="t")}) as around:
        source = read_section(settings).open(around)
    assert (source.name, read_section(settings).title) == (name, name)
    assert isinstance(source, Remote) or settings["type"] == "url"


def test_a_host_that_nobody_told_the_type_of_is_named(catalog: Catalog, tmp_path: Path) -> None:
    settings = {"type": "gitea", "organisation": "a", "host": "git.example.com"}
    wanted = pytest.raises(CatalogError, match=r"`git\.example\.com` is not a known host")
    with outside(catalog, tmp_path, [], {}) as around, wanted:
        read_section(settings).open(around)


def test_an_organisation_is_read_with_its_token_and_what_it_lacks_is_known(
    catalog: Catalog, tmp_path: Path, gitea: GiteaHost
) -> None:
    gitea.add("acme/pay", {"catalog-info.yaml": component("pay")})
    gitea.add("acme/legacy", {"README.md": "# Legacy"}, topics=("go",))
    target = tell_target(f"{gitea.pages}/acme", scm.Hosts(), {})
    assert target.host is not None
    logins = {target.host.name: Login(token=TOKEN)}
    with outside(catalog, tmp_path, [target.host], logins) as around:
        source = read_section(target.settings).open(around)
        crawler = Crawler(catalog, [source])
        first, second = crawler.crawl(source.name), crawler.crawl(source.name)
        bare = find_bare(source.name, catalog.cache(source.name), around.reader.hosts)
    assert first is not None
    assert (first.failure, first.problems) == ("", [])
    assert "component:default/pay" in first.added
    assert second is not None
    assert (second.unchanged, second.problems) == (2, [])
    assert [(one.name, one.host_type, one.topics) for one in bare] == [("acme/legacy", "gitea", ("go",))]


def test_clones_without_a_catalog_file_are_known(catalog: Catalog, tmp_path: Path) -> None:
    for name in ("team/a", "team/b", "c"):
        (tmp_path / name / ".git").mkdir(parents=True)
    (tmp_path / "team/b/catalog-info.yaml").write_text(component("b"))
    bare = find_bare(f"folder:{tmp_path}", catalog.cache("x"), scm.Hosts())
    assert [one.name for one in bare] == ["c", "a"]


@pytest.mark.parametrize(
    ("remote", "name", "type"),
    [
        ("git@github.com:acme/pay.git", "acme/pay", "github"),
        ("https://gitlab.com/acme/sub/pay", "acme/sub/pay", "gitlab"),
        ("/srv/git/pay.git", "clone", ""),
        ("", "clone", ""),
    ],
)
def test_a_clone_is_called_what_its_remote_is(
    catalog: Catalog, tmp_path: Path, remote: str, name: str, type: str
) -> None:
    run_git(tmp_path, "init", "--quiet", "clone")
    if remote:
        run_git(tmp_path / "clone", "remote", "add", "upstream", "https://github.com/other/name")
        run_git(tmp_path / "clone", "remote", "add", "origin", remote)
    (bare,) = find_bare(f"folder:{tmp_path}", catalog.cache("x"), scm.Hosts())
    assert (bare.name, bare.url, bare.host_type) == (name, str(tmp_path / "clone"), type)


def test_a_repository_that_gave_nothing_is_bare(catalog: Catalog) -> None:
    name, cache = "git:https://github.com/acme/pay.git", catalog.cache("x")
    assert find_bare(name, cache, HOSTS) == []
    (bare,) = find_bare(name, cache, HOSTS, is_empty=True)
    assert (bare.name, bare.host_type) == ("acme/pay", "github")


@pytest.mark.parametrize(
    ("host", "login", "authorization"),
    [
        (scm.Host("github.com", "github"), Login(token="t"), "Bearer t"),
        (scm.Host("g.example.com", "gitea"), Login(token="t"), "token t"),
        (scm.Host("gitlab.com", "gitlab"), Login(token="t"), "Bearer t"),
        (scm.Host("dev.azure.com", "azure"), Login(token="t"), "Basic OnQ="),
        (scm.Host("bitbucket.org", "bitbucketCloud"), Login(username="u", password="p"), "Basic dTpw"),
        (scm.Host("bitbucket.org", "bitbucketCloud"), Login(username="u", token="p"), "Basic dTpw"),
        (scm.Host("bitbucket.org", "bitbucketCloud"), Login(token="t"), "Bearer t"),
        (scm.Host("gitlab.com", "gitlab"), Login(), None),
    ],
)
def test_each_host_is_told_who_asks_in_its_way(host: scm.Host, login: Login, authorization: str | None) -> None:
    assert make_headers(host, login)().get("authorization") == authorization
    secrets = Login("sesame", "u", "sesame", "c", "sesame", "1", "sesame", "sesame")
    assert "sesame" not in repr(secrets)


@pytest.mark.parametrize(
    ("login", "told"),
    [
        (Login(token="t"), "t"),
        (Login(username="u", token="t"), "u:t"),
        (Login(username="u", password="p"), "u:p"),
        (Login(username="u"), None),
    ],
)
def test_the_git_program_is_told_the_user_where_there_is_one(login: Login, told: str | None) -> None:
    assert login.git_token == told


def test_an_oauth_client_asks_bitbucket_with_a_token_that_it_fetches_where_the_pages_are(gitea: GiteaHost) -> None:
    host = scm.Host("bitbucket.org", "bitbucketCloud", base_url=gitea.pages)
    with pytest.raises(ReadError, match="/site/oauth2/access_token gave no token") as raised:
        make_headers(host, Login(client_id="c", client_secret="sesame"))()
    assert "sesame" not in raised.value.message


def test_what_the_settings_of_a_source_say_reaches_it(catalog: Catalog, tmp_path: Path) -> None:
    gitlab = {"type": "gitlab", "group": "a", "host": "gitlab.com", "topics": ["x", "y"], "patterns": ["c.yaml"]}
    directory = {"url": "ldap://d", "users": [{"dn": "ou=u"}], "uuid_attribute": "id", "cert_file": "c.pem"}
    page = "https://pages.example.com/a"
    with outside(catalog, tmp_path, [], {}) as around:
        projects = cast(Any, read_section(gitlab).open(around)).forge
        people = cast(Any, read_section({"type": "ldap", "name": "d", **directory}).open(around))
        clone = cast(
            Any, read_section({"type": "git", "url": "https://git.example.com/a", "web_url": page}).open(around)
        )
        bucket = cast(Any, read_section({"type": "s3", "bucket": "b", "session_token": SecretStr("t")}).open(around))
        assert bucket.close in around.opened
    assert (projects._params, projects._patterns) == ({"topic": "x,y"}, ("c.yaml",))
    assert (people._named, people._access.cert_file) == (("", "id"), "c.pem")
    assert clone.web_url == page
    assert bucket._keys == ("", "", "t")


@pytest.mark.parametrize(
    ("host", "api"),
    [
        (scm.DEFAULT_HOSTS[0], "https://api.github.com"),
        (scm.DEFAULT_HOSTS[1], "https://gitlab.com/api/v4"),
        (scm.Host("a", "gitlab"), "https://a/api/v4"),
        (scm.Host("a", "gitlab", base_url="https://a/git"), "https://a/git/api/v4"),
        (scm.Host("a", "gitea", base_url="http://a:3000"), "http://a:3000/api/v1"),
        (scm.Host("a", "github"), "https://a/api/v3"),
        (scm.Host("a", "bitbucketServer"), "https://a/rest/api/1.0"),
        (scm.Host("dev.azure.com", "azure"), "https://dev.azure.com"),
    ],
)
def test_the_api_is_where_such_a_host_has_it(host: scm.Host, api: str) -> None:
    assert find_api(host) == api


def test_sources_never_meet_and_only_the_registry_knows_them() -> None:
    """What a source is needs no list: it is each module of ingestors that the layers in `.importlinter` do not name."""
    graph, named = grimp.build_graph("ingestors"), ConfigParser()
    named.read(ROOT / ".importlinter")
    layers = set(re.findall(r"\w+", named["importlinter:contract:providers"]["layers"]))
    sources = {one for one in graph.find_children("ingestors") if one.partition(".")[2] not in layers}
    assert {one.__module__ for one in get_args(Section)} <= sources
    importers = {one: graph.find_modules_that_directly_import(one) for one in sources}
    assert importers == {one: {"ingestors.registry"} for one in sources}


def test_to_know_a_source_is_not_to_load_what_it_speaks() -> None:
    code = "import sys, ingestors.registry; print(*{'boto3', 'botocore', 'sansldap'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_what_is_found_out_keeps_what_was_said_of_it_and_refuses_what_it_has_not(tmp_path: Path) -> None:
    auto = Auto(target="https://git.example.com/acme", branch="live", filters=Filters(name="a.*"), name="us")
    section, _ = find_out(auto, HOSTS, {}, ("all.yaml",))
    assert section == Gitea.model_validate(
        {"type": "gitea", "organisation": "acme", "host": "git.example.com", "patterns": ["all.yaml"]}
        | {"branch": "live", "filters": {"name": "a.*"}, "name": "us"}
    )
    with pytest.raises(CatalogError, match="is of type `folder`, which has no `branch`"):
        find_out(Auto(target=str(tmp_path), branch="live"), HOSTS, {})
    file = tmp_path / "all.yaml"
    file.touch()
    assert find_out(Auto(target=str(file)), HOSTS, {}, ("all.yaml",))[0].type == "file"
