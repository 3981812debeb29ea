"""The teams and members of GitHub organisations as Group and User entities (reference section 11.2)."""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final, Literal

from pydantic import Field, StrictBool

from catalog import scm
from catalog.documents import Cache, Document, Json, Source, Usage
from ingestors.entities import EntitySource, describe, drop_empty
from ingestors.fetch import Api
from ingestors.graphql import read_nodes
from ingestors.hooks import check_signature, header, read_payload
from ingestors.outside import Outside
from ingestors.sections import Hosted
from ingestors.shapes import expected_of

Organisation = tuple[str, Api]
"""An organisation's login, and the API with a token that may read it."""

_EVENTS: Final = {
    "installation": ("created",),
    "organization": ("member_added", "member_removed"),
    "team": ("created", "deleted", "edited"),
    "membership": ("added", "removed"),
}
_USERS: Final = """query ($org: String!, $size: Int!, $cursor: String) { organization(login: $org) {
  membersWithRole(first: $size, after: $cursor) { totalCount pageInfo { hasNextPage endCursor }
    nodes { login id name bio avatarUrl %s } } } }"""
_TEAMS: Final = """query ($org: String!, $size: Int!, $members: Int!, $cursor: String) { organization(login: $org) {
  teams(first: $size, after: $cursor) { totalCount pageInfo { hasNextPage endCursor }
    nodes { slug combinedSlug name description avatarUrl editTeamUrl parentTeam { slug }
      members(first: $members, membership: IMMEDIATE) { totalCount pageInfo { hasNextPage } nodes { login } } } } } }"""
_MEMBERS: Final = """query ($org: String!, $team: String!, $size: Int!, $cursor: String) { organization(login: $org) {
  team(slug: $team) { members(first: $size, after: $cursor, membership: IMMEDIATE) {
    totalCount pageInfo { hasNextPage endCursor } nodes { login } } } } }"""


class GitHubOrganisation(Hosted):
    """Teams and members of GitHub organisations, as Groups and Users."""

    type: Literal["github_org"] = Field(description="Teams and members on GitHub.")
    organisations: tuple[str, ...] = Field(description="Organisations to read.", min_length=1)
    host: str = Field(default="github.com", description="The host, if not github.com.")
    namespaced: StrictBool | None = Field(
        default=None,
        description="Groups in a namespace named after their organisation; only with more than one if not given.",
    )
    verified_emails: StrictBool = Field(
        default=False, description="Addresses in the organisation's verified domains first."
    )
    exclude_suspended: StrictBool = Field(default=False, description="No suspended users (GitHub Enterprise Server).")

    @property
    def what(self) -> Sequence[str]:
        """The organisations."""
        return self.organisations

    def open(self, outside: Outside) -> Source:
        """The organisations, each asked with a token that may read it."""
        asked = self.ask(outside)
        return GitHubOrgSource(
            asked.name,
            [(login, asked.api(owner=login)) for login in self.organisations],
            asked.cache,
            asked.usage,
            web_url=asked.host.base,
            hosts=outside.reader.hosts,
            namespaced=len(self.organisations) > 1 if self.namespaced is None else self.namespaced,
            emails=not asked.login.app_id,
            verified_emails=self.verified_emails,
            exclude_suspended=self.exclude_suspended,
            secret=asked.secret,
        )


