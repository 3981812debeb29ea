"""Who owns what, as the table's owner filter sees it: a team with its child teams, a person with the teams they are in."""

from collections.abc import Iterable

from pyroaring import BitMap

from catalog.derived import once_a_view
from catalog.teams import find_teams
from catalog.view import View


class Owners:
    """What each owner of one view has: `whole` with what is below it, `own` what names it itself."""

    def __init__(self, view: View) -> None:
        self._view, self._teams = view, find_teams(view)
        self.named: dict[str, BitMap] = {}
        for value, posting in view.column("relations.ownedby").postings.items():
            found = BitMap((posting,)) if isinstance(posting, int) else posting
            ref = value.lower()
            self.named[ref] = self.named[ref] | found if ref in self.named else found
        parts: dict[str, list[BitMap]] = {}
        for ref, found in self.named.items():
            for owner in {ref, *self._above(ref)}:
                parts.setdefault(owner, []).append(found)
        self._whole = {
            ref: BitMap.union(*found) if len(found) > 1 else found[0]
            for ref, found in parts.items()
            if not ref.startswith("user:")
        }
        self.all = sorted({*parts})

    def _above(self, ref: str) -> list[str]:
        node = self._teams.find(ref)
        is_team = node is not None and node in self._teams.groups
        return (
            [self._view.edges.refs[one] for one in self._teams.ancestors(node)] if is_team and node is not None else []
        )

    def own(self, ref: str) -> BitMap:
        """What names this owner itself."""
        return self.named.get(ref, BitMap())

    def whole(self, ref: str) -> BitMap:
        """What this owner has, with what the teams below it have; a person's with what their teams have."""
        found = self._whole.get(ref)
        if found is None:
            found = BitMap.union(BitMap(), *(self.own(one) for one in self.below(ref)))
            self._whole[ref] = found
        return found

    def below(self, ref: str) -> set[str]:
        """The owner itself, and the teams whose things count as its own."""
        teams = self._teams
        node = teams.find(ref)
        if node is None:
            return {ref}
        starts = teams.parents(node) if node in teams.users else (node,)
        return {ref} | {self._view.edges.refs[one] for start in starts for one in teams.below(start)}

    def find(self, refs: Iterable[str], *, direct: bool) -> BitMap:
        """What any of these owners has."""
        return BitMap.union(BitMap(), *(self.own(ref) if direct else self.whole(ref) for ref in refs))

    def counts(self, among: BitMap, *, direct: bool) -> dict[str, int]:
        """How many of `among` each owner has; without those that have none."""
        named = self.named if direct else {ref: self.whole(ref) for ref in self.all}
        found = {ref: bitmap.intersection_cardinality(among) for ref, bitmap in named.items()}
        return {ref: count for ref, count in found.items() if count}


@once_a_view
def find_owners(view: View) -> Owners:
    """The owners of a view."""
    return Owners(view)
