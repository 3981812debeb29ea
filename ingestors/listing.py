"""The list of a code host's repositories as a source keeps it: asked for anew only where something may have changed.

It knows nothing of the files in them.
"""

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from catalog.documents import Cache
from catalog.errors import ReadError
from ingestors.repositories import File, Forge, Repository

_BARE = "bare"
_SURE = 0.9  # of the repositories that there were


class RepositoryList:
    """Every repository of one `Forge`, remembered in the source's cache. Webhooks `note` what is to be looked at again."""

    def __init__(self, forge: Forge, cache: Cache) -> None:
        self.is_new = False  # whether the last `read` had nothing to compare with
        self._forge, self._cache = forge, cache
        self._pushed: set[str] = set()
        self._is_settled = False
        self._lock = threading.Lock()

    def note(self, names: Collection[str], *, everything: bool = False) -> None:
        """Look at these repositories again with the next `read`; with `everything`, at the whole list."""
        with self._lock:
            self._pushed |= {*names, *([""] if everything else [])}

    def read(self) -> list[Repository]:
        """Every repository: as remembered where nothing has changed, with the noted ones looked at again."""
        with self._lock:
            pushed, self._pushed = self._pushed, set()
        is_first, self._is_settled = not self._is_settled, False
        try:
            found = self._read(pushed, is_first)
            self._is_settled = True
            return found
        except ReadError as error:
            with self._lock:
                self._pushed |= pushed
            if not error.missing:
                raise
            raise ReadError(f"{error.message}. Is the name right, and may the token see it?", missing=True) from error

    def _read(self, pushed: set[str], is_first: bool) -> list[Repository]:
        kept = _read_list(self._cache.get("repositories"))
        self.is_new = kept is None
        # What is told of one repository is not enough for the first crawl, for the settings may have changed, nor for one
        # after a failure, for what was told of others may have been lost.
        if kept is not None and pushed and "" not in pushed and not is_first:
            return self._look_again(kept, pushed)
        marks = self._forge.marks()
        if kept is not None and marks is not None and kept["marks"] == marks and "" not in pushed:
            return self._look_again(kept, pushed)
        found = sorted(self._forge.repositories(), key=lambda one: one.name)
        # A list that lost much may be a hiccup that the marks do not show: it is asked for once more the next time.
        is_sure = kept is None or len(found) >= _SURE * len(kept["repositories"])
        self._keep(found, marks if is_sure else None)
        return found

    def _look_again(self, kept: dict[str, Any], pushed: set[str]) -> list[Repository]:
        found = {one.name: one for one in map(_as_repository, kept["repositories"])}
        for name in sorted(pushed):
            repository = self._forge.repository(name)
            found.pop(name, None)
            if repository is not None:
                found[repository.name] = repository
        repositories = sorted(found.values(), key=lambda one: one.name)
        if pushed:
            self._keep(repositories, kept["marks"])
        return repositories

    def _keep(self, repositories: Sequence[Repository], marks: str | None) -> None:
        self._cache.put("repositories", orjson.dumps({"marks": marks, "repositories": list(repositories)}))
        self._cache.flush()  # a crawl that is killed goes on from here


def keep_bare(cache: Cache, repositories: Sequence[Repository]) -> None:
    """Remember the repositories without a catalog file."""
    keep_changed(cache, _BARE, repositories)


def read_bare(cache: Cache) -> list[Repository]:
    """The repositories without a catalog file, as the last crawl with this cache found them."""
    return [_as_repository(one) for one in orjson.loads(cache.get(_BARE) or b"[]")]


def keep_changed(cache: Cache, key: str, values: Sequence[Any]) -> None:
    """Remember a list where it is another than the one that is known."""
    told = orjson.dumps(values)
    if (cache.get(key) or b"[]") != told:
        cache.put(key, told)


def _read_list(kept: bytes | None) -> dict[str, Any] | None:
    value: dict[str, Any] | None = orjson.loads(kept) if kept is not None else None
    return value


def _as_repository(value: Mapping[str, Any]) -> Repository:
    files = None if value.get("files") is None else tuple(File(**one) for one in value["files"])
    return Repository(**{**value, "topics": tuple(value["topics"]), "files": files})
