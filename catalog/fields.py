"""The `fields` of an answer: parts of an entity by path, as Backstage projects them (reference section 7.4)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.query import split_list

_INDEX = re.compile(r"0|[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Projection:
    """The `fields` of an answer; case-sensitive paths (reference section 7.4)."""

    fields: tuple[str, ...]

    def apply(self, entity: Mapping[str, Json]) -> dict[str, Json]:
        """The part of `entity` that the fields name; missing values are left out."""
        result: dict[str, Json] = {}
        for name in self.fields:
            steps, value = _walk(entity, name.split("."))
            if steps:
                _put(result, steps, value)
        return result


def parse_fields(values: Iterable[str]) -> Projection | None:
    """The projection that `fields` ask for, None for the whole entity."""
    fields = split_list(values)
    for name in fields:
        if "[" in name:
            raise CatalogError("invalid", f'Invalid field "{name}", array type fields are not supported')
    return Projection(fields) if fields else None


def _walk(value: Json, parts: Sequence[str]) -> tuple[list[str], Json]:
    """Follow `parts` down, gluing a part to the next where the key itself has a dot. No steps: not there."""
    steps: list[str] = []
    pending: str | None = None
    for part in parts:
        name = part if pending is None else f"{pending}.{part}"
        found, inner = _step(value, name)
        pending = None if found else name
        if found:
            value = inner
            steps.append(name)
    return ([], None) if pending is not None else (steps, value)


def _step(value: Json, name: str) -> tuple[bool, Json]:
    """Whether a value has something under a name, and what: Backstage walks JavaScript's values, texts among them."""
    if isinstance(value, dict):
        return name in value, value.get(name)
    if isinstance(value, list):
        items: Sequence[Json] = value
    elif isinstance(value, str):
        units = value.encode("utf-16-le", "surrogatepass")
        items = [units[at : at + 2].decode("utf-16-le", "replace") for at in range(0, len(units), 2)]
    else:
        return False, None
    if name == "length":
        return True, len(items)
    if _INDEX.fullmatch(name) and int(name) < len(items):
        return True, items[int(name)]
    return False, None


def _put(target: Json, steps: Sequence[str], value: Json) -> None:
    """Set a value deep in a result; a numbered step makes a list, with nulls before it, as lodash's `set` does."""
    for step, following in pairwise([*steps, None]):
        at: Any = step
        if isinstance(target, list):
            if not _INDEX.fullmatch(str(step)):
                return
            at = int(str(step))
            target.extend([None] * (at + 1 - len(target)))
        inner = target[at] if isinstance(target, list) else target.get(at)
        if following is None:
            inner = value
        elif not isinstance(inner, dict | list):
            inner = [] if _INDEX.fullmatch(following) else {}
        target[at] = inner
        target = inner
