"""How long: `90s`, `10m`, `3 hours`, ISO 8601's `PT10M`, or `{minutes: 10}` as in Backstage, all as seconds."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_UNITS = {
    "ms": 0.001,
    "milliseconds": 0.001,
    "s": 1,
    "seconds": 1,
    "m": 60,
    "minutes": 60,
    "h": 3600,
    "hours": 3600,
    "d": 86400,
    "days": 86400,
    "w": 604800,
    "weeks": 604800,
}
_SHORT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
_ISO = re.compile(
    r"P(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)
_HINT = "Such as `90s`, `10m`, `3h`, `PT10M` or `{minutes: 10}`."


def parse_duration(value: Any) -> float:
    """A duration in seconds. Raises `ValueError` for what is none, and for one that is not above zero."""
    seconds = _read_parts(value) if isinstance(value, dict) else _read_text(value) if isinstance(value, str) else 0.0
    if not seconds or seconds <= 0:
        raise ValueError("must be a duration", _HINT)
    return seconds


def _read_parts(value: dict[Any, Any]) -> float:
    if any(key not in _UNITS or not isinstance(n, int | float) or isinstance(n, bool) for key, n in value.items()):
        return 0.0
    return float(sum(_UNITS[key] * n for key, n in value.items()))


def _read_text(text: str) -> float:
    if match := _SHORT.fullmatch(text.strip()):
        unit = match[2].lower()
        return float(match[1]) * (_UNITS.get(unit) or _UNITS.get(f"{unit}s") or 0.0)
    try:
        return (
            _read_parts({unit: float(n) for unit, n in match.groupdict().items() if n})
            if (match := _ISO.fullmatch(text.strip()))
            else 0.0
        )
    except ValueError:  # `1.2.3` of something
        return 0.0


Duration = Annotated[float, BeforeValidator(parse_duration, json_schema_input_type=str | dict[str, float])]
