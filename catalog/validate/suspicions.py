"""What is allowed in an accepted entity and yet probably not meant: misspelt keys, keys that differ only by case."""

import difflib
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from catalog import kinds
from catalog.documents import Json
from catalog.validate.finding import Path, nearest


class Suspicion(NamedTuple):
    """One thing to look at again, at the key that `path` leads to."""

    rule: str
    message: str
    hint: str
    path: Path


def suspect(data: dict[str, Json]) -> Iterator[Suspicion]:
    """What is allowed in an accepted entity and yet probably not meant."""
    metadata, spec = data["metadata"], data["spec"]
    yield from _suspect_keys(data["kind"], ("spec",), tuple(spec))
    for key, value in spec.items():
        if isinstance(value, (dict, list)):
            yield from _suspect_below(value, ("spec", key))
    yield from _suspect_keys("", ("metadata",), tuple(metadata))
    yield from _suspect_keys("", ("metadata", "annotations"), tuple(metadata["annotations"]))
    yield from _suspect_keys("", ("metadata", "labels"), tuple(metadata.get("labels") or ()))


def _suspect_below(value: dict[str, Json] | list[Json], path: Path) -> Iterator[Suspicion]:
    """Keys that collide further down; those of all objects in a list are at one place, as the search rows have it."""
    if isinstance(value, dict):
        yield from _suspect_keys("", path, tuple(value))
        inner = list(value.items())
    else:
        objects = [item for item in value if isinstance(item, dict)]
        if objects:
            yield from _suspect_keys("", path, tuple(dict.fromkeys(key for item in objects for key in item)))
        inner = [pair for item in objects for pair in item.items()]
    for key, one in inner:
        if isinstance(one, (dict, list)):
            yield from _suspect_below(one, (*path, key))


@lru_cache(maxsize=8_192)
def _suspect_keys(kind: str, path: Path, keys: tuple[str, ...]) -> tuple[Suspicion, ...]:
    found: list[Suspicion] = []
    seen: dict[str, str] = {}
    known = _known_keys(kind, path)
    absent = [key for key in known if key not in keys]
    for key in keys:
        twin = seen.setdefault(key.lower(), key)
        if twin != key:
            message = f"`{key}` and `{twin}` under `{'.'.join(map(str, path))}` differ only by case"
            found.append(Suspicion("colliding-keys", message, "Remove one of them.", (*path, key)))
        elif known and key not in known and (near := _misspelt(key, absent)):
            message = f"`{'.'.join(map(str, (*path, key)))}` means nothing to the catalog"
            found.append(Suspicion("misspelt-field", message, f"Did you mean `{near}`?", (*path, key)))
    return tuple(found)


def _known_keys(kind: str, path: Path) -> tuple[str, ...]:
    if path == ("metadata",):
        return tuple(kinds.METADATA["properties"])
    return (*kinds.SPECS[kind]["properties"], *kinds.UNTYPED_FIELDS.get(kind, ())) if kind else ()


def _misspelt(key: str, options: list[str]) -> str:
    """Nearer than for a hint beside an error: an unknown key is allowed, so a false alarm would be noise."""
    near = nearest(key, options)
    return near if near and difflib.SequenceMatcher(None, key.lower(), near.lower()).ratio() >= 0.85 else ""
