"""What a crawl does to the catalog: it never leaves less than it should, and never half of something."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from catalog.catalog import Catalog
from catalog.documents import Document, Root, Unread
from catalog.pipeline import judging, roots
from ingestors.folder import FileSource, FolderSource
from tests.conftest import component

Write = Callable[[str, str], Path]


def refs(catalog: Catalog) -> list[str]:
    return sorted(catalog.view.edges.refs[node] for node in catalog.view.live)


def test_a_file_gives_its_entities_with_relations_in_both_directions(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    write("a/catalog-info.yaml", component("a", dependsOn="[component:b]") + "---\n" + component("b"))
    report = catalog.ingest(folder)
    assert report.added == ["component:default/a", "component:default/b"]
    entity = catalog.view.entity("component:default/b")
    assert entity is not None
    assert entity["relations"] == [
        {"type": "dependencyOf", "targetRef": "component:default/a"},
        {"type": "ownedBy", "targetRef": "group:default/team-a"},
    ]


def test_a_second_crawl_of_the_same_files_changes_nothing(catalog: Catalog, folder: FolderSource, write: Write) -> None:
    write("catalog-info.yaml", component("a"))
    first, second = catalog.ingest(folder), catalog.ingest(folder)
    assert (second.added, second.changed, second.removed, second.unchanged) == ([], [], [], 1)
    assert second.revision == first.revision


def test_an_edit_keeps_the_uid_and_changes_the_etag(catalog: Catalog, folder: FolderSource, write: Write) -> None:
    write("catalog-info.yaml", component("a"))
    catalog.ingest(folder)
    before = catalog.view.entity("component:default/a")
    write("catalog-info.yaml", component("a", "Something else"))
    assert catalog.ingest(folder).changed == ["component:default/a"]
    after = catalog.view.entity("component:default/a")
    assert before is not None
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["etag"] != before["metadata"]["etag"]


def test_a_deleted_file_loses_its_entities_and_their_relations(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    gone = write("a/catalog-info.yaml", component("a", dependsOn="[component:b]"))
    write("b/catalog-info.yaml", component("b"))
    catalog.ingest(folder)
    gone.unlink()
    assert catalog.ingest(folder).removed == ["component:default/a"]
    entity = catalog.view.entity("component:default/b")
    assert entity is not None
    assert [one["type"] for one in entity["relations"]] == ["ownedBy"]


def test_an_entity_made_invalid_keeps_its_last_good_body_and_gains_a_problem(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    write("catalog-info.yaml", component("a"))
    catalog.ingest(folder)
    write("catalog-info.yaml", component("a").replace("  lifecycle: production\n", ""))
    report = catalog.ingest(folder)
    assert report.removed == []
    entity = catalog.view.entity("component:default/a")
    assert entity is not None
    assert entity["spec"]["lifecycle"] == "production"
    assert "must have required property 'lifecycle'" in entity["status"]["items"][0]["message"]
    assert [problem.ref for problem in catalog.problems] == ["component:default/a"]
    write("catalog-info.yaml", component("a"))
    catalog.ingest(folder)
    mended = catalog.view.entity("component:default/a")
    assert mended is not None
    assert "status" not in mended
    assert catalog.problems == ()


def test_a_broken_document_does_not_hide_its_siblings(catalog: Catalog, folder: FolderSource, write: Write) -> None:
    write("catalog-info.yaml", component("a") + "---\na: [\n---\n" + component("b"))
    report = catalog.ingest(folder)
    assert refs(catalog) == ["component:default/a", "component:default/b"]
    assert [(problem.origin.line > 9, problem.rule) for problem in report.problems] == [(True, "yaml-syntax")]


def test_a_file_that_turns_unreadable_keeps_what_it_gave(catalog: Catalog, folder: FolderSource, write: Write) -> None:
    path = write("catalog-info.yaml", component("a"))
    catalog.ingest(folder)
    path.unlink()
    path.symlink_to("/etc/hostname")
    report = catalog.ingest(folder)
    assert refs(catalog) == ["component:default/a"]
    assert [problem.rule for problem in report.problems] == ["file-unreadable"]


def test_a_folder_out_of_reach_changes_nothing(catalog: Catalog, tmp_path: Path) -> None:
    root = tmp_path / "repos"
    root.mkdir()
    (root / "catalog-info.yaml").write_text(component("a"))
    source = FolderSource(root)
    catalog.ingest(source)
    os.rename(root, tmp_path / "away")
    report = catalog.ingest(source)
    assert "out of reach" in report.failure
    assert refs(catalog) == ["component:default/a"]
    assert catalog.sources()[0].failure == report.failure


def test_the_first_of_two_files_keeps_a_ref_and_both_are_named(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    first = write("b/catalog-info.yaml", component("x", "first"))
    catalog.ingest(folder)
    second = write("a/catalog-info.yaml", component("x", "second"))
    report = catalog.ingest(folder)
    entity = catalog.view.entity("component:default/x")
    assert entity is not None
    assert entity["metadata"]["description"] == "first"
    assert str(first) in report.problems[0].message
    assert str(second) in report.problems[0].message
    first.unlink()
    catalog.ingest(folder)
    entity = catalog.view.entity("component:default/x")
    assert entity is not None
    assert entity["metadata"]["description"] == "second"
    assert catalog.problems == ()


def test_a_file_becomes_a_generated_location_that_leads_to_its_targets(
    catalog: Catalog, write: Write, tmp_path: Path
) -> None:
    write("parts/one.yaml", component("one"))
    write("parts/two.yaml", component("two"))
    entry = write(
        "all.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\n"
        "spec: {targets: [./parts/*.yaml, ./gone.yaml]}\n",
    )
    report = catalog.ingest(FileSource(entry))
    assert [ref for ref in refs(catalog) if ref.startswith("component")] == [
        "component:default/one",
        "component:default/two",
    ]
    generated = [ref for ref in refs(catalog) if ref.startswith("location:default/generated-")]
    assert len(generated) == 1
    entity = catalog.view.entity("component:default/one")
    assert entity is not None
    annotations = entity["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-location"] == f"file:{tmp_path}/parts/one.yaml"
    assert annotations["backstage.io/managed-by-origin-location"] == f"file:{entry}"
    assert [problem.rule for problem in report.problems] == ["target-missing"]


@pytest.mark.parametrize("target", ["../outside.yaml", "/etc/passwd", "./link.yaml", "./../*/outside.yaml"])
def test_a_location_never_leads_out_of_the_root(catalog: Catalog, tmp_path: Path, target: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.yaml").write_text(component("outside"))
    (root / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    text = f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {{name: all}}\nspec: {{target: {target}}}\n"
    (root / "catalog-info.yaml").write_text(text)
    report = catalog.ingest(FolderSource(root))
    assert refs(catalog) == ["location:default/all"]
    assert [problem.rule for problem in report.problems] == ["target-forbidden"]


def test_a_placeholder_is_read_from_the_same_root_only(catalog: Catalog, folder: FolderSource, write: Write) -> None:
    api = (
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {{name: {name}}}\n"
        "spec: {{type: openapi, lifecycle: x, owner: a, definition: {{$text: {path}}}}}\n"
    )
    write("spec.txt", "openapi: 3.0.0")
    write(
        "catalog-info.yaml",
        api.format(name="good", path="./spec.txt") + "---\n" + api.format(name="bad", path="/etc/passwd"),
    )
    report = catalog.ingest(folder)
    entity = catalog.view.entity("api:default/good")
    assert entity is not None
    assert entity["spec"]["definition"] == "openapi: 3.0.0"
    assert refs(catalog) == ["api:default/good"]
    assert [problem.rule for problem in report.problems] == ["placeholder"]


def test_a_dry_run_tells_and_changes_nothing(catalog: Catalog, folder: FolderSource, write: Write) -> None:
    write("catalog-info.yaml", component("a"))
    assert catalog.ingest(folder, dry_run=True).added == ["component:default/a"]
    assert refs(catalog) == []


def test_each_revision_knows_what_it_changed(catalog: Catalog, folder: FolderSource, write: Write) -> None:
    write("catalog-info.yaml", component("a"))
    catalog.ingest(folder)
    write("catalog-info.yaml", component("b"))
    catalog.ingest(folder)
    assert [(one.number, one.added, one.changed, one.removed) for one in catalog.revisions()] == [
        (2, 1, 0, 1),
        (1, 1, 0, 0),
    ]


def test_the_view_made_step_by_step_equals_the_view_made_at_once(tmp_path: Path, write: Write) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    catalog, source = Catalog.open(url, search=False), FolderSource(tmp_path)
    for text in (component("a", dependsOn="[component:b]"), component("b"), component("a", dependsOn="[component:c]")):
        name = text.split("name: ")[1].split("\n")[0]
        write(f"{name}/catalog-info.yaml", text)
        catalog.ingest(source)
    again = Catalog.open(url, search=False)
    for ref in refs(again):
        assert again.view.get(ref) == catalog.view.get(ref)
    for key in ("kind", "metadata.name", "relations.dependson", "relations.ownerof"):
        assert again.view.count(key) == catalog.view.count(key)
    assert refs(again) == refs(catalog)
    catalog.close()
    again.close()


def test_what_another_process_wrote_is_taken_up(tmp_path: Path, write: Write) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    reader, writer = Catalog.open(url, search=False), Catalog.open(url, search=False)
    write("catalog-info.yaml", component("a"))
    writer.ingest(FolderSource(tmp_path))
    assert reader.catch_up()
    assert refs(reader) == ["component:default/a"]
    reader.close()
    writer.close()


def test_a_ref_that_one_source_gives_up_another_takes_at_its_next_crawl(catalog: Catalog, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog-info.yaml").write_text(component("x", name))
    one, two = FolderSource(tmp_path / "one"), FolderSource(tmp_path / "two")
    catalog.ingest(one)
    assert [problem.rule for problem in catalog.ingest(two).problems] == ["duplicate-ref"]
    (tmp_path / "one" / "catalog-info.yaml").unlink()
    catalog.ingest(one)
    assert catalog.ingest(two).added == ["component:default/x"]
    assert catalog.problems == ()


def test_a_file_that_is_being_written_is_read_when_it_is_whole(
    catalog: Catalog, folder: FolderSource, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestors.folder._EMPTY_SECONDS", 60.0)  # the moment lasts longer on a busy machine
    path = write("catalog-info.yaml", component("a"))
    catalog.ingest(folder)
    before = catalog.view.entity("component:default/a")

    def rewrite() -> None:
        for number in range(25):
            with path.open("w") as file:  # empty for a moment, as with any editor that does not rename
                file.flush()
                time.sleep(0.002)
                file.write(component("a", f"Edit {number}"))
            time.sleep(0.004)

    writer = threading.Thread(target=rewrite)
    writer.start()
    while writer.is_alive():
        assert catalog.ingest(folder).removed == []
        time.sleep(0.003)  # let the writer have its turn
    after = catalog.view.entity("component:default/a")
    assert before is not None
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_a_refused_document_of_a_ref_that_another_file_holds_is_no_fault_of_the_entity(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    write("a/catalog-info.yaml", component("a"))
    other = write("b/catalog-info.yaml", component("a").replace("  lifecycle: production\n", ""))
    catalog.ingest(folder)
    entity = catalog.view.entity("component:default/a")
    assert entity is not None
    assert "status" not in entity
    assert [problem.origin.file for problem in catalog.problems] == [str(other)]
    (folder.root / "a" / "catalog-info.yaml").unlink()
    catalog.ingest(folder)
    assert catalog.view.get("component:default/a") is None
    assert [problem.error is not None for problem in catalog.problems] == [True]


def test_a_broken_claim_to_what_another_source_gives_is_no_fault_of_that_entity(
    catalog: Catalog, tmp_path: Path
) -> None:
    for name, text in (("one", component("x")), ("two", component("x").replace("  lifecycle: production\n", ""))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog-info.yaml").write_text(text)
        catalog.ingest(FolderSource(tmp_path / name))
    assert [problem.origin.file for problem in catalog.problems] == [str(tmp_path / "two/catalog-info.yaml")]
    entity = catalog.view.entity("component:default/x")
    assert entity is not None
    assert "status" not in entity


class Overtaken(FolderSource):
    """A folder that another process reads while this one does, as it was for a moment."""

    def __init__(self, root: Path, other: Catalog) -> None:
        super().__init__(root)
        self.other = other

    def crawl(self) -> Iterator[Document | Root | Unread]:
        yield from super().crawl()
        path = Path(self.watched) / "catalog-info.yaml"
        now = path.read_text()
        path.write_text(component("a", "For a moment"))
        self.other.ingest(FolderSource(path.parent))
        path.write_text(now)


def test_a_source_that_two_processes_read_at_once_ends_as_its_files_are(tmp_path: Path, write: Write) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    mine, other = Catalog.open(url, search=False), Catalog.open(url, search=False)
    write("catalog-info.yaml", component("a", "As it is"))
    mine.ingest(FolderSource(tmp_path))
    write("more/catalog-info.yaml", component("b"))
    mine.ingest(Overtaken(tmp_path, other))
    mine.ingest(FolderSource(tmp_path))
    entity = mine.view.entity("component:default/a")
    assert entity is not None
    assert entity["metadata"]["description"] == "As it is"
    mine.close()
    other.close()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_large_crawl_comes_to_its_end_beside_many_small_writers(
    processes: int, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each small one is over before the large one has compared what it found."""
    for name in ("engine._BUSY_SECONDS", "turns._SECONDS"):
        monkeypatch.setattr(f"catalog.store.{name}", 300.0)  # a turn takes longer on a busy machine
    catalog = Catalog.open(f"sqlite:///{tmp_path}/c.db", search=False)
    other = catalog if processes == 1 else Catalog.open(f"sqlite:///{tmp_path}/c.db", search=False)
    let_write_beside(catalog, other, tmp_path, write)
    catalog.close()
    other.close()


