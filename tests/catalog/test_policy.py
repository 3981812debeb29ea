"""Where an operator chooses Backstage's way: orphans that stay, broken files that count as a whole, kinds by place."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from catalog.catalog import Catalog
from catalog.documents import Location
from catalog.pipeline import Policy
from catalog.rules import Allowed, Place, Rule, is_allowed
from ingestors.folder import FileSource
from tests.conftest import component

Write = Callable[[str, str], Path]
LOCATION = """apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {{name: {name}}}
spec: {{targets: [{targets}]}}
"""
ORPHAN = "backstage.io/orphan"


def location(name: str, *targets: str) -> str:
    return LOCATION.format(name=name, targets=", ".join(targets))


def annotations(catalog: Catalog, ref: str) -> dict[str, str]:
    entity = catalog.view.entity(ref)
    assert entity is not None, f"{ref} is not there"
    found: dict[str, str] = entity["metadata"]["annotations"]
    return found


@pytest.fixture
def keeping() -> Catalog:
    return Catalog.open("sqlite://", search=False, policy=Policy(orphans="keep"))


@pytest.fixture
def whole() -> Catalog:
    return Catalog.open("sqlite://", search=False, policy=Policy(broken_files="whole"))


def test_an_orphan_is_deleted_at_once_unless_orphans_are_kept(catalog: Catalog, keeping: Catalog, write: Write) -> None:
    entry = write("all.yaml", location("all", "./a.yaml", "./b.yaml"))
    write("a.yaml", component("a"))
    write("b.yaml", component("b"))
    for one in (catalog, keeping):
        one.ingest(FileSource(entry))
    write("all.yaml", location("all", "./a.yaml"))
    assert catalog.ingest(FileSource(entry)).removed == ["component:default/b"]
    report = keeping.ingest(FileSource(entry))
    assert (report.removed, report.changed) == ([], ["location:default/all", "component:default/b"])
    assert annotations(keeping, "component:default/b")[ORPHAN] == "true"
    assert ORPHAN not in annotations(keeping, "component:default/a")
    assert keeping.ingest(FileSource(entry)).changed == []


def test_an_orphan_that_is_declared_again_loses_its_mark_and_keeps_its_uid(keeping: Catalog, write: Write) -> None:
    entry = write("all.yaml", location("all", "./a.yaml"))
    write("a.yaml", component("a"))
    keeping.ingest(FileSource(entry))
    before = keeping.view.entity("component:default/a")
    write("all.yaml", location("all"))
    keeping.ingest(FileSource(entry))
    assert annotations(keeping, "component:default/a")[ORPHAN] == "true"
    write("all.yaml", location("all", "./a.yaml"))
    keeping.ingest(FileSource(entry))
    assert ORPHAN not in annotations(keeping, "component:default/a")
    after = keeping.view.entity("component:default/a")
    assert before is not None
    assert after is not None
    assert before["metadata"]["uid"] == after["metadata"]["uid"]


def test_what_hangs_below_an_orphaned_location_stays_with_it_unmarked(keeping: Catalog, write: Write) -> None:
    entry = write("all.yaml", location("all", "./team.yaml"))
    write("team.yaml", location("team", "./a.yaml"))
    write("a.yaml", component("a"))
    keeping.ingest(FileSource(entry))
    write("all.yaml", location("all"))
    keeping.ingest(FileSource(entry))
    assert annotations(keeping, "location:default/team")[ORPHAN] == "true"
    assert ORPHAN not in annotations(keeping, "component:default/a")
    assert keeping.view.ancestry("component:default/a") == [
        ("component:default/a", "location:default/team"),
        ("location:default/team", ""),
    ]


def test_an_orphaned_location_is_still_read_and_what_it_gives_no_longer_becomes_an_orphan_too(
    keeping: Catalog, write: Write
) -> None:
    entry = write("all.yaml", location("all", "./team.yaml"))
    write("team.yaml", location("team", "./a.yaml"))
    write("a.yaml", component("a") + "---\n" + component("b"))
    keeping.ingest(FileSource(entry))
    write("all.yaml", location("all"))
    keeping.ingest(FileSource(entry))
    write("a.yaml", component("a", "After"))
    report = keeping.ingest(FileSource(entry))
    assert (report.removed, report.changed) == ([], ["component:default/a", "component:default/b"])
    assert ORPHAN not in annotations(keeping, "component:default/a")
    assert annotations(keeping, "component:default/b")[ORPHAN] == "true"
    assert keeping.ingest(FileSource(entry)).changed == []


def test_a_root_that_is_taken_away_takes_everything_with_it_even_where_orphans_are_kept(
    keeping: Catalog, write: Write
) -> None:
    entry = write("all.yaml", location("all", "./a.yaml"))
    write("a.yaml", component("a"))
    source = FileSource(entry)
    keeping.ingest(source)
    assert len(keeping.empty(source.name)) == 3
    assert len(keeping.view) == 0
    assert keeping.sources() == []


def test_one_broken_document_hides_only_itself_or_all_beside_it(catalog: Catalog, whole: Catalog, write: Write) -> None:
    entry = write("all.yaml", location("all", "./a.yaml"))
    write("a.yaml", component("a") + "---\njust a text\n")
    for one in (catalog, whole):
        one.ingest(FileSource(entry))
    assert catalog.view.get("component:default/a") is not None
    assert whole.view.get("component:default/a") is None
    assert whole.view.get("location:default/all") is None, "a Location that never was read is not there in Backstage"


def test_a_broken_file_read_as_a_whole_keeps_what_it_gave_and_says_why_on_its_location(
    whole: Catalog, write: Write
) -> None:
    entry = write("all.yaml", location("all", "./a.yaml", "./b.yaml"))
    write("a.yaml", component("a", "Before"))
    write("b.yaml", component("b"))
    whole.ingest(FileSource(entry))
    write("a.yaml", component("a", "After") + "---\n[1, 2]\n")
    report = whole.ingest(FileSource(entry))
    assert (report.added, report.changed, report.removed) == ([], [], [])
    entity, above = (whole.view.entity(ref) for ref in ("component:default/a", "location:default/all"))
    assert entity is not None
    assert above is not None
    assert entity["metadata"]["description"] == "Before"
    assert above["status"]["items"][0]["message"] == "Error: Expected object at root, got object"


def test_what_a_file_that_is_broken_now_led_to_is_still_read(catalog: Catalog, whole: Catalog, write: Write) -> None:
    entry = write("all.yaml", location("all", "./team.yaml"))
    write("team.yaml", location("team", "./a.yaml", "./b.yaml"))
    write("a.yaml", component("a", "Before"))
    write("b.yaml", component("b"))
    for one in (catalog, whole):
        one.ingest(FileSource(entry))
    write("team.yaml", "[1, 2]\n")
    write("a.yaml", component("a", "After"))
    write("b.yaml", "# nothing\n")
    for one in (catalog, whole):
        report = one.ingest(FileSource(entry))
        assert (report.changed, report.removed) == (["component:default/a"], ["component:default/b"])
        assert one.view.get("location:default/team") is not None


def test_below_a_broken_file_each_location_is_read_by_what_it_says_now(catalog: Catalog, write: Write) -> None:
    entry = write("all.yaml", location("all", "./teams.yaml"))
    write("teams.yaml", location("teams", "./team.yaml"))
    write("team.yaml", location("team", "./a.yaml"))
    write("a.yaml", component("a", "Before"))
    write("b.yaml", component("b"))
    catalog.ingest(FileSource(entry))
    write("teams.yaml", "[1, 2]\n")
    write("team.yaml", location("team", "./b.yaml"))
    write("a.yaml", component("a", "After"))
    report = catalog.ingest(FileSource(entry))
    assert (report.added, report.removed) == (["component:default/b"], ["component:default/a"])


def test_a_location_whose_own_document_is_refused_leads_nowhere_until_it_is_mended(
    catalog: Catalog, write: Write
) -> None:
    entry = write("all.yaml", location("all", "./team.yaml"))
    write("team.yaml", location("team", "./a.yaml"))
    write("a.yaml", component("a", "Before"))
    catalog.ingest(FileSource(entry))
    write("team.yaml", location("team", "./a.yaml").replace("targets: [./a.yaml]", "targets: 5"))
    write("a.yaml", component("a", "After"))
    report = catalog.ingest(FileSource(entry))
    assert (report.changed, report.removed) == ([], [])


def test_a_kind_that_no_rule_allows_is_refused_with_the_rule_s_words(write: Write) -> None:
    policy = Policy(rules=[Rule((Allowed("Location"), Allowed("API")))])
    catalog = Catalog.open("sqlite://", search=False, policy=policy)
    entry = write("all.yaml", location("all", "./a.yaml"))
    write("a.yaml", component("a"))
    report = catalog.ingest(FileSource(entry))
    words = f"Entity component:default/a at file:{entry}, originated at file:{entry}, is not of an allowed kind"
    (problem,) = report.problems
    assert problem.message == "`component:default/a` is of a kind that no rule allows from here"
    assert problem.error is not None
    assert problem.error.message == f"{words} for that location"
    assert catalog.view.get("component:default/a") is None
    generated = catalog.view.entity("location:default/all")
    assert generated is not None
    assert generated["status"]["items"][0]["error"]["name"] == "NotAllowedError"


URL = Location("url", "https://github.com/acme/payments/blob/main/Catalog.yaml")
SERVICE = {"kind": "Component", "spec": {"type": "Service"}}


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (Rule((Allowed("component"),)), True),
        (Rule((Allowed("api"),)), False),
        (Rule((Allowed("component", "service"),)), True),
        (Rule((Allowed("component", "website"),)), False),
        (Rule((Allowed("component"),), ()), False),
        (Rule((Allowed("component"),), (Place("url"),)), True),
        (Rule((Allowed("component"),), (Place("file"),)), False),
        (Rule((Allowed("component"),), (Place("url", exact=URL.target),)), True),
        (Rule((Allowed("component"),), (Place("url", exact=URL.target.lower()),)), False),
        (Rule((Allowed("component"),), (Place("url", pattern="https://github.com/ACME/**"),)), True),
        (Rule((Allowed("component"),), (Place("url", pattern="https://github.com/acme/*"),)), False),
        (Rule((Allowed("component"),), (Place("url", pattern="https://github.com/acme/*/blob/main/*.yaml"),)), True),
    ],
)
def test_a_rule_compares_kinds_in_any_case_and_places_by_its_globs(rule: Rule, *, allowed: bool) -> None:
    assert is_allowed([rule], SERVICE, URL) is allowed


def test_without_any_rule_in_the_list_nothing_is_allowed() -> None:
    assert not is_allowed([], SERVICE, URL)


@pytest.mark.parametrize("way", ["apart", "whole"])
def test_a_document_that_names_nothing_is_its_locations_fault_and_said_there(
    write: Write, way: Literal["apart", "whole"]
) -> None:
    entry = write("all.yaml", location("all", "./a.yaml"))
    write("a.yaml", component("a"))
    catalog = Catalog.open("sqlite://", search=False, policy=Policy(broken_files=way))
    catalog.ingest(FileSource(entry))
    write("a.yaml", component("a") + "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {}\n")
    catalog.ingest(FileSource(entry))
    found = catalog.view.entity("location:default/all")
    assert found is not None
    messages = [item["message"] for item in found["status"]["items"]]
    assert messages == ["TypeError: /metadata must have required property 'name' - missingProperty: name"]
    catalog.close()


def test_a_relation_also_has_its_target_in_parts_where_a_client_still_reads_those(write: Write) -> None:
    entry = write("all.yaml", component("a", system="team-b/Shop"))
    for wanted in (True, False):
        catalog = Catalog.open("sqlite://", search=False, policy=Policy(relation_targets=wanted))
        catalog.ingest(FileSource(entry))
        entity = catalog.view.entity("component:default/a")
        assert entity is not None
        parts = {"target": {"kind": "system", "namespace": "team-b", "name": "shop"}} if wanted else {}
        assert {"type": "partOf", "targetRef": "system:team-b/shop"} | parts in entity["relations"]
        catalog.close()
