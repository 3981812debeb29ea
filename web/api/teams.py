"""Teams and people over the API: the list of teams, one team, one person, as their pages show them."""

import asyncio
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.teams import Teams, find_teams
from web.api.parameters import Parameter, Values, number, path_part, read_query, text
from web.errors import json_response
from web.ownership.parts import owner_path, rank_needs
from web.ownership.teams import Line, Profile, find_line, find_profile, match_teams

TEAMS = (
    Parameter("q", "Only teams with this in a name."),
    Parameter("topology", "Only teams of this type after Team Topologies."),
    Parameter("limit", "At most so many, 500 if not given.", "integer", minimum=0),
    Parameter("offset", "Leave so many out first.", "integer", minimum=0),
)
_DEFAULT_LIMIT = 500
_SHOWN_NEEDS = 6


async def listed(request: Request) -> Response:
    """Every team with its parents, people and how much it owns, by ref."""
    values = read_query(request, TEAMS)
    catalog: Catalog = request.app.state.catalog
    # There may be thousands, and what each owns below it is added up the first time that it is asked for.
    return await asyncio.to_thread(_listed, catalog, values)


def _listed(catalog: Catalog, values: Values) -> Response:
    teams = find_teams(catalog.view)
    limit, offset = number(values, "limit"), number(values, "offset") or 0
    found = match_teams(teams, text(values, "q") or "", (text(values, "topology") or "").lower())
    part = found[offset : offset + (_DEFAULT_LIMIT if limit is None else limit)]
    return json_response({"items": [_team_json(teams, node) for node in part], "totalItems": len(found)})


async def team(request: Request) -> Response:
    """One team: how to reach it, who is in it, what it owns, on which teams it depends and which depend on it."""
    return await _profile(request, "group")


async def person(request: Request) -> Response:
    """One person: how to reach them, their teams, what they own themselves and with these."""
    return await _profile(request, "user")


async def _profile(request: Request, kind: str) -> Response:
    read_query(request, ())
    catalog: Catalog = request.app.state.catalog
    ref = f"{kind}:{path_part(request, 'namespace')}/{path_part(request, 'name')}".lower()
    return await asyncio.to_thread(_answer, catalog, ref)


def _answer(catalog: Catalog, ref: str) -> Response:
    found = find_profile(catalog, ref)
    if found is None:
        raise CatalogError("not_found", f"There is no `{ref}` in the catalog")
    return json_response(_profile_json(find_teams(catalog.view), found))


def _team_json(teams: Teams, node: int) -> dict[str, Json]:
    refs = teams.edges.refs
    return _line_json(find_line(teams, node)) | {"parents": [refs[one] for one in teams.sort(teams.parents(node))]}


def _line_json(line: Line) -> dict[str, Json]:
    return {
        "ref": line.item.ref,
        "title": line.item.label,
        "page": line.href,
        "type": line.type,
        "topology": line.topology,
        "members": line.members,
        "owned": {"directly": line.own, "total": line.whole},
    }


def _profile_json(teams: Teams, one: Profile) -> dict[str, Json]:
    is_team = one.item.kind == "Group"
    return {
        "ref": one.item.ref,
        "title": one.item.label,
        "page": owner_path(one.item.ref),
        "description": one.description,
        "type": one.type,
        "topology": one.topology,
        "contacts": [{"kind": way.kind, "label": way.label, "url": way.href or None} for way in one.ways],
        "links": [asdict(link) for link in one.links],
        "above": [item.ref for item in one.above],
        "teams": [_line_json(line) for line in one.teams],
        "members": [person.item.ref for person in one.members],
        "memberCount": one.member_total,
        "missing": [item.ref for item in one.missing],
        "owned": [{"kind": kind.kind, "directly": kind.own, "total": kind.whole} for kind in one.owned],
        "dependsOn": _needs_json(teams, one.item.ref, incoming=False) if is_team else [],
        "dependencyOf": _needs_json(teams, one.item.ref, incoming=True) if is_team else [],
        "problems": one.problems,
        "deprecated": one.deprecated_total,
        "file": one.place.file,
        "editUrl": one.place.href or None,
    }


def _needs_json(teams: Teams, ref: str, *, incoming: bool) -> list[Json]:
    """The relations to each other team, those with the most first; `relations` are some of `count`."""
    found = rank_needs(teams, teams.edges.nodes[ref], incoming=incoming)
    return [
        {"team": ref or None, "count": len(needs), "relations": list(map(asdict, needs[:_SHOWN_NEEDS]))}
        for ref, needs in found
    ]
