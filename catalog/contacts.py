"""How to reach a team or a person: e-mail, chat, phone, who is on call, as read from its profile, links and annotations."""

from dataclasses import dataclass
from typing import Final, Literal

from catalog.annotations import find_annotation
from catalog.documents import Json

ContactKind = Literal["on-call", "chat", "email", "phone"]
KINDS: Final[dict[ContactKind, tuple[str, ...]]] = {
    "on-call": ("on-call", "oncall", "on call", "pager", "escalation", "incident"),
    "chat": ("chat", "slack", "mattermost", "discord", "teams", "zulip", "rocket.chat"),
    "phone": ("phone", "call us"),
    "email": ("mail", "e-mail", "email"),
}
"""The words in a link's type, icon or title by which it is told what it leads to; the first kind that fits counts."""
SCHEMES: Final[dict[str, ContactKind]] = {"mailto:": "email", "tel:": "phone", "slack:": "chat", "sip:": "phone"}
_CHATS: Final = ("slack.com/", "chat.google.com/", "discord.com/", "discord.gg/", "teams.microsoft.com/")
_PROFILE: Final[dict[str, ContactKind]] = {"email": "email", "phone": "phone", "slack": "chat"}


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach somebody. `address` is what to click on, empty where there is only something to read."""

    kind: ContactKind
    label: str
    address: str = ""


def find_contacts(entity: dict[str, Json]) -> list[Contact]:
    """Every way to reach a Group or User, without what stands there twice: who is on call first."""
    metadata, spec = entity["metadata"], entity.get("spec")
    profile = spec.get("profile") if isinstance(spec, dict) else None
    found = _read_profile(profile) if isinstance(profile, dict) else []
    for link in metadata.get("links") or ():
        kind = contact_kind(link)
        if kind:
            found.append(Contact(kind, str(link.get("title") or link["url"]), str(link["url"])))
    found += _read_annotations(metadata.get("annotations") or {})
    order = list(KINDS)
    return sorted(dict.fromkeys(found), key=lambda one: order.index(one.kind))


def contact_kind(link: dict[str, Json]) -> ContactKind | None:
    """What kind of contact a link of an entity is, None where it is none."""
    url = str(link.get("url") or "").lower()
    for scheme, kind in SCHEMES.items():
        if url.startswith(scheme):
            return kind
    for field in ("type", "icon", "title"):
        text = str(link.get(field) or "").lower()
        for kind, words in KINDS.items() if text else ():
            if text in words or (field != "icon" and any(word in text for word in words if word != "teams")):
                return kind
    return "chat" if any(f"//{host}" in url or f".{host}" in url for host in _CHATS) else None


def _read_profile(profile: dict[str, Json]) -> list[Contact]:
    found = []
    for field, kind in _PROFILE.items():
        text = profile.get(field)
        if isinstance(text, str) and text.strip():
            scheme = {"email": "mailto:", "phone": "tel:"}.get(kind, "")
            found.append(Contact(kind, text.strip(), f"{scheme}{text.strip()}" if scheme else ""))
    return found


def _read_annotations(annotations: dict[str, Json]) -> list[Contact]:
    """What a tool for incidents knows the team as, and chat channels, which many write as an annotation of their own."""
    found = []
    for key, value in annotations.items():
        if not isinstance(value, str) or not value.strip():
            continue
        known = find_annotation(key)
        if known.category == "incidents" and known.lookup and not known.is_secret:
            found.append(Contact("on-call", f"{known.tool} {value.strip()}"))
        elif any(word in key.lower() for word in ("slack", "mattermost", "discord")):
            text = value.strip()
            found.append(Contact("chat", text, text if text.startswith("https://") else ""))
        elif key == "microsoft.com/email":
            found.append(Contact("email", value.strip(), f"mailto:{value.strip()}"))
    return found
