"""A GitLab in a process: the part of its REST API (v4) and of its GraphQL API that is used, with projects in memory.

Shapes as in docs.gitlab.com: "REST API" (pagination), "Projects API", "Groups API", "Group and project members API",
"Users API", "Repositories API" (tree), "Repository files API", "Commits API", "GraphQL API resources", and its webhooks
as in "Webhook events" and "System hooks".
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from graphql import build_schema, graphql_sync

from tests.ingestors.faulty_server import Asked, FaultyServer, Reply

TOKEN = "glpat-very-secret"
WEB = "https://gitlab.example.com"
LONG_AGO = "2026-01-01T00:00:00.000Z"
SCHEMA = build_schema("""
enum GroupMemberRelation { DIRECT INHERITED DESCENDANTS SHARED_FROM_GROUPS }
type PageInfo { endCursor: String hasNextPage: Boolean! }
type UserCore { id: ID! username: String! name: String! publicEmail: String state: String! webUrl: String! }
type GroupMember { user: UserCore }
type GroupMemberConnection { nodes: [GroupMember] pageInfo: PageInfo! }
type GroupConnection { nodes: [Group] pageInfo: PageInfo! }
type Group {
  id: ID! name: String! description: String fullPath: ID! visibility: String parent: Group
  descendantGroups(first: Int, after: String): GroupConnection
  groupMembers(first: Int, after: String, relations: [GroupMemberRelation!] = [DIRECT, INHERITED]): GroupMemberConnection
}
type Query { group(fullPath: ID!): Group }
""")


@dataclass
class Project:
    path: str
    files: dict[str, bytes] = field(default_factory=dict)
    branch: str | None = "main"
    archived: bool = False
    fork: bool = False
    visibility: str = "private"
    topics: tuple[str, ...] = ()
    active_at: str = LONG_AGO
    commit: int = 1
    number: int = 0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, Any]:
        namespace, _, name = self.path.rpartition("/")
        found = {
            "id": self.number,
            "description": None,
            "name": name,
            "path": name,
            "path_with_namespace": self.path,
            "default_branch": self.branch,
            "topics": list(self.topics),
            "web_url": f"{WEB}/{self.path}",
            "last_activity_at": self.active_at,
            "namespace": {"kind": "group", "full_path": namespace},
            "empty_repo": self.branch is None,
            "archived": self.archived,
            "visibility": self.visibility,
            "repository_access_level": "enabled",
            "shared_with_groups": [],
        }
        return found | ({"forked_from_project": {"id": 1}} if self.fork else {}) | self.more


@dataclass
class Group:
    path: str
    name: str = ""
    description: str | None = ""
    visibility: str = "private"
    members: dict[int, str] = field(default_factory=dict)
    number: int = 0
    parent: int | None = None
    is_hidden: bool = False  # listed, and GraphQL shows nothing of it

    @property
    def json(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "name": self.name,
            "path": self.path.rpartition("/")[2],
            "description": self.description,
            "visibility": self.visibility,
            "web_url": f"{WEB}/groups/{self.path}",
            "full_path": self.path,
            "parent_id": self.parent,
        }


class GitLab(FaultyServer):
    """`before_page` is called with the number of each page of a group's projects, so that something may change there."""

    def __init__(self) -> None:
        super().__init__(self._route)
        self.projects: dict[str, Project] = {}
        self.groups: dict[str, Group] = {}
        self.users: list[dict[str, Any]] = []
        self.before_page: Callable[[int], None] = lambda number: None
        self.has_totals = True
        self.page_size = 100
        self.instead: dict[str, Any] = {}  # answers by the last part of the path, whatever was asked

    @property
    def api(self) -> str:
        return f"{self.url}/api/v4"

    def add(self, path: str, files: Mapping[str, bytes] = {}, **more: Any) -> Project:
        project = Project(path, dict(files), number=100 + len(self.projects), **more)
        self.projects[path] = project
        return project

    def add_group(self, path: str, members: Mapping[int, str] = {}, **more: Any) -> Group:
        parent = self.groups.get(path.rpartition("/")[0])
        number = 10 + len(self.groups)
        group = Group(path, members=dict(members), number=number, parent=parent.number if parent else None, **more)
        group.name = group.name or path.rpartition("/")[2].title()
        self.groups[path] = group
        return group

    def _route(self, asked: Asked) -> Reply:
        if asked.headers.get("private-token") != TOKEN:
            return Reply({"message": "401 Unauthorized"}, 401)
        if (name := asked.path.rpartition("/")[2]) in self.instead:
            return Reply(self.instead[name])
        if asked.path == "/api/graphql":
            return self._graphql(asked)
        parts = [unquote(part) for part in asked.path.removeprefix("/api/v4/").split("/")]
        match parts:
            case ["projects"]:
                return self._projects_by_id(asked)
            case ["groups", group, "projects"]:
                self.before_page(int(asked.query["page"]))
                return self._group_projects(group, asked)
            case ["groups"]:
                return self._page([one.json for one in self.groups.values()], asked)
            case ["groups", group]:
                return Reply(self.groups[group].json) if group in self.groups else _missing("Group")
            case ["groups", group, "members", "all"]:
                return self._members(group, asked)
            case ["users"]:
                return self._page([_without_seat(user) for user in self.users], asked)
            case ["projects", name, *rest]:
                return self._project(name, rest, asked)
        return _missing("Route")

    # -- lists

    def _page(self, items: list[Any], asked: Asked) -> Reply:
        number = int(asked.query.get("page", 1))
        size = min(int(asked.query.get("per_page", 20)), self.page_size)
        start = (number - 1) * size
        has_more = len(items) > start + size
        headers = {"X-Page": str(number), "X-Next-Page": str(number + 1) if has_more else ""}
        headers |= {"X-Total": str(len(items))} if self.has_totals else {}
        return Reply(items[start : start + size], headers=headers)

    def _projects_by_id(self, asked: Asked) -> Reply:
        query = asked.query
        assert (query["pagination"], query["order_by"], query["sort"]) == ("keyset", "id", "asc")
        found = [one for one in self.projects.values() if one.number > int(query.get("id_after", 0))]
        found = [one for one in found if _has_topics(one, query)]
        if "membership" in query:
            found = [one for one in found if one.visibility == "private"]
        found.sort(key=lambda one: one.number)
        return Reply([one.json for one in found][: min(int(query["per_page"]), self.page_size)])

    def _group_projects(self, group: str, asked: Asked) -> Reply:
        if group not in self.groups:
            return _missing("Group")
        assert asked.query["include_subgroups"] == "true"
        found = [
            one for one in self.projects.values() if one.path.startswith(f"{group}/") and _has_topics(one, asked.query)
        ]
        return self._page([one.json for one in sorted(found, key=lambda one: one.number)], asked)

    def _members(self, group: str, asked: Asked) -> Reply:
        found = next((one for one in self.groups.values() if group in (one.path, str(one.number))), None)
        if found is None:
            return _missing("Group")
        above = [one for path, one in self.groups.items() if found.path == path or found.path.startswith(f"{path}/")]
        ids = {user for one in above for user in one.members}
        users = [user for user in self.users if user["id"] in ids]
        return self._page(users if "show_seat_info" in asked.query else [_without_seat(user) for user in users], asked)

    # -- one project

    def _project(self, name: str, rest: list[str], asked: Asked) -> Reply:
        project = next((one for one in self.projects.values() if name in (one.path, str(one.number))), None)
        if project is None:
            return _missing("Project")
        if not rest:
            return Reply(project.json)
        ref = asked.query.get("ref", "")
        match rest:
            case ["repository", "commits", sha] if sha == project.branch:
                return Reply({"id": hashlib.sha1(f"{project.path} {project.commit}".encode()).hexdigest()})
            case ["repository", "files", path] if ref == project.branch and path in project.files:
                content = project.files[path]
                encoded = base64.b64encode(content).decode()
                return Reply({"file_path": path, "encoding": "base64", "content": encoded, "blob_id": _blob(content)})
            case ["repository", "files", path, "raw"] if ref == project.branch and path in project.files:
                return Reply(raw=project.files[path])
            case ["repository", "tree"] if ref == project.branch:
                return self._tree(project, asked)
        return _missing("File")

    def _tree(self, project: Project, asked: Asked) -> Reply:
        folder = asked.query.get("path", "")
        paths = sorted(path for path in project.files if not folder or path.startswith(f"{folder}/"))
        if folder and not paths:
            return _missing("Tree")
        folders = sorted({path.rpartition("/")[0] for path in paths} - {""})
        items = [{"id": "0" * 40, "name": one, "type": "tree", "path": one, "mode": "040000"} for one in folders]
        items += [
            {"id": _blob(project.files[one]), "name": one, "type": "blob", "path": one, "mode": "100644"}
            for one in paths
        ]
        start, size = int(asked.query.get("page_token", 0)), min(int(asked.query["per_page"]), self.page_size)
        query = "&".join(f"{key}={value}" for key, value in {**asked.query, "page_token": start + size}.items())
        link = {"Link": f'<{self.url}{asked.path}?{query}>; rel="next"'} if len(items) > start + size else {}
        return Reply(items[start : start + size], headers=link)

    # -- GraphQL

    def _graphql(self, asked: Asked) -> Reply:
        body = json.loads(asked.body)
        result = graphql_sync(SCHEMA, body["query"], {"group": self._resolve_group}, variable_values=body["variables"])
        return Reply(
            {"data": result.data} | ({"errors": [error.formatted for error in result.errors]} if result.errors else {})
        )

    def _resolve_group(self, info: Any, fullPath: str) -> Any:
        group = self.groups.get(fullPath)
        return None if group is None or group.is_hidden else self._shown(group)

    def _shown(self, group: Group) -> dict[str, Any]:
        parent = next((one for one in self.groups.values() if one.number == group.parent), None)
        return {
            "id": f"gid://gitlab/Group/{group.number}",
            "name": group.name,
            "description": group.description,
            "fullPath": group.path,
            "visibility": group.visibility,
            "parent": self._shown(parent) if parent else None,
            "descendantGroups": lambda info, first, after=None: self._connect(
                [self._shown(one) for path, one in self.groups.items() if path.startswith(f"{group.path}/")],
                first,
                after,
            ),
            "groupMembers": lambda info, first, relations, after=None: self._connect(
                [{"user": self._user(id)} for id, relation in group.members.items() if relation in relations],
                first,
                after,
            ),
        }

    def _user(self, number: int) -> dict[str, Any] | None:
        user = next((one for one in self.users if one["id"] == number), None)
        return None if user is None else {**user, "id": f"gid://gitlab/User/{number}"}

    def _connect(self, nodes: list[Any], first: int, after: str | None) -> dict[str, Any]:
        start, size = int(after or 0), min(first, self.page_size)
        page = {"endCursor": str(start + size), "hasNextPage": len(nodes) > start + size}
        return {"nodes": nodes[start : start + size], "pageInfo": page}


def _missing(what: str) -> Reply:
    return Reply({"message": f"404 {what} Not Found"}, 404)


def _has_topics(project: Project, query: Mapping[str, str]) -> bool:
    return set(filter(None, query.get("topic", "").split(","))) <= set(project.topics)


def _without_seat(user: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in user.items() if key != "is_using_seat"}


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
