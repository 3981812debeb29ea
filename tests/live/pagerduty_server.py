"""A PagerDuty in a process: the part of REST API v2 that is used, in the shapes of its OpenAPI description.

The shapes are those of github.com/PagerDuty/api-schema, `reference/REST/openapiv3.json`; PagerDuty's own client reads them.
"""

import re
from pathlib import Path
from typing import Any

from tests.live.tool_server import TOKEN, Asked, Reply, ToolServer

API = "https://api.pagerduty.com"
PAGES = "https://acme.pagerduty.com"
PEOPLE = {
    "PUADA1": ("Ada Abara", "ada@acme.example"),
    "PUBEN2": ("Ben Bravo", "ben@acme.example"),
    "PUCY3": ("Cy Chen", "cy@acme.example"),
}
KEY = "marked-integration-key-77"


def reference(id: str, kind: str, summary: str, page: str) -> dict[str, Any]:
    return {
        "id": id,
        "type": f"{kind}_reference",
        "summary": summary,
        "self": f"{API}/{page}/{id}",
        "html_url": f"{PAGES}/{'service-directory' if page == 'services' else page}/{id}",
    }


def user(id: str) -> dict[str, Any]:
    name, email = PEOPLE[id]
    return reference(id, "user", name, "users") | {
        "type": "user",
        "name": name,
        "email": email,
        "time_zone": "Europe/Berlin",
        "color": "green",
        "role": "user",
        "avatar_url": "https://pd-static-assets.pagerduty.com/users/blank-avatar.png",
        "description": None,
        "invitation_sent": False,
        "job_title": "Engineer",
        "teams": [],
        "contact_methods": [],
        "notification_rules": [],
    }


def policy(id: str) -> dict[str, Any]:
    return reference(id, "escalation_policy", {"PEPAY": "Payments", "PEDB": "Databases"}[id], "escalation_policies")


def service(id: str, name: str, policy_id: str, status: str = "active") -> dict[str, Any]:
    return reference(id, "service", name, "services") | {
        "type": "service",
        "name": name,
        "description": None,
        "auto_resolve_timeout": 14400,
        "acknowledgement_timeout": 600,
        "created_at": "2025-11-06T11:12:51-05:00",
        "status": status,
        "alert_creation": "create_alerts_and_incidents",
        "integrations": [reference("PQ12345", "events_api_v2_inbound_integration", "Events API V2", "integrations")],
        "escalation_policy": policy(policy_id),
        "teams": [],
        "incident_urgency_rule": {"type": "constant", "urgency": "high"},
        "support_hours": None,
        "scheduled_actions": [],
    }


def on_call(person: str, policy_id: str, level: int, schedule: str | None, end: str | None) -> dict[str, Any]:
    name = PEOPLE[person][0]
    return {
        "user": reference(person, "user", name, "users"),
        "schedule": reference("PI7DH85", "schedule", schedule, "schedules") if schedule else None,
        "escalation_policy": policy(policy_id),
        "escalation_level": level,
        "start": "2026-11-20T08:00:00Z" if end else None,
        "end": end,
    }


def incident(id: str, title: str, status: str, service_id: str, created: str) -> dict[str, Any]:
    assignee = reference("PUADA1", "user", "Ada Abara", "users")
    return reference(id, "incident", f"[#1234] {title}", "incidents") | {
        "type": "incident",
        "incident_number": 1234,
        "title": title,
        "created_at": created,
        "updated_at": created,
        "status": status,
        "incident_key": "baf7cf21b1da41b4b0221008339ff357",
        "service": reference(service_id, "service", "Payment API", "services"),
        "assignments": [{"at": created, "assignee": assignee}] if status != "resolved" else [],
        "assigned_via": "escalation_policy",
        "last_status_change_at": created,
        "resolved_at": None,
        "alert_counts": {"all": 1, "triggered": 1, "resolved": 0},
        "is_mergeable": True,
        "escalation_policy": policy("PEPAY"),
        "teams": [],
        "pending_actions": [],
        "acknowledgements": [],
        "priority": reference("P53ZZH5", "priority", "P2", "priorities"),
        "resolve_reason": None,
        "urgency": "high",
    }


def change(id: str, summary: str, at: str, service_id: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "id": id,
        "timestamp": at,
        "type": "change_event",
        "source": "acme-build-pipeline",
        "integration": {"id": "PEYSGVF", "type": "inbound_integration_reference"},
        "services": [{"id": service_id, "type": "service_reference"}],
        "custom_details": {"build_state": "passed"},
        "links": [{"href": "https://ci.acme.example/build/2", "text": "View more details"}],
    }


