"""A code host with many repositories, crawled the same way whichever it is: list, choose, find files, read what changed.

What a host's own file must answer is `Forge` (in `repositories`); the crawl, its cache and its caution are here.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from catalog import scm
from catalog.documents import Cache, Document, Location, Root, Unread, Usage
from catalog.errors import ReadError
from catalog.scm.forms import parse_azure, parse_gerrit, parse_gitea
from catalog.scm.giturl import UrlError, parse_file_url, parse_url
from ingestors.codeowners import PLACES, parse_codeowners, tell_owner
from ingestors.fetch import RateLimitError
from ingestors.refusals import refuse_type
from ingestors.repositories import PATTERNS, File, Filters, Forge, Hook, Repository, is_glob, match
from ingestors.url import UrlReader

__all__ = [
    "PATTERNS",
    "File",
    "Filters",
    "Forge",
    "ForgeSource",
    "Hook",
    "Repository",
    "is_glob",
    "match",
    "read_bare",
]

_BARE = "bare"
_WORKERS = 8
_SURE = 0.9  # of the repositories that there were
_GIVE_UP = 20  # failures in a row: the host is out of order


class ForgeSource:
    """All chosen repositories of a code host as one source.

    Each catalog file becomes a generated Location entity, as with Backstage's discovery modules. What was read once is in
    the cache: a repository whose version is the same costs nothing. With `codeowners` an entity that lacks the owner it
    needs gets the one of CODEOWNERS.
    """

    def __init__(
        self,
        name: str,
        forge: Forge,
        reader: UrlReader,
        cache: Cache,
        usage: Usage,
        *,
        patterns: Sequence[str] = PATTERNS,
        filters: Filters = Filters(),
        codeowners: bool = False,
    ) -> None:
        self.name, self.forge, self.cache, self.usage = name, forge, cache, usage
        self._reader, self._patterns, self._filters = reader, tuple(patterns), filters
        self._has_owners = codeowners
        self._contents: dict[str, bytes | ReadError] = {}
        self._repositories: dict[str, Repository] = {}
        self._pushed: set[str] = set()
        self._led_to: set[tuple[str, str]] = set()
        self._failures = 0
        self._is_settled = False
        self._is_new = False
        self._lock = threading.Lock()

    def hook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a webhook in; whether the source is to be crawled for it."""
        hook = self.forge.hook(headers, body)
        names = set(hook.repositories) | {name for name, path in hook.touched if (name, path) in self._led_to}
        if hook.everything:
            names.add("")
        with self._lock:
            self._pushed |= names
        return bool(names)

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """A root for each catalog file of each chosen repository."""
        chosen = [one for one in self._list() if self._filters.accept(one)]
        self._repositories = {one.name: one for one in chosen}
        self._contents, self._failures = {}, 0
        self.usage.total = len(chosen)
        bare: list[Repository] = []
        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="crawl")
        try:
            # Most have no file, which needs no thread to be told.
            reading = [pool.submit(self._read_repository, one) if one.files != () else None for one in chosen]
            for repository, read in zip(chosen, reading, strict=True):
                targets = self._read_repository(repository) if read is None else read.result()
                self.usage.done += 1
                bare += [] if targets else [repository]
                for target in targets:
                    annotations = {**scm.annotations_of(target, self._reader.hosts), **repository.annotations}
                    yield Root(Location("url", target), self.forge.presence, annotations=annotations)
        finally:
            pool.shutdown(cancel_futures=True)
        told = orjson.dumps(bare)
        if self.cache.get(_BARE) != told:
            self.cache.put(_BARE, told)

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        """The file a Location names: one that the crawl read, one of the same host, or any that may be read."""
        if kind != "url":
            raise refuse_type()
        resolved = self._reader.resolve(target, base.target)
        known = self._contents.get(target)
        if known is None:
            known = self._read_own(resolved)
        if isinstance(known, ReadError):
            why = f"no matching files found for {target}" if known.missing else known.message
            raise ReadError(f"Unable to read url, {why}", missing=known.missing, name=known.name)
        if known is None:
            return self._reader.read(resolved)
        annotations = scm.annotations_of(resolved, self._reader.hosts)
        return [Document(Location("url", resolved), known, annotations, owner=self._owner_of(resolved))]

    def fetch(self, target: str, base: Location) -> bytes:
        """The file a placeholder names, of the same repository or of any host that may be read."""
        url = scm.resolve_placeholder(target, base.target, self._reader.hosts)
        known = self._read_own(url)
        if isinstance(known, ReadError):
            raise known
        return self._reader.fetch(url) if known is None else known

    # -- what there is

    def _list(self) -> list[Repository]:
        """Every repository: as remembered where nothing has changed, with the pushed ones looked at again."""
        with self._lock:
            pushed, self._pushed = self._pushed, set()
        is_first, self._is_settled = not self._is_settled, False
        try:
            found = self._list_anew(pushed, is_first)
            self._is_settled = True
            return found
        except ReadError:
            with self._lock:
                self._pushed |= pushed
            raise

    def _list_anew(self, pushed: set[str], is_first: bool) -> list[Repository]:
        kept = _read_list(self.cache.get("repositories"))
        self._is_new = kept is None
        # What is told of one repository is not enough for the first crawl, for the settings may have changed, nor for one
        # after a failure, for what was told of others may have been lost.
        if kept is not None and pushed and "" not in pushed and not is_first:
            return self._look_again(kept, pushed)
        marks = self.forge.marks()
        if kept is not None and marks is not None and kept["marks"] == marks and "" not in pushed:
            return self._look_again(kept, pushed)
        found = sorted(self.forge.repositories(), key=lambda one: one.name)
        # A list that lost much may be a hiccup that the marks do not show: it is asked for once more the next time.
        is_sure = kept is None or len(found) >= _SURE * len(kept["repositories"])
        self._keep_list(found, marks if is_sure else None)
        return found

    def _look_again(self, kept: dict[str, Any], pushed: set[str]) -> list[Repository]:
        found = {one.name: one for one in map(_as_repository, kept["repositories"])}
        for name in sorted(pushed):
            repository = self.forge.repository(name)
            found.pop(name, None)
            if repository is not None:
                found[repository.name] = repository
        repositories = sorted(found.values(), key=lambda one: one.name)
        if pushed:
            self._keep_list(repositories, kept["marks"])
        return repositories

    def _keep_list(self, repositories: Sequence[Repository], marks: str | None) -> None:
        self.cache.put("repositories", orjson.dumps({"marks": marks, "repositories": list(repositories)}))
        self.cache.flush()  # a crawl that is killed goes on from here

    def _read_repository(self, repository: Repository) -> list[str]:
        """Read the catalog files of a repository; their URLs. One that cannot be read keeps what it gave."""
        last = f"targets {repository.name}"
        try:
            files = self._find(repository)
        except ReadError as error:
            self._bear(error, repository.name)
            kept = orjson.loads(self.cache.get(last) or b"[]")
            self._contents |= dict.fromkeys(kept, ReadError(error.message))
            return [str(target) for target in kept]
        targets: list[str] = []
        for file in files:
            target = self.forge.target(repository, file.path)
            targets.append(target)
            self._contents[target] = self._content(repository, file, is_listed=True)
        told = orjson.dumps(targets)
        if (self.cache.get(last) or b"[]") != told:
            self.cache.put(last, told)
        return targets

    def _bear(self, error: ReadError, what: str) -> None:
        """Note the failure of one repository or file; one too many, or the host's silence, ends the crawl."""
        if isinstance(error, RateLimitError):
            raise error
        self.usage.note(f"{what}: {error.message}")
        self._failures += not (error.missing or error.forbidden)
        if self._failures >= _GIVE_UP:
            raise ReadError(f"{self._failures} failures in a row, the last: {error.message}") from error

    def _find(self, repository: Repository) -> Sequence[File]:
        if repository.files is not None:
            return repository.files
        key = f"files {repository.name} {repository.branch} {repository.version} {' '.join(self._patterns)}"
        kept = self.cache.get(key)
        if kept is not None:
            return [File(*one) for one in orjson.loads(kept)]
        found = sorted(self.forge.files(repository, self._patterns), key=lambda file: file.path)
        had = orjson.loads(self.cache.get(f"targets {repository.name}") or b"[]")
        # In a first crawl this would be asked of each that has no file.
        is_doubted = len(found) < len(had) or (not found and not self._is_new)
        if is_doubted:
            found = self._find_again(repository, found)
        if is_doubted and not found and self.forge.repository(repository.name) is None:  # so does a token end
            raise ReadError(f"{repository.name} is not to be seen any more")
        self._failures = 0
        self.cache.put(key, orjson.dumps([[one.path, one.key, one.blob] for one in found]))
        return found

    def _find_again(self, repository: Repository, found: Sequence[File]) -> list[File]:
        """Look once more for what is said to be gone: one wrong answer must not take anything away."""
        again = sorted(self.forge.files(repository, self._patterns), key=lambda file: file.path)
        if len(again) > len(found):
            self.usage.note(f"{repository.name}: {len(again) - len(found)} files were said not to be there, and were")
        return again if len(again) > len(found) else list(found)

    def _content(self, repository: Repository, file: File, *, is_listed: bool = False) -> bytes | ReadError:
        """A file's content, from the cache where its key is known; an error is a value, for it is one file's only.

        Where a file that was listed is not found, the host contradicts itself and it is not gone.
        """
        name = f"content {repository.name} {file.path} {file.key or repository.version}"
        kept = self.cache.get(name)
        if kept is not None:
            return kept
        try:
            content = self.forge.read(repository, file.path)
            if file.blob and _blob_id(content) != file.blob:
                raise ReadError("what came is not the file that was listed")
        except ReadError as error:
            if error.missing and not is_listed:
                return error
            self._bear(error, f"{repository.name}/{file.path}")
            return ReadError(error.message, forbidden=error.forbidden)
        self._failures = 0
        self.cache.put(name, content)
        return content

    def _read_own(self, url: str) -> bytes | ReadError | None:
        """A file by its URL where it is in one of the repositories that were crawled; None where it is not."""
        try:
            name, ref, path = _place(url, self._reader.hosts.find(url))
        except UrlError:
            return None
        repository = self._repositories.get(name)
        if repository is None or not path or ref not in ("", repository.branch):
            return None
        if urlsplit(repository.url).netloc != urlsplit(url).netloc:
            return None
        self._led_to.add((repository.name, path))
        return self._content(repository, File(path, ""))

    def _owner_of(self, url: str) -> str:
        """The owner that CODEOWNERS names for a file of one of the repositories, where that is wanted; "" without."""
        if not self._has_owners:
            return ""
        name, _, path = _place(url, self._reader.hosts.find(url))
        repository = self._repositories.get(name)
        content = self._read_owners(repository) if repository is not None else b""
        return tell_owner(parse_codeowners(content), path) if content else ""

    def _read_owners(self, repository: Repository) -> bytes:
        """The repository's CODEOWNERS, empty where it has none; that too is remembered for as long as nothing changes."""
        key = f"owners {repository.name} {repository.version}"
        kept = self.cache.get(key)
        if kept is not None:
            return kept
        content = b""
        for place in PLACES:
            try:
                content = self.forge.read(repository, place)
                break
            except ReadError as error:
                if not error.missing:
                    self._bear(error, f"{repository.name}/{place}")
                    return b""
        self.cache.put(key, content)
        return content


