"""`/teams`: the teams as a tree, or as a list when filtered; who is in no team; teams whose parent is not there."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from catalog.teams import TOPOLOGIES, find_teams
from web.names import count_words
from web.ownership.teams import (
    Branch,
    Line,
    Person,
    count_topologies,
    find_line,
    grow_tree,
    list_people,
    match_teams,
    sort_teams,
)
from web.render import Crumb, Page, catalog_of, render
from web.urls import read_number, with_query

_ROOTS, _LINES, _LOOSE = 60, 100, 24
_ALL_OPEN = 40
"""Where there are no more teams than these, all branches are open; else those of the roots."""


@dataclass(frozen=True, slots=True)
class Topology:
    """A type after Team Topologies, how many teams are of it, and whether only these are wanted."""

    name: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsPage(Page):
    """The tree, its branches open to the depth `unfolded`, or the `lines` of the teams that a filter leaves."""

    topology: str
    topologies: list[Topology]
    filtered: bool
    total: int
    people: int
    roots: list[Branch]
    orphans: list[Branch]
    lines: list[Line]
    loose: list[Person]
    loose_total: int
    empty_teams: int
    unfolded: int
    first: int
    last: int
    count: int
    previous: str
    next: str


def show_teams(request: Request) -> Response:
    """The tree, or the list."""
    view, params = catalog_of(request).view, request.query_params
    teams = find_teams(view)
    query, topology = params.get("q", "").strip(), params.get("topology", "").strip().lower()
    offset, filtered = read_number(params.get("offset", "")), bool(query or topology)
    found = match_teams(teams, query, topology) if filtered else sort_teams(teams, teams.roots)
    size = _LINES if filtered else _ROOTS
    part = found[offset : offset + size]
    asked = {"q": query, "topology": topology}
    lone = [] if filtered or offset else sort_teams(teams, teams.orphans)[:_ROOTS]
    loose = list_people(view, teams.loose, _LOOSE) if not filtered else []
    counts = dict(count_topologies(teams))
    page = TeamsPage(
        title="Teams",
        section="teams",
        summary=f"{count_words(len(teams.groups), 'team')} with {count_words(len(teams.users), 'person', 'people')}, "
        "what they own, and who is above whom.",
        crumbs=[Crumb("Teams")],
        twin=with_query("/api/teams", asked, offset=str(offset or "")),
        query=query,
        topology=topology,
        topologies=[Topology(one, counts.get(one, 0), one == topology) for one in dict.fromkeys([*TOPOLOGIES, *counts])]
        if counts
        else [],
        filtered=filtered,
        total=len(teams.groups),
        people=len(teams.users),
        roots=[] if filtered else grow_tree(teams, part),
        orphans=grow_tree(teams, lone, len(lone)),
        lines=[find_line(teams, node) for node in part] if filtered else [],
        loose=loose,
        loose_total=len(teams.loose),
        empty_teams=teams.empty_count,
        unfolded=len(teams.groups) if len(teams.groups) <= _ALL_OPEN else 1,
        first=offset + 1 if part else 0,
        last=offset + len(part),
        count=len(found),
        previous=with_query("/teams", asked, offset=str(max(0, offset - size) or "")) if offset else "",
        next=with_query("/teams", asked, offset=str(offset + size)) if offset + size < len(found) else "",
    )
    return render(request, "pages/teams.html", page)
