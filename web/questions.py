"""A question to the graph as an address, and back: the state of `/graph`, its JSON twin and its exports."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, cast
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from catalog.errors import CatalogError
from catalog.graph import Direction, Question
from catalog.graph.question import DEPENDENCIES, NEEDS, Grouping

View = Literal["", "impact"]
MEANINGS: Final = {
    "dependsOn": "depends on",
    "consumesApi": "consumes API",
    "apiProvidedBy": "is provided by",
    "partOf": "is part of",
    "memberOf": "is member of",
    "childOf": "belongs to",
    "ownedBy": "is owned by",
    "implied": "needs, through what is hidden,",
}
"""By type of an arrow, what it says."""
RELATIONS: Final = {
    "dependsOn": "depends on",
    "providesApi": "provides API",
    "consumesApi": "consumes API",
    "partOf": "part of",
    "ownedBy": "owned by",
    "memberOf": "member of",
    "childOf": "child of",
}
"""By relation that can be followed, its name."""
_MOST_ROOTS, _MOST_STEPS, _DEFAULT_STEPS = 40, 20, 2


@dataclass(frozen=True, slots=True)
class Perspective:
    """Which relations the view of a kind follows, how far at first, the words for its two directions, and whether it can fail."""

    relations: tuple[str, ...]
    depth: int
    title: str
    out: str
    into: str
    has_impact: bool = True


_COMPONENT = Perspective(DEPENDENCIES, 2, "Dependencies", "It needs", "Needs it")
_TEAM = Perspective(("childOf", "memberOf"), 1, "Organisation", "Belongs to", "Belongs to it", has_impact=False)
PERSPECTIVES: Final = {
    "system": Perspective(("partOf", *DEPENDENCIES), 1, "Structure", "It is in", "In it"),
    "domain": Perspective(("partOf",), 2, "Structure", "It is in", "In it"),
    "group": _TEAM,
    "user": _TEAM,
}
"""By kind; what an entity needs where the kind is not named."""


def perspective_of(ref: str) -> Perspective:
    """How an entity of its kind is looked at."""
    return PERSPECTIVES.get(ref.partition(":")[0], _COMPONENT)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address of `/graph` asks, each part named as its parameter. Empty or 0 is the default; `depth` -1 is all."""

    root: tuple[str, ...] = ()
    target: str = ""
    direction: Direction = "both"
    depth: int = 0
    relation: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    by: Grouping = ""
    fold: str = "system"
    open: tuple[str, ...] = ()
    view: View = ""

    @property
    def relations(self) -> tuple[str, ...]:
        """The relations to follow: those asked for, or those that suit the kinds of the roots."""
        suited = (name for ref in self.root for name in perspective_of(ref).relations)
        return self.relation or tuple(dict.fromkeys(suited)) or DEPENDENCIES

    @property
    def steps(self) -> int | None:
        """How many steps to go; None is all."""
        suited = max((perspective_of(ref).depth for ref in self.root), default=_DEFAULT_STEPS)
        return None if self.depth < 0 else self.depth or suited

    @property
    def folding(self) -> str:
        """What to fold by. People, teams and domains are in no system: these are folded by what they are in."""
        if self.fold != "system" or self.folds_by_system:
            return self.fold
        return "kind" if self.by == "domain" else "team"

    @property
    def folds_by_system(self) -> bool:
        """Whether what is shown may be in a system."""
        return self.by not in ("team", "domain") and not (self.root and perspective_of(self.root[0]) is _TEAM)

    def question(self, limit: int = 80) -> Question:
        """The question itself."""
        return Question(
            self.root, self.target, self.direction, self.steps, self.relations, frozenset(self.hide),
            self.by, self.folding, self.open, limit,
        )  # fmt: skip

    def grouped(self, by: Grouping) -> "Asked":
        """The same, rolled up."""
        return replace(self, by=by)

    def pairs(self, **changes: Any) -> list[tuple[str, str]]:
        """The parameters that ask this, with parts changed; what is the default is left out."""
        asked, default = replace(self, **changes), Asked()
        return [
            (field.name, "all" if value == -1 else str(value))
            for field in fields(self)
            if getattr(asked, field.name) != getattr(default, field.name)
            for value in _listed(getattr(asked, field.name))
        ]

    def address(self, path: str = "/graph", **changes: Any) -> str:
        """The address that asks this, with parts changed."""
        pairs = self.pairs(**changes)
        return f"{path}?{urlencode(pairs, safe=':/,')}" if pairs else path


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, tuple) else (value,)


def _choose(name: str, text: str, choices: Iterable[str]) -> str:
    if text not in choices:
        known = ", ".join(f"`{one}`" for one in choices if one)
        raise CatalogError("invalid", f"Unknown {name} `{text}`", f"It can be {known}.")
    return text


def _read_depth(text: str) -> int:
    if text == "all":
        return -1
    if text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= _MOST_STEPS:
        return int(text)
    raise CatalogError("invalid", f"`depth` is no number of steps: `{text}`", f"From 1 to {_MOST_STEPS}, or `all`.")


def read_asked(query: QueryParams, find: Callable[[str], str]) -> Asked:
    """What an address asks. `find` gives the ref of an entity as somebody wrote it, or raises; so does any other nonsense."""
    texts: Mapping[str, str] = {name: value for name, value in query.items() if value}
    roots = tuple(
        dict.fromkeys(find(text) for text in (*query.getlist("root"), *query.getlist("from")) if text.strip())
    )
    if len(roots) > _MOST_ROOTS:
        raise CatalogError("invalid", f"More than {_MOST_ROOTS} roots", "Roll up to systems or teams instead.")
    target = texts.get("target", "") or texts.get("to", "")
    relations = [_choose("relation", one, NEEDS) for one in query.getlist("relation") if one]
    return Asked(
        roots,
        find(target) if target.strip() and roots else "",
        cast(Direction, _choose("direction", texts.get("direction", "both"), ("out", "in", "both"))),
        _read_depth(texts["depth"]) if "depth" in texts else 0,
        tuple(dict.fromkeys(relations)),
        tuple(sorted({one.lower() for one in query.getlist("hide") if one})),
        cast(Grouping, _choose("group", texts.get("by", ""), ("", "system", "domain", "team"))),
        _choose("fold", texts.get("fold", "system"), ("system", "team", "kind")),
        tuple(sorted({one for one in query.getlist("open") if one}))[:200],
        cast(View, _choose("view", texts.get("view", ""), ("", "impact"))),
    )
