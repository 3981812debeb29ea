"""Folders and single files on this machine, never outside their root, not through links either."""

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from catalog.documents import Document, Location, Root, Unread
from catalog.errors import ReadError

PATTERNS = ("**/catalog-info.yaml", "**/catalog-info.yml")
_MAX_BYTES = 5_000_000
_SKIPPED = frozenset({".git"})


class FolderSource:
    """A folder: every file below it that matches a pattern, and what Location entities in them point to."""

    def __init__(self, root: Path, patterns: Sequence[str] = PATTERNS) -> None:
        self.root = root.resolve()
        self.patterns = tuple(patterns)
        self.name = f"folder:{self.root}"

    @property
    def watched(self) -> Path:
        """What to watch for changes."""
        return self.root

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """Each matching file once, sorted by path."""
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
        """The files a Location of type `file` names. A relative target starts with `.`, as Backstage has it."""
        if kind != "file":
            raise ReadError(
                f"Reading from '{target}' is not allowed. A folder gives files only, this target is of type `{kind}`",
                forbidden=True,
            )
        path = os.path.join(os.path.dirname(base.target), target) if target.startswith(".") else target
        full = os.path.normpath(path)
        paths = _glob(Path(full), self.root) if _is_glob(full) else [Path(full)]
        documents = [Document(Location("file", str(one)), self._read(one)) for one in paths]
        if not documents:
            raise ReadError(f"file {full} does not exist", missing=True)
        return documents

    def fetch(self, target: str, base: Location) -> bytes:
        """The file that a placeholder names, relative to the file it stands in."""
        parts = urlsplit(target)
        if parts.scheme and parts.scheme != "file":
            raise ReadError(f"Reading from '{target}' is not allowed. A folder gives files only", forbidden=True)
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
            with real.open("rb") as file:
                return file.read(_MAX_BYTES + 1)
        except FileNotFoundError as error:
            raise ReadError(f"file {path} does not exist", missing=True) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise ReadError(f"file {path} could not be read, {error}") from error


class FileSource(FolderSource):
    """One file, as in Backstage's `catalog.locations`: a generated Location entity that points at it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.parent)
        self.path = Path(os.path.abspath(path))
        self.name = f"file:{self.path}"

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """The one root."""
        if not self.root.is_dir():
            raise ReadError(f"`{self.root}` is not a folder, or is out of reach", missing=True)
        yield Root(Location("file", str(self.path)))


def find_files(path: Path, patterns: Sequence[str] = PATTERNS) -> list[Path]:
    """The files below a folder that match; a file is itself."""
    return [path] if path.is_file() else _find(path, patterns)


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
    fixed = Path(*pattern.parts[: next(i for i, part in enumerate(pattern.parts) if _is_glob(part))])
    if not fixed.resolve().is_relative_to(root):
        raise ReadError(f"file {pattern} is outside of {root}", forbidden=True)
    if not fixed.is_dir():
        return []
    return _find(fixed, [str(pattern.relative_to(fixed))])


def _matches(path: str, pattern: str) -> bool:
    return any(_match_parts(path.split("/"), one.split("/")) for one in _expand(pattern))


def _match_parts(path: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_match_parts(path[skip:], pattern[1:]) for skip in range(len(path) + 1))
    return bool(path) and _match_name(path[0], pattern[0]) and _match_parts(path[1:], pattern[1:])


def _match_name(name: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    hidden = name.startswith(".") and not pattern.startswith(".")
    return not hidden and fnmatchcase(name, pattern)


@lru_cache(maxsize=256)
def _expand(pattern: str) -> tuple[str, ...]:
    """`a.{yaml,yml}` as its alternatives."""
    start = pattern.find("{")
    end = pattern.find("}", start)
    if start == -1 or end == -1:
        return (pattern,)
    choices = pattern[start + 1 : end].split(",")
    return tuple(one for choice in choices for one in _expand(pattern[:start] + choice + pattern[end + 1 :]))
