"""What a text is about: in the catalog as it is, as it was, and, of an incident's address, what its tool says that it is of."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from catalog.catalog import Catalog
from catalog.live import Incident, LiveFacts, PagerService, Panel
from catalog.lookup import MAX_TEXT, Alert, Clue, Findings, Surety, look_up, look_up_alert, read_text, spell_names
from catalog.view import View
from web.names import Item, find_near
from web.oncall.former import look_up_text
from web.oncall.opaque import explain_address

_INCIDENT: Final = re.compile(r"\bpagerduty\.com/incidents/([A-Z0-9]{6,20})\b", re.IGNORECASE)
_SECONDS, _AT_ONCE = 0.8, 0.3
_SHORTEST: Final = 4
_MOST_NEAR: Final = 6


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates; those that are called alike where there are only hints; what a tool said, or why none was asked."""

    findings: Findings = field(default_factory=Findings)
    near: Sequence[Item] = ()
    note: str = ""


async def find(catalog: Catalog, tools: LiveFacts, text: str, limit: int, alerts: Sequence[Alert] = ()) -> Found:
    """What a text is about, or the first of the alerts that were read from it."""
    if alerts:
        found = await asyncio.to_thread(look_up_alert, catalog.view, alerts[0], limit)
    else:
        found = await asyncio.to_thread(look_up_text, catalog, text[:MAX_TEXT], limit)
    if not found.decided and (incident := _INCIDENT.search(text)):
        panels = await tools.find_incident(incident[1].upper(), _SECONDS)
        return await asyncio.to_thread(_read_incident, catalog.view, panels, found, limit)
    if not found.decided and tools.standings() and not alerts:
        found = await _find_by_service(catalog.view, tools, text[:MAX_TEXT], found, limit)
    near = await asyncio.to_thread(find_alike, catalog.view, text) if text and found.is_vague else []
    refs = {one.ref for one in found.candidates}
    note = "" if found.candidates else explain_address(text)
    return Found(found, [one for one in near if one.ref not in refs], note)


async def _find_by_service(view: View, tools: LiveFacts, text: str, found: Findings, limit: int) -> Findings:
    """The same with the PagerDuty services that the text names: a call or a message in the night says no more than that."""
    panels = await tools.list_services(_AT_ONCE)
    named = [one for panel in panels for one in panel.facts.services if _names(text, one.name)]
    if not named:
        return found
    longest = [one for one in named if not any(one.name in other.name and one.name != other.name for other in named)]
    clues = [_read_service(one, text) for one in longest]
    its = await asyncio.to_thread(look_up, view, [*read_text(text), *clues], limit)
    return its if its.candidates else found


def _names(text: str, name: str) -> bool:
    if len(name) < _SHORTEST or name.casefold() not in text.casefold():
        return False
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _read_service(one: PagerService, text: str) -> Clue:
    """A name of one plain word is a hint among other words."""
    is_all = one.name.casefold() == text.strip().casefold()
    surety: Surety = "certain" if is_all or not one.name.isalpha() else "possible"
    return Clue("pagerduty-service", one.id, surety, f"the PagerDuty service `{one.name}`", "" if is_all else one.name)


def find_alike(view: View, text: str) -> list[Item]:
    """What is called like the names that a text may spell."""
    found = (item for name in spell_names(text) for item in find_near(view, name, _MOST_NEAR))
    return list({item.ref: item for item in found}.values())[:_MOST_NEAR]


def _read_incident(view: View, panels: Sequence[Panel], found: Findings, limit: int) -> Found:
    incidents = [one for panel in panels for one in panel.facts.incidents if one.service_id]
    if not incidents:
        return Found(found, note=_say_silence(panels))
    its = look_up(view, [clue for one in incidents for clue in _read_clues(one)], limit)
    return Found(its if its.candidates else found, note=" ".join(_say_service(one, its) for one in incidents))


def _read_clues(incident: Incident) -> Iterator[Clue]:
    yield Clue("pagerduty-service", incident.service_id, "certain", "the incident's PagerDuty service")


def _say_service(one: Incident, its: Findings) -> str:
    told = f"PagerDuty says that the incident is `{one.title}`, of its service `{one.service}` ({one.service_id})"
    return f"{told}." if its.candidates else f"{told}, which no entity names in `pagerduty.com/service-id`."


def _say_silence(panels: Sequence[Panel]) -> str:
    """Why nothing is known of an incident."""
    if not panels:
        return (
            "The address of an incident does not say what it is about, and no PagerDuty is configured under `live.pagerduty` "
            "that could be asked. Look up its title, or the service that it names."
        )
    down = [panel for panel in panels if panel.state not in ("fresh", "cached")]
    if not down:
        return "PagerDuty knows no such incident."
    told = "; ".join(f"`{panel.name}`: {panel.reason or 'no answer yet'}" for panel in down)
    return f"The address of an incident does not say what it is about, and PagerDuty does not answer ({told})."
