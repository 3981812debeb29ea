"""How entities are named to people: label, kind, what it is in a few words, how many; and names near to a wrong one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from catalog.documents import Json
from catalog.names import begin_with, correct_words, find_names, split_words
from catalog.view import View
from web.urls import entity_path, split_ref

KINDS = ("Component", "API", "Resource", "System", "Domain", "Group", "User", "Template", "Location")
PLURALS = {
    "Component": "Components",
    "API": "APIs",
    "Resource": "Resources",
    "System": "Systems",
    "Domain": "Domains",
    "Group": "Groups",
    "User": "Users",
    "Template": "Templates",
    "Location": "Locations",
}
_SPELLINGS = {kind.lower(): kind for kind in KINDS}
_BETWEEN = re.compile(r"[\W_]+")
_NEAR_CANDIDATES = 2_000
_OWNED_BY = frozenset({"ownedBy"})


@dataclass(frozen=True, slots=True)
class Item:
    """One entity in a list. `note` says what it is in a few words; `exists` is False for a ref that nothing defines."""

    ref: str
    label: str
    name: str
    kind: str
    href: str
    exists: bool = True
    note: str = ""
    description: str = ""

    @property
    def alias(self) -> str:
        """The name, where the label does not say it already: `Payment API` says `payment-api`."""
        return "" if _squeeze(self.label) == _squeeze(self.name) else self.name


def _squeeze(text: str) -> str:
    return _BETWEEN.sub("", text).lower()


def label_of(entity: dict[str, Json]) -> str:
    """What people call an entity: its title, a person's or team's display name, or its name."""
    metadata = entity["metadata"]
    profile = (entity.get("spec") or {}).get("profile")
    shown = profile.get("displayName") if isinstance(profile, dict) else None
    return str(metadata.get("title") or shown or metadata["name"])


def spell_kind(kind: str) -> str:
    """A kind in its usual spelling."""
    return _SPELLINGS.get(kind.lower(), kind)


def spell_number(number: int) -> str:
    """A number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def count_words(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{spell_number(number)} {one if number == 1 else many or one + 's'}"


def shorten_ref(ref: str, kinds: tuple[str, ...] = ()) -> str:
    """A ref as somebody would type it: without the namespace `default`, and without a kind that goes without saying."""
    kind, _, rest = ref.partition(":")
    return rest.removeprefix("default/") if kind in kinds or not kinds else f"{kind}:{rest.removeprefix('default/')}"


def describe(view: View, ref: str, entity: dict[str, Json] | None = None) -> Item:
    """The entity behind a ref, or what can be told about one that nothing defines."""
    found = entity or view.entity(ref)
    kind, namespace, name = split_ref(ref)
    if found is None:
        shown = name if namespace == "default" else f"{namespace}/{name}"
        return Item(ref, shown, name, spell_kind(kind), entity_path(ref), exists=False)
    spec = found.get("spec") or {}
    note = spec.get("type") if isinstance(spec.get("type"), str) else ""
    text = found["metadata"].get("description") or ""
    return Item(ref, label_of(found), name, found["kind"], entity_path(ref), note=note or "", description=text)


def owner_of(view: View, ref: str) -> Item | None:
    """The first owner of an entity."""
    node = view.edges.nodes.get(ref)
    owners = {target for _, target in view.edges.targets(node, _OWNED_BY)} if node is not None else ()
    return describe(view, min(view.edges.refs[owner] for owner in owners)) if owners else None


def find_near(view: View, name: str, limit: int = 6) -> list[Item]:
    """Entities with a name near to one that nothing has: the same name first, then parts of it, then typos in it or its words."""
    name = name.lower()
    column = view.column("metadata.name")
    refs = [view.edges.refs[node] for node in column.equal(name)]
    if len(name) > 2:
        refs += [view.edges.refs[node] for node in column.some_containing(name, limit)]
    if len(refs) < limit:
        refs += _find_typos(_names(view.edges.refs[node] for node in begin_with(view, name[:2])), name)
    if not refs and (near := correct_words(view, name)):
        refs = find_names(view, " ".join(near.get(word, [word])[0] for word in split_words(name))).refs
    known = dict.fromkeys(one for one in refs if view.get(one))
    return [describe(view, one) for one in list(known)[:limit]]


def _names(refs: Iterable[str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for ref, _ in zip(refs, range(_NEAR_CANDIDATES), strict=False):
        names.setdefault(split_ref(ref)[2], []).append(ref)
    return names


def _find_typos(names: dict[str, list[str]], name: str) -> list[str]:
    return [ref for close in get_close_matches(name, names, n=4, cutoff=0.65) for ref in names[close]]
