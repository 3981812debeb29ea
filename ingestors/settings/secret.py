"""Secrets: named in the configuration file, never written into it, and never in a message."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo

from ingestors.settings.section import Section, find_path

VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HINT: Final = "Write `${CALLBOARD_TOKEN}` and set that variable, or `{file: /run/secrets/token}`."


class SecretFile(Section):
    """A secret in a file of its own."""

    file: str = Field(description="Path of the file; a relative one is meant from the configuration file's folder.")


def read_secret(value: Any, info: ValidationInfo) -> Any:
    """The secret that a reference names. Nothing here puts a secret into a message."""
    if isinstance(value, SecretStr):
        return value
    if isinstance(value, dict) and set(value) == {"file"} and isinstance(value["file"], str):
        return SecretStr(_read_file(find_path(value["file"], info)))
    match = VARIABLE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must not be written out in the file", _HINT)
    return SecretStr(read_variable(match[1]))


def _read_file(path: Path) -> str:
    try:
        return path.read_text().rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"names `{path}`, which could not be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"names `{path}`, which is not text") from error


def read_variable(name: str) -> str:
    """The value of an environment variable. Raises `ValueError` where it is not set."""
    if value := os.environ.get(name):
        return value
    raise ValueError(f"names the environment variable `{name}`, which is not set", f"Set `{name}`.")


def fill_in(value: Any) -> Any:
    """A text with its variables' values in place of their names."""
    return VARIABLE.sub(lambda match: read_variable(match[1]), value) if isinstance(value, str) else value


def reveal(secret: SecretStr | None) -> str:
    """The secret itself, empty where there is none: for who sends it, and for nobody else."""
    return secret.get_secret_value() if secret is not None else ""


Secret = Annotated[SecretStr, BeforeValidator(read_secret, json_schema_input_type=str | SecretFile)]
"""A secret of somebody else's, whatever it looks like."""
Filled = Annotated[str, BeforeValidator(fill_in)]
"""A text that is no secret, and may stand beside one in the environment all the same."""
