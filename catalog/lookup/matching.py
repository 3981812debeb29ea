"""From clues to candidates: every entity that something points to, with the reasons; ambiguity is shown, never guessed away."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from pyroaring import BitMap

from catalog.documents import Json
from catalog.lookup.clues import SURETIES, Clue, KeyKind, Surety, make_key
from catalog.lookup.index import Index, find_index
from catalog.lookup.keys import Key, read_keys
from catalog.lookup.payloads import Alert
from catalog.lookup.reasons import MANY, Reason, find_reasons
from catalog.view import View

_WEIGHTS: Final[dict[Surety, int]] = {"certain": 100, "likely": 10, "possible": 1}
_MOST, _CROWD, _FEW = 60, 1_000, 20
"""Of a key that more entities have than the first only these are looked at, and of a crowd a few."""
_MOST_READ: Final = 50
_KINDS: Final = ("Component", "API", "Resource", "System", "Domain", "Group", "User", "Template", "Location")
_NOT_RUNNING: Final = ("api", "system", "domain", "group", "user", "template", "location")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity that the question may be about. `score` orders those of one surety."""

    ref: str
    surety: Surety
    score: int
    reasons: tuple[Reason, ...]

    @property
    def parts(self) -> frozenset[str]:
        """The parts of the text that speak for it with more than a hint."""
        return frozenset(one.part for one in self.reasons if one.surety != "possible")


@dataclass(frozen=True, slots=True)
class Findings:
    """The candidates, best first. `decided` is the one that stands alone at the top, "" where several or none do."""

    candidates: tuple[Candidate, ...] = ()
    total: int = 0
    decided: str = ""

    @property
    def is_vague(self) -> bool:
        """Whether there are hints at most."""
        return not self.candidates or self.candidates[0].surety == "possible"


def look_up(view: View, clues: Iterable[Clue], limit: int = 20) -> Findings:
    """Every entity that a clue leads to, best first; `total` counts those beyond the limit too.

    The parts of a text count only where all of it together leads to hints at most.
    """
    given = list(clues)
    whole = [clue for clue in given if not clue.part]
    found, total = _collect(view, whole)
    if len(whole) < len(given) and (not found or found[0].surety == "possible"):
        found, total = _collect(view, given)
    return Findings(tuple(found[:limit]), total, _decide(found))


def look_up_alert(view: View, alert: Alert, limit: int = 20) -> Findings:
    """What an alert is about: by its clues, and where these give hints at most, by what people wrote into it too."""
    [(_, found)] = look_up_alerts(view, [alert], limit)
    return found


def look_up_alerts(view: View, alerts: Iterable[Alert], limit: int = 20) -> Iterator[tuple[Alert, Findings]]:
    """Each of many alerts, however many there are, with what it is about.

    Only of the first of those that are vague it is read what people wrote: that gives hints, and decides nothing.
    """
    followed, read = _Followed(view, limit), 0
    for alert in alerts:
        found = followed.find(alert.clues)
        if found.is_vague and alert.words and read < _MOST_READ:
            read += 1
            found = followed.find((*alert.clues, *alert.hints))
        yield alert, found


class _Followed:
    """Where clues lead, found out once for all alerts that have the same: in a storm, most of them do."""

    def __init__(self, view: View, limit: int) -> None:
        self._view, self._limit, self._index = view, limit, find_index(view)
        self._leads: dict[tuple[KeyKind, str], bool] = {}
        self._known: dict[tuple[Clue, ...], Findings] = {}

    def find(self, clues: Iterable[Clue]) -> Findings:
        """The findings, by those of the clues that lead anywhere."""
        telling = tuple(clue for clue in clues if self._leads_on(clue))
        if telling not in self._known:
            self._known[telling] = look_up(self._view, telling, self._limit)
        return self._known[telling]

    def _leads_on(self, clue: Clue) -> bool:
        key = clue.kind, clue.value
        if key not in self._leads:
            self._leads[key] = bool(_find(self._view, self._index, clue))
        return self._leads[key]


