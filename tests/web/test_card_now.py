"""The first two lines of a card, told from what the tools say: whether it fires, since when, who is called, what is down."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from catalog.alerts import Alert, AlertState
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.live import Facts, Incident, NoLiveFacts, OnCall, PagerService, Panel
from web.app import create_app
from web.render import format_clock

CARD = "/oncall/default/component/payment-api"
NOW = datetime.now(UTC)
ADA, BEN = OnCall(1, "Ada Abara", "ada@x.example"), OnCall(2, "Ben Bravo", "ben@x.example")


class Told(NoLiveFacts):
    """Tools that have said this."""

    def __init__(self, *panels: Panel) -> None:
        self.panels = list(panels)

    async def ask(self, annotations: Mapping[str, str], seconds: float | None = None) -> list[Panel]:
        return self.panels


def alert(state: AlertState = "firing", minutes: int = 3) -> Alert:
    return Alert("PaymentsDown", state, {}, {}, "prod", "prometheus", NOW - timedelta(minutes=minutes))


def monitoring(*alerts: Alert) -> Panel:
    return Panel("prod", "prometheus", "fresh", Facts(alerts=alerts), NOW)


def pager(*people: OnCall) -> Panel:
    return Panel("main", "pagerduty", "fresh", Facts(on_call=people), NOW)


def read(catalog: Catalog, *panels: Panel, path: str = CARD) -> str:
    with TestClient(create_app(Crawler(catalog), live=Told(*panels)), headers={"accept": "text/html"}) as client:
        return client.get(path).text


def standing(html: str) -> str:
    """The words of the lines above the card."""
    found = re.search(r'<div id="standing"[^>]*>(.*?)</div>', html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


def test_what_fires_and_who_is_called_stands_above_the_owner(sample: Catalog) -> None:
    html = read(sample, monitoring(alert(), alert(minutes=9)), pager(ADA, BEN))
    first = format_clock(NOW - timedelta(minutes=9))
    words = standing(html)
    assert words.startswith(f"2 alerts fire since {first} , ")
    assert words.endswith(" ago On call now: Ada Abara ada@x.example")
    assert html.index('id="standing"') < html.index('id="owner"')


@pytest.mark.parametrize(
    ("panel", "words"),
    [
        (monitoring(alert("silenced")), "silenced PaymentsDown"),
        (monitoring(), "No alert of it fires."),
        (Panel("prod", "prometheus", "asking"), "The tools are being asked what fires…"),
        (pager(), "Who is on call is not known."),
    ],
)
def test_each_standing_has_its_words(sample: Catalog, panel: Panel, words: str) -> None:
    assert standing(read(sample, panel)) == words


def test_what_a_tool_told_before_it_went_down_is_not_told_as_if_it_were_so_now(sample: Catalog) -> None:
    told = datetime.now(UTC) - timedelta(minutes=40)
    down = Panel("prod", "prometheus", "unavailable", Facts(alerts=(alert(),)), told, NOW, "connection refused")
    html = read(sample, down)
    assert re.search(r"Prometheus does not answer: shown is what was told 4\d minutes ago \.$", standing(html))
    assert "told <time" in html.partition('id="live"')[2]
    never = Panel("prod", "prometheus", "unavailable", since=NOW, reason="connection refused")
    assert standing(read(sample, never)) == "Whether an alert fires is not known. Prometheus does not answer."


def test_many_alerts_of_one_name_are_one_line_since_the_first_of_them(sample: Catalog) -> None:
    storm = [
        Alert("PaymentsDown", "firing", {"pod": str(at)}, {}, "prod", "prometheus", NOW - timedelta(minutes=at))
        for at in range(40)
    ]
    html = read(sample, monitoring(*storm, alert("silenced")))
    assert standing(html).startswith("40 alerts fire since")
    now = html.partition('id="live"')[2]
    assert (now.count("<b>PaymentsDown</b>"), now.count("</b> 40 times")) == (2, 1)
    assert format_clock(NOW - timedelta(minutes=39)) in now


def test_without_a_tool_that_is_asked_there_are_no_such_lines(sample: Catalog) -> None:
    assert 'id="standing"' not in read(sample)


def test_one_person_whom_two_tools_name_is_named_once(sample: Catalog) -> None:
    other = Panel("main", "opsgenie", "fresh", Facts(on_call=(OnCall(1, "ada@x.example", "Ada@x.example"),)), NOW)
    assert standing(read(sample, pager(ADA), other)) == "No alert of it fires. On call now: Ada Abara ada@x.example"


def test_a_page_that_waits_is_sent_both_of_its_places(sample: Catalog) -> None:
    html = read(sample, monitoring(alert()), path=f"{CARD}/live")
    assert standing(html).startswith("1 alert fires since")
    assert '<div id="now">' in html


def test_a_panel_says_who_has_it_and_that_a_service_calls_nobody(sample: Catalog) -> None:
    service = PagerService("P1", "Payment API", status="maintenance", policy="Payments")
    incident = Incident("I1", "Payments fail", "acknowledged", created=NOW, assigned=("Ben Bravo",))
    panel = Panel("main", "pagerduty", "fresh", Facts(services=(service,), incidents=(incident,)), NOW)
    html = read(sample, panel, monitoring(alert()))
    assert re.search(r'Payment API <span class="badge warn">maintenance</span>', html)
    assert "; Ben Bravo</span>" in html
    assert re.search(r"Asked too:</span> Prometheus", html), "a panel with nothing of its own takes a line of its own"


def test_the_clock_says_the_date_of_another_day() -> None:
    at = datetime(2026, 11, 30, 3, 12, tzinfo=UTC)
    assert format_clock(at, at + timedelta(hours=2)) == "03:12 UTC"
    assert format_clock(at, at + timedelta(days=2)) == "2026-11-30 03:12 UTC"
