"""Values as JavaScript prints them, and numbers as it reads them: the spelling that rows and parameters compare."""

import pytest

from catalog.documents import Json
from catalog.scalars import print_text, read_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"), (-0.0, "0"), (0.1, "0.1"), (0.00001, "0.00001"), (0.0000001, "1e-7"), (-1.5e-9, "-1.5e-9"),
        (1e16, "10000000000000000"), (123456789012345680000.0, "123456789012345680000"), (1e21, "1e+21"),
        (1.5e300, "1.5e+300"), (123.25, "123.25"), (2**53, "9007199254740992"),
        (12345678901234567890, "12345678901234567000"), (True, "true"), (None, "null"), ("As Is", "As Is"),
        ([1, "a", None], "1,a,"), ({"a": 1}, "[object Object]"),
    ],
)  # fmt: skip
def test_a_value_is_printed_as_javascript_prints_it(value: Json, text: str) -> None:
    assert print_text(value) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5), (" 3 ", 3), ("1e1", 10), ("0x1F", 31), ("+5", 5), ("1.", 1), ("", 0), ("1_0", None), ("x", None),
        ("0x", None), ("nan", None), ("\uff13", None),
    ],
)  # fmt: skip
def test_a_text_is_a_number_where_javascript_says_so(text: str, number: float | None) -> None:
    assert read_number(text) == number
