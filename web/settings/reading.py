"""What may be read over the network, what registering a location does, and when a crawl is not believed."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from catalog.pipeline import Policy
from ingestors.settings.durations import Duration
from ingestors.settings.section import Section

_ALLOWED_HOST = re.compile(r"(\*\.)?[A-Za-z0-9._-]+(:\d+(-\d+)?)?|\[[0-9a-fA-F:]+\](:\d+(-\d+)?)?")


def _check_allowed_host(value: str) -> str:
    if not _ALLOWED_HOST.fullmatch(value):
        raise ValueError("must be a host", "`name`, `name:port`, `name:from-to` or `*.suffix`, without a scheme.")
    return value


def _check_path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("must begin with `/`")
    return value


class Allowed(Section):
    """One host that locations may be read from without an entry in `hosts`."""

    host: Annotated[str, AfterValidator(_check_allowed_host)] = Field(
        description="`name`, `name:port`, `name:from-to`, or `*.suffix` for every host below it."
    )
    paths: tuple[Annotated[str, AfterValidator(_check_path)], ...] = Field(
        default=(), description="Only below these paths; all if none is given."
    )
    private: bool = Field(
        default=False,
        description="Whether a name may be at a private address; `localhost` and addresses that are written out may.",
    )


class Reading(Section):
    """What may be read over the network, besides the known hosts."""

    allow: tuple[Allowed, ...] = Field(default=(), description="Further hosts that files may be read from.")


class Locations(Section):
    """What `POST /locations` does, and how often registered locations are read."""

    types: tuple[Literal["url", "file"], ...] = Field(
        default=("url",), description="Types that may be registered; `file` lets writers read this machine's files."
    )
    conflict: Literal["reject", "refresh"] = Field(
        default="reject", description="A target that is there already: an error, or read again."
    )
    every: Duration | None = Field(
        default=None, description="How often each is read again, such as `2m`; only when asked if not given."
    )


def _check_share(value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError("must be a share", "From 0 to 1: `0.2` is a fifth.")
    return value


def _check_count(value: Any) -> Any:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number, not below 0")
    return value


class Removals(Section):
    """How much of a source one crawl may take away before somebody has to confirm it."""

    share: Annotated[float, BeforeValidator(_check_share)] = Field(
        default=Policy().removed_share, description="More than this share of the source's entities."
    )
    at_most: Annotated[int, BeforeValidator(_check_count)] = Field(
        default=Policy().removed_at_most, description="And more than so many entities."
    )