def _collect(view: View, clues: Sequence[Clue]) -> tuple[list[Candidate], int]:
    """The candidates, best first, and how many there would be if all had been looked at."""
    index = find_index(view)
    pairs = {clue.value.casefold() for clue in clues if clue.kind == "label"}
    hits: dict[int, list[tuple[Clue, int]]] = {}
    total = BitMap()
    reached: set[str] = set()
    for clue in clues:
        nodes = _find(view, index, clue)
        if (clue.part or clue.kind == "host") and clue.surety == "possible" and len(nodes) > MANY:
            continue  # a word that many things are called by, in the midst of others; where many links lead to
        is_far = clue.kind == "address" and clue.part in reached  # of the addresses above one, the nearest counts
        if clue.kind == "address" and nodes:
            reached.add(clue.part)
        total |= nodes
        for node in nodes[: _MOST if len(nodes) <= _CROWD else _FEW]:
            hits.setdefault(node, []).append((clue._replace(surety="possible") if is_far else clue, len(nodes)))
    found = [one for node, its in hits.items() if (one := _judge(view, node, its, pairs)) is not None]
    found.sort(key=_rank)
    return found, max(len(total) - (len(hits) - len(found)), len(found))


def _find(view: View, index: Index, clue: Clue) -> BitMap:
    match clue.kind:
        case "ref":
            node = view.edges.nodes.get(clue.value.casefold())
            return BitMap([node]) & view.live if node is not None else BitMap()
        case "uid":
            node = view.uids.get(clue.value.casefold())
            return BitMap([node]) if node is not None else BitMap()
        case "name":
            return view.column("metadata.name").equal(clue.value.casefold())
        case "running":
            kinds = view.column("kind")
            named = view.column("metadata.name").equal(clue.value.casefold())
            return BitMap.difference(named, *(kinds.equal(kind) for kind in _NOT_RUNNING)) if named else named
        case kind:
            return index.find(make_key(kind, clue.value))


def _judge(view: View, node: int, hits: list[tuple[Clue, int]], pairs: set[str]) -> Candidate | None:
    """What the hits of one entity are worth; None where nothing is left of them when they are looked at closely."""
    body = view.get(view.edges.refs[node])
    if body is None:
        return None
    entity: dict[str, Json] = orjson.loads(body)
    keys: dict[str, Key] = {}
    for key in read_keys(entity):
        keys.setdefault(key.key, key)
    reasons: dict[tuple[str, str, str, str], Reason] = {}
    for clue, count in hits:
        for reason in find_reasons(entity, clue, count, keys, pairs):
            at = (reason.words, reason.value.casefold(), reason.where, reason.part)
            if at not in reasons or _WEIGHTS[reason.surety] > _WEIGHTS[reasons[at].surety]:
                reasons[at] = reason
    if not reasons:
        return None
    sorted_reasons = sorted(reasons.values(), key=lambda one: SURETIES.index(one.surety))
    by_place: dict[str, int] = {}
    for one in sorted_reasons:
        by_place[one.where] = max(by_place.get(one.where, 0), _WEIGHTS[one.surety] + _depth(one))
    return Candidate(view.edges.refs[node], sorted_reasons[0].surety, sum(by_place.values()), tuple(sorted_reasons))


def _depth(reason: Reason) -> int:
    """The longer an address that leads to what was asked for, the better."""
    return reason.value.rstrip("/").count("/") - 2 if reason.kind == "address" and reason.surety == "likely" else 0


def _rank(one: Candidate) -> tuple[int, int, int, str]:
    kind = one.ref.partition(":")[0]
    order = next((at for at, known in enumerate(_KINDS) if known.lower() == kind), len(_KINDS))
    return SURETIES.index(one.surety), -one.score, order, one.ref


def _decide(found: Sequence[Candidate]) -> str:
    if not found or found[0].surety == "possible":
        return ""
    first, rest = found[0], found[1:]
    return "" if any(_is_rival(first, one) for one in rest) else first.ref


def _is_rival(first: Candidate, one: Candidate) -> bool:
    """Whether another one may as well be meant: part of the text speaks for it alone, or for it as much."""
    if one.surety == "possible" or one.parts < first.parts:
        return False
    if not one.parts <= first.parts:  # a team that is named beside a thing is whose it is
        return not _is_owner(one) or _is_owner(first)
    return one.surety == first.surety and (first.surety == "likely" or one.score >= first.score)


def _is_owner(one: Candidate) -> bool:
    return one.ref.startswith(("group:", "user:"))
