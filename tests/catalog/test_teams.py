"""Teams as a forest: above, below, members, what is owned, and which teams depend on which."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.catalog import Catalog
from catalog.contacts import Contact, contact_kind, find_contacts
from catalog.teams import Teams, find_teams, read_topology
from ingestors.folder import FolderSource
from tests.conftest import component

GROUP = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: {name}}}
spec: {{type: team, children: [{children}], {more}}}
"""
USER = """apiVersion: backstage.io/v1alpha1
kind: User
metadata: {{name: {name}}}
spec: {{memberOf: [{teams}], profile: {{email: {name}@example.com}}}}
"""


def group(name: str, children: str = "", more: str = "") -> str:
    return GROUP.format(name=name, children=children, more=more)


def user(name: str, teams: str = "") -> str:
    return USER.format(name=name, teams=teams)


def owned(name: str, owner: str, **spec: str) -> str:
    return component(name, **spec).replace("owner: team-a", f"owner: {owner}")


@pytest.fixture
def load(catalog: Catalog, tmp_path: Path) -> Callable[..., Teams]:
    def ingest(*documents: str) -> Teams:
        (tmp_path / "catalog-info.yaml").write_text("---\n".join(documents))
        catalog.ingest(FolderSource(tmp_path))
        return find_teams(catalog.view)

    return ingest


def names(teams: Teams, nodes: object) -> list[str]:
    return [teams.edges.refs[node].rpartition("/")[2] for node in teams.sort(nodes)]  # type: ignore[arg-type]


def node(teams: Teams, ref: str) -> int:
    found = teams.find(ref)
    assert found is not None
    return found


def test_a_team_has_what_the_teams_below_it_own(load: Callable[..., Teams]) -> None:
    teams = load(
        group("org", "department"), group("department", "team"), group("team"),
        owned("one", "team"), owned("two", "department"), user("ada", "team"),
    )  # fmt: skip
    org, team = node(teams, "group:default/org"), node(teams, "group:default/team")
    assert names(teams, teams.roots) == ["org"]
    assert names(teams, teams.owned_below(org)) == ["one", "two"]
    assert names(teams, teams.owned(org)) == []
    assert [teams.edges.refs[one] for one in teams.above(team)] == ["group:default/department", "group:default/org"]
    assert names(teams, teams.members(team)) == ["ada"]
    assert names(teams, teams.ancestors(node(teams, "user:default/ada"))) == ["department", "org", "team"]
    assert teams.empty_count == 0


def test_a_parent_that_is_not_there_makes_an_orphan_and_is_named(load: Callable[..., Teams]) -> None:
    teams = load(group("lost", more="parent: nowhere"), group("whole"), user("bob"), user("eve", "nowhere"))
    assert names(teams, teams.orphans) == ["lost"]
    assert names(teams, teams.roots) == ["whole"]
    assert teams.missing(node(teams, "group:default/lost")) == ["group:default/nowhere"]
    assert names(teams, teams.loose) == ["bob", "eve"]
    assert teams.empty_count == 2


def test_teams_that_are_each_others_parents_are_not_lost(load: Callable[..., Teams]) -> None:
    teams = load(group("a", "b"), group("b", "c"), group("c", "a"), owned("one", "c"))
    assert names(teams, teams.roots) == ["a"]
    assert names(teams, teams.owned_below(teams.roots[0])) == ["one"]
    assert len(teams.above(teams.roots[0])) == 2


def test_teams_depend_on_each_other_as_their_things_do(load: Callable[..., Teams]) -> None:
    teams = load(
        group("shop", "till"), group("till"), group("bank"),
        owned("web", "till", dependsOn="[component:cart, component:ledger, component:nobodys]"),
        owned("cart", "shop"), owned("ledger", "bank"), component("nobodys").replace("  owner: team-a\n", "  owner: gone\n"),
    )  # fmt: skip
    shop, bank = node(teams, "group:default/shop"), node(teams, "group:default/bank")
    needs = teams.needs(shop)
    gone = teams.edges.nodes["group:default/gone"]
    assert set(needs) == {bank, gone}
    assert [(one.source, one.type, one.target) for one in needs[bank]] == [
        ("component:default/web", "dependsOn", "component:default/ledger")
    ]
    assert teams.needs(bank) == {}
    till = node(teams, "group:default/till")
    assert teams.needs(bank, incoming=True) == {till: needs[bank]}


@pytest.mark.parametrize(
    ("metadata", "spec", "expected"),
    [
        ({"labels": {"teamtopologies.com/type": "Platform"}}, {}, "platform"),
        ({"annotations": {"teamtopologies.com/type": "enabling"}}, {}, "enabling"),
        ({}, {"type": "stream-aligned-team"}, "stream-aligned"),
        ({}, {"type": "team"}, ""),
    ],
)
def test_the_type_after_team_topologies_is_a_label_an_annotation_or_the_type(metadata, spec, expected) -> None:  # type: ignore[no-untyped-def]
    assert read_topology({"metadata": metadata, "spec": spec}) == expected


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ({"url": "https://x.example", "type": "chat"}, "chat"),
        ({"url": "https://acme.slack.com/archives/C1", "title": "Ask us"}, "chat"),
        ({"url": "https://x.example", "title": "On call, day and night"}, "on-call"),
        ({"url": "tel:+49301234"}, "phone"),
        ({"url": "mailto:team@example.com"}, "email"),
        ({"url": "https://x.example", "title": "How teams work"}, None),
        ({"url": "https://x.example/handbook"}, None),
    ],
)
def test_a_link_is_a_contact_by_its_scheme_type_title_or_host(link: dict[str, str], kind: str | None) -> None:
    assert contact_kind(link) == kind


def test_contacts_come_in_the_order_in_which_they_are_needed_and_no_secret_is_one() -> None:
    entity = {
        "metadata": {
            "links": [{"url": "https://chat.example/a", "type": "chat", "title": "#a"}],
            "annotations": {"pagerduty.com/service-id": "P1", "pagerduty.com/integration-key": "SECRET"},
        },
        "spec": {"profile": {"email": "a@example.com"}},
    }
    assert find_contacts(entity) == [
        Contact("on-call", "PagerDuty P1"),
        Contact("chat", "#a", "https://chat.example/a"),
        Contact("email", "a@example.com", "mailto:a@example.com"),
    ]
