"""Marked secrets in every place that takes one: no page, error, log, answer, export, database or index file has a mark."""

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.tool_server import Mode, Reply, ToolServer
from tests.oncall.receiver import Receiver
from tests.oncall.serving import ROOT, Callboard, callboard
from tests.programs import free_port
from web.entity.tools import hide_in_lines

MARK = "marked-cfg-7f3a9c"
"""Begins every secret of the configuration."""
NOTE = "marked-note-5d20b1"
"""Begins every annotation that is a secret."""
TOKEN = f"{MARK}-access-token"
PLACES = ("access", "host", "hook", "app", "pager", "monitor", "password", "grafana", "opsgenie", "s3", "s3-key", "bind",
          "receiver", "header", "receiver-password")  # fmt: skip
TOOL_MODES: tuple[Mode, ...] = ("", "echo", "error", "refuse", "garbage")
CATALOG = f"""
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: team-payments, annotations: {{opsgenie.com/api-key: {NOTE}-group}}}}
spec: {{type: team, children: [], profile: {{email: payments@acme.example}}}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payment-api
  annotations:
    pagerduty.com/service-id: P1234ABC
    pagerduty.com/integration-key: {NOTE}-pagerduty
    ilert.com/integration-key: {NOTE}-ilert
    acme.example/api-token: {NOTE}-unknown
    prometheus.io/alert: PaymentsDown
    prometheus.io/rule: up
    grafana/dashboard-selector: payments
    opsgenie.com/component-selector: tag:payments
spec: {{type: service, lifecycle: production, owner: team-payments, dependsOn: ["component:ledger"]}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ledger
  annotations:
    pagerduty.com/integration-key: {NOTE}-ledger
    pagerduty.com/service-id: [not, a, text]
spec: {{type: service, lifecycle: production, owner: team-payments}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
  annotations: {{pagerduty.com/integration-key: {NOTE}-shop}}
spec: {{type: service, lifecycle: production, owner: nobody-there, dependsOn: ["component:payment-api"]}}
"""
CONFIGURATION = """
sources:
  - {{type: file, path: catalog-info.yaml}}
  - {{type: gitea, host: git.acme.test, organisation: acme, name: forge}}
  - {{type: github, host: ghe.acme.test, organisation: acme, name: hub}}
  - {{type: s3, bucket: catalogs, endpoint: "{tool}", access_key: "${{MARK_S3}}", secret_key: "${{MARK_S3_KEY}}", name: bucket}}
  - {{type: ldap, url: "ldap://127.0.0.1:{closed}", bind: {{dn: cn=reader, secret: {{file: bind}}}}, name: people,
     users: [{{dn: "ou=people"}}], groups: [{{dn: "ou=groups"}}]}}
database: "sqlite:///{folder}/catalog.db"
auth: {{tokens: [{{token: "${{MARK_ACCESS}}", subject: alertmanager}}]}}
hosts:
  git.acme.test: {{type: gitea, api: "{tool}/api/v1", token: "${{MARK_HOST}}", webhook_secret: "${{MARK_HOOK}}"}}
  ghe.acme.test: {{type: github, api: "{tool}", token: {{file: app}}}}
live:
  pagerduty: {{main: {{url: "{tool}", token: "${{MARK_PAGER}}", private: true}}}}
  prometheus: {{main: {{url: "{tool}", token: {{file: monitor}}}}}}
  alertmanager: {{main: {{url: "{tool}", username: callboard, password: {{file: password}}}}}}
  grafana: {{main: {{url: "{tool}", token: "${{MARK_GRAFANA}}"}}}}
  opsgenie: {{main: {{url: "{tool}", token: "${{MARK_OPSGENIE}}", private: true}}}}
  timeout: 60s
  pause: 10ms
alerts:
  receivers:
    good: {{url: {{file: good}}, token: "${{MARK_RECEIVER}}", headers: {{X-Key: "${{MARK_HEADER}}"}}}}
    bad: {{url: {{file: bad}}, username: callboard, password: "${{MARK_RECEIVER_PASSWORD}}"}}
    down: {{url: {{file: down}}, token: "${{MARK_RECEIVER}}"}}
  timeout: 20s
"""
ALERT = {"version": "4", "alerts": [{"labels": {"alertname": "PaymentsDown"}, "annotations": {}, "status": "firing"}]}
BEARER = {"authorization": f"Bearer {TOKEN}"}


def forms(mark: str) -> list[bytes]:
    """A mark as it stands, and how it looks inside of Basic credentials, whatever stands before it."""
    inside = [base64.b64encode(b"x" * shift + mark.encode())[4:-4] for shift in range(3)]
    return [mark.encode(), *inside]


def find_marks(text: bytes, mark: str = MARK) -> list[bytes]:
    """The marks in something, with what stands around them."""
    return [text[max(0, at - 80) : at + 60] for form in forms(mark) if (at := text.find(form)) >= 0]


