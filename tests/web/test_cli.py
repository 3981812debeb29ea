"""The command line: what it prints where, and how it exits."""

import json
import socket
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from tests.conftest import SAMPLE, component
from tests.web.commands import run, run_apart
from web.cli import app


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A file with one good document, one without an owner, one that is no YAML, and one of a foreign kind."""
    bad = component("b").replace("  owner: team-a\n", "")
    foreign = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n"
    path = tmp_path / "catalog-info.yaml"
    path.write_text("---\n".join([component("a"), bad, "x: [\n", foreign]))
    return path


def test_check_is_clean_on_the_sample_catalog() -> None:
    done = run_apart("check", SAMPLE)
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


def test_check_says_where_no_file_was_found(tmp_path: Path) -> None:
    done = run("check", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no file matches `**/catalog-info.yaml` or `**/catalog-info.yml`; `--pattern` names others" in done.stderr


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
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    names = [[name] for name in commands if name != "config"] + [
        ["config", name] for name in commands["config"].commands
    ]
    assert len(names) >= 14
    assert [name for name in names if "Examples:" not in run(*name, "--help").stdout] == []


def test_config_check_says_each_mistake_with_its_place_and_hint(tmp_path: Path) -> None:
    path = tmp_path / "callboard.yaml"
    path.write_text("port: 8080\n")
    assert (run("config", "check", path).returncode, run("config", "check", path).stdout) == (0, "")
    path.write_text("sorces: [.]\nauth:\n  tokens: [{token: written-out, subject: ci}]\n")
    done = run("config", "check", path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [f"{path}:1:1: unknown key `sorces`", "  hint: Did you mean `sources`?"]
    assert "2 mistakes" in done.stderr
    rows = [json.loads(line) for line in run("config", "check", path, "--json").stdout.splitlines()]
    assert [(row["file"], row["line"], row["column"]) for row in rows] == [(str(path), 1, 1), (str(path), 3, 20)]
    assert "written-out" not in done.stdout + json.dumps(rows)
    done = run("config", "check", tmp_path / "nope.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "could not be read" in done.stderr


def test_config_schema_is_a_json_schema() -> None:
    schema = json.loads(run("config", "schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"]["sources"]["description"]


@pytest.mark.parametrize(
    ("options", "config", "message"),
    [
        (["--host", "0.0.0.0"], "", "nobody could read anything: listening on `0.0.0.0`"),
        (["--host", "0.0.0.0", "--dev"], "", "`--dev` lets anyone write"),
        ([], "host: '::'", "nobody could read anything: listening on `::`"),
        ([], "auth: {reads: token}", "nobody could read anything: listening on `127.0.0.1`"),
        ([], "sorces: [.]", "callboard.yaml:1:1: unknown key `sorces`"),
    ],
)
def test_serve_refuses_to_start_open_to_the_world_or_to_nobody(
    tmp_path: Path, options: list[str], config: str, message: str
) -> None:
    path = tmp_path / "callboard.yaml"
    path.write_text(config)
    done = run_apart("serve", SAMPLE, "--database", "sqlite://", "--config", path, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sorces: [.]", "callboard.yaml:1:1: unknown key `sorces`\n  hint: Did you mean `sources`?"),
        ("port: many", "`port` must be a port number"),
        ("sources: .", "`sources` must be a list"),
        ("- a", "expected keys and values"),
    ],
)
def test_a_wrong_configuration_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "callboard.yaml"
    path.write_text(text)
    done = run("ingest", "--config", path)
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


def test_the_version_is_told() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"callboard {version('callboard')}\n")


def test_an_address_that_is_taken_is_said_before_anything_is_read(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_apart("serve", SAMPLE, "--port", port, "--database", f"sqlite:///{tmp_path / 'catalog.db'}")
    assert done.returncode == 2
    assert f"port {port}, cannot be listened on" in done.stderr
    assert "hint: " in done.stderr
    assert list(tmp_path.iterdir()) == []
