"""From what a user names to the source that reads it."""

from collections.abc import Sequence
from pathlib import Path

from catalog.errors import CatalogError
from ingestors.folder import PATTERNS, FileSource, FolderSource


def open_source(text: str, patterns: Sequence[str] = ()) -> FolderSource:
    """The source for a folder or a file on this machine. Raises `CatalogError` for anything else."""
    path = Path(text).expanduser()
    if path.is_dir():
        return FolderSource(path, patterns or PATTERNS)
    if path.is_file():
        return FileSource(path)
    if "://" in text:
        raise CatalogError(
            "invalid", f"`{text}` is not a folder or a file", "Name a folder or a catalog file on this machine."
        )
    raise CatalogError("not_found", f"`{text}` does not exist", "Name a folder or a catalog file on this machine.")
