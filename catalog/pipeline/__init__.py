"""Runs the stages in their order: crawl, parse, validate, resolve, store. The only file that knows that order.

A crawl either finishes or changes nothing. A file that is there and broken keeps the last good entities it gave.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

import orjson

from catalog import resolve, validate
from catalog.documents import Source, is_local
from catalog.errors import ReadError
from catalog.locations import is_generated
from catalog.pipeline.crawl import Crawl, Policy, Progress
from catalog.pipeline.gathering import gather
from catalog.pipeline.judging import Judged, judge
from catalog.pipeline.keeping import keep_orphans, last_good
from catalog.pipeline.preview import check, preview
from catalog.problems import Problem
from catalog.resolve import Claim
from catalog.store import ChangeSet, StaleError, Store

__all__ = ["Judged", "Policy", "Progress", "Report", "check", "empty", "ingest", "judge", "preview", "remove"]

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What one ingest did, or with `dry_run` would do: refs by what happened to them, problems, and the time it took.

    With a `failure` nothing was done. `held` says that it only waits to be confirmed, and what it would do.
    """

    source: str
    revision: int
    added: list[str]
    changed: list[str]
    removed: list[str]
    unchanged: int
    problems: list[Problem]
    seconds: float
    failure: str = ""
    held: bool = False

    @property
    def refused(self) -> list[Problem]:
        """The problems that kept something out."""
        return [problem for problem in self.problems if problem.severity == "error"]


