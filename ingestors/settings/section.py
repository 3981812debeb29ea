"""What every part of the settings is made of: sections that know all their keys, and paths meant from the file's folder."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationInfo


class Section(BaseModel):
    """Keys and values, all known, that do not change once read."""

    # Each is built with the whole that it is part of, and alone only where it is asked for: there are many.
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False, defer_build=True)


def find_path(value: str, info: ValidationInfo) -> Path:
    """A path; a relative one is meant from the configuration file's folder."""
    folder: Path = (info.context or {}).get("folder", Path())
    try:
        return folder / Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError("is in the home folder of a user that there is not") from error


def find_target(value: str, info: ValidationInfo) -> str:
    """A URL as it stands, or a path."""
    return value if "://" in value else str(find_path(value, info))
