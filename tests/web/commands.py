"""`callboard` as it is run in a terminal: in this process, or in one of its own, which takes ten times as long to start."""

import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from web.cli import main


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it said where."""

    returncode: object
    stdout: str
    stderr: str


def run(*arguments: str | Path, given: str = "", **environment: str) -> Done:
    """A command in this process; `given` is its standard input."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        for name, stream in (("argv", ["callboard", *map(str, arguments)]), ("stdin", StringIO(given)),
                             ("stdout", out), ("stderr", err)):  # fmt: skip
            patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as left:
            main()
    return Done(left.value.code, out.getvalue(), err.getvalue())


def run_apart(*arguments: str | Path) -> Done:
    """A command in a process of its own, for what changes the process it is in."""
    command = [sys.executable, "-m", "web.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    return Done(done.returncode, done.stdout, done.stderr)
