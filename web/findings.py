"""Problems as people look for them: each with the team that can mend it, filtered, and counted by file, team and rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import orjson

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.kinds import RULES
from catalog.problems import Problem
from catalog.refs import RefError, parse_ref
from catalog.view import View
from web.names import owner_of
from web.urls import read_ref, split_ref

NO_OWNER = "none"
_TEAMS = ("group", "user")


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem; `team` is the canonical ref of who owns what it is about, "" where nobody can be told."""

    problem: Problem
    team: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which problems are wanted; an empty text takes any. `team` is a ref, or `none` for what nobody owns."""

    rule: str = ""
    file: str = ""
    team: str = ""
    severity: str = ""

    def accepts(self, finding: Finding, *, but: str = "") -> bool:
        """Whether a finding is wanted, one of the questions left out."""
        problem = finding.problem
        found = {
            "rule": problem.rule,
            "file": problem.origin.file,
            "team": finding.team or NO_OWNER,
            "severity": str(problem.severity),
        }
        return all(getattr(self, name) in ("", value) for name, value in found.items() if name != but)


def find_all(catalog: Catalog) -> list[Finding]:
    """Every problem with its team, by file and line; found once a revision."""
    view = catalog.view
    known = _FOUND.get(catalog)
    if known is None or known[0] is not view:
        known = _FOUND[catalog] = view, _find_all(catalog, view)
    return known[1]


_FOUND: WeakKeyDictionary[Catalog, tuple[View, list[Finding]]] = WeakKeyDictionary()


def _find_all(catalog: Catalog, view: View) -> list[Finding]:
    problems, find_team = catalog.problems, _team_finder(view)
    found = [Finding(problem, find_team(problem)) for problem in problems]
    lost = {one.problem.origin.file for one in found if not one.team}
    of_file: dict[str, str] = {}
    for file, refs in catalog.refs_of_files(lost).items():
        of_file[file] = next((owner for ref in sorted(refs) if (owner := _owner_ref(view, ref))), "")
    return [one if one.team else Finding(one.problem, of_file.get(one.problem.origin.file, "")) for one in found]


def parse_filter(values: Mapping[str, str]) -> Filter:
    """The filter that the parameters of an address stand for."""
    team = values.get("team", "").strip().lower()
    if team and team != NO_OWNER:
        team = read_ref(team, "group")
    given = {name: values.get(name, "").strip() for name in ("rule", "file", "severity")}
    return Filter(**given, team=team)


def count_rules(findings: Iterable[Finding]) -> Counter[str]:
    """How many break each rule."""
    return Counter(one.problem.rule for one in findings)


def count_teams(findings: Iterable[Finding]) -> Counter[str]:
    """How many each team has; `none` for those of nobody."""
    return Counter(one.team or NO_OWNER for one in findings)


def _team_finder(view: View) -> Callable[[Problem], str]:
    """Finds the team of a problem: its entity's owner, or what a refused one declares."""
    by_ref: dict[str, str] = {"": ""}

    def find(problem: Problem) -> str:
        if problem.ref not in by_ref:
            by_ref[problem.ref] = _owner_ref(view, problem.ref)
        return by_ref[problem.ref] or _declared_owner(problem.document)

    return find


def _owner_ref(view: View, ref: str) -> str:
    if split_ref(ref)[0] in _TEAMS:
        return ref
    owner = owner_of(view, ref)
    return owner.ref if owner is not None else ""


def _declared_owner(document: str) -> str:
    """The owner that a refused document names, as far as that can be told."""
    if not document:
        return ""
    entity: Json = orjson.loads(document)
    spec, metadata = entity.get("spec"), entity.get("metadata")
    owner = spec.get("owner") if isinstance(spec, dict) else None
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    if not isinstance(owner, str):
        return ""
    try:
        ref = str(parse_ref(owner, "group", namespace if isinstance(namespace, str) and namespace else "default"))
    except RefError:
        return ""
    return ref if split_ref(ref)[0] in _TEAMS else ""


def finding_json(finding: Finding) -> dict[str, Json]:
    """A problem as the API gives it."""
    return problem_json(finding.problem) | {"team": finding.team or None}


def problem_json(problem: Problem) -> dict[str, Json]:
    """A problem as the API gives it, whoever owns it."""
    at = problem.origin
    return {
        "rule": problem.rule,
        "meaning": RULES.get(problem.rule, ""),
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
        "file": at.file,
        "line": at.line or None,
        "column": at.column or None,
        "document": at.index,
        "entityRef": problem.ref or None,
    }
