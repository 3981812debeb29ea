"""GitHub: the repositories of an organisation or a user, by its GraphQL API; files by REST; pushes by webhook.

What is read where, and the form of a target, are those of Backstage's module (reference section 11.1).
"""

import json
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field

from catalog.documents import Json
from catalog.errors import CatalogError, ReadError
from ingestors.fetch import Api, RateLimitError
from ingestors.forge import PATTERNS, File, Forge, Hook, Repository, is_glob, match
from ingestors.forge_sections import Branched, ForgeSection
from ingestors.github_public import PublicGitHubForge
from ingestors.graphql import ask
from ingestors.hooks import check_signature, dig, header, read_payload
from ingestors.outside import Asked
from ingestors.shapes import expected_of

_PAGE: Final = 50  # GitHub gives 100 at most, and no answer at all where a page takes it 10 seconds
_SMALLEST_PAGE = 5
_MOST_COMMITS = 2048  # that a push tells
_MOST_FILES = 3000  # that a commit in it tells
_FRESH_SECONDS = 60.0
_DAY = 86_400
_RAW = "application/vnd.github.raw+json"

_FIELDS = """
fragment repository on Repository {
  nameWithOwner url isArchived isFork visibility
  repositoryTopics(first: 100) { nodes { topic { name } } }
  defaultBranchRef { name target { oid %s } }
  %s
}"""
_LIST = """
query(%s, $login: String!, $size: Int!, $after: String) {
  repositoryOwner(login: $login) {
    repositories(first: $size, after: $after, ownerAffiliations: OWNER, orderBy: {field: CREATED_AT, direction: ASC}) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { ...repository }
    }
  }
}"""
_ONE = """
query(%s, $owner: String!, $name: String!) {
  repository(owner: $owner, name: $name, followRenames: false) { ...repository }
}"""
_MARKS = """
query($login: String!) {
  repositoryOwner(login: $login) {
    pushed: repositories(first: 1, ownerAffiliations: OWNER, orderBy: {field: PUSHED_AT, direction: DESC}) {
      totalCount
      nodes { nameWithOwner pushedAt }
    }
    updated: repositories(first: 1, ownerAffiliations: OWNER, orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes { nameWithOwner updatedAt }
    }
  }
}"""


class GitHub(Branched, ForgeSection):
    """The repositories of a GitHub organisation or user."""

    type: Literal["github"] = Field(description="Repositories on GitHub.")
    organisation: str = Field(description="Organisation or user.", min_length=1)
    host: str = Field(default="github.com", description="The host, if not github.com.")

    @property
    def what(self) -> Sequence[str]:
        """The organisation or the user."""
        return (self.organisation,)

    def open_forge(self, asked: Asked) -> Forge:
        """The owner's repositories; without a token the public ones, in another way."""
        if not asked.login.token and not asked.login.app_id:
            return self._open_public(asked)
        api = asked.api(owner=self.organisation)
        return GitHubForge(api, self.organisation, patterns=self.paths, branch=self.branch, secret=asked.secret)

    def _open_public(self, asked: Asked) -> Forge:
        if not asked.host.raw_url:
            hint = f"Give it one in `hosts`: `{self.host}: {{type: github, token: ...}}`."
            raise CatalogError("invalid", f"`{self.host}` is not read without a token", hint)
        raw = asked.open_api(asked.host.raw_url)
        return PublicGitHubForge(asked.api(), raw, self.organisation, branch=self.branch)


