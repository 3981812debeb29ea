"""An accepted entity: as declared, as the store takes it, and as the store gives it back."""

from dataclasses import dataclass
from typing import NamedTuple

from catalog.documents import Json, Location


@dataclass(frozen=True, slots=True)
class Entity:
    """An accepted entity as its author declared it, completed as Backstage's processing does (reference section 1.4).

    `ref` is canonical. `data` holds apiVersion, kind, metadata (with namespace and the managed-by annotations) and
    spec, but nothing derived: no uid, etag, relations or status. `location` is the file it was read from, `index` its
    place there; `origin` is the root that led to it; `parent` is the ref of the Location entity that named the file,
    or "".
    """

    ref: str
    data: dict[str, Json]
    location: Location
    origin: Location
    index: int = 0
    line: int = 0
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """An accepted entity as the store takes it: its JSON as bytes, beginning with its metadata, and their digest."""

    ref: str
    location: str
    origin: str
    parent: str
    index: int
    line: int
    hash: str
    etag: str
    body: bytes


class Row(NamedTuple):
    """One entity as the store keeps it; `body` is its declared JSON, beginning with its metadata.

    `parent` is the ref of the Location that led to it, empty for a file that the crawl found by itself.
    """

    ref: str
    uid: str
    body: bytes
    etag: str = ""
    parent: str = ""
