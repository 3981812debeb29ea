"""What in production is not ready for the night, against each entity looked at by hand."""

from pathlib import Path

import pytest
import yaml

from catalog.catalog import Catalog
from catalog.contacts import find_contacts
from catalog.documents import Json
from catalog.readiness import CHECKS, find_readiness
from ingestors.folder import FolderSource

READY = {
    "pagerduty.com/service-id": "P1",
    "prometheus.io/alert": "Down",
}
RUNBOOK = {"url": "https://runbooks.example/x", "title": "Runbook"}


def thing(kind: str, name: str, spec: dict[str, Json], **metadata: Json) -> dict[str, Json]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def service(name: str, owner: str, lifecycle: str = "production", type: str = "service", **metadata: Json) -> Json:
    return thing("Component", name, {"type": type, "lifecycle": lifecycle, "owner": owner}, **metadata)


def group(name: str, email: str = "", **metadata: Json) -> Json:
    profile = {"profile": {"email": email}} if email else {}
    return thing("Group", name, {"type": "team", "children": [], **profile}, **metadata)


@pytest.fixture
def gappy(catalog: Catalog, tmp_path: Path) -> Catalog:
    documents = [
        group("ready", "ready@x.example"),
        group("mute"),
        group("paged", "paged@x.example", links=[{"url": "https://pager.example/1", "title": "On call"}]),
        service("whole", "ready", annotations=READY, links=[RUNBOOK]),
        service("no-runbook", "ready", annotations=READY),
        service("bare", "ready"),
        service("mute-service", "mute", annotations=READY, links=[RUNBOOK]),
        service("team-pager", "paged", annotations={"prometheus.io/alert": "Down"}, links=[RUNBOOK]),
        service("ownerless", "gone", annotations=READY, links=[RUNBOOK]),
        service("a-test", "ready", lifecycle="experimental"),
        service("a-library", "ready", type="library"),
    ]
    (tmp_path / "catalog-info.yaml").write_text(yaml.safe_dump_all(documents))
    catalog.ingest(FolderSource(tmp_path))
    return catalog


def missing(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    teams = find_readiness(catalog.view).teams
    return {gap.ref.partition("/")[2]: gap.missing for team in teams for gap in team.gaps}


def test_each_gap_is_told_and_what_does_not_run_is_not_asked(gappy: Catalog) -> None:
    assert missing(gappy) == {
        "bare": ("pager", "runbook", "alert"),
        "no-runbook": ("runbook",),
        "mute-service": ("owner",),
        "ownerless": ("owner",),
    }
    found = find_readiness(gappy.view)
    assert (found.total, found.ready) == (6, 2)
    assert found.counts == {"owner": 2, "pager": 1, "runbook": 2, "alert": 1}


def test_teams_come_by_how_much_they_lack_and_count_all_that_they_run(gappy: Catalog) -> None:
    teams = find_readiness(gappy.view).teams
    assert [(one.owner, one.total, one.ready) for one in teams] == [
        ("group:default/ready", 3, 1),
        ("group:default/gone", 1, 0),
        ("group:default/mute", 1, 0),
        ("group:default/paged", 1, 1),
    ]
    assert [gap.ref for gap in teams[0].gaps] == ["component:default/bare", "component:default/no-runbook"]


def test_a_change_is_seen_at_once(gappy: Catalog, tmp_path: Path) -> None:
    find_readiness(gappy.view)
    path = tmp_path / "catalog-info.yaml"
    documents = list(yaml.safe_load_all(path.read_text()))
    documents[5]["metadata"] |= {"annotations": READY, "links": [RUNBOOK]}
    path.write_text(yaml.safe_dump_all(documents))
    gappy.ingest(FolderSource(tmp_path))
    assert "bare" not in missing(gappy)


def test_an_empty_catalog_is_ready(catalog: Catalog) -> None:
    found = find_readiness(catalog.view)
    assert (found.total, found.ready, found.teams) == (0, 0, [])
    assert found.counts == dict.fromkeys(CHECKS, 0)


def test_the_sample_catalog_is_as_a_look_at_each_file_says(sample: Catalog) -> None:
    found = find_readiness(sample.view)
    by_hand = {}
    for node in sample.view.live:
        ref = sample.view.edges.refs[node]
        entity = sample.view.entity(ref)
        assert entity is not None
        spec = entity.get("spec") or {}
        if (
            entity["kind"] == "Component"
            and spec["lifecycle"] == "production"
            and spec["type"] not in ("library", "documentation")
        ):
            by_hand[ref] = judge(sample, entity)
    assert found.total == len(by_hand)
    assert {gap.ref: gap.missing for team in found.teams for gap in team.gaps} == {
        r: m for r, m in by_hand.items() if m
    }


def judge(catalog: Catalog, entity: dict[str, Json]) -> tuple[str, ...]:
    """What one component lacks, as somebody reads its file."""
    metadata = entity["metadata"]
    annotations, links = metadata.get("annotations") or {}, metadata.get("links") or []
    owner = next(one["targetRef"] for one in entity["relations"] if one["type"] == "ownedBy")
    ways = find_contacts(catalog.view.entity(owner) or {"metadata": {}})
    has = {
        "owner": bool(ways),
        "pager": "pagerduty.com/service-id" in annotations or any(way.kind == "on-call" for way in ways),
        "runbook": any("runbook" in f"{link.get('type')} {link.get('title')}".lower() for link in links),
        "alert": bool(
            {"prometheus.io/alert", "prometheus.io/labels", "grafana/alert-label-selector"} & set(annotations)
        ),
    }
    return tuple(name for name in CHECKS if not has[name])
