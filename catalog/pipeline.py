"""Runs the stages in their order: crawl, parse, validate, resolve, store. The only file that knows that order.

A crawl either finishes or changes nothing. A file that is there and broken keeps the last good entities it gave.
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import orjson

from catalog import parse, placeholders, resolve, validate
from catalog.documents import Document, Draft, Location, Root, Source, Unread
from catalog.entity import Entity, Written
from catalog.errors import ReadError
from catalog.problems import Cause, Origin, Problem
from catalog.refs import is_script
from catalog.resolve import Claim
from catalog.store import ChangeSet, StaleError, State, Store

Progress = Callable[[int, int], None]
Verdict = Literal["accepted", "rejected", "unparsed", "foreign"]
_TRIES = 5
_DEPTH = 32  # Locations that lead to Locations


@dataclass(frozen=True, slots=True)
class Report:
    """What one ingest did, or with `dry_run` would do: refs by what happened to them, problems, and the time it took."""

    source: str
    revision: int
    added: list[str]
    changed: list[str]
    removed: list[str]
    unchanged: int
    problems: list[Problem]
    seconds: float
    failure: str = ""

    @property
    def refused(self) -> list[Problem]:
        """The problems that kept something out."""
        return [problem for problem in self.problems if problem.severity == "error"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One document of a file with what became of it. One with a placeholder that cannot be read gives no entity."""

    index: int
    line: int
    ref: str
    verdict: Verdict
    entity: Entity | None
    problems: list[Problem]


@dataclass(slots=True)
class _Crawl:
    """What has been found so far in one crawl of one source."""

    source: Source
    state: State
    claims: list[Claim] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    broken: dict[str, set[str] | None] = field(default_factory=dict)  # file -> refs to keep there, None for all
    unread: set[str] = field(default_factory=set)  # Location refs of which a target could not be read
    by_file: dict[str, list[str]] = field(default_factory=dict)


def judge(
    document: Document,
    read: Callable[[str], bytes] | None,
    origin: Location,
    parent: str = "",
    *,
    stand_in: bool = False,
) -> list[Judged]:
    """Every document of a file, judged. `read` gives what a placeholder names.

    With `stand_in`, or where nothing can be read, each placeholder counts as a string, whatever it stands for.
    """
    parsed = parse.parse(document)
    judged = [_judge_draft(draft, read, origin, parent, stand_in) for draft in parsed.drafts]
    broken: dict[int, list[Problem]] = {}
    for problem in parsed.problems:
        broken.setdefault(problem.origin.index, []).append(problem)
    for index, problems in broken.items():
        mine = next((one for one in judged if one.index == index), None)
        if mine is not None:
            mine.problems.extend(problems)
        else:
            judged.append(Judged(index, problems[0].origin.line, "", "unparsed", None, problems))
    return sorted(judged, key=lambda one: one.index)


def _judge_draft(
    draft: Draft, read: Callable[[str], bytes] | None, origin: Location, parent: str, stand_in: bool
) -> Judged:
    problems: list[Problem] = []
    unresolved = False
    if placeholders.has_placeholders(draft.data):
        data, failures = placeholders.substitute(draft.data, read, _LOADERS)
        for path, message, cause in failures:
            line, column = parse.locate(draft, path)
            at = Origin(draft.location.target, line, column, draft.index)
            hint = "Check that the file is there and below the root of this source."
            problems.append(Problem("placeholder", message, hint, at, error=cause))
        unresolved = bool(failures)
        if unresolved or stand_in:  # judged as the strings they stand for, so that the author sees the rest too
            data, _ = placeholders.substitute(draft.data, None)
        draft = replace(draft, data=data)
    found = validate.validate(draft, origin, parent, locate=parse.locate)
    problems = [replace(problem, ref=found.ref) for problem in problems] + found.problems
    entity = None if unresolved else found.entity
    return Judged(draft.index, draft.line, found.ref, found.verdict, entity, problems)


_LOADERS = {"json": parse.load_json, "yaml": parse.load_yaml}


