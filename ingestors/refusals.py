"""What a Location is told that names something by a type or in a form that nobody reads, in Backstage's words."""

import json
from collections.abc import Sequence

from catalog.documents import Location
from catalog.errors import ReadError


def refuse_type(allowed: Sequence[str] = ("url",)) -> ReadError:
    """The target is of a type that is not allowed there."""
    types = json.dumps(allowed, separators=(",", ":"))
    return ReadError(f"Registered locations must be of an allowed type {types}", forbidden=True, name="InputError")


def refuse_slash(base: Location) -> ReadError:
    """The target is a folder; `base` is the file that names it."""
    message = f"LocationEntityProcessor cannot handle file type location with target {base.target}"
    return ReadError(f"{message} that ends with a path separator", name="InputError")
