"""Finding files by reading them: where a host has no cheap list, one request tells whether a file is there and what is in it."""

import hashlib
import threading
from collections.abc import Callable, Sequence

from catalog.errors import ReadError
from ingestors.fetch import Answer
from ingestors.forge import File, Repository

Read = Callable[[Repository, str], bytes]


def content_of(answer: Answer, path: str) -> bytes:
    """A file's bytes. Raises `ReadError` for a page in HTML: a host or a proxy asks to sign in, or is under repair."""
    if "text/html" in answer.headers.get("content-type", "") and not path.endswith((".html", ".htm")):
        raise ReadError(f"a page in HTML came instead of {path}")
    return answer.body


class Probe(threading.local):
    """Files by their paths. What was read to find those of one repository is kept until those of the next are looked for.

    Each thread has its own: whoever finds a repository's files is who takes them.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._found: dict[tuple[str, str], bytes] = {}

    def find(self, repository: Repository, paths: Sequence[str]) -> list[File]:
        """Those of the paths that are there. Raises `ReadError` for a path of which that cannot be told."""
        files: list[File] = []
        self._found.clear()
        for path in dict.fromkeys(path.strip("/") for path in paths):
            try:
                content = self._read(repository, path)
            except ReadError as error:
                if not error.missing:
                    raise
                continue
            self._found[repository.name, path] = content
            files.append(File(path, hashlib.sha256(content).hexdigest()))
        return files

    def take(self, repository: Repository, path: str) -> bytes:
        """A file's content, as it was when it was found, or as it is now."""
        content = self._found.pop((repository.name, path), None)
        return self._read(repository, path) if content is None else content
