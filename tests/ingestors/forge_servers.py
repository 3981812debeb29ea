"""Gitea, Bitbucket Cloud and Bitbucket Data Center in a process: the part of their APIs that is used.

Over real HTTP, with repositories in memory. The shapes are those of the vendors' descriptions: Gitea's and Forgejo's
`/swagger.v1.json`; Atlassian's "Bitbucket Cloud REST API" and "Bitbucket Data Center REST API".
"""

import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

TOKEN = "token-1"
SECRET = "sesame"


class Reply(NamedTuple):
    """An answer; `cut` leaves the body's end out and closes the connection."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    cut: bool = False


NOT_FOUND = Reply(404, b'{"message":"not found"}')


@dataclass
class Repo:
    """One repository: its full name as the host has it, and the files of each branch."""

    name: str
    branches: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branch: str = "main"
    archived: bool = False
    fork: bool = False
    private: bool = True
    topics: tuple[str, ...] = ()
    updated: str = "2026-01-01T00:00:00Z"

    def commit(self, branch: str = "") -> str:
        """The id of the commit that a branch is at: it follows from the files."""
        return blob_id(repr(sorted(self.branches[branch or self.branch].items())).encode())

    def file(self, branch: str, path: str) -> bytes | None:
        return self.branches.get(branch.removeprefix("refs/heads/"), {}).get(path)


class Host:
    """What the four have in common; `faults` are what the next requests get instead, `short` what a list lacks."""

    authorization = f"Bearer {TOKEN}"

    def __init__(self, pages: str) -> None:
        self.pages = pages  # where its pages would be
        self.repos: dict[str, Repo] = {}
        self.faults: deque[Reply | None] = deque()
        self.broken: dict[str, Reply] = {}
        self.asked: list[str] = []
        self.authorized: list[str] = []
        self.short = 0
        self.page = 2
        self.url = ""

    def add(self, name: str, files: Mapping[str, bytes | str] | None = None, **more: Any) -> Repo:
        """A repository; without files an empty one."""
        repo = self.repos[name] = Repo(name, **more)
        if files is not None:
            repo.branches[repo.branch] = {path: _bytes(one) for path, one in files.items()}
        return repo

    def push(self, name: str, files: Mapping[str, bytes | str | None]) -> None:
        """Change files of the default branch; None takes one away."""
        repo = self.repos[name]
        kept = repo.branches.setdefault(repo.branch, {})
        kept |= {path: _bytes(one) for path, one in files.items() if one is not None}
        for path in [path for path, one in files.items() if one is None]:
            del kept[path]
        day = int(repo.updated[8:10]) + 1
        repo.updated = f"{repo.updated[:8]}{day:02}{repo.updated[10:]}"

    def take(self) -> list[str]:
        """What was asked since the last time."""
        asked, self.asked = self.asked, []
        return asked

    def reply(self, parts: list[str], query: dict[str, str]) -> Any:
        raise NotImplementedError

    def cut(self, items: list[Any]) -> list[Any]:
        """A page, or what is left of it."""
        return items[: len(items) - self.short] if self.short else items


class Gitea(Host):
    """Gitea, at `/api/v1`."""

    authorization = f"token {TOKEN}"
    base = "/api/v1"

    def reply(self, parts: list[str], query: dict[str, str]) -> Any:
        match parts:
            case ["orgs", org]:
                return {"id": 7, "name": org, "username": org, "visibility": "private"}
            case ["orgs", org, "repos"]:
                mine = [repo for name, repo in self.repos.items() if name.startswith(f"{org}/")]
                return self._list(mine, query)
            case ["repos", "search"]:
                latest = sorted(self.repos.values(), key=lambda repo: repo.updated, reverse=True)
                page = self._list(latest, query)
                return Reply(200, json.dumps({"ok": True, "data": json.loads(page.body)}).encode(), page.headers)
            case ["repos", owner, name, *rest] if f"{owner}/{name}" in self.repos:
                return self._of(self.repos[f"{owner}/{name}"], rest, query)
        return NOT_FOUND

    def _list(self, repos: list[Repo], query: dict[str, str]) -> Reply:
        limit, page = min(int(query["limit"]), self.page), int(query.get("page", 1))
        values = self.cut([self.show(one) for one in repos[(page - 1) * limit : page * limit]])
        return Reply(200, json.dumps(values).encode(), {"X-Total-Count": str(len(repos))})

    def _of(self, repo: Repo, rest: list[str], query: dict[str, str]) -> Any:
        match rest:
            case []:
                return self.show(repo)
            case ["contents", *path]:
                content = repo.file(query["ref"], "/".join(path))
                if content is None:
                    return NOT_FOUND
                return {
                    "name": path[-1],
                    "path": "/".join(path),
                    "sha": blob_id(content),
                    "type": "file",
                    "size": len(content),
                    "encoding": "base64",
                    "content": base64.b64encode(content).decode(),
                }
            case ["git", "trees", branch] if query["recursive"] == "true" and branch in repo.branches:
                entries = [{"path": path, "mode": "100644", "type": "blob", "size": len(one), "sha": blob_id(one)}
                           for path, one in sorted(repo.branches[branch].items())]  # fmt: skip
                first = (int(query["page"]) - 1) * self.page
                page = entries[first : first + self.page]
                more = first + self.page < len(entries)
                return {"sha": repo.commit(branch), "tree": self.cut(page), "truncated": more, "page": query["page"],
                        "total_count": len(entries)}  # fmt: skip
        return NOT_FOUND

    def show(self, repo: Repo) -> dict[str, Any]:
        owner, _, name = repo.name.partition("/")
        return {
            "id": list(self.repos).index(repo.name) + 1,
            "owner": {"id": 7, "login": owner},
            "name": name,
            "full_name": repo.name,
            "empty": not repo.branches,
            "private": repo.private,
            "internal": False,
            "fork": repo.fork,
            "archived": repo.archived,
            "default_branch": repo.branch,
            "html_url": f"{self.pages}/{repo.name}",
            "updated_at": repo.updated,
            "topics": list(repo.topics),
        }

    def hook(self, event: str, payload: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        """A webhook, headers and body."""
        body = json.dumps(payload).encode()
        return {"X-Gitea-Event": event, "X-Gitea-Signature": sign(body)}, body


class BitbucketCloud(Host):
    """Bitbucket Cloud, at `/2.0`."""

    base = "/2.0"

    def reply(self, parts: list[str], query: dict[str, str]) -> Any:
        match parts:
            case ["repositories", workspace]:
                mine = [repo for name, repo in self.repos.items() if name.startswith(f"{workspace}/")]
                if query.get("sort") == "-updated_on":
                    mine.sort(key=lambda repo: repo.updated, reverse=True)
                return self._list([self.show(repo) for repo in mine], parts, query)
            case ["repositories", workspace, slug, *rest] if f"{workspace}/{slug}" in self.repos:
                return self._of(self.repos[f"{workspace}/{slug}"], parts, rest, query)
        return NOT_FOUND

    def _list(self, values: list[Any], parts: list[str], query: dict[str, str]) -> Any:
        size, number = min(self.page, int(query["pagelen"])), int(query.get("page", 1))
        page = {"values": self.cut(values[(number - 1) * size : number * size]), "pagelen": size, "size": len(values),
                "page": number}  # fmt: skip
        if number * size < len(values):
            page["next"] = f"{self.url}/{'/'.join(parts)}?pagelen={query['pagelen']}&page={number + 1}"
        return page

    def _of(self, repo: Repo, parts: list[str], rest: list[str], query: dict[str, str]) -> Any:
        match rest:
            case []:
                return self.show(repo)
            case ["refs", "branches", *branch] if "/".join(branch) in repo.branches:
                return {"name": "/".join(branch), "target": {"hash": repo.commit("/".join(branch)), "type": "commit"}}
            case ["src", at, *path]:
                branch = next((one for one in repo.branches if at in (one, repo.commit(one))), "")
                if path != [""]:
                    return repo.file(branch, "/".join(path)) or NOT_FOUND
                values = [{"path": path, "type": "commit_file", "attributes": []} for path in repo.branches[branch]]
                return self._list(values, parts, query)
        return NOT_FOUND

    def show(self, repo: Repo) -> dict[str, Any]:
        return {
            "type": "repository",
            "full_name": repo.name,
            "slug": repo.name.partition("/")[2],
            "links": {"html": {"href": f"{self.pages}/{repo.name}"}},
            "mainbranch": {"type": "branch", "name": repo.branch} if repo.branches else None,
            "updated_on": repo.updated,
            "is_private": repo.private,
            "project": {"type": "project", "key": repo.topics[0] if repo.topics else "PRJ"},
            **({"parent": {"full_name": "other/one"}} if repo.fork else {}),
        }

    def hook(self, event: str, payload: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        """A webhook, headers and body."""
        body = json.dumps(payload).encode()
        return {"X-Event-Key": event, "X-Hub-Signature": f"sha256={sign(body)}"}, body


class BitbucketServer(Host):
    """Bitbucket Data Center, at `/rest/api/1.0`."""

    base = "/rest/api/1.0"

    def reply(self, parts: list[str], query: dict[str, str]) -> Any:
        match parts:
            case ["projects"]:
                keys = dict.fromkeys(name.partition("/")[0] for name in self.repos)
                return self._list([{"key": key, "type": "NORMAL"} for key in keys], query)
            case ["projects", key, "repos"]:
                mine = [self.show(repo) for name, repo in self.repos.items() if name.startswith(f"{key}/")]
                return self._list(mine, query)
            case ["projects", key, "repos", slug, *rest] if f"{key}/{slug}" in self.repos:
                return self._of(self.repos[f"{key}/{slug}"], rest, query)
        return NOT_FOUND

    def _list(self, values: list[Any], query: dict[str, str]) -> Any:
        start, limit = int(query["start"]), min(int(query["limit"]), self.page)
        page, is_last = values[start : start + limit], start + limit >= len(values)
        told = {"size": len(page), "limit": limit, "start": start, "isLastPage": is_last, "values": page}
        return told if is_last else {**told, "nextPageStart": start if self.short else start + limit}

    def _of(self, repo: Repo, rest: list[str], query: dict[str, str]) -> Any:
        match rest:
            case []:
                return self.show(repo)
            case ["branches"]:
                branches = [{"id": f"refs/heads/{name}", "displayId": name, "type": "BRANCH",
                             "latestCommit": repo.commit(name), "isDefault": name == repo.branch}
                            for name in repo.branches]  # fmt: skip
                return self._list(branches, query)
            case ["files"]:
                return self._list(sorted(repo.branches[query["at"].removeprefix("refs/heads/")]), query)
            case ["raw", *path]:
                return repo.file(query["at"], "/".join(path)) or NOT_FOUND
        return NOT_FOUND

    def show(self, repo: Repo) -> dict[str, Any]:
        key, _, slug = repo.name.partition("/")
        return {
            "slug": slug,
            "name": slug,
            "scmId": "git",
            "state": "AVAILABLE",
            "archived": repo.archived,
            "public": not repo.private,
            "project": {"key": key, "type": "NORMAL"},
            "links": {"self": [{"href": f"{self.pages}/projects/{key}/repos/{slug}/browse"}]},
            **({"origin": {"slug": "one"}} if repo.fork else {}),
        }

    def hook(self, event: str, payload: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        """A webhook, headers and body."""
        body = json.dumps({"eventKey": event, **payload}).encode()
        return {"X-Event-Key": event, "X-Hub-Signature": f"sha256={sign(body)}"}, body


@contextmanager
def serve(host: Host) -> Iterator[None]:
    """Let a host answer; its `url` is that of its API."""

    class Bound(_Handler):
        of = host

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    server.daemon_threads = True
    host.url = f"http://127.0.0.1:{server.server_port}{getattr(host, 'base', '')}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


class _Handler(BaseHTTPRequestHandler):
    of: ClassVar[Host]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        host, url = self.of, urlsplit(self.path)
        host.asked.append(self.path)
        fault = host.faults.popleft() if host.faults else None
        fault = fault or next((one for part, one in host.broken.items() if part in unquote(self.path)), None)
        if fault is None and self.headers.get("authorization") != host.authorization:
            fault = Reply(401, b'{"message":"who are you?"}')
        path = url.path.removeprefix(getattr(host, "base", "")).removeprefix("/")
        self._send(
            fault or _as_reply(host.reply([unquote(part) for part in path.split("/")], dict(parse_qsl(url.query))))
        )

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) + reply.cut))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = self.close_connection or reply.cut

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _as_reply(found: Any) -> Reply:
    if isinstance(found, Reply):
        return found
    return Reply(200, found if isinstance(found, bytes) else json.dumps(found).encode())


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def blob_id(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def sign(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, "sha256").hexdigest()
