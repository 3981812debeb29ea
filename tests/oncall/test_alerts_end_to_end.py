"""A real Prometheus and a real Alertmanager, Callboard as its command starts it, and a receiver: an alert's whole way."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.live.monitoring import Monitoring, monitoring
from tests.oncall.receiver import Receiver
from tests.oncall.serving import Callboard, callboard
from tests.programs import free_port, wait_for

TOKEN = "token-of-the-alertmanager"
RECEIVER_TOKEN = "token-of-the-receiver"
SHOPS = ("north", "south", "west")
TEAMS = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: engineering}
spec: {type: department, children: [], profile: {email: engineering@acme.example}}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: team-shops
  links: [{url: "https://acme.slack.com/archives/C1", title: "#shops", type: chat}]
spec: {type: team, parent: engineering, children: [], profile: {email: shops@acme.example}}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-data}
spec: {type: team, parent: engineering, children: [], profile: {email: data@acme.example}}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: ledger-db}
spec: {type: database, owner: team-data}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: reports}
spec: {type: service, lifecycle: production, owner: team-data, dependsOn: ["component:shop-north"]}
"""
SHOP = """---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop-{place}
  labels: {{tier: "1"}}
  annotations: {{prometheus.io/alert: "Shop{Place}Down,Shop{Place}Slow"}}
  links: [{{url: "https://runbooks.acme.example/{place}", title: "Runbook", type: runbook}}]
spec: {{type: service, lifecycle: production, owner: team-shops, dependsOn: ["component:orders-{place}"]}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: orders-{place}}}
spec: {{type: service, lifecycle: production, owner: team-shops, dependsOn: ["component:booking-{place}"]}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: booking-{place}}}
spec: {{type: service, lifecycle: production, owner: team-shops, dependsOn: ["resource:ledger-db"]}}
"""
RULE = """
  - alert: Shop{Place}Down
    expr: vector(1)
    labels: {{severity: critical, service: shop-{place}}}
    annotations: {{summary: "The {place} shop is down"}}
"""
SLOW = """
  - alert: ShopNorthSlow
    expr: vector(1)
    labels: {severity: warning, service: shop-north}
  - alert: Heartbeat
    expr: vector(1)
"""
CONFIGURATION = """
sources: [{{type: file, path: catalog-info.yaml}}]
database: "sqlite://"
public_url: https://callboard.acme.example
auth: {{tokens: [{{token: "${{CALLBOARD_TEST_TOKEN}}", subject: alertmanager}}]}}
live:
  prometheus: {{prod: {{url: "{prometheus}"}}}}
  alertmanager: {{prod: {{url: "{alertmanager}"}}}}
  timeout: 60s
alerts:
  receivers: {{pager: {{url: "{receiver}/in", token: "${{CALLBOARD_TEST_RECEIVER}}"}}}}
"""


