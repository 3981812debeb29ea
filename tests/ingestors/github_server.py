"""A GitHub in a process: the part of its GraphQL and REST APIs that is used, over real HTTP, with repositories in memory.

GraphQL is executed against an excerpt of GitHub's published schema (npm `@octokit/graphql-schema` 15.26), so that a field
it does not have is an error here too. REST answers have the shapes of its OpenAPI description (npm `@octokit/openapi` 23:
"Get repository content", "Get a tree"), and webhooks those of GitHub's "Webhook events and payloads".
"""

import hashlib
import hmac
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
from graphql import build_schema, graphql_sync

SCHEMA = build_schema("""
scalar URI
scalar DateTime
scalar GitObjectID
enum RepositoryVisibility { PRIVATE PUBLIC INTERNAL }
enum RepositoryAffiliation { COLLABORATOR ORGANIZATION_MEMBER OWNER }
enum RepositoryOrderField { CREATED_AT NAME PUSHED_AT STARGAZERS UPDATED_AT }
enum OrderDirection { ASC DESC }
input RepositoryOrder { direction: OrderDirection! field: RepositoryOrderField! }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
interface GitObject { oid: GitObjectID! }
type Blob implements GitObject { oid: GitObjectID! byteSize: Int! text: String }
type Tree implements GitObject { oid: GitObjectID! }
type Commit implements GitObject { oid: GitObjectID! file(path: String!): TreeEntry }
type TreeEntry { oid: GitObjectID! mode: Int! name: String! path: String size: Int! type: String! }
type Ref { name: String! target: GitObject }
type Topic { name: String! }
type RepositoryTopic { topic: Topic! }
type RepositoryTopicConnection { nodes: [RepositoryTopic] pageInfo: PageInfo! totalCount: Int! }
type Repository {
  name: String! nameWithOwner: String! url: URI! isArchived: Boolean! isFork: Boolean! visibility: RepositoryVisibility!
  pushedAt: DateTime updatedAt: DateTime! createdAt: DateTime!
  repositoryTopics(after: String, before: String, first: Int, last: Int): RepositoryTopicConnection!
  defaultBranchRef: Ref
  ref(qualifiedName: String!): Ref
}
type RepositoryConnection { nodes: [Repository] pageInfo: PageInfo! totalCount: Int! totalDiskUsage: Int! }
interface RepositoryOwner {
  login: String!
  repositories(after: String, before: String, first: Int, last: Int, orderBy: RepositoryOrder,
    affiliations: [RepositoryAffiliation], ownerAffiliations: [RepositoryAffiliation] = [OWNER, COLLABORATOR]
  ): RepositoryConnection!
}
type Organization implements RepositoryOwner {
  login: String!
  repositories(after: String, before: String, first: Int, last: Int, orderBy: RepositoryOrder,
    affiliations: [RepositoryAffiliation], ownerAffiliations: [RepositoryAffiliation] = [OWNER, COLLABORATOR]
  ): RepositoryConnection!
}
type Query {
  repositoryOwner(login: String!): RepositoryOwner
  repository(followRenames: Boolean = true, name: String!, owner: String!): Repository
}
""")
INSTALLATION = 42
LONG_AGO = "2026-01-01T00:00:00Z"
_ORDER = {"CREATED_AT": "number", "NAME": "name", "PUSHED_AT": "pushed_at", "UPDATED_AT": "updated_at"}


class Fault(NamedTuple):
    """What the next request gets instead of its answer; without a status the connection is cut in the body."""

    status: int = 0
    body: bytes = b"{}"
    headers: Mapping[str, str] = {}


@dataclass
class Repo:
    """One repository: every commit whole, newest last."""

    name: str
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branch: str = "main"
    number: int = 0
    archived: bool = False
    fork: bool = False
    visibility: str = "PUBLIC"
    topics: tuple[str, ...] = ()
    pushed_at: str = LONG_AGO
    updated_at: str = LONG_AGO
    branches: dict[str, str] = field(default_factory=dict)
    links: dict[str, bytes] = field(default_factory=dict)  # by path: where it leads; the API gives what is there

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.branches[self.branch]] if self.branches else {}

    def commit(self, files: Mapping[str, bytes], branch: str = "") -> str:
        sha = hashlib.sha1(f"{self.name} {len(self.commits)}".encode()).hexdigest()
        self.commits[sha] = dict(files)
        self.branches[branch or self.branch] = sha
        return sha

    def at(self, ref: str) -> dict[str, bytes] | None:
        return self.commits.get(
            self.branches.get(self.branch if ref == "HEAD" else ref.removeprefix("refs/heads/"), ref)
        )


