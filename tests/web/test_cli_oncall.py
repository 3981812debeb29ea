"""`callboard oncall`, `impact` and `who`: what they print, over a database and over a server, and how they exit."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.catalog import Catalog
from catalog.documents import Json
from ingestors.folder import FolderSource
from tests.browser.serving import serve
from tests.conftest import SAMPLE, component
from tests.programs import PATIENCE
from tests.web.commands import run
from web.cli import asking, night

EVIL = "\\e[2Jgone"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sample catalog in a file, with one entity that would clear the screen if its text were printed as it is."""
    folder = tmp_path_factory.mktemp("night")
    (folder / "evil.yaml").write_text(component("evil", f'"{EVIL}"'))
    url = f"sqlite:///{folder / 'catalog.db'}"
    catalog = Catalog.open(url, search=False)
    catalog.ingest(FolderSource(SAMPLE))
    catalog.ingest(FolderSource(folder, ("*.yaml",)))
    catalog.close()
    return url


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve([SAMPLE]) as base:
        yield base


def payload(*names: str) -> str:
    alerts = [{"status": "firing", "labels": {"alertname": name}, "annotations": {}} for name in names]
    return json.dumps({"version": "4", "alerts": alerts})


def test_a_card_is_printed_for_a_narrow_terminal(database: str) -> None:
    done = run("oncall", "P1234ABC", "--database", database)
    assert (done.returncode, done.stderr) == (0, "")
    marks = ("payment-api  Component", "tier 1", "Owner", "Payments (team-payments)", "On call, day and night", "Fallback",
             "PagerDuty P1234ABC", "Runbook", "https://runbooks.acme.example.com/payment-api", "Depends on", "payments-db",
             "Breaks", "6 entities of 3 teams", "Page  ")  # fmt: skip
    places = [done.stdout.index(mark) for mark in marks]
    assert places == sorted(places)
    assert max(len(line) for line in done.stdout.splitlines() if "://" not in line) <= 80


def test_json_is_what_the_api_answers(database: str) -> None:
    card = json.loads(run("oncall", "payment-api-alerts", "--json", "--database", database).stdout)
    assert (card["entityRef"], card["pagers"][0]["value"]) == ("component:default/payment-api", "P1234ABC")


def test_several_that_may_be_meant_are_printed_and_nothing_is_guessed(database: str) -> None:
    done = run("oncall", "payments", "--database", database)
    assert done.returncode == 1
    assert "nothing was guessed" in done.stdout
    assert "  likely    domain:default/payments" in done.stdout


def test_a_text_that_is_no_text_is_looked_up_as_far_as_it_is_one(database: str) -> None:
    assert run("oncall", "P1234ABC \udcff", "--database", database).returncode in (0, 1)


def test_what_nothing_has_comes_with_near_names(database: str) -> None:
    done = run("oncall", "paymnt-api", "--database", database)
    assert (done.returncode, "component:default/payment-api" in done.stdout) == (1, True)


def test_an_alert_is_read_from_the_standard_input_and_several_are_a_picture(database: str) -> None:
    one = run("oncall", "-", "--database", database, given=payload("payment-api-alerts"))
    assert (one.returncode, one.stdout[:11]) == (0, "payment-api")
    several = run("oncall", "-", "--database", database, given=payload("payment-api-alerts", "PaymentOutboxGrowing"))
    assert several.returncode == 0
    assert "In common   payments-db (Resource, likeliest)" in several.stdout
    unknown = run("oncall", "-", "--database", database, given=payload("payment-api-alerts", "NobodyKnows"))
    assert (unknown.returncode, "NobodyKnows: about nothing in the catalog" in unknown.stdout) == (1, True)
    assert run("oncall", "-", "--database", database).returncode == 2


def test_who_tells_owner_contacts_and_the_teams_above(database: str) -> None:
    done = run("who", "payment-api", "--database", database)
    assert done.returncode == 0
    places = [
        done.stdout.index(mark) for mark in ("team-payments", "team-payments@acme", "Commerce Engineering", "Acme")
    ]
    assert places == sorted(places)


def test_a_wrong_name_is_answered_with_what_may_be_meant(database: str) -> None:
    done = run("who", "storefrnt-bff", "--database", database)
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean `component:default/storefront-bff`" in done.stderr


def test_impact_counts_what_breaks_and_whose_it_is(database: str) -> None:
    done = run("impact", "payments-db", "--database", database)
    lines = done.stdout.splitlines()
    assert lines[0] == "resource:default/payments-db: 18 entities need it, directly or not"
    assert len(lines) == 19
    teams = run("impact", "payments-db", "--by", "owner", "--depth", "1", "--database", database).stdout
    assert "Payments: 2 entities" in teams
    assert "team-payments@acme.example.com" in teams
    out = json.loads(run("impact", "payment-api", "--direction", "out", "--json", "--database", database).stdout)
    assert (out["direction"], out["root"]) == ("out", "component:default/payment-api")


