"""What the environment and the configuration file decide; the only reader of both."""

import os
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from catalog.catalog import read_yaml
from catalog.errors import CatalogError

HOST = "127.0.0.1"
PORT = 7007


@dataclass(frozen=True, slots=True)
class Config:
    """What a `callboard.yaml` may say. Each key is an option of `callboard serve`, which wins where both are given."""

    sources: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    host: str = HOST
    port: int = PORT
    database: str = ""


_LISTS = ("sources", "patterns")
_KEYS = tuple(field.name for field in fields(Config))


def read_config(path: Path) -> Config:
    """The configuration in a file; relative sources are meant from its folder. Raises `CatalogError`."""
    try:
        found = read_yaml(path.read_text()) or {}
    except OSError as error:
        raise CatalogError("unavailable", f"`{path}` could not be read: {error.strerror}") from error
    except CatalogError as error:
        raise CatalogError("invalid", f"{path}: {error.message}") from error
    if not isinstance(found, dict):
        raise CatalogError("invalid", f"{path}: expected keys and values", f"Known keys are {', '.join(_KEYS)}.")
    for key, value in found.items():
        _check_key(path, key, value)
    sources = (one if "://" in one else str(path.parent / Path(one).expanduser()) for one in found.get("sources", ()))
    return Config(
        tuple(sources),
        tuple(found.get("patterns", ())),
        found.get("host", HOST),
        found.get("port", PORT),
        found.get("database", ""),
    )


def _check_key(path: Path, key: str, value: object) -> None:
    if key not in _KEYS:
        near = get_close_matches(key, _KEYS, 1)
        hint = f"Did you mean `{near[0]}`?" if near else f"Known keys are {', '.join(_KEYS)}."
        raise CatalogError("invalid", f"{path}: unknown key `{key}`", hint)
    wanted, right = "a text", isinstance(value, str)
    if key in _LISTS:
        wanted, right = "a list of texts", isinstance(value, list) and all(isinstance(one, str) for one in value)
    elif key == "port":
        wanted, right = "a port number", isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536
    if not right:
        raise CatalogError("invalid", f"{path}: `{key}` must be {wanted}")


def default_database() -> str:
    """The SQLite file in the user's state folder, or what `CALLBOARD_DATABASE` says."""
    if url := os.environ.get("CALLBOARD_DATABASE"):
        return url
    from platformdirs import user_state_path

    return f"sqlite:///{user_state_path('callboard') / 'catalog.db'}"
