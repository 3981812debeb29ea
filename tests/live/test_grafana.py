"""Grafana: the dashboards that annotations choose, and its own alerts, over answers in the shapes of its HTTP API."""

from collections.abc import Iterator
from typing import Any

import pytest

from catalog.live import Dashboard
from ingestors.live.instance import Instance
from ingestors.live.selectors import SelectorError, parse_selector
from tests.live.tool_server import TOKEN, Asked, Reply, ToolServer, ask, ask_one, run
from tests.programs import PATIENCE


def dashboard(title: str, uid: str, *tags: str, folder: str = "") -> dict[str, Any]:
    path = f"/grafana/d/{uid}/{title.lower().replace(' ', '-')}"
    found = {"id": 1, "uid": uid, "title": title, "uri": f"db/{uid}", "url": path, "slug": "", "type": "dash-db"}
    inside = {"folderId": 7, "folderUid": "f", "folderTitle": folder, "folderUrl": f"/grafana/dashboards/f/{folder}"}
    return found | {"tags": list(tags), "isStarred": False} | (inside if folder else {})


DASHBOARDS = [
    dashboard("Payments", "abc1", "payment-api", "generated", folder="Managed"),
    dashboard("Payments SLO", "abc2", "payment-api-slo", "generated"),
    dashboard("Orders", "abc3", "order-api"),
]


def rule(name: str, uid: str, state: str, labels: dict[str, str], *alerts: str) -> dict[str, Any]:
    active = [
        {
            "labels": {"alertname": name, "grafana_folder": "Managed", "instance": str(number), **labels},
            "annotations": {"summary": f"{name}!"},
            "state": one,
            "activeAt": "2026-11-23T02:00:00.123456789Z",
            "value": "1e+00",
        }
        for number, one in enumerate(alerts)
    ]
    found = {"state": state, "name": name, "uid": uid, "folderUid": "f", "query": "[]", "duration": 60, "health": "ok"}
    told = {"lastEvaluation": "2026-11-23T02:00:10Z", "evaluationTime": 0.01, "type": "alerting", "annotations": {}}
    return found | told | {"labels": labels, "alerts": active}


RULES = [
    rule("High errors", "r1", "firing", {"service": "payment-api"}, "Alerting", "Normal (Updated)"),
    rule("No data", "r2", "firing", {"service": "payment-api"}, "Alerting (NoData)"),
    rule("Soon", "r3", "pending", {"team": "payments"}, "Pending"),
    rule("Quiet", "r4", "inactive", {"service": "payment-api"}),
    rule("Other", "r5", "firing", {"service": "order-api"}, "Alerting"),
]


def answer(asked: Asked) -> Reply:
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return Reply({"message": "Unauthorized"}, 401)
    if asked.path == "/api/search":
        tags = asked.query.get("tag", [])
        return Reply([one for one in DASHBOARDS if set(tags) <= set(one["tags"])])
    if asked.path == "/api/prometheus/grafana/api/v1/rules":
        group = {"name": "g", "file": "Managed", "rules": RULES, "interval": 60}
        return Reply({"status": "success", "data": {"groups": [group], "totals": {}}})
    return Reply({"message": "Not found"}, 404)


@pytest.fixture
def server() -> Iterator[ToolServer]:
    with ToolServer(answer) as started:
        yield started


def grafana(server: ToolServer, name: str = "main") -> Instance:
    return Instance(name, "grafana", server.url, TOKEN, seconds=PATIENCE, web_url="https://acme.example/grafana/")


@pytest.mark.parametrize(
    ("selector", "titles"),
    [
        ("generated", ["Payments", "Payments SLO"]),
        ("nothing", []),
        ("(tags @> 'payment-api' || tags @> 'payment-api-slo') && tags @> 'generated'", ["Payments", "Payments SLO"]),
        ("tags @> 'payment-api' || tags @> 'order-api' && folderTitle == 'x'", ["Payments"]),
        ('folderTitle == "Managed"', ["Payments"]),
        ("title != 'Payments' && !(tags @> 'generated')", ["Orders"]),
        ("!!tags @> 'x'", []),
        ("title", []),
    ],
)
def test_a_selector_is_a_tag_or_a_condition(server: ToolServer, selector: str, titles: list[str]) -> None:
    panel = ask_one({"grafana/dashboard-selector": selector}, grafana(server))
    assert (panel.state, [one.title for one in panel.facts.dashboards]) == ("fresh", titles)


