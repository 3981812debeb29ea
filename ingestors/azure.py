"""The git repositories of an organisation on Azure DevOps, or of a collection on its Server, by the REST API 7.0.

Backstage asks the code search, which is an extension, lags behind pushes and leaves out forks; here the repositories are
asked themselves, which costs one request for each.
"""

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from catalog.documents import Json
from catalog.errors import ReadError
from ingestors.fetch import Answer, Api, RateLimitError
from ingestors.forge import File, Forge, Hook, Repository, is_glob, match
from ingestors.forge_sections import Branched, ForgeSection
from ingestors.hooks import check_secret, dig, header, read_payload
from ingestors.outside import Asked
from ingestors.probe import Probe, content_of
from ingestors.settings.texts import Expression
from ingestors.shapes import expected_of

_VERSION = {"api-version": "7.0"}
_WORKERS = 8
_UNKNOWN = "unknown"  # the commit of a branch that could not be read
_URI = ";,/?:@&=+$-_.!~*'()#"  # what JavaScript's `encodeURI` leaves as it is


class Azure(Branched, ForgeSection):
    """The repositories of an organisation on Azure DevOps."""

    type: Literal["azure"] = Field(description="Repositories on Azure DevOps.")
    organisation: str = Field(description="The organisation, or the collection on a server of one's own.", min_length=1)
    host: str = Field(default="dev.azure.com", description="The host, if not dev.azure.com.")
    project: Expression = Field(default="", description="Regular expression for the whole of a project's name.")

    @property
    def what(self) -> Sequence[str]:
        """The organisation, and the projects where not all of them are read."""
        return (self.organisation, self.project)

    def open_forge(self, asked: Asked) -> Forge:
        """The organisation, or the collection."""
        api = asked.api(f"/{self.organisation}")
        return AzureForge(api, project=self.project, branch=self.branch, secret=asked.secret)


class AzureForge:
    """The projects whose whole name fits the regular expression `project`, all where it is empty.

    `branch` is read in each repository, the default one where it is empty. `secret` is what service hooks send as
    `X-Ado-Webhook-Secret`. `api` is `https://dev.azure.com/ORGANISATION`, and `url` where its pages are, if elsewhere.
    """

    presence = "required"

    def __init__(self, api: Api, *, url: str = "", project: str = "", branch: str = "", secret: str = "") -> None:
        self._api, self._project, self._branch, self._secret = api, project, branch, secret
        self._url = url.rstrip("/") or api.base
        self._probe = Probe(self._read)

    def marks(self) -> str | None:
        """The host tells of no change but by each repository's refs."""
        return None

    @expected_of("Azure DevOps")
    def repositories(self) -> list[Repository]:
        """Every repository of the projects, each with the commit its branch is at."""
        values = [one for one in self._list("_apis/git/repositories") if self._is_ours(one["project"]["name"])]
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="list") as pool:
            return list(pool.map(self._repository, values))

    @expected_of("Azure DevOps")
    def repository(self, name: str) -> Repository | None:
        """One repository of these projects."""
        if not self._is_ours(name.partition("/")[0]):
            return None
        try:
            found = self._repository(self._get(_path(name)).json)
        except ReadError as error:
            if error.missing:
                return None
            raise
        return found if found.name == name else None

    @expected_of("Azure DevOps")
    def files(self, repository: Repository, patterns: Sequence[str]) -> Sequence[File]:
        """One request for each path; the whole tree where a pattern is a glob."""
        if repository.version.startswith(_UNKNOWN):
            raise ReadError(f"the refs of {repository.name} could not be read")
        if not any(map(is_glob, patterns)):
            return self._probe.find(repository, patterns)
        ask = {"recursionLevel": "Full", "scopePath": "/", **_at(repository)}
        tree = self._list(f"{_path(repository.name)}/items", ask)
        files = [File(one["path"].lstrip("/"), one["objectId"]) for one in tree if one["gitObjectType"] == "blob"]
        return [file for file in files if match(file.path, patterns)]

    def read(self, repository: Repository, path: str) -> bytes:
        """One file of the branch."""
        return self._probe.take(repository, path)

    def target(self, repository: Repository, path: str) -> str:
        """The file's page; it follows the default branch where no other is read."""
        version = f"&version=GB{self._branch}" if self._branch else ""
        return repository.url + quote(f"?path=/{path}{version}", safe=_URI)

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """A push to the branch that is read, or a repository that came, went or has another name."""
        check_secret(self._secret, header(headers, "x-ado-webhook-secret"))
        payload = read_payload(body)
        event, told = str(payload.get("eventType")), dig(payload, "resource", "repository")
        project, name = dig(told, "project", "name"), dig(told, "name")
        if not project or not name or not self._is_ours(project):
            return Hook()
        if event == "git.push":
            branch = f"refs/heads/{self._branch}" if self._branch else dig(told, "defaultBranch")
            pushed = [dig(one, "name") for one in dig(payload, "resource", "refUpdates") or ()]
            return Hook((f"{project}/{name}",)) if branch is None or branch in pushed else Hook()
        if not event.startswith("git.repo."):
            return Hook()
        names = (name, dig(payload, "resource", "oldName"), dig(payload, "resource", "newName"))
        return Hook(tuple(f"{project}/{one}" for one in dict.fromkeys(names) if one))

    def _get(self, path: str, ask: Mapping[str, Any] | None = None) -> Answer:
        return self._api.get(path, {**(ask or {}), **_VERSION}, accept="application/json", keep=False)

    def _list(self, path: str, ask: Mapping[str, Any] | None = None) -> list[Json]:
        """A list, which the host gives in one piece; it says how long it is."""
        answer = self._get(path, ask).json
        if len(answer["value"]) != answer["count"]:
            raise ReadError(f"the list {path} was cut short: {len(answer['value'])} of {answer['count']}")
        return list(answer["value"])

    def _read(self, repository: Repository, path: str) -> bytes:
        ask = {"path": f"/{path}", **_at(repository), **_VERSION}
        address = f"{_path(repository.name)}/items"
        answer = self._api.get(address, ask, accept="application/octet-stream", is_json=False, keep=False)
        return content_of(answer, path)

    def _is_ours(self, project: str) -> bool:
        return not self._project or re.fullmatch(self._project, project) is not None

    def _repository(self, value: Json) -> Repository:
        name, project = f"{value['project']['name']}/{value['name']}", value["project"]
        branch = self._branch or value.get("defaultBranch", "").removeprefix("refs/heads/")
        is_archived = bool(value.get("isDisabled"))  # nothing in it can be read then
        commit = self._head(name, branch) if branch and not is_archived else ""
        return Repository(
            name,
            self._url + quote(f"/{project['name']}/_git/{value['name']}", safe=_URI),
            branch if commit or is_archived else "",
            commit,
            archived=is_archived,
            fork=bool(value.get("isFork")),
            visibility=project.get("visibility", ""),
        )

    def _head(self, name: str, branch: str) -> str:
        """The commit of a branch; what cannot be told of one repository does not hold up the others."""
        try:
            refs = self._list(f"{_path(name)}/refs", {"filter": f"heads/{branch}"})
            return next((one["objectId"] for one in refs if one["name"] == f"refs/heads/{branch}"), "")
        except RateLimitError:
            raise
        except ReadError:
            return f"{_UNKNOWN} {time.time_ns()}"


def _path(name: str) -> str:
    project, _, repository = name.partition("/")
    return f"{quote(project)}/_apis/git/repositories/{quote(repository)}"


def _at(repository: Repository) -> dict[str, str]:
    return {"versionDescriptor.version": repository.branch, "versionDescriptor.versionType": "branch"}
