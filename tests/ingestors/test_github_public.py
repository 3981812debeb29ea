"""GitHub without a token: public repositories by REST and files as they are, the same entities at the same places."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from catalog import scm
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.errors import CatalogError
from catalog.pipeline import Report
from ingestors.registry import Outside, read_section
from ingestors.url import UrlReader
from tests.conftest import component
from tests.ingestors.forge_servers import NOT_FOUND, Host, Reply, serve


class PublicGitHub(Host):
    """What GitHub gives to anybody ("List repositories for a user", "Get a tree"), and below `/raw` its files."""

    authorization: str = cast(str, None)  # nobody need say who asks

    def reply(self, parts: list[str], query: dict[str, str]) -> Any:
        match parts:
            case ["users", "acme", "repos"]:
                return self._list(query)
            case ["repos", owner, name, "git", "trees", branch]:
                files = self.repos[f"{owner}/{name}"].branches[branch]
                return {"tree": [{"path": path, "type": "blob", "sha": path} for path in files], "truncated": False}
            case ["raw", owner, name, branch, *path] if f"{owner}/{name}" in self.repos:
                content = self.repos[f"{owner}/{name}"].file(branch, "/".join(path))
                return NOT_FOUND if content is None else content
        return NOT_FOUND

    def _list(self, query: dict[str, str]) -> Reply:
        repos = sorted(self.repos.values(), key=lambda repo: repo.updated, reverse=True)
        size, page = min(int(query["per_page"]), self.page), int(query.get("page", 1))
        found = json.dumps([self._show(one) for one in repos[(page - 1) * size : page * size]]).encode()
        following = f"{self.url}/users/acme/repos?per_page={query['per_page']}&page={page + 1}"
        return Reply(200, found, {"Link": f'<{following}>; rel="next"'} if page * size < len(repos) else {})

    def _show(self, repo: Any) -> dict[str, Any]:
        return {
            "full_name": repo.name,
            "html_url": f"https://github.com/{repo.name}",
            "default_branch": repo.branch,
            "pushed_at": repo.updated if repo.branches else None,
            "archived": repo.archived,
            "fork": repo.fork,
            "visibility": "public",
            "topics": list(repo.topics),
        }


@pytest.fixture
def github() -> Iterator[PublicGitHub]:
    host = PublicGitHub("")
    with serve(host):
        for n in range(5):
            host.add(
                f"acme/r{n}", {"catalog-info.yaml": component(f"r{n}"), "sub/catalog-info.yaml": component(f"s{n}")}
            )
        host.add("acme/none", {"README.md": "#"})
        host.add("acme/empty")
        yield host


@pytest.fixture
def outside(github: PublicGitHub, catalog: Catalog, tmp_path: Path) -> Iterator[Outside]:
    host = scm.Host("github.com", "github", api_url=github.url, raw_url=f"{github.url}/raw")
    around = Outside({"github.com": host}, {}, UrlReader(scm.Hosts([host])), catalog.cache, tmp_path)
    yield around
    around.close()


def crawl(catalog: Catalog, outside: Outside, **more: Any) -> Report:
    settings = {"type": "github", "organisation": "acme", "host": "github.com", **more}
    source = read_section(settings).open(outside)
    report = Crawler(catalog, [source]).crawl(source.name)
    assert report is not None
    return report


def test_public_repositories_are_read_without_a_token(github: PublicGitHub, catalog: Catalog, outside: Outside) -> None:
    report = crawl(catalog, outside)
    assert (report.failure, [ref for ref in report.added if ref.startswith("component")]) == (
        "",
        [f"component:default/r{n}" for n in range(5)],
    )
    annotations = (catalog.view.entity("component:default/r1") or {})["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-location"] == (
        "url:https://github.com/acme/r1/tree/main/catalog-info.yaml"
    )
    github.take()
    assert crawl(catalog, outside).unchanged == 10
    assert len(github.take()) == 1


def test_a_push_is_seen_and_costs_its_repository_only(github: PublicGitHub, catalog: Catalog, outside: Outside) -> None:
    crawl(catalog, outside)
    github.push("acme/r2", {"catalog-info.yaml": component("r2", "Changed")})
    github.take()
    assert crawl(catalog, outside).changed == ["component:default/r2"]
    assert [path for path in github.take() if path.startswith("/raw") and "/r2/" not in path] == []


def test_globs_are_looked_for_in_trees(catalog: Catalog, outside: Outside) -> None:
    report = crawl(catalog, outside, patterns=["**/catalog-info.yaml"])
    assert len([ref for ref in report.added if ref.startswith("component")]) == 10


def test_a_server_of_ones_own_needs_a_token(catalog: Catalog, tmp_path: Path) -> None:
    host = scm.Host("ghe.example.com", "github")
    around = Outside({host.name: host}, {}, UrlReader(scm.Hosts([host])), catalog.cache, tmp_path)
    with pytest.raises(CatalogError, match="is not read without a token"):
        read_section({"type": "github", "organisation": "acme", "host": host.name}).open(around)