class World:
    """A Callboard full of secrets, with what its tools and receivers were sent."""

    def __init__(self, started: Callboard, tool: ToolServer, receivers: dict[str, Receiver], folder: Path) -> None:
        self.callboard, self.tool, self.receivers, self.folder = started, tool, receivers, folder
        self.answers: dict[str, bytes] = {}

    def get(self, address: str, **headers: str) -> bytes:
        """What an address answers, its headers too."""
        return self.keep(address, self.callboard.client.get(address, headers=headers))

    def keep(self, name: str, answer: httpx.Response) -> bytes:
        whole = b"\n".join(key + b": " + value for key, value in answer.headers.raw) + b"\n\n" + answer.content
        self.answers[f"{name} {len(self.answers)}"] = whole
        return answer.content


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("secrets")
    environment = {f"MARK_{place.upper().replace('-', '_')}": f"{MARK}-{place}" for place in PLACES}
    environment |= {"MARK_ACCESS": TOKEN, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
    with ExitStack() as stack:
        tool = stack.enter_context(ToolServer(lambda asked: Reply({"unexpected": True})))
        receivers = {"good": stack.enter_context(Receiver()), "bad": stack.enter_context(Receiver(503))}
        closed = free_port()
        for name in ("app", "monitor", "password", "bind"):
            (folder / name).write_text(f"{MARK}-{name}\n")
        for name, url in {
            **{key: one.url for key, one in receivers.items()},
            "down": f"http://127.0.0.1:{closed}",
        }.items():
            (folder / name).write_text(f"{url}/in/{MARK}-path?key={MARK}-query\n")
        (folder / "catalog-info.yaml").write_text(CATALOG)
        text = CONFIGURATION.format(tool=tool.url, closed=closed, folder=folder)
        with callboard(folder, text, environment=environment) as started:
            world = World(started, tool, receivers, folder)
            exercise(world)
            world.answers |= run_commands(folder, environment)
            yield world


def exercise(world: World) -> None:
    """Pages, answers, exports, errors and writes, while the tools behave in several ways."""
    for mode in TOOL_MODES:
        world.tool.mode = mode
        for address in ("/oncall/default/component/payment-api/live", "/oncall/incident?now=1",
                        "/api/oncall/component/default/payment-api", "/api/oncall/incident?now=1"):  # fmt: skip
            world.get(address)
    for name in ("good", "bad", "down", "nobody"):
        answer = world.callboard.client.post(f"/api/alerts?forward={name}", json=ALERT, headers=BEARER)
        world.keep(f"forward to {name}", answer)
        world.keep("forward without", world.callboard.client.post(f"/api/alerts?forward={name}", json=ALERT))
    for path in ("/api/alerts", "/api/lookup", "/api/oncall/incident"):
        world.keep(path, world.callboard.client.post(path, json=ALERT, headers=BEARER))
    for source in ("forge", "hub", "bucket", "people"):
        crawled = world.callboard.client.post(f"/api/sources/{source}/crawl", headers=BEARER)
        world.keep(f"crawl {source}", crawled)
    signed = {"x-gitea-signature": "0" * 64, "content-type": "application/json"}
    hooked = world.callboard.client.post("/api/webhooks/forge", content=b"{}", headers=signed)
    world.keep("webhook", hooked)
    walk(world)


def walk(world: World) -> None:
    """Every page that links lead to, then every answer of the API, and what both say to wrong questions."""
    queue, seen = ["/", "/oncall", "/oncall/readiness", "/oncall/default/component/payment-api", "/docs"], set[str]()
    while queue and len(seen) < 150:
        address = queue.pop(0)
        if address.partition("#")[0] not in seen:
            seen.add(address.partition("#")[0])
            text = world.get(address, accept="text/html").decode(errors="replace")
            found = re.findall(r'(?:href|action)="(/(?!static)[^"]*)"', text)
            queue += [one.replace("&amp;", "&") for one in found if not one.startswith("/api/catalog")]
    paths = world.callboard.client.get("/openapi.json").json()["paths"]
    values = {"kind": "component", "namespace": "default", "name": "payment-api", "source": "forge"}
    for path, methods in paths.items():
        if "get" in methods and not path.startswith(("/api/catalog", "/api/auth")):
            world.get(re.sub(r"{(\w+)}", lambda match: values.get(match[1], "x"), path))
    for address in (
        "/api/lookup?q=P1234ABC", "/oncall?q=P1234ABC", "/oncall?q=marked&all=1", "/api/find?q=marked", "/search?q=marked",
        "/oncall?q=https://a.pagerduty.com/incidents/QMARKED1",
        "/api/suggest?q=marked", "/api/search/query?term=marked", "/catalog?q=marked", "/api/browse/export?format=csv",
        "/graph.svg?root=component:default/payment-api", "/graph.json?root=component:default/payment-api",
        "/api/graph/component/default/payment-api?depth=2", "/api/quality/export", "/nothing-there", "/api/nothing",
        "/api/sources/nothing", "/oncall/incident?refs=component:default/shop,component:default/ledger",
    ):  # fmt: skip
        world.get(address)
        world.get(address, accept="text/html")
    world.get("/", authorization="Bearer wrong")
    world.get("/api/problems", authorization="Basic eDp5")


def run_commands(folder: Path, environment: dict[str, str]) -> dict[str, bytes]:
    """What commands print, among them some that cannot be run."""
    told = {}
    options = ["--config", str(folder / "callboard.yaml")]
    (folder / "wrong.yaml").write_text(f"auth: {{tokens: [{{token: {MARK}-written-out, subject: a}}]}}\n")
    for command in (
        ["config", "check", str(folder / "callboard.yaml")],
        ["config", "check", str(folder / "wrong.yaml")],
        ["oncall", "payment-api", *options],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "web.cli", *command], capture_output=True, cwd=folder,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment}, timeout=180,
        )  # fmt: skip
        told[" ".join(command[:2])] = done.stdout + done.stderr
    return told


