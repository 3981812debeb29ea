"""The command line over a network: an organisation read with a token in the environment, gaps, claims, a first configuration."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from ingestors.url import UrlReader
from tests.conftest import component
from tests.ingestors.forge_servers import TOKEN, Gitea, serve
from tests.programs import free_port
from tests.web.commands import run
from web.cli import serving
from web.cli.wiring import Wired


@pytest.fixture
def gitea() -> Iterator[Gitea]:
    """An organisation of nine repositories, of which three have no catalog file."""
    host = Gitea("")
    host.page = 50
    with serve(host):
        host.pages = host.url.removesuffix("/api/v1")
        for n in range(9):
            host.add(f"acme/r{n}", {"catalog-info.yaml": component(f"r{n}")} if n % 3 else {"README.md": "#"})
        yield host


def test_an_organisation_is_read_with_nothing_but_a_token_in_the_environment(gitea: Gitea, tmp_path: Path) -> None:
    url, db = f"{gitea.pages}/acme", f"sqlite:///{tmp_path}/c.db"
    planned = run("ingest", url, "--database", db, "--dry-run", GITEA_TOKEN=TOKEN)
    assert planned.returncode == 0, planned.stderr
    assert "would be:" in planned.stdout
    done = run("ingest", url, "--database", db, GITEA_TOKEN=TOKEN)
    assert (done.returncode, done.stdout.count("+ component:")) == (0, 6)
    assert TOKEN not in done.stdout + done.stderr
    found = run("gaps", "--database", db, "--json", "--propose", tmp_path / "proposed")
    gaps = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(one["kind"], one["weight"]) for one in gaps] == [("unknown-owner", 6), *[("no-catalog-file", 1)] * 3]
    assert found.returncode == 1
    proposed = sorted(path.parent.name for path in (tmp_path / "proposed").rglob("catalog-info.yaml"))
    assert proposed == ["r0", "r3", "r6"]
    assert run("check", tmp_path / "proposed").returncode == 0


def test_a_crawl_that_is_stopped_says_what_becomes_of_it(
    gitea: Gitea, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Crawler, "crawl", stop)
    done = run("ingest", f"{gitea.pages}/acme", "--database", f"sqlite:///{tmp_path}/c.db", GITEA_TOKEN=TOKEN)
    assert done.returncode == 130
    assert "stopped, nothing was changed; the next run goes on from what was read" in done.stderr


def test_gaps_of_a_catalog_that_nothing_was_read_into_are_not_none(tmp_path: Path) -> None:
    done = run("gaps", "--database", f"sqlite:///{tmp_path}/c.db")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing was read into this catalog yet" in done.stderr


def test_a_crawl_that_lost_much_waits_to_be_confirmed(gitea: Gitea, tmp_path: Path) -> None:
    config, db = tmp_path / "callboard.yaml", f"sqlite:///{tmp_path}/c.db"
    name = gitea.pages.removeprefix("http://")
    host = f'{{type: gitea, base: "{gitea.pages}", token: "${{MY_TOKEN}}"}}'
    source = f'{{type: gitea, name: acme, organisation: acme, host: "{name}", rules: [Component]}}'
    config.write_text(f'hosts: {{"{name}": {host}}}\nremovals: {{share: 0.1, at_most: 1}}\nsources: [{source}]\n')
    assert run("ingest", "--config", config, "--database", db, MY_TOKEN=TOKEN).returncode == 0
    for n in (1, 2, 4):
        del gitea.repos[f"acme/r{n}"]
    held = run("ingest", "acme", "--config", config, "--database", db, MY_TOKEN=TOKEN)
    assert held.returncode == 2
    assert "3 of 6 entities (50 %) would be gone" in held.stdout
    done = run("ingest", "acme", "--config", config, "--database", db, "--confirm-removals", MY_TOKEN=TOKEN)
    assert (done.returncode, done.stdout.count("- component:")) == (0, 3)


def serve_until(last: str, url: str, token: str) -> str:
    """What serving a URL says, up to the line with these words."""
    command = [sys.executable, "-m", "web.cli", "serve", url, "--database", "sqlite://", "--port", str(free_port())]
    environment = {**os.environ, "GITEA_TOKEN": token}
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    lines: list[str] = []
    try:
        assert server.stderr is not None
        for line in server.stderr:
            lines.append(line)
            if last in line:
                break
    finally:
        server.terminate()
        server.communicate(timeout=60)
    return "".join(lines)


def test_serve_reads_an_organisation_in_the_background_and_ends_with_its_gaps(gitea: Gitea) -> None:
    text = serve_until("callboard gaps --propose", f"{gitea.pages}/acme", TOKEN)
    assert text.index("Callboard serves 0 entities") < text.index("12 added")
    assert text.count("12 added") == 1
    assert "4 gaps: 1 owner that does not exist, 3 repositories without a catalog file" in text
    assert "/acme/r0 has no catalog file" in text


def test_serve_says_which_token_is_missing_and_claims_no_gaps_of_what_it_could_not_read(gitea: Gitea) -> None:
    text = serve_until("tried again", f"{gitea.pages}/acme", "")
    assert "read without a token, so only what is public: GITEA_TOKEN is not set" in text
    assert "was refused (401): no token is given for it" in text
    assert "gaps" not in text


def test_serve_says_that_an_organisation_has_nothing_to_read(gitea: Gitea) -> None:
    text = serve_until("Is the name right", f"{gitea.pages}/nobody", TOKEN)
    assert "GITEA_TOKEN" not in text
    assert "gaps" not in text


def test_a_folder_whose_reading_breaks_down_keeps_nobody_from_the_others(
    tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog-info.yaml").write_text(component(name))
    broken, good = FolderSource(tmp_path / "a"), FolderSource(tmp_path / "b")
    monkeypatch.setattr(broken, "crawl", lambda: 1 / 0)
    crawler = Crawler(catalog, [broken, good])
    serving.read_local(Wired(catalog, crawler, (broken, good), UrlReader()))
    assert catalog.view.entity("component:default/b") is not None
    assert crawler.job(broken.name).crash
    assert crawler.job(broken.name).next_at is not None


def test_a_folder_in_which_nothing_is_found_is_said_with_what_to_do(
    tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    source = FolderSource(tmp_path)
    (tmp_path / "all.yaml").write_text(component("a"))
    serving.read_local(Wired(catalog, Crawler(catalog, [source]), (source,), UrlReader()))
    assert "No entity was found" in capsys.readouterr().err
    (tmp_path / "catalog-info.yaml").write_text(component("a"))
    serving.read_local(Wired(catalog, Crawler(catalog, [source]), (source,), UrlReader()))
    assert "No entity was found" not in capsys.readouterr().err


def test_who_wins_names_the_file_that_holds_a_ref_and_those_that_claim_it(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog-info.yaml").write_text(component("same"))
    db = f"sqlite:///{tmp_path}/c.db"
    assert run("ingest", tmp_path, "--database", db).returncode == 1
    done = run("who-wins", "same", "--database", db)
    assert done.returncode == 1
    assert f"held by file:{tmp_path}/a/catalog-info.yaml" in done.stdout
    assert f"claimed too by {tmp_path}/b/catalog-info.yaml:1, which is not used" in done.stdout
    assert "It was the first to be read" in done.stdout
    assert [
        one["file"] for one in json.loads(run("who-wins", "same", "--database", db, "--json").stdout)["others"]
    ] == [f"{tmp_path}/b/catalog-info.yaml"]
    assert run("who-wins", "nobody", "--database", db).returncode == 2


def test_a_source_that_nobody_reads_any_more_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "catalog-info.yaml").write_text(component("a"))
    db = f"sqlite:///{tmp_path}/c.db"
    assert run("ingest", tmp_path / "a", "--database", db).returncode == 0
    done = run("forget", f"folder:{tmp_path}/a", "--database", db)
    assert (done.returncode, done.stdout) == (0, "- component:default/a\n")
    assert run("list", "--database", db).stdout == ""
    again = run("forget", f"folder:{tmp_path}/a", "--database", db)
    assert (again.returncode, "There is no source" in again.stderr) == (2, True)


def test_init_asks_and_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "callboard.yaml"
    (tmp_path / "catalogs").mkdir()
    done = run("init", path, given="catalogs\nhttps://github.com/acme\n\n5m\n\n8080\nCALLBOARD_TOKEN\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
    assert "names the environment variable `CALLBOARD_TOKEN`, which is not set" in done.stderr
    text = path.read_text()
    assert "  - catalogs\n" in text
    assert "port: 8080\n" in text
    assert run("config", "check", path, CALLBOARD_TOKEN="correct-horse-battery").returncode == 0
    again = run("init", path, "--yes")
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert path.read_text() == text


def test_init_asks_again_where_an_answer_is_none(tmp_path: Path) -> None:
    path = tmp_path / "callboard.yaml"
    given = "nowhere/at/all\ngithub.com/acme\n\nsometimes\n5m\n\n99999\nhttp\n8080\nghp_a-secret\nMY_TOKEN\n"
    done = run("init", path, given=given, MY_TOKEN="correct-horse-battery")
    assert done.returncode == 0, done.stderr
    for said in ("`nowhere/at/all` does not exist", "must be a duration", "is not the name of a variable"):
        assert done.stderr.count(said) == 1, said
    assert done.stderr.count("a port is a whole number") == 2
    assert done.stderr.endswith(f"Now: callboard serve --config {path}\n")
    text = path.read_text()
    assert all(said in text for said in ("- https://github.com/acme\n", 'every: "5m"', "port: 8080\n", "${MY_TOKEN}"))


def test_init_takes_options_for_scripts(tmp_path: Path) -> None:
    path = tmp_path / "callboard.yaml"
    (tmp_path / "catalogs").mkdir()
    assert run("init", path, "--yes", "--source", "catalogs", "--port", "8080").returncode == 0
    assert run("config", "check", path).returncode == 0


def test_import_app_config_writes_a_file_and_names_what_it_left_out(tmp_path: Path) -> None:
    given, written = tmp_path / "app-config.yaml", tmp_path / "callboard.yaml"
    given.write_text("app: {}\ncatalog:\n  readonly: true\n  orphanStrategy: keep\n")
    done = run("import-app-config", given, "-o", written)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{given}:3:3: `catalog.readonly` has no counterpart here" in done.stderr
    assert "orphans: keep\n" in written.read_text()
    assert run("config", "check", written).returncode == 0
    assert run("import-app-config", given, "-o", written).returncode == 2
    assert run("import-app-config", tmp_path / "nope.yaml").returncode == 2


def test_what_would_keep_a_source_from_being_opened_is_found_before_it_is_served(tmp_path: Path) -> None:
    path = tmp_path / "callboard.yaml"
    path.write_text(
        """hosts: {code.example.com: {type: github}}
