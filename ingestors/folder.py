"""Folders and single files on this machine, never outside their root, not through links either; and URLs that they name."""

import math
import os
import re
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field

from catalog.documents import Document, Location, Root, Source, Unread
from catalog.errors import CatalogError, ReadError
from ingestors.beyond import Beyond
from ingestors.globs import fits
from ingestors.outside import Outside
from ingestors.refusals import refuse_slash, refuse_type
from ingestors.sections import Scheduled
from ingestors.settings.texts import FilePath
from ingestors.url import UrlReader

PATTERNS = ("**/catalog-info.yaml", "**/catalog-info.yml")
_MAX_BYTES = 5_000_000
_SETTLE_SECONDS = 0.02
_EMPTY_SECONDS = 0.8
_SETTLE_TRIES = 50
_ORIGIN = re.compile(r"^\[remote \"origin\"\]$(?:\n(?!\[).*)*?\n\s*url\s*=\s*(\S+)", re.MULTILINE)
_CLONE_DEPTH = 4  # folders below which nobody keeps clones
_SKIPPED = frozenset({".git"})
_CHOICES = 1000  # of `{a,b}{c,d}`, which are four


class Folder(Scheduled):
    """A folder on this machine, watched; read in its time too where it names URLs."""

    type: Literal["folder"] = Field(description="A folder on this machine.")
    path: FilePath = Field(description="Its path; a relative one is meant from the configuration file's folder.")
    patterns: tuple[str, ...] = Field(default=(), description="Files to read, as globs.")

    @property
    def what(self) -> Sequence[str]:
        """The folder."""
        return (str(Path(self.path).resolve()),)

    def open(self, outside: Outside) -> Source:
        """The folder."""
        source = FolderSource(Path(self.path), self.patterns or PATTERNS, outside.reader)
        source.name = self.title
        return source


class File(Scheduled):
    """A catalog file on this machine, watched, as a location of type `file`; read in its time too where it names URLs."""

    type: Literal["file"] = Field(description="A file on this machine.")
    path: FilePath = Field(description="Its path; a relative one is meant from the configuration file's folder.")

    @property
    def what(self) -> Sequence[str]:
        """The file."""
        return (str(Path(self.path).absolute()),)

    def open(self, outside: Outside) -> Source:
        """The file. Raises `CatalogError` where it would be more than one."""
        if "*" in self.path:
            hint = "Write a source of type `folder` with the `path` above them and `patterns` for the files."
            raise CatalogError(
                "invalid", f"`{self.path}` stands for many files, and a source of type `file` is one", hint
            )
        source = FileSource(Path(self.path), outside.reader)
        source.name = self.title
        return source


class FolderSource:
    """A folder: every file below it that matches a pattern, and what Location entities in them point to.

    URLs are read through `reader`; without one they are not.
    """

    def __init__(self, root: Path, patterns: Sequence[str] = PATTERNS, reader: UrlReader | None = None) -> None:
        self.root = root.resolve()
        self.beyond = Beyond(reader)
        self.patterns = tuple(patterns)
        self.name = f"folder:{self.root}"

    @property
    def watched(self) -> Path:
        """What to watch for changes."""
        return self.root

    @property
    def is_timed(self) -> bool:
        """Whether the last crawl came to URLs, of which nobody tells when they change."""
        return self.beyond.is_used

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """Each matching file once, sorted by path."""
        self.beyond.begin()
        if not self.root.is_dir():
            raise ReadError(f"`{self.root}` is not a folder, or is out of reach", missing=True)
        for path in _find(self.root, self.patterns):
            location = Location("file", str(path))
            try:
                yield Document(location, self._read(path))
            except ReadError as error:
                if not error.missing:  # a file that went away since the listing was never there
                    yield Unread(location, error.message)

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        """The files a Location names. A relative target of type `file` starts with `.`, as Backstage has it."""
        if kind == "url":
            return self.beyond.read(target, base)
        if kind != "file" or base.type != "file":  # what was read from a URL names no files here
            raise refuse_type()
        if target.endswith(os.sep):
            raise refuse_slash(base)
        path = os.path.join(os.path.dirname(base.target), target) if target.startswith(".") else target
        full = os.path.normpath(path)
        paths = _glob(Path(full), self.root) if _is_glob(full) else [Path(full)]
        documents = [Document(Location("file", str(one)), self._read(one)) for one in paths]
        if not documents:
            raise ReadError(f"file {full} does not exist", missing=True)
        return documents

    def fetch(self, target: str, base: Location) -> bytes:
        """The file that a placeholder names, relative to the file it stands in, or by a URL."""
        parts = urlsplit(target)
        if base.type == "url" or (parts.scheme and parts.scheme != "file"):
            return self.beyond.fetch(target, base)
        path = unquote(parts.path) if parts.scheme else target
        return self._read(Path(os.path.normpath(os.path.join(os.path.dirname(base.target), path))))

    def _read(self, path: Path) -> bytes:
        """The content of a file below the root; links are followed only as far as they stay there."""
        try:
            real = path.resolve(strict=True)
            if not real.is_relative_to(self.root):
                raise ReadError(f"file {path} is outside of {self.root}", forbidden=True)
            if not real.is_file():
                raise ReadError(f"file {path} could not be read, it is not a regular file")
            return _read_settled(real, self.root)
        except FileNotFoundError as error:
            raise ReadError(f"file {path} does not exist", missing=True) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise ReadError(f"file {path} could not be read, {error}") from error


