"""Reads all that a source has to give: files judged, Locations followed, claims and problems collected. Nothing is stored."""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import orjson

from catalog.documents import Document, Location, Root, Source, Unread, is_local
from catalog.entity import Entity, Written
from catalog.pipeline.judging import Judged, judge
from catalog.pipeline.roots import describe_location, open_root, read_targets
from catalog.problems import Origin, Problem
from catalog.refs import is_script
from catalog.resolve import Claim
from catalog.rules import Rule
from catalog.store import State

Progress = Callable[[int, int], None]
_DEPTH = 32  # Locations that lead to Locations


@dataclass(frozen=True, slots=True)
class Policy:
    """Where an operator may want Backstage's way instead of ours.

    `orphans`: what a file no longer gives is deleted at once, or kept and marked. `broken_files`: a broken document
    hides only itself (`apart`) or everything beside it (`whole`). `rules`: the kinds allowed by place; None for all.
    `source_rules`: what single sources may give besides, by their names; where there are no other rules, only that.
    `relation_targets`: a relation also has its target in parts, as before 4.0.
    A crawl that would remove more than `removed_at_most` entities and more than `removed_share` of its source's has to
    be confirmed.
    """

    orphans: Literal["delete", "keep"] = "delete"
    broken_files: Literal["apart", "whole"] = "apart"
    rules: Sequence[Rule] | None = None
    source_rules: Mapping[str, Sequence[Rule]] = field(default_factory=dict)
    removed_share: float = 0.2
    removed_at_most: int = 5
    relation_targets: bool = False

    def rules_of(self, source: str) -> Sequence[Rule] | None:
        """The rules for what one source gives."""
        own = self.source_rules.get(source)
        return self.rules if own is None else (*own, *(self.rules or ()))


@dataclass(slots=True)
class Crawl:
    """What has been found so far in one crawl of one source."""

    source: Source
    state: State
    policy: Policy
    claims: list[Claim] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    broken: dict[str, set[str] | None] = field(default_factory=dict)  # file -> refs to keep there, None for all
    unread: set[str] = field(default_factory=set)  # Location refs of which a target could not be read
    held_back: set[str] = field(default_factory=set)  # Location refs that stay as they were
    reserved: dict[str, str] = field(default_factory=dict)  # refs of refused documents, and the file of the first
    by_file: dict[str, list[str]] = field(default_factory=dict)
    is_moved: bool = False  # its root has another target: nothing of the old one's outlives what cannot be read now

    def take_up(self, state: State) -> None:
        """Go on from what the store holds now. A file of this source that another process read meanwhile is read again."""
        before, self.state = self.state.documents, state
        for at in self.documents.keys() & (before.keys() | state.documents.keys()):
            if before.get(at) != state.documents.get(at):
                self.documents[at] = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """The files that one Location names, or one file that the crawl found by itself."""

    documents: list[Document]
    origin: Location
    parent: Entity | None
    depth: int


def gather(crawl: Crawl, progress: Progress | None) -> None:
    """Read all that the source has to give."""
    for kept in crawl.state.entities.values():
        crawl.by_file.setdefault(kept.location, []).append(kept.ref)
    groups: deque[_Group] = deque()
    for found in crawl.source.crawl():
        match found:
            case Document():
                groups.append(_Group([found], found.location, None, 0))
            case Root():
                entity = open_root(found)
                known = crawl.state.entities.get(entity.ref)
                crawl.is_moved = known is not None and known.location != str(found.location)
                crawl.claims.append(Claim(entity.ref, str(found.location), _write(entity)))
                groups += _open(crawl, entity, 0)
            case Unread(location, message):
                _note_unread(crawl, location, message)
        _drain(crawl, groups, progress)


def _drain(crawl: Crawl, groups: deque[_Group], progress: Progress | None) -> None:
    while groups:
        group = groups.popleft()
        for location in _take(crawl, group):
            groups += _open(crawl, location, group.depth)
        if progress is not None:
            progress(len(crawl.documents), len(crawl.claims))