def test_a_dashboard_is_told_with_its_whole_address(server: ToolServer) -> None:
    panel = ask_one({"grafana/tag-selector": "payment-api"}, grafana(server))
    href = "https://acme.example/grafana/d/abc1/payments"
    assert panel.facts.dashboards == (Dashboard("Payments", href, "Managed", ("payment-api", "generated")),)


@pytest.mark.parametrize(
    ("named", "href"),
    [
        ("https://other.example/d/x", "https://other.example/d/x"),
        ("/d/abc9/over", "https://acme.example/grafana/d/abc9/over"),
        ("abc9", "https://acme.example/grafana/d/abc9"),
    ],
)
def test_the_overview_is_told_even_where_grafana_is_down(server: ToolServer, named: str, href: str) -> None:
    server.mode = "error"
    annotations = {"grafana/overview-dashboard": named, "grafana/dashboard-selector": "generated"}
    panel = ask_one(annotations, grafana(server))
    assert (panel.state, panel.facts.dashboards) == ("unavailable", (Dashboard("Overview", href),))


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        ("service=payment", "`=payment` is not understood"),
        ("(tags @> 'a'", "a bracket is not closed"),
        ("tags @>", "it ends too early"),
        ("owner == 'a'", "`owner` is not one of `title`, `tags`, `url`, `folderTitle`, `folderUrl`"),
        ("title == 'a' 'b'", "`'b'` is not expected there"),
        ("(" * 500 + "title", "it is nested too deeply"),
        ("title == 'a' || " * 200, "it is longer than 2000 characters"),
    ],
)
def test_a_selector_that_is_not_understood_is_told_and_nobody_asked(
    server: ToolServer, selector: str, words: str
) -> None:
    with pytest.raises(SelectorError):
        parse_selector(selector)
    panel = ask_one({"grafana/dashboard-selector": selector}, grafana(server))
    assert panel.facts.notes[0].startswith("the dashboard selector is not understood: ")
    assert words in panel.facts.notes[0]
    assert server.asked == []


def test_alerts_are_those_with_one_of_the_labels(server: ToolServer) -> None:
    panel = ask_one({"grafana/alert-label-selector": "service=payment-api, team=payments"}, grafana(server))
    assert [(one.name, one.state) for one in panel.facts.alerts] == [
        ("High errors", "firing"),
        ("No data", "firing"),
        ("Soon", "pending"),
        ("Quiet", "inactive"),
    ]
    first = panel.facts.alerts[0]
    assert (first.summary, first.href) == ("High errors!", "https://acme.example/grafana/alerting/grafana/r1/view")


def test_the_named_host_is_asked_else_the_first(server: ToolServer) -> None:
    hosts = grafana(server), grafana(server, "eu")
    selector = {"grafana/dashboard-selector": "generated"}
    assert [one.name for one in ask(selector, *hosts)] == ["main"]
    assert [one.name for one in ask(selector | {"grafana/host-id": "eu"}, *hosts)] == ["eu"]


def test_what_fires_at_all_includes_its_own_alerts(server: ToolServer) -> None:
    firing = run(lambda board: board.firing(), grafana(server))
    assert [alert.name for alert in firing.now] == ["High errors", "No data", "Other"]
    assert [alert.name for alert in firing.of({"grafana/alert-label-selector": "service=order-api"})] == ["Other"]
    assert firing.of({"prometheus.io/labels": "service=order-api"}) == ()


def test_all_dashboards_are_searched_once_for_all_conditions(server: ToolServer) -> None:
    async def work(board: Any) -> None:
        for title in ("a", "b", "c"):
            await board.ask({"grafana/dashboard-selector": f"title == '{title}'"})

    run(work, grafana(server))
    assert len(server.asked) == 1
