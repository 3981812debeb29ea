"""What a crawl brings: locations, files and the documents in them; and `Source`, all that an ingestor must know."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

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
    """One file as it was found, not parsed."""

    location: Location
    content: bytes


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that is there and could not be read; what it gave before is kept."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Root:
    """A location that becomes a generated Location entity (Backstage's `catalog.locations`) and is then read."""

    location: Location
    presence: str = "required"


@dataclass(frozen=True, slots=True)
class Draft:
    """One YAML document of a file, parsed and not yet judged. `data` is always a mapping.

    `index` counts the non-empty documents of the file from 0; `text` is this document's own YAML and `line` the file's
    line (from 1) that it starts on, both kept so that a problem can be placed.
    """

    location: Location
    index: int
    data: dict[str, Json]
    text: str
    line: int


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
