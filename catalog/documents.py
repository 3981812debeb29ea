"""What a crawl brings: locations, files and the documents in them; and `Source`, all that an ingestor must know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

Json = Any  # an entity's own JSON: str, int, float, bool, None, list and dict of such


@dataclass(frozen=True, slots=True)
class Location:
    """Where something is read from, as Backstage writes it: `type:target`, e.g. `file:/srv/catalog-info.yaml`."""

    type: str
    target: str

    def __str__(self) -> str:
        return f"{self.type}:{self.target}"


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was found, not parsed.

    `annotations` are what the source knows of the place (`backstage.io/view-url` and such); an entity in the file gets
    those that it does not state itself. More than `max_bytes` of content are not parsed. `owner` is the ref of who owns
    the file by its repository's CODEOWNERS, empty where that is not known or not wanted: for an entity that needs an
    owner and states none.
    """

    location: Location
    content: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int = 5_000_000
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that is there and could not be read; what it gave before is kept."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Root:
    """A location that becomes a generated Location entity (Backstage's `catalog.locations`) and is then read.

    `name` is the entity's where it is not the one that follows from the location (reference section 4.7).
    """

    location: Location
    presence: str = ""
    name: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """One YAML document of a file, parsed and not yet judged. `data` is always a mapping.

    `index` counts the non-empty documents of the file from 0; `text` is this document's own YAML and `line` the file's
    line (from 1) that it starts on, both kept so that a problem can be placed. `annotations` are its document's.
    """

    location: Location
    index: int
    data: dict[str, Json]
    text: str
    line: int
    annotations: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """Somewhere catalog files come from. It reads and never judges: no parsing, no filtering, no policy.

    Each method raises `ReadError` when it cannot answer; a crawl that raises changes nothing in the catalog.
    """

    name: str

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """Everything this source holds by itself, whole, in a stable order."""
        ...

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        """The files that a Location entity read from `base` names by `target` (globs allowed) of location type `kind`."""
        ...

    def fetch(self, target: str, base: Location) -> bytes:
        """The one file that a placeholder in the file at `base` names."""
        ...


def is_local(source: Source) -> bool:
    """Whether the source is a folder that is watched: what happens there is believed at once."""
    return hasattr(source, "watched")


def is_timed(source: Source) -> bool:
    """Whether something of the source lies where nobody tells of changes, so that it is read again in its time."""
    return getattr(source, "is_timed", not is_local(source))


PUSHED = "pushed"
"""The type of the location of what a program sends over the API; `pushed:NAME` also names the source that gives it."""


@runtime_checkable
class Hooked(Source, Protocol):
    """A source that its host calls when something changed there."""

    def hook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a call in; whether the source is to be read for it. `headers` finds names in any case.

        Raises `CatalogError` unless the call is signed with the source's secret; always where it has no secret.
        """
        ...


class Cache(Protocol):
    """What a source remembers from crawl to crawl, so that nothing is fetched twice: bytes by key.

    It outlives a killed process. What a finished crawl neither took nor put is forgotten.
    """

    def get(self, key: str) -> bytes | None:
        """What was put under the key."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Remember something."""
        ...

    def flush(self) -> None:
        """Write what is not written yet."""
        ...

    def forget_unused(self) -> None:
        """Forget what the crawl that ends now neither took nor put."""
        ...


@dataclass(slots=True)
class Usage:
    """What a crawl of a remote source cost, and what went wrong on the way; the source counts while it runs.

    `limit`, `left` and `resets_at` (seconds since 1970) are the host's rate limit as it last told it. `faults` are
    sentences, each said once.
    """

    requests: int = 0
    cached: int = 0
    retries: int = 0
    limit: int | None = None
    left: int | None = None
    resets_at: float | None = None
    done: int = 0
    total: int | None = None
    faults: dict[str, int] = field(default_factory=dict)

    def note(self, fault: str) -> None:
        """Count a fault."""
        self.faults[fault] = self.faults.get(fault, 0) + 1

    def clear(self) -> None:
        """Count from the start again; what the host said of its rate limit stays true."""
        self.requests = self.cached = self.retries = self.done = 0
        self.total, self.faults = None, {}


@runtime_checkable
class Remote(Source, Protocol):
    """A source that is asked over a network: it counts what that costs, and remembers what it was told."""

    usage: Usage
    cache: Cache
