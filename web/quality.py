"""The catalog's quality as the page and the API show it: what fails which check, filtered by team and check, and team scores."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

import orjson
from pyroaring import BitMap

from catalog.catalog import Catalog
from catalog.checks import CHECKS, Check
from catalog.documents import Json
from catalog.quality import Quality, Score
from catalog.view import View
from web.browse.exporting import batched, format_rows, harmless
from web.names import Item, describe, owner_of
from web.ownership.parts import Place, owner_path, place_of
from web.urls import entity_path, read_ref

STALE = timedelta(days=365)
NO_OWNER = "none"
_TEAM_KINDS = ("group", "user")
_MAX_NAMES = 5
_MOST_COUNTED, _MOST_MISSING = 5_000, 10
_COLUMNS = ("check", "weight", "entity", "team", "about", "file", "edit")
_FAR = 1 << 40  # beyond any list, and still a number that a slice takes


@dataclass(frozen=True, slots=True)
class Gap:
    """One failed check: of what, whose, what else it is about, and the file that mends it."""

    check: Check
    item: Item
    team: Item | None
    names: list[Item]
    more: int
    place: Place


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check, and how many of those that it asks fail it."""

    check: Check
    failed: int
    asked: int

    @property
    def share(self) -> int:
        """How many of a hundred pass, rounded down: only what all pass is 100."""
        return 100 * (self.asked - self.failed) // self.asked if self.asked else 100


@dataclass(frozen=True, slots=True)
class TeamScore:
    """A team and how it stands; `ref` is `none` for what nobody owns."""

    item: Item | None
    ref: str
    href: str
    score: Score


@dataclass(frozen=True, slots=True)
class Asked:
    """Which failures are wanted; an empty text takes any. `team` is a ref, with its child teams, or `none`."""

    check: str = ""
    team: str = ""


_KNOWN: WeakKeyDictionary[Catalog, tuple[View, Quality, list[TeamScore]]] = WeakKeyDictionary()
_LOCK = Lock()


def find_quality(catalog: Catalog) -> Quality:
    """The answers to every check, worked out once a revision: under a second for a hundred thousand entities."""
    return _find(catalog)[1]


def list_scores(catalog: Catalog) -> list[TeamScore]:
    """Every team that has to answer for something, those that stand worst first."""
    return _find(catalog)[2]


def _find(catalog: Catalog) -> tuple[View, Quality, list[TeamScore]]:
    with _LOCK:
        view = catalog.view
        known = _KNOWN.get(catalog)
        if known is None or known[0] is not view:
            claims = {problem.ref for problem in catalog.problems if problem.rule == "duplicate-ref"}
            quality = Quality(view, claims, catalog.unchanged_since(datetime.now(UTC) - STALE))
            known = _KNOWN[catalog] = view, quality, _score_teams(quality)
        return known


def parse_asked(values: Mapping[str, str]) -> Asked:
    """What the parameters of an address ask for; a check that there is none of is no question."""
    check, team = (values.get(name, "").strip().lower() for name in ("check", "team"))
    ref = read_ref(team, "group") if team and team != NO_OWNER else team
    return Asked(check if check in CHECKS else "", ref)


def find_among(quality: Quality, asked: Asked) -> BitMap | None:
    """What a team has to answer for, None for everything."""
    if not asked.team:
        return None
    view = quality.view
    if asked.team == NO_OWNER:
        owned = view.column("relations.ownedby").exists
        return view.live - owned - quality.teams.groups - quality.teams.users
    node = view.edges.nodes.get(asked.team)
    if node is None:
        return BitMap()
    return quality.of_team(node) if node in view.live else quality.teams.owned(node)


def list_checks(quality: Quality, among: BitMap | None) -> list[CheckLine]:
    """Every check, the weightiest first."""
    found = []
    for check in CHECKS.values():
        scope = quality.scope[check.id]
        asked = len(scope) if among is None else scope.intersection_cardinality(among)
        found.append(CheckLine(check, quality.count(check.id, among), asked))
    return found


def list_gaps(quality: Quality, asked: Asked, offset: int, limit: int | None) -> Iterator[Gap]:
    """Part of the failures, ranked: by the check's weight, then by how much hangs on what fails."""
    found = quality.findings(find_among(quality, asked), asked.check)
    offset = min(offset, _FAR)
    end = None if limit is None else offset + min(limit, _FAR)
    return (_read_gap(quality, check, node) for check, node in islice(found, offset, end))


def count_missing(quality: Quality, asked: Asked) -> list[tuple[Item, int]]:
    """What is not there and most of the failures of one check name: one correction mends them all. Without a check: nothing."""
    if not asked.check:
        return []
    view, among = quality.view, find_among(quality, asked)
    failed = quality.failed[asked.check] if among is None else quality.failed[asked.check] & among
    counts = Counter(one for node in islice(failed, _MOST_COUNTED) for one in quality.names(asked.check, node))
    found = [
        (describe(view, view.edges.refs[one]), count)
        for one, count in counts.most_common(_MOST_MISSING * 2)
        if count > 1
    ]
    return [(item, count) for item, count in found if not item.exists][:_MOST_MISSING]