def blob_id(content: bytes) -> str:
    """A blob's id as git computes it."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class GitHub:
    """The server; `counts` are the requests by what they were for, `faults` what the next ones get instead."""

    def __init__(self, login: str = "acme", secret: str = "sesame", token: str = "token-1") -> None:
        self.login, self.secret, self.token = login, secret, token
        self.repos: dict[str, Repo] = {}
        self.moved: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.asked: list[str] = []
        self.faults: deque[Fault | None] = deque()
        self.tree_limit = 100_000
        self.hidden = 0  # repositories that are counted and not given
        self.largest_page = 100
        self.delay = 0.0  # seconds that each file takes
        self.left = 1_000_000  # files that are given; whoever asks for one more waits, and gets none
        self.waiting = 0
        self._let_go, self._turns = Event(), Lock()
        self.app = ""  # the public key of an app with the id `app`, which is installed at the organisation
        self.token_seconds = 3600.0
        github = self

        class Handler(_Handler):
            host = github

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # who asked is gone, as tests mean it to be

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self._let_go.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def requests(self) -> int:
        return sum(self.counts.values())

    def add(self, name: str, files: Mapping[str, bytes] | None = None, **more: Any) -> Repo:
        """A repository; without files an empty one."""
        repo = self.repos[name] = Repo(name, number=len(self.repos), **more)
        if files is not None:
            repo.commit(files)
        return repo

    def admit(self) -> bool:
        """Whether a file may be given; if not, that is known only at the end."""
        with self._turns:
            self.left -= 1
            if self.left >= 0:
                return True
            self.waiting += 1
        self._let_go.wait(600)
        return False

    def push(self, name: str, path: str, content: bytes | None, branch: str = "") -> tuple[dict[str, str], bytes]:
        """Commit one change; the webhook that GitHub sends for it."""
        repo = self.repos[name]
        files = dict(repo.files)
        how = "removed" if content is None else "modified" if path in files else "added"
        if content is None:
            del files[path]
        else:
            files[path] = content
        after = repo.commit(files, branch)
        repo.pushed_at = repo.updated_at = _now()
        commit = {"id": after, "added": [], "removed": [], "modified": [], how: [path]}
        flags = {"created": False, "deleted": False, "forced": False}
        told = {"ref": f"refs/heads/{branch or repo.branch}", "after": after, **flags, "commits": [commit]}
        return self.hook("push", name, **told)

    def hook(self, event: str, name: str, **payload: Any) -> tuple[dict[str, str], bytes]:
        """A webhook of the organisation, headers and body, signed."""
        branch = self.repos[name].branch if name in self.repos else "main"
        repository = {"name": name, "full_name": f"{self.login}/{name}", "owner": {"login": self.login},
                      "default_branch": branch}  # fmt: skip
        return self.sign(event, {**payload, "repository": repository, "organization": {"login": self.login}})

    def sign(self, event: str, payload: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        body = json.dumps(payload).encode()
        signature = hmac.new(self.secret.encode(), body, "sha256").hexdigest()
        return {"X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={signature}"}, body

    # -- GraphQL

    def repositoryOwner(self, info: Any, login: str) -> Any:
        if login.lower() != self.login.lower():
            return None
        return {"__typename": "Organization", "login": self.login, "repositories": self._page}

    def repository(self, info: Any, owner: str, name: str, followRenames: bool = True) -> Any:
        name = self.moved.get(name, name) if followRenames else name
        found = self.repos.get(name)
        if found is None or owner.lower() != self.login.lower():
            raise NotThereError(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return self._node(found)

    def _page(self, info: Any, first: int, after: str | None = None, orderBy: Any = None, **_: Any) -> Any:
        if not 1 <= first <= 100:
            raise ValueError(f"Requesting {first} records on the `repositories` connection exceeds the limit")
        if first > self.largest_page:
            raise TooMuchError
        repos = sorted(self.repos.values(), key=lambda one: one.number)
        if orderBy:
            repos.sort(key=lambda one: getattr(one, _ORDER[orderBy["field"]]), reverse=orderBy["direction"] == "DESC")
        start = int(after or 0)
        page = repos[start : start + first]
        end = {"endCursor": str(start + len(page)), "hasNextPage": start + len(page) < len(repos)}
        nodes = [self._node(one) for one in page]
        return {"totalCount": len(repos) + self.hidden, "pageInfo": end, "nodes": nodes}

    def _node(self, repo: Repo) -> dict[str, Any]:
        def ref(name: str) -> Any:
            found = repo.branches.get(name.removeprefix("refs/heads/"))
            target = {"__typename": "Commit", "oid": found, "file": lambda info, path: entry(found, path)}
            return {"name": name.removeprefix("refs/heads/"), "target": target} if found else None

        def entry(commit: str | None, path: str) -> Any:
            files = repo.commits[commit] if commit else {}
            if path in files:
                mode = 0o120000 if path in repo.links else 0o100644
                return {"oid": blob_id(repo.links.get(path, files[path])), "mode": mode, "type": "blob", "path": path}
            is_folder = any(one.startswith(f"{path}/") for one in files)
            return {"oid": tree_id(path, files), "mode": 0o040000, "type": "tree", "path": path} if is_folder else None

        return {
            "name": repo.name,
            "nameWithOwner": f"{self.login}/{repo.name}",
            "url": f"{self.url}/{self.login}/{repo.name}",
            "isArchived": repo.archived,
            "isFork": repo.fork,
            "visibility": repo.visibility,
            "pushedAt": repo.pushed_at,
            "updatedAt": repo.updated_at,
            "repositoryTopics": {"nodes": [{"topic": {"name": topic}} for topic in repo.topics]},
            "defaultBranchRef": ref(repo.branch),
            "ref": lambda info, qualifiedName: ref(qualifiedName),
        }

    # -- REST

    def contents(self, name: str, path: str, ref: str) -> bytes | None:
        repo = self.repos.get(self.moved.get(name, name))
        files = repo.at(ref) if repo else None
        return files.get(path) if files else None

    def tree(self, name: str, sha: str, is_recursive: bool) -> Any:
        """A tree by a commit, or by a folder's id, which is made up here."""
        repo = self.repos[name]
        below, _, commit = sha.rpartition("~")
        folder = bytes.fromhex(below).decode() if below else ""
        files = {path: content for path, content in (repo.at(commit) or {}).items() if path.startswith(folder)}
        entries: dict[str, dict[str, Any]] = {}
        for path, content in sorted(files.items()):
            parts = path[len(folder) :].split("/")
            for depth in range(1, len(parts)):
                inner = "/".join(parts[:depth])
                id = f"{(folder + inner + '/').encode().hex()}~{commit}"
                entries.setdefault(inner, {"path": inner, "mode": "040000", "type": "tree", "sha": id})
            whole = "/".join(parts)
            entries[whole] = {"path": whole, "mode": "100644", "type": "blob", "sha": blob_id(content)}
        told = [one for one in entries.values() if is_recursive or "/" not in one["path"]]
        truncated = is_recursive and len(told) > self.tree_limit
        return {"sha": sha, "tree": told[: self.tree_limit] if truncated else told, "truncated": truncated}


