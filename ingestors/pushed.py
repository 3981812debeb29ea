"""A set of entities that a program sent over the API: one file's content, kept as it came; nothing is asked anywhere for it."""

from collections.abc import Iterator

from catalog import scm
from catalog.documents import PUSHED, Document, Location, Root, Unread
from catalog.errors import ReadError
from ingestors.refusals import refuse_type
from ingestors.url import UrlReader


class PushedSource:
    """A pushed set as a source. Its entities' location is `pushed:NAME`: a type of its own, because no place can be read.

    Clients of Backstage show no button to refresh such an entity and offer to delete it instead of a location to
    unregister; what a `dir:` or relative annotation is relative to, the entity says by `backstage.io/source-location`.
    """

    def __init__(self, name: str, content: bytes, reader: UrlReader) -> None:
        self.name, self._content, self._reader = name, content, reader

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """The one file; nothing where the set is empty, so that a set that was not is believed only when confirmed."""
        if self._content.strip():
            location = Location(PUSHED, self.name.removeprefix(f"{PUSHED}:"))
            # It was bounded where it came in.
            yield Document(location, self._content, max_bytes=len(self._content))

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        """The file a Location names by a whole URL, or by one relative to a file that was read from a URL; the set itself."""
        if f"{kind}:{target}" == self.name:
            return [found for found in self.crawl() if isinstance(found, Document)]
        if kind != "url":
            raise refuse_type()
        whole = self._reader.resolve(target, base.target) if base.type == "url" else _check_whole(target)
        return self._reader.read(whole)

    def fetch(self, target: str, base: Location) -> bytes:
        """The file a placeholder names, likewise; from a file that was read, only within its repository."""
        if base.type == "url":
            return self._reader.fetch(scm.resolve_placeholder(target, base.target, self._reader.hosts))
        return self._reader.fetch(_check_whole(target))


def _check_whole(target: str) -> str:
    if "://" not in target:
        raise ReadError(f"`{target}` is relative, and what was pushed has no place; name a whole URL", forbidden=True)
    return target
