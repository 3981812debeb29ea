"""The repositories of an organisation on a Gitea or a Forgejo, by their REST API (Gitea's API 1.20 and later, Forgejo's)."""

import base64
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from catalog.documents import Json
from catalog.errors import ReadError
from ingestors.fetch import Answer, Api
from ingestors.forge import File, Forge, Hook, Repository, is_glob, match
from ingestors.forge_sections import Branched, ForgeSection
from ingestors.hooks import check_signature, dig, header, read_payload
from ingestors.outside import Asked
from ingestors.probe import Probe
from ingestors.shapes import expected_of

_PAGE = 50  # what a Gitea gives at most unless it is told otherwise
_DAY = 86_400
_SETTLING = 5.0  # seconds; its times are whole seconds, so that two pushes in one look like one


class Gitea(Branched, ForgeSection):
    """The repositories of an organisation on Gitea or Forgejo."""

    type: Literal["gitea"] = Field(description="Repositories on Gitea or Forgejo.")
    organisation: str = Field(description="Organisation or user.", min_length=1)

    @property
    def what(self) -> Sequence[str]:
        """The organisation."""
        return (self.organisation,)

    def open_forge(self, asked: Asked) -> Forge:
        """The organisation on its host."""
        return GiteaForge(asked.api(), self.organisation, branch=self.branch, secret=asked.secret)


class GiteaForge:
    """One organisation. `branch` is read in each repository, the default one where it is empty; `secret` is the webhooks'.

    `api` is the host's below `/api/v1`.
    """

    presence = ""

    def __init__(self, api: Api, organization: str, *, branch: str = "", secret: str = "") -> None:
        self._api, self._organization, self._branch, self._secret = api, organization, branch, secret
        self._probe = Probe(self._read)
        self._id: int | None = None

    @expected_of("Gitea")
    def marks(self) -> str | None:
        """How many repositories there are, and which changed last; none while that may go on within the same second.

        Once a day they are others, for a change that the host counts as none.
        """
        if self._id is None:
            self._id = self._api.get(f"orgs/{quote(self._organization, safe='')}").json["id"]
        ask = {"uid": self._id, "exclusive": "true", "sort": "updated", "order": "desc", "limit": 1}
        answer = self._api.get("repos/search", ask, keep=False)
        total, latest = answer.headers.get("x-total-count"), answer.json["data"]
        if total is None or not latest or not _is_settled(latest[0]["updated_at"], answer):
            return None
        today = int(time.time() // _DAY)
        return f"{total} {latest[0]['full_name']} {latest[0]['updated_at']} {today} {self._branch}"

    @expected_of("Gitea")
    def repositories(self) -> list[Repository]:
        """Every repository. Each page says how many there should be: they move up where one goes meanwhile."""
        path = f"orgs/{quote(self._organization, safe='')}/repos"
        found: dict[str, Repository] = {}
        totals: set[int] = set()
        for page in count(1):
            answer = self._api.get(path, {"page": page, "limit": _PAGE}, keep=False)
            totals.add(int(answer.headers.get("x-total-count", -1)))
            found |= {one["full_name"]: self._repository(one, answer) for one in answer.json}
            if not answer.json or totals == {len(found)}:
                break
        if totals not in ({-1}, {len(found)}):
            raise ReadError(f"the list of repositories was cut short or has changed: {len(found)} of {max(totals)}")
        return list(found.values())

    @expected_of("Gitea")
    def repository(self, name: str) -> Repository | None:
        """One repository, with a version of its own: a webhook may come before the host has noted the push."""
        answer = self._api.find(f"repos/{quote(name)}")
        found = self._repository(answer.json, answer, is_pushed=True) if answer else None
        return found if found and found.name == name else None

    @expected_of("Gitea")
    def files(self, repository: Repository, patterns: Sequence[str]) -> Sequence[File]:
        """One request for each path; the whole tree where a pattern is a glob."""
        if not any(map(is_glob, patterns)):
            return self._probe.find(repository, patterns)
        path, tree = f"repos/{quote(repository.name)}/git/trees/{quote(repository.branch, safe='')}", list[Json]()
        for page in count(1):
            part = self._api.get(path, {"recursive": "true", "per_page": 1000, "page": page}, keep=False).json
            tree += part["tree"]
            if not part.get("truncated"):
                break
            if not part["tree"]:
                raise ReadError(f"the tree of {repository.name} was cut short")
        return [File(one["path"], one["sha"]) for one in tree if _is_file(one) and match(one["path"], patterns)]

    @expected_of("Gitea")
    def read(self, repository: Repository, path: str) -> bytes:
        """One file of the branch."""
        return self._probe.take(repository, path)

    def target(self, repository: Repository, path: str) -> str:
        """The file's page."""
        return f"{repository.url}/src/branch/{repository.branch}/{path}"

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """A push to the branch that is read, or a repository that came or went."""
        check_signature(self._secret, body, header(headers, "x-gitea-signature", "x-forgejo-signature"))
        payload = read_payload(body)
        event, name = header(headers, "x-gitea-event", "x-forgejo-event"), dig(payload, "repository", "full_name") or ""
        if name.partition("/")[0].lower() != self._organization.lower():
            return Hook()
        branch = self._branch or dig(payload, "repository", "default_branch")
        is_push = event == "push" and payload.get("ref") == f"refs/heads/{branch}"
        return Hook((name,)) if is_push or event == "repository" else Hook()

    def _read(self, repository: Repository, path: str) -> bytes:
        """By the contents' API, which packs a file into JSON: what is cut or another's answer cannot pass for a file."""
        address = f"repos/{quote(repository.name)}/contents/{quote(path)}"
        found = self._api.get(address, {"ref": repository.branch}, keep=False).json
        if isinstance(found, list):
            raise ReadError(f"{repository.name}/{path} is a folder of {[one['name'] for one in found]}", missing=True)
        return base64.b64decode(found["content"], validate=True)

    def _repository(self, value: Json, answer: Answer, *, is_pushed: bool = False) -> Repository:
        is_open = is_pushed or not _is_settled(value["updated_at"], answer)
        return Repository(
            value["full_name"],
            value["html_url"],
            "" if value["empty"] else self._branch or value["default_branch"],
            f"{value['updated_at']} {time.time_ns()}" if is_open else value["updated_at"],
            archived=value["archived"],
            fork=value["fork"],
            visibility="private" if value["private"] else "internal" if value.get("internal") else "public",
            topics=tuple(value.get("topics") or ()),
        )


def _is_settled(updated_at: str, answer: Answer) -> bool:
    """Whether the second in which something changed was over when the host answered, by the host's own clock."""
    date = answer.headers.get("date")
    now = parsedate_to_datetime(date).timestamp() if date else time.time()
    return now - datetime.fromisoformat(updated_at).timestamp() > _SETTLING


def _is_file(entry: Json) -> bool:
    return bool(entry["type"] == "blob" and entry["mode"] != "120000")  # a symbolic link's content is a path
