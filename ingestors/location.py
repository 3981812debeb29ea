"""One location registered over the API: a URL, or a file where that is allowed, and what its entities point to."""

import os
from collections.abc import Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import Literal

from pydantic import Field

from catalog import scm
from catalog.documents import Document, Location, Root, Source, Unread
from catalog.errors import CatalogError, ReadError
from catalog.scm.searched import SEARCH_HINT, is_search
from ingestors.outside import Outside
from ingestors.refusals import refuse_slash, refuse_type
from ingestors.sections import Scheduled
from ingestors.settings.texts import Url
from ingestors.url import MAX_BYTES, UrlReader


class UrlFile(Scheduled):
    """A catalog file behind a URL, as a location of type `url`."""

    type: Literal["url"] = Field(description="A file behind a URL.")
    url: Url = Field(description="The file's URL.")
    presence: Literal["required", "optional"] | None = Field(
        default=None, description="`spec.presence` of its Location."
    )

    @property
    def what(self) -> Sequence[str]:
        """The URL."""
        return (self.url,)

    def open(self, outside: Outside) -> Source:
        """The file. Raises `CatalogError` where it would be more than one."""
        if is_search(self.url):
            raise CatalogError(
                "invalid", f"`{self.url}` stands for many files, and a source of type `url` is one", SEARCH_HINT
            )
        return LocationSource(self.title, Location("url", self.url), self.presence or "", "", outside.reader)


class LocationSource:
    """A registered location. `allow_files` lets it and the Locations it leads to name files on this machine."""

    def __init__(
        self,
        name: str,
        location: Location,
        presence: str,
        entity_name: str,
        reader: UrlReader,
        allow_files: bool = False,
    ) -> None:
        self.name = name
        self.location = location
        self.presence = presence
        self.entity_name = entity_name
        self._reader = reader
        self._types = ("url", "file") if allow_files else ("url",)

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """The one root."""
        target = self.location.target
        annotations = scm.annotations_of(target, self._reader.hosts) if self.location.type == "url" else {}
        yield Root(self.location, self.presence, self.entity_name, annotations)

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        """The files a Location names; a relative target only where it is of the type that the Location was read from."""
        if kind not in self._types and (kind != base.type or kind not in ("url", "file")):
            raise refuse_type(self._types)
        if kind == "url":
            return self._reader.read(self._reader.resolve(target, base.target) if base.type == "url" else target)
        if target.endswith(os.sep):
            raise refuse_slash(base)
        path = _join(base.target, target) if base.type == "file" and target.startswith(".") else target
        found = sorted(filter(os.path.isfile, glob(path, recursive=True))) if has_magic(path) else [path]
        if not found:
            raise ReadError(f"file {path} does not exist", missing=True)
        return [Document(Location("file", one), _read_file(Path(one))) for one in found]

    def fetch(self, target: str, base: Location) -> bytes:
        """The file a placeholder names; one relative to a file stays below that file's folder."""
        if base.type == "file" and "://" not in target:
            path = Path(_join(base.target, target))
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(os.path.dirname(base.target))):
                raise ReadError(f"file {path} is outside of {os.path.dirname(base.target)}", forbidden=True)
            return _read_file(path)
        return self._reader.fetch(scm.resolve_placeholder(target, base.target, self._reader.hosts))


def _join(base: str, target: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(base), target))


def _read_file(path: Path) -> bytes:
    try:
        if not path.exists():
            raise ReadError(f"file {path} does not exist", missing=True)
        if not path.is_file():
            raise ReadError(f"file {path} could not be read, it is not a regular file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ReadError(f"file {path} could not be read, {error}") from error