class GitHubOrgSource(EntitySource):
    """Teams and members of organisations, which are asked for anew at each crawl.

    `web_url` is where the pages are. `namespaced`: groups are in a namespace named after their organisation, which
    Backstage does unless there is one source of this kind with one organisation. `emails` needs a personal token;
    `verified_emails` puts the first of the organisation's verified domains before them.
    """

    def __init__(
        self,
        name: str,
        organisations: Sequence[Organisation],
        cache: Cache,
        usage: Usage,
        *,
        web_url: str = "https://github.com",
        hosts: scm.Hosts | None = None,
        namespaced: bool = False,
        emails: bool = True,
        verified_emails: bool = False,
        exclude_suspended: bool = False,
        team_page: int = 25,
        member_page: int = 50,
        user_page: int = 50,
        secret: str = "",
    ) -> None:
        super().__init__(name, cache, usage)
        self._organisations, self._web, self._secret = tuple(organisations), web_url.rstrip("/"), secret
        self._hosts, self._namespaced = hosts or scm.Hosts(), namespaced
        self._exclude_suspended, self._verified_emails = exclude_suspended, verified_emails
        self._team_page, self._member_page, self._user_page = team_page, member_page, user_page
        fields = {
            "email": emails,
            "suspendedAt": exclude_suspended,  # GitHub Enterprise Server only
            "organizationVerifiedDomainEmails(login: $org)": verified_emails,
        }
        self._users_query = _USERS % " ".join(field for field, wanted in fields.items() if wanted)

    def hook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a webhook in; whether teams or members have changed. Raises `CatalogError` where it is not signed."""
        check_signature(self._secret, body, header(headers, "x-hub-signature-256"))
        return read_payload(body).get("action") in _EVENTS.get(header(headers, "x-github-event"), ())

    def crawl(self) -> Iterator[Document]:
        """The users, then the groups, each sorted by the URLs of their pages."""
        users: dict[str, Json] = {}
        groups: list[Json] = []
        for login, api in self._organisations:
            self._read(login, api, users, groups)
        found = [(f"{self._web}/{user['metadata']['name']}", user) for user in users.values()]
        yield from (describe(entity, url, self._hosts) for url, entity in sorted(found, key=itemgetter(0)))
        pages = [(f"{self._web}/orgs/{_page_of(group)}", group) for group in groups]
        yield from (describe(entity, url, self._hosts) for url, entity in sorted(pages, key=itemgetter(0)))

    @expected_of("GitHub")
    def _read(self, login: str, api: Api, users: dict[str, Json], groups: list[Json]) -> None:
        """Add an organisation's users, its groups, and who is in which."""
        variables = {"org": login, "size": self._user_page}
        members = set()
        for user in read_nodes(
            api, _graphql_of(api), self._users_query, variables, ("organization", "membersWithRole")
        ):
            if not (self._exclude_suspended and user.get("suspendedAt")):
                members.add(user["login"].lower())
                users.setdefault(user["login"].lower(), _build_user(user, verified=self._verified_emails))
        namespace = login.lower() if self._namespaced else ""
        own = [_build_group(team, self._members_of(login, team, api), namespace) for team in self._teams_of(login, api)]
        _link(own, {name: users[name] for name in members})
        groups += own

    def _teams_of(self, login: str, api: Api) -> list[Json]:
        variables = {"org": login, "size": self._team_page, "members": self._member_page}
        return read_nodes(api, _graphql_of(api), _TEAMS, variables, ("organization", "teams"))

    def _members_of(self, login: str, team: Json, api: Api) -> list[str]:
        members = team["members"]
        nodes = members["nodes"]
        if members["pageInfo"]["hasNextPage"] or len(nodes) < (members.get("totalCount") or 0):
            variables = {"org": login, "team": team["slug"], "size": self._member_page}
            at = ("organization", "team", "members")
            nodes = read_nodes(api, _graphql_of(api), _MEMBERS, variables, at)
        return [member["login"] for member in nodes if member]


def _graphql_of(api: Api) -> str:
    """`/graphql`, beside `/v3` on a GitHub Enterprise Server."""
    return f"{api.base.removesuffix('/v3')}/graphql"


def _build_user(user: Json, *, verified: bool) -> Json:
    annotations = {"github.com/user-login": user["login"], "github.com/user-id": user.get("id")}
    email = user.get("email")
    if verified and user.get("organizationVerifiedDomainEmails"):
        address, _, domain = user["organizationVerifiedDomainEmails"][0].partition("@")
        email = f"{address.partition('+')[0]}@{domain}"
    profile = {"displayName": user.get("name"), "email": email, "picture": user.get("avatarUrl")}
    metadata = {"name": user["login"], "annotations": drop_empty(annotations), "description": user.get("bio")}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": drop_empty(metadata),
        "spec": {"profile": drop_empty(profile), "memberOf": []},
    }


def _build_group(team: Json, members: Sequence[str], namespace: str) -> Json:
    annotations = {"github.com/team-slug": team["combinedSlug"], "backstage.io/edit-url": team.get("editTeamUrl")}
    profile = {"displayName": team.get("name"), "picture": team.get("avatarUrl")}
    metadata = {"name": team["slug"], "namespace": namespace, "annotations": drop_empty(annotations)}
    parent = {"parent": team["parentTeam"]["slug"]} if team.get("parentTeam") else {}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": drop_empty(metadata | {"description": team.get("description")}),
        "spec": {"type": "team", "profile": drop_empty(profile), "children": []}
        | parent
        | {"members": [f"default/{login}" for login in members]},
    }


def _link(groups: Sequence[Json], users: Mapping[str, Json]) -> None:
    """Tell each group its children, and each user its groups; `users` are by their logins in lower case."""
    by_name = {group["metadata"]["name"]: group for group in groups}
    for group in groups:
        metadata, spec = group["metadata"], group["spec"]
        parent = by_name.get(spec.get("parent", ""))
        if parent is not None and metadata["name"] not in parent["spec"]["children"]:
            parent["spec"]["children"].append(metadata["name"])
        ref = f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else metadata["name"]
        for member in spec["members"]:
            user = users.get(member.removeprefix("default/").lower())
            if user is not None and ref not in user["spec"]["memberOf"]:
                user["spec"]["memberOf"].append(ref)


def _page_of(group: Json) -> str:
    login, _, slug = group["metadata"]["annotations"]["github.com/team-slug"].partition("/")
    return f"{login}/teams/{slug}"
