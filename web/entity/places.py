"""Where an entity was read from, where that is seen and edited, and where its documentation is."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from catalog import scm
from catalog.documents import Json
from catalog.refs import RefError, parse_ref
from catalog.scm.giturl import UrlError
from web.names import Item
from web.urls import entity_path, safe_href, split_ref

LOCATION: Final = "backstage.io/managed-by-location"
ORIGIN: Final = "backstage.io/managed-by-origin-location"
_REFUSED: Final = "https://backstage.io/annotation-rejected-for-security-reasons"
_DOCS: Final = {"backstage.io/techdocs-ref": "TechDocs", "backstage.io/adr-location": "Decision records"}


@dataclass(frozen=True, slots=True)
class Place:
    """A name, what stands there, and where it leads ("" if a browser cannot go there)."""

    name: str
    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Where an entity comes from: `view`, `edit` and `source` are addresses at the host, empty where it has none."""

    file: str
    view: str
    edit: str
    source: str
    origin: str
    template: Item | None
    is_orphan: bool
    documents: list[Place]


def find_places(annotations: Mapping[str, Json], hosts: scm.Hosts) -> Places:
    """The places that the annotations name; those that they lack as they follow from the file's own address."""
    given = {key: value for key, value in annotations.items() if isinstance(value, str)}
    location = given.get(LOCATION, "")
    kind, _, file = location.partition(":")
    known = scm.annotations_of(file, hosts) if kind == "url" else {}
    origin = given.get(ORIGIN, "")
    source = given.get("backstage.io/source-location") or known.get("backstage.io/source-location", "")
    return Places(
        file=file,
        view=_address(given.get("backstage.io/view-url") or known.get("backstage.io/view-url", "")),
        edit=_address(given.get("backstage.io/edit-url") or known.get("backstage.io/edit-url", "")),
        source=_address(source),
        origin=origin.partition(":")[2] if origin != location else "",
        template=_find_template(given.get("backstage.io/source-template", "")),
        is_orphan=given.get("backstage.io/orphan") == "true",
        documents=list(_list_documents(given, source.removeprefix("url:") or file, hosts)),
    )


def _address(text: str) -> str:
    address = text.removeprefix("url:")
    return safe_href(address) if address.startswith(("https://", "http://")) and address != _REFUSED else ""


def _find_template(text: str) -> Item | None:
    try:
        ref = str(parse_ref(text, default_kind="template"))
    except RefError:
        return None
    name = split_ref(ref)[2]
    return Item(ref, name, name, "Template", entity_path(ref))


def _list_documents(given: Mapping[str, str], base: str, hosts: scm.Hosts) -> list[Place]:
    found = []
    for key, name in _DOCS.items():
        if text := given.get(key, "").strip():
            target = text.removeprefix("url:").removeprefix("dir:")
            found.append(Place(name, text, _resolve(target, base, hosts)))
    if text := given.get("backstage.io/techdocs-entity", "").strip():
        with suppress(RefError):
            ref = str(parse_ref(text, default_kind="component"))
            found.append(Place("Documented with", ref, entity_path(ref)))
    return found


def _resolve(target: str, base: str, hosts: scm.Hosts) -> str:
    """Where documentation is, relative to the source it stands beside; "" where a browser cannot go there."""
    if target.startswith(("https://", "http://")):
        return safe_href(target)
    with suppress(UrlError):
        return _address(scm.resolve_url(target, base, hosts))
    return ""