@dataclass(frozen=True)
class World:
    callboard: Callboard
    monitoring: Monitoring
    receiver: Receiver

    def card(self, name: str) -> Any:
        return self.callboard.client.get(f"/api/oncall/component/default/{name}").raise_for_status().json()

    def states(self, name: str) -> dict[str, str]:
        """How a component's alerts are, as its card says."""
        return {one["name"]: one["state"] for one in self.card(name)["firing"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, port = tmp_path_factory.mktemp("callboard"), free_port()
    shops = [{"place": place, "Place": place.title()} for place in SHOPS]
    (folder / "catalog-info.yaml").write_text(TEAMS + "".join(SHOP.format(**one) for one in shops))
    rules = "groups:\n- name: shops\n  rules:" + "".join(RULE.format(**one) for one in shops) + SLOW
    webhook = f"http://127.0.0.1:{port}/api/alerts?forward=pager"
    environment = {"CALLBOARD_TEST_TOKEN": TOKEN, "CALLBOARD_TEST_RECEIVER": RECEIVER_TOKEN}
    with (
        Receiver(*[503] * 7, 200) as receiver,
        monitoring(tmp_path_factory.mktemp("monitoring"), rules, webhook, TOKEN) as tools,
    ):
        text = CONFIGURATION.format(prometheus=tools.prometheus, alertmanager=tools.alertmanager, receiver=receiver.url)
        with callboard(folder, text, environment=environment, port=port) as started:
            yield World(started, tools, receiver)


def test_an_alert_reaches_its_receiver_with_owner_runbook_and_counts_although_that_was_down_at_first(
    world: World,
) -> None:
    wait_for(lambda: len(world.receiver.sent) > 7, "nothing reaches the receiver")
    wait_for(lambda: len(world.receiver.alerts()) == 5, f"not all alerts reach it: {world.receiver.alerts()}")
    alert = world.receiver.alerts()["ShopNorthDown"]
    assert alert["annotations"] == {
        "summary": "The north shop is down",
        "callboard_surety": "certain",
        "callboard_why": "alert name `ShopNorthDown` in prometheus.io/alert",
        "callboard_entity": "component:default/shop-north",
        "callboard_url": "https://callboard.acme.example/oncall/default/component/shop-north",
        "callboard_tier": "1",
        "callboard_lifecycle": "production",
        "callboard_owner": "group:default/team-shops",
        "callboard_owner_contacts": "Chat: #shops https://acme.slack.com/archives/C1; E-mail: shops@acme.example",
        "callboard_fallback": "group:default/engineering",
        "callboard_fallback_contacts": "E-mail: engineering@acme.example",
        "callboard_runbook": "https://runbooks.acme.example/north",
        "callboard_impact_entities": "1",
        "callboard_impact_teams": "1",
    }
    assert alert["labels"] == {
        "alertname": "ShopNorthDown",
        "cluster": "test",
        "service": "shop-north",
        "severity": "critical",
    }
    assert {"status", "startsAt", "endsAt", "generatorURL", "fingerprint"} < alert.keys()
    assert world.receiver.alerts()["Heartbeat"]["annotations"]["callboard_surety"] == "unknown"


def test_the_receiver_gets_alertmanagers_own_format_and_its_own_token(world: World) -> None:
    wait_for(lambda: len(world.receiver.sent) > 7, "nothing reaches the receiver")
    sent = world.receiver.sent[-1]
    assert sent.path == "/in"
    assert sent.headers["authorization"] == f"Bearer {RECEIVER_TOKEN}"
    assert sent.headers["content-type"] == "application/json"
    assert sent.body["version"] == "4"
    assert {"receiver", "status", "groupLabels", "commonLabels", "externalURL", "groupKey"} < sent.body.keys()
    assert "did not take" in world.callboard.said()


def test_the_card_shows_it_firing_as_a_page_and_as_json(world: World) -> None:
    wait_for(lambda: world.states("shop-north").get("ShopNorthDown") == "firing", "the card does not show it firing")
    wait_for(lambda: {one["state"] for one in world.card("shop-north")["live"]} <= {"fresh", "cached"}, "still asking")
    assert {one["tool"] for one in world.card("shop-north")["live"]} == {"prometheus", "alertmanager"}
    page = read_words(world, "/oncall/default/component/shop-north")
    assert page.count("firing ShopNorthDown since") == 1, "both tools tell of it, and it is one alert"
    assert "The north shop is down" in page
    wait_for(lambda: find_needs(world)["component:default/shop-north"] == 1, "it is not marked where it is needed")


def read_words(world: World, address: str) -> str:
    """What a page says, without its tags."""
    text = world.callboard.client.get(address).raise_for_status().text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def find_needs(world: World) -> dict[str, int]:
    """What `reports` needs, with how many alerts of each fire; the slow one is silenced by another test, or is not."""
    return {one["entityRef"]: min(one["firing"], 1) for one in world.card("reports")["needs"]}


def test_the_picture_of_three_alerts_names_what_they_share_three_steps_away(world: World) -> None:
    client = world.callboard.client
    names = {f"component:default/shop-{place}" for place in SHOPS}
    told: dict[str, Any] = {}

    def is_whole() -> bool:
        told.update(read_now(world))
        return told["isWhole"] and {one["entityRef"] for one in told["failing"]} == names

    wait_for(is_whole, "not all three fire for Callboard")
    assert told["cause"] == told["suspects"][0]["entityRef"] == "resource:default/ledger-db"
    assert "shop-north 3 steps away" in told["suspects"][0]["reason"]
    assert [call["entityRef"] for call in told["calls"]] == ["group:default/team-data", "group:default/team-shops"]
    assert told["impact"]["entities"] == 7, "what is still to come, without the three that fail already"
    assert "Likely cause: ledger-db" in told["message"]
    page = read_words(world, "/oncall/incident?now=1")
    common = page.partition("What they have in common")[2]
    assert common.startswith(" ledger-db Resource"), common[:200]
    pasted = client.post("/api/oncall/incident", json=world.receiver.sent[-1].body, headers=bearer())
    assert pasted.json()["cause"] == "resource:default/ledger-db"


def read_now(world: World) -> Any:
    return world.callboard.client.get("/api/oncall/incident", params={"now": "1"}).raise_for_status().json()


def bearer() -> dict[str, str]:
    return {"authorization": f"Bearer {TOKEN}"}


def test_a_silence_is_shown_and_its_alert_is_no_part_of_the_picture(world: World) -> None:
    wait_for(lambda: "ShopNorthSlow" in world.monitoring.states(), "Alertmanager does not have the alert")
    world.monitoring.silence("ShopNorthSlow")
    wait_for(lambda: world.states("shop-north").get("ShopNorthSlow") == "silenced", "the silence is not shown")
    page = read_words(world, "/oncall/default/component/shop-north")
    assert "silenced ShopNorthSlow" in page
    assert re.search(r"silenced by ada until (\d{4}-\d\d-\d\d )?\d\d:\d\d UTC : known", page)
    assert "ShopNorthSlow" not in {one["title"] for one in read_now(world)["alerts"]}


def test_nobody_without_a_token_has_anything_sent_on(world: World) -> None:
    wait_for(lambda: bool(world.receiver.sent), "nothing reaches the receiver")
    before = len(world.receiver.sent)
    body = {"alerts": [{"labels": {"alertname": "Forged"}}]}
    assert world.callboard.client.post("/api/alerts?forward=pager", json=body).status_code == 401
    assert world.callboard.client.post("/api/alerts", json=body).status_code == 200
    assert "Forged" not in {name for sent in world.receiver.sent[before:] for name in str(sent.body)}
