"""What a stock app asks of the auth and permission plugins, and what it is told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from web.access import Access, decide_access, make_tokens
from web.app import create_app
from web.settings import Settings

TOKEN = "correct-horse-battery"
AUTHORIZE = "/api/permission/authorize"
READ = {
    "type": "resource",
    "name": "catalog.entity.read",
    "attributes": {"action": "read"},
    "resourceType": "catalog-entity",
}
DELETE = {**READ, "name": "catalog.entity.delete", "attributes": {"action": "delete"}}
CREATE = {"type": "basic", "name": "catalog.location.create", "attributes": {"action": "create"}}
ANALYZE = {"type": "basic", "name": "catalog.location.analyze", "attributes": {}}
REF = "component:default/a"
GUEST = """apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: guest, namespace: development}
spec: {memberOf: [team-b, team-a]}
"""


@pytest.fixture
def client(catalog: Catalog) -> Iterator[TestClient]:
    with TestClient(create_app(Crawler(catalog), Access(make_tokens([(TOKEN, "ci")])))) as opened:
        yield opened


@pytest.fixture
def dev(catalog: Catalog) -> Iterator[TestClient]:
    with TestClient(create_app(Crawler(catalog), Access(dev=True))) as opened:
        yield opened


def decide(client: TestClient, *items: dict[str, Any], **headers: str) -> list[Any]:
    """The results for these items, whose ids come back."""
    sent = [{"id": str(number), **item} for number, item in enumerate(items)]
    response = client.post(AUTHORIZE, json={"items": sent}, headers=headers)
    assert response.status_code == 200, response.text
    found = response.json()["items"]
    assert [one["id"] for one in found] == [one["id"] for one in sent]
    return [one["result"] for one in found]


def test_the_guest_signs_in_with_an_empty_token(client: TestClient) -> None:
    for method in ("GET", "POST"):
        response = client.request(method, "/api/auth/guest/refresh?optional")
        assert response.status_code == 200
        assert response.json() == {
            "profile": {},
            "backstageIdentity": {
                "token": "",
                "identity": {
                    "type": "user",
                    "userEntityRef": "user:development/guest",
                    "ownershipEntityRefs": ["user:development/guest"],
                },
            },
        }


def test_the_guest_owns_what_its_groups_own(
    catalog: Catalog, client: TestClient, write: Callable[[str, str], Path], folder: FolderSource
) -> None:
    write("catalog-info.yaml", GUEST)
    catalog.ingest(folder)
    identity = client.get("/api/auth/guest/refresh").json()["backstageIdentity"]["identity"]
    refs = ["user:development/guest", "group:development/team-a", "group:development/team-b"]
    assert identity["ownershipEntityRefs"] == refs


def test_the_settings_name_another_guest(catalog: Catalog) -> None:
    settings = Settings.model_validate({"auth": {"guest": "Default/Jane"}})
    with TestClient(
        create_app(Crawler(catalog), decide_access(settings, "localhost")), base_url="http://localhost"
    ) as opened:
        identity = opened.get("/api/auth/guest/refresh").json()["backstageIdentity"]["identity"]
    assert identity["userEntityRef"] == "user:default/jane"


def test_other_providers_are_unknown(client: TestClient) -> None:
    for method, path in (
        ("GET", "github/refresh"),
        ("POST", "github/logout"),
        ("GET", "github/start"),
        ("GET", "guest/nope"),
        ("GET", "guest/start"),
    ):
        response = client.request(method, f"/api/auth/{path}")
        assert response.status_code == 404
        message = f"Unknown auth provider '{path.partition('/')[0]}'"
        assert response.json()["error"] == {"name": "NotFoundError", "message": message}
        assert response.json()["request"] == {"method": method, "url": f"/{path}"}
    assert client.post("/api/auth/guest/logout").status_code == 200


def test_reads_are_allowed_and_writes_are_not_without_a_token(client: TestClient) -> None:
    several = [REF, "component:default/b"]
    asked = (
        {"permission": READ, "resourceRef": REF},
        {"permission": DELETE, "resourceRef": REF},
        {"permission": READ, "resourceRef": several},
        {"permission": DELETE, "resourceRef": several},
        {"permission": CREATE},
        {"permission": ANALYZE},
        {"permission": {**CREATE, "name": "scaffolder.task.create"}},
        {"permission": {**DELETE, "attributes": {}}, "resourceRef": REF},
    )
    expected = ["ALLOW", "DENY", ["ALLOW"] * 2, ["DENY"] * 2, "DENY", "ALLOW", "DENY", "DENY"]
    assert decide(client, *asked) == expected
    assert decide(client) == []


def test_whoever_may_write_is_allowed_everything(client: TestClient, dev: TestClient) -> None:
    assert decide(dev, {"permission": CREATE}, {"permission": DELETE}, {"permission": READ}) == ["ALLOW"] * 3
    signed_in = {"authorization": "Basic bWU6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"}
    assert decide(client, {"permission": CREATE}, **signed_in) == ["ALLOW"]


def test_a_programs_token_is_not_asked_about(client: TestClient) -> None:
    response = client.post(AUTHORIZE, json={"items": []}, headers={"authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 403
    assert response.json()["error"]["message"] == "This endpoint does not allow 'service' credentials"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": 3},
        {"items": [3]},
        {"items": [{"permission": CREATE}]},
        {"items": [{"id": 3, "permission": CREATE}]},
        {"items": [{"id": "a"}]},
        {"items": [{"id": "a", "permission": {"name": "x", "attributes": {}}}]},
        {"items": [{"id": "a", "permission": {**CREATE, "type": "other"}}]},
        {"items": [{"id": "a", "permission": {**CREATE, "attributes": {"action": "fly"}}}]},
        {"items": [{"id": "a", "permission": CREATE, "resourceRef": REF}]},
        {"items": [{"id": "a", "permission": READ}]},
        {"items": [{"id": "a", "permission": READ, "resourceRef": []}]},
        {"items": [{"id": "a", "permission": READ, "resourceRef": [3]}]},
        {"items": [{"id": "a", "permission": READ, "resourceRef": None}]},
        {"items": [{"id": "a", "permission": {**READ, "resourceType": 3}, "resourceRef": REF}]},
    ],
)
def test_a_question_that_makes_no_sense_is_an_input_error(client: TestClient, body: dict[str, Any]) -> None:
    response = client.post(AUTHORIZE, json=body)
    assert (response.status_code, response.json()["error"]["name"]) == (400, "InputError")


def test_a_resource_permission_without_a_resource_is_backstages_error(client: TestClient) -> None:
    response = client.post(AUTHORIZE, json={"items": [{"id": "a", "permission": READ}]})
    assert response.json()["error"]["message"] == (
        "Resource permissions require a resourceRef to be set. Direct user requests without a resourceRef are not allowed."
    )


def test_the_catalog_names_its_permissions(client: TestClient) -> None:
    found = client.get("/api/catalog/.well-known/backstage/permissions/metadata").json()
    assert {"type": "basic", "name": "catalog.location.analyze", "attributes": {}} in found["permissions"]
    assert READ in found["permissions"]
    assert len(found["permissions"]) == 13


def test_nobody_gets_a_cookie(client: TestClient) -> None:
    path = "/api/catalog/.backstage/auth/v1/cookie"
    assert client.get(path).json()["error"]["message"] == "Missing credentials"
    assert client.get(path, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 403
    response = client.delete(path)
    assert response.status_code == 204
    assert response.headers["set-cookie"].startswith("backstage-auth=;")


def test_plugins_issue_no_keys(client: TestClient) -> None:
    for plugin in ("catalog", "search"):
        assert client.get(f"/api/{plugin}/.backstage/auth/v1/jwks.json").json() == {"keys": []}