def read_bare(cache: Cache) -> list[Repository]:
    """The repositories without a catalog file, as the last crawl with this cache found them."""
    return [_as_repository(one) for one in orjson.loads(cache.get(_BARE) or b"[]")]


def _blob_id(content: bytes) -> str:
    """What git calls a file with this content (git's `hash-object`)."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def _read_list(kept: bytes | None) -> dict[str, Any] | None:
    value: dict[str, Any] | None = orjson.loads(kept) if kept is not None else None
    return value


def _place(url: str, host: scm.Host | None) -> tuple[str, str, str]:
    """The full name of the repository, the branch ("" for its default one) and the file that a URL names.

    Raises `UrlError`, also for a path that leads out of the repository: the host's API must not be walked with the token.
    """
    if host is not None and host.type == "gerrit":
        gerrit = parse_gerrit(url, host.gitiles)
        return unquote(gerrit.project), gerrit.ref, unquote(gerrit.path).lstrip("/")
    found = parse_file_url(url)
    if host is not None and host.type == "gitea":
        # Its file is what follows in the text: the text must be one in which nothing is left to resolve.
        owner, name, ref, path = map(unquote, parse_gitea(parse_url(url).href, host.base))
        return f"{owner}/{name}", ref, path
    if host is not None and host.type == "azure":
        azure = parse_azure(url)
        return f"{azure.project}/{azure.name}", azure.ref, azure.path.lstrip("/")
    return found.full_name, found.ref, found.path or ""


def _as_repository(value: Mapping[str, Any]) -> Repository:
    files = None if value.get("files") is None else tuple(File(**one) for one in value["files"])
    return Repository(**{**value, "topics": tuple(value["topics"]), "files": files})
