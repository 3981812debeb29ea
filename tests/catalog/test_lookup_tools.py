# ruff: noqa: E501 - a table of strings
"""What people paste from clouds, clusters and tools whose ids are no entity's name, and words that mean nothing."""

from collections.abc import Iterator

import pytest

from catalog.catalog import Catalog
from catalog.lookup import look_up, read_text
from ingestors.folder import FolderSource

CATALOG = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: invoice-worker
  title: Invoice Worker
  annotations:
    opsgenie.com/component-selector: 'tag:"service:invoice-worker"'
    opsgenie.com/team: Billing Ops
    datadoghq.com/service-name: invoice-worker
    datadoghq.com/monitor_tags: service:invoice-worker,env:prod
    rootly.com/service-slug: invoice-worker
    incident.io/service-id: 01HXYZABCDEF
    splunk.com/on-call-team: billing-oncall
    newrelic.com/dashboard-guid: MTIzNDU2fFZJWnxEQVNIQk9BUkR8MTIz
    tempo/service-name: invoicer
    jenkins.io/job-full-name: billing/invoice-worker
    backstage.io/kubernetes-label-selector: app.kubernetes.io/name=invoicer,component=worker
    backstage.io/kubernetes-namespace: billing
    github.com/project-slug: acme/invoice-worker
    sentry.io/project-slug: acme/invoice-worker
    dynatrace.com/dynatrace-entity-id: SERVICE-1A2B3C4D5E6F
    elastic.co/index: logs-invoice
  links: [{url: "https://app.datadoghq.com/monitors/1234567", title: Monitor}]
