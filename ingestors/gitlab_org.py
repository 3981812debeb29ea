"""The groups and users of a GitLab as Group and User entities (reference section 11.4)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, StrictBool

from catalog import scm
from catalog.documents import Cache, Document, Json, Source, Usage
from catalog.errors import CatalogError, ReadError
from ingestors.entities import EntitySource, describe, drop_empty
from ingestors.fetch import Api
from ingestors.graphql import read_nodes
from ingestors.hooks import check_secret, header, read_payload
from ingestors.outside import Outside
from ingestors.paging import read_pages
from ingestors.sections import Hosted
from ingestors.settings.texts import Expression
from ingestors.shapes import expected_of

_WORKERS: Final = 8
_BOT: Final = re.compile(r"(?:project|group)_\w+_bot_\w+", re.ASCII)
_EVENTS: Final = (
    *("group_create", "group_destroy", "group_rename", "user_create", "user_destroy", "user_rename"),
    *("user_add_to_group", "user_remove_from_group", "user_update_for_group"),
)
_DESCENDANTS: Final = """query ($group: ID!, $cursor: String) { group(fullPath: $group) {
  descendantGroups(first: 100, after: $cursor) {
    nodes { id name description fullPath visibility parent { id } } pageInfo { hasNextPage endCursor } } } }"""
_MEMBERS: Final = """query ($group: ID!, $relations: [GroupMemberRelation!], $cursor: String) { group(fullPath: $group) {
  groupMembers(first: 100, relations: $relations, after: $cursor) {
    nodes { user { id } } pageInfo { hasNextPage endCursor } } } }"""


class GitLabOrganisation(Hosted):
    """Groups and users of a GitLab, as Groups and Users."""

    type: Literal["gitlab_org"] = Field(description="Groups and users on GitLab.")
    group: str = Field(default="", description="Full path of the group to begin at.")
    host: str = Field(default="gitlab.com", description="The host, if not gitlab.com.")
    group_patterns: tuple[Expression, ...] = Field(
        default=(), description="Regular expressions, one of which must be found in a group's full path."
    )
    user_pattern: Expression = Field(default="", description="Regular expression looked for in e-mail, or user name.")
    restrict_users: StrictBool = Field(default=False, description="Only the members of `group`.")
    without_seat: StrictBool = Field(default=False, description="Also those that hold no seat on gitlab.com.")
    relations: tuple[str, ...] = Field(
        default=(), description="Memberships to take besides direct ones, such as `INHERITED` or `DESCENDANTS`."
    )

    @property
    def what(self) -> Sequence[str]:
        """The group."""
        return (self.group,)

    def open(self, outside: Outside) -> Source:
        """The groups and users of the host."""
        asked = self.ask(outside)
        return GitLabOrgSource(
            asked.name,
            asked.api(),
            asked.cache,
            asked.usage,
            base_url=asked.host.base,
            hosts=outside.reader.hosts,
            group=self.group,
            group_patterns=self.group_patterns,
            user_pattern=self.user_pattern,
            relations=self.relations,
            restrict_users=self.restrict_users,
            without_seat=self.without_seat,
            secret=asked.secret,
        )


class GitLabOrgSource(EntitySource):
    """Groups with their members, and users, of one GitLab. `api` is at `/api/v4`, `base_url` where the pages are.

    `group` limits the groups to those below it, with `restrict_users` also the users to its members; gitlab.com needs
    one. A group without a user that is read is left out, as in Backstage.
    """

    def __init__(
        self,
        name: str,
        api: Api,
        cache: Cache,
        usage: Usage,
        *,
        base_url: str = "https://gitlab.com",
        hosts: scm.Hosts | None = None,
        group: str = "",
        group_patterns: Sequence[str] = (),
        user_pattern: str = "",
        relations: Sequence[str] = (),
        restrict_users: bool = False,
        without_seat: bool = False,
        secret: str = "",
    ) -> None:
        super().__init__(name, cache, usage)
        self._graphql = f"{api.base.removesuffix('/v4')}/graphql"
        self._api, self._base, self._host = api, base_url.rstrip("/"), urlsplit(base_url).netloc
        self._is_saas = self._host == "gitlab.com"
        self._group = group.strip("/")
        if not self._group and (self._is_saas or restrict_users):
            raise CatalogError("invalid", f"`{name}` has no `group`", "Name the group whose users are to be read.")
        self._hosts = hosts or scm.Hosts()
        self._groups = [re.compile(pattern) for pattern in group_patterns or ("",)]
        self._users = re.compile(user_pattern)
        self._relations = list(dict.fromkeys(["DIRECT", *relations]))
        self._restrict_users, self._without_seat, self._secret = restrict_users, without_seat, secret

    def hook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a webhook in; whether groups, users or memberships have changed."""
        check_secret(self._secret, header(headers, "x-gitlab-token"), "token")
        return read_payload(body).get("event_name") in _EVENTS

    def crawl(self) -> Iterator[Document]:
        """The users, then the groups, each sorted by name."""
        with expected_of("GitLab"):
            found = self._read_groups()
            groups = [group for group in found if self._accept_group(group)]
            users = {user["id"]: user for user in self._read_users(found) if self._accept_user(user)}
            members = self._read_members(groups)
            entities = _build(users, groups, members, self._group, self._host)
        for path, entity in entities:
            yield describe(entity, f"{self._base}/{path}", self._hosts)

    # -- groups

    def _read_groups(self) -> list[Json]:
        if not self._is_saas and not self._restrict_users:
            params = {"all_available": "true", "order_by": "id", "sort": "asc"}
            return read_pages(self._api, "groups", params)
        found = self._ask(_DESCENDANTS, {"group": self._group}, ("group", "descendantGroups"))
        own = self._api.get(f"groups/{_encode(self._group)}", {"with_projects": "false"}, keep=False).json
        below = [
            {
                "id": _number(one["id"]),
                "name": one["name"],
                "description": one.get("description"),
                "full_path": one["fullPath"],
                "visibility": one.get("visibility"),
                "parent_id": _number(one["parent"]["id"]) if one.get("parent") else None,
            }
            for one in found
        ]
        return [*below, own]

    def _accept_group(self, group: Json) -> bool:
        path = group["full_path"]
        is_below = not self._group or path == self._group or path.startswith(f"{self._group}/")
        return is_below and any(pattern.search(path) for pattern in self._groups)

    # -- users

    def _read_users(self, groups: Sequence[Json]) -> list[Json]:
        if not self._is_saas and not self._restrict_users:
            params = {"active": "true", "without_project_bots": "true", "exclude_internal": "true"}
            return read_pages(self._api, "users", params | {"order_by": "id", "sort": "asc"})
        if not self._is_saas:
            return read_pages(self._api, f"groups/{_encode(self._group)}/members/all")
        of = [self._group]
        if not self._restrict_users:
            of = [self._group.partition("/")[0], *(str(group["id"]) for group in groups[:-1])]
        params = {"active": "true", "show_seat_info": "true"}
        users = [user for one in of for user in read_pages(self._api, f"groups/{_encode(one)}/members/all", params)]
        return [user for user in users if self._has_seat(user)]

    def _has_seat(self, user: Json) -> bool:
        if self._without_seat:
            return _BOT.fullmatch(user["username"]) is None
        return bool(user.get("is_using_seat"))

    def _accept_user(self, user: Json) -> bool:
        told = next((user[key] for key in ("email", "username") if user.get(key) is not None), "")
        return user["state"] == "active" and self._users.search(told) is not None

    # -- members

    def _read_members(self, groups: Sequence[Json]) -> list[list[int]]:
        """The ids of each group's members, in the order of the groups."""
        self.usage.total = len(groups)
        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="crawl")
        try:
            return list(pool.map(self._read_group_members, groups))
        finally:
            pool.shutdown(cancel_futures=True)  # after a failure nobody else is asked

    def _read_group_members(self, group: Json) -> list[int]:
        """Where GitLab says nothing of a group that it listed, its members are those it told last."""
        path = group["full_path"]
        kept = f"members {path}"
        try:
            variables = {"group": path, "relations": self._relations}
            found = self._ask(_MEMBERS, variables, ("group", "groupMembers"))
        except ReadError as error:
            if not error.missing:
                raise
            self.usage.note(f"{path}: its members are not shown to this token")
            return [int(one) for one in json.loads(self.cache.get(kept) or b"[]")]
        members = [_number(one["user"]["id"]) for one in found if one["user"] is not None]
        self.cache.put(kept, json.dumps(members).encode())
        self.usage.done += 1
        return members

    def _ask(self, query: str, variables: Mapping[str, Json], at: Sequence[str]) -> list[Json]:
        return read_nodes(self._api, self._graphql, query, variables, at)


