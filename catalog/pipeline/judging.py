"""One file to its documents, each accepted or refused: parse, placeholders, validate, rules, in this order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import orjson

from catalog import parse, placeholders, validate
from catalog.documents import Document, Draft, Json, Location
from catalog.entity import Entity
from catalog.errors import ReadError
from catalog.kinds import MANAGED_BY_LOCATION, MANAGED_BY_ORIGIN, SPECS
from catalog.problems import Cause, Origin, Problem
from catalog.rules import Rule, is_allowed

Verdict = Literal["accepted", "rejected", "unparsed", "foreign", "forbidden"]
_MOST_TOLD = 100
MAX_PLACED = 50_000_000
"""Bytes that the placeholders of one file may stand for."""
OWNER_FROM = "callboard.io/owner-from"
"""The annotation that says where an owner comes from that the file does not state."""
_OWNED = frozenset(kind for kind, spec in SPECS.items() if "owner" in spec["required"])
_LOADERS = {"json": parse.load_json, "yaml": parse.load_yaml}


@dataclass(frozen=True, slots=True)
class Judged:
    """One document of a file with what became of it. One with a placeholder that cannot be read gives no entity."""

    index: int
    line: int
    ref: str
    verdict: Verdict
    entity: Entity | None
    problems: list[Problem]

    @property
    def fails_its_file(self) -> bool:
        """Whether Backstage refuses the whole file for it, rather than this one document: its Location is to blame then."""
        if self.verdict in ("unparsed", "forbidden"):
            return True
        return self.entity is None and (not self.ref or self.problems[0].ref != self.ref)


def judge(
    document: Document,
    read: Callable[[str], bytes] | None,
    above: Entity | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    stand_in: bool = False,
) -> list[Judged]:
    """Every document of a file that the Location entity `above` names, judged. `read` gives what a placeholder names.

    With `stand_in`, or where nothing can be read, each placeholder counts as a string, whatever it stands for.
    """
    parsed = parse.parse(document, document.max_bytes)
    judged: dict[int, Judged] = {}
    refused, read = 0, read and _bound(read)
    for draft in parsed.drafts:
        one = _judge_draft(_fill_owner(draft, document.owner), read, above, rules, stand_in)
        judged[draft.index] = one
        refused += one.entity is None
        if refused >= parse.MOST_BROKEN:
            parsed.problems.append(parse.too_many(draft.location, draft.index + 1, draft.line))
            break
    broken: dict[int, list[Problem]] = {}
    for problem in parsed.problems:
        # As in Backstage, it is the Location's fault: what is no entity has no status to show it in.
        broken.setdefault(problem.origin.index, []).append(_blame(above, problem) if problem.error else problem)
    for index, problems in broken.items():
        if index in judged:
            judged[index].problems.extend(problems)
        else:
            judged[index] = Judged(index, problems[0].origin.line, "", "unparsed", None, problems)
    return [judged[index] for index in sorted(judged)]


def _bound(read: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """Reading for one file, which may name one large file a thousand times."""
    left = MAX_PLACED

    def read_bounded(target: str) -> bytes:
        nonlocal left
        if left < 0:
            raise ReadError(f"what this file names has more than {MAX_PLACED:,} bytes together", forbidden=True)
        content = read(target)
        left -= len(content)
        return content

    return read_bounded


def _judge_draft(
    draft: Draft,
    read: Callable[[str], bytes] | None,
    above: Entity | None,
    rules: Sequence[Rule] | None,
    stand_in: bool,
) -> Judged:
    given, places, origin = draft, parse.Places(draft), above.origin if above else draft.location
    problems: list[Problem] = []
    unresolved = False
    if placeholders.has_placeholders(draft.data) and validate.has_envelope(draft.data):
        data, failures = placeholders.substitute(draft.data, read, _LOADERS)
        problems = [_unresolved(draft, places, *failure) for failure in failures[:_MOST_TOLD]]
        unresolved = bool(failures)
        if unresolved or stand_in:  # judged as the strings they stand for, so that the author sees the rest too
            data, _ = placeholders.substitute(draft.data, None)
        draft = replace(draft, data=data)
    found = validate.validate(draft, origin, above.ref if above else "", locate=places)
    problems = [replace(problem, ref=found.ref) for problem in problems] + found.problems
    entity, verdict = found.entity, found.verdict
    if entity is None and not (found.ref and validate.has_envelope(draft.data)):
        # It does not say what it is: as in Backstage, that is its Location's fault.
        problems = [_blame(above, problem) for problem in problems]
    elif rules is not None and not is_allowed(rules, entity.data if entity else draft.data, origin):
        others = [replace(problem, error=None) for problem in problems if entity is None]
        return Judged(
            draft.index, draft.line, found.ref, "forbidden", None, [_forbid(draft, found.ref, above), *others]
        )
    if unresolved:
        entity = None
    if entity is None and problems:
        problems[0] = replace(problems[0], document=_unprocessed(given, origin))
    return Judged(draft.index, draft.line, found.ref, verdict, entity, problems)


def _blame(above: Entity | None, problem: Problem) -> Problem:
    """The problem as the Location's that led to the file."""
    return replace(problem, ref=above.ref if above else "")


def _fill_owner(draft: Draft, owner: str) -> Draft:
    """The draft with the owner that CODEOWNERS names, where it needs one and has none; it says whence."""
    kind, metadata, spec = (draft.data.get(name) for name in ("kind", "metadata", "spec"))
    if not owner or not isinstance(kind, str) or kind not in _OWNED:
        return draft
    if not isinstance(metadata, dict) or not isinstance(spec, dict):
        return draft
    annotations = metadata.get("annotations") or {}
    if spec.get("owner") not in (None, "") or not isinstance(annotations, dict):
        return draft
    named = {**metadata, "annotations": {**annotations, OWNER_FROM: "CODEOWNERS"}}
    return replace(draft, data={**draft.data, "metadata": named, "spec": {**spec, "owner": owner}})


def _unresolved(draft: Draft, places: parse.Places, path: Sequence[str | int], message: str, cause: Cause) -> Problem:
    line, column = places(path)
    at = Origin(draft.location.target, line, column, draft.index)
    hint = "Check that the file is there and that this source may read it."
    return Problem("placeholder", message, hint, at, error=cause)


def _forbid(draft: Draft, ref: str, above: Entity | None) -> Problem:
    at = Origin(draft.location.target, draft.line, 1 if draft.line else 0, draft.index)
    origin = above.origin if above else draft.location
    words = f"Entity {ref} at {above.location if above else draft.location}, originated at {origin}"
    error = Cause("NotAllowedError", f"{words}, is not of an allowed kind for that location")
    message = f"`{ref}` is of a kind that no rule allows from here"
    hint = "Allow it in `rules`, of the configuration or of this source, or take the document away."
    return _blame(above, Problem("forbidden-kind", message, hint, at, error=error))


def _unprocessed(draft: Draft, origin: Location) -> str:
    """A refused document as Backstage lists it under `unprocessed`: as written, with where it came from."""
    metadata: Json = draft.data.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations") or {}, dict):
        own = {MANAGED_BY_ORIGIN: str(origin), MANAGED_BY_LOCATION: str(draft.location)}
        metadata = {**metadata, "annotations": (metadata.get("annotations") or {}) | own}
        return orjson.dumps({**draft.data, "metadata": metadata}).decode()
    return orjson.dumps(draft.data).decode()
