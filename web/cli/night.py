"""What `oncall`, `impact` and `who` print: plain text for a terminal at night, at most 80 columns but for addresses, and as
few as a phone's terminal has.

Texts from catalog files are shown without control characters, which could move a terminal's cursor.
"""

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from catalog.alerts import TOOL_NAMES
from catalog.documents import Json
from web.names import shorten_ref
from web.render import format_age

_WIDEST, _NARROWEST, _MARGIN = 80, 32, 12
_MOST_ALERTS: Final = 12
_KINDS: Final = ("component", "group")
Rows = list[tuple[str, list[str]]]
"""Each heading with the lines beside it."""


def print_card(card: dict[str, Json]) -> str:
    """A card: what it is, whom to call, what to do, what it needs and what needs it."""
    is_owner = card["kind"] in ("Group", "User")
    none = [] if is_owner else ["none is named"]
    facts = [card["kind"], card["type"], f"tier {card['tier']}" if card["tier"] else "", card["lifecycle"]]
    facts += [f"in {shorten_ref(card['partOf'], _KINDS)}"] if card["partOf"] else []
    rows = [
        ("Right now", _live(card)),
        ("Contact" if is_owner else "Owner", _owners(card["owners"]) or ["nobody"]),
        ("Fallback", _owners(card["fallback"][:1])),
        ("Pager", [_linked(f"{one['tool']} {one['value']}", one["href"]) for one in card["pagers"]] or none),
        *_link_rows(card["links"], none),
        (card["needsAre"].removeprefix("It ").capitalize(), _neighbours(card)),
        ("Breaks", [] if is_owner else _impact(card["impact"])),
        ("Changed", [f"{_name(one)} {one['how']} {_age(one['at'])}" for one in card["recent"][:5]]),
        ("Read", [f"{_age(card['readAt'])}" + (f"; the last try failed: {card['failure']}" if card["failure"] else "")]),
        ("Page", [card["href"]]),
    ]  # fmt: skip
    head = [f"{card['title']}  {', '.join(filter(None, facts))}", *textwrap.wrap(card["description"], _count_columns())]
    return _lay_out(head, rows)


def print_owners(card: dict[str, Json]) -> str:
    """Who is on call now as far as the pager says, who owns it, how to reach them, and the teams above."""
    called: dict[str, str] = {}
    for one in (one for panel in card["live"] for one in panel["onCall"] if one["level"] == 1):
        called.setdefault((one["email"] or one["name"]).casefold(), _person(one))
    rows = [
        ("On call now", list(called.values())),
        ("Owner", _owners(card["owners"]) or ["nobody"]),
        ("Above", _owners(card["fallback"])),
    ]
    return _lay_out([f"{card['title']}  {card['entityRef']}"], rows)


def print_candidates(found: dict[str, Json]) -> str:
    """What may be meant, with the reasons; or what is called alike."""
    note = textwrap.wrap(found.get("note", ""), _count_columns())
    near = ["Did you mean", *(f"  {ref}" for ref in found["near"])] if found["near"] else []
    if not found["candidates"]:
        return _clean([*note, "Nothing in the catalog has that.", *near])
    lines = [*note, f"{found['totalItems']} may be meant; nothing was guessed."]
    for one in found["candidates"]:
        reason = one["reasons"][0]
        lines.append(f"  {one['surety']:9} {one['entityRef']}")
        lines.append(f"            {reason['matched']} `{reason['value']}` in {reason['where']}")
    return _clean([*lines, *near])


def print_impact(found: dict[str, Json], by: str) -> str:
    """What breaks by distance, or by the team that owns it."""
    verb = "need it, directly or not" if found["direction"] == "in" else "are needed by it, directly or not"
    lines = [f"{found['root']}: {_count(found['total'])} {verb}"]
    if by:
        for share in found["owners"]:
            lines += ["", f"{share['title'] or 'Nobody'}: {_count(len(share['entities']))}"]
            lines += [f"  {_linked(one['label'], one['address'])}" for one in share["contacts"][:3]]
            lines += [f"  {one['distance']:2} {one['ref']}" for one in share["entities"]]
    else:
        lines += [f"{one['distance']:3} {one['ref']}" for one in found["entities"]]
    return _clean(lines)


def print_incident(found: dict[str, Json]) -> str:
    """The picture of an incident: suspects, calls, what is still to come, and the alerts that were not decided."""
    suspects = [line for one in found["suspects"][:3] for line in (_suspect(one, found), f"  {one['reason']}")]
    calls = [
        line
        for call in found["calls"]
        for line in (
            *_owners([call]),
            *_on_call(call),
            f"  for {', '.join(shorten_ref(ref, _KINDS) for ref in call['for'][:6])}",
        )
    ]
    undecided = [
        f"{one['title']}: {', '.join(one['candidates'][:3]) or 'about nothing in the catalog'}"
        for one in found["alerts"]
        if not one["entityRef"]
    ]
    rows = [
        ("Failing", [f"{one['title']} ({one['kind']})" for one in found["failing"]]),
        ("In common", [*suspects, *([found["doubt"]] if found["doubt"] else [])] or ["nothing that the catalog knows"]),
        (
            "Apart",
            [
                f"{', '.join(shorten_ref(ref, _KINDS) for ref in found['others'][:6])}: {found['apart']['title']}",
                f"  {found['apart']['reason']}",
            ]
            if found["apart"]
            else [],
        ),
        ("Call", calls),
        ("To come", _impact(found["impact"]) if found["impact"] else []),
        ("Not decided", undecided),
        ("Page", [found["href"]]),
    ]
    return _lay_out([], rows)