def ingest(
    source: Source,
    store: Store,
    *,
    policy: Policy = Policy(),
    confirmed: bool | Collection[str] = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """One crawl of the source into the store. A crawl that fails changes nothing and says why in `Report.failure`.

    So does one after which too much would be gone, unless that is `confirmed`: whatever it is, or these refs and no others.
    """
    started = time.perf_counter()
    crawl = Crawl(source, store.state(source.name), policy, store.written)
    try:
        gather(crawl, progress)
    except ReadError as error:
        if not dry_run:
            store.fail(source.name, error.message)
        return _report(crawl, ChangeSet(source.name), started, error.message)
    with ExitStack() as alone:
        for _ in range(_TRIES):
            changes = _find_changes(crawl, store)
            if not _is_confirmed(confirmed, changes) and (message := _say_what_is_gone(crawl, changes)):
                if not dry_run:
                    store.fail(source.name, message)
                return replace(_report(crawl, changes, started, message), held=True)
            if dry_run:
                return _report(crawl, changes, started)
            try:
                number = store.commit(changes, crawl.state)
            except StaleError:
                # Whoever was overtaken goes next: a large crawl would else never come to its end beside many small ones.
                alone.enter_context(store.turn)
                crawl.take_up(store.state(source.name))  # what others wrote meanwhile may settle a claim another way
                continue
            return replace(_report(crawl, changes, started), revision=number)
    return _report(crawl, ChangeSet(source.name), started, f"Other writers were faster {_TRIES} times in a row.")


def _find_changes(crawl: Crawl, store: Store) -> ChangeSet:
    """What the crawl changes, by what the store holds of this source and of the others."""
    named = {claim.ref for claim in crawl.claims} | {one.ref for one in crawl.problems if one.document}
    held = crawl.state.entities.keys()  # nobody else has those
    changes = _compare(crawl, store.holders(named - held, crawl.source.name))
    return keep_orphans(changes, crawl) if crawl.policy.orphans == "keep" else changes


def _report(crawl: Crawl, changes: ChangeSet, started: float, failure: str = "") -> Report:
    added, changed = ([one.ref for one in some] for some in (changes.added, changes.changed))
    return Report(
        crawl.source.name,
        crawl.state.revision,
        added,
        changed,
        changes.removed,
        len(crawl.state.entities) - len(changed) - len(changes.removed),
        changes.problems,
        round(time.perf_counter() - started, 3),
        failure,
    )


def _is_confirmed(confirmed: bool | Collection[str], changes: ChangeSet) -> bool:
    return confirmed if isinstance(confirmed, bool) else set(changes.removed) <= set(confirmed)


def _say_what_is_gone(crawl: Crawl, changes: ChangeSet) -> str:
    """Why a crawl that found much less than the one before is not believed; empty where it is.

    A generated Location is none of what is lost: it goes where its file has another URL, and all that it gave stays.
    """
    held, gone = (sum(not is_generated(ref) for ref in refs) for refs in (crawl.state.entities, changes.removed))
    limits = crawl.policy
    is_empty = bool(crawl.state.entities) and not crawl.documents and not crawl.claims and not is_local(crawl.source)
    if not is_empty and gone <= max(limits.removed_at_most, limits.removed_share * held):
        return ""
    share = f"{gone} of {held} entities ({100 * gone / held:.0f} %)" if held else "everything"
    return f"{share} would be gone; nothing was changed. Confirm it on the source's page or with `--confirm-removals`."


def remove(ref: str, store: Store) -> str:
    """Take one entity away, and have its file read again the next time; the name of its source, "" without one."""
    while True:
        source = store.source_of(ref)
        state = store.state(source)
        if ref not in state.entities:
            return ""
        documents = state.documents | {state.entities[ref].location: ""}
        changes = ChangeSet(source, removed=[ref], documents=documents, problems=list(state.problems))
        try:
            store.commit(changes, state)
        except StaleError:
            continue
        return source


def empty(source: str, store: Store) -> list[str]:
    """Take everything a source gave away, and forget the source; the refs it gave up."""
    while True:
        state = store.state(source)
        try:
            store.commit(ChangeSet(source, removed=sorted(state.entities)), state)
        except StaleError:
            continue
        store.drop(source)
        return sorted(state.entities)


def _compare(crawl: Crawl, others: Mapping[str, str]) -> ChangeSet:
    """What the crawl changes of what the store holds of this source; `others` are the refs that other sources hold.

    It leaves the crawl as it is, which may be compared again.
    """
    held, documents, problems = crawl.state.entities, dict(crawl.documents), list(crawl.problems)
    claims = [claim for claim in crawl.claims if claim.ref not in crawl.held_back]
    if not crawl.is_moved:
        claims += [Claim(ref, held[ref].location, None) for ref in sorted(crawl.held_back & held.keys())]
    if crawl.policy.broken_files == "whole":
        # There a refused document holds its ref against other files, though nobody sees it (reference section 4.8).
        claims = [one for one in claims if one.ref in held or crawl.reserved.get(one.ref, one.location) == one.location]
    kept = [] if crawl.is_moved else last_good(crawl, {claim.ref for claim in claims})
    claims += [Claim(ref, held[ref].location, None) for ref in kept]
    # What stays as it was keeps its errors too, unless this crawl found others.
    told = {problem.ref for problem in problems}
    stays = set(kept) - told - crawl.followed
    problems += [one for one in crawl.state.problems if one.ref in stays and one.error is not None]
    if crawl.policy.broken_files == "whole":
        unparsed = {file.partition(":")[2] for file, refs in crawl.broken.items() if refs is None}
        problems += [one for one in crawl.state.problems if one.origin.file in unparsed and _is_own(one)]
    owners = {ref: kept.location for ref, kept in held.items()}
    winners, conflicts = resolve.settle(claims, owners, others)
    files = {at.partition(":")[2]: at for at in documents} if conflicts else {}
    for at in {files[problem.origin.file] for problem in conflicts if problem.origin.file in files}:
        documents[at] = ""  # read it again: the other file may have gone
    removed = sorted(set(held) - set(winners))
    holders = {**others, **{ref: claim.location for ref, claim in winners.items()}}
    problems = _distinct([_disown(one, holders) for one in problems] + conflicts)
    changes = ChangeSet(crawl.source.name, [], [], removed, documents, problems)
    for ref, claim in winners.items():
        if claim.entity is None:
            if ref not in held:  # it was taken away while the crawl ran
                documents[claim.location] = ""
            continue
        written = claim.entity
        if ref not in held:
            changes.added.append(written)
        elif held[ref].hash != written.hash or held[ref].location != written.location:
            changes.changed.append(written)
    return changes


def _disown(problem: Problem, holders: Mapping[str, str]) -> Problem:
    """A refused document of a ref that another file holds is no fault of the entity: Backstage drops it without a status."""
    holder = holders.get(problem.ref, "").partition(":")[2]
    if not holder or holder == problem.origin.file or not _is_own(problem):
        return problem
    return replace(problem, error=None)


def _is_own(problem: Problem) -> bool:
    """Whether it is the fault of the entity that a refused document tells of, and not of the Location that led there."""
    return bool(problem.document) and validate.tell_ref(orjson.loads(problem.document)) == problem.ref


def _distinct(problems: Iterable[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))