def ingest(source: Source, store: Store, *, dry_run: bool = False, progress: Progress | None = None) -> Report:
    """One crawl of the source into the store. A crawl that fails changes nothing and says why in `Report.failure`."""
    started = time.perf_counter()
    for _ in range(_TRIES):
        state = store.state(source.name)
        try:
            changes = _plan(_Crawl(source, state), progress)
        except ReadError as error:
            if not dry_run:
                store.fail(source.name, error.message)
            return Report(
                source.name, state.revision, [], [], [], len(state.entities), [], _since(started), error.message
            )
        try:
            number = state.revision if dry_run else store.commit(changes, state)
        except StaleError:
            continue
        added, changed = ([one.ref for one in some] for some in (changes.added, changes.changed))
        unchanged = len(state.entities) - len(changed) - len(changes.removed)
        removed = changes.removed
        return Report(source.name, number, added, changed, removed, unchanged, changes.problems, _since(started))
    message = "Other writers were faster five times in a row."
    return Report(source.name, state.revision, [], [], [], len(state.entities), [], _since(started), message)


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)


def _plan(crawl: _Crawl, progress: Progress | None) -> ChangeSet:
    for kept in crawl.state.entities.values():
        crawl.by_file.setdefault(kept.location, []).append(kept.ref)
    queue: deque[tuple[Document, Location, str, int]] = deque()
    for found in crawl.source.crawl():
        match found:
            case Document():
                queue.append((found, found.location, "", 0))
            case Root():
                queue.extend(_open_root(crawl, found))
            case Unread(location, message):
                _note_unread(crawl, location, message)
        _drain(crawl, queue, progress)
    return _compare(crawl)


def _drain(crawl: _Crawl, queue: deque[tuple[Document, Location, str, int]], progress: Progress | None) -> None:
    while queue:
        document, origin, parent, depth = queue.popleft()
        if str(document.location) in crawl.documents:
            continue
        for location in _read_document(crawl, document, origin, parent):
            if depth < _DEPTH:
                children = _targets(crawl, location)
                queue.extend((child, location.origin, location.ref, depth + 1) for child in children)
        if progress is not None:
            progress(len(crawl.documents), len(crawl.claims))


def _read_document(crawl: _Crawl, document: Document, origin: Location, parent: str) -> list[Entity]:
    """Take a file in; the Location entities in it."""
    file, digest = str(document.location), hashlib.sha1(document.content, usedforsecurity=False).hexdigest()
    if crawl.state.documents.get(file) == digest:
        crawl.documents[file] = digest
        crawl.claims += [Claim(ref, file, None) for ref in crawl.by_file.get(file, ())]
        return []
    judged = judge(document, lambda target: crawl.source.fetch(target, document.location), origin, parent)
    entities = [one.entity for one in judged if one.entity is not None]
    problems = [problem for one in judged for problem in one.problems]
    refused = [one for one in judged if one.entity is None]
    if refused:
        crawl.broken[file] = None if any(not one.ref for one in refused) else {one.ref for one in refused}
    locations = [entity for entity in entities if entity.data["kind"] == "Location"]
    # Only a file whose meaning hangs on nothing else may be skipped the next time it is the same.
    plain = not problems and not locations and b"$" not in document.content
    crawl.documents[file] = digest if plain else ""
    crawl.problems += problems
    crawl.claims += [Claim(entity.ref, file, _write(entity)) for entity in entities]
    return locations


def _open_root(crawl: _Crawl, root: Root) -> list[tuple[Document, Location, str, int]]:
    """The generated Location entity of a root, and the files it names (reference section 4.7)."""
    at = str(root.location)
    spec = {"type": root.location.type, "target": root.location.target}
    if root.presence != "required":
        spec["presence"] = root.presence
    data = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {"name": f"generated-{hashlib.sha1(at.encode(), usedforsecurity=False).hexdigest()}"},
        "spec": spec,
    }
    draft = Draft(root.location, 0, data, "", 0)
    entity = validate.validate(draft, root.location).entity
    if entity is None:
        raise ReadError(f"`{at}` cannot be a location")
    crawl.claims.append(Claim(entity.ref, at, _write(entity)))
    documents = _targets(crawl, entity)
    return [(document, root.location, entity.ref, 1) for document in documents]