def test_the_secrets_were_used(world: World) -> None:
    sent = {value for asked in world.tool.asked for value in asked.headers.values() if MARK in value}
    told = " ".join(sent)
    for place in ("host", "pager", "monitor", "grafana", "opsgenie", "s3"):
        assert f"{MARK}-{place}" in told, place
    good, bad = world.receivers["good"].sent[0], world.receivers["bad"].sent
    assert (good.headers["authorization"], good.headers["x-key"]) == (f"Bearer {MARK}-receiver", f"{MARK}-header")
    assert f"{MARK}-path?key={MARK}-query" in good.path
    assert len(bad) == 3
    assert len(world.answers) > 150


def test_no_answer_of_any_kind_has_a_secret_of_the_configuration(world: World) -> None:
    assert {name: found for name, text in world.answers.items() if (found := find_marks(text))} == {}


def test_no_log_has_one_although_failures_are_logged(world: World) -> None:
    said = world.callboard.log.read_bytes()
    assert b"did not take" in said
    assert find_marks(said) == []
    assert find_marks(said, NOTE) == []


def test_no_file_that_callboard_writes_has_one(world: World) -> None:
    """The database, its write-ahead log and the search index; the files below are those that the test itself wrote."""
    ours = {
        "callboard.yaml",
        "wrong.yaml",
        "catalog-info.yaml",
        "app",
        "monitor",
        "password",
        "bind",
        "good",
        "bad",
        "down",
    }
    written = [path for path in world.folder.rglob("*") if path.is_file() and path.name not in ours]
    assert {"catalog.db", "catalog.db-wal", "callboard.log"} <= {path.name for path in written}
    assert {path.name: found for path in written if (found := find_marks(path.read_bytes()))} == {}


def test_an_annotation_that_is_a_secret_is_masked_but_where_backstage_shows_it(world: World) -> None:
    """Backstage's API serves annotations as they are, and its clients read the integration key there; so does ours.

    For that it is in the database. No page shows it, nor does any answer of our own.
    """
    shown = {name: found for name, text in world.answers.items() if (found := find_marks(text, NOTE))}
    assert shown == {}
    by_name = "/api/catalog/entities/by-name/component/default/payment-api"
    annotations: dict[str, Any] = world.callboard.client.get(by_name).json()["metadata"]["annotations"]
    assert annotations["pagerduty.com/integration-key"] == f"{NOTE}-pagerduty"
    page = world.callboard.client.get("/oncall/default/component/payment-api").text
    assert "mark…" in page


LINES = {
    "  pagerduty.com/integration-key: R01ABCDEFGHIJKLMNOP": "  pagerduty.com/integration-key: R01A…",
    """  'ilert.com/integration-key': "R01 ABCD, EFGHIJ""": """  'ilert.com/integration-key': "R01 …\"""",
    "a: {pagerduty.com/integration-key: R01ABCDEFGHIJKLMNOP, x: y}": "a: {pagerduty.com/integration-key: R01A…, x: y}",
    '{"pagerduty.com/integration-key":"R01ABCDEFGHIJKLMNOP","n":1}': '{"pagerduty.com/integration-key":"R01A…","n":1}',
    "  x.example/api-token: |\n    R01ABCDEFG\n\n    HIJK\n  name: x": "  x.example/api-token: |\n    …\n\n    …\n  name: x",
    "  x.example/api-token:\n    R01ABCDEFGHIJK": "  x.example/api-token:\n    …",
    "  x.example/api-token: R01AB\n    CDEFGHIJK": "  x.example/api-token: …\n    …",
    "  pagerduty.com/service-id: P1234ABC # why": "  pagerduty.com/service-id: P1234ABC # why",
    "  name: x: y": "  name: x: y",
}


@pytest.mark.parametrize("lines", LINES)
def test_lines_of_a_broken_file_are_shown_without_their_secrets(lines: str) -> None:
    assert "\n".join(hide_in_lines(lines.split("\n"))) == LINES[lines]