class NotThereError(Exception):
    """GitHub's error of type NOT_FOUND."""

    extensions: ClassVar = {"type": "NOT_FOUND"}


class TooMuchError(Exception):
    """A page that GitHub does not find in time."""


def tree_id(path: str, files: Iterable[str]) -> str:
    return hashlib.sha1(f"{path} {sorted(files)}".encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    host: GitHub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/app/"):
            self._give_token()
            return
        if self._begin("graphql" if self.path == "/graphql" else "other"):
            return
        if self.path != "/graphql":
            self._answer(404, b'{"message":"Not Found"}')
            return
        asked = json.loads(body)
        result = graphql_sync(SCHEMA, asked["query"], root_value=self.host, variable_values=asked.get("variables"))
        if any(isinstance(error.original_error, TooMuchError) for error in result.errors or ()):
            self._answer(502, b"<html>Bad Gateway</html>")
            return
        told: dict[str, Any] = {"data": result.data}
        if result.errors:
            told["errors"] = [
                {"message": error.message, "path": error.path, **(error.extensions or {})} for error in result.errors
            ]
        self._answer(200, json.dumps(told).encode())

    def _give_token(self) -> None:
        self.host.counts["token"] += 1
        if not self._is_app():
            return
        if self.path != f"/app/installations/{INSTALLATION}/access_tokens":
            self._give(None)
        else:
            self.host.token = f"ghs_{self.host.counts['token']}"
            until = datetime.fromtimestamp(time.time() + self.host.token_seconds, UTC)
            told = {
                "token": self.host.token,
                "expires_at": f"{until:%Y-%m-%dT%H:%M:%SZ}",
                "permissions": {"contents": "read"},
            }
            self._answer(201, json.dumps(told).encode())

    def _give_installations(self) -> None:
        if self._is_app():
            one = {"id": INSTALLATION, "account": {"login": self.host.login}, "target_type": "Organization"}
            others = [{"id": 7, "account": {"login": "gone"}, "target_type": "User", "suspended_at": LONG_AGO}]
            self._answer(200, json.dumps([*others, {**one, "suspended_at": None}]).encode())

    def _is_app(self) -> bool:
        """Whether an app asks; where not, that is answered (docs: "Generating a JSON Web Token (JWT) for a GitHub App")."""
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        try:
            told = jwt.decode(token, self.host.app, ["RS256"], issuer="app", options={"require": ["iat", "exp", "iss"]})
            if told["exp"] - time.time() <= 600:
                return True
        except jwt.PyJWTError:
            pass
        self._answer(401, b'{"message":"A JSON web token could not be decoded"}')
        return False

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match [unquote(part) for part in url.path.split("/")]:
            case ["", "repos", _, name, "contents", *path]:
                time.sleep(self.host.delay)
                if self.host.admit() and not self._begin("contents"):
                    found = self.host.contents(name, "/".join(path), query.get("ref", "HEAD"))
                    self._give(found)
            case ["", "app", "installations"]:
                self._give_installations()
            case ["", "repos", _, name, "git", "trees", sha] if name in self.host.repos:
                if not self._begin("tree"):
                    self._give(json.dumps(self.host.tree(name, sha, "recursive" in query)).encode())
            case _:
                if not self._begin("other"):
                    self._give(None)

    def _begin(self, kind: str) -> bool:
        """Count the request; whether it was answered already, with a fault."""
        self.host.counts[kind] += 1
        self.host.asked.append(self.path)
        fault = self.host.faults.popleft() if self.host.faults else None
        if fault is not None:
            if not fault.status:
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"data":')
                self.close_connection = True
            else:
                self._answer(fault.status, fault.body, fault.headers)
            return True
        if self.headers.get("authorization") != f"Bearer {self.host.token}":
            self._answer(401, b'{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest"}')
            return True
        return False

    def _give(self, body: bytes | None) -> None:
        if body is None:
            self._answer(404, b'{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}')
            return
        etag = f'"{hashlib.sha1(body).hexdigest()}"'
        is_known = self.headers.get("if-none-match") == etag
        self._answer(304 if is_known else 200, b"" if is_known else body, {"ETag": etag})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        limits = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4990", "X-RateLimit-Reset": "4102444800"}
        for name, value in {**limits, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fill(github: GitHub, count: int, with_catalog: int, describe: str = "A service") -> None:
    """An organisation of so many repositories, some of them, evenly spread, with a catalog file."""
    for number in range(count):
        files = {"README.md": b"# A repository\n", "src/main.py": b"print()\n"}
        if number * with_catalog // count != (number + 1) * with_catalog // count:
            files["catalog-info.yaml"] = component(f"service-{number:04}", describe)
        github.add(f"repository-{number:04}", files)


def component(name: str, description: str = "A service") -> bytes:
    """The YAML of one component."""
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata:\n  name: {name}\n  description: {description}\n"
        "spec:\n  type: service\n  lifecycle: production\n  owner: team-a\n"
    ).encode()


def main() -> None:
    """Serve an organisation of its own process; each line of the input `push NAME TEXT` gives a line with the webhook."""
    with GitHub() as github:
        fill(github, int(sys.argv[1]), int(sys.argv[2]))
        print(github.url, flush=True)
        for line in sys.stdin:
            match line.split(maxsplit=2):
                case ["push", name, text]:
                    number = name.rpartition("-")[2]
                    hook = github.push(name, "catalog-info.yaml", component(f"service-{number}", text.strip()))
                    print(json.dumps([hook[0], hook[1].decode()]), flush=True)
                case ["counts"]:
                    print(json.dumps(github.counts), flush=True)


if __name__ == "__main__":
    main()
