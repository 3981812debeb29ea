"""`/teams/{name}` and `/people/{name}`: one team or person: how to reach them, what they own, whom they depend on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from catalog.catalog import Catalog
from catalog.names import correct_words, find_names
from catalog.quality import Score
from catalog.teams import find_teams
from catalog.view import View
from web.names import Item, count_words, describe, find_near
from web.ownership.parts import owner_json, owner_path
from web.ownership.teams import Profile, find_profile
from web.quality import find_quality
from web.render import Crumb, Page, catalog_of, render, render_error
from web.urls import with_query

_WORDS = {"group": "team", "user": "person"}
_MOST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPage(Page):
    """A team, or a person."""

    ref: str
    profile: Profile
    score: Score
    has_people: bool
    catalog_href: str
    above_hrefs: list[str]


def show_team(request: Request) -> Response:
    """The page of a team, or a 404 that helps."""
    return _show(request, "group", "pages/team.html")


def show_person(request: Request) -> Response:
    """The page of a person, or a 404 that helps."""
    return _show(request, "user", "pages/person.html")


def list_people(request: Request) -> Response:
    """The list of people: the catalog's."""
    return RedirectResponse(with_query("/catalog", {"kind": "user"}), 307)


def _show(request: Request, kind: str, template: str) -> Response:
    catalog = catalog_of(request)
    view, params = catalog.view, request.path_params
    ref = f"{kind}:{params.get('namespace', 'default')}/{params['name']}".lower()
    profile = find_profile(catalog, ref)
    if profile is None:
        return _show_missing(request, view, ref, is_exact="namespace" in params)
    return render(request, template, _make_page(catalog, ref, profile))


def _make_page(catalog: Catalog, ref: str, profile: Profile) -> TeamPage:
    teams, quality = find_teams(catalog.view), find_quality(catalog)
    node = catalog.view.edges.nodes[ref]
    crumbs = [Crumb("Teams", "/teams")]
    if node in teams.groups:
        crumbs += [Crumb(one.label, owner_path(one.ref)) for one in profile.above]
    else:
        crumbs += [Crumb(one.item.label, one.href) for one in profile.teams[:1]]
    return TeamPage(
        title=profile.item.label,
        section="teams",
        summary=profile.description or f"What {profile.item.label} owns, and how to reach them.",
        crumbs=[*crumbs, Crumb(profile.item.label)],
        twin=owner_json(ref),
        ref=ref,
        profile=profile,
        score=quality.score(quality.of_team(node)),
        has_people=bool(teams.users),
        catalog_href=with_query("/catalog", {"owner": ref}),
        above_hrefs=[owner_path(one.ref) for one in profile.above],
    )


def _show_missing(request: Request, view: View, ref: str, *, is_exact: bool) -> Response:
    """One of the same name in another namespace is gone to; else the page says who was meant."""
    kind, _, rest = ref.partition(":")
    name = rest.rpartition("/")[2]
    near = _near(view, name)
    same = [one for one in near if one.ref.startswith(f"{kind}:") and one.name.lower() == name]
    if len(same) == 1 and not is_exact:
        return RedirectResponse(owner_path(same[0].ref), 307)
    word = _WORDS[kind]
    hint = "Names change; the catalog knows only those of today."
    node = view.edges.nodes.get(ref)
    named = find_teams(view).owned(node) if node is not None else ()
    if named:
        many = count_words(len(named), "entity names", "entities name")
        hint = f"{many} `{ref}` as owner all the same; the quality page lists what has an owner that is gone."
    return render_error(
        request, 404, title=f"No such {word}", message=f"`{ref}` is not in the catalog.", hint=hint, near=near
    )


def _near(view: View, name: str) -> Sequence[Item]:
    """Teams and people first: by the whole name, by its words with typos mended; then whatever else has such a name."""
    teams, corrected = find_teams(view), correct_words(view, name)
    words = re.findall(r"[^\W_]+", name)
    tried = [name, *(" ".join(corrected.get(word, [word])[0] for word in words), *sorted(words, key=len, reverse=True))]
    tried += [one for near in corrected.values() for one in near]
    refs = [ref for text in tried for ref in find_names(view, text, teams.groups | teams.users).refs[:_MOST]]
    found = [describe(view, ref) for ref in dict.fromkeys(refs)]
    return [*found, *(one for one in find_near(view, name) if one not in found)][:_MOST]
