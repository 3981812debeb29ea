"""`Crawler`: the sources of a catalog, which of them to read when, and the locations registered over the API.

A registered location is a source of its own, so that reading one reads no other.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from catalog.catalog import Catalog
from catalog.documents import PUSHED, Document, Hooked, Location, Remote, Source, Usage, is_local, is_timed
from catalog.entity import Entity
from catalog.errors import CatalogError, ReadError
from catalog.jobs import Job
from catalog.locations import SOURCE_PREFIX, Registered, generated_name
from catalog.pipeline import Judged, Progress, Report
from catalog.refs import location_error
from catalog.runs import Counts, Outcome, Run
from catalog.texts import Texts

log = logging.getLogger("callboard")
_CRASHED_EVERY = 3600.0
OpenLocation = Callable[[Registered], Source]
"""Makes the source that reads a registered location."""
OpenPushed = Callable[[str, bytes], Source]
"""Makes the source, by its name, that gives a set of entities that was pushed: a catalog file's content."""
KEPT = "pushed"
"""What a pushed set's content is kept under in its source's cache; empty once it was taken away."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a dry run found: the location as it would be registered, whether it is already, and the entities it brings."""

    location: Registered
    exists: bool
    entities: list[Entity]


class Crawler:
    """The sources of one catalog. Each crawl is one call; whoever holds the crawler makes those that are due.

    `every` is how often a source is read anew, in seconds by its name; registered locations have `locations_every`.
    """

    def __init__(
        self,
        catalog: Catalog,
        sources: Sequence[Source] = (),
        open_location: OpenLocation | None = None,
        *,
        types: Sequence[str] = ("url",),
        on_conflict: Literal["reject", "refresh"] = "reject",
        every: Mapping[str, float] | None = None,
        locations_every: float | None = None,
        open_pushed: OpenPushed | None = None,
    ) -> None:
        self.catalog = catalog
        self.sources = {source.name: source for source in sources}
        self._open, self._types, self._on_conflict = open_location, tuple(types), on_conflict
        self._every, self._locations_every = dict(every or {}), locations_every
        self._open_pushed = open_pushed
        self._jobs: dict[str, Job] = {}
        self._texts = Texts()
        self._lock = threading.RLock()
        for name, source in self.sources.items():
            self.job(name).next_at = time.time() if name in self._every and not is_local(source) else None

    # -- reading

    def job(self, name: str) -> Job:
        """What a source is doing."""
        with self._lock:
            return self._jobs.setdefault(name, Job(name))

    def due(self) -> list[str]:
        """The sources whose time has come."""
        with self._lock:
            jobs = list(self._jobs.values())
        return [job.source for job in jobs if job.is_due()]

    def hooked(self, name: str) -> Hooked:
        """The source that a webhook is for. Raises `CatalogError` where there is none by the name that takes any."""
        source = self.sources.get(name)
        if not isinstance(source, Hooked):
            raise CatalogError("not_found", f"There is no source `{name}` that takes webhooks")
        return source

    def wake(self, name: str) -> None:
        """Have a source read as soon as may be, by whoever holds the crawler; one that is being read now, once more."""
        self.job(name).wake()

    def crawl(
        self, name: str, *, confirmed: bool | Collection[str] = False, progress: Progress | None = None
    ) -> Report | None:
        """Read a source once; where it gave refs up, the others too, for one of them may have been waiting for one.

        None where there is no such source any more. `confirmed` takes even what would remove a lot, or
        just these refs.
        """
        job = self.job(name)
        with job.working():
            source = self._source(name)
            if source is None:
                job.next_at = None
                return None
            try:
                report = self._run(source, job, confirmed=confirmed, progress=progress)
            except Exception as error:
                self._note_crash(source, job, error)
                raise
        if not report.failure:
            self.offer(report.removed, name)
        return report

    def offer(self, refs: Collection[str], giver: str) -> None:
        """Read the sources that wait for any of the refs, which `giver` gave up."""
        for other in self.catalog.waiting(refs) if refs else ():
            if other != giver:
                self.crawl(other)

    def plan(self, name: str) -> Report:
        """What a crawl would change; kept in the source's job. Raises `CatalogError` where there is no such source."""
        job = self.job(name)
        with job.working():
            source = self._source(name)
            if source is None:
                raise CatalogError("not_found", f"There is no source `{name}`")
            if isinstance(source, Remote):
                source.usage.clear()
            job.begin("planning")
            try:
                report = self.catalog.ingest(source, dry_run=True, progress=job.count)
            finally:
                if isinstance(source, Remote):
                    source.cache.flush()
            job.plan, job.planned_at = report, time.time()
            return report

    def start(
        self, name: str, *, confirmed: bool | Collection[str] = False, dry_run: bool = False
    ) -> threading.Thread | None:
        """Crawl, or plan to, in a thread that does not hold up the end of the process; None where one is at it already."""
        job = self.job(name)
        with self._lock:
            if job.state != "idle":
                return None
            job.begin("planning" if dry_run else "running")

        def work() -> None:
            try:
                self.plan(name) if dry_run else self.crawl(name, confirmed=confirmed)
            except Exception:
                log.exception("reading %s failed", name)

        thread = threading.Thread(target=work, name=f"crawl {name}", daemon=True)
        thread.start()
        return thread

    @property
    def reads_locations(self) -> bool:
        """Whether registered locations are read at all."""
        return self._open is not None

    def _run(self, source: Source, job: Job, *, confirmed: bool | Collection[str], progress: Progress | None) -> Report:
        remote = source if isinstance(source, Remote) else None
        if remote is not None:
            remote.usage.clear()
        job.begin()
        started = datetime.now(UTC)

        def count(files: int, entities: int) -> None:
            job.count(files, entities)
            if progress is not None:
                progress(files, entities)

        try:
            report = self.catalog.ingest(source, confirmed=confirmed, progress=count)
        finally:
            if remote is not None:
                remote.cache.flush()
        if remote is not None and not report.failure:
            remote.cache.forget_unused()
        usage = replace(remote.usage) if remote is not None else Usage()
        run = _as_run(report, started, usage)
        if not run.is_quiet:
            log.log(logging.INFO if run.outcome == "ok" else logging.WARNING, "%s", run.summary)
        self.catalog.note_run(run)
        if report.held or not report.failure:
            job.plan, job.planned_at = (report, time.time()) if report.held else (None, None)
        self._schedule(source, job, report, usage)
        return report

    def _note_crash(self, source: Source, job: Job, error: Exception) -> None:
        """A fault of ours, or of the database: the source is read again as after any failure, however seldom it is else.

        After a second one what it remembers is forgotten, for that may be what an earlier version of ours wrote.
        """
        job.schedule(self._every.get(source.name, _CRASHED_EVERY), Usage(), failed=True)
        is_known = isinstance(error, CatalogError)
        job.crash = str(error) if is_known else "An internal error; the server's log tells it whole"
        with suppress(Exception):  # it may be the database that failed, of which nothing can be noted
            self.catalog.note_run(Run(source.name, datetime.now(UTC), 0.0, "failed", job.crash))
            if not is_known and job.failures > 1 and isinstance(source, Remote):
                self.catalog.cache(source.name).forget_unused()

    def _schedule(self, source: Source, job: Job, report: Report, usage: Usage) -> None:
        is_location = job.source.startswith(SOURCE_PREFIX)
        every = self._locations_every if is_location else self._every.get(job.source)
        every = every if is_timed(source) else None
        job.schedule(every, usage, failed=bool(report.failure) and not report.held)

    def crawl_locations(self) -> None:
        """Read every registered location and pushed set; take away what one gave that was deleted while nobody looked."""
        states = self.catalog.sources()  # first: what is registered meanwhile is no leftover
        known = {location.source for location in self.catalog.locations()}
        for state in states:
            if state.name.startswith(f"{PUSHED}:"):
                self._restore(state.name)
            elif state.name.startswith(SOURCE_PREFIX) and state.name not in known:
                self.catalog.empty(state.name)
        for name in sorted(known):
            try:
                self.crawl(name)
            except Exception:  # one that fails must not keep the others from being read
                log.exception("reading %s failed", name)

    def _restore(self, name: str) -> None:
        """Read a pushed set again, or take away what is left of one."""
        with self.job(name).pushing:
            if self.crawl(name) is None:
                self.catalog.empty(name)

    def refresh(self, ref: str) -> None:
        """Read the source of an entity again. Raises `CatalogError` where the ref is not known at all."""
        name = self.catalog.source_of(ref)
        if not name:
            raise CatalogError("not_found", f"Entity {ref} not found")
        self.crawl(name)

    def remove(self, uid: str) -> None:
        """Take an entity away; it comes back with a new uid if it is still declared. An unknown uid is no error."""
        ref = self.catalog.view.ref_of_uid(uid)
        if ref is None:
            return
        with self.job(self.catalog.source_of(ref)).lock:
            name = self.catalog.remove(ref)
        self.crawl(name)

    def _source(self, name: str) -> Source | None:
        if name in self.sources:
            return self.sources[name]
        if name.startswith(f"{PUSHED}:"):
            content = self.catalog.cache(name).get(KEPT)
            return self.open_pushed(name, content) if content else None
        if not name.startswith(SOURCE_PREFIX):
            return None
        location = next((one for one in self.catalog.locations() if one.source == name), None)
        return self._open_location(location) if location is not None else None

    def _open_location(self, location: Registered) -> Source:
        if self._open is None:
            raise CatalogError("forbidden", "This server reads no registered locations")
        return self._open(location)

    def open_pushed(self, name: str, content: bytes) -> Source:
        """The source of a set of entities that was pushed."""
        if self._open_pushed is None:
            raise CatalogError("forbidden", "This server takes no pushed entities")
        return self._open_pushed(name, content)

    # -- registered locations

    def judge(self, document: Document) -> list[Judged]:
        """Each document of a file that is said to come from a URL, judged as if it had been registered."""
        location = _new_location(document.location.type, document.location.target)
        return self.catalog.judge(document, self._open_location(location) if self._open is not None else None)

    def read_url(self, target: str) -> Document:
        """The file at a URL that a location may be registered for. Raises `CatalogError` where it cannot be read."""
        self._check("url", target)
        try:
            found = self._open_location(_new_location("url", target)).read(target, Location("url", target), "url")
        except ReadError as error:
            hint = "Name its host under `hosts`, or allow it under `reading.allow`." if error.forbidden else ""
            raise CatalogError("forbidden" if error.forbidden else "invalid", error.message, hint) from error
        return found[0]

    def text_of(self, file: str) -> bytes | None:
        """A file as its source gives it now, by the path or URL that a problem names; None where none can, or may.

        Only what a source read before is read again, and only through that source, which stays within its root. What a
        remote one gave is good until its next crawl, for a few minutes at most: a page that is looked at must not use
        up its host's rate limit.
        """
        for name, location in self.catalog.places_of_file(file).items():
            source = self._source(name) if location else None
            if source is None:
                continue
            since = self.job(source.name).started_at or 0.0
            content = self._texts.read(source, Location(location.partition(":")[0], file), since)
            if isinstance(source, Remote):
                source.cache.flush()  # all that it remembers was read for one file
            if content is not None:
                return content
        return None

    def preview(self, type: str, target: str) -> Preview:
        """What registering a location would bring. Raises `CatalogError` where something in it would be refused."""
        self._check(type, target, "TypeError: ")
        location = _new_location(type, target)
        exists = any((one.type, one.target) == (type, target) for one in self.catalog.locations())
        return Preview(location, exists, self.catalog.preview(self._open_location(location)))

    def register(self, type: str, target: str, on_conflict: str = "") -> Registered:
        """Register a location and read it: what it gives is in the catalog when this returns.

        Raises `CatalogError` where it is registered already, unless a conflict is to refresh it.
        """
        self._check(type, target)
        location = _new_location(type, target)
        try:
            self.catalog.register(location)
        except CatalogError as error:
            if error.code != "conflict" or (on_conflict or self._on_conflict) != "refresh":
                raise
            location = next(one for one in self.catalog.locations() if (one.type, one.target) == (type, target))
        self.crawl(location.source)
        return location

    def replace(self, id: str, type: str, target: str) -> Registered:
        """Give a registered location another target and read that; what only the old one gave goes."""
        self._check(type, target)
        location = replace(self.location(id), type=type, target=target)
        self.catalog.reregister(location)
        self.crawl(location.source, confirmed=True)
        return location

    def unregister(self, id: str) -> None:
        """Take a registered location away, and what only it gave."""
        location = self.location(id)
        with self.job(location.source).lock:
            self.catalog.unregister(location)
            gone = self.catalog.empty(location.source)
        with self._lock:
            self._jobs.pop(location.source, None)
        self.offer(gone, location.source)

    def location(self, id: str) -> Registered:
        """A registered location. Raises `CatalogError` where there is none."""
        for location in self.catalog.locations():
            if location.id == id:
                return location
        raise CatalogError("not_found", f"Found no location with ID {id}")

    def _check(self, type: str, target: str, named: str = "") -> None:
        if self._open is None:
            raise CatalogError("forbidden", "This server reads no registered locations")
        if type not in self._types:
            allowed = ",".join(f'"{one}"' for one in self._types)
            raise CatalogError("invalid", f"Registered locations must be of an allowed type [{allowed}]")
        if error := location_error(f"{type}:{target}"):
            raise CatalogError("invalid", f"{named}{error}", "Give the URL of a catalog file.")


def _new_location(type: str, target: str) -> Registered:
    return Registered(str(uuid.uuid4()), type, target, f"location:default/{generated_name(type, target)}")


def _as_run(report: Report, started: datetime, usage: Usage) -> Run:
    counts = Counts(len(report.added), len(report.changed), len(report.removed), report.unchanged, len(report.refused))
    outcome: Outcome = "held" if report.held else "failed" if report.failure else "ok"
    return Run(report.source, started, report.seconds, outcome, report.failure, counts, usage)