def _build(
    users: Mapping[int, Json], groups: Sequence[Json], members: Iterable[Sequence[int]], below: str, host: str
) -> list[tuple[str, Json]]:
    """The entities, with the paths of their pages."""
    own: dict[int, list[str]] = {}
    shown: dict[int, Json] = {}
    for group, ids in zip(groups, members, strict=True):
        for one in dict.fromkeys(ids):
            if one in users:
                own.setdefault(one, []).append(_name_group(group["full_path"], below))
                shown[group["id"]] = group
    found = [(user["username"], _build_user(user, own.get(id, []), host)) for id, user in users.items()]
    teams = [(group["full_path"], _build_group(group, shown, below, host)) for group in shown.values()]
    return [*sorted(found, key=itemgetter(0)), *sorted(teams, key=itemgetter(0))]


def _build_user(user: Json, groups: Sequence[str], host: str) -> Json:
    annotations = {f"{host}/user-login": user["web_url"], f"{host}/user-id": str(user["id"])}
    saml = (user.get("group_saml_identity") or {}).get("extern_uid")
    if saml:
        annotations[f"{host}/saml-external-uid"] = saml
    profile = {"displayName": user.get("name"), "picture": user.get("avatar_url"), "email": user.get("email")}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {"name": user["username"], "annotations": annotations},
        "spec": {"profile": drop_empty(profile), "memberOf": list(groups)},
    }


def _build_group(group: Json, groups: Mapping[int, Json], below: str, host: str) -> Json:
    annotations = {f"{host}/team-path": group["full_path"]}
    if group.get("visibility"):
        annotations[f"{host}/visibility"] = group["visibility"]
    metadata = {"name": _name_group(group["full_path"], below), "annotations": annotations}
    parent = groups.get(group.get("parent_id") or 0)
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": metadata | drop_empty({"description": group.get("description")}),
        "spec": {"type": "team", "children": [], "profile": {"displayName": group["name"]}}
        | ({"parent": _name_group(parent["full_path"], below)} if parent else {}),
    }


def _name_group(path: str, below: str) -> str:
    return (path.removeprefix(f"{below}/") if below else path).replace("/", "-")


def _number(id: str) -> int:
    """The number in a global id, `gid://gitlab/User/7`."""
    return int(id.rpartition("/")[2])


def _encode(text: str) -> str:
    return quote(text, safe="")