def _targets(crawl: _Crawl, entity: Entity) -> list[Document]:
    """The files that a Location entity names. One that cannot be read is a problem of the Location."""
    spec = entity.data.get("spec", {})
    named = [spec["target"]] if spec.get("target") else []
    documents: list[Document] = []
    for target in [*named, *(spec.get("targets") or [])]:
        try:
            documents += crawl.source.read(target, entity.location, spec.get("type") or entity.location.type)
        except ReadError as error:
            if error.missing and spec.get("presence") == "optional":
                continue
            if not error.missing:
                crawl.unread.add(entity.ref)
            crawl.problems.append(_target_problem(entity, target, error))
    return documents


def _target_problem(entity: Entity, target: str, error: ReadError) -> Problem:
    at = Origin(entity.location.target, entity.line, 1 if entity.line else 0, entity.index)
    if error.missing:
        rule, name, hint = "target-missing", "NotFoundError", "Correct the target, or remove it from the Location."
    elif error.forbidden:
        rule, name, hint = (
            "target-forbidden",
            "NotAllowedError",
            "Serve the folder above, so that the target is below its root.",
        )
    else:
        rule, name, hint = "target-unreadable", "Error", "What it gave before is kept until it can be read."
    message = f"target `{target}`: {error.message}"
    return Problem(rule, message, hint, at, ref=entity.ref, error=Cause(name, error.message))


def _note_unread(crawl: _Crawl, location: Location, message: str) -> None:
    crawl.documents[str(location)] = ""
    crawl.broken[str(location)] = None
    hint = "What it gave before is kept until it can be read."
    crawl.problems.append(Problem("file-unreadable", message, hint, Origin(location.target)))


def _compare(crawl: _Crawl) -> ChangeSet:
    """What the crawl changes of what the store holds of this source."""
    held = crawl.state.entities
    claims = [*crawl.claims, *_last_good(crawl)]
    owners = {ref: kept.location for ref, kept in held.items()}
    others = {ref: kept.location for ref, kept in crawl.state.others.items()}
    winners, conflicts = resolve.settle(claims, owners, others)
    for problem in conflicts:
        crawl.documents[f"file:{problem.origin.file}"] = ""  # read it again: the other file may have gone
    removed = sorted(set(held) - set(winners))
    changes = ChangeSet(crawl.source.name, [], [], removed, crawl.documents, _distinct(crawl.problems + conflicts))
    for ref, claim in winners.items():
        if claim.entity is None:
            continue
        written = claim.entity
        if ref not in held:
            changes.added.append(written)
        elif held[ref].hash != written.hash or held[ref].location != written.location:
            changes.changed.append(written)
    return changes


def _last_good(crawl: _Crawl) -> Iterator[Claim]:
    """Claims for what broken files and unreadable targets gave before, as the store holds it."""
    held, claimed = crawl.state.entities, {claim.ref for claim in crawl.claims}
    lost = set(crawl.unread)
    kept: set[str] = set()
    for file, refs in crawl.broken.items():
        kept |= {ref for ref in crawl.by_file.get(file, ()) if refs is None or ref in refs}
    lost |= kept
    grown = True
    while grown:
        below = {ref for ref, one in held.items() if one.parent in lost and one.location not in crawl.documents}
        grown = not below <= kept
        kept |= below
        lost |= below
    yield from (Claim(ref, held[ref].location, None) for ref in sorted(kept - claimed))


def _distinct(problems: Iterable[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))


SHOWN_URLS = ("backstage.io/view-url", "backstage.io/edit-url")
REJECTED = "https://backstage.io/annotation-rejected-for-security-reasons"


def _write(entity: Entity) -> Written:
    """The entity as the store keeps it: its JSON with metadata first, which lets the view splice instead of printing."""
    metadata = {key: value for key, value in entity.data["metadata"].items() if key not in ("uid", "etag")}
    annotations: dict[str, str] = metadata["annotations"]
    bad = {name: REJECTED for name in SHOWN_URLS if is_script(annotations.get(name, ""))}
    metadata["annotations"] = annotations | bad
    etag = entity.data["metadata"].get("etag", "")
    rest = {key: value for key, value in entity.data.items() if key != "metadata"}
    body = orjson.dumps({"metadata": metadata, **rest})
    digest = hashlib.sha1(body + str(etag).encode(), usedforsecurity=False).hexdigest()
    at, origin = str(entity.location), str(entity.origin)
    return Written(entity.ref, at, origin, entity.parent, entity.index, entity.line, digest, etag, body)
