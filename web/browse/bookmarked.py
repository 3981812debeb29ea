"""What a bookmark of Backstage's catalog asks of the table: its filters stand as `filters[kind]=component` in the address."""

import re
from collections.abc import Iterable
from typing import Final

from web.browse.asked import Asked, read_asked

_FILTER: Final = re.compile(r"filters\[(\w+)\](?:\[\d*\])?")
_NAMES: Final = {
    "kind": "kind",
    "type": "type",
    "lifecycles": "lifecycle",
    "owners": "owner",
    "tags": "tag",
    "namespace": "namespace",
    "text": "q",
}
"""Our parameter, by Backstage's. What it has besides has no counterpart here, and is left out."""


def read_bookmark(pairs: Iterable[tuple[str, str]], viewer: str) -> Asked | None:
    """The same question in our words, None where it is no bookmark of Backstage; `owned` is what the viewer owns, if known."""
    filters = [(named[1], value) for name, value in pairs if (named := _FILTER.fullmatch(name))]
    if not filters:
        return None
    ours = [(_NAMES[name], value) for name, value in filters if name in _NAMES and value != "all"]
    if ("user", "owned") in filters and viewer:
        ours.append(("owner", viewer))
    return read_asked(ours)
