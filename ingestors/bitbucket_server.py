"""The repositories of the projects on a Bitbucket Data Center or Server, by its REST API 1.0; personal ones are not read."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from catalog.documents import Json
from catalog.errors import ReadError
from ingestors.fetch import Api, RateLimitError
from ingestors.forge import File, Forge, Hook, Repository, is_glob, match
from ingestors.forge_sections import ForgeSection
from ingestors.hooks import check_signature, dig, header, read_payload
from ingestors.outside import Asked
from ingestors.probe import Probe, content_of
from ingestors.settings.texts import Expression
from ingestors.shapes import expected_of

_PAGE = 1000  # what the host gives at most unless it is told otherwise
_BRANCHES = 25
_WORKERS = 8
_UNKNOWN = "unknown"  # the branch of a repository whose branches could not be read


class BitbucketServer(ForgeSection):
    """The repositories of a Bitbucket Server or Data Center."""

    type: Literal["bitbucket_server"] = Field(description="Repositories on Bitbucket Server.")
    project: Expression = Field(default="", description="Regular expression for the whole of a project's key.")

    @property
    def what(self) -> Sequence[str]:
        """The projects where not all of them are read."""
        return (self.project,)

    def open_forge(self, asked: Asked) -> Forge:
        """The host."""
        return BitbucketServerForge(asked.api(), project=self.project, secret=asked.secret)


class BitbucketServerForge:
    """The projects whose whole key fits the regular expression `project`, all where it is empty; `secret` is the webhooks'.

    `api` is the host's below `/rest/api/1.0`.
    """

    presence = "optional"

    def __init__(self, api: Api, *, project: str = "", secret: str = "") -> None:
        self._api, self._project, self._secret = api, project, secret
        self._probe = Probe(self._read)

    def marks(self) -> str | None:
        """The host tells of no change but by each repository's branches."""
        return None

    @expected_of("Bitbucket")
    def repositories(self) -> list[Repository]:
        """Every repository of the projects, each with the commit its default branch is at."""
        keys = [one["key"] for one in self._values("projects") if self._is_ours(one["key"])]
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="list") as pool:
            lists = pool.map(lambda key: list(self._values(f"projects/{quote(key)}/repos")), keys)
            return list(pool.map(self._repository, [value for values in lists for value in values]))

    @expected_of("Bitbucket")
    def repository(self, name: str) -> Repository | None:
        """One repository of these projects."""
        if not self._is_ours(name.partition("/")[0]):
            return None
        answer = self._api.find(_path(name))
        found = self._repository(answer.json) if answer else None
        return found if found and found.name == name else None

    @expected_of("Bitbucket")
    def files(self, repository: Repository, patterns: Sequence[str]) -> Sequence[File]:
        """One request for each path; the whole tree where a pattern is a glob."""
        if repository.branch == _UNKNOWN:
            raise ReadError(f"the branches of {repository.name} could not be read")
        if not any(map(is_glob, patterns)):
            return self._probe.find(repository, patterns)
        paths = self._values(f"{_path(repository.name)}/files", {"at": f"refs/heads/{repository.branch}"})
        return [File(path, "") for path in paths if match(path, patterns)]

    def read(self, repository: Repository, path: str) -> bytes:
        """One file of the default branch."""
        return self._probe.take(repository, path)

    def target(self, repository: Repository, path: str) -> str:
        """The file's page, which follows the default branch."""
        return f"{repository.url}/{path}"

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """A push, or a repository or a project that has another name."""
        if header(headers, "x-event-key") == "diagnostics:ping":
            return Hook()  # the test in the host's settings is not signed
        check_signature(self._secret, body, header(headers, "x-hub-signature"))
        payload = read_payload(body)
        event = header(headers, "x-event-key")
        told = [
            payload.get(key)
            for key in {"repo:refs_changed": ("repository",), "repo:modified": ("old", "new")}.get(event, ())
        ]
        names = [f"{dig(one, 'project', 'key')}/{dig(one, 'slug')}" for one in told if dig(one, "slug")]
        return Hook(tuple(dict.fromkeys(names)), everything=event == "project:modified")

    def _values(self, path: str, ask: Mapping[str, Json] | None = None, limit: int = _PAGE) -> Iterator[Json]:
        """What is in every page of a list, until the host says that a page is the last."""
        start = 0
        while True:
            page = self._api.get(path, {**(ask or {}), "limit": limit, "start": start}, keep=False).json
            yield from page["values"]
            is_whole = len(page["values"]) == page["size"]
            if page["isLastPage"] and is_whole:
                return
            if not is_whole or (page.get("nextPageStart") or 0) <= start:
                raise ReadError(f"the list {path} was cut short")
            start = page["nextPageStart"]

    def _read(self, repository: Repository, path: str) -> bytes:
        ask = {"at": f"refs/heads/{repository.branch}"}
        answer = self._api.get(f"{_path(repository.name)}/raw/{quote(path)}", ask, is_json=False, keep=False)
        return content_of(answer, path)

    def _is_ours(self, key: str) -> bool:
        return not self._project or re.fullmatch(self._project, key) is not None

    def _repository(self, value: Json) -> Repository:
        name = f"{value['project']['key']}/{value['slug']}"
        branch, commit = self._head(name)
        return Repository(
            name,
            value["links"]["self"][0]["href"],
            branch,
            commit,
            archived=bool(value.get("archived")),
            fork="origin" in value,
            visibility="public" if value.get("public") else "private",
            annotations={"bitbucket.org/default-branch": branch},
        )

    def _head(self, name: str) -> tuple[str, str]:
        """The default branch and its commit; what cannot be told of one repository does not hold up the others."""
        try:
            found = self._values(f"{_path(name)}/branches", {"orderBy": "MODIFICATION"}, _BRANCHES)
            return next(((one["displayId"], one["latestCommit"]) for one in found if one["isDefault"]), ("", ""))
        except RateLimitError:
            raise
        except ReadError:
            return _UNKNOWN, str(time.time_ns())


def _path(name: str) -> str:
    project, _, slug = name.partition("/")
    return f"projects/{quote(project)}/repos/{quote(slug)}"
