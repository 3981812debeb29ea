"""The picture of an incident as plain text, to paste into a chat."""

from typing import TYPE_CHECKING

from web.blasts import Impact, list_names, name_team
from web.names import count_words

if TYPE_CHECKING:
    from web.oncall.incident import Incident, Suspect

_TOLD_TEAMS, _TOLD_ALERTS = 5, 3


def write_message(incident: "Incident", address: str) -> str:
    """Plain text to paste into a chat."""
    failing = incident.failing
    if not failing:
        return f"Nothing that fails is in the catalog.\n{address}"
    lines = [f"Failing: {list_names(failing, 10, len(failing) + incident.left_out)}"]
    if incident.unknown:
        lines.append(f"Not in the catalog: {', '.join(ref for ref, _ in incident.unknown[:5])}")
    lines += _say_cause(incident)
    for call in incident.calls[:8]:
        people = ", ".join(dict.fromkeys(person.name for person in call.on_call[:3]))
        team = name_team(call.owner.item.label, call.owner.ways) + (f", on call now {people}," if people else "")
        lines.append(f"Call {team} for {list_names(call.entities, 5)}")
    if incident.unowned:
        lines.append(f"Nobody owns {list_names(incident.unowned, 5)}")
    if incident.impact is not None and incident.impact.total:
        lines.append(f"Still to come: {_say_impact(incident.impact)}")
    return "\n".join([*lines, address])


def _say_cause(incident: "Incident") -> list[str]:
    if incident.is_single:
        return []
    if not incident.suspects:
        return ["In common: nothing that the catalog knows"]
    first = incident.suspects[0]
    if not incident.cause:
        return [f"In common, no likely cause: {first.item.label} ({first.reason})"]
    rival = next((one for one in incident.suspects if one.item.ref == incident.rival), None)
    told = f"Likely cause: {_say_suspect(incident, first)}"
    apart = incident.apart
    return [
        told,
        *([f"Or as likely: {_say_suspect(incident, rival)}"] if rival else []),
        *([f"Apart from that, {list_names(incident.others, 5)}: {_say_suspect(incident, apart)}"] if apart else []),
    ]


def _say_suspect(incident: "Incident", one: "Suspect") -> str:
    firing = [alert.title for alert in incident.firing.get(one.item.ref, ())[:_TOLD_ALERTS]]
    fires = f", of which {', '.join(firing)} fires" if firing and not one.is_failing else ""
    return f"{one.item.label}{fires} ({one.reason})"


def _say_impact(impact: Impact) -> str:
    entities, teams = count_words(impact.total, "entity", "entities"), count_words(impact.team_count, "team")
    told = [f"{team.item.label if team.item else 'nobody'} {team.total}" for team in impact.teams[:_TOLD_TEAMS]]
    more = impact.team_count - sum(team.item is not None for team in impact.teams[:_TOLD_TEAMS])
    return f"{entities} of {teams}: {', '.join(told)}{f' and {more} more' if more > 0 else ''}"