spec: {type: worker, lifecycle: production, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: invoice-queue
  annotations: {amazonaws.com/arn: "arn:aws:sqs:eu-west-1:123456789012:invoice-jobs"}
spec: {type: queue, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: invoice-fn
  annotations: {aws.com/lambda-function-name: render-invoice}
spec: {type: function, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: reporting-db, annotations: {amazonaws.com/arn: "arn:aws:rds:eu-west-1:123456789012:db:reporting-prod"}}
spec: {type: database, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: order-db, links: [{url: "https://grafana.acme.example/d/pg?var-database=order-db", title: Dashboard}]}
spec: {type: database, owner: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: invoice-files, annotations: {amazonaws.com/arn: "arn:aws:s3:::acme-invoice-files"}}
spec: {type: bucket, owner: team-payments}
"""
WORKER, QUEUE, FUNCTION, REPORTING, ORDERS, FILES = (
    "component:default/invoice-worker",
    "resource:default/invoice-queue",
    "resource:default/invoice-fn",
    "resource:default/reporting-db",
    "resource:default/order-db",
    "resource:default/invoice-files",
)
CONSOLE = "https://eu-west-1.console.aws.amazon.com"
DECIDED = {
    WORKER: [
        "invoicer-5d4f8b6c7d-x2k4p", "billing   invoicer-5d4f8b6c7d-x2k4p   0/1   ImagePullBackOff   0   2m",
        '{namespace="billing", app_kubernetes_io_name="invoicer"}', '{namespace="billing", pod="invoicer-5d4f8b6c7d-x2k4p"}',
        "[Sentry] INVOICE-WORKER-3F - TypeError: undefined", "INVOICE-WORKER-3F", "escalated to Billing Ops",
        "https://rootly.com/account/services/invoice-worker", "https://app.incident.io/acme/catalog/services/01HXYZABCDEF",
        "https://one.newrelic.com/dashboards/detail/MTIzNDU2fFZJWnxEQVNIQk9BUkR8MTIz", "billing-oncall", "logs-invoice",
        "https://abc.live.dynatrace.com/#serviceOverview;id=SERVICE-1A2B3C4D5E6F;gtf=today",
        "problem P-2611: failures on SERVICE-1A2B3C4D5E6F", "https://jenkins.acme.example/job/billing/job/invoice-worker/42/console",
        "https://app.datadoghq.com/monitors/1234567?from_ts=1", "service:invoice-worker", "env:prod service:invoice-worker",
        "[Triggered on {service:invoice-worker}] Queue depth", "https://app.datadoghq.com/dashboard/a-b-c?tpl_var_service=invoice-worker",
        'https://grafana.acme.example/explore?left={"queries":[{"query":"{resource.service.name=\\"invoicer\\"}"}]}',
        "kubernetes_deployment.invoice_worker", "[acme/invoice-worker] Run failed: CI - main (a1b2c3d)",
    ],
    QUEUE: [
        "https://sqs.eu-west-1.amazonaws.com/123456789012/invoice-jobs", "aws_sqs_queue.invoice_queue", 'queue_name="invoice-jobs"',
        f"{CONSOLE}/sqs/v3/home?region=eu-west-1#/queues/https%3A%2F%2Fsqs.eu-west-1.amazonaws.com%2F123456789012%2Finvoice-jobs",
    ],
    FUNCTION: [
        "/aws/lambda/render-invoice", "function:render-invoice", f"{CONSOLE}/lambda/home?region=eu-west-1#/functions/render-invoice",
        f"{CONSOLE}/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Frender-invoice",
    ],
    REPORTING: [
        "reporting-prod.c9akciq32.eu-west-1.rds.amazonaws.com", "reporting-prod.c9akciq32.eu-west-1.rds.amazonaws.com:5432",
        "postgres://app@reporting-prod.c9akciq32.eu-west-1.rds.amazonaws.com/reports", '{dbinstance_identifier="reporting-prod"}',
    ],
    ORDERS: [
        "module.order_db.aws_db_instance.this[0]", "postgresql://app@order-db.ordering.svc:5432/orders", "order-db-0   1/2   Running   0   3d",
        '{namespace="billing", pod="order-db-0"}', "https://grafana.acme.example/d/pg/databases?orgId=1&var-database=order-db",
    ],
    FILES: [
        "https://acme-invoice-files.s3.eu-west-1.amazonaws.com/2026/x.csv", "https://s3.eu-west-1.amazonaws.com/acme-invoice-files/x.csv",
        "aws_s3_bucket.invoice_files: Destroying... [id=acme-invoice-files]",
    ],
}  # fmt: skip
HINTS = {
    WORKER: ["env:prod", '{env="prod"}'],
    FUNCTION: ['ALARM: "render-invoice-errors" in EU (Ireland)'],
    ORDERS: ["order-db-0", "order-db-0 is not ready", 'File "/srv/order_db/migrate.py", line 42'],
}
UNKNOWN = [
    "https://app.datadoghq.com/monitors/7654321", "https://app.datadoghq.com/", "We see elevated error rates in EU",
    "aws_iam_role.lambda_exec", "acme_orders.v1", "HTTP-503", "SHA-256", "https://sqs.eu-west-1.amazonaws.com/1/other-jobs",
    "arn:aws:iam::123456789012:role/deploy", "https://acme.zoom.us/j/123456789012", "ec2-54-1-2-3.eu-west-1.compute.amazonaws.com",
    "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432", "severity=critical", 'cluster="prod-eu"', "the database is slow",
]  # fmt: skip


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    folder = tmp_path_factory.mktemp("tools")
    (folder / "catalog-info.yaml").write_text(CATALOG)
    made = Catalog.open("sqlite://", search=False)
    made.ingest(FolderSource(folder))
    yield made
    made.close()


@pytest.mark.parametrize(("ref", "text"), [(ref, text) for ref, texts in DECIDED.items() for text in texts])
def test_what_a_tool_or_a_cloud_calls_it_is_found(catalog: Catalog, ref: str, text: str) -> None:
    assert look_up(catalog.view, read_text(text)).decided == ref


@pytest.mark.parametrize(("ref", "text"), [(ref, text) for ref, texts in HINTS.items() for text in texts])
def test_what_may_be_something_else_is_a_hint(catalog: Catalog, ref: str, text: str) -> None:
    found = look_up(catalog.view, read_text(text))
    assert (found.decided, found.candidates[0].ref, found.candidates[0].surety) == ("", ref, "possible")


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_everybody_has_finds_nothing(catalog: Catalog, text: str) -> None:
    assert look_up(catalog.view, read_text(text)).candidates == ()


def test_of_a_name_the_name_is_the_first_reason(catalog: Catalog) -> None:
    [found] = look_up(catalog.view, read_text("invoice-worker")).candidates
    sure = [one.words for one in found.reasons if one.surety == "likely"]
    assert sure[:3] == ["name", "Sentry project", "service name"]
