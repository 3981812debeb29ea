"""Which components in production are not ready for the night: no pager, no runbook, no owner to reach, no alert; by team."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pyroaring import BitMap

from catalog.derived import once_a_view
from catalog.facts import ALERTED, PAGER, REACHABLE, RUNBOOK, Facts, find_facts, find_running
from catalog.view import View

NOBODY: Final = "none"
"""Stands for the owner of what nobody owns, where somebody asks for one team."""
_OWNED_BY: Final = frozenset({"ownedBy"})
_OWNS: Final = frozenset({"ownerOf"})


@dataclass(frozen=True, slots=True)
class Gap:
    """One component and the checks that it fails."""

    ref: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TeamReadiness:
    """What one owner runs in production; `owner` is empty for what nobody owns."""

    owner: str
    total: int
    gaps: list[Gap]

    @property
    def ready(self) -> int:
        """How many lack nothing."""
        return self.total - len(self.gaps)


@dataclass(frozen=True, slots=True)
class Readiness:
    """All of production: how much there is and is ready, how many fail each check, and the teams, the least ready first."""

    total: int
    ready: int
    counts: dict[str, int]
    teams: list[TeamReadiness]


CHECKS: Final[dict[str, str]] = {
    "owner": "No owner who can be reached",
    "pager": "No pager",
    "runbook": "No runbook",
    "alert": "No alert",
}
"""What may be missing, with its words, in the order in which it hurts."""


@once_a_view
def find_readiness(view: View) -> Readiness:
    """The readiness of everything that runs in production."""
    running, facts = find_running(view), find_facts(view)
    failed = {name: running - find(view, facts) for name, find in _FINDERS.items()}
    refs, edges = view.edges.refs, view.edges
    by_owner: dict[str, list[int]] = {}
    for node in running:
        owners = sorted({refs[target] for _, target in edges.targets(node, _OWNED_BY)}) or [""]
        by_owner.setdefault(owners[0], []).append(node)
    teams = []
    for owner, nodes in by_owner.items():
        missing = [(node, tuple(name for name in CHECKS if node in failed[name])) for node in nodes]
        gaps = [Gap(refs[node], found) for node, found in missing if found]
        teams.append(TeamReadiness(owner, len(nodes), sorted(gaps, key=lambda one: (-len(one.missing), one.ref))))
    teams.sort(key=lambda one: (-len(one.gaps), one.owner))
    unready = BitMap.union(BitMap(), *failed.values())
    return Readiness(
        len(running), len(running) - len(unready), {name: len(nodes) for name, nodes in failed.items()}, teams
    )


def _with_owners(view: View, owners: BitMap) -> BitMap:
    """What any of these owns."""
    edges = view.edges
    return BitMap(target for owner in owners for _, target in edges.targets(owner, _OWNS))


def _have_owner(view: View, facts: Facts) -> BitMap:
    return _with_owners(view, facts.have(REACHABLE))


def have_pager(view: View, facts: Facts) -> BitMap:
    """What has a pager of its own, or of its owner's."""
    own = facts.have(PAGER)
    people = view.column("kind").equal("group") | view.column("kind").equal("user")
    return own | _with_owners(view, own & people)


_FINDERS: Final[dict[str, Callable[[View, Facts], BitMap]]] = {
    "owner": _have_owner,
    "pager": have_pager,
    "runbook": lambda view, facts: facts.have(RUNBOOK),
    "alert": lambda view, facts: facts.have(ALERTED),
}