def let_write_beside(catalog: Catalog, other: Catalog, folder: Path, write: Write) -> None:
    """Crawl much through one catalog while others write little through the other."""
    write("large/catalog-info.yaml", "---\n".join(component(f"c{n}") for n in range(1500)))
    for name in ("x", "y"):
        write(f"{name}/catalog-info.yaml", component(name))
    ended = threading.Event()

    def write_often(name: str) -> None:
        while not ended.is_set():
            write(f"{name}/catalog-info.yaml", component(name, f"Written at {time.perf_counter()}"))
            assert other.ingest(FolderSource(folder / name)).failure == ""

    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write_often, name) for name in ("x", "y")]
        try:
            for n in range(3):
                write("large/more/catalog-info.yaml", component("more", f"Number {n}"))
                assert catalog.ingest(FolderSource(folder / "large")).failure == ""
        finally:
            ended.set()
        for writer in writers:
            writer.result()


def test_a_file_of_broken_documents_is_left_off_and_keeps_what_it_gave(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    write("catalog-info.yaml", component("a"))
    catalog.ingest(folder)
    for broken in ("kind: [\n", "kind: Component\n"):
        write("catalog-info.yaml", "---\n".join([broken] * 5000))
        report = catalog.ingest(folder)
        assert (report.failure, refs(catalog)) == ("", ["component:default/a"])
        assert len({problem.origin.index for problem in report.problems}) == 1001
        (end,) = [problem for problem in report.problems if problem.rule == "yaml-too-many"]
        assert end.message == "1,000 documents of this file are broken; what comes after them is not read"


def test_of_very_many_faults_in_one_document_the_first_are_told(
    catalog: Catalog, folder: FolderSource, write: Write
) -> None:
    labels = "".join(f"    'bad {n}': x\n" for n in range(2000))
    text = component("a").replace("metadata:\n", f"metadata:\n  labels:\n{labels}")
    write("catalog-info.yaml", text)
    problems = catalog.ingest(folder).problems
    assert [problem.origin.line for problem in problems] == list(range(5, 105))


def test_what_one_file_names_is_bounded_together(
    catalog: Catalog, folder: FolderSource, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "MAX_PLACED", 250)
    write("large.txt", "x" * 100)
    named = "".join(f"  p{n}: {{$text: ./large.txt}}\n" for n in range(5))
    write("catalog-info.yaml", component("a") + named)
    problems = catalog.ingest(folder).problems
    assert len(problems) == 2
    assert "more than 250 bytes together" in problems[0].message


def test_a_location_leads_to_so_many_files_and_keeps_what_others_gave(
    catalog: Catalog, folder: FolderSource, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        write(f"files/{name}.yaml", component(name))
    targets = "".join(f"    - ./files/{name}.yaml\n" for name in "abc")
    location = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec:\n  targets:\n"
    write("catalog-info.yaml", location + targets)
    catalog.ingest(folder)
    before = refs(catalog)
    monkeypatch.setattr(roots, "MOST_TARGETS", 2)
    (problem,) = catalog.ingest(folder).problems
    assert problem.message == "target `./files/c.yaml`: it is one of 3, of which 2 are read"
    assert refs(catalog) == before
