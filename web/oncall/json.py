"""The card, the panels and the picture of an incident as JSON, with the pages' own words for keys."""

from collections.abc import Iterable
from datetime import datetime

from catalog.alerts import Alert, Declared
from catalog.documents import Json
from catalog.live import OnCall, Panel
from web.blasts import Impact
from web.entity.owners import Owner
from web.links import Link
from web.names import Item
from web.oncall.card import Card, Recent
from web.oncall.incident import Incident, Suspect
from web.oncall.live import Live
from web.reach import Way


def card_json(card: Card, live: Live) -> dict[str, Json]:
    """A card with what the tools say."""
    return {
        **item_json(card.item),
        "tier": card.tier,
        "lifecycle": card.lifecycle,
        "partOf": card.whole.ref if card.whole else None,
        "description": card.line,
        "owners": [owner_json(one) for one in card.owners.found],
        "fallback": [owner_json(one) for one in card.owners.above],
        "pagers": [
            {"tool": tool.tool, "what": tool.label, "value": value, "href": href}
            for tool in card.pagers
            for value, href in tool.values
        ],
        "links": {
            **({"Runbooks": [_link_json(one) for one in card.runbooks]} if card.runbooks else {}),
            **{group.heading: [_link_json(one) for one in group.links] for group in card.links},
        },
        "alertsDeclared": _declared_json(card.declared),
        "firing": [alert_json(one) for one in live.alerts],
        "live": [panel_json(one) for one in live.panels],
        "needs": [
            {
                **item_json(one.item),
                "relation": one.relation,
                "owner": one.owner.ref if one.owner else None,
                "firing": live.marks.get(one.item.ref, 0),
            }
            for one in live.needs
        ],
        "needsTotal": card.needs_total,
        "needsAre": card.needs_heading,
        "impact": impact_json(card.impact),
        "recent": [_recent_json(one) for one in card.recent],
        "recentTotal": card.recent_total,
        "recentSince": moment_json(card.since),
        "source": card.source,
        "readAt": moment_json(card.read_at),
        "failure": card.failure,
    }


def incident_json(one: Incident) -> dict[str, Json]:
    """The picture of an incident."""
    return {
        "failing": [{**item_json(item), **_firing_json(one, item)} for item in one.failing],
        "unknown": [{"entityRef": ref, "near": [item.ref for item in near]} for ref, near in one.unknown],
        "cause": one.cause or None,
        "rival": one.rival or None,
        "leftOut": one.left_out,
        "doubt": one.doubt,
        "suspects": [{**_suspect_json(suspect), **_firing_json(one, suspect.item)} for suspect in one.suspects],
        "apart": {**_suspect_json(one.apart), **_firing_json(one, one.apart.item)} if one.apart else None,
        "others": [item.ref for item in one.others],
        "calls": [
            {
                **owner_json(call.owner),
                "for": [item.ref for item in call.entities],
                "isCause": call.is_cause,
                "onCall": [_person_json(person) for person in call.on_call],
                "fallback": [owner_json(above) for above in call.above],
            }
            for call in one.calls
        ],
        "unowned": [item.ref for item in one.unowned],
        "impact": impact_json(one.impact) if one.impact else None,
        "message": one.message,
    }


def _firing_json(incident: Incident, item: Item) -> dict[str, Json]:
    return {"firing": sum(one.count for one in incident.firing.get(item.ref, ()))}


def item_json(item: Item) -> dict[str, Json]:
    """An entity in a list."""
    return {
        "entityRef": item.ref,
        "title": item.label,
        "kind": item.kind,
        "type": item.note,
        "exists": item.exists,
    }


def owner_json(owner: Owner) -> dict[str, Json]:
    """An owner with every way to reach them."""
    return {**item_json(owner.item), "contacts": _ways_json(owner.ways)}


def impact_json(impact: Impact) -> dict[str, Json]:
    """How much breaks, by team; `teams` are the nearest, nobody among them, `teamsTotal` counts real teams."""
    return {
        "entities": impact.total,
        "teamsTotal": impact.team_count,
        "bySteps": {str(step): number for step, number in impact.steps},
        "teams": [
            {
                "entityRef": team.item.ref if team.item else None,
                "entities": team.total,
                "nearest": team.nearest,
                "contacts": _ways_json(team.ways),
            }
            for team in impact.teams
        ],
    }


def panel_json(panel: Panel) -> dict[str, Json]:
    """What one tool says."""
    facts = panel.facts
    return {
        "name": panel.name,
        "tool": panel.tool,
        "state": panel.state,
        "askedAt": moment_json(panel.asked_at),
        "since": moment_json(panel.since),
        "reason": panel.reason,
        "services": [
            {**_named_json(one, "id", "name", "href", "status", "policy"), "policyHref": one.policy_href}
            for one in facts.services
        ],
        "onCall": [_person_json(one) for one in facts.on_call],
        "incidents": [
            {
                **_named_json(one, "id", "title", "status", "href", "service"),
                "since": moment_json(one.created),
                "assigned": list(one.assigned),
            }
            for one in facts.incidents
        ],
        "changes": [{"summary": one.summary, "at": moment_json(one.at), "href": one.href} for one in facts.changes],
        "alerts": [alert_json(one) for one in facts.alerts],
        "dashboards": [{"title": one.title, "href": one.href} for one in facts.dashboards],
        "readings": [{"query": one.query, "rows": [list(row) for row in one.rows]} for one in facts.readings],
        "unknown": list(facts.unknown),
        "notes": list(facts.notes),
    }


def alert_json(alert: Alert) -> dict[str, Json]:
    """An alert as a tool tells it."""
    return {
        "name": alert.name,
        "state": alert.state,
        "labels": dict(alert.labels),
        "summary": alert.summary,
        "runbook": alert.runbook,
        "since": moment_json(alert.since),
        "source": alert.source,
    }


def _person_json(one: OnCall) -> Json:
    return {"level": one.level, **_named_json(one, "name", "email", "href", "policy"), "until": moment_json(one.until)}


def _named_json(one: object, *names: str) -> dict[str, Json]:
    return {name: getattr(one, name) for name in names}


def _ways_json(ways: Iterable[Way]) -> list[Json]:
    return [{"kind": way.kind, "label": way.label, "href": way.href} for way in ways]


def moment_json(at: datetime | None) -> str | None:
    """A moment in ISO 8601."""
    return at.isoformat(timespec="seconds") if at else None


def _suspect_json(suspect: Suspect) -> dict[str, Json]:
    return {**item_json(suspect.item), "reason": suspect.reason, "covers": suspect.covers, "fails": suspect.is_failing}


def _link_json(one: Link) -> dict[str, Json]:
    return {"title": one.label, "href": one.href}


def _declared_json(declared: Declared) -> dict[str, Json]:
    return {
        "names": list(declared.names),
        "all": declared.every,
        "labels": dict(declared.labels),
        "grafana": dict(declared.grafana),
    }


def _recent_json(one: Recent) -> dict[str, Json]:
    return {
        **item_json(one.item),
        "how": one.change.how,
        "at": moment_json(one.change.time),
        "revision": one.change.revision,
        "steps": one.hops,
    }
