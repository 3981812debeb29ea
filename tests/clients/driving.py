"""Runs the two drivers and reads what they print.

`python -m tests.clients.driving BASE_URL` keeps what a real Backstage gives.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.clients.packages import install_npm, install_pypi
from tests.clients.serving import SITE
from tests.conformance.website import serve_website

FOLDER = Path(__file__).parent
CLIENTS = ("pypi", "npm")  # the second writes, and the referee takes its time to forget that
Steps = dict[str, Any]


def drive(client: str, base: str, patience: int = 0) -> Steps:
    """What the client gives in each step, against the server at `base`, whose writes show within `patience` seconds."""
    if client == "npm":
        install_npm()
        command, environment = ["node", "drive.mjs"], dict[str, str]()
    else:
        command, environment = [sys.executable, "drive.py"], {"PYTHONPATH": str(install_pypi())}
    with serve_website(SITE) as site:
        command += [base, site, str(patience)]
        done = subprocess.run(
            command, cwd=FOLDER, env=os.environ | environment, capture_output=True, text=True, timeout=600
        )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line.pop("step"): line for line in lines}


def read_recorded(client: str) -> Steps:
    """What the client gave in each step, against a real Backstage."""
    recorded: Steps = json.loads(_path(client).read_text(encoding="utf-8"))
    return recorded


def _path(client: str) -> Path:
    return FOLDER / "recorded" / f"{client}.json"


if __name__ == "__main__":
    for name in CLIENTS:
        steps = drive(name, sys.argv[1].rstrip("/"), patience=30)
        _path(name).parent.mkdir(exist_ok=True)
        _path(name).write_text(json.dumps(steps, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{name}: {len(steps)} steps")
