"""That each of the 66 traps has its test."""

import re
from pathlib import Path


def test_every_trap_has_one_test() -> None:
    texts = [path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py"))]
    numbers = [int(number) for text in texts for number in re.findall(r"^def test_(\d\d)_", text, re.MULTILINE)]
    assert sorted(numbers) == list(range(1, 67))
