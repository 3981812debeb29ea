"""The picture of an incident: what failing entities have in common, whom to call in which order, what is still to come."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from catalog.catalog import Catalog
from catalog.live import Firing, LiveFacts, OnCall
from catalog.view import View
from web.blasts import Impact, describe_blast
from web.charts import Picture, picture_chart
from web.entity.owners import Owner, find_owners
from web.names import Item, count_words, describe, find_near, spell_number
from web.oncall.card import SHOWN_TEAMS, read_annotations
from web.oncall.live import list_first_called
from web.oncall.matched import Matched, group_firing
from web.oncall.message import write_message
from web.questions import Asked
from web.urls import with_query

if TYPE_CHECKING:
    from catalog.graph.upstream import Upstream

MAX_REFS: Final = 50
_SHOWN_SUSPECTS: Final = 5
_SHOWN_STEPS: Final = 6
_ASKED_CALLS, _ASKED_ENTITIES = 8, 5
_ACCOUNT, _SERVICES = "pagerduty.com/account", "pagerduty.com/service-id"
_PAGERS: Final = ("pagerduty.com/", "opsgenie.com/")
_AS_LIKELY: Final = 0.5
"""Steps of difference between suspects that say nothing."""
_DISTANCES: Final = {0: "it fails itself", 1: "directly"}


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something that failing entities have in common, with the reason in words."""

    item: Item
    reason: str
    covers: int
    is_failing: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A team to call, and what for: the first because the likely cause is theirs; who is on call, as far as is known."""

    owner: Owner
    above: Sequence[Owner]
    entities: list[Item]
    is_cause: bool
    on_call: Sequence[OnCall] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """The whole picture. `cause` is the first suspect where that says anything, `rival` the second where it is as likely.

    `unknown` are refs that were asked for and that the catalog does not have, each with those that may be meant; `left_out`
    counts what fails and is too much for a picture. `doubt` says why there is no cause among the suspects. `impact` is of
    the cause, or of all that fails where there is none. `firing` are the alerts that what fails and what is suspected declare
    and that the tools say fire now, by ref. `others` fail and do not need the cause;
    `apart` is what they have in common, if anything: there may be two incidents at once.
    """

    failing: list[Item]
    unknown: list[tuple[str, list[Item]]]
    suspects: list[Suspect]
    cause: str
    rival: str
    calls: list[Call]
    unowned: list[Item]
    picture: Picture | None
    graph_href: str
    impact: Impact | None
    impact_href: str
    message: str
    left_out: int = 0
    doubt: str = ""
    firing: Mapping[str, Sequence[Matched]] = field(default_factory=dict)
    apart: Suspect | None = None
    others: Sequence[Item] = ()

    @property
    def is_single(self) -> bool:
        """Whether one thing fails: whatever it needs may be why."""
        return len(self.failing) == 1


async def picture_live(
    catalog: Catalog, tools: LiveFacts, refs: Sequence[str], address: str, seconds: float, firing: Firing | None = None
) -> Incident:
    """The picture, with who is on call for each team and what fires, as far as the tools say so within these seconds.

    Where `firing` is known already, nobody is asked for it again.
    """
    made = await asyncio.to_thread(picture_incident, catalog, refs, address)
    if not tools.standings():
        return made
    asked = [_ask_on_call(catalog.view, tools, call, seconds) for call in made.calls[:_ASKED_CALLS]]
    if firing is None:
        told, calls = await asyncio.gather(tools.firing(seconds), asyncio.gather(*asked))
    else:
        told, calls = firing, await asyncio.gather(*asked)
    items = [*made.failing, *(one.item for one in (*made.suspects, made.apart) if one)]
    found = {item.ref: _list_firing(catalog.view, told, item.ref) for item in items}
    made = replace(
        made, calls=[*calls, *made.calls[_ASKED_CALLS:]], firing={ref: some for ref, some in found.items() if some}
    )
    return replace(made, message=write_message(made, address))


def _list_firing(view: View, found: Firing, ref: str) -> Sequence[Matched]:
    entity = view.entity(ref)
    declared = found.of(read_annotations(entity)) if entity else ()
    return group_firing((alert for alert in declared if alert.state == "firing"), ref)


async def _ask_on_call(view: View, tools: LiveFacts, call: Call, seconds: float) -> Call:
    """Who is called first now for a team's entities."""
    panels = await tools.ask(_join_pagers(view, call.entities[:_ASKED_ENTITIES]), seconds)
    return replace(call, on_call=list_first_called(panels))


def _join_pagers(view: View, items: Sequence[Item]) -> dict[str, str]:
    """What names the pagers of several entities, as if they were one: of the account of the first that has any."""
    joined: dict[str, str] = {}
    for item in items:
        entity = view.entity(item.ref)
        annotations = read_annotations(entity) if entity else {}
        named = {key: one for key, one in annotations.items() if key.startswith(_PAGERS)}
        if joined and named.get(_ACCOUNT) != joined.get(_ACCOUNT):
            continue
        services = filter(None, (joined.get(_SERVICES), named.get(_SERVICES)))
        joined = {**named, **joined, **({_SERVICES: ids} if (ids := ",".join(services)) else {})}
    return joined


