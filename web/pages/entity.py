"""`/catalog/{namespace}/{kind}/{name}`: one entity, in the order in which somebody woken at night asks."""

from dataclasses import dataclass
from typing import cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.documents import Json
from catalog.graph import Direction
from catalog.problems import Problem
from catalog.view import View
from web.dependencies import DEPTHS, Dependencies, find_dependencies
from web.names import PLURALS, Item, describe, find_near, owner_of, spell_kind
from web.render import Crumb, Page, catalog_of, render, render_error
from web.urls import entity_json, safe_href, with_query
from web.yaml import format_yaml

HEADINGS = {
    "partOf": "Part of",
    "hasPart": "Parts",
    "dependsOn": "Depends on",
    "dependencyOf": "Needed by",
    "providesApi": "Provides APIs",
    "consumesApi": "Consumes APIs",
    "apiProvidedBy": "Provided by",
    "apiConsumedBy": "Consumed by",
    "ownerOf": "Owns",
    "memberOf": "Member of",
    "hasMember": "Members",
    "childOf": "Parent team",
    "parentOf": "Child teams",
}
"""The relations shown as lists, in this order. The owner stands at the top of the page."""
MORE = {"ownerOf": "owner", "hasPart": "system"}
"""Which filter of the table gives the whole of a relation."""
LINK_ORDER = (("runbook", "playbook"), ("dashboard", "grafana"), ("log", "trace"))
"""Words in a link's type or title by urgency; links without any come last, in their own order."""
ANNOTATION_LINKS = {
    "github.com/project-slug": "https://github.com/{}",
    "gitlab.com/project-slug": "https://gitlab.com/{}",
    "github.com/user-login": "https://github.com/{}",
}
_LOCATION = "backstage.io/managed-by-location"
_ORIGIN = "backstage.io/managed-by-origin-location"
_MAX_ITEMS, _MAX_RAW, _MAX_ROWS = 24, 6_000, 60


@dataclass(frozen=True, slots=True)
class Link:
    """An outward link; `href` is empty where the address is not one to click on."""

    label: str
    href: str
    type: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Who owns it and how to reach them; `fallback` is the parent team."""

    item: Item
    email: str
    links: list[Link]
    fallback: Item | None


@dataclass(frozen=True, slots=True)
class Relations:
    """The targets of one relation type; `more` leads to all of them where only some are shown."""

    heading: str
    items: list[tuple[Item, Item | None]]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value, perhaps with a link."""

    name: str
    value: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """The entity as text, cut where it is very long."""

    text: str
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityPage(Page):
    """Everything known about one entity."""

    item: Item
    ref: str
    lifecycle: str
    parents: list[Item]
    tags: list[str]
    contacts: list[Contact]
    links: list[Link]
    relations: list[Relations]
    dependencies: Dependencies
    annotations: list[Fact]
    labels: list[Fact]
    problems: list[Problem]
    places: list[Fact]
    raw_yaml: Raw
    raw_json: Raw


def show_entity(request: Request) -> Response:
    """The page of one entity, or a 404 that helps."""
    catalog = catalog_of(request)
    view = catalog.view
    kind, namespace, name = (request.path_params[part] for part in ("kind", "namespace", "name"))
    ref = f"{kind}:{namespace}/{name}".lower()
    entity = view.entity(ref)
    if entity is None:
        return _show_missing(request, view, ref, name)
    item, metadata, spec = describe(view, ref, entity), entity["metadata"], entity.get("spec") or {}
    lifecycle = spec.get("lifecycle")
    page = EntityPage(
        title=item.label,
        section="catalog",
        twin=entity_json(ref),
        crumbs=[
            Crumb("Catalog", "/catalog"),
            Crumb(PLURALS.get(item.kind, item.kind), with_query("/catalog", {"kind": item.kind.lower()})),
            Crumb(item.label),
        ],
        item=item,
        ref=ref,
        lifecycle=lifecycle if isinstance(lifecycle, str) else "",
        parents=[describe(view, target) for target in _targets(entity, "partOf")],
        tags=list(metadata.get("tags") or ()),
        contacts=_contacts(view, ref, entity),
        links=_links(entity),
        relations=_relations(view, ref, entity),
        dependencies=find_dependencies(catalog, ref, *_asked(request)),
        annotations=_annotations(metadata.get("annotations") or {}),
        labels=[Fact(key, value) for key, value in list((metadata.get("labels") or {}).items())[:_MAX_ROWS]],
        problems=catalog.problems_of(ref),
        places=_places(metadata),
        raw_yaml=_cut(format_yaml(entity, _MAX_RAW)),
        raw_json=_cut(orjson.dumps(entity, option=orjson.OPT_INDENT_2).decode()),
    )
    return render(request, "pages/entity.html", page)


