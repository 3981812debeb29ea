"""The projects of a Gerrit that a query finds, by its REST API 3.x; a glob is looked for in Gitiles, its file browser."""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote

from pydantic import Field

from catalog.errors import CatalogError, ReadError
from ingestors.fetch import Api, RateLimitError
from ingestors.forge import File, Forge, Hook, Repository, is_glob, match
from ingestors.forge_sections import Branched, ForgeSection
from ingestors.outside import Asked
from ingestors.probe import Probe
from ingestors.shapes import expected_of

_PREFIX: Final = b")]}'"  # before all JSON, so that no page can run it as a script
_WORKERS: Final = 8
_UNKNOWN: Final = "unknown"  # the branch of a project that could not be asked for it
_LIMITS: Final = {"n", "limit", "S", "start"}  # with one of these, the query itself says which page is wanted
_LINK: Final = 0o120000


class Gerrit(Branched, ForgeSection):
    """The projects of a Gerrit."""

    type: Literal["gerrit"] = Field(description="Projects on Gerrit.")
    query: str = Field(
        description="Which projects: what follows `/projects/?` in Gerrit's API, such as `type=CODE` or `p=shop`.",
        min_length=1,
    )

    @property
    def what(self) -> Sequence[str]:
        """The query."""
        return (self.query,)

    def open_forge(self, asked: Asked) -> Forge:
        """The host, whose API is elsewhere for who says who they are."""
        host, login = asked.host, asked.login
        api = asked.api("/a" if login.password or login.token else "")
        trees = f"{api.base}{host.gitiles.removeprefix(host.base)}" if host.gitiles.startswith(host.base) else ""
        return GerritForge(api, host.gitiles, self.query, branch=self.branch, trees=trees)


class GerritForge:
    """The projects that `query` finds. `branch` is read in each, the one that its HEAD names where it is empty.

    `url` is where Gitiles shows files, `trees` where it is asked for them; with none globs cannot be looked for.
    """

    presence = "optional"

    def __init__(self, api: Api, url: str, query: str, *, branch: str = "", trees: str = "plugins/gitiles") -> None:
        self._api, self._url, self._query, self._branch, self._trees = api, url.rstrip("/"), query, branch, trees
        self._probe = Probe(self._read)

    def marks(self) -> str | None:
        """The host tells of no change but by each project's branches."""
        return None

    @expected_of("Gerrit")
    def repositories(self) -> list[Repository]:
        """Every project that the query finds, each with the commit its branch is at."""
        found = self._list()
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="list") as pool:
            return list(pool.map(self._repository, found, found.values()))

    @expected_of("Gerrit")
    def repository(self, name: str) -> Repository | None:
        """One project."""
        try:
            return self._repository(name, self._get(_path(name)))
        except ReadError as error:
            if error.missing:
                return None
            raise

    @expected_of("Gerrit")
    def files(self, repository: Repository, patterns: Sequence[str]) -> Sequence[File]:
        """One request for each path; the whole tree where a pattern is a glob."""
        if repository.branch == _UNKNOWN:
            raise ReadError(f"the branch of {repository.name} could not be read")
        if not any(map(is_glob, patterns)):
            return self._probe.find(repository, patterns)
        if not self._trees:
            raise ReadError(
                f"files of {repository.name} cannot be listed: Gitiles is not below the Gerrit's own address"
            )
        tree = self._get(f"{self._trees}/{quote(repository.name)}/+/{_ref(repository)}/?format=JSON&recursive=true")
        files = [one for one in tree["entries"] if one["type"] == "blob" and one["mode"] != _LINK]
        return [File(one["name"], one["id"], one["id"]) for one in files if match(one["name"], patterns)]

    def read(self, repository: Repository, path: str) -> bytes:
        """One file of the branch."""
        return self._probe.take(repository, path)

    def target(self, repository: Repository, path: str) -> str:
        """The file's page in Gitiles."""
        return f"{repository.url}/+/refs/heads/{repository.branch}/{path}"

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """Refused: a Gerrit itself sends none, and what its plugin sends is not signed."""
        raise CatalogError("forbidden", "a Gerrit's webhooks are not signed, and are not taken")

    def _list(self) -> dict[str, Any]:
        """The projects by name. The last of a page says whether there are more."""
        found: dict[str, Any] = {}
        while True:
            page = self._get(f"projects/?{self._query}" + (f"&S={len(found)}" if found else ""))
            if found and not found.keys().isdisjoint(page):
                raise ReadError("the list of projects has changed while it was read")
            is_next = bool(found)
            found |= page
            if is_next and not page:
                raise ReadError(f"the list of projects was cut short: {len(found)}, and more were told of")
            last: dict[str, Any] = next(reversed(page.values()), {})
            if not last.get("_more_projects") or not _LIMITS.isdisjoint(dict(parse_qsl(self._query))):
                return found

    def _repository(self, name: str, value: Mapping[str, Any]) -> Repository:
        """What cannot be told of one project does not hold up the others."""
        try:
            branch = self._branch or self._head(name)
            commit = self._commit(name, branch) if branch else ""
        except RateLimitError:
            raise
        except ReadError:
            branch, commit = _UNKNOWN, f"{_UNKNOWN} {time.time_ns()}"
        archived = value.get("state", "ACTIVE") != "ACTIVE"
        return Repository(name, f"{self._url}/{name}", branch if commit else "", commit, archived=archived)

    def _head(self, name: str) -> str:
        """The branch that a project's HEAD names."""
        head = self._get(f"{_path(name)}/HEAD")
        return head.removeprefix("refs/heads/") if head.startswith("refs/heads/") else ""

    def _commit(self, name: str, branch: str) -> str:
        """The commit that a branch is at, empty where there is none; that is asked twice: one wrong answer is no loss."""
        for attempt in range(2):
            try:
                found = self._get(f"{_path(name)}/branches/{quote(branch, safe='')}")
            except ReadError as error:
                if not error.missing:
                    raise
                continue
            if attempt:
                self._api.note(f"{name}: its branch was said not to be there, and was")
            return str(found["revision"])
        return ""

    def _read(self, repository: Repository, path: str) -> bytes:
        """What packs a file into base64 does not let a page pass for one."""
        at = f"{_path(repository.name)}/branches/{quote(repository.branch, safe='')}/files/{quote(path, safe='')}/content"
        with expected_of("Gerrit"):
            return base64.b64decode(self._api.get(at, is_json=False, keep=False).body, validate=True)

    @expected_of("Gerrit")
    def _get(self, path: str) -> Any:
        body = self._api.get(path, is_json=False, keep=False).body
        if not body.startswith(_PREFIX):
            raise ReadError(f"what came for {path.partition('?')[0]} is not from Gerrit's API")
        return json.loads(body.removeprefix(_PREFIX))


def _path(name: str) -> str:
    return f"projects/{quote(name, safe='')}"


def _ref(repository: Repository) -> str:
    return f"refs/heads/{quote(repository.branch)}"
