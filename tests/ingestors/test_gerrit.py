"""Gerrit: what is emitted is what Backstage's module emits (reference section 11.9), for each project with such a file."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from pydantic import ValidationError

from catalog import scm
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.errors import CatalogError
from ingestors.credentials import basic
from ingestors.forge import Filters
from ingestors.gerrit import GerritForge
from ingestors.registry import Login, Outside, read_section
from ingestors.url import UrlReader
from tests.conftest import component
from tests.ingestors.forge_cases import FILE, Crawl, Kind, crawl
from tests.ingestors.forge_contract import ForgeContract, Open
from tests.ingestors.forge_servers import NOT_FOUND, TOKEN, Host, Reply, Repo, serve

BASE = "https://gerrit.example.com"
GITILES = f"{BASE}/plugins/gitiles"
QUERY = "type=CODE&p=acme"


class FakeGerrit(Host):
    """A fake in the shapes of the "Gerrit Code Review REST API" (projects) and of Gitiles, for who says who they are."""

    authorization = "Basic " + base64.b64encode(f"ada:{TOKEN}".encode()).decode()
    base = "/a"

    def take(self) -> list[str]:
        return [unquote(path) for path in super().take()]

    def reply(self, parts: list[str], query: dict[str, str]) -> Any:
        match parts:
            case ["projects", ""]:
                return self._list(query)
            case ["projects", name, *rest] if name in self.repos:
                return self._of(self.repos[name], rest)
            case ["plugins", "gitiles", owner, name, "+", "refs", "heads", branch, ""]:
                assert (query["format"], query["recursive"]) == ("JSON", "true")
                files = self.repos[f"{owner}/{name}"].branches[branch]
                entries = [{"mode": 0o100644, "type": "blob", "id": git_id(one), "name": path}
                           for path, one in files.items()]  # fmt: skip
                link = {"mode": 0o120000, "type": "blob", "id": "0", "name": "catalog-link.yaml"}
                return told({"id": "0", "entries": [*entries, link]})
        return NOT_FOUND

    def _list(self, query: dict[str, str]) -> Reply:
        """Pages of as many as there are to a page; where some are cut off, no page comes after the first."""
        first = int(query.get("S", 0))
        names = sorted(name for name in self.repos if name.startswith(query.get("p", "")))
        page = {name: self.show(name) for name in names[first : first + self.page] if not (self.short and first)}
        if page and first + self.page < len(names):
            page[list(page)[-1]]["_more_projects"] = True
        return told(page)

    def _of(self, repo: Repo, rest: list[str]) -> Any:
        match rest:
            case []:
                return told(self.show(repo.name))
            case ["HEAD"]:
                return told(f"refs/heads/{repo.branch}")
            case ["branches", branch] if branch in repo.branches:
                return told({"ref": f"refs/heads/{branch}", "revision": repo.commit(branch), "can_delete": False})
            case ["branches", branch, "files", path, "content"]:
                content = repo.file(branch, path)
                return NOT_FOUND if content is None else base64.b64encode(content)
        return NOT_FOUND

    def show(self, name: str) -> dict[str, Any]:
        return {"id": quote(name, safe=""), "state": "READ_ONLY" if self.repos[name].archived else "ACTIVE"}


def told(value: Any) -> Reply:
    return Reply(200, b")]}'\n" + json.dumps(value).encode())


def git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()


GERRIT = Kind(
    FakeGerrit, BASE, "gerrit", basic("ada", TOKEN),
    lambda api, **more: GerritForge(api, GITILES, QUERY, **more),
    "acme", f"{GITILES}/acme/{{}}/+/refs/heads/main/{{}}",
)  # fmt: skip


class TestGerrit(ForgeContract):
    kind, second = GERRIT, 1 + 2 * 5

    def test_filters_choose_by_name_and_fork(self, opened: Open) -> None:
        """There are no forks on a Gerrit."""
        crawl = opened(filters=Filters(name="pay-.*", forks=False))
        crawl.add("pay-api")
        crawl.add("other-pay-x")
        crawl.run()
        assert crawl.names() == {"pay-api"}


EMITTED = {
    "generated-bcc2c19db07803dc61ba7a5aa833e8c9578e9b28": f"{GITILES}/acme/a/+/refs/heads/main/catalog-info.yaml",
    "generated-188ab5822231704bd92b0aa9c003e3a01636e71c": f"{GITILES}/acme/b/+/refs/heads/main/catalog-info.yaml",
    "generated-80d47997347a5fdc65ea6afd2f7d44cebc3cb48a": f"{GITILES}/acme/none/+/refs/heads/main/catalog-info.yaml",
    "generated-b438bb0b20d4455dcbad2683a713fc95c5ced497": f"{GITILES}/acme/pay-api/+/refs/heads/main/catalog-info.yaml",
}
"""The Locations by name, recorded from Backstage's module (npm `@backstage/plugin-catalog-backend-module-gerrit` 0.3.18).

