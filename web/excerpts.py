"""Where in an entity a search found its words: title and text with marks, and values that neither of them shows."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from catalog.annotations import find_annotation
from catalog.documents import Json
from catalog.finding import MARKS

_WORD: Final = re.compile(r"[^\W_]+")
_WIDTH: Final = 240
_MOST: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A value in which a search found its words, and what it is: the key of an annotation, `tag`, `link`."""

    label: str
    value: str


class Marker:
    """Puts the search's marks around the words of a question."""

    def __init__(self, words: Iterable[str]) -> None:
        found = {word for text in words for word in _WORD.findall(text.lower())}
        longest = sorted(found, key=lambda word: (-len(word), word))
        self._pattern = re.compile("|".join(map(re.escape, longest)) or r"(?!)", re.IGNORECASE)

    def mark(self, text: str) -> str:
        """The text with marks."""
        return self._pattern.sub(lambda hit: f"{MARKS[0]}{hit[0]}{MARKS[1]}", text)

    def cut(self, text: str, width: int = _WIDTH) -> str:
        """The part of a long text around the first word found, with marks."""
        hit, before = self._pattern.search(text), width // 4
        start = max(0, hit.start() - before) if hit and hit.end() > width - before else 0
        start = text.find(" ", start) + 1 if start else 0
        part = text[start : start + width]
        part = part.rpartition(" ")[0] if start + width < len(text) and " " in part else part
        return f"{'… ' if start else ''}{self.mark(part)}{' …' if start + len(part) < len(text) else ''}"

    def words_in(self, text: str) -> set[str]:
        """The words of the question that stand in a text."""
        return {hit.lower() for hit in self._pattern.findall(text)}

    def find_more(self, entity: dict[str, Json], shown: Iterable[str]) -> list[Found]:
        """Values with words that what is `shown` has not."""
        known = set[str]().union(*map(self.words_in, shown))
        found: list[Found] = []
        for label, value in list_values(entity):
            if len(found) < _MOST and (new := self.words_in(value) - known):
                known |= new
                found.append(Found(label, self.cut(value)))
        return found


def list_values(entity: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """The texts of an entity that search knows and a list does not show; no secrets."""
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    profile = spec.get("profile")
    pairs: list[tuple[str, Json]] = [("tag", tag) for tag in metadata.get("tags") or ()]
    if isinstance(profile, dict):
        pairs += [
            ("e-mail" if name == "email" else name, value) for name, value in profile.items() if name != "picture"
        ]
    for link in metadata.get("links") or ():
        pairs += [("link", link.get("title")), ("link", link.get("url"))]
    annotations = metadata.get("annotations") or {}
    pairs += [(key, value) for key, value in annotations.items() if not find_annotation(key).is_secret]
    pairs += (metadata.get("labels") or {}).items()
    pairs += [(name, spec.get(name)) for name in ("system", "type", "lifecycle")]
    yield from ((label, value) for label, value in pairs if isinstance(value, str))