def _read_gap(quality: Quality, check: Check, node: int) -> Gap:
    view = quality.view
    ref = view.edges.refs[node]
    entity = view.entity(ref) or {"metadata": {}}
    names = quality.names(check.id, node)
    items = [describe(view, view.edges.refs[one]) for one in names[:_MAX_NAMES]]
    item = describe(view, ref, entity)
    team = item if ref.partition(":")[0] in _TEAM_KINDS else owner_of(view, ref)
    return Gap(check, item, team, items, len(names) - len(items), place_of(entity))


def _score_teams(quality: Quality) -> list[TeamScore]:
    view, teams = quality.view, quality.teams
    found = []
    for node in BitMap(range(len(view.edges.refs))) & _answerable(quality):
        among = quality.of_team(node) if node in view.live else teams.owned(node)
        ref = view.edges.refs[node]
        found.append(TeamScore(describe(view, ref), ref, owner_path(ref), quality.score(among)))
    loose = find_among(quality, Asked(team=NO_OWNER)) or BitMap()
    if quality.failed["no-owner"] & loose:
        found.append(TeamScore(None, NO_OWNER, "", quality.score(loose & quality.scope["no-owner"])))
    return sorted(found, key=lambda one: (one.score.points, -one.score.failures, one.ref))


def _answerable(quality: Quality) -> BitMap:
    """The owners there are, and whoever is named as one and is not there."""
    nodes = quality.view.edges.nodes
    named = {ref.lower() for ref in quality.view.column("relations.ownedby").postings}
    groups = BitMap([node for node in quality.teams.groups if quality.teams.owned_below(node)])
    return groups | BitMap([nodes[ref] for ref in named if ref in nodes])


def gap_json(gap: Gap) -> dict[str, Json]:
    """A failure as the API gives it."""
    return {
        "check": gap.check.id,
        "weight": gap.check.weight,
        "entityRef": gap.item.ref,
        "page": entity_path(gap.item.ref),
        "team": gap.team.ref if gap.team is not None else None,
        "about": [one.ref for one in gap.names],
        "file": gap.place.file,
        "editUrl": gap.place.href or None,
    }


def check_json(line: CheckLine) -> dict[str, Json]:
    """A check as the API gives it."""
    one = line.check
    about = {"id": one.id, "title": one.title, "weight": one.weight, "scope": one.scope, "why": one.why, "fix": one.fix}
    return {**about, "failed": line.failed, "asked": line.asked}


def score_json(one: TeamScore) -> dict[str, Json]:
    """A team's score as the API gives it."""
    return {"team": one.ref, "score": one.score.points, "failures": one.score.failures, "entities": one.score.things}


def write_csv(gaps: Iterable[Gap]) -> Iterator[bytes]:
    """The failures as CSV, a line each, piece by piece: a large catalog has hundreds of thousands."""
    yield format_rows([_COLUMNS])
    for batch in batched(gaps):
        yield format_rows([tuple(map(harmless, _cells(gap))) for gap in batch])


def _cells(gap: Gap) -> tuple[str | int, ...]:
    team = gap.team.ref if gap.team is not None else ""
    about = " ".join(one.ref for one in gap.names)
    return gap.check.id, gap.check.weight, gap.item.ref, team, about, gap.place.file, gap.place.href


def write_text(gaps: Iterable[Gap]) -> Iterator[bytes]:
    """The failures as lines for a terminal: check, entity, team, file."""
    is_empty = True
    for batch in batched(gaps):
        yield "".join(map(_format_lines, batch)).encode()
        is_empty = False
    if is_empty:
        yield b"Nothing fails a check.\n"


def _format_lines(gap: Gap) -> str:
    about = f" ({gap.check.says.lower()} {', '.join(one.ref for one in gap.names)})" if gap.names else ""
    team = gap.team.ref if gap.team is not None else "nobody"
    return f"{gap.check.id:<26} {gap.item.ref}{about}\n{'':<26} {team} · {gap.place.href or gap.place.file}\n"


def write_json(gaps: Iterable[Gap]) -> Iterator[bytes]:
    """The failures as one JSON object with all of them."""
    yield b'{"items":['
    comma = b""
    for batch in batched(gaps):
        yield comma + b",\n".join(orjson.dumps(gap_json(gap)) for gap in batch)
        comma = b",\n"
    yield b"]}\n"


FORMATS: Final[Mapping[str, tuple[str, Callable[[Iterable[Gap]], Iterator[bytes]]]]] = {
    "csv": ("text/csv; charset=utf-8", write_csv),
    "text": ("text/plain; charset=utf-8", write_text),
    "json": ("application/json; charset=utf-8", write_json),
}
"""By name, the media type and who writes it."""
