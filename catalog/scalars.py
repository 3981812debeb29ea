"""JSON values as text, and text as a number, as JavaScript has them: its spelling is what Backstage's rows compare."""

import re
from decimal import Decimal

from catalog.documents import Json

EXACT = 2**53  # integers beyond it are JavaScript's nearest double
_LONGEST = 21  # places before the point, from which on an exponent is printed
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_RADIX = re.compile(r"0x[0-9a-f]+|0o[0-7]+|0b[01]+", re.IGNORECASE)


def print_text(value: Json) -> str:
    """What `String(value)` gives."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if abs(value) <= EXACT:
            return str(value)
        case int() | float():
            return _print_double(float(value))
        case list():
            return ",".join("" if item is None else print_text(item) for item in value)
    return "null" if value is None else "[object Object]"


def _print_double(value: float) -> str:
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)  # JSON has no infinity
    text, places = "".join(map(str, digits)), len(digits) + exponent
    minus = "-" if sign and value else ""
    if not value:
        return "0"
    if len(text) <= places <= _LONGEST:
        return minus + text.ljust(places, "0")
    if 0 < places <= _LONGEST:
        return f"{minus}{text[:places]}.{text[places:]}"
    if -6 < places <= 0:
        return f"{minus}0.{'0' * -places}{text}"
    fraction = f".{text[1:]}" if text[1:] else ""
    return f"{minus}{text[0]}{fraction}e{places - 1:+d}"


def read_number(text: str) -> float | None:
    """What `Number(text)` gives; None where that is no number."""
    plain = text.strip()
    if _RADIX.fullmatch(plain):
        return float(int(plain, 0))
    if not plain or _NUMBER.fullmatch(plain):
        return float(plain or 0)
    return None
