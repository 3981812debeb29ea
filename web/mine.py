"""What is somebody's own: what they and their teams own by kind, what of it is broken or lacks something, what changed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from pyroaring import BitMap

from catalog.catalog import Catalog
from catalog.teams import Teams, find_teams
from web.browse.owners import find_owners
from web.findings import count_teams, find_all
from web.names import Item, describe
from web.ownership.parts import Owned, list_owned, owner_path
from web.quality import find_quality
from web.urls import with_query

if TYPE_CHECKING:
    from catalog.store import Change

_RECENT: Final = timedelta(days=7)
_SHOWN, _READ = 6, 2_000


@dataclass(frozen=True, slots=True)
class Mine:
    """What a team or person has. `changes` are the newest of the last seven days, of `changed` entities in all."""

    item: Item
    href: str
    owned: list[Owned]
    problems: int
    problems_href: str
    gaps: int
    gaps_href: str
    changes: list[tuple[Item, "Change"]]
    changed: int


def find_mine(catalog: Catalog, ref: str) -> Mine | None:
    """Everything of a team with its child teams, or of a person with their teams; None where there is none of that ref."""
    view, teams = catalog.view, find_teams(catalog.view)
    node = teams.find(ref)
    if node is None:
        return None
    owners, quality, tops = find_owners(view), find_quality(catalog), _tops(teams, node)
    own, whole = owners.own(ref), owners.whole(ref)
    answered = BitMap.union(BitMap(), *(quality.of_team(one) for one in tops))
    mine = {view.edges.refs[one] for one in whole}
    problems = {one: count for one, count in count_teams(find_all(catalog)).items() if one in owners.below(ref)}
    changes = _list_changes(catalog, mine)
    return Mine(
        item=describe(view, ref),
        href=owner_path(ref),
        owned=list_owned(view, ref, own, whole),
        problems=sum(problems.values()),
        problems_href=_lead("/problems", list(problems)),
        gaps=quality.score(answered).failures,
        gaps_href=_lead("/quality", [teams.edges.refs[one] for one in tops]),
        changes=[(describe(view, one), change) for one, change in changes[:_SHOWN]],
        changed=len(changes),
    )


def _tops(teams: Teams, node: int) -> list[int]:
    """Whose child teams are looked through: the team itself, or the teams that a person is in."""
    return [node] if node in teams.groups else teams.sort(teams.parents(node)) or [node]


def _list_changes(catalog: Catalog, mine: Collection[str]) -> list[tuple[str, "Change"]]:
    """The newest change of each."""
    found: dict[str, Change] = {}
    for ref, change in catalog.changes_since(datetime.now(UTC) - _RECENT, _READ):
        if ref in mine:
            found.setdefault(ref, change)
    return list(found.items())


def _lead(path: str, teams: list[str]) -> str:
    """The page for one team; of several, for all by team."""
    return with_query(path, {"team": teams[0]} if len(teams) == 1 else {"by": "team"})
