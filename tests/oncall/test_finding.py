"""What PagerDuty adds: which service an incident's address is of, and who of a team is to be called; and what is called alike."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from ingestors.live.board import Board
from ingestors.live.instance import Instance
from tests.conftest import SAMPLE
from tests.live.pagerduty_server import PagerDutyServer, incident, service
from tests.live.tool_server import TOKEN, ToolServer
from tests.programs import PATIENCE
from web.api import oncall
from web.app import create_app
from web.oncall import finding
from web.pages import incident as incident_page

ADDRESS = "https://acme.pagerduty.com/incidents/{}"
PAY, ORDERS = "component:default/payment-api", "component:default/order-service"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """All the time that PagerDuty may take on a busy machine; how long it is waited for is tested elsewhere."""
    for module, name in ((finding, "_SECONDS"), (finding, "_AT_ONCE"), (oncall, "WHOLE"), (incident_page, "AT_ONCE")):
        monkeypatch.setattr(module, name, PATIENCE)


@contextmanager
def asking(catalog: Catalog, servers: Sequence[ToolServer] = ()) -> Iterator[TestClient]:
    board = Board(
        [Instance(f"account-{at}", "pagerduty", one.url, TOKEN, seconds=PATIENCE) for at, one in enumerate(servers)]
    )
    app = create_app(Crawler(catalog, []), live=board)
    with TestClient(app, headers={"accept": "text/html"}, follow_redirects=False) as client:
        yield client


def look_up(client: TestClient, text: str) -> Any:
    return client.get("/api/lookup", params={"q": text}).json()


@pytest.fixture
def pagerduty() -> Iterator[PagerDutyServer]:
    with PagerDutyServer() as server:
        server.incidents.append(incident("Q0STRANGER", "Odd", "resolved", "PNOBODY9", "2026-11-21T21:00:00Z"))
        yield server


@pytest.mark.parametrize(
    "text", [ADDRESS, ADDRESS + "/timeline?x=1", "TRIGGERED: <" + ADDRESS + "|#1234> High latency"]
)
def test_an_incidents_address_leads_to_the_service_that_pagerduty_names(
    sample: Catalog, pagerduty: PagerDutyServer, text: str
) -> None:
    with asking(sample, [pagerduty]) as client:
        assert look_up(client, text.format("PT4KHLK"))["decided"] == PAY
        assert (
            client.get("/oncall", params={"q": text.format("PT6KHLK")})
            .headers["location"]
            .startswith("/oncall/default/component/payment-api")
        )
        asked = len(pagerduty.asked)
        look_up(client, text.format("PT4KHLK"))
        assert len(pagerduty.asked) == asked


def test_of_an_incident_that_leads_nowhere_it_is_said_why(sample: Catalog, pagerduty: PagerDutyServer) -> None:
    with asking(sample, [pagerduty]) as client:
        found = look_up(client, ADDRESS.format("Q0STRANGER"))
        assert (found["decided"], found["candidates"]) == (None, [])
        assert "(PNOBODY9), which no entity names in `pagerduty.com/service-id`." in found["note"]
        assert "PNOBODY9" in client.get("/oncall", params={"q": ADDRESS.format("Q0STRANGER")}).text
        assert look_up(client, ADDRESS.format("Q0UNKNOWN"))["note"] == "PagerDuty knows no such incident."
    with asking(sample) as client:
        assert "no PagerDuty is configured" in look_up(client, ADDRESS.format("PT4KHLK"))["note"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://acme.app.opsgenie.com/alert/detail/1e0f3f3d/details", "Opsgenie's, nor to one above it. Where"),
        (
            "https://app.datadoghq.com/monitors/1234567?x=1",
            "look up the monitor's title, or a tag of it such as `service:",
        ),
        ("https://acme.sentry.io/issues/5512345678/", "look up the issue's short id"),
        ("https://rootly.com/account/incidents/12", "look up the incident's title, or the service that it names."),
        ("https://app.incident.io/acme/incidents/123", "which is incident.io's"),
        ("https://radar-api.service.newrelic.com/accounts/1/issues/0ea2", "look up the name of the condition"),
        ("https://eu-west-1.console.aws.amazon.com/cloudwatch/home#alarmsV2:", "look up the alarm's name"),
        ("https://portal.victorops.com/ui/acme/incident/12345/details", "which is Splunk On-Call's"),
        (
            "https://grafana.acme.example:3000/alerting/grafana/abcd1234/view",
            "look up the alert's name, or its labels.",
        ),
        ("https://tool.example/17", "to this address, nor to one above it."),
    ],
)
def test_of_an_address_that_is_only_a_number_it_is_said_what_to_look_up(
    sample: Catalog, address: str, words: str
) -> None:
    with asking(sample) as client:
        assert words in look_up(client, address)["note"]
        assert look_up(client, "zorgl")["note"] == ""


def test_a_payload_may_be_asked_for_as_a_text_too(sample: Catalog) -> None:
    with asking(sample) as client:
        assert look_up(client, '{"alert_title": "Stuck", "tags": "service:order-service"}')["decided"] == ORDERS


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("ALRT #48213 on Payments database: replication lag. Reply 4:Ack, 6:Resolv", "resource:default/payments-db"),
        ("payments database", "resource:default/payments-db"),
        ("ALRT #48213 on Payment API: High latency ack...", PAY),
        ("Payment API", PAY),
    ],
)
def test_the_name_of_a_pagerduty_service_leads_to_what_has_its_id(
    catalog: Catalog, tmp_path: Path, pagerduty: PagerDutyServer, text: str, ref: str
) -> None:
    shutil.copytree(SAMPLE, tmp_path / "sample")
    file = tmp_path / "sample/payment-api/catalog-info.yaml"
    alerts = "    prometheus.io/alert: PaymentsDbReplicationLag"
    file.write_text(file.read_text().replace(alerts, f"    pagerduty.com/service-id: P5678DEF\n{alerts}"))
    catalog.ingest(FolderSource(tmp_path / "sample"))
    with asking(catalog, [pagerduty]) as client:
        assert look_up(client, text)["decided"] == ref
    with asking(catalog) as client:
        assert look_up(client, text)["decided"] is None


def test_a_longer_name_of_a_service_is_not_taken_for_the_shorter_one(
    sample: Catalog, pagerduty: PagerDutyServer
) -> None:
    pagerduty.services["PLONG"] = service("PLONG", "Payment API staging", "PEPAY")
    with asking(sample, [pagerduty]) as client:
        assert look_up(client, "ALRT #1 on Payment API staging: slow")["decided"] is None
        assert look_up(client, "ALRT #1 on Payment API: slow")["decided"] == PAY


def test_a_service_called_by_a_plain_word_is_a_hint_among_other_words(
    sample: Catalog, pagerduty: PagerDutyServer
) -> None:
    pagerduty.services["PRLY88D"] = service("PRLY88D", "Relay", "PEPAY")
    with asking(sample, [pagerduty]) as client:
        found = look_up(client, "the relay is slow")
        assert (found["decided"], found["candidates"][0]["surety"]) == (None, "possible")
        assert look_up(client, "RELAY")["decided"] == "component:default/payment-event-relay"


def test_all_pages_of_services_are_read_and_kept(sample: Catalog, pagerduty: PagerDutyServer) -> None:
    del pagerduty.services["P1234ABC"]
    pagerduty.services |= {f"PFILL{at}": service(f"PFILL{at}", f"Filling {at}", "PEPAY") for at in range(250)}
    pagerduty.services["P1234ABC"] = service("P1234ABC", "The money machine", "PEPAY")
    with asking(sample, [pagerduty]) as client:
        assert look_up(client, "the money machine is stuck")["decided"] == PAY
        asked = len(pagerduty.asked)
        assert look_up(client, "The Money Machine")["decided"] == PAY
    assert asked == len(pagerduty.asked) == 3


def test_of_several_accounts_the_one_that_has_the_incident_is_heard(
    sample: Catalog, pagerduty: PagerDutyServer
) -> None:
    with PagerDutyServer() as other, asking(sample, [other, pagerduty]) as client:
        other.incidents.clear()
        assert look_up(client, ADDRESS.format("PT4KHLK"))["decided"] == PAY


def test_a_pagerduty_that_is_down_is_named_and_asked_once(sample: Catalog, pagerduty: PagerDutyServer) -> None:
    pagerduty.mode = "refuse"
    with asking(sample, [pagerduty]) as client:
        notes = {look_up(client, ADDRESS.format("PT4KHLK"))["note"] for _ in range(3)}
    assert len(pagerduty.asked) == 1
    [note] = notes
    assert "PagerDuty does not answer (`account-0`: " in note
    assert TOKEN not in note


@pytest.mark.parametrize(
    "text", ["paymnet-api", "paymnet-api is down!", "pay/paymnet-api", "PaymnetApi", "payment apii"]
)
def test_what_is_written_wrongly_is_led_to_what_is_called_alike(sample: Catalog, text: str) -> None:
    with asking(sample) as client:
        found = look_up(client, text)
        assert found["decided"] is None
        assert PAY in [*found["near"], *(one["entityRef"] for one in found["candidates"])]
        assert "Did you mean" in client.get("/oncall", params={"q": text}).text


def test_who_is_on_call_stands_at_each_call_even_where_the_cause_itself_has_no_pager(
    sample: Catalog, pagerduty: PagerDutyServer
) -> None:
    refs = f"resource:default/payments-db,{PAY},component:default/payment-event-relay"
    with asking(sample, [pagerduty]) as client:
        found = client.get("/api/oncall/incident", params={"refs": refs}).json()
        page = client.get("/oncall/incident", params={"refs": refs}).text
    [call] = found["calls"]
    assert call["for"][0] == found["cause"] == "resource:default/payments-db"
    assert [(one["name"], one["level"]) for one in call["onCall"]] == [("Ada Abara", 1)]
    assert "#team-payments), on call now Ada Abara, for payments-db" in found["message"]
    assert "On call now: <b>Ada Abara</b>" in page
    assert "on call now Ada Abara" in page


def test_one_of_several_entities_whose_service_the_tool_knows_is_enough(
    sample: Catalog, pagerduty: PagerDutyServer
) -> None:
    refs = f"component:default/payment-ledger,{PAY}"
    with asking(sample, [pagerduty]) as client:
        [call] = client.get("/api/oncall/incident", params={"refs": refs}).json()["calls"]
    assert [one["name"] for one in call["onCall"]] == ["Ada Abara"]
