"""The benchmark's generator: it gives the same bytes each time, and says truly what it wrote."""

import collections
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

GENERATOR = Path(__file__).with_name("generate.py")
KINDS = [("Component", 110), ("API", 30), ("Resource", 30), ("System", 10), ("Domain", 2), ("User", 12), ("Group", 6)]
INVERSES = {
    "ownedBy": "ownerOf",
    "partOf": "hasPart",
    "childOf": "parentOf",
    "memberOf": "hasMember",
    "dependsOn": "dependencyOf",
    "providesApi": "apiProvidedBy",
    "consumesApi": "apiConsumedBy",
}
DECLARED = {
    "owner": ("ownedBy", "group"),
    "system": ("partOf", "system"),
    "domain": ("partOf", "domain"),
    "parent": ("childOf", "group"),
    "memberOf": ("memberOf", "group"),
    "dependsOn": ("dependsOn", ""),
    "providesApis": ("providesApi", "api"),
    "consumesApis": ("consumesApi", "api"),
}


def generate(folder: Path, *options: str) -> dict[str, bytes]:
    subprocess.run([sys.executable, GENERATOR, "200", folder, *options], check=True, timeout=60, capture_output=True)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_entities(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [entity for name, text in files.items() if name.endswith(".yaml") for entity in yaml.safe_load_all(text)]


def read_relations(entities: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    relations = set()
    for entity in entities:
        source = f"{entity['kind'].lower()}:{entity['metadata']['name']}"
        for field, (relation, kind) in DECLARED.items():
            targets = entity["spec"].get(field, [])
            for target in [targets] if isinstance(targets, str) else targets:
                ref = target if ":" in target else f"{kind}:{target}"
                relations |= {(source, relation, ref), (ref, INVERSES[relation], source)}
    return relations


@pytest.mark.parametrize("per_file", ["500", "7", "1"])
def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others(tmp_path: Path, per_file: str) -> None:
    first = generate(tmp_path / "first", "--per-file", per_file)
    assert generate(tmp_path / "second", "--per-file", per_file) == first
    assert generate(tmp_path / "third", "--per-file", per_file, "--seed", "2") != first


def test_expected_json_says_what_the_files_hold(tmp_path: Path) -> None:
    files = generate(tmp_path, "--per-file", "7")
    expected = json.loads(files.pop("expected.json"))
    entities = read_entities(files)
    relations = read_relations(entities)
    refs = {f"{entity['kind'].lower()}:{entity['metadata']['name']}" for entity in entities}
    assert {Path(name).name for name in files} == {"catalog-info.yaml"}
    assert len(files) == expected["files"]
    assert len(refs) == len(entities) == expected["entities"] == 200
    assert collections.Counter(entity["kind"] for entity in entities) == expected["kinds"]
    assert list(expected["kinds"].items()) == KINDS
    assert collections.Counter(relation for _, relation, _ in relations) == expected["relations"]
    assert {target for _, _, target in relations} <= refs
    assert {f"{kind.lower()}:{name}" for kind, names in expected["samples"].items() for name in names} <= refs


def test_a_search_word_stands_in_one_description_only(tmp_path: Path) -> None:
    files = generate(tmp_path)
    search_words = json.loads(files["expected.json"])["search_words"]
    text = b"".join(content for name, content in files.items() if name.endswith(".yaml")).decode()
    described = {entity["metadata"].get("description", ""): entity for entity in read_entities(files)}
    assert len(search_words) == 40
    for word, ref in search_words.items():
        assert text.count(word) == 1
        [entity] = [entity for description, entity in described.items() if word in description]
        assert ref == f"{entity['kind'].lower()}:default/{entity['metadata']['name']}"


def test_a_folder_it_did_not_write_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    run = subprocess.run([sys.executable, GENERATOR, "200", tmp_path], timeout=60, capture_output=True, text=True)
    assert run.returncode != 0
    assert "hint: name a new folder" in run.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
