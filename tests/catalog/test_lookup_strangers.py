"""Payloads of tools whose shapes are not known: what they say is read as the texts of a message are, and never guessed."""

import pytest

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.lookup import look_up_alert, read_payload
from catalog.lookup.payloads import locate_alerts
from catalog.lookup.strangers import read_stranger

ORDERS, FILES = "component:default/order-service", "resource:default/settlement-files"
SENTRY = {
    "action": "created",
    "data": {
        "issue": {
            "id": "5512",
            "shortId": "ORDER-SERVICE-3F",
            "title": "TypeError",
            "project": {"slug": "order-service"},
        }
    },
}
ROOTLY = {
    "event": {"type": "incident.created"},
    "data": {"title": "Orders stuck", "services": [{"slug": "order-service"}]},
}
NEW_RELIC = {
    "id": "d1b1",
    "title": "order-service result is > 5.0",
    "impactedEntities": ["order-service"],
    "state": "ACTIVATED",
}
SPLUNK = {"message_type": "CRITICAL", "entity_id": "orders/latency", "entity_display_name": "order-service latency"}
INCIDENT_IO = {
    "incident": {
        "name": "Stuck",
        "custom_field_entries": [{"values": [{"value_catalog_entry": {"name": "order-service"}}]}],
    }
}
DATADOG = {"alert_title": "Stuck", "tags": "env:prod,service:order-service", "priority": "P1"}
CLOUDWATCH = {
    "AlarmName": "bucket-errors",
    "Trigger": {"Dimensions": [{"value": "acme-settlement-files", "name": "BucketName"}]},
}
SNS = {"Type": "Notification", "Message": '{"AlarmName": "x", "Trigger": {"Dimensions": [{"value": "acme-settlement-files", "name": "BucketName"}]}}'}  # fmt: skip # noqa: E501


@pytest.mark.parametrize(
    ("payload", "ref", "title"),
    [
        (SENTRY, ORDERS, "TypeError"),
        (ROOTLY, ORDERS, "Orders stuck"),
        (NEW_RELIC, ORDERS, "order-service result is > 5.0"),
        (SPLUNK, ORDERS, "order-service latency"),
        (INCIDENT_IO, ORDERS, "Stuck"),
        (DATADOG, ORDERS, "Stuck"),
        (CLOUDWATCH, FILES, "bucket-errors"),
        (SNS, FILES, "x"),
    ],
)
def test_a_payload_of_any_tool_is_read_for_what_it_says(sample: Catalog, payload: Json, ref: str, title: str) -> None:
    [alert] = read_payload(payload)
    assert (look_up_alert(sample.view, alert).decided, alert.title) == (ref, title)


@pytest.mark.parametrize("payload", [{}, [], [[]], 1, None, {"a": 1, "b": [True, None]}, {"a": " "}])
def test_what_says_nothing_is_refused_with_what_would_be_understood(payload: Json) -> None:
    with pytest.raises(CatalogError, match="no alert that is understood"):
        read_payload(payload)


def test_what_is_to_be_sent_on_has_to_have_a_shape_that_receivers_know() -> None:
    with pytest.raises(CatalogError, match="no alert that is understood"):
        locate_alerts(SENTRY)


def test_a_payload_as_large_as_may_be_is_read_as_far_as_its_first_texts() -> None:
    wide = {str(at): f"text-{at}" for at in range(100_000)}
    assert len(read_stranger(wide)[1].splitlines()) == 100
    deep: Json = "far down"
    for _ in range(400):
        deep = [deep]
    assert read_stranger({"title": "near", "deep": deep}) == ("near", "near")
