"""Lays a catalog's files out in the fixed folder where its answers are recorded and replayed.

`python -m tests.conformance.layout CATALOG` does it once, for a backend that is to be recorded.
"""

import fcntl
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from shutil import copytree, rmtree

import yaml

from tests.conformance.catalogs.generated import write_catalog

# Absolute paths enter annotations and the names of generated Locations, so recording and replay share one place.
PLACE = Path("/tmp/callboard-conformance")
CATALOGS = Path(__file__).parent / "catalogs"
SAMPLE = Path(__file__).parent.parent.parent / "sample-catalog"
# Backstage cannot resolve a relative placeholder from a `file` location; there the path itself is the definition.
PLACEHOLDER = re.compile(r"(?m)^(\s*definition:)\s*\n\s+\$text:\s*(\S+)\s*$")


@contextmanager
def lay_out(catalog: str) -> Iterator[Path]:
    """Write the catalog's files, give the folder, and keep other processes out of it meanwhile."""
    PLACE.mkdir(exist_ok=True)
    with (PLACE / f"{catalog}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = PLACE / catalog
        rmtree(folder, ignore_errors=True)
        if catalog == "generated":
            write_catalog(folder)
        elif catalog == "nothing":
            folder.mkdir()
        elif catalog == "sample":
            _write_sample(folder)
        else:
            copytree(CATALOGS / catalog, folder)
        yield folder


def digest(folder: Path) -> str:
    """A digest of the catalog's YAML files, to tell whether a recording was made over these."""
    found = sha256()
    for path in sorted(folder.rglob("*.yaml")):
        found.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def _write_sample(folder: Path) -> None:
    copytree(SAMPLE, folder)
    files = sorted(folder.rglob("catalog-info.yaml"))
    for path in folder.rglob("*.yaml"):
        path.write_text(PLACEHOLDER.sub(r'\1 "\2"', path.read_text(encoding="utf-8")), encoding="utf-8")
    targets = [f"./{path.relative_to(folder)}" for path in files]
    entry = {"apiVersion": "backstage.io/v1alpha1", "kind": "Location", "metadata": {"name": "sample"}}
    text = yaml.safe_dump({**entry, "spec": {"targets": targets}}, sort_keys=False)
    (folder / "all.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with lay_out(sys.argv[1]) as laid_out:
        print(laid_out)
