"""Globs over paths: `*` stays between slashes, `**` crosses them. Which names a part fits is its caller's to say."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase


def fits(path: Sequence[str], pattern: Sequence[str], fits_name: Callable[[str, str], bool] = fnmatchcase) -> bool:
    """Whether the parts of a path fit the parts of a pattern.

    Each part of the path moves all places of the pattern that may be reached: no pattern takes exponential time.
    """
    places = _pass_stars({0}, pattern)
    for part in path:
        moved = {
            at if pattern[at] == "**" else at + 1
            for at in places
            if at < len(pattern) and (pattern[at] == "**" or fits_name(part, pattern[at]))
        }
        places = _pass_stars(moved, pattern)
    return len(pattern) in places


def _pass_stars(places: set[int], pattern: Sequence[str]) -> set[int]:
    """These places, and those behind each `**` that they are at, which may stand for nothing."""
    reached = set(places)
    for place in places:
        at = place
        while at < len(pattern) and pattern[at] == "**":
            at += 1
            reached.add(at)
    return reached
