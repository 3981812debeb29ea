"""What people copy at night is seldom an id alone: subjects, messages with markup, commands, lines of logs, over the sample."""

import pytest

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.lookup import MAX_TEXT, look_up, look_up_alert, read_payload, read_text

PAY, RELAY, LEDGER, ORDER, CHECKOUT, API = (
    "component:default/payment-api",
    "component:default/payment-event-relay",
    "component:default/payment-ledger",
    "component:default/order-service",
    "component:default/checkout-service",
    "api:default/payment-api",
)
POD = "payment-api-7d9f8c6b5d-x2k4p"
DECIDED = {
    PAY: [
        "Re: [PagerDuty] TRIGGERED Incident #48213 - payment-api-alerts firing on payment-api",
        "[FIRING:1] payment-api-alerts (payment-api payments critical)",
        ":rotating_light: *[FIRING:1] payment-api-alerts*",
        "*payment-api-alerts* is firing :fire: <https://runbooks.acme.example.com/payment-api|runbook>",
        "<https://acme.pagerduty.com/service-directory/P1234ABC|payment-api>",
        "[payment-api](https://acme.pagerduty.com/service-directory/P1234ABC)",
        "see https://runbooks.acme.example.com/payment-api.",
        "PD: P1234ABC", "Service: P1234ABC", "Alert: payment-api-alerts", "alertname: payment-api-alerts",
        f"Labels:\n - alertname = payment-api-alerts\n - namespace = payments\n - pod = {POD}\nAnnotations:\n - summary = broken",
        f"kubectl logs -n payments {POD}", "kubectl -n payments logs deploy/payment-api --tail=100",
        "$ kubectl -n payments rollout restart deployment/payment-api", f"kubectl describe pod {POD} --namespace=payments",
        "kubectl --context prod -n payments get pods -l app=payment-api", POD, f"pod/{POD}", "deployment.apps/payment-api",
        f"{POD}   0/1     CrashLoopBackOff   14 (3m ago)   51m", f"payments      {POD}   0/1     CrashLoopBackOff   14   51m",
        f"Pod payments/{POD} is crash looping",
        "dial tcp: lookup payment-api.payments.svc.cluster.local on 10.96.0.10:53: no such host",
        'Get "http://payment-api.payments:8080/v1/charge": context deadline exceeded',
        "http://payment-api.payments.svc.cluster.local:8080/healthz", "http://payment-api:8080/healthz", "payment-api:8080",
        "ghcr.io/acme/payment-api:v1.2.3", "registry.acme.example.com/payments/payment-api:1.42.0", "payment-api:v1.2.3",
        f"ghcr.io/acme/payment-api@sha256:{'0a1b2c3d' * 8}",
        "https://prometheus.acme.example.com/alerts?search=payment-api-alerts",
        "https://grafana.acme.example.com/alerting/list?search=rule:payment-api-alerts",
        "https://acme.sentry.io/issues/4567890123/?project=payment-api",
        '{"level":"error","service":"payment-api","msg":"boom"} and more',
    ],
    RELAY: ["CRITICAL: PaymentOutboxGrowing", "outbox of payment-event-relay grows (team-payments)",
            "amara.okonkwo deployed payment-event-relay"],
    ORDER: ["The order service is slow", "order_service", "OrderService", "acme-order-service is slow: order-service"],
    CHECKOUT: ["https://github.com/acme/orders/pull/12 broke checkout-service",
               "CheckoutErrorBudgetBurn and CheckoutConversionDrop"],
    "component:default/legacy-billing": ["acme/legacy-billing#12", "acme/legacy-billing@0a1b2c3", "acme/legacy-billing!7"],
    "resource:default/settlement-files": ["arn:aws:s3:::acme-settlement-files/2026/11/file.csv", "acme-settlement-files",
                                          "s3://acme-settlement-files/2026/11/28.csv"],
    "resource:default/payment-events-topic": ["acme.payments.v1", "consumer lag on topic acme.payments.v1"],
    "resource:default/payments-db": ["postgres://payments:secret@payments-db:5432/payments", "jdbc:postgresql://payments-db/payments",
                                     'FATAL: connection to server at "payments-db" (10.1.2.3), port 5432 failed'],
    "user:default/amara.okonkwo": ["Amara Okonkwo <amara.okonkwo@acme.example.com>", "mailto:amara.okonkwo@acme.example.com",
                                   "@amara.okonkwo"],
    "group:default/team-payments": ["https://github.com/orgs/acme/teams/team-payments", "@acme/team-payments"],
}  # fmt: skip
UNDECIDED = {
    (PAY, API): [
        "[#48213] payment-api: High error rate", "ALRT #123 on Payment API: High latency ack...",
        "Hey, someone looking at payment-api?",
        "ALRT #123 on payment-api: High latency. Reply 4:Ack, 6:Resolv", "#payment-api", "payment_api", "PaymentApi",
        "Payment API",
        "https://app.datadoghq.com/apm/services/payment-api/operations/http.request/resources",
    ],
    (PAY, RELAY): ["acme/payment-api#4711"],
    (PAY, ORDER): ["order-service fails since the deploy of payment-api", f"order-service-7d9f8c6b5d-x2k4p and {POD} restart"],
    (CHECKOUT, "component:default/order-service"): ["https://github.com/acme/orders", "checkout-service or order-service"],
    (CHECKOUT, "resource:default/payments-db"): ["checkout-service is slow, see https://runbooks.acme.example.com/postgres"],
    (CHECKOUT, "resource:default/session-cache"): ["CheckoutErrorBudgetBurn and ValkeyDown"],
    ("resource:default/payments-db", "resource:default/ledger-db"): ["payments-db: replication lag, affecting ledger-db"],
    ("resource:default/payments-db",): ["payments-db.internal:5432", "UnknownHostException: payments-db.prod.acme.example.com"],
    (LEDGER,): ['File "/srv/payment-ledger/app.py", line 3'],
    (ORDER,): ["OrderServiceDown", "order-service-canary"],
}  # fmt: skip
UNKNOWN = [
    "High CPU usage on node ip-10-1-2-3", "Error: connect ECONNREFUSED 10.1.2.3:5432", "the quick brown fox is down",
    "Incident #123", "503 Service Unavailable", "3 alerts firing", "I think it is DNS", "PAY-123",
    "localhost:8080", "; ; ;", "<|> [](",
    "a b c",
    "https://acme.pagerduty.com/incidents/Q1ABCDEFGHIJ", "https://acme.app.opsgenie.com/alert/detail/1e0f3f3d/details",
    "https://sentry.io/organizations/acme/issues/12345/", "arn:aws:s3:::another-bucket/x", "kubectl get pods",
    "s3://another-bucket/x",
]  # fmt: skip


