"""What a reference that leads nowhere may have meant. Each is looked for once a view: in a large catalog that takes a while."""

from typing import Final

from catalog.derived import once_a_view
from catalog.view import View
from web.names import Item, find_near

_MOST: Final = 3
_LOOKED_AT: Final = 12
_OWNERS: Final = ("Group", "User")
_KEPT: Final = 2_000


@once_a_view
def _known(view: View) -> dict[str, list[Item]]:
    """What was found, by the ref that is not there."""
    return {}


def find_meant(view: View, missing: Item) -> list[Item]:
    """Entities with a name near to one that is not there, those of its own kind first; for a team or person only such."""
    known = _known(view)
    found = known.get(missing.ref)
    if found is None:
        near = find_near(view, missing.name, _LOOKED_AT)
        may_be = [one for one in near if missing.kind not in _OWNERS or one.kind in _OWNERS]
        found = sorted(may_be, key=lambda other: other.kind != missing.kind)[:_MOST]
        if len(known) < _KEPT:
            known[missing.ref] = found
    return found
