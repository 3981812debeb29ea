"""Fixtures that every test may use: folders of catalog files, and catalogs over them."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import TCPServer

import pytest
from hypothesis import HealthCheck, settings

from catalog.catalog import Catalog
from ingestors.folder import FolderSource
from tests.programs import wait_indexed

TESTS = Path(__file__).parent
SAMPLE = TESTS.parent / "sample-catalog"
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


# What whoever runs the tests has set for other programs, or git for its hooks, would change what is tested.
FOREIGN = re.compile(
    r"CALLBOARD_(?!DEMO$).*|(GITHUB|GH|GITLAB|GITEA)_TOKEN|AWS_(?!CA_BUNDLE$).*|GIT_(?!SSL_|EXEC_PATH$).*"
    r"|GITHUB_ACTIONS|FORCE_COLOR|PY_COLORS|NO_COLOR|COLUMNS|LINES"
)
for name in filter(FOREIGN.fullmatch, list(os.environ)):
    del os.environ[name]
os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

# Of more connections at once than this, the next one is taken a second late; five is soon reached on a busy machine.
TCPServer.request_queue_size = 64

# The same examples each time, however slow the machine is.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

LONG = {
    TESTS / file: place
    for place, file in enumerate((
        "clients/test_schema.py", "browser/test_pages.py", "catalog/test_crash.py", "browser/test_hostile.py",
        "ingestors/test_resume.py", "ingestors/test_faults.py", "browser/test_keys.py", "ingestors/test_gitlab.py",
        "oncall/test_tools_down.py", "oncall/test_alerts_end_to_end.py", "live/test_monitoring.py", "ingestors/test_attacks.py",
    ))
}  # fmt: skip
"""Files that take longest: they go first, so that no worker is left alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first, the others as they come."""
    assert [file for file in LONG if not file.is_file()] == []
    items.sort(key=lambda item: LONG.get(item.path, len(LONG)))


def component(name: str, description: str = "A service", **spec: str) -> str:
    """The YAML of one component."""
    return COMPONENT.format(name=name, description=description) + "".join(f"  {k}: {v}\n" for k, v in spec.items())


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A state folder of the tests' own, for commands that are told of no database."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


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
    wait_indexed(opened)
    yield opened
    opened.close()
