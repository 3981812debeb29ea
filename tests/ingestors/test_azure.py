"""Azure DevOps: what is emitted is what Backstage's module emits (reference section 11.7), and its service hooks."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from ingestors.azure import AzureForge
from ingestors.credentials import basic
from tests.conftest import component
from tests.ingestors.forge_cases import FILE, Crawl, Kind, crawl
from tests.ingestors.forge_contract import RecordedForgeContract
from tests.ingestors.forge_servers import NOT_FOUND, SECRET, TOKEN, Host, Reply, Repo, blob_id


class Azure(Host):
    """A fake in the shapes of Microsoft's "Azure DevOps Services REST API Reference", Git; `/acme` is the organisation."""

    authorization = "Basic " + base64.b64encode(f":{TOKEN}".encode()).decode()
    base = "/acme"

    def reply(self, parts: list[str], query: dict[str, str]) -> Any:
        if query.get("api-version") != "7.0":
            return Reply(400, b'{"message":"no version"}')
        match parts:
            case ["_apis", "git", "repositories"]:
                return self._list([self.show(repo) for repo in self.repos.values()])
            case [project, "_apis", "git", "repositories", name, *rest] if f"{project}/{name}" in self.repos:
                return self._of(self.repos[f"{project}/{name}"], rest, query)
        return NOT_FOUND

    def _list(self, values: list[Any]) -> Any:
        return {"count": len(values), "value": self.cut(values)}

    def _of(self, repo: Repo, rest: list[str], query: dict[str, str]) -> Any:
        branch = query.get("versionDescriptor.version", "")
        match rest:
            case []:
                return self.show(repo)
            case ["refs"]:
                refs = [{"name": f"refs/heads/{one}", "objectId": repo.commit(one)} for one in repo.branches]
                return self._list([one for one in refs if one["name"].startswith(f"refs/{query['filter']}")])
            case ["items"] if "path" in query:
                return repo.file(branch, query["path"].removeprefix("/")) or NOT_FOUND
            case ["items"] if query["recursionLevel"] == "Full":
                items = [{"objectId": blob_id(one), "gitObjectType": "blob", "path": f"/{path}"}
                         for path, one in repo.branches[branch].items()]  # fmt: skip
                return self._list([{"objectId": "0", "gitObjectType": "tree", "path": "/", "isFolder": True}, *items])
        return NOT_FOUND

    def show(self, repo: Repo) -> dict[str, Any]:
        project, _, name = repo.name.partition("/")
        found = {"id": blob_id(repo.name.encode()), "name": name, "isDisabled": repo.archived, "isFork": repo.fork,
                 "project": {"name": project, "visibility": "private" if repo.private else "public"}}  # fmt: skip
        return found | ({"defaultBranch": f"refs/heads/{repo.branch}"} if repo.branches else {})

    def hook(self, event: str, payload: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        """A service hook, headers and body."""
        return {"X-Ado-Webhook-Secret": SECRET}, json.dumps({"eventType": event, **payload}).encode()


AZURE = Kind(
    Azure, "https://dev.azure.com/acme", "azure", basic("", TOKEN),
    lambda api, **more: AzureForge(api, url="https://dev.azure.com/acme", secret=SECRET, **more),
    "My Shop", "https://dev.azure.com/acme/My%20Shop/_git/{}?path=/{}",
)  # fmt: skip
TARGET = "https://dev.azure.com/acme/My%20Shop/_git/pay?path=/catalog-info.yaml"


class TestAzure(RecordedForgeContract):
    kind, second = AZURE, 1 + 5


@pytest.fixture
def acme(catalog: Catalog) -> Iterator[Crawl]:
    with crawl(catalog, AZURE) as opened:
        opened.add("pay")
        yield opened


def told(
    event: str = "git.push", name: str = "pay", project: str = "My Shop", **more: Any
) -> tuple[str, dict[str, Any]]:
    repository = {"name": name, "defaultBranch": "refs/heads/main", "project": {"name": project}}
    return event, {"resource": {"repository": repository, **more}}


MAIN = {"refUpdates": [{"name": "refs/heads/main", "oldObjectId": "0", "newObjectId": "1"}]}


def test_a_catalog_file_becomes_backstages_location(acme: Crawl) -> None:
    acme.run()
    location = acme.location("pay")
    assert acme.source.forge.presence == "required"
    assert {name: location["spec"][name] for name in ("type", "target")} == {"type": "url", "target": TARGET}
    assert location["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": f"url:{TARGET}",
        "backstage.io/managed-by-origin-location": f"url:{TARGET}",
        "backstage.io/view-url": TARGET,
        "backstage.io/edit-url": TARGET,
        "backstage.io/source-location": "url:https://dev.azure.com/acme/My%20Shop/_git/pay?path=%2F",
    }
    annotations = acme.entity("component:default/pay")["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-origin-location"] == f"url:{TARGET}"


def test_a_configured_branch_is_in_the_target(catalog: Catalog) -> None:
    with crawl(catalog, AZURE, branch="live") as acme:
        acme.add("pay")
        acme.host.repos["My Shop/pay"].branches |= {"live": {FILE: component("live").encode()}, "live2": {}}
        acme.add("other")
        assert acme.run().failure == ""
        assert acme.names() == {"live"}
        acme.location("pay", f"{FILE}&version=GBlive")


def test_projects_are_chosen_by_name(catalog: Catalog) -> None:
    with crawl(catalog, AZURE, project="My.*") as acme:
        acme.add("a")
        acme.host.add("Other/b", {FILE: component("b")})
        acme.run()
        assert acme.names() == {"a"}


def test_a_push_is_seen_and_reads_only_its_repository(acme: Crawl) -> None:
    acme.add("other")
    acme.run()
    acme.host.push("My Shop/pay", {FILE: component("pay", "Changed")})
    acme.host.take()
    assert acme.source.hook(*acme.host.hook(*told(**MAIN)))
    acme.run()
    assert acme.entity("component:default/pay")["metadata"]["description"] == "Changed"
    assert len(acme.host.take()) == 3


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (told(**MAIN), ("My Shop/pay",)),
        (told(refUpdates=[{"name": "refs/heads/feature"}]), ()),
        (told("git.repo.created"), ("My Shop/pay",)),
        (told("git.repo.renamed", "new", oldName="pay", newName="new"), ("My Shop/new", "My Shop/pay")),
        (told("git.pullrequest.created"), ()),
        (("build.complete", {"resource": None}), ()),
    ],
)
def test_a_service_hook_names_the_repositories_that_it_is_about(
    acme: Crawl, event: tuple[str, dict[str, Any]], expected: tuple[str, ...]
) -> None:
    assert acme.source.forge.hook(*acme.host.hook(*event)).repositories == expected


def test_a_service_hook_must_bring_the_secret(acme: Crawl) -> None:
    _, body = acme.host.hook(*told(**MAIN))
    for wrong in ({}, {"X-Ado-Webhook-Secret": "sesamee"}, {"X-Ado-Webhook-Secret": ""}):
        with pytest.raises(CatalogError, match="invalid webhook secret") as raised:
            acme.source.hook(wrong, body)
        assert raised.value.code == "forbidden"


def test_a_disabled_repository_is_as_an_archived_one_and_is_not_asked(acme: Crawl) -> None:
    acme.add("off", archived=True)
    acme.run()
    assert acme.names() == {"pay"}
    assert [one for one in acme.host.take() if "/off/" in one] == []