It was run against the fake. Each had both managed-by annotations with its target, and was of type `url` and optional.
"""


@pytest.fixture
def acme(catalog: Catalog) -> Iterator[Crawl]:
    with crawl(catalog, GERRIT) as opened:
        opened.add("pay")
        yield opened


def test_what_is_emitted_is_what_backstages_module_emits_of_projects_that_have_the_file(catalog: Catalog) -> None:
    """The module emits a Location for each project; one that leads to no file is none here, whatever the host."""
    with crawl(catalog, GERRIT) as acme:
        for slug in ("a", "b", "pay-api"):
            acme.add(slug)
        acme.add("none", {"README.md": "# None"})
        acme.run()
        emitted = {name: target for name, target in EMITTED.items() if "/none/" not in target}
        assert len(EMITTED) == len(emitted) + 1
        assert set(emitted) == acme.names("location")
        for name, target in emitted.items():
            ours = acme.entity(f"location:default/{name}")
            assert ours["spec"] == {"type": "url", "target": target, "presence": "optional"}
            for annotation in ("managed-by-location", "managed-by-origin-location"):
                assert ours["metadata"]["annotations"][f"backstage.io/{annotation}"] == f"url:{target}"


def test_a_catalog_file_is_read_and_leads_to_its_pages(acme: Crawl) -> None:
    acme.run()
    target = f"{GITILES}/acme/pay/+/refs/heads/main/{FILE}"
    annotations = acme.entity("component:default/pay")["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-origin-location"] == f"url:{target}"
    assert annotations["backstage.io/view-url"] == target
    assert annotations["backstage.io/edit-url"] == (
        f"{BASE}/admin/repos/edit/repo/acme/pay/branch/refs/heads/main/file/{FILE}"
    )


def test_a_configured_branch_is_read_instead_of_the_one_of_head(catalog: Catalog) -> None:
    with crawl(catalog, GERRIT, branch="live") as acme:
        acme.add("pay")
        acme.host.repos["acme/pay"].branches["live"] = {FILE: component("live").encode()}
        acme.add("other")
        assert acme.run().failure == ""
        assert acme.names() == {"live"}
        assert [one for one in acme.host.take() if one.endswith("/HEAD")] == []


def test_a_query_that_says_how_many_is_asked_once(catalog: Catalog) -> None:
    two = GERRIT._replace(open=lambda api: GerritForge(api, GITILES, f"{QUERY}&n=2"))
    with crawl(catalog, two) as acme:
        for slug in "abcde":
            acme.add(slug)
        acme.run()
        assert acme.names() == {"a", "b"}


def test_a_webhook_is_refused(acme: Crawl) -> None:
    with pytest.raises(CatalogError, match="not signed"):
        acme.source.hook({}, b"{}")


def test_the_settings_say_what_is_read_and_who_asks(catalog: Catalog, tmp_path: Path) -> None:
    host = FakeGerrit(BASE)
    host.add("acme/pay", {FILE: component("pay")})
    with serve(host):
        known = scm.Host("gerrit.example.com", "gerrit", base_url=host.url.removesuffix("/a"))
        login = {known.name: Login(username="ada", password=TOKEN)}
        outside = Outside({known.name: known}, login, UrlReader(scm.Hosts([known])), catalog.cache, tmp_path)
        section = read_section(
            {"type": "gerrit", "host": known.name, "query": QUERY, "patterns": ["**/catalog-*.yaml"]}
        )
        source = section.open(outside)
        assert source.name == f"gerrit:gerrit.example.com/{QUERY}"
        report = Crawler(catalog, [source]).crawl(source.name)
        outside.close()
    assert report is not None
    assert (report.failure, report.problems) == ("", [])
    assert "component:default/pay" in report.added
    with pytest.raises(ValidationError, match="query"):
        read_section({"type": "gerrit", "host": known.name})
