"""The tools of Backstage's plug-ins become those that are asked what is true right now; no token is copied."""

from pathlib import Path
from typing import Any

import pytest

from catalog.catalog import read_yaml
from catalog.documents import Document, Draft, Location
from tests.web.spoiling import WRONG, spoil
from web.app_config import Imported, translate_app_config
from web.settings import Settings, check_settings
from web.yaml import format_yaml

APP_CONFIG = """
proxy:
  endpoints:
    /prometheus/api: {target: "http://prom.example.com:9090/api/v1/"}
    /prometheus-eu/api:
      target: https://prom-eu.example.com/api/v1
      headers: {Authorization: "Bearer ${PROM_TOKEN}"}
    '/grafana/api':
      target: https://grafana.internal.example.com/
      headers: {authorization: "Bearer ${GRAFANA_TOKEN}"}
    '/opsgenie/api':
      target: https://api.eu.opsgenie.com
      headers: {Authorization: "GenieKey written-out-sesame"}
    '/other': http://other.example.com
prometheus:
  instances:
    - {name: main, proxyPath: /prometheus/api, uiUrl: "http://prom.example.com:9090"}
    - {name: eu, proxyPath: /prometheus-eu/api, uiUrl: "https://prom.example.eu"}
    - {name: lost, proxyPath: /nowhere}
grafana: {domain: "https://monitoring.example.com", unifiedAlerting: true}
opsgenie: {domain: "https://acme.app.eu.opsgenie.com/"}
pagerDuty:
  accounts:
    - {id: second, apiToken: "${PD_SECOND}", apiBaseUrl: "https://api.eu.pagerduty.com"}
    - {id: first, isDefault: true, apiToken: "${PD_FIRST}", eventsBaseUrl: "https://events.pagerduty.com/v2"}
    - {id: third, oauth: {clientId: a, clientSecret: b, subDomain: acme}}
"""


def read(text: str) -> Draft:
    (draft,), problems = read_yaml(Document(Location("file", "app-config.yaml"), text.encode()))
    assert problems == []
    return draft


def translate(text: str) -> Imported:
    return translate_app_config(read(text))


def test_every_instance_is_taken_over_with_its_token_as_a_reference() -> None:
    found = translate(APP_CONFIG)
    live = found.settings["live"]
    assert list(live["pagerduty"].items()) == [
        ("first", {"token": "${PD_FIRST}"}),
        ("second", {"url": "https://api.eu.pagerduty.com", "token": "${PD_SECOND}"}),
    ]
    assert live["prometheus"] == {
        "main": {"url": "http://prom.example.com:9090"},
        "eu": {"url": "https://prom-eu.example.com", "web_url": "https://prom.example.eu", "token": "${PROM_TOKEN}"},
    }
    address = "https://grafana.internal.example.com"
    web = "https://monitoring.example.com"
    assert live["grafana"] == {"default": {"url": address, "web_url": web, "token": "${GRAFANA_TOKEN}"}}
    [opsgenie] = live["opsgenie"].values()
    assert opsgenie["url"] == "https://api.eu.opsgenie.com"
    assert "sesame" not in format_yaml(found.settings) + repr(found.left)


def test_what_cannot_be_taken_over_is_named_with_its_place() -> None:
    found = translate(APP_CONFIG)
    assert {one.message.split("`")[1] for one in found.left} == {
        "proxy.endpoints./opsgenie/api.headers.Authorization",
        "prometheus.instances[2]",
        "pagerDuty.accounts[2].oauth",
    }
    assert found.ignored == ["proxy"], "the other proxies were not looked at"


def test_what_comes_out_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = format_yaml(translate(APP_CONFIG).settings)
    for name in {part.partition("}")[0] for part in text.split("${")[1:]}:
        monkeypatch.setenv(name, "correct-horse-battery")
    (tmp_path / "callboard.yaml").write_text(text)
    found = check_settings(tmp_path / "callboard.yaml")
    assert isinstance(found, Settings), [str(one) for one in found]
    assert list(found.live.pagerduty) == ["first", "second"]


def test_older_ways_of_writing_it_are_read() -> None:
    found = translate("""
proxy:
  /pagerduty: {target: "https://api.pagerduty.com", headers: {Authorization: "Token token=${PD}"}}
  /prometheus/api: http://localhost:9090/api/v1/
  /grafana/api: {target: "https://grafana.example.com/", headers: {Authorization: "${WHOLE}"}}
prometheus: {proxyPath: /prometheus/api}
grafana: {domain: "https://grafana.example.com"}
""")
    assert found.settings["live"] == {
        "pagerduty": {"default": {"url": "https://api.pagerduty.com", "token": "${PD}"}},
        "prometheus": {"default": {"url": "http://localhost:9090"}},
        "grafana": {"default": {"url": "https://grafana.example.com", "token": "${WHOLE}"}},
    }
    assert ["must hold the token alone" in one.message for one in found.left] == [True]
    assert found.ignored == []


def test_without_tools_there_is_no_such_section() -> None:
    assert "live" not in translate("app: {}\nproxy: {/x: http://x.example.com}").settings


@pytest.mark.parametrize("wrong", WRONG)
def test_nothing_wrong_in_any_place_ends_it(wrong: Any) -> None:
    for draft in spoil(read(APP_CONFIG), wrong):
        format_yaml(translate_app_config(draft).settings)
