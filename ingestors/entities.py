"""Sources that make entities themselves, such as teams and users: each entity is a document of its own, and no files."""

import json
import re
from typing import NoReturn

from catalog import scm
from catalog.documents import Cache, Document, Json, Location, Usage
from catalog.errors import ReadError

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class EntitySource:
    """What such sources have in common: nothing in them leads to another file."""

    def __init__(self, name: str, cache: Cache, usage: Usage) -> None:
        self.name, self.cache, self.usage = name, cache, usage

    def read(self, target: str, base: Location, kind: str) -> NoReturn:
        """Refuses: there are no files here."""
        raise ReadError(f"Reading from '{target}' is not allowed. {self.name} gives no files", forbidden=True)

    def fetch(self, target: str, base: Location) -> NoReturn:
        """Refuses: there are no files here."""
        raise ReadError(f"Reading from '{target}' is not allowed. {self.name} gives no files", forbidden=True)


def describe(entity: Json, url: str, hosts: scm.Hosts) -> Document:
    """An entity as the document at its page on the host, which both managed-by annotations name."""
    text = json.dumps(entity, ensure_ascii=False, indent=2)
    # JSON may hold these as they are. YAML, as which catalog files are read, must not, or takes them for line breaks.
    text = _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return Document(Location("url", url), text.encode(errors="replace"), scm.annotations_of(url, hosts))


def drop_empty(values: dict[str, Json]) -> dict[str, Json]:
    """The fields that say something: hosts give null or an empty text for what was never filled in."""
    return {name: value for name, value in values.items() if value}
