"""A document with something wrong in each of its places in turn."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from catalog.documents import Draft

WRONG = (None, "x", 3, [[]], {"x": "y"})


def spoil(draft: Draft, wrong: Any) -> Iterator[Draft]:
    """Drafts that have `wrong` in place of one of the values each."""
    for path in _paths(draft.data):
        data = copy.deepcopy(draft.data)
        at: Any = data
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = wrong
        yield replace(draft, data=data)


def _paths(value: Any) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, one in items for path in [(key,), *((key, *rest) for rest in _paths(one))]]
