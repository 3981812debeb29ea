"""Fixtures that every test may use: folders of catalog files, and catalogs over them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.catalog import Catalog
from ingestors.folder import FolderSource

SAMPLE = Path(__file__).parent.parent / "sample-catalog"
COMPONENT = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
  description: {description}
spec:
  type: service
  lifecycle: production
  owner: team-a
"""


def component(name: str, description: str = "A service", **spec: str) -> str:
    """The YAML of one component."""
    return COMPONENT.format(name=name, description=description) + "".join(f"  {k}: {v}\n" for k, v in spec.items())


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    """An empty catalog in memory, without full text search."""
    opened = Catalog.open("sqlite://", search=False)
    yield opened
    opened.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file below the test's folder."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return put


@pytest.fixture
def folder(tmp_path: Path) -> FolderSource:
    """The test's folder as a source."""
    return FolderSource(tmp_path)


@pytest.fixture(scope="session")
def sample() -> Iterator[Catalog]:
    """The sample catalog, loaded once; read only."""
    opened = Catalog.open("sqlite://")
    opened.ingest(FolderSource(SAMPLE))
    yield opened
    opened.close()