def test_a_server_is_asked_just_so(address: str, database: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("not-needed-with-dev\n")
    done = run("who", "payment-api", "--url", address)
    assert (done.returncode, done.stdout) == (0, run("who", "payment-api", "--database", database).stdout)
    assert run("who", "payment-api", "--url", address, "--token-file", str(token)).returncode == 2  # no token of it


def test_what_cannot_be_asked_is_one_line_and_exit_2(tmp_path: Path) -> None:
    split, binary = tmp_path / "split", tmp_path / "binary"
    split.write_text("marked-token\nX-Evil: 1")
    binary.write_bytes(b"\xff\xfe")
    for arguments in (
        ["--url", "http://127.0.0.1:1"],
        ["--url", "nonsense"],
        ["--url", "http://["],
        ["--url", "http://"],
        ["--url", "http://x:99999"],
        ["--url", "http://x", "--token-file", "/none"],
        ["--url", "http://x", "--token-file", str(split)],
        ["--url", "http://x", "--token-file", str(binary)],
    ):
        done = run("oncall", "P1234ABC", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("callboard: ")
        assert "marked-token" not in done.stderr
    assert run("oncall", "-", given="x" * 2_000_001).returncode == 2
    assert run("impact", "x", "--direction", "up").returncode == 2


def test_texts_from_files_move_no_cursor(database: str) -> None:
    done = run("oncall", "component:default/evil", "--database", database)
    assert "gone" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_that_is_no_alert_is_a_text_like_any_other(database: str) -> None:
    line = '{"level":"error","kubernetes":{"pod_name":"payment-api-7d9f8c6b5d-x2k4p","namespace_name":"payments"}}'
    done = run("oncall", "-", "--database", database, given=line)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("payment-api  Component")


def test_a_running_callboard_is_asked_where_the_environment_names_one(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_PATIENCE", PATIENCE)
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    known = {"CALLBOARD_URL": address, "CALLBOARD_DATABASE": empty}
    done = run("who", "payment-api", **known)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Payments (team-payments)" in done.stdout
    assert run("who", "payment-api", "--database", empty, **known).returncode == 1, "what is named at the command wins"


def test_one_that_is_down_is_said_and_the_database_read(database: str) -> None:
    done = run("oncall", "P1234ABC", CALLBOARD_URL="http://127.0.0.1:1", CALLBOARD_DATABASE=database)
    assert done.returncode == 0
    assert "payment-api  Component" in done.stdout
    assert done.stderr.startswith("callboard: `http://127.0.0.1:1` does not answer (")
    assert done.stderr.endswith("): reading the database instead\n")


ADA = {"level": 1, "name": "Ada Abara", "email": "ada@x.example"}


def told(database: str) -> dict[str, Json]:
    """The card of a component that fires, whose tools know who is on call; one of them went down since."""
    card = json.loads(run("oncall", "P1234ABC", "--json", "--database", database).stdout)
    quiet = {
        "name": "main",
        "reason": "connection refused",
        "since": "2026-11-23T03:12:00+00:00",
        "onCall": [],
        "incidents": [],
    }
    down = quiet | {"tool": "prometheus", "state": "unavailable", "askedAt": "2026-11-23T03:02:00+00:00"}
    pagers = [
        quiet | {"tool": tool, "state": "fresh", "askedAt": None, "onCall": people}
        for tool, people in (("pagerduty", [ADA]), ("opsgenie", [ADA | {"name": "ada@x.example"}]))
    ]
    alert = {
        "state": "firing",
        "name": "PaymentsDown",
        "since": "2026-11-23T03:00:00+00:00",
        "summary": "Half of it fails",
    }
    return {**card, "firing": [alert], "live": [down, *pagers]}


def test_what_fires_and_who_is_called_stands_first_and_what_is_old_is_said(database: str) -> None:
    text = night.print_card(told(database))
    assert text.index("Right now") < text.index("Owner ")
    assert "FIRING PaymentsDown since 2026-11-23 03:00 UTC: Half of it" in text
    assert "Prometheus (main): unavailable since 2026-11-23 03:12 UTC:" in text
    assert re.search(r"what it told\s+\d+ days ago is here", text)
    assert "on call 1: Ada Abara ada@x.example" in text


def test_of_a_storm_the_first_alerts_are_printed(database: str) -> None:
    card = told(database)
    text = night.print_card({**card, "firing": [{**card["firing"][0], "summary": str(at)} for at in range(40)]})
    assert (text.count("FIRING PaymentsDown"), "and 28 more alerts" in text) == (12, True)


def test_who_names_whoever_is_called_first_once(database: str) -> None:
    lines = night.print_owners(told(database)).splitlines()
    assert lines[2] == "On call now Ada Abara ada@x.example"
    assert lines[3].startswith("Owner ")


def test_a_terminal_of_a_phone_gets_no_wider_lines_than_it_has(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = night.print_card(told(database)).splitlines()
    assert [line for line in lines[1:] if len(line) > 40 and "://" not in line and "@" not in line] == []
    assert "            team-payments@acme.example.com" not in lines, "the address has lost its place below its owner"
