"""How to reach a team or a person, as something to click on."""

from dataclasses import dataclass
from typing import Final

from catalog.contacts import find_contacts
from catalog.documents import Json
from web.urls import safe_href

CONTACT_LABELS: Final = {"on-call": "On call", "chat": "Chat", "email": "E-mail", "phone": "Phone"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach somebody; `href` is empty where the address is not one to click on."""

    kind: str
    heading: str
    label: str
    href: str


def list_ways(entity: dict[str, Json]) -> list[Way]:
    """How to reach a team or person, who is on call first."""
    found = find_contacts(entity)
    return [Way(one.kind, CONTACT_LABELS[one.kind], one.label, safe_href(one.address)) for one in found]
