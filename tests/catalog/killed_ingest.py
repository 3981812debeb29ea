"""One ingest of a folder, for a process of its own that is to be killed."""

from multiprocessing.connection import Connection
from pathlib import Path

from catalog.catalog import Catalog
from ingestors.folder import FolderSource


def ingest(url: str, root: Path, begun: Connection) -> None:
    """Say when it begins, and ingest."""
    catalog = Catalog.open(url, search=False)
    begun.send(True)
    catalog.ingest(FolderSource(root))