sources:
  - https://nobody.invalid/asks/this/one
  - nowhere
  - {type: github, organisation: acme}
  - {type: github, organisation: acme, branch: main}
  - {type: gitlab, host: git.example.com, group: acme}
  - {type: github, host: code.example.com, organisation: acme}
  - {type: git, url: "https://ann:sesame@git.example.com/a.git"}
  - {type: url, url: "https://github.com/acme/mono/blob/main/*/a.yaml"}
  - {type: file, path: "/srv/*/a.yaml"}
  - https://github.com/acme/*/blob/main/a.yaml
"""
    )
    done = run("config", "check", path)
    assert done.returncode == 1
    told = [line.removeprefix(f"{path}:") for line in done.stdout.splitlines() if not line.startswith("  hint")]
    assert told == [
        f"4:5: `{tmp_path}/nowhere` does not exist",
        "6:5: two sources are called `github:acme`",
        "7:5: `git.example.com` is not a known host",
        "8:5: `code.example.com` is not read without a token",
        "9:5: the URL of `https://git.example.com/a.git` has a user or a password in it",
        "10:5: `https://github.com/acme/mono/blob/main/*/a.yaml` stands for many files, and a source of type `url` is one",
        "11:5: `/srv/*/a.yaml` stands for many files, and a source of type `file` is one",
        "12:5: `https://github.com/acme/*/blob/main/a.yaml` cannot be searched for files",
    ]
    assert done.stdout.count("  hint: ") == 8