def _open(crawl: Crawl, entity: Entity, depth: int) -> list[_Group]:
    """The files that a Location names, as one group; what could not be read is a problem of the Location."""
    if depth >= _DEPTH:
        return []
    documents, problems = read_targets(crawl.source, entity)
    crawl.problems += problems
    # On a disk, gone is known; a host that says 404 may only have forgotten who asks.
    is_on_disk = is_local(crawl.source) and (entity.data["spec"].get("type") or entity.location.type) == "file"
    if any(problem.rule != "target-missing" or not is_on_disk for problem in problems):
        crawl.unread.add(entity.ref)
    if problems and crawl.policy.broken_files == "whole":
        _hold(crawl, entity)
        return []
    return [_Group(documents, entity.origin, entity, depth + 1)]


def _take(crawl: Crawl, group: _Group) -> list[Entity]:
    """Take the files of a group in; the Location entities in them."""
    locations: list[Entity] = []
    read: list[tuple[Document, str, list[Judged]]] = []
    for document in group.documents:
        file = str(document.location)
        if file in crawl.documents:
            continue
        judged_by = document.content + document.owner.encode()  # what its meaning hangs on
        digest = hashlib.sha1(judged_by, usedforsecurity=False).hexdigest()
        crawl.documents[file] = digest
        if crawl.state.documents.get(file) == digest:
            # A generated Location is at the file that it names, and was claimed when it was opened.
            own = group.parent.ref if group.parent else ""
            crawl.claims += [Claim(ref, file, None) for ref in crawl.by_file.get(file, ()) if ref != own]
            continue
        fetch = partial(_fetch, crawl.source, document.location)
        parent = group.parent.ref if group.parent else ""
        rules = crawl.policy.rules_of(crawl.source.name)
        read.append((document, digest, judge(document, fetch, group.origin, parent, rules=rules)))
    failed = [one for _, _, judged in read for one in judged if one.fails_its_file]
    if failed and crawl.policy.broken_files == "whole":
        _refuse_group(crawl, group, read)
        return []
    for document, digest, judged in read:
        locations += _take_file(crawl, document, digest, judged)
    return locations


def _fetch(source: Source, base: Location, target: str) -> bytes:
    return source.fetch(target, base)


def _take_file(crawl: Crawl, document: Document, digest: str, judged: list[Judged]) -> list[Entity]:
    file = str(document.location)
    entities = [one.entity for one in judged if one.entity is not None]
    problems = [problem for one in judged for problem in one.problems]
    refused = [one for one in judged if one.entity is None]
    for one in refused:
        crawl.reserved.setdefault(one.ref, file)
    if refused:
        crawl.broken[file] = None if any(not one.ref for one in refused) else {one.ref for one in refused}
    locations = [entity for entity in entities if entity.data["kind"] == "Location"]
    # Only a file whose meaning hangs on nothing else may be skipped the next time it is the same.
    plain = not problems and not locations and b"$" not in document.content
    crawl.documents[file] = digest if plain else ""
    crawl.problems += problems
    crawl.claims += [Claim(entity.ref, file, _write(entity)) for entity in entities]
    return locations


def _refuse_group(crawl: Crawl, group: _Group, read: list[tuple[Document, str, list[Judged]]]) -> None:
    """One broken document hides its siblings, as in Backstage: all stays as it was (reference section 4.3)."""
    for document, _, judged in read:
        crawl.documents[str(document.location)] = ""
        crawl.broken[str(document.location)] = None
        crawl.problems += [problem for one in judged if one.fails_its_file for problem in one.problems]
    if group.parent is not None:
        _hold(crawl, group.parent)


def _hold(crawl: Crawl, location: Entity) -> None:
    """Leave a Location and what it gave as they were before this crawl."""
    crawl.unread.add(location.ref)
    crawl.held_back.add(location.ref)
    mine = next((n for n, problem in enumerate(crawl.problems) if problem.ref == location.ref), None)
    if mine is not None and location.ref not in crawl.state.entities:
        crawl.problems[mine] = replace(crawl.problems[mine], document=describe_location(location))


def _note_unread(crawl: Crawl, location: Location, message: str) -> None:
    crawl.documents[str(location)] = ""
    crawl.broken[str(location)] = None
    hint = "What it gave before is kept until it can be read."
    crawl.problems.append(Problem("file-unreadable", message, hint, Origin(location.target)))


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
