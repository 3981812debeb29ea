"""What breaks if something fails, for people: which teams to tell, how to reach them, and a message to send them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.graph import Direction
from catalog.view import View
from web.names import Item, count_words, describe
from web.reach import Way, list_ways

if TYPE_CHECKING:
    from catalog.graph.blast import Blast, Share

_SHOWN_TEAMS, _SHOWN_ENTITIES, _SHOWN_CONTACTS, _TOLD_ENTITIES, _TOLD_TEAMS = 60, 10, 4, 6, 25
_CARDS = 12


@dataclass(frozen=True, slots=True)
class Team:
    """What one team has of it: some of its entities with their distance, how many more, and how to reach the team."""

    item: Item | None
    ways: list[Way]
    entities: list[tuple[Item, int]]
    total: int
    nearest: int

    @property
    def more(self) -> int:
        """How many of its entities are not shown."""
        return self.total - len(self.entities)


@dataclass(frozen=True, slots=True)
class Impact:
    """The whole of it: counts by distance, how many teams own it, and the first of these, nobody among them.

    `parts` is how many entities fail with the roots because they are in them.
    """

    total: int
    steps: list[tuple[int, int]]
    teams: list[Team]
    team_count: int
    more_teams: int
    direction: Direction
    parts: int

    @property
    def cards(self) -> list[Team]:
        """The teams that are shown with what they own."""
        return self.teams[:_CARDS]

    @property
    def lines(self) -> list[Team]:
        """The teams that get a line each."""
        return self.teams[_CARDS:]


def describe_blast(view: View, blast: "Blast", direction: Direction, shown: int = _SHOWN_TEAMS) -> Impact:
    """A blast in words, with so many teams."""
    teams = [
        _team(view, share, _SHOWN_ENTITIES if at < _TOLD_TEAMS else 0) for at, share in enumerate(blast.shares[:shown])
    ]
    steps, more = sorted(blast.steps.items()), blast.share_count - len(teams)
    return Impact(blast.total, steps, teams, blast.team_count, more, direction, blast.parts)


def _team(view: View, share: "Share", most: int) -> Team:
    owner = view.entity(share.owner) if share.owner else None
    ways = list_ways(owner)[:_SHOWN_CONTACTS] if owner else []
    shown = [(describe(view, ref), distance) for ref, distance in share.entities[:most]]
    item = describe(view, share.owner, owner) if share.owner else None
    return Team(item, ways, shown, share.total, share.entities[0][1])


def write_message(names: str, impact: Impact, address: str) -> str:
    """Plain text to paste into a chat: what it means that these fail; `address` is where its readers can look."""
    is_in, teams = impact.direction == "in", impact.teams[:_TOLD_TEAMS]
    if not impact.total:
        return f"Nothing in the catalog {'depends on' if is_in else 'is needed by'} {names}.\n{address}"
    what = f"{count_words(impact.total, 'entity', 'entities')} of {count_words(impact.team_count, 'team')}"
    lines = [f"If {names} fails, it affects {what}:" if is_in else f"{names} needs {what}:"]
    for team in teams:
        label = team.item.label if team.item else "Nobody's"
        some = list_names([item for item, _ in team.entities], _TOLD_ENTITIES, team.total)
        lines.append(f"- {name_team(label, team.ways)}: {some}")
    if rest := len(impact.teams) + impact.more_teams - len(teams):
        lines.append(f"- and {rest} more teams")
    return "\n".join([*lines, address])


def name_team(label: str, ways: Sequence[Way]) -> str:
    """A team in a message, with how to reach it: the address of whoever is on call, for its title says nothing in a text."""
    told = [way.href or way.label if way.kind == "on-call" else way.label for way in ways[:2]]
    return f"{label} ({', '.join(told)})" if told else label


def list_names(items: Sequence[Item], most: int, total: int = 0) -> str:
    """The first names in a message, and how many more there are; `total` where not even the items are all."""
    rest = (total or len(items)) - len(items[:most])
    return ", ".join(item.label for item in items[:most]) + (f" and {rest} more" if rest else "")
