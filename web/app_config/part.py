"""A part of an app-config file that is read key by key: what nobody took is known at the end, with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from web.settings import parse_duration

Path = tuple[str | int, ...]
NO_COUNTERPART = "has no counterpart here"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(slots=True)
class Notes:
    """What could not be taken over as it stands: where, and why."""

    found: list[tuple[Path, str]] = field(default_factory=list)

    def add(self, path: Path, why: str) -> None:
        """Note something."""
        self.found.append((path, why))


class Part:
    """Keys and values at a path of the file."""

    def __init__(self, data: dict[str, Any], path: Path, notes: Notes) -> None:
        self.data, self.path, self.notes = dict(data), path, notes

    def take(self, key: str, default: Any = None) -> Any:
        """The value of a key, which counts as taken over."""
        value = self.data.pop(key, default)
        if isinstance(value, dict) and set(value) == {"$env"}:
            return f"${{{value['$env']}}}"
        if isinstance(value, dict) and set(value) == {"$file"}:
            return {"file": value["$file"]}
        return default if value is None else value

    def text(self, key: str) -> str:
        """A text, empty where there is none. References are filled in for secrets and for who has them only."""
        value = self.take(key, "")
        if isinstance(value, str) and _REFERENCE.search(value):
            self.note(key, "names an environment variable, which is not filled in here; write the value")
        return value if isinstance(value, str) else str(value)

    def filled(self, key: str) -> str:
        """A text in which references to the environment are filled in here, too."""
        return str(self.take(key, ""))

    def texts(self, key: str) -> list[str]:
        """A list of texts; one text alone is a list of one."""
        value = self.take(key, [])
        return [str(one) for one in (value if isinstance(value, list) else [value])]

    def secret(self, key: str) -> Any:
        """A reference to a secret, None where there is none. One that is written out is not copied."""
        value = self.take(key)
        if value is None or (isinstance(value, dict) and set(value) == {"file"}):
            return value
        if isinstance(value, str) and _REFERENCE.fullmatch(value):
            return value
        is_elsewhere = isinstance(value, dict)
        steps = [str(step) for step in (*self.path, key) if isinstance(step, str)]
        name = re.sub(r"[^A-Z0-9]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", "_".join(steps[-3:])).upper()).strip("_")
        why = "is in another file" if is_elsewhere else "is written out in the file"
        self.note(key, f"{why}, and was not copied; set the environment variable `{name}` to it")
        return f"${{{name}}}"

    def duration(self, key: str) -> Any:
        """A duration as it is written, None where there is none that means one."""
        value = self.take(key)
        try:
            if value is not None:
                parse_duration(value)
        except ValueError:
            self.note(key, "is not a duration that is known here")
            return None
        return value

    def part(self, key: str) -> "Part":
        """The keys and values below a key, none where it has none."""
        value = self.data.pop(key, None)
        if value is not None and not isinstance(value, dict):
            self.note(key, "must be keys and values")
        return Part(value if isinstance(value, dict) else {}, (*self.path, key), self.notes)

    def parts(self, key: str) -> Iterator["Part"]:
        """The items of a list of keys and values; an item alone is a list of one."""
        value = self.data.pop(key, None)
        if value is not None and not isinstance(value, dict | list):
            self.note(key, "must be a list of keys and values")
        if isinstance(value, dict):
            yield Part(value, (*self.path, key), self.notes)
        for number, one in enumerate(value if isinstance(value, list) else ()):
            if isinstance(one, dict):
                yield Part(one, (*self.path, key, number), self.notes)
            else:
                self.notes.add((*self.path, key, number), NO_COUNTERPART)

    def note(self, key: str, why: str) -> None:
        """Note something about a key."""
        self.notes.add((*self.path, key), why)

    def finish(self) -> None:
        """Note every key that nobody took."""
        for key in self.data:
            self.note(key, NO_COUNTERPART)


def keep_filled(values: dict[str, Any]) -> dict[str, Any]:
    """The values that say something."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}