def picture_incident(catalog: Catalog, refs: Sequence[str], address: str) -> Incident:
    """The picture for these failing entities. `address` is where whoever gets the message finds it."""
    view, all_asked_for = catalog.view, list(dict.fromkeys(refs))
    asked_for = all_asked_for[:MAX_REFS]
    failing = [ref for ref in asked_for if view.get(ref) is not None]
    unknown = [(ref, find_near(view, ref.rpartition("/")[2], 4)) for ref in asked_for if view.get(ref) is None]
    upstreams = catalog.upstreams(failing) if failing else []
    likely = _choose_likely(upstreams, failing)
    cause = likely[0].ref if likely else ""
    suspects = [_suspect(view, one, failing) for one in upstreams[:_SHOWN_SUSPECTS]]
    others = [ref for ref in failing if likely and ref not in likely[0].steps]
    apart = _find_apart(catalog, others)
    calls, unowned = _list_calls(view, [*failing, *([apart.item.ref] if apart else [])], cause)
    roots = (cause,) if cause else tuple(failing)
    blast = catalog.sum_blast(*roots, first=SHOWN_TEAMS, without=failing) if roots else None
    impact = describe_blast(view, blast, "in", SHOWN_TEAMS) if blast is not None else None
    asked = _ask(failing, likely[0] if likely else None)
    picture = picture_chart(view, catalog.chart(asked.question()), asked) if failing else None
    made = Incident(
        failing=[describe(view, ref) for ref in failing],
        unknown=unknown,
        suspects=suspects,
        cause=cause,
        rival=likely[1].ref if len(likely) > 1 else "",
        calls=calls,
        unowned=unowned,
        picture=picture,
        graph_href=asked.address("/graph"),
        impact=impact,
        impact_href=Asked(root=roots, view="impact").address("/graph"),
        message="",
        left_out=len(all_asked_for) - len(asked_for),
        doubt=_say_doubt(upstreams[0], len(failing)) if upstreams and not likely else "",
        apart=apart,
        others=[describe(view, ref) for ref in others],
    )
    return replace(made, message=write_message(made, address))


def _choose_likely(upstreams: "Sequence[Upstream]", failing: Sequence[str]) -> "list[Upstream]":
    """The first suspect where it says anything that half of what fails needs it, and a second that is as likely.

    Of one failing thing it is that itself: what is to come comes from it, whatever is behind it.
    """
    told = [one for one in upstreams if 2 * one.near >= len(failing) and one.is_telling]
    if not told or told[0] is not upstreams[0]:
        return []
    return told[:2] if len(failing) > 1 and len(told) > 1 and told[1].cost < told[0].cost + _AS_LIKELY else told[:1]


def _find_apart(catalog: Catalog, others: Sequence[str]) -> Suspect | None:
    """What those that do not need the likely cause have in common, as a suspect for them alone."""
    likely = _choose_likely(catalog.upstreams(others), others) if len(others) > 1 else []
    return _suspect(catalog.view, likely[0], others) if likely else None


def _say_doubt(first: "Upstream", failing: int) -> str:
    if 2 * first.covers < failing:
        return "No one thing is needed by half of them: there may be more than one cause."
    if 2 * first.near < failing:
        return "It is so far from them that they may fail each for itself."
    return "So much else needs it too, and is well, that they may fail each for itself."


def _ask(failing: Sequence[str], cause: "Upstream | None") -> Asked:
    """The ways from what fails to the likely cause; without one, what they need at all."""
    led = tuple(ref for ref in cause.steps if ref != cause.ref) if cause else ()
    return Asked(root=led, target=cause.ref) if cause and led else Asked(root=tuple(failing), direction="out", depth=2)


def _suspect(view: View, one: "Upstream", failing: Sequence[str]) -> Suspect:
    item, fails = describe(view, one.ref), one.ref in failing
    reason = _say_distance(one) if len(failing) == 1 else _say_covered(view, one, len(failing))
    if one.needed_by:
        others = f", {spell_number(one.bystanders)} of which seem well" if one.bystanders else ""
        reason += f"; needed directly by {count_words(one.needed_by, 'entity', 'entities')} in all{others}"
    return Suspect(item, reason, one.covers, fails)


def _say_distance(one: "Upstream") -> str:
    [far] = one.steps.values()
    return _DISTANCES[0] if not far else f"it needs this {_DISTANCES.get(far, f'{far} steps away')}"


def _say_covered(view: View, one: "Upstream", failing: int) -> str:
    steps = sorted(one.steps.items(), key=lambda pair: (pair[1], pair[0]))
    told = [
        _DISTANCES[0] if not far else f"{describe(view, ref).label} {_DISTANCES.get(far, f'{far} steps away')}"
        for ref, far in steps[:_SHOWN_STEPS]
    ]
    rest = f" and {len(steps) - _SHOWN_STEPS} more" if len(steps) > _SHOWN_STEPS else ""
    who = "all of them need it" if one.covers == failing else f"{one.covers} of {failing} need it"
    return f"{who}: {', '.join(told)}{rest}"


def _list_calls(view: View, failing: Sequence[str], cause: str) -> tuple[list[Call], list[Item]]:
    """Whoever owns the cause first, then the owners of what fails, those of most of it first."""
    owned: dict[str, tuple[Owner, Sequence[Owner], list[Item]]] = {}
    unowned: list[Item] = []
    for ref in dict.fromkeys([*([cause] if cause else []), *failing]):
        entity = view.entity(ref)
        found = find_owners(view, ref, entity) if entity else None
        if found is None or not found.found:
            unowned.append(describe(view, ref))
            continue
        for owner in found.found[:2]:
            owned.setdefault(owner.item.ref, (owner, found.above, []))[2].append(describe(view, ref))
    calls = [
        Call(owner, above[:1], items, bool(cause) and any(item.ref == cause for item in items))
        for owner, above, items in owned.values()
    ]
    return sorted(calls, key=lambda call: (not call.is_cause, -len(call.entities), call.owner.item.label)), unowned


def incident_path(refs: Sequence[str]) -> str:
    """The address of a picture, to be shared."""
    return with_query("/oncall/incident", {"refs": ",".join(dict.fromkeys(refs))})
