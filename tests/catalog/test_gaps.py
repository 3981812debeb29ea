"""What a catalog lacks: ranked by how much hangs on it, and files proposed for repositories without one."""

from pathlib import Path

import pytest

from catalog.catalog import Catalog, judge_file
from catalog.documents import Document, Location
from catalog.gaps import Bare, find_gaps, propose_file
from ingestors.folder import FolderSource
from tests.conftest import component

GROUP = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: team-a}\nspec: {type: team, children: []}\n"


def test_gaps_are_ranked_by_what_hangs_on_them(catalog: Catalog, tmp_path: Path) -> None:
    used = component("used").replace("owner: team-a", "owner: unknown")
    users = [component(f"user-{n}", dependsOn="[component:used]") for n in range(3)]
    broken = component("broken").replace("  owner: team-a\n", "")
    (tmp_path / "catalog-info.yaml").write_text("---\n".join([used, *users]))
    (tmp_path / "b").mkdir()
    (tmp_path / "b/catalog-info.yaml").write_text(broken)
    catalog.ingest(FolderSource(tmp_path))
    bare = [Bare("acme/legacy", "https://github.com/acme/legacy"), Bare("acme/old", "https://x/old", archived=True)]
    found = find_gaps(catalog.view, catalog.problems, bare)
    assert [(gap.kind, gap.subject, gap.weight) for gap in found] == [
        ("no-owner", "component:default/used", 4),
        ("unknown-owner", "group:default/team-a", 3),
        ("file-with-problems", str(tmp_path / "b/catalog-info.yaml"), 1),
        ("no-catalog-file", "acme/legacy", 1),
    ]
    assert "and 3 others need it" in found[0].message
    assert all(gap.hint for gap in found)


def test_an_owner_that_comes_is_a_gap_no_more(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "catalog-info.yaml"
    path.write_text(component("a"))
    catalog.ingest(FolderSource(tmp_path))
    assert [gap.kind for gap in find_gaps(catalog.view, catalog.problems)] == ["unknown-owner"]
    path.write_text("---\n".join([component("a"), GROUP]))
    catalog.ingest(FolderSource(tmp_path))
    assert find_gaps(catalog.view, catalog.problems) == []


@pytest.mark.parametrize(
    ("name", "expected", "type"),
    [
        ("acme/payments", "payments", "service"),
        ("acme/Web UI!", "web-ui", "website"),
        ("acme/.github", "github", "service"),
        ("group/sub/go-client", "go-client", "library"),
        ("acme/true", '"true"', "service"),
        ("acme/1a", '"1a"', "service"),
        ("acme/___", "component", "service"),
        ("acme/a__b--c", "a-b-c", "service"),
        ("acme/" + "x" * 90, "x" * 63, "service"),
    ],
)
def test_a_proposed_file_is_valid_whatever_the_repository_is_called(name: str, expected: str, type: str) -> None:
    text = propose_file(Bare(name, "https://github.com/" + name, "github", ("go", "Not A Tag", "a-b")))
    assert f"  name: {expected}\n" in text
    assert f"  type: {type} #" in text
    judged = judge_file(Document(Location("file", "catalog-info.yaml"), text.encode()), lambda _: b"")
    assert [(one.verdict, one.problems) for one in judged] == [("accepted", [])]
    entity = judged[0].entity
    assert entity is not None
    assert entity.data["metadata"]["tags"] == ["go", "a-b"]
    assert entity.data["metadata"]["annotations"]["github.com/project-slug"] == name
