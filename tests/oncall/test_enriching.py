"""Payloads of every kind that is understood come back with the catalog's annotations, and otherwise as they were."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from web.access import Access, make_tokens
from web.app import create_app
from web.oncall.enriching import ANNOTATIONS, enrich_payload

HOME = "https://callboard.acme.example"
ALERT = {
    "status": "firing",
    "labels": {"alertname": "payment-api-alerts", "severity": "critical"},
    "annotations": {"summary": "Payments are down", "runbook_url": "https://runbooks.acme.example/own"},
    "startsAt": "2026-11-23T02:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph?g0.expr=up",
    "fingerprint": "a1b2",
}
ALERTMANAGER = {
    "receiver": "callboard",
    "status": "firing",
    "alerts": [ALERT, {**ALERT, "labels": {"alertname": "Watchdog"}, "fingerprint": "c3d4", "status": "resolved"}],
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {"summary": "Payments are down"},
    "externalURL": "http://alertmanager",
    "version": "4",
    "groupKey": '{}:{severity="critical"}',
    "truncatedAlerts": 0,
}
GRAFANA = {
    **ALERTMANAGER,
    "version": "1",
    "title": "[FIRING:1] payment-api",
    "state": "alerting",
    "orgId": 1,
    "message": "**Firing**",
    "alerts": [
        {
            **ALERT,
            "labels": {"alertname": "Error rate", "service": "payment-api", "grafana_folder": "Payments"},
            "values": {"A": 1.25e-7, "B": None},
            "valueString": "[ var='B' ]",
            "dashboardURL": "https://grafana/d/x",
            "panelURL": "https://grafana/d/x?viewPanel=1",
            "silenceURL": "https://grafana/silence",
            "imageURL": "https://grafana/image.png",
        }
    ],
}
PROMETHEUS = {
    "status": "success",
    "data": {"alerts": [{"labels": ALERT["labels"], "state": "firing", "value": "1e+00"}]},
}
PAGERDUTY = {
    "event": {
        "event_type": "incident.triggered",
        "data": {"id": "Q1", "type": "incident", "status": "triggered", "service": {"id": "P1234ABC"}},
    }
}
OPSGENIE = {"action": "Create", "alert": {"alertId": "1", "message": "down", "details": {"service": "payment-api"}}}
PAYLOADS = {
    "Alertmanager's webhook": (ALERTMANAGER, lambda payload: payload["alerts"][0]),
    "Grafana's webhook": (GRAFANA, lambda payload: payload["alerts"][0]),
    "Alertmanager's list": ([ALERT], lambda payload: payload[0]),
    "Prometheus's list": (PROMETHEUS, lambda payload: payload["data"]["alerts"][0]),
    "PagerDuty's webhook": (PAGERDUTY, lambda payload: payload["event"]["data"]),
    "Opsgenie's webhook": (OPSGENIE, lambda payload: payload["alert"]),
    "one alert": (ALERT, lambda payload: payload),
    "a text": ({"q": "P1234ABC"}, lambda payload: payload),
}


def clone(value: Any) -> Any:
    """A copy in which no two parts are the same object."""
    return json.loads(json.dumps(value))


def strip(value: Any) -> Any:
    """A payload without our annotations, nor sets of annotations that are empty without them."""
    if isinstance(value, list):
        return [strip(one) for one in value]
    if not isinstance(value, dict):
        return value
    left = {key: strip(one) for key, one in value.items() if key not in ANNOTATIONS}
    return {key: one for key, one in left.items() if key != "annotations" or one}


@pytest.mark.parametrize("name", PAYLOADS)
def test_each_kind_of_payload_is_enriched_and_otherwise_the_same(name: str, sample: Catalog) -> None:
    payload, find = PAYLOADS[name]
    enriched = clone(payload)
    assert enrich_payload(sample, enriched, HOME).decided == 1
    given = find(enriched)["annotations"]
    assert given["callboard_entity"] == "component:default/payment-api"
    assert given["callboard_owner"] == "group:default/team-payments"
    assert given["callboard_runbook"] == "https://runbooks.acme.example.com/payment-api"
    assert given["callboard_url"] == f"{HOME}/oncall/default/component/payment-api"
    assert given["callboard_pager"] == "https://app.pagerduty.com/service-directory/P1234ABC"
    assert given["callboard_impact_entities"] == str(sample.blast(("component:default/payment-api",)).total)
    assert strip(enriched) == payload
    assert all(isinstance(text, str) and text for text in given.values())


def test_a_part_of_a_component_is_of_its_system_too(sample: Catalog) -> None:
    payload = clone({"alerts": [ALERT | {"labels": {"alertname": "PaymentOutboxGrowing"}}]})
    enrich_payload(sample, payload, HOME)
    given = payload["alerts"][0]["annotations"]
    assert given["callboard_entity"] == "component:default/payment-event-relay"
    assert given["callboard_system"] == "system:default/payment-system"


def test_the_counts_are_those_of_everything_that_breaks(sample: Catalog) -> None:
    for ref in sample.view.edges.refs:
        blast = sample.blast((ref,))
        assert sample.count_blast(ref) == (blast.total, sum(bool(share.owner) for share in blast.shares)), ref


def test_what_is_ambiguous_is_shown_and_nothing_is_guessed(sample: Catalog) -> None:
    payload = {
        "alerts": [{"labels": {"alertname": "X", "namespace": "payments", "team": 'a"b'}}, {"labels": {"a": "b"}}]
    }
    assert enrich_payload(sample, payload, HOME).decided == 0
    unsure, unknown = (one["annotations"] for one in payload["alerts"])
    assert set(unsure) == {"callboard_surety", "callboard_candidates", "callboard_url"}
    assert unsure["callboard_surety"] == "undecided"
    assert "component:default/payment-api (possible: Kubernetes namespace `payments`" in unsure["callboard_candidates"]
    assert unsure["callboard_url"].startswith(f"{HOME}/oncall?q=%7Balertname%3D%22X%22,namespace%3D%22payments%22%7D")
    assert set(unknown) == {"callboard_surety", "callboard_url"}
    assert unknown["callboard_surety"] == "unknown"


def test_what_all_alerts_share_is_common_and_what_an_earlier_pass_left_is_gone(sample: Catalog) -> None:
    payload = clone(GRAFANA)
    payload["alerts"][0]["annotations"]["callboard_candidates"] = "component:default/old"
    payload["commonAnnotations"]["callboard_candidates"] = "component:default/old"
    enrich_payload(sample, payload, HOME)
    assert payload["commonAnnotations"]["callboard_owner"] == "group:default/team-payments"
    assert "callboard_candidates" not in str(payload)
    several = clone(ALERTMANAGER)
    enrich_payload(sample, several, HOME)
    assert several["commonAnnotations"] == ALERTMANAGER["commonAnnotations"]


def test_parts_that_are_no_alerts_are_left_as_they_are(sample: Catalog) -> None:
    odd = [None, 7, "x", {"labels": None}, {"labels": {"service": "payment-api"}, "annotations": "none"}]
    payload = {"alerts": [*odd, clone(ALERT)], "commonAnnotations": None}
    assert enrich_payload(sample, payload, HOME).alerts == 2
    assert payload["alerts"][:5] == odd
    assert payload["commonAnnotations"] is None


@pytest.mark.parametrize(("seconds", "decided"), [(120.0, 1500), (0.0, 1)])
def test_a_storm_of_alerts_is_passed_on_whole(sample: Catalog, seconds: float, decided: int) -> None:
    payload = {
        "alerts": [{"labels": {"alertname": "X", "service": "payment-api", "pod": f"p-{n}"}} for n in range(1500)]
    }
    found = enrich_payload(sample, payload, HOME, seconds)
    assert (found.alerts, found.decided) == (1500, decided)
    assert ("annotations" in payload["alerts"][1400]) == (decided == 1500)


@pytest.fixture
def client(sample: Catalog) -> Iterator[TestClient]:
    access = Access(make_tokens([("a-good-token", "alertmanager")]))
    with TestClient(create_app(Crawler(sample), access), base_url="http://127.0.0.1:7007") as opened:
        yield opened


def test_a_payload_comes_back_to_whoever_may_read(client: TestClient) -> None:
    answer = client.post("/api/alerts", json=ALERTMANAGER)
    assert answer.status_code == 200
    assert strip(answer.json()) == ALERTMANAGER
    told = answer.json()["alerts"][0]["annotations"]
    assert told["callboard_url"] == "http://127.0.0.1:7007/oncall/default/component/payment-api"


def test_where_reads_need_a_token_so_does_this(sample: Catalog) -> None:
    app = create_app(Crawler(sample), Access(make_tokens([("a-good-token", "a")]), reads_open=False))
    with TestClient(app, base_url="http://callboard.example") as client:
        assert client.post("/api/alerts", json=ALERTMANAGER).status_code == 401
        authorized = client.post("/api/alerts", json=ALERTMANAGER, headers={"authorization": "Bearer a-good-token"})
        assert authorized.status_code == 200


def test_numbers_and_texts_that_other_readers_lose_are_kept(client: TestClient) -> None:
    text = '{"labels":{"service":"payment-api"},"n":123456789012345678901234567890,"s":"\\ud800","é":"\\u00e9","f":0.1}'
    answer = client.post("/api/alerts", content=text.encode())
    assert json.loads(answer.content) | {"annotations": 0} == json.loads(text) | {"annotations": 0}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "The body is not JSON"),
        ("{", "The body is not JSON"),
        ('{"labels": {"a": NaN}}', "`NaN` is no number in JSON"),
        ("\xff".encode("latin-1"), "The body is not JSON"),
        ('{"alerts": []}', "The body is no alert that is understood"),
        ("7", "The body is no alert that is understood"),
        ("[" * 100_000, "nested too deeply"),
        ('{"labels": {"n": ' + "9" * 5000 + "}}", "The body is not JSON"),
    ],
)
def test_what_is_no_payload_is_refused_with_the_reason(client: TestClient, body: str | bytes, words: str) -> None:
    answer = client.post("/api/alerts", content=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_the_annotations_are_each_described() -> None:
    assert all(name.startswith("callboard_") and about for name, about in ANNOTATIONS.items())