@pytest.mark.parametrize(("ref", "text"), [(ref, text) for ref, texts in DECIDED.items() for text in texts])
def test_one_thing_in_many_words_is_found(sample: Catalog, ref: str, text: str) -> None:
    assert look_up(sample.view, read_text(text)).decided == ref


@pytest.mark.parametrize(("refs", "text"), [(refs, text) for refs, texts in UNDECIDED.items() for text in texts])
def test_of_several_things_in_a_text_none_is_chosen(sample: Catalog, refs: tuple[str, ...], text: str) -> None:
    found = look_up(sample.view, read_text(text))
    assert found.decided == ""
    assert set(refs) <= {one.ref for one in found.candidates[:6]}


@pytest.mark.parametrize("text", UNKNOWN)
def test_words_that_name_nothing_find_nothing(sample: Catalog, text: str) -> None:
    assert look_up(sample.view, read_text(text)).candidates == ()


def test_plain_words_are_hints_at_most(sample: Catalog) -> None:
    found = look_up(sample.view, read_text("storefront orders pricing identity are slow"))
    assert found.candidates
    assert {one.surety for one in found.candidates} == {"possible"}


def test_a_reason_says_in_which_words_it_was_seen(sample: Catalog) -> None:
    found = look_up(sample.view, read_text("[FIRING:1] PaymentOutboxGrowing (critical)"))
    assert [one.seen_as for one in found.candidates[0].reasons] == ["an alert's name, in `PaymentOutboxGrowing`"]


def test_what_people_wrote_into_an_alert_is_a_hint_where_its_labels_say_nothing(sample: Catalog) -> None:
    def ask(payload: Json) -> tuple[str, list[str]]:
        found = look_up_alert(sample.view, read_payload(payload)[0])
        return found.decided, [one.ref for one in found.candidates]

    annotations: Json = {"summary": "the payment-event-relay is stuck"}
    assert ask({"labels": {"alertname": "Stuck"}, "annotations": annotations}) == ("", [RELAY])
    assert ask({"labels": {"alertname": "LedgerLag"}, "annotations": annotations}) == (LEDGER, [LEDGER])
    incident = {"id": "Q1", "title": "payment-event-relay is stuck", "service": {"id": "PUNKNOWN", "summary": "Ledger"}}
    assert ask({"incident": incident}) == ("", [RELAY])


@pytest.mark.parametrize(
    "part", ["<http://", "[a](", "aB", "a-b_c.", "a=1,", "x:y ", "payments ", "payment-api ", "kubectl -n a "]
)
def test_no_long_text_of_the_same_takes_long_or_finds_much(sample: Catalog, part: str) -> None:
    clues = read_text(part * MAX_TEXT)
    assert len(clues) < 2_000
    look_up(sample.view, clues)
