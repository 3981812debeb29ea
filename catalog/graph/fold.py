"""Names of folds: what a fold holds, as text that stands in addresses."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

LADDERS: Final[dict[str, tuple[str, ...]]] = {
    "system": ("system", "domain", "kind", "all"),
    "team": ("team", "parent", "kind", "all"),
    "kind": ("kind", "all"),
}
"""By what to fold by: that, then what is coarser, for where it gives too many groups."""


@dataclass(frozen=True, slots=True)
class Fold:
    """What a fold holds: the units that have all of `values` by dimension; of those by ref, part i of n, of that part again."""

    values: tuple[tuple[str, str], ...]
    chunks: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        values = "+".join(f"{dimension}:{quote(value, safe=':/')}" for dimension, value in self.values)
        return "~".join([values, *(f"{part}.{count}" for part, count in self.chunks)])

    @classmethod
    def parse(cls, text: str) -> "Fold | None":
        """The fold that `str()` printed; None for a text that is none."""
        values, *chunks = text.split("~")
        pairs = [tuple(value.partition(":")[::2]) for value in values.split("+")]
        known = {step for ladder in LADDERS.values() for step in ladder}
        numbers = [chunk.split(".") for chunk in chunks]
        if any(pair[0] not in known for pair in pairs) or not all(map(_is_chunk, numbers)):
            return None
        parts = tuple((int(part), int(count)) for part, count in numbers)
        return cls(tuple((name, unquote(value)) for name, value in pairs), parts)


def _is_chunk(numbers: list[str]) -> bool:
    return (
        len(numbers) == 2
        and all(one.isascii() and one.isdigit() and 0 < len(one) < 8 for one in numbers)
        and int(numbers[0]) < int(numbers[1])
    )