class GitHubForge:
    """The repositories of one owner, an organisation or a user; `api` sends a token along (`github_auth`).

    `patterns` are those that the files will be asked for by. `branch` is read instead of the default one. Without a
    `secret` no webhook is believed.
    """

    presence = "optional"

    def __init__(
        self, api: Api, login: str, *, patterns: Sequence[str] = PATTERNS, branch: str = "", secret: str = ""
    ) -> None:
        self.login, self._api, self._branch, self._secret = login, api, branch, secret
        self._graphql = _graphql_url(api.base)
        self._patterns = tuple(one.strip("/") for one in patterns)
        self._paths = [] if any(map(is_glob, self._patterns)) else list(self._patterns)

    @expected_of("GitHub")
    def marks(self) -> str:
        """What was pushed and changed last, and how many there are; one request.

        Once a day they are others, for a change that GitHub counts as none. They are too where the last change is so new
        that another may have the same second.
        """
        data, headers = ask(self._api, self._graphql, _MARKS, {"login": self.login})
        owner = self._owner(data)
        times = [node[name] for part, name in (("pushed", "pushedAt"), ("updated", "updatedAt"))
                 for node in owner[part]["nodes"]]  # fmt: skip
        unsettled = time.time_ns() if _is_fresh(times, headers) else 0
        asked = [self._patterns, self._branch, int(time.time() // _DAY), unsettled]
        return json.dumps([asked, owner])

    @expected_of("GitHub")
    def repositories(self) -> list[Repository]:
        """Every repository of the owner. Raises `ReadError` where GitHub gives fewer than it says there are."""
        found: dict[str, Repository] = {}
        after, size, more = None, _PAGE, True
        while more:
            variables = {**self._variables(), "login": self.login, "size": size, "after": after}
            try:
                asked = ask(self._api, self._graphql, self._query(_LIST), variables, tries=1)
                page = self._owner(asked[0])["repositories"]
            except RateLimitError:
                raise
            except ReadError as error:
                if size <= _SMALLEST_PAGE or error.missing or error.forbidden:
                    raise
                size //= 2  # a page may be too much for it to find in time
                continue
            for one in map(self._as_repository, page["nodes"]):
                found[one.name] = one
            more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
        if len(found) < page["totalCount"]:
            raise ReadError(f"{self._graphql} gave {len(found)} of {page['totalCount']} repositories of {self.login}")
        return list(found.values())

    def repository(self, name: str) -> Repository | None:
        """One of them, as it is now; None when it is gone or has another name."""
        owner, _, short = name.partition("/")
        if owner.lower() != self.login.lower():
            return None
        variables = {**self._variables(), "owner": owner, "name": short}
        try:
            found = ask(self._api, self._graphql, self._query(_ONE), variables)[0].get("repository")
        except ReadError as error:
            if error.missing:
                return None
            raise
        repository = self._as_repository(found)
        return repository if repository.name.lower() == name.lower() else None

    @expected_of("GitHub")
    def files(self, repository: Repository, patterns: Sequence[str]) -> list[File]:
        """The files that a pattern matches, by the tree of the commit."""
        return [file for file in self._walk(repository.name, repository.version, "") if match(file.path, patterns)]

    def read(self, repository: Repository, path: str) -> bytes:
        """One file, as it was in the commit that the list told: what is pushed meanwhile is read the next time."""
        url = f"/repos/{repository.name}/contents/{quote(path)}"
        return self._api.get(url, {"ref": repository.version}, accept=_RAW, is_json=False, keep=False).body

    def target(self, repository: Repository, path: str) -> str:
        """The URL of a file as Backstage's module gives it."""
        return f"{repository.url}/blob/{repository.branch}/{path}"

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """What a webhook's body means. Raises `CatalogError` where it is not signed with the secret."""
        check_signature(self._secret, body, header(headers, "x-hub-signature-256"))
        event, payload = header(headers, "x-github-event"), read_payload(body)
        try:
            if event in ("installation", "installation_repositories", "installation_target", "organization"):
                return Hook(everything=True)
            if event not in ("push", "repository", "public") or not self._is_ours(payload):
                return Hook()
            return self._read_push(payload) if event == "push" else Hook(_names(payload))
        except (KeyError, TypeError, AttributeError) as error:
            raise CatalogError("invalid", "the webhook's body is not one of GitHub's") from error

    # -- webhooks

    def _is_ours(self, payload: Json) -> bool:
        owner: str = payload["repository"]["owner"]["login"]
        return owner.lower() == self.login.lower()

    def _read_push(self, payload: Json) -> Hook:
        """A push matters where it changed a file that matches, and where it does not tell all that it changed."""
        repository, commits = payload["repository"], payload["commits"]
        if payload["ref"] != f"refs/heads/{self._branch or repository['default_branch']}":
            return Hook()
        changed = [[*one.get("added", ()), *one.get("modified", ()), *one.get("removed", ())] for one in commits]
        is_cut = len(commits) >= _MOST_COMMITS or any(len(one) >= _MOST_FILES for one in changed)
        paths = sorted({path for one in changed for path in one})
        name = repository["full_name"]
        if any(payload.get(flag) for flag in ("forced", "created", "deleted")) or is_cut:
            return Hook((name,))
        if any(match(path, self._patterns) for path in paths):
            return Hook((name,))
        return Hook(touched=tuple((name, path) for path in paths))

    # -- asking

    def _query(self, query: str) -> str:
        """A query for repositories with the files looked for in their commits, each by a variable of its own."""
        names = [f"at{n}" for n in range(len(self._paths))]
        wanted = " ".join(f"{name}: file(path: ${name}) {{ oid mode type }}" for name in names)
        files = f"... on Commit {{ {wanted} }}" if names else ""
        other = f"branch: ref(qualifiedName: $branch) {{ name target {{ oid {files} }} }}" if self._branch else ""
        fields = _FIELDS % ("" if self._branch else files, other)
        return query % ", ".join(f"${name}: String!" for name in self._variables()) + fields

    def _variables(self) -> dict[str, str]:
        found = {f"at{n}": path for n, path in enumerate(self._paths)}
        return found | ({"branch": f"refs/heads/{self._branch}"} if self._branch else {})

    def _owner(self, data: Mapping[str, Json]) -> Json:
        owner = data.get("repositoryOwner")
        if owner is None:
            raise ReadError(f"{self._graphql} knows no organisation or user {self.login}", missing=True)
        return owner

    @expected_of("GitHub")
    def _as_repository(self, node: Json) -> Repository:
        default, topics = node["defaultBranchRef"], node["repositoryTopics"]["nodes"]
        read = node["branch"] if self._branch and default else default
        target = read["target"] if read else {}
        told = [(path, target[f"at{n}"]) for n, path in enumerate(self._paths)] if read else []
        blobs = [_as_file(path, one["oid"], one["mode"]) for path, one in told if one and one["type"] == "blob"]
        return Repository(
            node["nameWithOwner"],
            node["url"],
            read["name"] if read else "",
            target["oid"] if read else "",
            node["isArchived"],
            node["isFork"],
            node["visibility"].lower(),
            tuple(topic["topic"]["name"] for topic in topics),
            tuple(blobs) if self._paths else None,
        )

    def _walk(self, name: str, tree: str, below: str) -> Iterator[File]:
        """The files of a tree. One too large for one answer (GitHub: 100,000 entries, 7 MB) is walked folder by folder."""
        url = f"/repos/{name}/git/trees/{tree}"
        answer = self._api.get(url, {"recursive": "1"}, keep=False).json
        is_whole = not answer.get("truncated")
        for entry in answer["tree"] if is_whole else self._api.get(url, keep=False).json["tree"]:
            path = below + entry["path"]
            if entry["type"] == "blob":
                yield _as_file(path, entry["sha"], int(entry["mode"], 8))
            elif entry["type"] == "tree" and not is_whole:
                yield from self._walk(name, entry["sha"], f"{path}/")


def _as_file(path: str, oid: str, mode: int) -> File:
    """A file by its blob; where a link is read, what it leads to comes, which may change with any commit."""
    return File(path, "", "") if stat.S_ISLNK(mode) else File(path, oid, oid)


def _names(payload: Json) -> tuple[str, ...]:
    """The repository of an event, and what it was called before."""
    name: str = payload["repository"]["full_name"]
    old = dig(payload, "changes", "repository", "name", "from")
    return (name, f"{name.partition('/')[0]}/{old}") if old else (name,)


def _is_fresh(times: Sequence[str | None], headers: Mapping[str, str]) -> bool:
    """Whether one of the times is as good as now, by GitHub's own clock."""
    try:
        now = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return True
    return any(one is not None and now - _parse_time(one) < _FRESH_SECONDS for one in times)


def _parse_time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _graphql_url(base: str) -> str:
    """GitHub.com has it beside its REST API, an Enterprise Server above it."""
    path = urlsplit(base).path
    return f"{base.removesuffix('/v3')}/graphql" if path.endswith("/api/v3") else f"{base}/graphql"
