"""Enriched alerts sent on: to whom, with what, how often; and a 5xx for whoever sent them where they are not taken."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from tests.oncall.receiver import Receiver, Silent
from web.access import Access, make_tokens
from web.app import create_app
from web.cli.monitoring import open_receivers
from web.settings import Settings, check_settings

PAYLOAD = {"version": "4", "alerts": [{"labels": {"alertname": "X", "service": "payment-api"}, "status": "firing"}]}
TOKEN = {"authorization": "Bearer a-good-token"}
SECRET = "marked-secret-51c9"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALLBOARD_TEST_SECRET", SECRET)
    (tmp_path / "secret").write_text(f"{SECRET}\n")


def read(folder: Path, alerts: str) -> Settings:
    path = folder / "callboard.yaml"
    path.write_text(f"alerts: {alerts}\npublic_url: https://callboard.acme.example/\n")
    found = check_settings(path)
    assert isinstance(found, Settings), found
    return found


@contextmanager
def serving(sample: Catalog, settings: Settings, *, dev: bool = False) -> Iterator[TestClient]:
    access = Access(make_tokens([("a-good-token", "alertmanager")]), dev=dev)
    receivers = open_receivers(settings.alerts)
    app = create_app(Crawler(sample), access, receivers=receivers, public_url=str(settings.public_url))
    with TestClient(app, base_url="http://127.0.0.1:7007") as client:
        yield client


def forward(client: TestClient, name: str = "pager", headers: Mapping[str, str] = TOKEN) -> Any:
    return client.post(f"/api/alerts?forward={name}", json=PAYLOAD, headers=headers)


def test_a_receiver_is_sent_the_enriched_payload_with_its_secrets(sample: Catalog, tmp_path: Path) -> None:
    with Receiver() as receiver:
        settings = read(
            tmp_path,
            f"""{{receivers: {{pager: {{url: "{receiver.url}/hook", token: {{file: secret}},
            headers: {{X-Scope-OrgID: acme one, X-Key: "${{CALLBOARD_TEST_SECRET}}"}}}}}}}}""",
        )
        with serving(sample, settings) as client:
            answer = forward(client)
    assert answer.status_code == 202
    assert answer.json() == {
        "status": "forwarded",
        "receiver": "pager",
        "answer": 200,
        "tries": 1,
        "alerts": 1,
        "decided": 1,
    }
    (sent,) = receiver.sent
    assert sent.path == "/hook"
    assert (sent.headers["authorization"], sent.headers["x-key"]) == (f"Bearer {SECRET}", SECRET)
    assert sent.headers["x-scope-orgid"] == "acme one"
    annotations = sent.body["alerts"][0]["annotations"]
    assert annotations["callboard_entity"] == "component:default/payment-api"
    assert annotations["callboard_url"] == "https://callboard.acme.example/oncall/default/component/payment-api"


def test_an_address_may_be_a_secret_and_a_password_is_sent(sample: Catalog, tmp_path: Path) -> None:
    with Receiver() as receiver:
        (tmp_path / "url").write_text(f"{receiver.url}/services/{SECRET}?key={SECRET}\n")
        settings = read(
            tmp_path, "{receivers: {pager: {url: {file: url}, username: callboard, password: {file: secret}}}}"
        )
        with serving(sample, settings) as client:
            assert forward(client).status_code == 202
    assert receiver.sent[0].path == f"/services/{SECRET}?key={SECRET}"
    assert receiver.sent[0].headers["authorization"].startswith("Basic ")
    assert SECRET not in f"{settings!r}{settings}{settings.model_dump_json()}"


FAILURES = [
    ((503, 200), 202, 2, ""),
    ((500, 429, 200), 202, 3, ""),
    ((503,), 502, 3, "after 3 tries: it answers 503"),
    ((400,), 502, 1, "after 1 try: it answers 400"),
    ((401,), 502, 1, "after 1 try: it answers 401"),
    ((307,), 502, 1, "after 1 try: it sends on to another address (307), which is not asked"),
    ((0,), 502, 2, "after 2 tries: no answer within"),
    ((0, 200), 202, 2, ""),
]


@pytest.mark.parametrize(("statuses", "status", "tries", "words"), FAILURES)
def test_what_passes_is_tried_again_and_what_fails_is_told_with_the_reason(
    sample: Catalog, tmp_path: Path, statuses: tuple[int, ...], status: int, tries: int, words: str
) -> None:
    with Receiver(*statuses) as receiver:
        seconds = 4 if 0 in statuses else 60  # half of it for each try
        settings = read(tmp_path, f'{{timeout: {seconds}s, receivers: {{pager: {{url: "{receiver.url}"}}}}}}')
        with serving(sample, settings) as client:
            began = time.monotonic()
            answer = forward(client)
            assert time.monotonic() - began < 30
    assert (answer.status_code, len(receiver.sent)) == (status, tries)
    if words:
        assert words in answer.json()["error"]["message"]
        assert answer.json()["error"]["name"] == "BadGatewayError"


def test_one_that_is_down_or_may_not_be_asked_is_told(sample: Catalog, tmp_path: Path) -> None:
    with Receiver() as receiver:
        url = receiver.url
    settings = read(
        tmp_path,
        f"""{{receivers: {{pager: {{url: "{url}"}}, metadata: {{url: "http://169.254.169.254"}},
        inside: {{url: "http://localhost:1", private: false}}}}}}""",
    )
    with serving(sample, settings) as client:
        words = {name: forward(client, name).json()["error"]["message"] for name in ("pager", "metadata", "inside")}
    assert "it cannot be connected to" in words["pager"]
    assert "which is never asked" in words["metadata"]
    assert "`private: true` beside its `url` lets it be asked" in words["inside"]


@pytest.mark.parametrize("drips", [False, True])
def test_one_that_hangs_costs_a_limited_time_and_few_connections(sample: Catalog, tmp_path: Path, drips: bool) -> None:
    with Silent(drips=drips) as receiver:
        settings = read(
            tmp_path, f'{{timeout: {"60s" if drips else "600ms"}, receivers: {{pager: {{url: "{receiver.url}"}}}}}}'
        )
        with serving(sample, settings) as client:
            began = time.monotonic()
            answer = forward(client)
            took = time.monotonic() - began
            time.sleep(1.5)
        assert (answer.status_code, took < 30) == ((202, True) if drips else (502, True))
        assert receiver.connections <= 2


def test_only_a_token_has_it_sent_on_and_a_foreign_page_never(sample: Catalog, tmp_path: Path) -> None:
    with Receiver() as receiver:
        settings = read(tmp_path, f'{{receivers: {{pager: {{url: "{receiver.url}"}}}}}}')
        with serving(sample, settings) as client:
            assert forward(client, headers={}).status_code == 401
            assert forward(client, headers={"authorization": "Bearer wrong"}).status_code == 401
            for address in ("/api/alerts?%66orward=pager", "/API/Alerts/?forward=pager", "/api/alerts?forward=pager&x"):
                assert client.post(address, json=PAYLOAD).status_code == 401
        with serving(sample, settings, dev=True) as client:
            assert forward(client, headers={"origin": "https://evil.example"}).status_code == 403
            assert receiver.sent == []
            assert forward(client, headers={}).status_code == 202
    assert len(receiver.sent) == 1


def test_a_receiver_that_there_is_not_is_named(sample: Catalog) -> None:
    with serving(sample, Settings()) as client:
        answer = forward(client, "nobody")
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == "No receiver is named `nobody`"


def test_a_bug_of_ours_does_not_keep_an_alert_from_its_receiver(
    sample: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    from web.oncall import enriching

    monkeypatch.setattr(enriching, "describe_entity", fail)
    with Receiver() as receiver:
        settings = read(tmp_path, f'{{receivers: {{pager: {{url: "{receiver.url}"}}}}}}')
        with serving(sample, settings) as client:
            assert forward(client).status_code == 202
    assert receiver.sent[0].body == PAYLOAD


MISTAKES = [
    ("{receivers: {a: {}}}", "`alerts.receivers.a.url` is missing"),
    ("{receivers: {a: {url: pager}}}", "must be a URL"),
    (f"{{receivers: {{a: {{url: 'http://u:{SECRET}@x'}}}}}}", "has a user or a password in it"),
    (f"{{receivers: {{a: {{url: 'http://x?key={SECRET}'}}}}}}", "must end with its path"),
    ("{receivers: {a: {url: '${CALLBOARD_TEST_SECRET}'}}}", "must be a URL"),
    (f"{{receivers: {{a: {{url: 'http://x', token: {SECRET}}}}}}}", "must not be written out in the file"),
    (f"{{receivers: {{a: {{url: 'http://x', headers: {{X-Api-Key: {SECRET}}}}}}}}}", "has a secret written out"),
    ("{receivers: {a: {url: 'http://x', headers: {Host: y}}}}", "must be a header that may be set"),
    (
        '{receivers: {a: {url: "http://x", headers: {X-A: "a\\nb"}}}}',
        "must have visible ASCII characters and spaces only",
    ),
    ("{receivers: {'a b': {url: 'http://x'}}}", "must be a name of letters"),
    ("{timeout: 0s}", "must be a duration"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_is_named_and_shows_no_secret(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "callboard.yaml"
    path.write_text(f"alerts: {text}")
    found = check_settings(path)
    assert isinstance(found, list)
    assert words in str(found[0])
    assert SECRET not in f"{found}{[one.hint for one in found]}"
