"""How much hangs on an entity, as its labels or annotations say."""

from collections.abc import Mapping
from typing import Final

from catalog.documents import Json

_KEYS: Final = ("tier", "service-tier", "criticality")
"""How a label, or annotation, ends that says so."""
_MAX_LENGTH: Final = 40


def find_tier(metadata: Mapping[str, Json]) -> str:
    """The tier; "" where nothing says."""
    for named in (metadata.get("labels") or {}, metadata.get("annotations") or {}):
        for key, value in named.items():
            if key.rpartition("/")[2] in _KEYS and isinstance(value, str):
                return value[:_MAX_LENGTH]
    return ""
