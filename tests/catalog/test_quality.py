"""The checks of a catalog's quality, each with a catalog that fails it and one that does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import quality
from catalog.catalog import Catalog
from catalog.checks import CHECKS
from catalog.facts import is_placeholder
from catalog.graph import rings
from catalog.quality import Quality
from ingestors.folder import FolderSource
from tests.conftest import component

TEAM = "apiVersion: v1\nkind: Group\nmetadata: {name: team-a, description: A team}\nspec: {type: team, children: [], profile: {email: a@x.example}}\n"  # noqa: E501
TEAM = TEAM.replace("apiVersion: v1", "apiVersion: backstage.io/v1alpha1")
MUTE = TEAM.replace(", profile: {email: a@x.example}", "")
ADA = "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: ada}\nspec: {memberOf: [team-a]}\n"
BOB = ADA.replace("name: ada", "name: bob").replace("[team-a]", "[]")
GOOD = component("good").replace(
    "  description: A service\n",
    "  description: A service\n  annotations: {pagerduty.com/service-id: P1}\n"
    "  links: [{url: https://x.example, type: runbook}]\n",
)
API = """apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders, description: Orders}
spec:
  type: openapi
  lifecycle: production
  owner: team-a
  definition: "DEFINITION"
"""
OLD = component("old").replace("production", "deprecated")

CASES = {
    "no-owner": (TEAM, component("x").replace("owner: team-a", "owner: unknown")),
    "owner-gone": (TEAM, component("x").replace("owner: team-a", "owner: nobody-there")),
    "no-pager": (TEAM, component("x")),
    "no-runbook": (TEAM, component("x")),
    "owner-unreachable": (MUTE, GOOD),
    "owner-empty": (TEAM, GOOD, BOB),
    "pager-shared": (
        TEAM,
        TEAM.replace("team-a", "team-b"),
        GOOD,
        GOOD.replace("good", "bad").replace("team-a", "team-b"),
    ),
    "deprecated-in-production": (TEAM, OLD, component("x", dependsOn="[component:old]")),
    "dangling": (TEAM, component("x", dependsOn="[component:not-there]")),
    "cycle": (TEAM, component("x", dependsOn="[component:y]"), component("y", dependsOn="[component:x]")),
    "undefined-api": (TEAM, API.replace("DEFINITION", "TODO")),
    "no-description": (TEAM, component("x").replace("  description: A service\n", "")),
    "orphan": (TEAM, component("x")),
}


@pytest.fixture
def judge(catalog: Catalog, tmp_path: Path) -> Callable[..., Quality]:
    def ingest(*documents: str) -> Quality:
        (tmp_path / "catalog-info.yaml").write_text("---\n".join(documents))
        catalog.ingest(FolderSource(tmp_path))
        return Quality(catalog.view)

    return ingest


def test_every_check_is_found_somehow_and_the_weightiest_stand_first() -> None:
    assert set(quality._FINDERS) == set(CHECKS)
    weights = [check.weight for check in CHECKS.values()]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("check", CASES)
def test_a_catalog_that_fails_a_check_is_told_so(check: str, judge: Callable[..., Quality]) -> None:
    found = judge(*CASES[check])
    assert found.count(check) >= 1
    assert any(one.id == check for one, _ in found.findings())


def test_a_catalog_in_order_fails_nothing(judge: Callable[..., Quality]) -> None:
    user = component("user", dependsOn="[component:good]").replace(
        "  description: A service\n",
        "  description: A service\n  links: [{url: https://x.example, title: Runbook}, {url: https://y.example, type: pager}]\n",
    )
    found = judge(TEAM, GOOD, user, ADA)
    assert [(check.id, found.edges.refs[node]) for check, node in found.findings()] == []
    assert found.score(found.view.live).points == 100


def test_a_library_in_production_needs_no_pager_and_no_runbook(judge: Callable[..., Quality]) -> None:
    found = judge(TEAM, component("x").replace("type: service", "type: library"))
    assert found.count("no-pager") == found.count("no-runbook") == 0


def test_the_pager_of_its_team_is_a_services_pager(judge: Callable[..., Quality]) -> None:
    called = TEAM.replace("description: A team", "links: [{url: https://x.example, type: on-call}]")
    assert judge(called, component("x")).count("no-pager") == 0


def test_a_finding_names_what_else_it_is_about(judge: Callable[..., Quality]) -> None:
    found = judge(*CASES["cycle"], component("z", dependsOn="[component:gone]"))
    refs = found.edges.refs
    about = {
        (check.id, refs[node]): [refs[one] for one in found.names(check.id, node)] for check, node in found.findings()
    }
    assert about["cycle", "component:default/x"] == ["component:default/y"]
    assert about["dangling", "component:default/z"] == ["component:default/gone"]


def test_what_most_hangs_on_comes_first(judge: Callable[..., Quality]) -> None:
    found = judge(TEAM, component("a"), component("used"), component("b", dependsOn="[component:used]"))
    first = found.ranked(CHECKS["no-runbook"])[0]
    assert found.edges.refs[first] == "component:default/used"


def test_a_team_answers_for_what_it_owns_and_a_gap_costs_it_points(judge: Callable[..., Quality]) -> None:
    found = judge(TEAM, GOOD, ADA, TEAM.replace("team-a", "team-b"), component("x").replace("team-a", "team-b"))
    node = {ref: found.edges.nodes[f"group:default/{ref}"] for ref in ("team-a", "team-b")}
    good, bad = (found.score(found.of_team(node[ref])) for ref in ("team-a", "team-b"))
    assert good.points > bad.points
    assert bad.things == 2
    assert sum(1 for _ in found.findings(found.of_team(node["team-b"]))) == bad.failures > 0


def test_whether_anything_is_stale_is_not_known_of_a_young_catalog(judge: Callable[..., Quality]) -> None:
    found = judge(TEAM, GOOD)
    assert len(found.scope["stale"]) == 0
    old = Quality(found.view, (), ["component:default/good", "component:default/gone"])
    assert old.count("stale") == 1


@pytest.mark.parametrize(
    "text", ["", "TODO", "https://example.com/openapi.json", "openapi: 3.0.0\npaths: {}", None, {}]
)
def test_a_definition_that_stands_for_one_to_come_is_none(text: object) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["openapi: 3.0.0\npaths:\n  /a: {get: {}}", 'syntax = "proto3";\nmessage A {}'])
def test_a_definition_is_one(text: str) -> None:
    assert not is_placeholder(text)


def test_rings_are_found_in_a_graph_and_what_leads_to_them_is_not_in_them() -> None:
    assert rings({1: [2], 2: [3], 3: [1, 9], 4: [1], 5: [5], 6: [7], 7: []}) == [[1, 2, 3], [5]]
    assert rings({}) == []


def test_a_ring_that_is_opened_is_a_ring_no_more(judge: Callable[..., Quality]) -> None:
    one, two = component("x", dependsOn="[component:y]"), component("y", dependsOn="[component:x]")
    assert judge(TEAM, one, two).count("cycle") == 2
    assert judge(TEAM, one, two.replace("A service", "Another")).count("cycle") == 2
    assert judge(TEAM, one, component("y")).count("cycle") == 0
