"""JSON of tools whose shapes are not known here: the texts in it, as somebody would read them out, the outermost first."""

from collections import deque
from collections.abc import Iterator
from typing import Final

import orjson

from catalog.documents import Json
from catalog.lookup.labels import is_well_known

_MOST_TEXTS, _MOST_VALUES, _LONGEST, _DEEPEST = 100, 5_000, 300, 12
_TITLES: Final = frozenset({"title", "alert_title", "alarmname", "summary", "subject", "entity_display_name"})


def read_stranger(value: Json) -> tuple[str, str]:
    """The title, and all that it says; both empty where it says nothing."""
    told = list(_tell(value))
    title = next((text for name, text in told if name.casefold() in _TITLES), told[0][1] if told else "")
    return title, ".\n".join(f"{name}: {text}" if is_well_known(name) else text for name, text in told)


def _tell(value: Json) -> Iterator[tuple[str, str]]:
    """Each text with the name that it has, breadth first: what a payload is about seldom lies deep in it."""
    waiting: deque[tuple[str, Json, int]] = deque([("", value, 0)])
    texts = 0
    for _ in range(_MOST_VALUES):
        if not waiting or texts == _MOST_TEXTS:
            return
        name, one, depth = waiting.popleft()
        match one:
            case _ if depth > _DEEPEST:
                continue
            case {"name": str(label), "value": str(text)}:  # as CloudWatch writes its dimensions
                waiting.append((label, text, depth + 1))
            case dict():
                waiting.extend((str(key), part, depth + 1) for key, part in one.items())
            case list():
                waiting.extend((name, part, depth + 1) for part in one)
            case str() if (inner := _parse(one)) is not None:
                waiting.append((name, inner, depth + 1))
            case str() if one.strip():
                texts += 1
                yield name, " ".join(one.split())[:_LONGEST]


def _parse(text: str) -> Json:
    """JSON in a text, as SNS sends it; None for any other text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
