"""What is worked out from views: gone with them, and no catalog's in another."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.apis import find_apis
from catalog.catalog import Catalog
from catalog.facts import DESCRIBED, find_facts
from catalog.lookup import find_index
from catalog.quality import Quality
from catalog.readiness import find_readiness
from catalog.teams import find_teams
from catalog.view import View
from ingestors.folder import FolderSource
from tests.conftest import component

FINDERS: list[Callable[[View], object]] = [find_apis, find_facts, find_index, find_readiness, find_teams, Quality]


@pytest.mark.parametrize("find", FINDERS)
def test_a_view_that_was_replaced_is_gone_with_what_was_found_in_it(
    catalog: Catalog, tmp_path: Path, find: Callable[[View], object]
) -> None:
    path = tmp_path / "catalog-info.yaml"
    path.write_text(component("a"))
    catalog.ingest(FolderSource(tmp_path))
    find(catalog.view)
    before = weakref.ref(catalog.view)
    path.write_text(component("b"))
    catalog.ingest(FolderSource(tmp_path))
    find(catalog.view)
    gc.collect()
    assert before() is None


def test_two_catalogs_of_a_process_do_not_meet(tmp_path: Path) -> None:
    described, bare = component("a"), component("a").replace("description: A service", "title: A")
    catalogs = [Catalog.open("sqlite://", search=False) for _ in range(2)]
    for number, text in enumerate((described, bare)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "catalog-info.yaml").write_text(text)
        catalogs[number].ingest(FolderSource(folder))
    assert [len(find_facts(catalog.view).have(DESCRIBED)) for catalog in catalogs] == [1, 0]
    kept = [set(map(id, catalog.view.carried.values())) for catalog in catalogs]
    assert kept[0]
    assert not kept[0] & kept[1]
    for catalog in catalogs:
        catalog.close()


def test_what_did_not_change_is_not_read_again(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "catalog-info.yaml"
    path.write_text("---\n".join((component("a"), component("b"))))
    catalog.ingest(FolderSource(tmp_path))
    before = find_facts(catalog.view)
    path.write_text("---\n".join((component("a"), component("b", "Another"))))
    catalog.ingest(FolderSource(tmp_path))
    nodes, after = catalog.view.edges.nodes, find_facts(catalog.view)
    kept = [nodes[f"component:default/{name}"] for name in "ab"]
    assert [after.bodies[node] is before.bodies[node] for node in kept] == [True, False]
