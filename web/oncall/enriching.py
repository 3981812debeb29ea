"""Alerts with what the catalog knows: whose they are, what to do, what hangs on it, as annotations that any receiver takes.

Nothing else in a payload is touched. Which entity an alert is about is looked up and never guessed.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.lookup import Alert, Candidate, Clue, locate_alerts, look_up_alert
from web.entity.owners import Owner, find_owners
from web.entity.tier import find_tier
from web.entity.tools import find_tools
from web.oncall.card import find_whole, group_links, read_annotations
from web.urls import card_path, with_query

ANNOTATIONS: Final[Mapping[str, str]] = {
    "callboard_entity": "the entity that the alert is about, as a ref; only where that is decided",
    "callboard_surety": "how sure that is: `certain` or `likely`; `undecided` among several; `unknown` where there is none",
    "callboard_why": "what in the alert led to the entity, and where the entity says so",
    "callboard_candidates": "where it is undecided: up to five entities that may be meant, best first, with the reason",
    "callboard_url": "the page of the card; where it is undecided, the page with all candidates",
    "callboard_tier": "how much hangs on it",
    "callboard_lifecycle": "its lifecycle",
    "callboard_system": "the system that it is a part of, as a ref",
    "callboard_owner": "the owners, as refs",
    "callboard_owner_contacts": "how to reach the first owner: on call, chat, phone, e-mail",
    "callboard_fallback": "the team above the owner, as a ref",
    "callboard_fallback_contacts": "how to reach that team",
    "callboard_pager": "address of its page in the incident tool",
    "callboard_runbook": "address of its first runbook",
    "callboard_dashboard": "address of its first dashboard",
    "callboard_impact_entities": "how many entities depend on it, directly or not",
    "callboard_impact_teams": "how many teams own those",
}
"""What an alert may be given. All are texts, as Alertmanager's format has it; one without a value is left out."""
_SHOWN_CANDIDATES, _SHOWN_WAYS, _LONGEST_QUESTION, _LONGEST = 5, 4, 500, 4_000


@dataclass(frozen=True, slots=True)
class Enriched:
    """How many alerts a payload has, and about how many of them an entity was decided on."""

    alerts: int
    decided: int


def enrich_payload(catalog: Catalog, payload: Json, home: str, seconds: float = 4.0) -> Enriched:
    """Give each alert of a payload its annotations, in place. `home` is the address that the pages' paths follow.

    Those that are not done after so many seconds stay as they are: whoever waits for them would give up. Raises `CatalogError`
    for a payload without any alert.
    """
    located, ends = locate_alerts(payload), time.monotonic() + seconds
    clerk = _Clerk(catalog, home)
    given: list[Mapping[str, str]] = []
    for target, alert in located:
        if given and time.monotonic() > ends:
            break
        given.append(_annotate(target, clerk.tell(alert)))
    if isinstance(payload, dict) and isinstance(common := payload.get("commonAnnotations"), dict):
        _replace(common, _intersect(given))
    return Enriched(len(located), sum("callboard_entity" in one for one in given))


class _Clerk:
    """Tells about alerts; what many of them share is found out once."""

    def __init__(self, catalog: Catalog, home: str) -> None:
        self._catalog, self._view, self._home = catalog, catalog.view, home
        self._by_clues: dict[tuple[tuple[Clue, ...], tuple[tuple[str, str], ...]], dict[str, str]] = {}
        self._by_ref: dict[str, dict[str, str]] = {}

    def tell(self, alert: Alert) -> dict[str, str]:
        """The annotations for an alert."""
        known = alert.clues, alert.words
        if known not in self._by_clues:
            self._by_clues[known] = self._look_up(alert)
        return self._by_clues[known]

    def _look_up(self, alert: Alert) -> dict[str, str]:
        found = look_up_alert(self._view, alert, _SHOWN_CANDIDATES)
        if found.decided:
            if found.decided not in self._by_ref:
                self._by_ref[found.decided] = describe_entity(self._catalog, found.decided, self._home)
            best = found.candidates[0]
            return {"callboard_surety": best.surety, "callboard_why": _say_why(best), **self._by_ref[found.decided]}
        return _clean({
            "callboard_surety": "undecided" if found.candidates else "unknown",
            "callboard_candidates": ", ".join(f"{one.ref} ({one.surety}: {_say_why(one)})" for one in found.candidates),
            "callboard_url": self._home + with_query("/oncall", {"q": _as_question(alert), "all": "1"}),
        })  # fmt: skip


