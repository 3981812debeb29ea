"""The repositories of a workspace on Bitbucket Cloud, by its REST API 2.0."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from catalog.documents import Json
from catalog.errors import ReadError
from ingestors.fetch import Api
from ingestors.forge import File, Forge, Hook, Repository, is_glob, match
from ingestors.forge_sections import ForgeSection
from ingestors.hooks import check_signature, dig, header, read_payload
from ingestors.outside import Asked
from ingestors.probe import Probe, content_of
from ingestors.settings.texts import Expression
from ingestors.shapes import expected_of

_DAY = 86_400
_DEPTH = 20  # folders; the host gives up where a tree is asked for without end
_FIELDS = (
    "full_name", "links.html.href", "mainbranch.name", "updated_on", "is_private", "parent.full_name", "project.key",
)  # fmt: skip
_LIST_FIELDS = ",".join(["next", "size", *(f"values.{field}" for field in _FIELDS)])
_EVENTS = ("repo:push", "repo:created", "repo:updated", "repo:transfer", "repo:deleted")


class BitbucketCloud(ForgeSection):
    """The repositories of a workspace on Bitbucket Cloud."""

    type: Literal["bitbucket_cloud"] = Field(description="Repositories on bitbucket.org.")
    workspace: str = Field(description="The workspace.", min_length=1)
    host: str = Field(default="bitbucket.org", description="The host, if not bitbucket.org.")
    project: Expression = Field(default="", description="Regular expression for the whole of a project's key.")

    @property
    def what(self) -> Sequence[str]:
        """The workspace, and the projects where not all of them are read."""
        return (self.workspace, self.project)

    def open_forge(self, asked: Asked) -> Forge:
        """The workspace."""
        return BitbucketCloudForge(asked.api(), self.workspace, project=self.project, secret=asked.secret)


class BitbucketCloudForge:
    """One workspace; `project` is a regular expression for the whole key of a project; `secret` is the webhooks'.

    `api` is `https://api.bitbucket.org/2.0`.
    """

    presence = "required"

    def __init__(self, api: Api, workspace: str, *, project: str = "", secret: str = "") -> None:
        self._api, self._workspace, self._project, self._secret = api, workspace, project, secret
        self._probe = Probe(self._read)

    @expected_of("Bitbucket")
    def marks(self) -> str | None:
        """How many repositories there are, and which changed last; once a day others, for what is not counted a change."""
        ask = {"sort": "-updated_on", "pagelen": 1, "fields": "size,values.full_name,values.updated_on"}
        found = self._api.get(self._list_path, ask, keep=False).json
        if "size" not in found or not found["values"]:
            return None
        latest, today = found["values"][0], int(time.time() // _DAY)
        return f"{found['size']} {latest['full_name']} {latest['updated_on']} {today} {self._project}"

    @expected_of("Bitbucket")
    def repositories(self) -> list[Repository]:
        """Every repository of the projects that are read."""
        values = self._values(self._list_path, {"pagelen": 100, "sort": "created_on", "fields": _LIST_FIELDS})
        found = {one["full_name"]: one for one in values}
        return [self._repository(one) for one in found.values() if self._is_ours(one)]

    @expected_of("Bitbucket")
    def repository(self, name: str) -> Repository | None:
        """One repository, with a version of its own: a webhook may come before the host has noted the push."""
        answer = self._api.find(f"repositories/{quote(name)}", {"fields": ",".join(_FIELDS)})
        value = answer.json if answer else None
        if value is None or value["full_name"] != name or not self._is_ours(value):
            return None
        return self._repository(value, f" {time.time_ns()}")

    @expected_of("Bitbucket")
    def files(self, repository: Repository, patterns: Sequence[str]) -> Sequence[File]:
        """One request for each path; the whole tree where a pattern is a glob."""
        if not any(map(is_glob, patterns)):
            return self._probe.find(repository, patterns)
        ask = {"max_depth": _DEPTH, "pagelen": 100, "fields": "next,size,values.path,values.type,values.attributes"}
        entries = self._values(f"{self._source(repository)}/", ask)
        return [File(one["path"], "") for one in entries if _is_file(one) and match(one["path"], patterns)]

    def read(self, repository: Repository, path: str) -> bytes:
        """One file of the main branch."""
        return self._probe.take(repository, path)

    def target(self, repository: Repository, path: str) -> str:
        """The file's page."""
        return f"{repository.url}/src/{repository.branch}/{path}"

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """A push, or a repository that came, went or has another name."""
        check_signature(self._secret, body, header(headers, "x-hub-signature"))
        payload = read_payload(body)
        if header(headers, "x-event-key") not in _EVENTS:
            return Hook()
        names = (dig(payload, "repository", "full_name"), dig(payload, "changes", "full_name", "old"))
        ours = f"{self._workspace}/".lower()
        return Hook(tuple(name for name in names if name and name.lower().startswith(ours)))

    @property
    def _list_path(self) -> str:
        return f"repositories/{quote(self._workspace, safe='')}"

    def _values(self, path: str, ask: Mapping[str, Json]) -> list[Json]:
        """What is in every page of a list. Where pages say how much there should be, that must have come."""
        page = self._api.get(path, ask, keep=False).json
        values, sizes, asked = list(page["values"]), {page.get("size")}, {""}
        while page.get("next", "") not in asked:
            asked.add(page["next"])
            page = self._api.get(page["next"], keep=False).json
            values += page["values"]
            sizes.add(page.get("size"))
        if sizes not in ({None}, {len(values)}):
            raise ReadError(f"the list {path} was cut short or has changed: {len(values)} came")
        return values

    def _source(self, repository: Repository) -> str:
        """Where the files are. A branch with a slash in it must be named by its commit."""
        at, path = repository.branch, f"repositories/{quote(repository.name)}"
        if "/" in at:
            at = self._api.get(f"{path}/refs/branches/{quote(at)}", {"fields": "target.hash"}).json["target"]["hash"]
        return f"{path}/src/{quote(at)}"

    def _read(self, repository: Repository, path: str) -> bytes:
        answer = self._api.get(f"{self._source(repository)}/{quote(path)}", is_json=False, keep=False)
        return content_of(answer, path)

    def _is_ours(self, value: Json) -> bool:
        return not self._project or re.fullmatch(self._project, value["project"]["key"]) is not None

    def _repository(self, value: Json, mark: str = "") -> Repository:
        url = value["links"]["html"]["href"]
        return Repository(
            value["full_name"],
            url,
            dig(value, "mainbranch", "name") or "",
            value["updated_on"] + mark,
            fork=bool(value.get("parent")),
            visibility="private" if value["is_private"] else "public",
            annotations={"bitbucket.org/repo-url": url},
        )


def _is_file(entry: Json) -> bool:
    return entry["type"] == "commit_file" and "link" not in entry.get("attributes", ())