class FileSource(FolderSource):
    """One file, as in Backstage's `catalog.locations`: a generated Location entity that points at it."""

    def __init__(self, path: Path, reader: UrlReader | None = None) -> None:
        super().__init__(path.parent, reader=reader)
        self.path = Path(os.path.abspath(path))
        self.name = f"file:{self.path}"

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """The one root."""
        self.beyond.begin()
        if not self.root.is_dir():
            raise ReadError(f"`{self.root}` is not a folder, or is out of reach", missing=True)
        yield Root(Location("file", str(self.path)))


def _read_settled(path: Path, root: Path) -> bytes:
    """The content of a file that nobody is writing just now: half of one would look like fewer entities."""
    for _ in range(_SETTLE_TRIES):
        before = path.stat()
        age = time.time() - before.st_mtime
        settled = _SETTLE_SECONDS if before.st_size else _EMPTY_SECONDS
        if 0 <= age < settled:
            time.sleep(_SETTLE_SECONDS)
            if not before.st_size:
                continue  # most writers begin by emptying the file
        with path.open("rb") as file:
            if not _is_opened_below(root, file.fileno()):
                raise ReadError(f"file {path} is outside of {root}", forbidden=True)
            content = file.read(_MAX_BYTES + 1)
        after = path.stat()
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
            return content
    raise ReadError(f"file {path} could not be read, it is being written all the time")


def _is_opened_below(root: Path, number: int) -> bool:
    """Whether an open file is below the root: a link may have been put in its way since its path was judged."""
    try:
        return Path(os.readlink(f"/proc/self/fd/{number}")).is_relative_to(root)
    except OSError:
        return True  # only Linux can tell


def find_files(path: Path, patterns: Sequence[str] = PATTERNS) -> list[Path]:
    """The files below a folder that match; a file is itself."""
    return [path] if path.is_file() else _find(path, patterns)


def find_bare_clones(root: Path, patterns: Sequence[str] = PATTERNS) -> list[Path]:
    """The clones of git repositories in a folder, and the folder itself where it is one, that have no catalog file."""
    clones: list[Path] = []
    for folder, folders, files in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        if ".git" in folders or ".git" in files:
            clones.append(Path(folder))
        if clones[-1:] == [Path(folder)] or depth >= _CLONE_DEPTH:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
    return [clone for clone in clones if not _find(clone, patterns)]


def find_remote(clone: Path) -> str:
    """The URL that a clone was made from, as its own settings have it; "" where they do not say."""
    try:
        found = _ORIGIN.search((clone / ".git" / "config").read_text(errors="replace"))
    except OSError:
        return ""
    return found[1] if found else ""


def _find(root: Path, patterns: Sequence[str]) -> list[Path]:
    names = {pattern.removeprefix("**/") for pattern in patterns}
    simple = all(
        pattern.startswith("**/") and not _is_glob(pattern[3:]) and "/" not in pattern[3:] for pattern in patterns
    )
    found: list[Path] = []
    for folder, folders, files in os.walk(root, onerror=_raise):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        if simple:
            found += [Path(folder, name) for name in files if name in names]
        else:
            at = os.path.relpath(folder, root)
            found += [
                Path(folder, name)
                for name in files
                if any(_matches(name if at == "." else f"{at}/{name}", pattern) for pattern in patterns)
            ]
    return sorted(found)


def _raise(error: OSError) -> None:
    raise ReadError(f"folder {error.filename} could not be read, {error.strerror}") from error


def _is_glob(text: str) -> bool:
    return any(character in text for character in "*?[{")


def _glob(pattern: Path, root: Path) -> list[Path]:
    """The files that match an absolute glob; `*` stays in a folder, `**` does not."""
    if _count_choices(str(pattern)) > _CHOICES:
        raise ReadError(f"file {pattern} stands for more than {_CHOICES} patterns", forbidden=True)
    fixed = Path(*pattern.parts[: next(i for i, part in enumerate(pattern.parts) if _is_glob(part))])
    if not fixed.resolve().is_relative_to(root):
        raise ReadError(f"file {pattern} is outside of {root}", forbidden=True)
    if not fixed.is_dir():
        return []
    return _find(fixed, [str(pattern.relative_to(fixed))])


def _matches(path: str, pattern: str) -> bool:
    return any(fits(path.split("/"), one.split("/"), _match_name) for one in _expand(pattern))


def _match_name(name: str, pattern: str) -> bool:
    hidden = name.startswith(".") and not pattern.startswith(".")
    return not hidden and fnmatchcase(name, pattern)


def _count_choices(pattern: str) -> int:
    """How many alternatives there are at most."""
    counts = [part.partition("}")[0].count(",") + 1 for part in pattern.split("{")[1:]]
    return math.prod(counts)


@lru_cache(maxsize=256)
def _expand(pattern: str) -> tuple[str, ...]:
    """`a.{yaml,yml}` as its alternatives."""
    start = pattern.find("{")
    end = pattern.find("}", start)
    if start == -1 or end == -1:
        return (pattern,)
    choices = pattern[start + 1 : end].split(",")
    return tuple(one for choice in choices for one in _expand(pattern[:start] + choice + pattern[end + 1 :]))
