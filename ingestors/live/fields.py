"""Values out of other programs' JSON, each made harmless: texts of a bounded length, moments in UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_LONGEST = 1_000


def read_text(value: Any) -> str:
    """A text; of what is none, nothing."""
    return value[:_LONGEST] if isinstance(value, str) else ""


def read_moment(value: Any) -> datetime | None:
    """A moment as RFC 3339 writes it; None for anything else, and for Go's zero time."""
    if not isinstance(value, str) or value.startswith("0001-"):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the end of time, told in another zone, is after it in ours
        return None


def read_texts(value: Any) -> Mapping[str, str]:
    """Labels or annotations."""
    return {str(key): read_text(one) for key, one in (value or {}).items()}
