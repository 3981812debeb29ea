"""Which kinds may come from where: Backstage's `catalog.rules` (reference section 6), as values and one question."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from catalog.documents import Json, Location


@dataclass(frozen=True, slots=True)
class Allowed:
    """A kind, and optionally one `spec.type` of it; both in any case."""

    kind: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Locations of a type: all of them, the one named by `exact`, or those whose target matches the glob `pattern`."""

    type: str
    exact: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is allowed, and from where: `places` None means from anywhere, empty from nowhere."""

    allow: tuple[Allowed, ...]
    places: tuple[Place, ...] | None = None


def is_allowed(rules: Sequence[Rule], entity: Mapping[str, Json], origin: Location) -> bool:
    """Whether any rule allows the entity, which came to be known through the location `origin`."""
    return any(_covers(rule, origin) and any(_fits(one, entity) for one in rule.allow) for rule in rules)


def _covers(rule: Rule, origin: Location) -> bool:
    return rule.places is None or any(_is_at(place, origin) for place in rule.places)


def _is_at(place: Place, origin: Location) -> bool:
    if place.type != origin.type:
        return False
    if place.exact:
        return place.exact == origin.target
    return not place.pattern or _compile(place.pattern).fullmatch(origin.target) is not None


def _fits(allowed: Allowed, entity: Mapping[str, Json]) -> bool:
    if allowed.kind.lower() != str(entity["kind"]).lower():
        return False
    stated = (entity.get("spec") or {}).get("type")
    return not allowed.type or (isinstance(stated, str) and stated.lower() == allowed.type.lower())


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    """A glob as Backstage's matcher reads it: `*` stays between slashes, `**` crosses them, case does not matter."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.IGNORECASE | re.DOTALL)