def _show_missing(request: Request, view: View, ref: str, name: str) -> Response:
    kind = spell_kind(ref.partition(":")[0])
    node = view.edges.nodes.get(ref)
    named_by = [target for _, target in view.edges.of(node)] if node is not None else []
    message = f"There is no {kind} `{name}` in the catalog."
    hint = ""
    if named_by:
        labels = ", ".join(dict.fromkeys(describe(view, one).label for one in named_by[:5]))
        hint = f"Others refer to it: {labels}. Either the reference is misspelt, or its own file has not been read."
    return render_error(request, 404, title=f"No such {kind}", message=message, hint=hint, near=find_near(view, name))


def _asked(request: Request) -> tuple[int | None, Direction]:
    given, direction = request.query_params.get("depth", ""), request.query_params.get("direction", "")
    depth = int(given) if given in map(str, range(1, max(DEPTHS) + 1)) else None
    return depth, cast(Direction, direction) if direction in ("out", "in") else "both"


def _targets(entity: dict[str, Json], kind: str) -> list[str]:
    return [relation["targetRef"] for relation in entity.get("relations", ()) if relation["type"] == kind]


def _contacts(view: View, ref: str, entity: dict[str, Json]) -> list[Contact]:
    """The owners; for a team or a person, they themselves."""
    if entity["kind"] in ("Group", "User"):
        return [_contact(view, ref)]
    return [_contact(view, owner) for owner in _targets(entity, "ownedBy")]


def _contact(view: View, ref: str) -> Contact:
    entity = view.entity(ref)
    item = describe(view, ref, entity)
    if entity is None:
        return Contact(item, "", [], None)
    profile = (entity.get("spec") or {}).get("profile")
    email = profile.get("email", "") if isinstance(profile, dict) else ""
    above = [*_targets(entity, "childOf"), *_targets(entity, "memberOf")]
    return Contact(item, str(email), _links(entity), describe(view, above[0]) if above else None)


def _links(entity: dict[str, Json]) -> list[Link]:
    """Runbooks first, then dashboards, then logs."""
    found = [
        Link(link.get("title") or link["url"], safe_href(link["url"]), link.get("type") or "")
        for link in (entity["metadata"].get("links") or ())[:_MAX_ROWS]
    ]
    return sorted(found, key=_rank)


def _rank(link: Link) -> int:
    text = f"{link.type} {link.label}".lower()
    ranks = [rank for rank, words in enumerate(LINK_ORDER) if any(word in text for word in words)]
    return ranks[0] if ranks else len(LINK_ORDER)


def _relations(view: View, ref: str, entity: dict[str, Json]) -> list[Relations]:
    found = []
    for kind, heading in HEADINGS.items():
        targets = _targets(entity, kind)
        if not targets:
            continue
        items = [(describe(view, target), owner_of(view, target)) for target in targets[:_MAX_ITEMS]]
        items.sort(key=lambda pair: (pair[0].kind, pair[0].label.lower()))
        more = with_query("/catalog", {MORE[kind]: ref}) if kind in MORE else entity_json(ref)
        found.append(Relations(heading, items, len(targets), more if len(targets) > _MAX_ITEMS else ""))
    return found


def _annotations(annotations: dict[str, Json]) -> list[Fact]:
    """All but the two that `_places` shows."""
    shown = [(key, value) for key, value in annotations.items() if key not in (_LOCATION, _ORIGIN)]
    return [Fact(key, str(value), _annotation_href(key, str(value))) for key, value in shown][:_MAX_ROWS]


def _annotation_href(key: str, value: str) -> str:
    if key in ANNOTATION_LINKS:
        return safe_href(ANNOTATION_LINKS[key].format(value))
    address = value.removeprefix("url:")
    return safe_href(address) if address.startswith(("https://", "http://")) else ""


def _places(metadata: dict[str, Json]) -> list[Fact]:
    """The file that declares the entity, and the location that led to it where that is another one."""
    annotations = metadata.get("annotations") or {}
    place, origin = annotations.get(_LOCATION, ""), annotations.get(_ORIGIN, "")
    facts = [Fact("Read from", place, _annotation_href("", place))] if place else []
    if origin and origin != place:
        facts.append(Fact("Named by", origin, _annotation_href("", origin)))
    return facts


def _cut(text: str) -> Raw:
    return Raw(text[:_MAX_RAW], len(text) > _MAX_RAW)