def _owners(owners: Iterable[dict[str, Json]]) -> list[str]:
    lines = []
    for one in owners:
        gone = "" if one["exists"] else ", not in the catalog"
        lines.append(f"{one['title']} ({shorten_ref(one['entityRef'], _KINDS)}{gone})")
        lines += [f"  {_linked(way['label'], way['href'])}" for way in one["contacts"]]
        lines += ["  no way to reach them is known"] if not one["contacts"] else []
    return lines


def _suspect(one: dict[str, Json], found: dict[str, Json]) -> str:
    likely = "as likely" if one["entityRef"] == found["rival"] else "likely" if found["rival"] else "likeliest"
    is_likely = len(found["failing"]) > 1 and one["entityRef"] in (found["cause"], found["rival"])
    return f"{one['title']} ({', '.join([one['kind'], *(['fails'] if one['fails'] else []), *([likely] if is_likely else [])])})"


def _on_call(call: dict[str, Json]) -> list[str]:
    return [f"  on call now: {_person(one)}" for one in call["onCall"]]


def _neighbours(card: dict[str, Json]) -> list[str]:
    more = card["needsTotal"] - len(card["needs"])
    return [*(_needed(one) for one in card["needs"]), *([f"and {more} more"] if more else [])]


def _link_rows(links: dict[str, Json], none: list[str]) -> Rows:
    shown = {"Runbooks": links.get("Runbooks", ()), **links}
    return [
        (heading.removesuffix("s") if heading == "Runbooks" else heading,
         [_linked(one["title"], one["href"]) for one in group[:6]] or none)
        for heading, group in shown.items()
    ]  # fmt: skip


def _live(card: dict[str, Json]) -> list[str]:
    lines = []
    for one in card["firing"][:_MOST_ALERTS]:
        since = f" since {_clock(one['since'])}" if one["since"] else ""
        lines.append(f"{one['state'].upper()} {one['name']}{since}{': ' if one['summary'] else ''}{one['summary']}")
    if (more := len(card["firing"]) - _MOST_ALERTS) > 0:
        lines.append(f"and {more:,} more alerts")
    for panel in card["live"]:
        told = f"{TOOL_NAMES[panel['tool']]} ({panel['name']})"
        if panel["state"] == "unavailable":
            known = f"; what it told {_age(panel['askedAt'])} is here" if panel["askedAt"] else ""
            lines.append(f"{told}: unavailable since {_clock(panel['since'])}: {panel['reason']}{known}")
        elif panel["state"] == "asking":
            lines.append(f"{told}: no answer yet")
        lines += [f"on call {one['level']}: {_person(one)}" for one in panel["onCall"]]
        lines += [f"{one['status']}: {one['title']}" for one in panel["incidents"][:5]]
    return list(dict.fromkeys(lines))


def _person(one: dict[str, Json]) -> str:
    return str(one["name"]) if one["name"] == one["email"] else f"{one['name']} {one['email']}".rstrip()


def _needed(one: dict[str, Json]) -> str:
    facts = [one["kind"], shorten_ref(one["owner"], _KINDS) if one["owner"] else ""]
    facts += ["not in the catalog"] if not one["exists"] else []
    facts += [f"{one['firing']} FIRING"] if one["firing"] else []
    return f"{one['title']} ({', '.join(filter(None, facts))})"


def _impact(impact: dict[str, Json]) -> list[str]:
    if not impact["entities"]:
        return ["nothing that the catalog knows"]
    teams = [
        f"{shorten_ref(one['entityRef'], _KINDS) if one['entityRef'] else 'nobody'} {one['entities']}"
        for one in impact["teams"][:8]
    ]
    more = impact["teamsTotal"] - len(teams)
    total = f"{_count(impact['entities'])} of {impact['teamsTotal']} team{'' if impact['teamsTotal'] == 1 else 's'}"
    return [total, ", ".join(teams) + (f" and {more} more" if more > 0 else "")]


def _count_columns() -> int:
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 1)).columns))


def _name(one: dict[str, Json]) -> str:
    return str(one["title"])


def _count(number: int) -> str:
    return f"{number:,} {'entity' if number == 1 else 'entities'}"


def _age(at: Json) -> str:
    return format_age(datetime.fromisoformat(at)) if isinstance(at, str) else ""


def _clock(at: Json) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC" if isinstance(at, str) else "?"


def _linked(label: str, href: str) -> str:
    """A label with its address, unless that says no more."""
    address = href.removeprefix("mailto:").removeprefix("tel:")
    return label if not address or address == label else f"{label}  {address}"


def _lay_out(head: Sequence[str], rows: Rows) -> str:
    lines = list(head) + ([""] if head else [])
    for heading, told in rows:
        for at, line in enumerate(one for whole in told for one in _wrap(whole)):
            lines.append(f"{heading if not at else '':{_MARGIN}}{line}".rstrip())
    return _clean(lines)


def _wrap(line: str) -> list[str]:
    text = line.lstrip()
    lead = " " * (len(line) - len(text))
    width = _count_columns() - _MARGIN
    return textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=f"{lead}  ",
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _clean(lines: Iterable[str]) -> str:
    return "\n".join("".join(char if char.isprintable() else "\ufffd" for char in line) for line in lines)
