"""The command line: what it prints where, and how it exits."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SAMPLE, component


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "web.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A file with one good document, one without an owner, one that is no YAML, and one of a foreign kind."""
    bad = component("b").replace("  owner: team-a\n", "")
    foreign = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n"
    path = tmp_path / "catalog-info.yaml"
    path.write_text("---\n".join([component("a"), bad, "x: [\n", foreign]))
    return path


def test_check_is_clean_on_the_sample_catalog() -> None:
    done = run("check", SAMPLE)
    assert (done.returncode, done.stdout) == (0, "")
    assert "accepted, 0 problems" in done.stderr


def test_check_says_file_line_column_reason_and_hint(broken: Path) -> None:
    done = run("check", broken)
    assert done.returncode == 1
    assert f"{broken}:" in done.stdout
    assert "must have required property 'owner'" in done.stdout
    assert "hint: " in done.stdout


def test_check_prints_a_line_of_json_for_each_document(broken: Path) -> None:
    rows = [json.loads(line) for line in run("check", broken, "--format", "json").stdout.splitlines()]
    assert [(row["index"], row["verdict"]) for row in rows] == [
        (0, "accepted"),
        (1, "rejected"),
        (2, "unparsed"),
        (3, "foreign"),
    ]
    assert rows[0]["ref"] == "component:default/a"
    assert all({"line", "column", "rule", "message", "hint"} <= set(p) for row in rows for p in row["problems"])


def test_check_annotates_for_github_and_writes_sarif(broken: Path) -> None:
    assert run("check", broken, "--format", "github").stdout.startswith("::error file=")
    sarif = json.loads(run("check", broken, "--format", "sarif").stdout)
    assert sarif["version"] == "2.1.0"
    assert len(sarif["runs"][0]["results"]) >= 3


def test_check_of_nothing_could_not_run(tmp_path: Path) -> None:
    done = run("check", tmp_path / "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not exist" in done.stderr


def test_ingest_show_and_list_work_on_one_database(tmp_path: Path, broken: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    assert "would be:" in run("ingest", broken.parent, "--database", url, "--dry-run").stdout
    done = run("ingest", broken.parent, "--database", url)
    assert done.returncode == 1
    assert "+ component:default/a" in done.stdout
    assert "1 added, 0 changed, 0 removed" in done.stdout
    assert run("list", "--database", url).stdout == "component:default/a\tservice\tteam-a\t\n"
    assert json.loads(run("show", "a", "--database", url, "--json").stdout)["kind"] == "Component"
    assert "team-a" in run("show", "component:a", "--database", url).stdout
    assert run("show", "nope", "--database", url).returncode == 2


def test_help_has_examples() -> None:
    for command in ("serve", "check", "ingest", "show", "list"):
        assert "Examples:" in run(command, "--help").stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sorces: [.]", "unknown key `sorces`"),
        ("port: many", "`port` must be a port number"),
        ("sources: .", "`sources` must be a list of texts"),
        ("- a", "expected keys and values"),
    ],
)
def test_a_wrong_configuration_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "callboard.yaml"
    path.write_text(text)
    done = run("serve", "--config", path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_check_counts_a_placeholder_as_a_string_and_says_when_it_cannot_be_read(tmp_path: Path) -> None:
    template = (
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {{name: {name}}}\n"
        "spec: {{type: openapi, lifecycle: x, owner: a, definition: {{$yaml: {path}}}}}\n"
    )
    (tmp_path / "spec.yaml").write_text("openapi: 3.0.0\n")
    path = tmp_path / "catalog-info.yaml"
    path.write_text(
        template.format(name="a", path="./spec.yaml") + "---\n" + template.format(name="b", path="./gone.yaml")
    )
    rows = [json.loads(line) for line in run("check", path, "--format", "json").stdout.splitlines()]
    assert [row["verdict"] for row in rows] == ["accepted", "accepted"]
    assert [[problem["rule"] for problem in row["problems"]] for row in rows] == [[], ["placeholder"]]