def describe_entity(catalog: Catalog, ref: str, home: str) -> dict[str, str]:
    """What the catalog knows of an entity, as annotations."""
    view = catalog.view
    entity = view.entity(ref) or {"kind": "", "metadata": {}}
    metadata, spec, whole = entity["metadata"], entity.get("spec") or {}, find_whole(entity)
    owners, (entities, teams) = find_owners(view, ref, entity), catalog.count_blast(ref)
    layers = find_tools(read_annotations(entity)).cards
    links = {group.heading: group.links[0].href for group in group_links(entity, layers)}
    pagers = (href for layer in layers if layer.name == "incidents" for tool in layer.tools
              for _, href in [*tool.values, *tool.links])  # fmt: skip
    return _clean({
        "callboard_entity": ref,
        "callboard_url": home + card_path(ref),
        "callboard_tier": find_tier(metadata),
        "callboard_lifecycle": str(spec.get("lifecycle") or ""),
        "callboard_system": whole if whole.startswith("system:") else "",
        "callboard_owner": ", ".join(one.item.ref for one in owners.found),
        "callboard_owner_contacts": _say_ways(owners.found),
        "callboard_fallback": owners.above[0].item.ref if owners.above else "",
        "callboard_fallback_contacts": _say_ways(owners.above),
        "callboard_pager": next(filter(None, pagers), ""),
        "callboard_runbook": links.get("Runbooks", ""),
        "callboard_dashboard": links.get("Dashboards", ""),
        "callboard_impact_entities": str(entities),
        "callboard_impact_teams": str(teams),
    })  # fmt: skip


def _say_ways(owners: Sequence[Owner]) -> str:
    """How to reach the first of them."""
    ways = owners[0].ways[:_SHOWN_WAYS] if owners else ()
    return "; ".join(
        f"{way.heading}: {way.label}" + (f" {way.href}" if way.href.startswith("http") else "") for way in ways
    )


def _say_why(one: Candidate) -> str:
    reason = one.reasons[0]
    return f"{reason.words} `{reason.value}` in {reason.where}"


def _as_question(alert: Alert) -> str:
    """The alert as a text that the page takes: its labels, as many as there is room for, or its title."""
    told = ""
    for name, value in alert.labels.items():
        longer = f'{told}{"," if told else ""}{name}="{value}"'
        if '"' not in value and len(longer) < _LONGEST_QUESTION:
            told = longer
    return f"{{{told}}}" if told else alert.title


def _annotate(target: dict[str, Json], given: Mapping[str, str]) -> Mapping[str, str]:
    """Put the annotations where receivers look for them; what is there and is no set of annotations stays."""
    if target.get("annotations") is None:
        target["annotations"] = {}
    if isinstance(target["annotations"], dict):
        _replace(target["annotations"], given)
    return given


def _replace(annotations: dict[str, Json], given: Mapping[str, str]) -> None:
    """Without those that an earlier pass left: they may not be so any more."""
    for name in ANNOTATIONS:
        annotations.pop(name, None)
    annotations.update(given)


def _intersect(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Those that all have, with the same value: what Alertmanager calls common."""
    first, *others = given
    return {name: text for name, text in first.items() if all(one.get(name) == text for one in others)}


def _clean(given: Mapping[str, str]) -> dict[str, str]:
    return {name: text[:_LONGEST] for name, text in given.items() if text}
