"""One fault of an entity, and the nearest known word to a misspelt one."""

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from catalog.documents import Json

Path = tuple[str | int, ...]


class Finding(NamedTuple):
    """One fault: Backstage's own words (`inner`), ours, and where it is. Findings of one stage sort by `order`."""

    stage: str
    rule: str
    inner: str
    words: str
    hint: str
    path: Path
    at_key: bool = False
    order: tuple[int, ...] = ()
    error: str = "Error"  # the class of Backstage's innermost error


def nearest(text: str, options: Iterable[str]) -> str:
    """The option that a text probably stands for, "" if none is near enough."""
    lowered = {option.lower(): option for option in options}
    matches = difflib.get_close_matches(text.lower(), lowered, n=1, cutoff=0.8)
    return lowered[matches[0]] if matches else ""


def peek(data: Json, path: Path) -> Json:
    """What `path` leads to."""
    for step in path:
        data = data[step]
    return data
