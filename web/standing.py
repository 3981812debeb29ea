"""How each source stands: what it does now, how its last crawl went, when the next one is; for its pages and the API."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from catalog.crawler import Crawler
from catalog.documents import PUSHED, Json, Remote, Usage, is_local
from catalog.errors import CatalogError
from catalog.jobs import Job
from catalog.leftovers import is_left
from catalog.locations import SOURCE_PREFIX
from catalog.pipeline import Report
from catalog.problems import Tally
from catalog.runs import Run
from catalog.store import SourceState

State = Literal["running", "planning", "held", "failed", "ok", "never"]
STATES: tuple[State, ...] = ("running", "planning", "held", "failed", "never", "ok")
"""In the order in which somebody wants to see them."""
_UNITS = ((60, "second"), (60, "minute"), (24, "hour"), (365, "day"))


@dataclass(frozen=True, slots=True)
class Standing:
    """One source. `label` is what people know it by; `usage` what a remote one costs, of this run or the last one.

    `is_ours` says that this process can read it, `is_left` that nothing here does and another process may, `is_pushed`
    that nobody does, for it is sent over the API; `failure` is why the last crawl changed nothing.
    """

    name: str
    label: str
    state: State
    entities: int
    crawled_at: datetime | None
    failure: str
    next_at: datetime | None
    is_watched: bool
    is_ours: bool
    is_left: bool
    is_pushed: bool
    tallies: list[Tally]
    job: Job
    run: Run | None
    usage: Usage | None

    @property
    def is_busy(self) -> bool:
        """Whether it is being read now."""
        return self.state in ("running", "planning")

    @property
    def path(self) -> str:
        """Its page."""
        return source_path(self.name)

    @property
    def errors(self) -> int:
        """Its problems that keep something out."""
        return sum(one.errors for one in self.tallies)

    @property
    def warnings(self) -> int:
        """Its other problems."""
        return sum(one.warnings for one in self.tallies)

    @property
    def resets_at(self) -> datetime | None:
        """When the host's rate limit begins anew."""
        return to_time(self.usage.resets_at) if self.usage is not None else None


def source_path(name: str) -> str:
    """The page of a source."""
    return f"/sources/{quote(name, safe='')}"


def source_json(name: str) -> str:
    """The JSON twin of a source's page."""
    return f"/api/sources/{quote(name, safe='')}"


def list_standings(crawler: Crawler) -> list[Standing]:
    """Every source there is: this server's, registered locations, and what others read into the same database."""
    catalog = crawler.catalog
    states = {state.name: state for state in catalog.sources()}
    labels = {location.source: f"{location.type}:{location.target}" for location in catalog.locations()}
    runs = {run.source: run for run in catalog.runs()}
    tallies: dict[str, list[Tally]] = {}
    for tally in catalog.tallies():
        tallies.setdefault(tally.source, []).append(tally)
    names = dict.fromkeys([*crawler.sources, *labels, *states])
    found = [_stand(crawler, name, labels, states.get(name), runs.get(name), tallies.get(name, [])) for name in names]
    return sorted(found, key=lambda one: (STATES.index(one.state), one.label.startswith(SOURCE_PREFIX), one.label))


def find_standing(crawler: Crawler, name: str) -> Standing:
    """How one source stands. Raises `CatalogError` where there is none."""
    for standing in list_standings(crawler):
        if standing.name == name:
            return standing
    raise CatalogError("not_found", f"There is no source `{name}`")


def _stand(
    crawler: Crawler,
    name: str,
    labels: dict[str, str],
    state: SourceState | None,
    run: Run | None,
    tallies: list[Tally],
) -> Standing:
    job, source = crawler.job(name), crawler.sources.get(name)
    failure = job.crash or (state.failure if state is not None else "")
    remote = isinstance(source, Remote)
    usage = (
        source.usage if isinstance(source, Remote) and job.state != "idle" else run.usage if run and remote else None
    )
    return Standing(
        name=name,
        label=labels.get(name, name),
        state=_state(job, state, run),
        entities=state.entities if state is not None else 0,
        crawled_at=state.crawled_at if state is not None else None,
        failure=failure,
        next_at=to_time(job.next_at),
        is_watched=source is not None and is_local(source),
        is_ours=source is not None or (name in labels and crawler.reads_locations),
        is_left=is_left(crawler, name),
        is_pushed=name.startswith(f"{PUSHED}:"),
        tallies=tallies,
        job=job,
        run=run,
        usage=usage,
    )


def _state(job: Job, state: SourceState | None, run: Run | None) -> State:
    if job.state != "idle":
        return job.state
    if job.crash:
        return "failed"
    if state is None:
        return "never"
    if state.failure:
        return "held" if run is not None and run.outcome == "held" else "failed"
    return "ok" if state.crawled_at is not None else "never"


def count_states(standings: Iterable[Standing]) -> list[tuple[State, int]]:
    """How many sources are in each state that any is in."""
    counts = Counter(one.state for one in standings)
    return [(state, counts[state]) for state in STATES if counts[state]]


def to_time(seconds: float | None) -> datetime | None:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def format_seconds(seconds: float) -> str:
    """A duration in at most two units."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def format_wait(time: datetime, now: datetime | None = None) -> str:
    """How long until a time, in the largest unit that fits."""
    number = int((time - (now or datetime.now(UTC))).total_seconds())
    if number < 2:
        return "now"
    for size, unit in _UNITS:
        if number < size or unit == "day":
            break
        number = round(number / size)
    return f"in {number} {unit}{'' if number == 1 else 's'}"


def standing_json(one: Standing) -> dict[str, Json]:
    """A source as the API gives it."""
    usage = one.usage or Usage()
    progress = {"files": one.job.files, "entities": one.job.entities, "done": usage.done, "total": usage.total}
    has_limit = usage.limit is not None or usage.left is not None
    limit = {"limit": usage.limit, "left": usage.left, "resetsAt": _iso(one.resets_at)} if has_limit else None
    return {
        "name": one.name,
        "label": one.label,
        "state": one.state,
        "entities": one.entities,
        "crawledAt": _iso(one.crawled_at),
        "startedAt": _iso(to_time(one.job.started_at)) if one.is_busy else None,
        "nextAt": _iso(one.next_at),
        "isWatched": one.is_watched,
        "isCrawlable": one.is_ours,
        "failure": one.failure,
        "progress": progress if one.is_busy else None,
        "rateLimit": limit,
        "problems": {"errors": one.errors, "warnings": one.warnings, "files": len(one.tallies)},
        "lastRun": run_json(one.run) if one.run is not None else None,
    }


def run_json(run: Run) -> dict[str, Json]:
    """A crawl that was, as the API gives it."""
    counts, usage = run.counts, run.usage
    return {
        "startedAt": _iso(run.started_at),
        "seconds": run.seconds,
        "outcome": run.outcome,
        "message": run.message,
        "added": counts.added,
        "changed": counts.changed,
        "removed": counts.removed,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
        "requests": usage.requests,
        "cached": usage.cached,
        "retries": usage.retries,
        "faults": usage.faults,
    }


def report_json(report: Report) -> dict[str, Json]:
    """What a crawl did, or would do, as the API gives it."""
    return {
        "source": report.source,
        "outcome": "held" if report.held else "failed" if report.failure else "ok",
        "message": report.failure,
        "revision": report.revision,
        "seconds": report.seconds,
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "refused": len(report.refused),
    }


def _iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="seconds") if time is not None else None
