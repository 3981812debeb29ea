# ruff: noqa: E501 - a table of strings
"""More than three hundred strings that may wake somebody, and what each is to be found as."""

import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import yaml

from catalog.annotations import ANNOTATIONS, find_bases, find_links
from catalog.catalog import Catalog
from catalog.errors import CatalogError
from catalog.lookup import look_up, read_payload, read_text
from ingestors.folder import FolderSource

VALUES = {
    "pagerduty.com/service-id": "PX{n}ABCD",
    "pagerduty.com/integration-key": "0123456789abcdef0123456789abcd{n}",
    "prometheus.io/labels": "tenant=t{n}",
    "grafana/alert-label-selector": "squad=s{n}",
    "loki/label-selector": "stream=l{n}",
    "datadoghq.com/monitor_tags": "monitor:m{n}",
    "backstage.io/kubernetes-label-selector": "workloadset=w{n}",
    "argocd/app-selector": "appset=a{n}",
    "janus-idp.io/tekton": "tekton-{n}",
    "opsgenie.com/component-selector": 'tag:"service:og-{n}"',
    "backstage.io/source-location": "url:https://git.example.org/team-{n}/code-{n}/tree/main/",
    "backstage.io/view-url": "https://view.example.org/team-{n}/view-{n}/blob/main/catalog-info.yaml",
    "bitbucket.org/repo-url": "https://bitbucket.org/ws-{n}/repo-{n}",
    "amazonaws.com/arn": "arn:aws:lambda:eu-west-1:1234567890{n}:function:f-{n}",
    "amazonaws.com/account-id": "1234567890{n}",
    "gitlab.com/project-id": "90{n}",
}
_BY_SHAPE = {
    "path": "acme-{n}/thing-{n}",
    "url": "https://page{n}.example.org/start",
    "urls": "https://page{n}.example.org/start",
}
SHARED = {"backstage.io/kubernetes-namespace", "backstage.io/kubernetes-cluster"}
"""What many entities have on purpose: never an answer that stands alone."""


def value_of(key: str, number: int) -> str:
    template = VALUES.get(key) or _BY_SHAPE.get(ANNOTATIONS[key].shape) or f"{key.partition('/')[2]}-{{n}}"
    return template.format(n=number)


KEYS = [key for key, known in ANNOTATIONS.items() if known.lookup and key not in SHARED]
NUMBERS = {key: 10 + at for at, key in enumerate(KEYS)}
SHOP = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payment-api
  title: Payment API
  annotations:
    pagerduty.com/service-id: P1234ABC
    prometheus.io/alert: payment-api-alerts, PaymentApiDown
    grafana/alert-label-selector: service=payment-api
    github.com/project-slug: acme/payment-api
    backstage.io/kubernetes-id: payment-api
    backstage.io/kubernetes-namespace: payments
    argocd/app-name: payment-api-production
    sentry.io/project-slug: acme/payment-api
  links:
    - {url: "https://runbooks.acme.example.com/payment-api", title: Runbook}
    - {url: "https://pay.acme.example.com", title: The service}
spec: {type: service, lifecycle: production, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: payment-api}
spec: {type: openapi, lifecycle: production, owner: team-payments, definition: "openapi: 3.0.0"}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payment-relay
  annotations:
    pagerduty.com/service-id: P1234ABC
    github.com/project-slug: acme/mono
    backstage.io/kubernetes-namespace: payments