class PagerDutyServer(ToolServer):
    """Three services, two policies, three people; who has not the token is refused."""

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(self._answer, certificate)
        self.services = {
            "P1234ABC": service("P1234ABC", "Payment API", "PEPAY"),
            "P5678DEF": service("P5678DEF", "Payments database", "PEDB", "maintenance"),
        }
        self.on_calls = [
            on_call("PUBEN2", "PEPAY", 2, None, None),
            on_call("PUADA1", "PEPAY", 1, "Payments, primary", "2026-11-27T08:00:00Z"),
            on_call("PUADA1", "PEPAY", 1, "Payments, weekend", "2026-11-24T08:00:00Z"),
            on_call("PUCY3", "PEDB", 1, "Databases", "2026-11-24T09:00:00+01:00"),
        ]
        self.incidents = [
            incident("PT4KHLK", "Payments fail", "triggered", "P1234ABC", "2026-11-23T02:10:00Z"),
            incident("PT5KHLK", "Slow payments", "acknowledged", "P1234ABC", "2026-11-22T21:00:00Z"),
            incident("PT6KHLK", "Over", "resolved", "P1234ABC", "2026-11-21T21:00:00Z"),
        ]
        self.changes = [
            change("01BBYA6PEVW6A852BUO6QYUE7O", "Deploy 4.2.1", "2026-11-23T01:58:00Z", "P1234ABC"),
            change("01BBYA6PDIXPL8KO1HPIUL9CZN", "Failover", "2026-11-23T02:01:00Z", "P5678DEF"),
        ]
        self.left = 900

    def _answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Token token={TOKEN}":
            return _error(401, 2006, "Unauthorized")
        self.left -= 1
        headers = {"ratelimit-limit": "960", "ratelimit-remaining": str(max(self.left, 0)), "ratelimit-reset": "7"}
        reply = self._find(asked)
        return Reply(reply.body, reply.status, headers)

    def _find(self, asked: Asked) -> Reply:
        if match := re.fullmatch(r"/services/(\w+)(/change_events)?", asked.path):
            if match[1] not in self.services:
                return _error(404, 2100, "Not Found")
            if not match[2]:
                return Reply({"service": self.services[match[1]]})
            of_service = [one for one in self.changes if one["services"][0]["id"] == match[1]]
            return _page("change_events", of_service, asked)
        if asked.path == "/oncalls":
            return _page("oncalls", [self._with_user(one, asked) for one in self._of_policies(asked)], asked)
        if asked.path == "/incidents":
            wanted, statuses = asked.query.get("service_ids[]"), asked.query.get("statuses[]")
            chosen = [
                one
                for one in self.incidents
                if (not wanted or one["service"]["id"] in wanted) and (not statuses or one["status"] in statuses)
            ]
            return _page("incidents", chosen, asked)
        if match := re.fullmatch(r"/incidents/(\w+)", asked.path):
            (*_, found) = (None, *(one for one in self.incidents if one["id"] == match[1]))
            return Reply({"incident": found}) if found else _error(404, 2100, "Not Found")
        if asked.path == "/services":
            return _page(
                "services", [one for one in map(self._with_key, self.services.values()) if self._is(one, asked)], asked
            )
        return _error(404, 2100, "Not Found")

    def _of_policies(self, asked: Asked) -> list[dict[str, Any]]:
        wanted = asked.query.get("escalation_policy_ids[]")
        return [one for one in self.on_calls if not wanted or one["escalation_policy"]["id"] in wanted]

    def _with_user(self, one: dict[str, Any], asked: Asked) -> dict[str, Any]:
        return one | {"user": user(one["user"]["id"])} if "users" in asked.query.get("include[]", []) else one

    def _with_key(self, one: dict[str, Any]) -> dict[str, Any]:
        key = KEY if one["id"] == "P1234ABC" else "another"
        return one | {"integrations": [part | {"integration_key": key} for part in one["integrations"]]}

    def _is(self, one: dict[str, Any], asked: Asked) -> bool:
        query = asked.query.get("query", [""])[0]
        return not query or query in one["name"] or query == one["integrations"][0]["integration_key"]


def _page(name: str, found: list[dict[str, Any]], asked: Asked) -> Reply:
    limit, offset = int(asked.query.get("limit", ["25"])[0]), int(asked.query.get("offset", ["0"])[0])
    part = found[offset : offset + limit]
    more = offset + limit < len(found)
    total = len(found) if asked.query.get("total") == ["true"] else None
    return Reply({name: part, "limit": limit, "offset": offset, "more": more, "total": total})


def _error(status: int, code: int, message: str) -> Reply:
    return Reply({"error": {"message": message, "code": code}}, status)
