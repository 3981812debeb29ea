"""A code host with many repositories, crawled the same way whichever it is: list, choose, find files, read what changed.

What a host's own file must answer is `Forge` (in `repositories`); the crawl, its cache and its caution are here.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit

import orjson

from catalog import scm
from catalog.documents import Cache, Document, Location, Root, Unread, Usage
from catalog.errors import ReadError
from catalog.scm.forms import parse_azure, parse_gerrit, parse_gitea
from catalog.scm.giturl import UrlError, parse_file_url, parse_url
from ingestors.codeowners import PLACES, parse_codeowners, tell_owner
from ingestors.fetch import RateLimitError, UnknownCallerError
from ingestors.listing import RepositoryList, keep_bare, keep_changed
from ingestors.refusals import refuse_type
from ingestors.repositories import PATTERNS, File, Filters, Forge, Hook, Repository, is_glob, match
from ingestors.url import MAX_BYTES, UrlReader

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
]

_WORKERS = 8
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
        self._list = RepositoryList(forge, cache)
        self._targets: dict[str, tuple[Repository, File] | ReadError] = {}
        self._repositories: dict[str, Repository] = {}
        self._led_to: set[tuple[str, str]] = set()  # repositories, and paths or globs in them
        self._failures = 0
        self._counting = threading.Lock()

    def hook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a webhook in; whether the source is to be crawled for it."""
        hook = self.forge.hook(headers, body)
        names = {*hook.repositories, *(name for name, path in hook.touched if self._is_led_to(name, path))}
        self._list.note(names, everything=hook.everything)
        return bool(names) or hook.everything

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """A root for each catalog file of each chosen repository."""
        chosen = [one for one in self._list.read() if self._filters.accept(one)]
        self._repositories = {one.name: one for one in chosen}
        self._targets, self._failures = {}, 0
        self.usage.total = len(chosen)
        bare: list[Repository] = []
        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="crawl")
        try:
            # Most have no file, which needs no thread to be told.
            reading = [pool.submit(self._read_repository, one) if one.files != () else None for one in chosen]
            for repository, read in zip(chosen, reading, strict=True):
                targets = self._read_repository(repository) if read is None else read.result()
                bare += [] if targets else [repository]
                for target in targets:
                    annotations = {**scm.annotations_of(target, self._reader.hosts), **repository.annotations}
                    yield Root(Location("url", target), self.forge.presence, annotations=annotations)
        finally:
            pool.shutdown(cancel_futures=True)
        keep_bare(self.cache, bare)

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        """The files a Location names: of the repositories, globs allowed, or any one that may be read."""
        if kind != "url":
            raise refuse_type()
        resolved = self._reader.resolve(target, base.target)
        try:
            own = self._read_own(target, resolved)
        except ReadError as error:
            why = f"no matching files found for {target}" if error.missing else error.message
            raise ReadError(f"Unable to read url, {why}", missing=error.missing, name=error.name) from error
        return self._reader.read(resolved) if own is None else own

    def fetch(self, target: str, base: Location) -> bytes:
        """The file a placeholder names, of the same repository or of any host that may be read."""
        url = scm.resolve_placeholder(target, base.target, self._reader.hosts)
        own = self._find_own(url)
        return self._reader.fetch(url) if own is None else self._take(own[0], File(own[1], ""))

    def _read_own(self, target: str, url: str) -> list[Document] | None:
        """The files of one of the repositories that a target means, which is a URL once resolved; None for any other.

        What the crawl found is in the cache, not in memory: all files of an organisation may be more than fits.
        """
        listed = self._targets.get(target)
        if isinstance(listed, ReadError):
            raise listed
        if listed is not None:
            return [self._document(url, self._take(*listed, is_listed=True))]
        own = self._find_own(url)
        if own is None:
            return None
        repository, path = own
        if "*" not in path:
            return [self._document(url, self._take(repository, File(path, "")))]
        found = self._find_matching(repository, path)
        # Each is at the URL that it would have if it were named beside the glob.
        urls = [self._reader.resolve(self.forge.target(repository, file.path), url) for file in found]
        contents = [self._take(repository, file, is_listed=True) for file in found]
        return list(map(self._document, urls, contents))

    def _document(self, url: str, content: bytes) -> Document:
        annotations = scm.annotations_of(url, self._reader.hosts)
        return Document(Location("url", url), content, annotations, owner=self._owner_of(url))

    def _read_repository(self, repository: Repository) -> list[str]:
        """Read the catalog files of a repository; their URLs. One that cannot be read keeps what it gave."""
        try:
            return self._read_files(repository)
        finally:
            with self._counting:  # by when it is read, not by its turn: what one leads to may take long
                self.usage.done += 1

    def _read_files(self, repository: Repository) -> list[str]:
        last = f"targets {repository.name}"
        try:
            files = self._find(repository, self._patterns, last) if repository.files is None else repository.files
        except ReadError as error:
            self._bear(error, repository.name)
            kept = orjson.loads(self.cache.get(last) or b"[]")
            self._targets |= dict.fromkeys(kept, ReadError(error.message))
            return [str(target) for target in kept]
        targets: list[str] = []
        for file in files:
            target = self.forge.target(repository, file.path)
            targets.append(target)
            content = self._content(repository, file, is_listed=True)
            self._targets[target] = content if isinstance(content, ReadError) else (repository, file)
        keep_changed(self.cache, last, targets)
        return targets

    def _bear(self, error: ReadError, what: str) -> None:
        """Note the failure of one repository or file; one too many, or the host's silence, ends the crawl."""
        if isinstance(error, RateLimitError):
            raise error
        self.usage.note(f"{what}: {error.message}")
        self._failures += not (error.missing or error.forbidden) or isinstance(error, UnknownCallerError)
        if self._failures >= _GIVE_UP:
            raise ReadError(f"{self._failures} failures in a row, the last: {error.message}") from error

    def _find_matching(self, repository: Repository, glob: str) -> Sequence[File]:
        """The files that a glob in a Location stands for. Raises `ReadError` where there is none."""
        last = f"targets {repository.name} {glob}"
        found = self._find(repository, (glob,), last)
        if not found:
            raise ReadError(f"{repository.name} has no file that matches {glob}", missing=True)
        keep_changed(self.cache, last, [file.path for file in found])
        return found

    def _find(self, repository: Repository, patterns: Sequence[str], last: str) -> Sequence[File]:
        """The files that match; `last` is where those of the last time are remembered."""
        key = f"files {repository.name} {repository.branch} {repository.version} {' '.join(patterns)}"
        kept = self.cache.get(key)
        if kept is not None:
            return [File(*one) for one in orjson.loads(kept)]
        found = sorted(self.forge.files(repository, patterns), key=lambda file: file.path)
        had = orjson.loads(self.cache.get(last) or b"[]")
        # In a first crawl this would be asked of each that has no file.
        is_doubted = len(found) < len(had) or (not found and not self._list.is_new)
        if is_doubted:
            found = self._find_again(repository, patterns, found)
        if is_doubted and not found and self.forge.repository(repository.name) is None:  # so does a token end
            raise ReadError(f"{repository.name} is not to be seen any more")
        self._failures = 0
        self.cache.put(key, orjson.dumps([[one.path, one.key, one.blob] for one in found]))
        return found

    def _find_again(self, repository: Repository, patterns: Sequence[str], found: Sequence[File]) -> list[File]:
        """Look once more for what is said to be gone: one wrong answer must not take anything away."""
        again = sorted(self.forge.files(repository, patterns), key=lambda file: file.path)
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
        content = content[: MAX_BYTES + 1]  # more is not parsed
        self.cache.put(name, content)
        return content

    def _take(self, repository: Repository, file: File, *, is_listed: bool = False) -> bytes:
        content = self._content(repository, file, is_listed=is_listed)
        if isinstance(content, ReadError):
            raise content
        return content

    def _is_led_to(self, name: str, path: str) -> bool:
        """Whether a file is one that a catalog file led the last crawl to, or would now."""
        if (name, path) in self._led_to:
            return True
        return any(name == one and "*" in glob and match(path, (glob,)) for one, glob in self._led_to)

    def _find_own(self, url: str) -> tuple[Repository, str] | None:
        """The repository that was crawled and the path in it that a URL means; None where it is elsewhere."""
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
        return repository, path

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


def _blob_id(content: bytes) -> str:
    """What git calls a file with this content (git's `hash-object`)."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


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
