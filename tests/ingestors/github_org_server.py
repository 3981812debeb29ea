"""A GitHub in a process: the part of its GraphQL API that tells an organisation's members and teams.

Executed against an excerpt of GitHub's published schema (npm `@octokit/graphql-schema`), so that a field it does not
have is an error here too. Webhooks are signed as in GitHub's "Validating webhook deliveries".
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import build_schema, graphql_sync

from tests.ingestors.faulty_server import Asked, FaultyServer, Reply

TOKEN = "ghp_very-secret"
SCHEMA = build_schema("""
scalar URI
scalar DateTime
enum TeamMembershipType { ALL CHILD_TEAM IMMEDIATE }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
type User {
  id: ID! login: String! name: String bio: String email: String! avatarUrl(size: Int): URI! suspendedAt: DateTime
  organizationVerifiedDomainEmails(login: String!): [String!]!
}
type OrganizationMemberConnection { nodes: [User] pageInfo: PageInfo! totalCount: Int! }
type TeamMemberConnection { nodes: [User] pageInfo: PageInfo! totalCount: Int! }
type TeamConnection { nodes: [Team] pageInfo: PageInfo! totalCount: Int! }
type Team {
  id: ID! slug: String! combinedSlug: String! name: String! description: String avatarUrl(size: Int = 400): URI
  editTeamUrl: URI! parentTeam: Team
  members(after: String, before: String, first: Int, last: Int, membership: TeamMembershipType = ALL): TeamMemberConnection!
}
type Organization {
  login: String!
  membersWithRole(after: String, before: String, first: Int, last: Int): OrganizationMemberConnection!
  team(slug: String!): Team
  teams(after: String, before: String, first: Int, last: Int): TeamConnection!
}
type Query { organization(login: String!): Organization }
""")


@dataclass
class Team:
    slug: str
    members: list[str] = field(default_factory=list)
    parent: str = ""
    description: str | None = None
    name: str = ""
    avatar: str | None = None


@dataclass
class Org:
    login: str
    members: list[str] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)


class GitHubOrgs(FaultyServer):
    """Organisations by login; `users` by theirs. `errors` are answered instead of data, one after another."""

    def __init__(self) -> None:
        super().__init__(self._route)
        self.users: dict[str, dict[str, Any]] = {}
        self.orgs: dict[str, Org] = {}
        self.errors: list[dict[str, Any]] = []
        self.emails: dict[str, list[str]] = {}

    @property
    def api(self) -> str:
        return f"{self.url}/api/v3"

    def add_user(self, login: str, **more: Any) -> None:
        number = len(self.users) + 1
        self.users[login] = {
            "id": f"U_{number}",
            "login": login,
            "name": None,
            "bio": None,
            "email": "",
            "avatarUrl": f"https://avatars.githubusercontent.com/u/{number}",
            "suspendedAt": None,
            "organizationVerifiedDomainEmails": lambda info, login: self.emails.get(login, []),
            **more,
        }

    def add(self, login: str, members: Sequence[str], teams: Sequence[Team]) -> Org:
        self.orgs[login.lower()] = Org(login, list(members), list(teams))
        return self.orgs[login.lower()]

    def _route(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply({"message": "Bad credentials"}, 401)
        if asked.path != "/api/graphql":
            return Reply({"message": "Not Found"}, 404)
        if self.errors:
            return Reply({"data": None, "errors": [self.errors.pop(0)]})
        body = json.loads(asked.body)
        root = {"organization": lambda info, login: self._organisation(login)}
        result = graphql_sync(SCHEMA, body["query"], root, variable_values=body["variables"])
        errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
        return Reply({"data": result.data} | errors)

    def _organisation(self, login: str) -> dict[str, Any] | None:
        org = self.orgs.get(login.lower())
        if org is None:
            return None
        teams = {team.slug: team for team in org.teams}
        return {
            "login": org.login,
            "membersWithRole": lambda info, first, after=None: _connect(
                [self.users[one] for one in org.members], first, after
            ),
            "team": lambda info, slug: self._team(org, slug) if slug in teams else None,
            "teams": lambda info, first, after=None: _connect([self._team(org, slug) for slug in teams], first, after),
        }

    def _team(self, org: Org, slug: str) -> dict[str, Any]:
        team = next(one for one in org.teams if one.slug == slug)

        def members(info: Any, first: int, membership: str, after: str | None = None) -> dict[str, Any]:
            assert membership == "IMMEDIATE"
            return _connect([self.users[one] for one in team.members], first, after)

        return {
            "slug": slug,
            "combinedSlug": f"{org.login}/{slug}",
            "name": team.name or slug.title(),
            "description": team.description,
            "avatarUrl": team.avatar,
            "editTeamUrl": f"https://github.com/orgs/{org.login}/teams/{slug}/edit",
            "parentTeam": {"slug": team.parent} if team.parent else None,
            "members": members,
        }


def sign(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _connect(nodes: list[Any], first: int, after: str | None) -> dict[str, Any]:
    start = int(after or 0)
    page = {"endCursor": str(start + first), "hasNextPage": len(nodes) > start + first}
    page |= {"hasPreviousPage": start > 0, "startCursor": str(start)}
    return {"nodes": nodes[start : start + first], "pageInfo": page, "totalCount": len(nodes)}
