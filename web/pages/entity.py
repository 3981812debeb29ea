"""`/catalog/{namespace}/{kind}/{name}`: one entity, in the order in which somebody woken at night asks."""

from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.graph import Direction
from catalog.problems import Problem
from catalog.store import Change
from catalog.view import View
from web.definitions import Definition, open_definition, text_of
from web.dependencies import DEPTHS, Dependencies, find_dependencies
from web.entity.owners import Owners, find_owners, targets_of
from web.entity.places import LOCATION, Places, find_places
from web.entity.relations import DEPENDENCIES, INTERFACES, OTHERS, Relation, list_relations
from web.entity.tier import find_tier
from web.entity.tools import Tools, find_tools, hide_secrets
from web.links import Link, read_links
from web.names import PLURALS, Item, describe, find_near, spell_kind
from web.ownership.parts import owner_path
from web.render import Crumb, Page, catalog_of, render, render_error, strip_markdown
from web.urls import entity_json, read_number, safe_href, split_ref, with_query
from web.yaml import format_yaml

_MAX_RAW, _MAX_ROWS, _MAX_CHANGES, _MAX_PROBLEMS = 6_000, 60, 8, 30


@dataclass(frozen=True, slots=True)
class Raw:
    """The entity as text, cut where it is very long."""

    text: str
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityPage(Page):
    """Everything known about one entity; of a Location `targets`, each with where it leads, for it is nothing else."""

    item: Item
    ref: str
    path: str
    lifecycle: str
    tier: str
    wholes: list[Item]
    targets: list[tuple[str, str]]
    tags: list[str]
    team_page: str
    owners: Owners
    links: list[Link]
    tools: Tools
    dependencies: Dependencies
    direct: list[Relation]
    interfaces: list[Relation]
    relations: list[Relation]
    definition: Definition | None
    definition_text: str
    places: Places
    source: str
    changes: list[Change]
    labels: list[tuple[str, str]]
    problems: list[Problem]
    claims: list[Problem]
    raw_yaml: Raw
    raw_json: Raw


def show_entity(request: Request) -> Response:
    """The page of one entity, or a 404 that helps."""
    catalog = catalog_of(request)
    kind, namespace, name = (request.path_params[part] for part in ("kind", "namespace", "name"))
    ref = f"{kind}:{namespace}/{name}".lower()
    entity = catalog.view.entity(ref)
    if entity is None:
        return _show_missing(request, catalog.view, ref, name)
    return render(request, "pages/entity.html", _make_page(request, catalog, ref, entity))


def _make_page(request: Request, catalog: Catalog, ref: str, entity: dict[str, Json]) -> EntityPage:
    view, metadata = catalog.view, entity["metadata"]
    item, spec = describe(view, ref, entity), entity.get("spec") or {}
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    found = catalog.problems_of(ref)
    file = str(annotations.get(LOCATION) or "").partition(":")[2]
    shown = hide_secrets(entity)
    return EntityPage(
        title=item.label,
        summary=strip_markdown(item.description[:400])[:200] or f"{item.kind} {ref} in the software catalog.",
        section="catalog",
        twin=entity_json(ref),
        crumbs=[
            Crumb("Catalog", "/catalog"),
            Crumb(PLURALS.get(item.kind, item.kind), with_query("/catalog", {"kind": item.kind.lower()})),
            Crumb(item.label),
        ],
        item=item,
        ref=ref,
        path=item.href,
        lifecycle=_text(spec.get("lifecycle")),
        tier=find_tier(metadata),
        wholes=_find_wholes(view, entity),
        targets=_list_targets(spec) if item.kind == "Location" else [],
        tags=list(metadata.get("tags") or ())[:_MAX_ROWS],
        team_page=owner_path(ref) if item.kind in ("Group", "User") else "",
        owners=find_owners(view, ref, entity),
        links=read_links(entity)[:_MAX_ROWS],
        tools=find_tools(annotations),
        dependencies=find_dependencies(catalog, ref, *_asked(request)),
        direct=list_relations(view, ref, entity, DEPENDENCIES),
        interfaces=list_relations(view, ref, entity, INTERFACES),
        relations=list_relations(view, ref, entity, OTHERS),
        definition=_open(request, entity, spec),
        definition_text="/api/definitions/" + "/".join(quote(part, safe="") for part in split_ref(ref)),
        places=find_places(annotations, request.app.state.hosts),
        source=catalog.source_of(ref),
        changes=catalog.changes_of(ref, _MAX_CHANGES),
        labels=[(key, _text(value)) for key, value in list(labels.items())[:_MAX_ROWS]],
        problems=[one for one in found if one.error or one.origin.file == file][:_MAX_PROBLEMS],
        claims=[one for one in found if not one.error and one.origin.file != file][:_MAX_PROBLEMS],
        raw_yaml=_cut(format_yaml(shown, _MAX_RAW)),
        raw_json=_cut(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()),
    )


def _show_missing(request: Request, view: View, ref: str, name: str) -> Response:
    kind = spell_kind(ref.partition(":")[0])
    node = view.edges.nodes.get(ref)
    named_by = [target for _, target in view.edges.of(node)] if node is not None else []
    message = f"There is no {kind} `{name}` in the catalog."
    hint = ""
    if named_by:
        labels = ", ".join(dict.fromkeys(describe(view, one).label for one in named_by[:5]))
        hint = f"Others refer to it: {labels}. Either the reference is misspelt, or its own file has not been read."
    near = sorted(find_near(view, name), key=lambda one: one.kind != kind)
    return render_error(request, 404, title=f"No such {kind}", message=message, hint=hint, near=near, query=name[:100])


def _list_targets(spec: dict[str, Json]) -> list[tuple[str, str]]:
    found = [spec.get("target"), *(spec.get("targets") or ())]
    return [(one, safe_href(one) if "://" in one else "") for one in found if isinstance(one, str)][:_MAX_ROWS]


def _asked(request: Request) -> tuple[int | None, Direction]:
    given, direction = request.query_params.get("depth", ""), request.query_params.get("direction", "")
    depth = int(given) if given in map(str, range(1, max(DEPTHS) + 1)) else None
    return depth, cast(Direction, direction) if direction in ("out", "in") else "both"


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _find_wholes(view: View, entity: dict[str, Json]) -> list[Item]:
    """What it is part of, and what that is part of in turn: the system, then the domain."""
    wholes = dict.fromkeys(targets_of(entity, "partOf")[:3])
    for ref in list(wholes):
        above = view.entity(ref)
        wholes |= dict.fromkeys(targets_of(above, "partOf")[:2] if above else ())
    return [describe(view, ref) for ref in wholes]


def _open(request: Request, entity: dict[str, Json], spec: dict[str, Json]) -> Definition | None:
    text = text_of(entity)
    if not text and entity["kind"] != "API":
        return None
    start, find = read_number(request.query_params.get("from", "")), request.query_params.get("find", "")[:200]
    return open_definition(text, _text(spec.get("type")), start, find.strip())


def _cut(text: str) -> Raw:
    return Raw(text[:_MAX_RAW], len(text) > _MAX_RAW)
