"""The pages for the night and their JSON: the way from what woke somebody to a card, and the picture of an incident."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml
from starlette.testclient import TestClient

from catalog.alerts import Alert as FiringAlert
from catalog.alerts import merge_alerts
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Json
from catalog.live import Firing, NoLiveFacts, Panel
from catalog.lookup.payloads import MAX_ALERTS
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app
from web.oncall.matched import read_firing

CARD = "/oncall/default/component/payment-api"
CSP_BREAKERS = (" style=", "<style", "onclick", "<script>")


@pytest.fixture(scope="module")
def client(sample: Catalog) -> TestClient:
    return TestClient(create_app(Crawler(sample)), headers={"accept": "text/html"}, follow_redirects=False)


def make(text: str, folder: Path) -> Iterator[TestClient]:
    catalog = Catalog.open("sqlite://", search=False)
    (folder / "catalog-info.yaml").write_text(text)
    catalog.ingest(FolderSource(folder))
    yield TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"}, follow_redirects=False)
    catalog.close()


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[TestClient]:
    evil = "<img src=x onerror=alert(1)>"
    entity: dict[str, Json] = yaml.safe_load(component("evil", evil))
    entity["metadata"] |= {
        "title": evil,
        "labels": {"x.example/tier": "1"},
        "annotations": {"pagerduty.com/service-id": '"><script>1</script>', "prometheus.io/alert": evil},
        "links": [
            {"url": "javascript:alert(1)", "title": "Runbook"},
            {"url": "https://x.example/?a=<b>", "title": f"Runbook {evil}", "type": "runbook"},
        ],
    }
    group = {
        "apiVersion": "backstage.io/v1alpha1", "kind": "Group", "metadata": {"name": "team-a"},
        "spec": {"type": "team", "children": [], "profile": {"displayName": evil, "email": "a@x.example"}},
    }  # fmt: skip
    yield from make(yaml.safe_dump_all([entity, group]), tmp_path)


def get(client: TestClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.text[:500]
    assert not any(one in response.text for one in CSP_BREAKERS)
    return response.text


def led(client: TestClient, path: str, **form: str) -> str:
    """Where a request is led on to; with a form it is posted."""
    response = client.post(path, data=form) if form else client.get(path)
    assert response.status_code in (303, 307), response.text[:500]
    return response.headers["location"]


def alert(**labels: str) -> dict[str, Json]:
    return {"status": "firing", "labels": labels, "annotations": {}}


def payload(*alerts: dict[str, Json]) -> str:
    return json.dumps({"version": "4", "status": "firing", "alerts": list(alerts)})


# -- the look-up


@pytest.mark.parametrize("asked", ["P1234ABC", "payment-api-alerts", "payment-api-production", "payments/payment-api"])
def test_what_one_entity_is_meant_by_leads_to_its_card(client: TestClient, asked: str) -> None:
    assert led(client, "/oncall?" + urlencode({"q": asked})).startswith(f"{CARD}?q=")


def test_a_posted_text_is_led_to_its_address_and_from_there_to_the_card(client: TestClient) -> None:
    place = led(client, "/oncall", q=" P1234ABC ")
    assert place == "/oncall?q=P1234ABC"
    assert led(client, place) == f"{CARD}?q=P1234ABC"
    assert led(client, "/oncall", q="") == "/oncall"


def test_what_several_may_be_meant_by_is_a_choice_with_reasons(client: TestClient) -> None:
    html = get(client, "/oncall?q=payments")
    assert "Nothing was guessed" in html
    assert html.count('<li class="likely">') == 2
    assert f'href="{CARD}?q=payments"' in html
    assert "backstage.io/kubernetes-namespace" in html


def test_all_shows_the_choice_even_where_it_is_decided(client: TestClient) -> None:
    assert f'href="{CARD}?q=P1234ABC"' in get(client, "/oncall?q=P1234ABC&all=1")


def test_what_nothing_has_gets_help_and_near_names(client: TestClient) -> None:
    html = get(client, "/oncall?q=paymnt-api")
    assert "Nothing in the catalog has that" in html
    assert f'href="{CARD}"' in html
    assert 'href="/search?q=paymnt-api"' in html


def test_a_payload_of_one_alert_leads_to_the_card_however_long_it_is(client: TestClient) -> None:
    one = alert(alertname="payment-api-alerts") | {"annotations": {"description": "long " * 20_000}}
    assert led(client, "/oncall", q=payload(one)) == CARD


def test_a_long_text_that_decides_nothing_is_answered_at_once(client: TestClient) -> None:
    response = client.post("/oncall", data={"q": "payments " * 300})
    assert response.status_code == 200
    assert "What woke you?" in response.text


def test_a_payload_of_several_is_sent_on_as_it_was_to_the_picture(client: TestClient) -> None:
    text = payload(alert(alertname="payment-api-alerts"), alert(alertname="PaymentOutboxGrowing"))
    response = client.post("/oncall", data={"q": text})
    assert (response.status_code, response.headers["location"]) == (307, "/oncall/incident")
    assert "/oncall/incident?q=" in led(client, "/oncall?" + urlencode({"q": text}))


def test_whoever_asks_by_program_gets_the_hint_too(client: TestClient) -> None:
    assert "/api/lookup?q=P1234ABC" in client.get("/api/lookup").json()["error"]["hint"]
    assert "Alertmanager" in client.post("/api/lookup", json={}).json()["error"]["hint"]


def test_no_foreign_form_and_no_endless_one_is_read(client: TestClient) -> None:
    assert client.post("/oncall", content="{}", headers={"content-type": "application/json"}).status_code == 400
    assert client.post("/oncall", data={"q": "x" * 2_100_000}).status_code == 400


# -- the card


def test_the_card_tells_it_in_the_order_in_which_it_is_asked(client: TestClient) -> None:
    html = get(client, f"{CARD}?q=P1234ABC")
    marks = (
        "<h1>payment-api</h1>", "tier 1", "production", "in Payment System", "Authorises", 'id="owner"',
        "On call, day and night", "mailto:team-payments@", 'id="pager"', "PagerDuty P1234ABC", ">Runbook<",
        "If nobody answers", "Commerce Engineering", "Dashboards", "Logs", 'id="live"', "payment-api-alerts",
        'id="needs"', "payments-db", 'id="impact"', "Storefront", 'id="recent"', "last read", "Found by",
    )  # fmt: skip
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "6 entities of 3 teams" in html


def test_the_first_way_to_reach_the_owner_and_the_runbook_stand_out(client: TestClient) -> None:
    html = get(client, CARD)
    loud = re.findall(r'<a[^>]*class="first"[^>]*>([^<]*)<', html)
    assert loud == ["On call, day and night", "Runbook"]


def test_the_json_of_a_card_says_what_the_page_says(client: TestClient) -> None:
    html = get(client, CARD)
    twin = re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', html)
    assert twin is not None
    card = client.get(twin[1]).json()
    assert (card["entityRef"], card["tier"], card["lifecycle"]) == ("component:default/payment-api", "1", "production")
    assert card["owners"][0]["entityRef"] == "group:default/team-payments"
    assert card["fallback"][0]["entityRef"] == "group:default/commerce-engineering"
    assert card["pagers"][0]["value"] == "P1234ABC"
    assert list(card["links"]) == ["Runbooks", "Dashboards", "Logs"]
    assert (card["impact"]["entities"], card["impact"]["teamsTotal"]) == (6, 3)
    assert card["needsTotal"] == len(card["needs"]) == 2


@pytest.mark.parametrize(
    "kind", ["system/payment-system", "group/team-payments", "api/payment-api", "resource/payments-db"]
)
def test_everything_has_a_card(client: TestClient, kind: str) -> None:
    get(client, f"/oncall/default/{kind}")


def test_a_card_of_nothing_is_not_found_with_near_names(client: TestClient) -> None:
    assert "payment-api" in get(client, "/oncall/default/component/paymnt-api", 404)
    assert client.get("/api/oncall/component/default/paymnt-api").status_code == 404


def test_what_is_missing_is_said_and_not_left_out(tmp_path: Path) -> None:
    for client in make(component("bare"), tmp_path):
        html = get(client, "/oncall/default/component/bare")
        assert "no pager is named" in html
        assert "no runbook is named" in html
        assert "No way to reach them is known" in html
        assert "It declares no alerts" in html


def test_what_nobody_owns_is_of_no_team(tmp_path: Path) -> None:
    needing = (component(f"caller-{owner}").replace("team-a", owner) for owner in ("team-a", "team-b"))
    hub = component("hub") + "  dependencyOf: [component:caller-that-is-gone]\n"
    joined = "---\n".join([hub, *(text + "  dependsOn: [component:hub]\n" for text in needing)])
    for client in make(joined, tmp_path):
        impact = client.get("/api/oncall/component/default/hub").json()["impact"]
        assert (impact["entities"], impact["teamsTotal"], len(impact["teams"])) == (3, 2, 3)
        for page in ("/oncall/default/component/hub", "/graph?root=component:hub&view=impact"):
            assert re.search(r"\b2 teams", get(client, page)), page


def test_hostile_values_are_only_text(hostile: TestClient) -> None:
    pages = ["/oncall/default/component/evil", "/oncall?q=evil&all=1", "/oncall/readiness"]
    pages += ["/oncall/incident?refs=component:default/evil", "/oncall?q=%3Cscript%3E"]
    for path in pages:
        html = get(hostile, path)
        assert "<img" not in html
        assert "javascript:" not in html
        assert "<script>" not in html
    assert "&lt;img" in get(hostile, pages[0])
    assert "&lt;b&gt;" in get(hostile, pages[0])


# -- the incident

FAILING = (
    "component:default/payment-event-relay",
    "component:default/storefront-bff",
    "component:default/checkout-service",
)


def test_a_picture_from_refs_says_cause_calls_and_what_is_to_come(client: TestClient) -> None:
    html = get(client, "/oncall/incident?refs=" + ",".join(FAILING))
    marks = ("Incident: 3 failing", "What they have in common", "payments-db", "likely", "as likely", "Call, in this order",
             "owns the likely cause", "Still to come", "Message", "How they hang together", '<svg class="graph')  # fmt: skip
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)
    found = client.get("/api/oncall/incident?refs=" + ",".join(FAILING)).json()
    assert found["cause"] == "resource:default/payments-db"
    assert [call["isCause"] for call in found["calls"]] == [True, False, False]
    assert not {one["entityRef"] for one in found["failing"]} - set(FAILING)
    assert found["message"].endswith(found["href"])


def test_every_failing_one_is_joined_to_the_cause_in_the_picture(client: TestClient) -> None:
    svg = (
        get(client, "/oncall/incident?refs=" + ",".join(FAILING))
        .partition('<svg class="graph')[2]
        .partition("</svg>")[0]
    )
    assert all(
        f">{name}<" in svg for name in ("payment-event-relay", "storefront-bff", "checkout-service", "payment-api")
    )
    assert "0 entities" not in svg


def test_a_pasted_payload_is_led_to_an_address_that_can_be_shared(client: TestClient) -> None:
    text = payload(alert(alertname="payment-api-alerts"), alert(alertname="PaymentOutboxGrowing"))
    place = led(client, "/oncall/incident", q=text)
    assert place == "/oncall/incident?refs=component:default/payment-api,component:default/payment-event-relay"
    assert "Incident: 2 failing" in get(client, place)


def test_however_many_fire_they_are_looked_up() -> None:
    many = [FiringAlert(f"Alert{number}", "firing", {}, {}, "main", "prometheus") for number in range(MAX_ALERTS + 1)]
    assert [one.title for one in read_firing(many)] == [one.name for one in many]
    assert list(read_firing([])) == []


def test_lines_are_each_looked_up(client: TestClient) -> None:
    assert led(client, "/oncall/incident", q="P1234ABC\r\n\r\nPaymentOutboxGrowing\n").count(",") == 1


def test_what_was_not_decided_is_shown_to_choose_from(client: TestClient) -> None:
    html = client.post("/oncall/incident", data={"q": "P1234ABC\npayments\nzorgl"}).text
    assert "Incident: 1 failing" in html
    assert '<option value="domain:default/payments">' in html
    assert "zorgl" in html
    assert 'it is not decided what they are about: <a href="#undecided">' in html
    assert "is about nothing in the catalog" in html
    chosen = get(
        client, "/oncall/incident?refs=component:default/payment-api&refs=component:default/payment-ledger&refs="
    )
    assert "Incident: 2 failing" in chosen


def test_a_resolved_alert_fails_no_more(client: TestClient) -> None:
    over = alert(alertname="PaymentOutboxGrowing") | {"status": "resolved"}
    place = led(client, "/oncall/incident", q=payload(alert(alertname="payment-api-alerts"), over))
    assert place.endswith("refs=component:default/payment-api")


def test_several_lines_that_are_not_one_thing_can_be_looked_at_together(client: TestClient) -> None:
    html = get(client, "/oncall?q=PaymentOutboxGrowing%0ALedgerLag")
    assert "Several lines, each about something else?" in html
    assert "Several lines" not in get(client, "/oncall?q=payment-api&all=1")
    assert led(client, "/oncall/incident", q="PaymentOutboxGrowing\nLedgerLag").count(",") == 1


def test_a_password_in_what_was_pasted_goes_into_no_address_and_no_page(client: TestClient) -> None:
    text = "FATAL: postgres://app:hunter2@payments-db:5432/payments"
    place = led(client, "/oncall", q=text)
    assert place == "/oncall?q=FATAL:+postgres://app%40payments-db:5432/payments"
    assert led(client, place).startswith("/oncall/default/resource/payments-db?q=")
    for shown in (
        get(client, "/oncall?all=1&q=" + text),
        client.post("/oncall/incident", data={"q": f"{text}\nzorgl"}).text,
    ):
        assert "payments-db" in shown
        assert "hunter2" not in shown


def test_refs_that_are_gone_are_named_with_near_ones(client: TestClient) -> None:
    html = get(client, "/oncall/incident?refs=component:default/storefront-web,component:default/payment-api")
    assert "is not in the catalog and was left out" in html
    assert f'href="{CARD.replace("payment-api", "storefront-bff")}"' in html
    found = client.get("/api/oncall/incident?refs=component:default/storefront-web").json()
    assert found["unknown"][0]["entityRef"] == "component:default/storefront-web"
    assert (found["failing"], found["cause"]) == ([], None)


def test_without_anything_the_picture_is_a_box_to_paste_into(client: TestClient) -> None:
    assert "<textarea" in get(client, "/oncall/incident")
    assert "No tool is configured" in get(client, "/oncall/incident?now=1")


# -- readiness


def test_readiness_is_filtered_by_what_is_missing_and_by_team(client: TestClient) -> None:
    html = get(client, "/oncall/readiness")
    assert "18 of 19 components" in html
    assert "Nothing is missing" in html
    assert "mobile-app" in get(client, "/oncall/readiness?missing=alert")
    assert "Nothing here lacks that" in get(client, "/oncall/readiness?missing=runbook")
    assert "mobile-app" in get(client, "/oncall/readiness?team=group:default/team-storefront")
    assert "mobile-app" not in get(client, "/oncall/readiness?team=group:default/team-payments")
    get(client, "/oncall/readiness?missing=nonsense")


def test_the_json_of_readiness_adds_up(client: TestClient) -> None:
    found = client.get("/api/oncall/readiness").json()
    assert found["total"] == sum(team["total"] for team in found["teams"])
    assert found["ready"] == sum(team["ready"] for team in found["teams"])
    gaps = [gap for team in found["teams"] for gap in team["gaps"]]
    assert found["missing"]["alert"] == sum("alert" in gap["missing"] for gap in gaps) == 1
    assert client.get("/api/oncall/readiness?missing=odd").status_code == 400


def test_one_team_is_shown_whole_and_what_nobody_owns_can_be_asked_for(tmp_path: Path) -> None:
    for client in make("---\n".join(component(f"bare-{number:02}") for number in range(20)), tmp_path):
        assert get(client, "/oncall/readiness").count("/oncall/default/component/bare-") == 8
        assert get(client, "/oncall/readiness?team=group:default/team-a").count("/oncall/default/component/bare-") == 20
        assert "Nothing here lacks that" in get(client, "/oncall/readiness?team=none")


def test_an_empty_catalog_has_pages_that_say_so(tmp_path: Path) -> None:
    for client in make("", tmp_path):
        assert "Nothing runs in production" in get(client, "/oncall/readiness")
        assert "Nothing in the catalog has that" in get(client, "/oncall?q=anything")


# -- the way there


def test_the_card_is_one_click_from_the_entity_and_the_entity_one_from_the_card(client: TestClient) -> None:
    assert f'href="{CARD}">On call</a>' in get(client, "/catalog/default/component/payment-api")
    assert 'href="/catalog/default/component/payment-api">Everything about it' in get(client, CARD)


def test_reading_needs_no_right_to_write(sample: Catalog) -> None:
    reader = TestClient(create_app(Crawler(sample)), follow_redirects=False)
    foreign = {"origin": "https://evil.example"}
    assert reader.post("/oncall", data={"q": "P1234ABC"}, headers=foreign).status_code == 303
    assert reader.post("/oncall/incident", data={"q": "P1234ABC"}, headers=foreign).status_code == 303


# -- what is no component


def test_a_system_is_what_is_in_it_and_breaks_what_needs_that(client: TestClient) -> None:
    html = get(client, "/oncall/default/system/payment-system")
    assert "Made of: 11" in html
    assert f'href="{CARD}"' in html
    found = client.get("/api/oncall/system/default/payment-system").json()
    assert found["needsAre"] == "Made of"
    assert found["impact"]["entities"] > 0


def test_an_api_is_whatever_provides_it(client: TestClient) -> None:
    html = get(client, "/oncall/default/api/payment-api")
    assert "Provided by: 1" in html
    assert f'href="{CARD}"' in html
    assert "payment-api" in html.partition('id="needs"')[2]


class Failing(NoLiveFacts):
    """Tools by which one alert fires."""

    async def firing(self, seconds: float | None = None) -> Firing:
        alert = FiringAlert("SettlementJobFailed", "firing", {}, {}, "main", "prometheus")
        return Firing(merge_alerts([alert]), (Panel("main", "prometheus", "fresh"),))


def test_of_what_a_system_is_made_of_what_fires_comes_first(sample: Catalog) -> None:
    with TestClient(create_app(Crawler(sample, []), live=Failing())) as client:
        needs = client.get("/api/oncall/system/default/payment-system").json()["needs"]
    assert [(one["entityRef"], one["firing"]) for one in needs[:2]] == [
        ("component:default/settlement-job", 1),
        ("api:default/payment-api", 0),
    ]


@pytest.mark.parametrize("path", ["/oncall/default/group/team-payments", "/oncall/default/user/amara.okonkwo"])
def test_whom_to_call_has_no_pager_or_runbook_to_miss(client: TestClient, path: str) -> None:
    html = get(client, path)
    assert "Contact" in html
    assert not any(
        words in html for words in ("no pager is named", "no runbook is named", "Depends on it", "Right now")
    )
    assert "Owns" in html


def test_an_alert_about_a_system_and_one_about_what_needs_it_have_its_part_in_common(client: TestClient) -> None:
    refs = "system:default/payment-system,component:default/checkout-service"
    found = client.get("/api/oncall/incident", params={"refs": refs}).json()
    assert found["cause"] == "component:default/payment-api"
    assert "Payment System directly" in found["suspects"][0]["reason"]
