"""What the environment and the command line decide; the only reader of the environment."""

import os
from pathlib import Path

HOST = "127.0.0.1"
PORT = 7007


def default_database() -> str:
    """The SQLite file in the user's state folder, or what `CALLBOARD_DATABASE` says."""
    if url := os.environ.get("CALLBOARD_DATABASE"):
        return url
    from platformdirs import user_state_path

    return f"sqlite:///{user_state_path('callboard') / 'catalog.db'}"


def display_path(path: str) -> str:
    """A path as short as it can be said from where the user stands."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path
