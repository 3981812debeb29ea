"""Teams, groups and users of GitHub and GitLab: what Backstage's modules emit, from real HTTP, and nothing lost to faults."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog import scm
from catalog.catalog import Catalog
from catalog.documents import Cache, Remote, Usage
from catalog.errors import CatalogError, ReadError
from catalog.query import All
from ingestors.fetch import Api
from ingestors.github_org import GitHubOrgSource
from ingestors.gitlab_org import GitLabOrgSource
from tests.ingestors import github_org_server, gitlab_server
from tests.ingestors.faulty_server import FAULTS, Asked, FaultKind
from tests.ingestors.github_org_server import GitHubOrgs, Team, sign
from tests.ingestors.gitlab_server import GitLab

HOSTS = scm.Hosts([scm.Host("gitlab.example.com", "gitlab")])
VERSION = "backstage.io/v1alpha1"
MANAGED = "backstage.io/managed-by-location"
ORIGIN = "backstage.io/managed-by-origin-location"
VIEW, EDIT, SOURCE = "backstage.io/view-url", "backstage.io/edit-url", "backstage.io/source-location"
Entities = dict[str, dict[str, Any]]


def ingest(catalog: Catalog, source: Any) -> Entities:
    """What is in the catalog after a crawl, by ref, without what the catalog itself adds."""
    report = catalog.ingest(source)
    assert report.failure == ""
    assert report.problems == []
    return held(catalog)


def held(catalog: Catalog) -> Entities:
    found = {}
    for entity in map(json.loads, catalog.view.listed(All(()), ())[0]):
        metadata = {key: value for key, value in entity["metadata"].items() if key not in ("uid", "etag")}
        if metadata.get("namespace") == "default":
            del metadata["namespace"]
        body = {key: value for key, value in entity.items() if key not in ("relations", "metadata")}
        found[f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}"] = {
            **body,
            "metadata": metadata,
        }
    return found


def placed(url: str, source: str, edit: str = "") -> dict[str, str]:
    """The annotations of an entity whose page is at a URL: reference sections 11.2, 11.4 and 4.6."""
    return {MANAGED: f"url:{url}", ORIGIN: f"url:{url}", VIEW: url, EDIT: edit or url, SOURCE: f"url:{source}"}


# -- GitHub


@pytest.fixture
def github() -> Iterator[GitHubOrgs]:
    with GitHubOrgs() as server:
        server.add_user(
            "Octo-Cat", name="Octo Cat", bio='Cat: a \u2028 \x85 \U0001f600 "one"', email="octo@acme.example"
        )
        server.add_user("bob")
        server.add_user("carol", name="Carol", suspendedAt="2026-01-01T00:00:00Z")
        teams = [
            Team("platform", ["Octo-Cat"], description="Runs it: all", avatar="https://avatars.example.com/t/1"),
            Team("pay", ["bob", "Octo-Cat", "carol"], parent="platform", name="Team Pay"),
            Team("empty", parent="gone"),
        ]
        server.add("Acme", ["Octo-Cat", "bob", "carol"], teams)
        yield server


GITHUB_USERS: Entities = {
    "User:default/Octo-Cat": {
        "apiVersion": VERSION,
        "kind": "User",
        "metadata": {
            "name": "Octo-Cat",
            "description": 'Cat: a \u2028 \x85 \U0001f600 "one"',
            "annotations": {
                "github.com/user-login": "Octo-Cat",
                "github.com/user-id": "U_1",
                **placed("https://github.com/Octo-Cat", "https://github.com/"),
            },
        },
        "spec": {
            "profile": {
                "displayName": "Octo Cat",
                "email": "octo@acme.example",
                "picture": "https://avatars.githubusercontent.com/u/1",
            },
            "memberOf": ["pay", "platform"],
        },
    },
    "User:default/bob": {
        "apiVersion": VERSION,
        "kind": "User",
        "metadata": {
            "name": "bob",
            "annotations": {
                "github.com/user-login": "bob",
                "github.com/user-id": "U_2",
                **placed("https://github.com/bob", "https://github.com/"),
            },
        },
        "spec": {"profile": {"picture": "https://avatars.githubusercontent.com/u/2"}, "memberOf": ["pay"]},
    },
    "User:default/carol": {
        "apiVersion": VERSION,
        "kind": "User",
        "metadata": {
            "name": "carol",
            "annotations": {
                "github.com/user-login": "carol",
                "github.com/user-id": "U_3",
                **placed("https://github.com/carol", "https://github.com/"),
            },
        },
        "spec": {
            "profile": {"displayName": "Carol", "picture": "https://avatars.githubusercontent.com/u/3"},
            "memberOf": ["pay"],
        },
    },
}


def github_group(slug: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    url = f"https://github.com/orgs/Acme/teams/{slug}"
    annotations = {
        "github.com/team-slug": f"Acme/{slug}",
        **placed(url, "https://github.com/orgs/Acme/teams/", f"{url}/edit"),
    }
    metadata = {"name": slug, "annotations": annotations, **metadata}
    return {"apiVersion": VERSION, "kind": "Group", "metadata": metadata, "spec": {"type": "team", **spec}}


GITHUB_GROUPS: Entities = {
    "Group:default/platform": github_group(
        "platform",
        {
            "profile": {"displayName": "Platform", "picture": "https://avatars.example.com/t/1"},
            "children": ["pay"],
            "members": ["default/Octo-Cat"],
        },
        description="Runs it: all",
    ),
    "Group:default/pay": github_group(
        "pay",
        {
            "profile": {"displayName": "Team Pay"},
            "children": [],
            "parent": "platform",
            "members": ["default/Octo-Cat", "default/bob", "default/carol"],
        },
    ),
    "Group:default/empty": github_group(
        "empty", {"profile": {"displayName": "Empty"}, "children": [], "parent": "gone", "members": []}
    ),
}
MakeGitHub = Callable[..., GitHubOrgSource]


@pytest.fixture
def open_github(github: GitHubOrgs, catalog: Catalog) -> Iterator[MakeGitHub]:
    apis: list[Api] = []

    def new(*logins: str, token: str = github_org_server.TOKEN, **more: Any) -> GitHubOrgSource:
        cache, usage = catalog.cache("org"), Usage()
        headers = {"authorization": f"Bearer {token}"}
        apis.append(Api(github.api, usage, cache, lambda: headers, sleep=lambda seconds: None))
        return GitHubOrgSource("org", [(login, apis[-1]) for login in logins or ("Acme",)], cache, usage, **more)

    yield new
    for api in apis:
        api.close()


def test_an_organisation_becomes_the_groups_and_users_that_backstage_makes_of_it(
    catalog: Catalog, open_github: MakeGitHub
) -> None:
    source = open_github()
    assert isinstance(source, Remote)
    found = ingest(catalog, source)
    assert found == GITHUB_USERS | GITHUB_GROUPS
    relations = {(one["type"], one["targetRef"]) for one in entity(catalog, "group:default/pay")["relations"]}
    assert relations == {
        ("childOf", "group:default/platform"),
        ("hasMember", "user:default/bob"),
        ("hasMember", "user:default/carol"),
        ("hasMember", "user:default/octo-cat"),
    }


def entity(catalog: Catalog, ref: str) -> dict[str, Any]:
    found = catalog.view.entity(ref)
    assert found is not None
    return found


def test_more_than_one_organisation_has_a_namespace_each_and_one_entity_for_a_user_of_both(
    github: GitHubOrgs, catalog: Catalog, open_github: MakeGitHub
) -> None:
    github.add_user("dora", name="Dora")
    github.add("Beta", ["Octo-Cat", "dora"], [Team("pay", ["Octo-Cat", "bob", "dora"])])
    found = ingest(catalog, open_github("Acme", "Beta", namespaced=True))
    acme = {f"Group:acme/{name}" for name in ("platform", "pay", "empty")}
    assert set(found) == {*GITHUB_USERS, "User:default/dora", *acme, "Group:beta/pay"}
    assert found["User:default/Octo-Cat"]["spec"]["memberOf"] == ["acme/pay", "acme/platform", "beta/pay"]
    assert found["User:default/bob"]["spec"]["memberOf"] == [
        "acme/pay"
    ]  # a member of that team, not of its organisation
    assert found["Group:beta/pay"]["metadata"]["annotations"][MANAGED] == "url:https://github.com/orgs/Beta/teams/pay"
    own = GITHUB_GROUPS["Group:default/pay"]
    assert found["Group:acme/pay"] == {**own, "metadata": {**own["metadata"], "namespace": "acme"}}


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_the_size_of_pages_changes_nothing(catalog: Catalog, open_github: MakeGitHub, size: int) -> None:
    source = open_github(team_page=size, member_page=size, user_page=size)
    assert ingest(catalog, source) == GITHUB_USERS | GITHUB_GROUPS


def test_suspended_users_can_be_left_out_and_addresses_be_those_of_verified_domains(
    github: GitHubOrgs, catalog: Catalog, open_github: MakeGitHub
) -> None:
    github.emails["Acme"] = ["someone+tag@acme.example", "other@acme.example"]
    found = ingest(catalog, open_github(exclude_suspended=True, verified_emails=True))
    assert set(found) == {*GITHUB_USERS, *GITHUB_GROUPS} - {"User:default/carol"}
    assert found["User:default/bob"]["spec"]["profile"]["email"] == "someone@acme.example"


def test_addresses_are_not_asked_for_without_the_right_to_see_them(
    github: GitHubOrgs, catalog: Catalog, open_github: MakeGitHub
) -> None:
    found = ingest(catalog, open_github(emails=False))
    assert "email" not in found["User:default/Octo-Cat"]["spec"]["profile"]
    assert not any(b"email" in asked.body for asked in github.asked)


ERRORS: list[tuple[dict[str, Any], int, str]] = [
    ({"type": "RATE_LIMITED", "message": "API rate limit exceeded"}, 1, "API rate limit exceeded"),
    ({"type": "FORBIDDEN", "message": "Resource not accessible"}, 1, "was refused: Resource not accessible"),
    ({"message": "Something went wrong while executing your query"}, 3, "could not be read: Something went wrong"),
]


@pytest.mark.parametrize(("error", "times", "message"), ERRORS)
def test_errors_in_an_answer_end_the_crawl_and_change_nothing(
    github: GitHubOrgs,
    catalog: Catalog,
    open_github: MakeGitHub,
    error: dict[str, Any],
    times: int,
    message: str,
) -> None:
    source = open_github()
    before = ingest(catalog, source)
    github.errors = [error] * times
    assert message in catalog.ingest(source).failure
    assert held(catalog) == before
    github.errors = [error] if times > 1 else []
    assert ingest(catalog, source) == before


def test_an_organisation_that_cannot_be_seen_ends_the_crawl(catalog: Catalog, open_github: MakeGitHub) -> None:
    before = ingest(catalog, open_github())
    report = catalog.ingest(open_github("Acme", "nowhere"))
    assert "gives no `organization` for `nowhere`" in report.failure
    assert held(catalog) == before


GITHUB_EVENTS = [
    ("installation", "created", True),
    ("installation", "deleted", False),
    ("organization", "member_added", True),
    ("organization", "renamed", False),
    ("team", "edited", True),
    ("team", "added_to_repository", False),
    ("membership", "removed", True),
    ("push", "", False),
]


@pytest.mark.parametrize(("event", "action", "matters"), GITHUB_EVENTS)
def test_githubs_events_on_teams_and_members_are_told_apart(
    open_github: MakeGitHub, event: str, action: str, matters: bool
) -> None:
    source = open_github(secret="sesame")
    body = json.dumps({"action": action}).encode()
    headers = {"X-GitHub-Event": event, "X-Hub-Signature-256": sign(body, "sesame")}
    assert source.hook(headers, body) is matters
    with pytest.raises(CatalogError, match="invalid signature"):
        source.hook({**headers, "X-Hub-Signature-256": sign(body, "other")}, body)
    with pytest.raises(CatalogError, match="invalid signature"):
        open_github().hook({**headers, "X-Hub-Signature-256": sign(body, "")}, body)


# -- GitLab


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with GitLab() as server:
        server.users = [
            gitlab_user(1, "ada", "Ada L", email="ada@acme.example", avatar_url="https://gitlab.example.com/a.png"),
            gitlab_user(2, "bob", "Bob", group_saml_identity={"extern_uid": "S-2", "provider": "group_saml"}),
            gitlab_user(3, "carol", "Carol", state="blocked"),
            gitlab_user(4, "dora", "Dora", is_using_seat=False),
            gitlab_user(5, "project_7_bot_ab12", "A bot", is_using_seat=False),
        ]
        server.add_group("acme", {1: "DIRECT", 5: "DIRECT"}, description="All of it", visibility="internal")
        server.add_group("acme/pay", {2: "DIRECT", 1: "INHERITED", 4: "DIRECT"}, name="Pay")
        server.add_group("acme/pay/cards", {1: "DIRECT", 2: "DIRECT"}, name="Cards: all")
        server.add_group("acme/pay/blocked", {3: "DIRECT"})
        server.add_group("other", {4: "DIRECT"}, visibility="public")
        yield server


def gitlab_user(number: int, username: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "username": username,
        "name": name,
        "state": "active",
        "web_url": f"https://gitlab.example.com/{username}",
        "webUrl": f"https://gitlab.example.com/{username}",
        "avatar_url": None,
        "is_using_seat": True,
        **more,
    }


def gitlab_entity(
    kind: str, host: str, path: str, name: str, own: dict[str, str], spec: dict[str, Any]
) -> dict[str, Any]:
    above = f"https://{host}/{path}".rpartition("/")[0]
    annotations = {f"{host}/{key}": value for key, value in own.items()} | placed(f"https://{host}/{path}", f"{above}/")
    return {"apiVersion": VERSION, "kind": kind, "metadata": {"name": name, "annotations": annotations}, "spec": spec}


def gitlab_users(host: str, groups: dict[str, list[str]]) -> Entities:
    """The users that are read, with the groups that they are to be in."""
    own = {
        "ada": (
            "1",
            {"displayName": "Ada L", "email": "ada@acme.example", "picture": "https://gitlab.example.com/a.png"},
        ),
        "bob": ("2", {"displayName": "Bob"}),
        "dora": ("4", {"displayName": "Dora"}),
        "project_7_bot_ab12": ("5", {"displayName": "A bot"}),
    }
    found = {}
    for name, of in groups.items():
        number, profile = own[name]
        known = {"user-login": f"https://gitlab.example.com/{name}", "user-id": number}
        known |= {"saml-external-uid": "S-2"} if name == "bob" else {}
        spec = {"profile": profile, "memberOf": of}
        found[f"User:default/{name}"] = gitlab_entity("User", host, name, name, known, spec)
    return found


def gitlab_group(host: str, path: str, name: str, shown: str, visibility: str = "private", **more: Any) -> Entities:
    known = {"team-path": path, "visibility": visibility}
    parent = {"parent": more.pop("parent")} if "parent" in more else {}
    spec = {"type": "team", "children": [], "profile": {"displayName": shown}, **parent}
    entity = gitlab_entity("Group", host, path, name, known, spec)
    entity["metadata"] |= more
    return {f"Group:default/{name}": entity}


MakeGitLab = Callable[..., GitLabOrgSource]


@pytest.fixture
def open_gitlab(gitlab: GitLab, catalog: Catalog) -> Iterator[MakeGitLab]:
    apis: list[Api] = []

    def new(token: str = gitlab_server.TOKEN, host: str = "gitlab.example.com", **more: Any) -> GitLabOrgSource:
        cache: Cache = catalog.cache("org")
        usage, headers = Usage(), {"private-token": token}
        apis.append(Api(gitlab.api, usage, cache, lambda: headers, sleep=lambda seconds: None))
        return GitLabOrgSource("org", apis[-1], cache, usage, base_url=f"https://{host}", hosts=HOSTS, **more)

    yield new
    for api in apis:
        api.close()


OWN = "gitlab.example.com"
SELF_MANAGED = (
    gitlab_users(
        OWN,
        {
            "ada": ["acme", "acme-pay-cards"],
            "bob": ["acme-pay", "acme-pay-cards"],
            "dora": ["acme-pay", "other"],
            "project_7_bot_ab12": ["acme"],
        },
    )
    | gitlab_group(OWN, "acme", "acme", "Acme", "internal", description="All of it")
    | gitlab_group(OWN, "acme/pay", "acme-pay", "Pay", parent="acme")
    | gitlab_group(OWN, "acme/pay/cards", "acme-pay-cards", "Cards: all", parent="acme-pay")
    | gitlab_group(OWN, "other", "other", "Other", "public")
)


def test_a_gitlab_of_ones_own_becomes_the_groups_and_users_that_backstage_makes_of_it(
    catalog: Catalog, open_gitlab: MakeGitLab
) -> None:
    assert ingest(catalog, open_gitlab()) == SELF_MANAGED
    assert isinstance(open_gitlab(), Remote)


def test_below_a_group_names_lose_its_path_and_users_can_be_limited_to_it(
    catalog: Catalog, open_gitlab: MakeGitLab
) -> None:
    found = ingest(catalog, open_gitlab(group="acme/pay", restrict_users=True))
    users = {"ada": ["cards"], "bob": ["acme-pay", "cards"], "dora": ["acme-pay"], "project_7_bot_ab12": []}
    expected = gitlab_users(OWN, users)
    expected |= gitlab_group(OWN, "acme/pay", "acme-pay", "Pay")
    expected |= gitlab_group(OWN, "acme/pay/cards", "cards", "Cards: all", parent="acme-pay")
    assert found == expected


def test_on_gitlab_com_only_members_with_a_seat_are_read(catalog: Catalog, open_gitlab: MakeGitLab) -> None:
    host = "gitlab.com"
    found = ingest(catalog, open_gitlab(host=host, group="acme"))
    expected = gitlab_users(host, {"ada": ["acme", "pay-cards"], "bob": ["pay", "pay-cards"]})
    expected |= gitlab_group(host, "acme", "acme", "Acme", "internal", description="All of it")
    expected |= gitlab_group(host, "acme/pay", "pay", "Pay", parent="acme")
    expected |= gitlab_group(host, "acme/pay/cards", "pay-cards", "Cards: all", parent="pay")
    assert found == expected


def test_without_seats_robots_are_still_left_out(catalog: Catalog, open_gitlab: MakeGitLab) -> None:
    found = ingest(catalog, open_gitlab(host="gitlab.com", group="acme", without_seat=True))
    assert {ref for ref in found if ref.startswith("User:")} == {
        f"User:default/{name}" for name in ("ada", "bob", "dora")
    }


CHOICES: list[tuple[dict[str, Any], set[str]]] = [
    ({"user_pattern": "@acme"}, {"User:default/ada", "Group:default/acme", "Group:default/acme-pay-cards"}),
    ({"user_pattern": "^bob$"}, {"User:default/bob", "Group:default/acme-pay", "Group:default/acme-pay-cards"}),
    ({"user_pattern": "^dora", "group_patterns": ["^oth", "cards$"]}, {"User:default/dora", "Group:default/other"}),
    ({"user_pattern": "^dora", "group": "acme"}, {"User:default/dora", "Group:default/pay"}),
]


@pytest.mark.parametrize(("options", "expected"), CHOICES)
def test_patterns_choose_groups_and_users(
    catalog: Catalog, open_gitlab: MakeGitLab, options: dict[str, Any], expected: set[str]
) -> None:
    assert set(ingest(catalog, open_gitlab(**options))) == expected


def test_more_relations_than_direct_ones_can_be_asked_for(catalog: Catalog, open_gitlab: MakeGitLab) -> None:
    found = ingest(catalog, open_gitlab(relations=["INHERITED"]))
    assert found["User:default/ada"]["spec"]["memberOf"] == ["acme", "acme-pay", "acme-pay-cards"]


@pytest.mark.parametrize("has_totals", [True, False])
def test_the_size_of_gitlabs_pages_changes_nothing(
    gitlab: GitLab, catalog: Catalog, open_gitlab: MakeGitLab, has_totals: bool
) -> None:
    gitlab.page_size, gitlab.has_totals = 2, has_totals
    assert ingest(catalog, open_gitlab()) == SELF_MANAGED


def test_a_group_whose_members_are_not_shown_any_more_keeps_them(
    gitlab: GitLab, catalog: Catalog, open_gitlab: MakeGitLab
) -> None:
    source = open_gitlab()
    before = ingest(catalog, source)
    gitlab.groups["acme/pay/cards"].is_hidden = True
    assert ingest(catalog, source) == before
    assert "acme/pay/cards: its members are not shown to this token" in source.usage.faults


def test_gitlab_com_needs_a_group(open_gitlab: MakeGitLab) -> None:
    with pytest.raises(CatalogError, match="has no `group`"):
        open_gitlab(host="gitlab.com")


@pytest.mark.parametrize(("event", "matters"), [("group_rename", True), ("user_add_to_group", True), ("push", False)])
def test_gitlabs_events_on_groups_and_users_are_told_apart(open_gitlab: MakeGitLab, event: str, matters: bool) -> None:
    body = json.dumps({"event_name": event}).encode()
    assert open_gitlab(secret="sesame").hook({"X-Gitlab-Token": "sesame"}, body) is matters
    for secret, given in (("sesame", "other"), ("", ""), ("sesame", "")):
        with pytest.raises(CatalogError, match="invalid token"):
            open_gitlab(secret=secret).hook({"X-Gitlab-Token": given}, body)


# -- faults


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_fault_at_any_request_loses_nothing(
    request: pytest.FixtureRequest, catalog: Catalog, host: str, kind: FaultKind
) -> None:
    server = request.getfixturevalue(host)

    def may_fail(asked: Asked) -> bool:  # GitLab's GraphQL tells no totals, so a shorter list of members is just that
        return kind != "short" or asked.path != "/api/graphql" or host == "github"

    source = request.getfixturevalue(f"open_{host}")(**({"user_page": 2, "team_page": 2} if host == "github" else {}))
    before = ingest(catalog, source)
    for number in range(len(server.asked)):
        server.asked.clear()
        server.plan = lambda at, asked, number=number: kind if at == number and may_fail(asked) else ""
        source.usage.clear()
        report = catalog.ingest(source)
        assert held(catalog) == before
        assert report.removed == []
        mended = kind != "expired"
        assert (report.failure == "") is mended, report.failure
        assert source.usage.faults or kind == "short"
    server.plan = lambda at, asked: kind if may_fail(asked) else ""
    assert catalog.ingest(source).removed == []
    assert held(catalog) == before


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_token_is_in_no_message(request: pytest.FixtureRequest, catalog: Catalog, host: str) -> None:
    source = request.getfixturevalue(f"open_{host}")(token="glpat-expired")
    report = catalog.ingest(source)
    assert "was refused (401): the token may have expired" in report.failure
    assert "glpat" not in report.failure + str(source.usage)


def test_no_file_is_read_through_such_a_source(open_github: MakeGitHub) -> None:
    source = open_github()
    document = next(source.crawl())
    with pytest.raises(ReadError, match="gives no files"):
        source.fetch("./a.txt", document.location)
    with pytest.raises(ReadError, match="gives no files"):
        source.read("./a.yaml", document.location, "url")


NONSENSE = [
    ("groups", [{"id": 1}]),
    ("groups", {"message": "hello"}),
    ("users", [{"id": 1, "username": "ada"}]),
    ("graphql", {"data": {"group": {"groupMembers": {"nodes": [{"user": {"id": "ada"}}], "pageInfo": {}}}}}),
    ("graphql", {"data": {"group": {"groupMembers": {"nodes": [{"user": {}}], "pageInfo": {"hasNextPage": False}}}}}),
    ("graphql", [7]),
]


@pytest.mark.parametrize(("path", "answer"), NONSENSE)
def test_an_answer_that_is_not_gitlabs_ends_the_crawl(
    gitlab: GitLab, catalog: Catalog, open_gitlab: MakeGitLab, path: str, answer: Any
) -> None:
    source = open_gitlab()
    before = ingest(catalog, source)
    gitlab.instead = {path: answer}
    assert "answer" in catalog.ingest(source).failure
    assert held(catalog) == before
