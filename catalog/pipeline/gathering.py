"""Reads all that a source has to give: files judged, Locations followed, claims and problems collected. Nothing is stored."""

import hashlib
from collections import deque
from dataclasses import dataclass, replace
from functools import partial

import orjson

from catalog.documents import Document, Location, Root, Source, Unread, is_local
from catalog.entity import Entity, Written
from catalog.pipeline.crawl import Crawl, Progress
from catalog.pipeline.judging import Judged, judge
from catalog.pipeline.keeping import is_orphan, last_good
from catalog.pipeline.roots import describe_location, open_root, read_targets
from catalog.problems import Origin, Problem
from catalog.refs import is_script, parse_location
from catalog.resolve import Claim

_DEPTH = 32  # Locations that lead to Locations


@dataclass(frozen=True, slots=True)
class _Group:
    """The files that one Location names, or one file that the crawl found by itself."""

    documents: list[Document]
    parent: Entity | None
    depth: int
    is_refused: bool = False  # for a target that cannot be read: the others are read to say what else is wrong


def gather(crawl: Crawl, progress: Progress | None) -> None:
    """Read all that the source has to give."""
    for kept in crawl.state.entities.values():
        crawl.by_file.setdefault(kept.location, []).append(kept.ref)
    groups: deque[_Group] = deque()
    for found in crawl.source.crawl():
        match found:
            case Document():
                groups.append(_Group([found], None, 0))
            case Root():
                entity = open_root(found)
                known = crawl.state.entities.get(entity.ref)
                crawl.is_moved = known is not None and known.location != str(found.location)
                crawl.claims.append(Claim(entity.ref, str(found.location), _write(entity)))
                groups += _open(crawl, entity, 0)
            case Unread(location, message):
                _note_unread(crawl, location, message)
        _drain(crawl, groups, progress)
    while unfollowed := _find_unfollowed(crawl):
        for entity in unfollowed:
            crawl.followed.add(entity.ref)
            groups += _open(crawl, entity, 0)
        _drain(crawl, groups, progress)


def _find_unfollowed(crawl: Crawl) -> list[Entity]:
    """The Locations that stay although no file gives them now: as in Backstage, what they name is still read.

    They are orphans, or their file is broken. One whose own document is refused leads nowhere until it is mended, and
    one below another waits for what that one gives now.
    """
    if crawl.is_moved or not (crawl.broken or crawl.unread or crawl.policy.orphans == "keep"):
        return []
    claimed = {claim.ref for claim in crawl.claims}
    kept = last_good(crawl, claimed)
    if crawl.policy.orphans == "keep":
        kept += [ref for ref, one in crawl.state.entities.items() if is_orphan(one) and ref not in claimed]
    known = crawl.followed | crawl.reserved.keys()
    refs = {ref for ref in kept if ref.startswith("location:")} - known
    topmost = sorted(ref for ref in refs if crawl.state.entities[ref].parent not in refs)
    return [_read_back(written) for written in crawl.written(topmost)]


def _read_back(written: Written) -> Entity:
    location, origin = (Location(*(parse_location(at) or ("", at))) for at in (written.location, written.origin))
    data = orjson.loads(written.body)
    return Entity(written.ref, data, location, origin, written.index, written.line, written.parent)


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
    is_refused = bool(problems) and crawl.policy.broken_files == "whole"
    return [_Group(documents, entity, depth + 1, is_refused)]


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
        rules = crawl.policy.rules_of(crawl.source.name)
        read.append((document, digest, judge(document, fetch, group.parent, rules=rules)))
    is_failed = any(one.fails_its_file for _, _, judged in read for one in judged)
    if group.is_refused or (is_failed and crawl.policy.broken_files == "whole"):
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
