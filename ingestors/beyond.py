"""What the files of a folder name beyond it: URLs, read by whoever may read them, and never held up for long."""

import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from catalog import scm
from catalog.documents import Document, Location
from catalog.errors import ReadError
from ingestors.url import UrlReader

_PATIENCE_SECONDS = 1.0
_Answer = TypeVar("_Answer")


class Beyond:
    """The URLs that one crawl of a folder comes to. A host that kept it waiting for nothing is not asked again in it."""

    def __init__(self, reader: UrlReader | None) -> None:
        self._reader = reader
        self._silent: dict[str, ReadError] = {}
        self.is_used = False

    def begin(self) -> None:
        """A crawl begins."""
        self._silent.clear()
        self.is_used = False

    def read(self, target: str, base: Location) -> list[Document]:
        """The file a Location names by a URL, or by one relative to the URL that the Location was read from."""
        reader = self._find_reader(target)
        url = reader.resolve(target, base.target) if base.type == "url" else target
        return self._ask(url, reader.read)

    def fetch(self, target: str, base: Location) -> bytes:
        """The file a placeholder names in the same ways."""
        reader = self._find_reader(target)
        url = scm.resolve_placeholder(target, base.target, reader.hosts) if base.type == "url" else target
        return self._ask(url, reader.fetch)

    def _find_reader(self, target: str) -> UrlReader:
        if self._reader is None:
            raise ReadError(f"Reading from '{target}' is not allowed. Here files are read only", forbidden=True)
        return self._reader

    def _ask(self, url: str, ask: Callable[[str], _Answer]) -> _Answer:
        self.is_used = True
        host, started = urlsplit(url).netloc, time.monotonic()
        if host in self._silent:
            raise self._silent[host]
        try:
            return ask(url)
        except ReadError as error:
            if not (error.missing or error.forbidden) and time.monotonic() - started > _PATIENCE_SECONDS:
                self._silent[host] = error
            raise
