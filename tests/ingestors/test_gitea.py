"""Gitea and Forgejo: what is emitted is what Backstage's module emits (reference section 11.8), and their webhooks."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from ingestors.credentials import token
from ingestors.forge import Filters
from ingestors.gitea import GiteaForge
from tests.conftest import component
from tests.ingestors.forge_cases import FILE, Crawl, Kind, crawl
from tests.ingestors.forge_contract import RecordedForgeContract
from tests.ingestors.forge_servers import SECRET, TOKEN, Gitea, sign

GITEA = Kind(
    Gitea, "https://git.example.com", "gitea", token(TOKEN, "token"),
    lambda api, **more: GiteaForge(api, "acme", secret=SECRET, **more),
    "acme", "https://git.example.com/acme/{}/src/branch/main/{}",
)  # fmt: skip
TARGET = "https://git.example.com/acme/pay/src/branch/main/catalog-info.yaml"


class TestGitea(RecordedForgeContract):
    kind = GITEA


@pytest.fixture
def acme(catalog: Catalog) -> Iterator[Crawl]:
    with crawl(catalog, GITEA) as opened:
        opened.add("pay")
        yield opened


def pushed(crawl: Crawl, ref: str = "refs/heads/main", name: str = "acme/pay") -> tuple[dict[str, str], bytes]:
    repository = {"name": "pay", "full_name": name, "default_branch": "main", "owner": {"login": "acme"}}
    found: tuple[dict[str, str], bytes] = crawl.host.hook("push", {"ref": ref, "repository": repository, "commits": []})
    return found


def test_a_catalog_file_becomes_backstages_location(acme: Crawl) -> None:
    acme.run()
    location = acme.location("pay")
    name = "generated-" + hashlib.sha1(f"url:{TARGET}".encode()).hexdigest()
    assert (location["apiVersion"], location["kind"]) == ("backstage.io/v1alpha1", "Location")
    assert location["metadata"]["name"] == name
    assert location["spec"] == {"type": "url", "target": TARGET}
    assert location["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": f"url:{TARGET}",
        "backstage.io/managed-by-origin-location": f"url:{TARGET}",
        "backstage.io/view-url": TARGET,
        "backstage.io/edit-url": "https://git.example.com/acme/pay/_edit/main/catalog-info.yaml",
        "backstage.io/source-location": "url:https://git.example.com/acme/pay/src/branch/main/",
    }
    annotations = acme.entity("component:default/pay")["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-location"] == f"url:{TARGET}"
    assert annotations["backstage.io/managed-by-origin-location"] == f"url:{TARGET}"


def test_a_configured_branch_is_read_instead_of_the_default_one(catalog: Catalog) -> None:
    with crawl(catalog, GITEA, branch="main") as acme:
        acme.add("pay", branch="develop")
        acme.host.repos["acme/pay"].branches["main"] = {FILE: component("main").encode()}
        acme.add("other", branch="develop")
        assert acme.run().failure == ""
        assert acme.names() == {"main"}
        acme.location("pay")


def test_filters_know_topics_and_visibility(catalog: Catalog) -> None:
    with crawl(catalog, GITEA, filters=Filters(topics=("shop",), visibility=("private",))) as acme:
        acme.add("a", topics=("shop", "x"))
        acme.add("b", topics=("shop",), private=False)
        acme.add("c")
        acme.run()
        assert acme.names() == {"a"}


def test_a_push_is_seen_though_the_host_has_not_noted_it_yet(acme: Crawl) -> None:
    acme.run()
    before = acme.host.repos["acme/pay"].updated
    acme.host.push("acme/pay", {FILE: component("pay", "Changed")})
    acme.host.repos["acme/pay"].updated = before
    acme.host.take()
    assert acme.source.hook(*pushed(acme))
    acme.run()
    assert acme.entity("component:default/pay")["metadata"]["description"] == "Changed"
    assert len(acme.host.take()) == 2


def test_two_changes_within_one_second_are_both_seen(acme: Crawl) -> None:
    now = (datetime.now(UTC) + timedelta(hours=1)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )  # it stays new, however long this takes
    for description in ("One", "Two"):
        acme.host.push("acme/pay", {FILE: component("pay", description)})
        acme.host.repos["acme/pay"].updated = now
        acme.run()
        assert acme.entity("component:default/pay")["metadata"]["description"] == description


def test_repositories_that_come_go_or_move_are_told_by_webhook(acme: Crawl) -> None:
    acme.run()
    acme.add("new")
    told: dict[str, Any] = {"action": "created", "repository": {"full_name": "acme/new"}}
    assert acme.source.hook(*acme.host.hook("repository", told))
    acme.run()
    assert acme.names() == {"pay", "new"}
    del acme.host.repos["acme/new"]
    told = {"action": "deleted", "repository": {"full_name": "acme/new"}}
    assert acme.source.hook(*acme.host.hook("repository", told))
    acme.run(confirmed=True)
    assert acme.names() == {"pay"}


def test_what_does_not_matter_is_not_read_again(acme: Crawl) -> None:
    assert not acme.source.hook(*pushed(acme, "refs/heads/feature"))
    assert not acme.source.hook(*pushed(acme, name="other/pay"))
    assert not acme.source.hook(*acme.host.hook("issues", {"repository": {"full_name": "acme/pay"}}))


def test_a_webhook_must_be_signed_with_the_secret(acme: Crawl) -> None:
    headers, body = pushed(acme)
    for wrong in ({**headers, "X-Gitea-Signature": "0" * 64}, {"X-Gitea-Event": "push"}):
        with pytest.raises(CatalogError, match="invalid signature") as raised:
            acme.source.hook(wrong, body)
        assert raised.value.code == "forbidden"
    with pytest.raises(CatalogError, match="invalid signature"):
        acme.source.hook(headers, body + b" ")
    assert acme.source.hook({"x-forgejo-event": "push", "x-forgejo-signature": headers["X-Gitea-Signature"]}, body)


def test_a_webhook_that_is_no_json_is_refused(acme: Crawl) -> None:
    body = b"payload=%7B%7D"
    with pytest.raises(CatalogError, match="not a JSON object"):
        acme.source.hook({"X-Gitea-Event": "push", "X-Gitea-Signature": sign(body)}, body)


def test_the_token_goes_nowhere_else_and_is_never_shown(acme: Crawl, capsys: pytest.CaptureFixture[str]) -> None:
    acme.host.authorization = "another"
    report = acme.run()
    assert TOKEN not in repr(report)
    assert TOKEN not in repr(acme.catalog.runs())
    assert TOKEN not in "".join(capsys.readouterr())
