"""Bitbucket Cloud and Data Center: what is emitted is what Backstage's modules emit (reference sections 11.5 and 11.6)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from catalog.catalog import Catalog
from catalog.errors import CatalogError, ReadError
from ingestors.bitbucket_cloud import BitbucketCloudForge
from ingestors.bitbucket_server import BitbucketServerForge
from ingestors.credentials import ClientCredentials, token
from tests.conftest import component
from tests.ingestors.forge_cases import FILE, Crawl, Kind, crawl
from tests.ingestors.forge_contract import RecordedForgeContract
from tests.ingestors.forge_servers import SECRET, TOKEN, BitbucketCloud, BitbucketServer

CLOUD = "https://bitbucket.org/acme/pay/src/main/catalog-info.yaml"
SERVER = "https://bb.example.com/projects/SHOP/repos/pay/browse/catalog-info.yaml"
KINDS = {
    "bitbucket_cloud": Kind(
        BitbucketCloud, "https://bitbucket.org", "bitbucketCloud", token(TOKEN),
        lambda api, **more: BitbucketCloudForge(api, "acme", secret=SECRET, **more),
        "acme", "https://bitbucket.org/acme/{}/src/main/{}",
    ),
    "bitbucket_server": Kind(
        BitbucketServer, "https://bb.example.com", "bitbucketServer", token(TOKEN),
        lambda api, **more: BitbucketServerForge(api, secret=SECRET, **more),
        "SHOP", "https://bb.example.com/projects/SHOP/repos/{}/browse/{}",
    ),
}  # fmt: skip
Open = Callable[..., Crawl]


class TestCloud(RecordedForgeContract):
    kind = KINDS["bitbucket_cloud"]


class TestServer(RecordedForgeContract):
    kind, second = KINDS["bitbucket_server"], 2 + 5


@pytest.fixture
def opened(catalog: Catalog) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda kind, **more: stack.enter_context(crawl(catalog, KINDS[kind], **more))


def test_a_file_in_the_cloud_becomes_backstages_location(opened: Open) -> None:
    acme = opened("bitbucket_cloud")
    acme.add("pay")
    acme.run()
    location = acme.location("pay")
    assert acme.source.forge.presence == "required"
    assert {name: location["spec"][name] for name in ("type", "target")} == {"type": "url", "target": CLOUD}
    assert location["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": f"url:{CLOUD}",
        "backstage.io/managed-by-origin-location": f"url:{CLOUD}",
        "backstage.io/view-url": CLOUD,
        "backstage.io/edit-url": f"{CLOUD}?mode=edit&at=main",
        "backstage.io/source-location": "url:https://bitbucket.org/acme/pay/src/main/",
        "bitbucket.org/repo-url": "https://bitbucket.org/acme/pay",
    }
    annotations = acme.entity("component:default/pay")["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-origin-location"] == f"url:{CLOUD}"
    assert "bitbucket.org/repo-url" not in annotations


def test_a_file_on_a_server_becomes_backstages_location(opened: Open) -> None:
    acme = opened("bitbucket_server")
    acme.add("pay")
    acme.run()
    location = acme.location("pay")
    assert location["spec"] == {"type": "url", "target": SERVER, "presence": "optional"}
    assert location["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": f"url:{SERVER}",
        "backstage.io/managed-by-origin-location": f"url:{SERVER}",
        "backstage.io/view-url": SERVER,
        "backstage.io/edit-url": SERVER,
        "backstage.io/source-location": "url:https://bb.example.com/projects/SHOP/repos/pay/browse/",
        "bitbucket.org/default-branch": "main",
    }


def test_in_the_cloud_projects_are_chosen_by_key(opened: Open) -> None:
    acme = opened("bitbucket_cloud", project="SHOP.*")
    acme.add("a", topics=("SHOP2",))  # the fake keeps a project's key there
    acme.add("b", topics=("XSHOP",))
    acme.run()
    assert acme.names() == {"a"}


def test_on_a_server_projects_are_chosen_by_key(opened: Open) -> None:
    acme = opened("bitbucket_server", project="SHOP")
    acme.add("a")
    acme.host.add("SHOP2/b", {FILE: component("b")})
    acme.run()
    assert acme.names() == {"a"}


@pytest.mark.parametrize("kind", ["bitbucket_cloud", "bitbucket_server"])
def test_a_branch_with_a_slash_is_read(opened: Open, kind: str) -> None:
    acme = opened(kind)
    acme.add("pay", branch="release/1")
    assert acme.run().failure == ""
    assert acme.names() == {"pay"}


EVENTS: list[tuple[str, str, dict[str, Any], tuple[str, ...]]] = [
    ("bitbucket_cloud", "repo:push", {"repository": {"full_name": "acme/pay"}, "push": {"changes": []}}, ("acme/pay",)),
    ("bitbucket_cloud", "repo:deleted", {"repository": {"full_name": "acme/pay"}}, ("acme/pay",)),
    (
        "bitbucket_cloud",
        "repo:updated",
        {"repository": {"full_name": "acme/new"}, "changes": {"full_name": {"old": "acme/pay", "new": "acme/new"}}},
        ("acme/new", "acme/pay"),
    ),
    ("bitbucket_cloud", "repo:push", {"repository": {"full_name": "other/pay"}}, ()),
    ("bitbucket_cloud", "pullrequest:created", {"repository": {"full_name": "acme/pay"}}, ()),
    (
        "bitbucket_server",
        "repo:refs_changed",
        {"repository": {"slug": "pay", "project": {"key": "SHOP"}}, "changes": [{"ref": {"displayId": "main"}}]},
        ("SHOP/pay",),
    ),
    (
        "bitbucket_server",
        "repo:modified",
        {"old": {"slug": "pay", "project": {"key": "SHOP"}}, "new": {"slug": "new", "project": {"key": "SHOP"}}},
        ("SHOP/pay", "SHOP/new"),
    ),
    ("bitbucket_server", "pr:opened", {"repository": {"slug": "pay", "project": {"key": "SHOP"}}}, ()),
    ("bitbucket_server", "diagnostics:ping", {"test": True}, ()),
]


@pytest.mark.parametrize(("kind", "event", "payload", "expected"), EVENTS)
def test_a_webhook_names_the_repositories_that_it_is_about(
    opened: Open, kind: str, event: str, payload: dict[str, Any], expected: tuple[str, ...]
) -> None:
    acme = opened(kind)
    assert acme.source.forge.hook(*acme.host.hook(event, payload)).repositories == expected


def test_a_renamed_project_is_read_whole(opened: Open) -> None:
    acme = opened("bitbucket_server")
    assert acme.source.forge.hook(*acme.host.hook("project:modified", {})).everything


@pytest.mark.parametrize("kind", ["bitbucket_cloud", "bitbucket_server"])
def test_a_push_is_seen_and_reads_only_its_repository(opened: Open, kind: str) -> None:
    acme = opened(kind)
    acme.add("pay")
    acme.add("other")
    acme.run()
    before = acme.host.repos[acme.name("pay")].updated
    acme.host.push(acme.name("pay"), {FILE: component("pay", "Changed")})
    acme.host.repos[acme.name("pay")].updated = before
    acme.host.take()
    _, event, payload, _ = next(one for one in EVENTS if one[0] == kind)
    assert acme.source.hook(*acme.host.hook(event, payload))
    acme.run()
    assert acme.entity("component:default/pay")["metadata"]["description"] == "Changed"
    asked = acme.host.take()
    assert all("/pay" in one for one in asked)
    assert len(asked) <= 3


@pytest.mark.parametrize("kind", ["bitbucket_cloud", "bitbucket_server"])
def test_a_webhook_must_be_signed_with_the_secret(opened: Open, kind: str) -> None:
    acme = opened(kind)
    _, event, payload, _ = next(one for one in EVENTS if one[0] == kind)
    headers, body = acme.host.hook(event, payload)
    for wrong in ({**headers, "X-Hub-Signature": "sha256=" + "0" * 64}, {"X-Event-Key": event}):
        with pytest.raises(CatalogError, match="invalid signature") as raised:
            acme.source.hook(wrong, body)
        assert raised.value.code == "forbidden"


def test_client_credentials_are_asked_for_once_and_anew_when_they_end() -> None:
    forms: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            forms.append(self.rfile.read(int(self.headers["content-length"])))
            allowed = self.headers["authorization"].startswith("Basic ") and len(forms) < 3
            body = b'{"access_token": "t%d", "expires_in": %d}' % (len(forms), 7200 if len(forms) == 1 else 1)
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/site/oauth2/access_token"
    headers = ClientCredentials(url, "client", "very-secret")
    assert headers() == headers() == {"authorization": "Bearer t1"}
    assert forms == [b"grant_type=client_credentials"]
    short = ClientCredentials(url, "client", "very-secret")
    assert short() == {"authorization": "Bearer t2"}
    with pytest.raises(ReadError) as raised:
        short()
    assert "very-secret" not in raised.value.message
    server.shutdown()
    server.server_close()
    thread.join()
    with pytest.raises(ReadError, match="gave no token"):
        short()
