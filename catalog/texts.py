"""The files that sources gave, read again to be shown: each through its own source, and no more often than needed."""

import posixpath
import time

from catalog.documents import PUSHED, Document, Location, Source, is_local
from catalog.errors import ReadError

_SECONDS = 300.0
_KEPT = 20  # of up to 5 MB each


class Texts:
    """What was read lately; what a disk has is read anew each time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[float, bytes | None]] = {}

    def read(self, source: Source, location: Location, since: float) -> bytes | None:
        """A file of a source, read not long ago and after `since`; None where it cannot be had."""
        if is_local(source) and location.type == "file":
            return _read(source, location)
        key = (source.name, location.target)
        at, content = self._kept.get(key, (0.0, None))
        if at < max(time.time() - _SECONDS, since):
            content = _read(source, location)
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = time.time(), content
        return content


def _read(source: Source, location: Location) -> bytes | None:
    """A file of a source, as a Location beside it would name it where its place is no path and no URL."""
    target = location.target if location.type in ("url", "file") else f"./{posixpath.basename(location.target)}"
    try:
        is_pushed = location.type == PUSHED
        found = source.crawl() if is_pushed else source.read(target, location, location.type)
        files = [one for one in found if isinstance(one, Document)]
    except ReadError:
        return None
    return next((one.content for one in files if one.location == location), None)
