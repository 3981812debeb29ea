"""CODEOWNERS as a fallback: the owner of an entity that needs one and states none, named as what it is."""

from collections.abc import Iterator, Sequence

import pytest

from catalog.catalog import Catalog
from catalog.documents import Document, Location, Source
from ingestors.codeowners import parse_codeowners, tell_owner
from tests.conftest import component

FROM = "callboard.io/owner-from"
WITHOUT = component("a").replace("  owner: team-a\n", "")
A = "component:default/a"


class Files:
    """A source of documents that are given."""

    name = "files"

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents

    def crawl(self) -> Iterator[Document]:
        yield from self.documents

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        raise AssertionError("there are no Locations here")

    def fetch(self, target: str, base: Location) -> bytes:
        raise AssertionError("there are no placeholders here")


def ingest(catalog: Catalog, text: str, owner: str = "group:default/pay") -> list[str]:
    """Ingest one file; what kept something out."""
    source: Source = Files([Document(Location("git", "r#main:catalog-info.yaml"), text.encode(), owner=owner)])
    report = catalog.ingest(source, confirmed=True)
    assert report.failure == ""
    return [problem.rule for problem in report.refused]


def test_an_entity_without_the_owner_it_needs_gets_it_and_says_from_where(catalog: Catalog) -> None:
    assert ingest(catalog, WITHOUT) == []
    entity = catalog.view.entity(A)
    assert entity is not None
    assert entity["spec"]["owner"] == "group:default/pay"
    assert entity["metadata"]["annotations"][FROM] == "CODEOWNERS"
    assert {"type": "ownedBy", "targetRef": "group:default/pay"} in entity["relations"]


@pytest.mark.parametrize("empty", ["", "null", '""', "~"])
def test_an_empty_owner_is_none(empty: str, catalog: Catalog) -> None:
    assert ingest(catalog, component("a").replace("owner: team-a", f"owner: {empty}")) == []


def test_a_stated_owner_stands(catalog: Catalog) -> None:
    assert ingest(catalog, component("a")) == []
    entity = catalog.view.entity(A)
    assert entity is not None
    assert entity["spec"]["owner"] == "team-a"
    assert FROM not in entity["metadata"]["annotations"]


def test_without_codeowners_it_is_refused_as_by_backstage(catalog: Catalog) -> None:
    assert ingest(catalog, WITHOUT, owner="") == ["missing-field"]
    assert catalog.view.get(A) is None


@pytest.mark.parametrize(
    "text",
    [
        "kind: Group\napiVersion: backstage.io/v1alpha1\nmetadata: {name: g}\nspec: {type: team, children: []}\n",
        "kind: User\napiVersion: backstage.io/v1alpha1\nmetadata: {name: u}\nspec: {memberOf: []}\n",
    ],
)
def test_a_kind_that_needs_no_owner_gets_none(text: str, catalog: Catalog) -> None:
    assert ingest(catalog, text) == []
    (entity,) = (catalog.view.entity(ref) for ref in ("group:default/g", "user:default/u") if catalog.view.get(ref))
    assert entity is not None
    assert "owner" not in entity["spec"]


@pytest.mark.parametrize(
    "text",
    [
        "kind: [Component]\nmetadata: {name: a}\nspec: {}\n",
        "kind: System\nmetadata: a\nspec: b\n",
        "kind: System\napiVersion: backstage.io/v1alpha1\nmetadata: {name: a, annotations: [x]}\nspec: {}\n",
        "kind: System\napiVersion: backstage.io/v1alpha1\nmetadata: {name: a}\n",
        "kind: Component\napiVersion: backstage.io/v1alpha1\nmetadata: {name: a}\nspec: {owner: [x]}\n",
    ],
)
def test_what_is_no_entity_stays_none(text: str, catalog: Catalog) -> None:
    assert ingest(catalog, text)
    assert len(catalog.view) == 0


def test_a_change_of_codeowners_alone_is_seen(catalog: Catalog) -> None:
    for owner in ("group:default/pay", "group:default/ship"):
        ingest(catalog, WITHOUT, owner)
        entity = catalog.view.entity(A)
        assert entity is not None
        assert entity["spec"]["owner"] == owner
    assert ingest(catalog, WITHOUT, owner="") == ["missing-field"]


RULES = b"""
# The last rule that fits counts.
*                @default-user
/pay/            @org/pay @ada
/pay/docs/       ada@example.com @bob
*.md             ada@example.com
/ship/**/*.yaml  @group/sub/ship   # of GitLab
/nobody/
"""


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("catalog-info.yaml", "user:default/default-user"),
        ("pay/catalog-info.yaml", "group:default/pay"),
        ("pay/docs/catalog-info.yaml", "user:default/bob"),
        ("pay/docs/index.md", ""),
        ("ship/a/b/catalog-info.yaml", "group:default/ship"),
        ("nobody/catalog-info.yaml", ""),
    ],
)
def test_owners_are_told_by_the_last_rule_that_fits(path: str, owner: str) -> None:
    assert tell_owner(parse_codeowners(RULES), path) == owner


@pytest.mark.parametrize("broken", [b"", b"\xff\xfe\x00", b"[a @x\n", b"*.{a,b @x\n", b"   \n@only\n"])
def test_a_file_that_is_no_codeowners_names_nobody(broken: bytes) -> None:
    assert tell_owner(parse_codeowners(broken), "catalog-info.yaml") == ""
