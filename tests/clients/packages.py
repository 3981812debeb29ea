"""Installs what the tests of this folder drive: pinned npm and PyPI packages, each beside its list and ignored by git."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
NODE_MODULES = FOLDER / "node_modules"
PYTHON_MODULES = FOLDER / "python_modules"
DOCUMENTS = NODE_MODULES / ".documents"
# Backstage keeps its OpenAPI document inside a built module, which asks for packages that a document does not need.
EXTRACT = """
const found = {};
const source = require('node:fs').readFileSync(process.argv[1], 'utf8');
new Function('require', 'exports', source)(() => ({}), found);
console.log(JSON.stringify(found.spec));
"""


def install_npm(folder: Path = FOLDER) -> Path:
    """The npm packages of the folder's package-lock.json, installed beside it now if they are not there."""
    _need("node", "npm")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    with _lock(folder):
        _install(folder / "node_modules", folder / "package-lock.json", command)
    return folder / "node_modules"


def install_pypi() -> Path:
    """The folder with the PyPI packages of requirements.txt, installed now if they are not there."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    with _lock():
        wanted = FOLDER / "requirements.txt"
        _install(PYTHON_MODULES, wanted, [*pip, "--target", str(PYTHON_MODULES), "--requirement", str(wanted)])
    return PYTHON_MODULES


def read_document(plugin: str) -> dict[str, Any]:
    """The OpenAPI document in one of the packages under `documents` in package.json: `catalog` or `search`."""
    install_npm()
    name = f"@backstage/plugin-{plugin}-backend"
    version = json.loads((FOLDER / "package.json").read_text())["documents"][name]
    kept = DOCUMENTS / f"{plugin}-{version}.json"
    with _lock():
        if not kept.exists():
            DOCUMENTS.mkdir(exist_ok=True)
            kept.write_text(_extract(f"{name}@{version}"), encoding="utf-8")
    document: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return document


def _extract(package: str) -> str:
    packed = _run(["npm", "pack", package, "--json", "--ignore-scripts", "--pack-destination", str(DOCUMENTS)])
    archive = DOCUMENTS / json.loads(packed)[0]["filename"]
    with tarfile.open(archive) as files:
        [member] = [one for one in files if one.name.endswith("/openapi/generated/router.cjs.js")]
        source = files.extractfile(member)
        assert source is not None
        script = DOCUMENTS / "router.cjs"
        script.write_bytes(source.read())
    document = _run(["node", "--eval", EXTRACT, str(script)])
    script.unlink()
    archive.unlink()
    return document


def _install(folder: Path, wanted: Path, command: list[str]) -> None:
    stamp = folder / ".installed"
    if stamp.exists() and stamp.read_text() == wanted.read_text():
        return
    _run(command, wanted.parent)
    stamp.write_text(wanted.read_text())


def _run(command: list[str], folder: Path = FOLDER) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    if done.returncode:
        _miss(f"`{' '.join(command)}` failed:\n{done.stderr[-2_000:]}")
    return done.stdout


def _need(*programs: str) -> None:
    if missing := [name for name in programs if not shutil.which(name)]:
        _miss(f"missing: {', '.join(missing)} (install Debian's packages nodejs and npm)")


def _miss(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def _lock(folder: Path = FOLDER) -> Iterator[None]:
    # Tests run in several processes, and any of them may be the first to need a package.
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
