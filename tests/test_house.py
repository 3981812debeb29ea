"""The rules of the house that a machine can check."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("catalog", "ingestors", "web")
HOMES = {
    "sqlalchemy": {
        "catalog/tables.py",
        *(f"catalog/store/{name}.py" for name in ("__init__", "ages", "batches", "changesets", "engine", "history")),
        *(f"catalog/store/{name}.py" for name in ("problems", "revisions", "runs", "turns")),
    },
    "sqlmodel": {"catalog/tables.py", "catalog/store/engine.py", "catalog/migrations/env.py"},
    "whoosh": {"catalog/search.py"},
    "networkx": {"catalog/graph/knots.py"},
    "pygraphviz": {"web/layout.py"},
    "fastapi": {"web/app.py"},
}


def _sources() -> list[Path]:
    return [
        path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if "versions" not in path.parts
    ]


def test_no_file_has_outgrown_its_subject() -> None:
    long = {
        str(path.relative_to(ROOT)): count for path in _sources() if (count := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_each_module_says_what_it_is() -> None:
    silent = [str(path.relative_to(ROOT)) for path in _sources() if not path.read_text().startswith('"""')]
    assert silent == []


def test_each_library_has_one_home() -> None:
    strays = []
    for path in _sources():
        name = str(path.relative_to(ROOT))
        for library, homes in HOMES.items():
            if (
                name not in homes
                and "migrations" not in name
                and re.search(rf"^\s*(from|import) {library}\b", path.read_text(), re.M)
            ):
                strays.append((name, library))
    assert strays == []


def test_no_names_that_say_nothing() -> None:
    empty = {"utils", "helpers", "common", "manager", "service", "misc"}
    assert [path.name for path in _sources() if path.stem in empty] == []