spec: {type: service, lifecycle: production, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ledger
  namespace: books
  annotations:
    prometheus.io/alert: LedgerLag
    prometheus.io/labels: app=ledger,env=prod
    github.com/project-slug: acme/mono
    backstage.io/kubernetes-namespace: payments
    backstage.io/kubernetes-id: ledger
    pagerduty.com/service-id: PLEDGER1
    backstage.io/source-location: url:https://gitlab.acme.example.com/finance/core/ledger/-/tree/main/
  links:
    - {url: "https://grafana.acme.example.com/d/led01/ledger", title: Dashboard}
spec: {type: service, lifecycle: production, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: payments-db
  annotations: {puppet.com/certname: db1.acme.example.com}
spec: {type: database, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-payments, annotations: {opsgenie.com/team: Payments Crew}}
spec: {type: team, children: [], profile: {displayName: Payments, email: payments@acme.example.com}}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ada}
spec: {memberOf: [team-payments], profile: {displayName: Ada Lovelace, email: ada@acme.example.com}}
"""
PAY, LEDGER, RELAY = "component:default/payment-api", "component:books/ledger", "component:default/payment-relay"
API, DATABASE, TEAM, ADA = (
    "api:default/payment-api",
    "resource:default/payments-db",
    "group:default/team-payments",
    "user:default/ada",
)
DECIDED = [
    (PAY, [
        "component:default/payment-api", "Component:default/payment-api", "component:payment-api", "COMPONENT:DEFAULT/PAYMENT-API",
        "payment-api-alerts", "PAYMENT-API-ALERTS", "PaymentApiDown", "paymentapidown", " payment-api-alerts ", '"payment-api-alerts"',
        "`PaymentApiDown`", "'PaymentApiDown'", "<PaymentApiDown>", "PaymentApiDown,",
        "https://github.com/acme/payment-api", "https://github.com/acme/payment-api.git", "http://github.com/acme/payment-api/",
        "https://GitHub.com/Acme/Payment-API", "https://github.com/acme/payment-api/pull/12", "https://www.github.com/acme/payment-api",
        "https://github.com/acme/payment-api/actions/runs/99", "https://github.com/acme/payment-api/blob/main/README.md#L1",
        "https://github.com/acme/payment-api/issues?q=is%3Aopen", "git@github.com:acme/payment-api.git", "git@github.com:acme/payment-api",
        "GIT@GITHUB.COM:ACME/PAYMENT-API.GIT", "ssh://git@github.com/acme/payment-api.git", "ssh://git@github.com:22/acme/payment-api",
        "git+ssh://git@github.com/acme/payment-api.git", "git://github.com/acme/payment-api.git", "github.com/acme/payment-api",
        "acme/payment-api", "Acme/Payment-Api", "acme/payment-api.git", "url:https://github.com/acme/payment-api/tree/main/",
        "git+https://github.com/acme/payment-api.git", "scm:git:https://github.com/acme/payment-api.git",
        "payment-api-production", "Payment-Api-Production", "https://argocd.acme.example.com/applications/payment-api-production",
        "https://argocd.acme.example.com/applications/argocd/payment-api-production?view=tree",
        "https://cd.acme.example.com/argocd/applications/argocd/payment-api-production",
        "https://acme.sentry.io/projects/payment-api/", "https://sentry.io/organizations/acme/projects/payment-api/?project=1",
        "https://acme.sentry.io/settings/projects/payment-api", "https://sentry.io/settings/acme/projects/payment-api/keys/",
        "https://runbooks.acme.example.com/payment-api", "https://runbooks.acme.example.com/payment-api/",
        "https://runbooks.acme.example.com/payment-api/high-latency", "https://RUNBOOKS.acme.example.com/payment-api?x=1#top",
        "http://runbooks.acme.example.com/payment-api", "https://pay.acme.example.com", "https://pay.acme.example.com/v1/charges?id=3",
        "pay.acme.example.com", "PAY.acme.example.com", "pay.acme.example.com:443",
        "payments/payment-api", "payments/payment-api-7d9f8c6b5d-x2k4p", "payment-api.payments.svc.cluster.local",
        "payment-api.payments.svc", "payment-api.payments.svc.cluster.local:8080",
        "https://k8s.acme.example.com/deployment/payments/payment-api",
        "https://catalog.acme.example.com/catalog/default/component/payment-api", "https://b.example.com/catalog/default/Component/payment-api/ci-cd",
        "service=payment-api", "service='payment-api'", '{service="payment-api"}', '{service="payment-api",severity="page"}',
        'up{service="payment-api"}', 'ALERTS{alertname="PaymentApiDown",alertstate="firing"}', "alertname=PaymentApiDown",
        '{alertname="PaymentApiDown", namespace="payments", pod="payment-api-7d9f8c6b5d-x2k4p"}', "alertname=PaymentApiDown, severity=critical",
        '{namespace="payments", deployment="payment-api"}', '{kubernetes_namespace="payments", app="payment-api"}',
        "https://prom.acme.example.com/graph?g0.expr=ALERTS%7Balertname%3D%22PaymentApiDown%22%7D&g0.tab=1",
        "https://am.acme.example.com/#/alerts?filter=%7Bservice%3D%22payment-api%22%7D",
        "https://grafana.acme.example.com/d/abc/services?var-service=payment-api&from=now-1h",
        "https://github.com/acme/payment-api/tree/main/services/payment", "https://github.com/acme/payment-api/commit/0a1b2c3",
        "https://github.com/acme/payment-api/compare/main...fix", "https://github.com/acme/payment-api/releases/tag/v1",
        "https://github.com/acme/payment-api/security/dependabot/3", "https://github.com/acme/payment-api/settings/keys",
        "https://github.com/acme/payment-api/wiki", "https://github.com/acme/payment-api?tab=readme-ov-file",
        "{alertname='PaymentApiDown'}", '{ alertname = "PaymentApiDown" }', "entity=component:default/payment-api",
        "argocd_app=payment-api-production", "PaymentApiDown;", "(PaymentApiDown)", '"PaymentApiDown",', '("PaymentApiDown");', "\u200b <PaymentApiDown>, ", '"PaymentApiDown"', "\tPaymentApiDown\n",
    ]),
    (LEDGER, [
        "LedgerLag", "ledgerlag", "PLEDGER1", "pledger1", "component:books/ledger", "books/ledger",
        "https://acme.pagerduty.com/service-directory/PLEDGER1", "https://acme.pagerduty.com/services/PLEDGER1",
        "https://acme.pagerduty.com/service-directory/PLEDGER1/activity?x=1", "https://acme.eu.pagerduty.com/services/pledger1/settings",
        "app=ledger,env=prod,alertname=LedgerLag", '{app="ledger",env="prod",alertname="LedgerLag",severity="page"}',
        "https://gitlab.acme.example.com/finance/core/ledger", "https://gitlab.acme.example.com/finance/core/ledger/-/merge_requests/4",
        "git@gitlab.acme.example.com:finance/core/ledger.git", "ssh://git@gitlab.acme.example.com:2222/finance/core/ledger.git",
        "finance/core/ledger", "gitlab.acme.example.com/finance/core/ledger", "https://gitlab.acme.example.com/Finance/Core/Ledger.git",
        "https://grafana.acme.example.com/d/led01/ledger", "https://grafana.acme.example.com/d/led01/ledger?orgId=1&from=now-6h",
        "ledger", "Ledger", "payments/ledger", "payments/ledger-0", "deployment/ledger", "deploy/ledger", "pod/ledger-7d9f8c6b5d-x2k4p",
        "statefulset/ledger", "service/ledger", "https://github.com/catalog/books/component/ledger", "pagerduty_service_id=PLEDGER1",
        "{namespace=\"payments\", pod=\"ledger-6c5d4f7b98-abcde\"}", "ledger.payments.svc",
    ]),
    (DATABASE, [
        "payments-db", "Payments-DB", "resource:payments-db", "resource:default/payments-db", "Resource:default/payments-db",
        "db1.acme.example.com", "DB1.acme.example.com", "db1.acme.example.com:5432", "instance=db1.acme.example.com:9187",
        '{instance="db1.acme.example.com:9187", job="node"}', '{instance="db1.acme.example.com"}', "host=db1.acme.example.com",
        "https://x.example.com/catalog/default/resource/payments-db",
    ]),
    (TEAM, [
        "team-payments", "group:team-payments", "group:default/team-payments", "Payments Crew", "payments crew", "payments@acme.example.com",
        "PAYMENTS@acme.example.com", "https://x.example.com/catalog/default/group/team-payments",
    ]),
    (ADA, ["ada", "user:ada", "Ada Lovelace", "ada lovelace", "ada@acme.example.com", "user:default/ada"]),
    (API, ["api:payment-api", "API:default/payment-api", "https://x.example.com/catalog/default/api/payment-api"]),
]  # fmt: skip
AMBIGUOUS = [
    (
        {PAY, RELAY},
        [
            "P1234ABC",
            "p1234abc",
            "https://acme.pagerduty.com/service-directory/P1234ABC",
            "pagerduty_service_id=P1234ABC",
        ],
    ),
    (
        {RELAY, LEDGER},
        [
            "acme/mono",
            "https://github.com/acme/mono",
            "git@github.com:acme/mono.git",
            "https://github.com/acme/mono/pull/1",
        ],
    ),
    ({PAY, API}, ["payment-api", "Payment-Api", "payment-api-1", "job=payment-api", "Payment API"]),
    ({PAY, RELAY, LEDGER}, ["namespace=payments", '{namespace="payments"}', "NAMESPACE=payments"]),
]
UNKNOWN = [
    "nonsense", "P9999ZZZ", "https://nowhere.example.net/x", "component:default/gone", "acme/unknown-repo", "git@github.com:acme/nothing.git",
    "{alertname=\"NobodyKnows\"}", "namespace=void", "void/nothing", "10.0.0.1", "10.0.0.1:9090", "[::1]:9090", "???", "=", "{}", "{", "a=",
    "https://", "http://[", "://", "00000000-0000-0000-0000-000000000000", "ffffffffffffffffffffffffffffffff", "x" * 5000, "\x00", "🔥", "nobody@example.com",
    "https://acme.pagerduty.com/incidents/Q1ABCDEFG", "https://acme.pagerduty.com/", "env=prod", "severity=critical", "team:default/nobody", "",
]  # fmt: skip


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    folder = tmp_path_factory.mktemp("lookup")
    (folder / "catalog-info.yaml").write_text(SHOP)
    entities = [
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": f"entity-{NUMBERS[key]}x", "annotations": {key: value_of(key, NUMBERS[key])}},
            "spec": {"type": "service", "lifecycle": "production", "owner": "nobody-there"},
        }
        for key in KEYS
    ]
    (folder / "more").mkdir()
    (folder / "more" / "catalog-info.yaml").write_text(yaml.safe_dump_all(entities))
    made = Catalog.open("sqlite://", search=False)
    made.ingest(FolderSource(folder))
    yield made
    made.close()


def ask(catalog: Catalog, text: str) -> tuple[str, list[str]]:
    found = look_up(catalog.view, read_text(text))
    return found.decided, [one.ref for one in found.candidates]


@pytest.mark.parametrize("key", KEYS)
def test_every_annotation_that_is_a_key_is_found_by_its_value_in_any_case(catalog: Catalog, key: str) -> None:
    number = NUMBERS[key]
    expected, value = f"component:default/entity-{number}x", value_of(key, number)
    for text in (value, value.upper(), value.lower(), f"  {value} "):
        assert ask(catalog, text)[0] == expected, text


@pytest.mark.parametrize("key", [key for key in KEYS if ANNOTATIONS[key].links and not ANNOTATIONS[key].is_secret])
def test_the_pages_that_an_annotation_leads_to_lead_back(catalog: Catalog, key: str) -> None:
    number, known = NUMBERS[key], ANNOTATIONS[key]
    bases = find_bases({}) | {
        known.tool: find_bases({}).get(known.tool, f"https://{known.tool.lower().replace(' ', '')}.example.org")
    }
    for label, address in find_links(known, value_of(key, number), bases):
        if any(part in address for part in ("/teams/list", "labels=", "proj=", "/monitors/manage")):
            continue  # pages that name no single thing
        assert f"component:default/entity-{number}x" in ask(catalog, address)[1], (label, address)


@pytest.mark.parametrize(("ref", "text"), [(ref, text) for ref, texts in DECIDED for text in texts])
def test_what_only_one_thing_can_be_is_decided(catalog: Catalog, ref: str, text: str) -> None:
    assert ask(catalog, text)[0] == ref


@pytest.mark.parametrize(("refs", "text"), [(refs, text) for refs, texts in AMBIGUOUS for text in texts])
def test_what_several_may_be_is_shown_and_not_decided(catalog: Catalog, refs: set[str], text: str) -> None:
    decided, found = ask(catalog, text)
    assert decided == ""
    assert refs <= set(found[: len(refs)])


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_nothing_is_known_of_finds_nothing(catalog: Catalog, text: str) -> None:
    assert ask(catalog, text) == ("", [])


def test_there_are_more_than_three_hundred_of_them() -> None:
    values = [value_of(key, NUMBERS[key]) for key in KEYS]
    texts = {*UNKNOWN, *values, *map(str.upper, values), *map(str.lower, values)}
    texts |= {text for _, some in (*DECIDED, *AMBIGUOUS) for text in some}
    assert len(texts) > 300


def test_a_secret_key_is_found_and_never_shown(catalog: Catalog) -> None:
    key = "pagerduty.com/integration-key"
    value = value_of(key, NUMBERS[key])
    found = look_up(catalog.view, read_text(value))
    assert found.decided == f"component:default/entity-{NUMBERS[key]}x"
    assert [reason.value for reason in found.candidates[0].reasons] == [""]


def test_a_comma_of_grafana_means_or_and_a_tag_may_have_colons(tmp_path: Path) -> None:
    selectors = "{grafana/alert-label-selector: 'team=a,team=b', datadoghq.com/monitor_tags: 'shard:a:b'}"
    text = SHOP.replace("{puppet.com/certname: db1.acme.example.com}", selectors)
    (tmp_path / "catalog-info.yaml").write_text(text)
    made = Catalog.open("sqlite://", search=False)
    made.ingest(FolderSource(tmp_path))
    assert [ask(made, text)[0] for text in ("team=a", "team=b", 'shard="a:b"')] == [DATABASE] * 3
    made.close()


def test_that_an_entity_has_all_alerts_is_no_name(tmp_path: Path) -> None:
    text = SHOP.replace("{puppet.com/certname: db1.acme.example.com}", "{prometheus.io/alert: all}")
    (tmp_path / "catalog-info.yaml").write_text(text)
    made = Catalog.open("sqlite://", search=False)
    made.ingest(FolderSource(tmp_path))
    assert ask(made, "all") == ask(made, "restart all pods") == ("", [])
    made.close()


def test_each_of_several_services_leads_to_the_entity(tmp_path: Path) -> None:
    (tmp_path / "catalog-info.yaml").write_text(SHOP.replace("PLEDGER1", "PLEDGER1, PLEDGER2"))
    made = Catalog.open("sqlite://", search=False)
    made.ingest(FolderSource(tmp_path))
    assert [ask(made, text)[0] for text in ("PLEDGER1", "PLEDGER2")] == [LEDGER] * 2
    made.close()


@pytest.mark.parametrize(
    "text",
    [
        "a" * 4_000,
        "a-1" * 1_333,
        "{" + "a" * 3_990 + "}",
        "https://x.example" + "/a" * 1_990,
        "(" * 2_000 + ")" * 2_000,
    ],
)
def test_no_text_takes_long(catalog: Catalog, text: str) -> None:
    taken = []
    for _ in range(3):
        before = time.process_time()
        ask(catalog, text)
        taken.append(time.process_time() - before)
    assert min(taken) < 0.5, taken


def test_an_odd_payload_is_read_as_far_as_it_is_one() -> None:
    for alert in ({"tags": 5}, {"tags": "a", "details": [1], "entity": 7}):
        assert [one.title for one in read_payload({"alert": alert})] == ["Opsgenie alert"]


@pytest.mark.parametrize("payload", ["[" * 900 + "]" * 900, "[5, null]", "{}", '{"alerts": [{"labels": 5}]}'])
def test_what_is_no_alert_is_refused(payload: str) -> None:
    with pytest.raises(CatalogError):
        read_payload(orjson.loads(payload))


def test_an_index_follows_the_catalog(tmp_path: Path) -> None:
    made = Catalog.open("sqlite://", search=False)
    path = tmp_path / "catalog-info.yaml"
    for text in (SHOP, SHOP.replace("P1234ABC", "PCHANGED"), SHOP):
        path.write_text(text)
        made.ingest(FolderSource(tmp_path))
        for known in ("P1234ABC", "PCHANGED"):
            assert set(ask(made, known)[1]) == ({PAY, RELAY} if known in text else set())
    made.close()
