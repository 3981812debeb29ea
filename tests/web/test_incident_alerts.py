"""The alerts that a picture is made from: thousands at once, many of one name, and what fires of the suspects."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from starlette.testclient import TestClient

from catalog.alerts import Alert as FiringAlert
from catalog.alerts import merge_alerts
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.live import Firing, NoLiveFacts, Panel, Standing
from catalog.lookup import look_up_alert, look_up_alerts
from web.app import create_app
from web.oncall.matched import group_matched, match_alerts, read_firing

NOW = datetime.now(UTC)
PAY, ORDERS_DB, POSTGRES = (
    "component:default/payment-api",
    "resource:default/orders-db",
    "resource:default/postgres-main",
)
FAILING = f"{ORDERS_DB},resource:default/payments-db,resource:default/pricing-db"


def fire(name: str, minutes: int = 5, summary: str = "", **labels: str) -> FiringAlert:
    annotations = {"summary": summary} if summary else {}
    return FiringAlert(name, "firing", labels, annotations, "prod", "prometheus", NOW - timedelta(minutes=minutes))


class Firefighters(NoLiveFacts):
    """Tools by which these alerts fire."""

    def __init__(self, *alerts: FiringAlert) -> None:
        self.alerts = merge_alerts(alerts)

    def standings(self) -> tuple[Standing, ...]:
        return (Standing("prod", "prometheus"),)

    async def ask(self, annotations: Mapping[str, str], seconds: float | None = None) -> list[Panel]:
        return []

    async def firing(self, seconds: float | None = None) -> Firing:
        return Firing(self.alerts, (Panel("prod", "prometheus", "fresh"),))


def visit(catalog: Catalog, *alerts: FiringAlert) -> TestClient:
    return TestClient(create_app(Crawler(catalog), live=Firefighters(*alerts)), headers={"accept": "text/html"})


def test_many_alerts_are_about_the_same_as_each_of_them_alone(sample: Catalog) -> None:
    pods = [
        fire("KubePodCrashLooping", namespace="payments", pod=f"payment-api-7d9f8c6b5d-{at:05}") for at in range(40)
    ]
    others = [
        fire("payment-api-alerts", severity="critical"), fire("Odd", service="search-service"), fire("Odd", job="node"),
        fire("HighLatency", summary="order-service is slow"), fire("HighLatency", summary="checkout-service is slow"),
        fire("OrdersDbDiskFull", namespace="payments", instance="10.1.2.3:9187"), fire("payments", namespace="payments"),
    ]  # fmt: skip
    together = list(look_up_alerts(sample.view, read_firing([*pods, *others]), 5))
    assert [found for _, found in together] == [look_up_alert(sample.view, alert, 5) for alert, _ in together]
    assert {found.decided for _, found in together} >= {PAY, ORDERS_DB, "component:default/search-service", ""}


def test_alerts_of_one_name_about_the_same_are_one_since_the_first_of_them(sample: Catalog) -> None:
    alerts = [fire("payment-api-alerts", minutes, pod=f"p{minutes}") for minutes in (7, 30, 2)]
    matched = match_alerts(sample.view, read_firing([*alerts, fire("Strange"), fire("Strange", pod="x")]))
    assert [(one.title, one.ref, one.count) for one in matched] == [("payment-api-alerts", PAY, 3), ("Strange", "", 2)]
    assert matched[0].since == NOW - timedelta(minutes=30)
    assert list(group_matched(matched)) == [PAY]


def test_the_picture_says_which_alerts_since_when_and_how_many(sample: Catalog) -> None:
    alerts = (
        *(fire("payment-api-alerts", 9, pod=str(at)) for at in range(3)),
        fire("Strange"),
        fire("Strange", pod="x"),
    )
    with visit(sample, *alerts) as client:
        html = client.get("/oncall/incident?now=1").text
        found = client.get("/api/oncall/incident?now=1").json()
    assert "payment-api-alerts, 3 times<" in html
    assert "<b>2</b> are about nothing in the catalog" in html
    assert [(one["title"], one["count"]) for one in found["alerts"]] == [("Strange", 2), ("payment-api-alerts", 3)]
    assert found["alerts"][1]["since"] == (NOW - timedelta(minutes=9)).isoformat(timespec="seconds")


def test_a_suspect_that_fires_itself_is_marked_though_nobody_pasted_that(sample: Catalog) -> None:
    with visit(sample, fire("PostgresPrimaryDown"), fire("OrdersDbDiskFull", 61)) as client:
        html = client.get(f"/oncall/incident?refs={FAILING}").text
        found = client.get(f"/api/oncall/incident?refs={FAILING}").json()
    assert found["cause"] == POSTGRES
    assert [(one["entityRef"], one["firing"]) for one in found["suspects"][:1]] == [(POSTGRES, 1)]
    assert {one["entityRef"]: one["firing"] for one in found["failing"]}[ORDERS_DB] == 1
    assert '<span class="badge firing">1 firing</span>' in html.partition('id="cause"')[2]
    assert re.search(r"since <time[^>]*>[^<]* UTC</time> OrdersDbDiskFull<", html.partition('class="failing"')[2])
    assert "Likely cause: PostgreSQL, main cluster, of which PostgresPrimaryDown fires (" in found["message"]


def test_what_fires_is_asked_for_once(sample: Catalog) -> None:
    tools = Firefighters(fire("payment-api-alerts"))
    asked: list[float | None] = []

    async def firing(seconds: float | None = None) -> Firing:
        asked.append(seconds)
        return Firing(tools.alerts, (Panel("prod", "prometheus", "fresh"),))

    tools.firing = firing  # type: ignore[method-assign]
    with TestClient(create_app(Crawler(sample), live=tools), headers={"accept": "text/html"}) as client:
        for path in ("/oncall/incident?now=1", "/api/oncall/incident?now=1", f"/oncall/incident?refs={PAY}"):
            asked.clear()
            assert client.get(path).status_code == 200
            assert len(asked) == 1, path
