"""What the environment decides where nothing else is said: the database, whom to ask, and the tokens of code hosts."""

import os
from pathlib import Path
from typing import Final

TOKENS: Final = {"github": ("GITHUB_TOKEN", "GH_TOKEN"), "gitlab": ("GITLAB_TOKEN",), "gitea": ("GITEA_TOKEN",)}
"""The variables with a token, by the type of host that it is for: the first that is set."""


def default_database() -> str:
    """The SQLite file in the user's state folder, or what `CALLBOARD_DATABASE` says."""
    if url := os.environ.get("CALLBOARD_DATABASE"):
        return url
    return f"sqlite:///{state_folder() / 'catalog.db'}"


def default_server() -> tuple[str, Path | None]:
    """The running Callboard to ask, by `CALLBOARD_URL`, "" for none, and the file with the token for it, if there is one."""
    file = os.environ.get("CALLBOARD_TOKEN_FILE")
    return os.environ.get("CALLBOARD_URL", ""), Path(file) if file else None


def state_folder() -> Path:
    """Where the user's state lives: the database, and the clones of git repositories."""
    from platformdirs import user_state_path

    return user_state_path("callboard")


def find_tokens() -> dict[str, str]:
    """The tokens in the environment by the type of host that they are for; only those that are there."""
    found = {
        type: next((os.environ[name] for name in names if os.environ.get(name)), "") for type, names in TOKENS.items()
    }
    return {type: token for type, token in found.items() if token}
