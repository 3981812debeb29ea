"""The card on a phone at night: what is needed first is on the first screen, and the tools' answers come when they come."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.alerts import Alert, Alerts
from catalog.live import Change, Facts, Firing, Incident, NoLiveFacts, OnCall, PagerService, Panel, Standing
from tests.browser.axe import find_violations, read_axe
from tests.browser.opening import HEIGHTS, WIDTHS, Tab, open_tab
from tests.browser.serving import SAMPLE, serve

CARD = "/oncall/default/component/payment-api"
FIRST_SCREEN = {
    "name": "h1",
    "owner": "#owner + h3 a",
    "contact": "section[aria-labelledby=owner] .act a.first",
    "e-mail": "a[href='mailto:team-payments@acme.example.com']",
    "pager": "section[aria-labelledby=pager] a[href*='pagerduty.com']",
    "runbook": "section[aria-labelledby=pager] a.first",
}
SLOW_SECONDS = 0.6


class LateFacts(NoLiveFacts):
    """A Prometheus that takes its time for the first answer, and knows it from then on."""

    def __init__(self) -> None:
        self.asked_at = 0.0

    def standings(self) -> tuple[Standing, ...]:
        return (Standing("main", "prometheus"),)

    async def ask(self, annotations: Mapping[str, str], seconds: float | None = None) -> list[Panel]:
        self.asked_at = self.asked_at or time.monotonic()
        left = SLOW_SECONDS - (time.monotonic() - self.asked_at)
        await asyncio.sleep(max(0, min(left, seconds or 0)))
        if left > (seconds or 0):
            return [Panel("main", "prometheus", "asking")]
        alert = Alert("payment-api-alerts", "firing", {}, {"summary": "Half of it <b>fails</b>"}, "main", "prometheus")
        facts = Facts(alerts=(alert,), on_call=(OnCall(1, "Nadia Petrova", "nadia@acme.example.com"),))
        return [Panel("main", "prometheus", "fresh", facts, datetime.now(UTC))]

    async def firing(self, seconds: float | None = None) -> Firing:
        alert = Alert("DatabaseDown", "firing", {}, {}, "main", "prometheus")
        return Firing(Alerts((alert,)), (Panel("main", "prometheus", "fresh"),))


class DownFacts(NoLiveFacts):
    """A tool that is known to be down."""

    async def ask(self, annotations: Mapping[str, str], seconds: float | None = None) -> list[Panel]:
        since = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
        return [Panel("main", "prometheus", "unavailable", since=since, reason="connection refused")]


class FullFacts(NoLiveFacts):
    """A pager and a Prometheus that say all that such can say."""

    async def ask(self, annotations: Mapping[str, str], seconds: float | None = None) -> list[Panel]:
        now, href = datetime.now(UTC), "https://acme.pagerduty.com/x"
        pager = Facts(
            services=(PagerService("P1", "Payment API", href, "maintenance", "PE", "Payments", href),),
            on_call=(
                OnCall(1, "Nadia Petrova", "nadia@acme.example.com", href, until=now),
                OnCall(2, "Ben", "ben@acme.example.com"),
            ),
            incidents=(Incident("I1", "Payments fail", "triggered", href, created=now, assigned=("Nadia Petrova",)),),
            changes=(Change("Deploy 4.2.1", now, href=href), Change("Failover", now, href=href)),
        )
        alert = Alert("payment-api-alerts", "firing", {}, {"runbook_url": href}, "prod", "prometheus", now)
        return [
            Panel("main", "pagerduty", "fresh", pager, now, href=href),
            Panel("prod", "prometheus", "cached", Facts(alerts=(alert,)), now, href=href),
            Panel(
                "eu",
                "alertmanager",
                "unavailable",
                Facts(alerts=(replace(alert, tool="alertmanager"),)),
                now,
                now,
                "connection refused",
                href,
            ),
        ]


@contextmanager
def visit(browser: Any, facts: NoLiveFacts, size: str = "phone", **options: Any) -> Iterator[tuple[Tab, str]]:
    with serve([SAMPLE], live=facts) as base, open_tab(browser, size, **options) as tab:
        yield tab, base


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serve([SAMPLE]) as address:
        yield address


@pytest.mark.parametrize("scripted", [True, False])
def test_owner_contact_pager_and_runbook_are_on_a_phones_first_screen(browser: Any, base: str, scripted: bool) -> None:
    with open_tab(browser, "phone", java_script_enabled=scripted) as tab:
        assert tab.open(base + CARD) == []
        for name, selector in FIRST_SCREEN.items():
            box = tab.page.locator(selector).first.bounding_box()
            assert box is not None, name
            assert 0 <= box["x"] <= box["x"] + box["width"] <= WIDTHS["phone"], name
            assert 0 <= box["y"] <= box["y"] + box["height"] <= HEIGHTS["phone"], name


def test_what_is_touched_at_night_is_large(browser: Any, base: str) -> None:
    with open_tab(browser, "phone") as tab:
        tab.open(base + CARD)
        small = tab.page.evaluate("""() => [...document.querySelectorAll('.oncall .act a, .oncall .near-list a')]
          .filter(one => one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML)""")
        assert small == []


def test_late_answers_are_put_in_by_script_without_a_new_page(browser: Any) -> None:
    with visit(browser, LateFacts()) as (tab, base):
        asked: list[str] = []
        tab.page.on("request", lambda request: asked.append(request.url))
        tab.open(base + CARD)
        tab.page.evaluate("window.same = true")
        tab.page.get_by_text("Half of it").wait_for()
        assert tab.page.evaluate("window.same")
        assert tab.page.get_by_text("Nadia Petrova").is_visible()
        assert tab.page.locator("#live-panels b, section b").filter(has_text="fails").count() == 0
        assert sum("/live" in url for url in asked) == 1
        assert find_violations(tab.page, read_axe()) == []


def test_late_answers_come_without_script_too(browser: Any) -> None:
    with visit(browser, LateFacts(), java_script_enabled=False) as (tab, base):
        tab.open(base + CARD)
        tab.page.get_by_text("Half of it").wait_for()
        assert tab.page.locator("meta[http-equiv=refresh]").count() == 0


def test_a_tool_that_is_down_says_since_when_and_holds_nothing_up(browser: Any) -> None:
    with visit(browser, DownFacts(), "wide") as (tab, base):
        tab.open(base + CARD)
        assert tab.page.get_by_text("unavailable since 2026-11-23 03:12 UTC").is_visible()
        assert tab.page.get_by_text("Whether an alert fires is not known").is_visible()
        assert tab.page.locator("meta[http-equiv=refresh], [data-live]").count() == 0


@pytest.mark.parametrize("size", ["phone", "wide"])
def test_all_that_tools_can_say_is_told_apart_and_can_be_touched(browser: Any, size: str) -> None:
    with visit(browser, FullFacts(), size) as (tab, base):
        assert tab.open(base + CARD) == []
        assert tab.page.get_by_text("1 alert fires").is_visible()
        assert tab.page.get_by_text("Alertmanager does not answer").is_visible()
        assert find_violations(tab.page, read_axe()) == []
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[size]


def test_a_payload_is_pasted_and_its_picture_can_be_shared(browser: Any, base: str) -> None:
    alerts = ",".join(
        f'{{"status": "firing", "labels": {{"alertname": "{name}"}}, "annotations": {{"d": "{"x" * 9_000}"}}}}'
        for name in ("payment-api-alerts", "PaymentOutboxGrowing")
    )
    with open_tab(browser, "phone") as tab:
        tab.open(f"{base}/oncall")
        tab.page.get_by_label("What woke you?").fill(f'{{"version": "4", "alerts": [{alerts}]}}')
        tab.page.get_by_role("button", name="Look up").click()
        tab.page.wait_for_url(lambda url: "/oncall/incident?refs=" in url)
        assert tab.page.get_by_role("heading", name="Incident: 2 failing").is_visible()
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"]
