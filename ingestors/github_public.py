"""GitHub for who has no token: an owner's public repositories by the REST API, 60 requests an hour, and files as they are.

GitHub answers GraphQL only to who says who they are. What is found, and the form of a target, are the same as with a token.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from catalog.documents import Json
from catalog.errors import CatalogError, ReadError
from ingestors.fetch import Api
from ingestors.forge import File, Hook, Repository, is_glob, match
from ingestors.probe import Probe
from ingestors.shapes import expected_of

_SETTLING = 600.0  # seconds in which raw.githubusercontent.com may still give what was there before
_AGAIN = 120.0


class PublicGitHubForge:
    """The public repositories of an organisation or a user. `raw` is where files are as they are."""

    presence = "optional"

    def __init__(self, api: Api, raw: Api, login: str, *, branch: str = "") -> None:
        self._api, self._raw, self._login, self._branch = api, raw, login, branch
        self._probe = Probe(self._read)

    @expected_of("GitHub")
    def marks(self) -> str:
        """What was pushed last; one request. Once an hour another, for what GitHub counts as no push."""
        ask = {"type": "owner", "sort": "pushed", "per_page": 1}
        answer = self._api.get(f"users/{quote(self._login, safe='')}/repos", ask)
        latest = [self._repository(one).version for one in answer.json]
        names = [one["full_name"] for one in answer.json]
        return json.dumps([names, latest, answer.headers.get("link", ""), self._branch, int(time.time() // 3600)])

    def repositories(self) -> Iterator[Repository]:
        """Every public repository of the owner."""
        path = f"users/{quote(self._login, safe='')}/repos"
        for answer in self._api.pages(path, {"type": "owner", "sort": "full_name", "per_page": 100}):
            yield from map(self._repository, answer.json)

    def repository(self, name: str) -> Repository | None:
        """One of them, as it is now; None when it is gone or has another name."""
        answer = self._api.find(f"repos/{quote(name)}")
        found = self._repository(answer.json) if answer else None
        return found if found and found.name == name else None

    @expected_of("GitHub")
    def files(self, repository: Repository, patterns: Sequence[str]) -> Sequence[File]:
        """A file at a time by its path, which costs nothing of the 60; the whole tree where a pattern is a glob."""
        if not any(map(is_glob, patterns)):
            return self._probe.find(repository, patterns)
        path = f"repos/{repository.name}/git/trees/{quote(repository.branch, safe='')}"
        tree = self._api.get(path, {"recursive": "1"}).json
        if tree.get("truncated"):
            raise ReadError(f"the tree of {repository.name} is too large to be read without a token")
        return [
            File(one["path"], one["sha"])
            for one in tree["tree"]
            if one["type"] == "blob" and match(one["path"], patterns)
        ]

    def read(self, repository: Repository, path: str) -> bytes:
        """One file of the branch."""
        return self._probe.take(repository, path)

    def target(self, repository: Repository, path: str) -> str:
        """The URL of a file as Backstage's module gives it."""
        return f"{repository.url}/blob/{repository.branch}/{path}"

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """Refused: who has no token has no webhook either."""
        raise CatalogError("forbidden", "this source is read without a token and takes no webhooks")

    def _read(self, repository: Repository, path: str) -> bytes:
        url = f"{repository.name}/{quote(repository.branch)}/{quote(path)}"
        return self._raw.get(url, is_json=False, keep=False).body

    @expected_of("GitHub")
    def _repository(self, value: Json) -> Repository:
        pushed = value["pushed_at"] or ""
        age = time.time() - datetime.fromisoformat(pushed).timestamp() if pushed else _SETTLING
        unsettled = f" {int(time.time() // _AGAIN)}" if age < _SETTLING else ""
        return Repository(
            value["full_name"],
            value["html_url"],
            (self._branch or value["default_branch"]) if pushed else "",
            pushed + unsettled,
            value["archived"],
            value["fork"],
            value.get("visibility", "public"),
            tuple(value.get("topics", ())),
        )
