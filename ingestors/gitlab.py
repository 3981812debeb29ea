"""GitLab as a code host: the projects of a group with its subgroups, or of a whole instance (reference section 11.3)."""

import base64
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, StrictBool

from catalog.documents import Json
from catalog.errors import CatalogError, ReadError
from ingestors.fetch import Api
from ingestors.forge import PATTERNS, File, Forge, Hook, Repository, is_glob, match
from ingestors.forge_sections import Branched, ForgeSection
from ingestors.hooks import check_secret, dig, header, read_payload
from ingestors.outside import Asked
from ingestors.paging import read_by_id, read_pages
from ingestors.probe import Probe
from ingestors.settings.texts import Expression
from ingestors.shapes import expected_of

FALLBACK_BRANCH: Final = "master"
_RECENT_SECONDS: Final = 7_200.0
_PUSHES: Final = ("push", "tag_push", "repository_update")
_PROJECT_EVENTS: Final = ("project_create", "project_destroy", "project_rename", "project_transfer", "project_update")
_GROUP_EVENTS: Final = ("group_rename", "group_destroy", "subgroup_destroy")


class GitLab(Branched, ForgeSection):
    """The projects of a GitLab group and its subgroups, or of a whole GitLab."""

    type: Literal["gitlab"] = Field(description="Projects on GitLab.")
    group: str = Field(default="", description="Full path of the group; every project that can be seen if not given.")
    host: str = Field(default="gitlab.com", description="The host, if not gitlab.com.")
    fallback_branch: str = Field(default=FALLBACK_BRANCH, description="Branch of projects that name no default one.")
    exclude: tuple[str, ...] = Field(default=(), description="Full paths of projects that are not read.")
    topics: tuple[str, ...] = Field(
        default=(), description="Only projects that have all of these topics; `filters.topics` asks for one of them."
    )
    project_pattern: Expression = Field(
        default="", description="Regular expression looked for in projects' full paths."
    )
    group_patterns: tuple[Expression, ...] = Field(
        default=(), description="Regular expressions, one of which must be found in the full path of a project's group."
    )
    membership: StrictBool = Field(default=False, description="Only projects that the token's user is a member of.")

    @property
    def what(self) -> Sequence[str]:
        """The group."""
        return (self.group,)

    def open_forge(self, asked: Asked) -> Forge:
        """The group, or the whole GitLab."""
        return GitLabForge(
            asked.api(),
            base_url=asked.host.base,
            group=self.group,
            patterns=self.paths,
            branch=self.branch,
            fallback_branch=self.fallback_branch or FALLBACK_BRANCH,
            project_pattern=self.project_pattern,
            group_patterns=self.group_patterns,
            excluded=self.exclude,
            topics=self.topics,
            membership=self.membership,
            secret=asked.secret,
        )


class GitLabForge:
    """The projects of one GitLab. `api` is at `/api/v4`, `base_url` where the pages are.

    Without a `group` the whole instance. `patterns` are those that the files will be asked for by. `project_pattern` and
    `group_patterns` are searched for in full paths, `excluded` are full paths, and of `topics` a project must have all:
    GitLab's own filter, which a source's is not. Without a `secret` no webhook is believed.
    """

    presence = "optional"

    def __init__(
        self,
        api: Api,
        *,
        base_url: str = "https://gitlab.com",
        group: str = "",
        patterns: Sequence[str] = PATTERNS,
        branch: str = "",
        fallback_branch: str = FALLBACK_BRANCH,
        project_pattern: str = "",
        group_patterns: Sequence[str] = (),
        excluded: Sequence[str] = (),
        topics: Sequence[str] = (),
        membership: bool = False,
        secret: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if urlsplit(base_url).hostname == "gitlab.com" and not (group or group_patterns or topics or membership):
            raise CatalogError("invalid", "all of gitlab.com is too much to read", "Name a `group`.")
        self._api, self._group, self._secret, self._clock = api, group.strip("/"), secret, clock
        self._patterns, self._branch, self._fallback = tuple(patterns), branch, fallback_branch
        self._project = re.compile(project_pattern)
        self._groups = [re.compile(pattern) for pattern in group_patterns]
        self._excluded = frozenset(excluded)
        self._params: dict[str, Any] = {"topic": ",".join(topics)} if topics else {}
        self._membership = membership
        self._probe = Probe(self._read)

    def marks(self) -> None:
        """None: GitLab tells of the last activity, but a rename, a move or another default branch is none."""
        return

    def repositories(self) -> Iterable[Repository]:
        """Every project in reach, sorted by its full path."""
        projects = {project["id"]: project for project in self._list() if self._accept(project)}
        return sorted((self._describe(one) for one in projects.values()), key=lambda one: one.name)

    def repository(self, name: str) -> Repository | None:
        """One project, with its branch's commit: that a push has just been is told before its time is kept."""
        answer = self._api.find(f"projects/{_encode(name)}")
        if answer is None:
            return None
        project = answer.json
        moved = not isinstance(project, dict) or project.get("path_with_namespace") != name
        if moved or not self._accept(project) or not self._is_below_pattern(project):
            return None
        return self._describe(project, is_pushed=True)

    def files(self, repository: Repository, patterns: Sequence[str]) -> Sequence[File]:
        """The files of the branch: each path is asked for, for globs the tree below their fixed part is read."""
        found = {
            file.path: file for file in self._probe.find(repository, [one for one in patterns if not is_glob(one)])
        }
        trees: dict[str, list[File]] = {}
        for pattern in (one.strip("/") for one in patterns if is_glob(one)):
            folder = _fixed_part(pattern)
            if folder not in trees:
                trees[folder] = self._read_tree(repository, folder)
            found |= {file.path: file for file in trees[folder] if match(file.path, [pattern])}
        return sorted(found.values(), key=lambda file: file.path)

    def read(self, repository: Repository, path: str) -> bytes:
        """One file of the branch."""
        return self._probe.take(repository, path)

    def target(self, repository: Repository, path: str) -> str:
        """The file's page."""
        return f"{repository.url}/-/blob/{repository.branch}/{path}"

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """What a project's, a group's or a system hook tells. Raises `CatalogError` without the secret's token."""
        check_secret(self._secret, header(headers, "x-gitlab-token"), "token")
        event = read_payload(body)
        kind = event.get("object_kind") or event.get("event_name")
        if kind in _GROUP_EVENTS:  # the paths of all projects below have changed
            return Hook(everything=True)
        if kind in _PROJECT_EVENTS:
            names = [event.get(key) or "" for key in ("old_path_with_namespace", "path_with_namespace")]
            return Hook(tuple(dict.fromkeys(name for name in names if name and self._is_in_group(name))))
        name = str(dig(event, "project", "path_with_namespace") or "")
        if kind not in _PUSHES or not name or not self._is_in_group(name) or not self._is_of_branch(event):
            return Hook()
        commits = event.get("commits")
        if not isinstance(commits, list) or not commits or len(commits) != event.get("total_commits_count"):
            return Hook((name,))  # GitLab tells 20 commits at most, and none to system hooks
        paths = {path for one in commits for key in ("added", "modified", "removed") for path in dig(one, key) or ()}
        if any(match(path, self._patterns) for path in paths):
            return Hook((name,))
        return Hook(touched=tuple((name, path) for path in sorted(paths)))

    # -- projects

    def _list(self) -> Iterable[Json]:
        if not self._group and not self._groups:
            params = self._params | ({"membership": "true"} if self._membership else {})
            yield from read_by_id(self._api, "projects", params)
            return
        # A group's projects come by number only: GitLab has no pages by id for them.
        params = self._params | {"include_subgroups": "true", "order_by": "id", "sort": "asc"}
        for group in self._find_groups() if self._groups else [self._group]:
            yield from read_pages(self._api, f"groups/{_encode(group)}/projects", params)

    def _find_groups(self) -> list[str]:
        """The groups that a pattern matches, without those below another of them."""
        groups = read_pages(self._api, "groups", {"order_by": "id", "sort": "asc"})
        paths = sorted(str(group.get("full_path") or "") for group in groups)
        matched = [path for path in paths if any(pattern.search(path) for pattern in self._groups)]
        near = [path for path in matched if self._is_in_group(f"{path}/") or self._group.startswith(f"{path}/")]
        return [path for path in near if not any(path.startswith(f"{other}/") for other in near)]

    def _accept(self, project: Json) -> bool:
        path = str(project.get("path_with_namespace") or "")
        return bool(self._project.search(path)) and self._is_in_group(path) and path not in self._excluded

    def _is_in_group(self, path: str) -> bool:
        return not self._group or path.startswith(f"{self._group}/")

    def _is_below_pattern(self, project: Json) -> bool:
        if not self._groups:
            return True
        parts = str(project["path_with_namespace"]).split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts))]
        above += [str(one.get("group_full_path")) for one in project.get("shared_with_groups") or ()]
        return any(pattern.search(path) for pattern in self._groups for path in above)

    def _describe(self, project: Json, *, is_pushed: bool = False) -> Repository:
        try:
            has_files = not project.get("empty_repo") and project.get("repository_access_level") != "disabled"
            branch = (self._branch or project.get("default_branch") or self._fallback) if has_files else ""
            return Repository(
                name=project["path_with_namespace"],
                url=project["web_url"],
                branch=branch,
                version=self._tell_version(project, branch, is_pushed=is_pushed),
                archived=bool(project.get("archived")),
                fork="forked_from_project" in project,
                visibility=project.get("visibility") or "",
                topics=tuple(project.get("topics") or ()),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReadError(f"{self._api.base} describes a project without {error}") from error

    def _tell_version(self, project: Json, branch: str, *, is_pushed: bool) -> str:
        """The time of the last activity, or the branch's commit where that may say too little.

        GitLab keeps that time at most once an hour, so a push within the hour after may not show; nor may a mirror's.
        """
        at = str(project["last_activity_at"])
        age = self._clock() - datetime.fromisoformat(at).timestamp()
        if not branch or not (is_pushed or age < _RECENT_SECONDS or project.get("mirror")):
            return at
        try:
            url = f"projects/{project['id']}/repository/commits/{_encode(branch)}"
            return str(self._api.get(url, {"stats": "false"}, keep=False).json["id"])
        except ReadError as error:
            if error.missing or error.forbidden:  # no such branch, or no right to see it: it has no files for us
                return at
            raise

    # -- files

    @expected_of("GitLab")
    def _read(self, repository: Repository, path: str) -> bytes:
        """Packed into JSON: what is cut or another's answer cannot pass for a file."""
        url = f"projects/{_encode(repository.name)}/repository/files/{_encode(path)}"
        found = self._api.get(url, {"ref": repository.branch}, keep=False).json
        return base64.b64decode(found["content"])

    def _read_tree(self, repository: Repository, folder: str) -> list[File]:
        url = f"projects/{_encode(repository.name)}/repository/tree"
        params = {"ref": repository.branch, "recursive": "true", "pagination": "keyset", "per_page": 100}
        files: list[File] = []
        try:
            answer = self._api.get(url, params | ({"path": folder} if folder else {}), keep=False)
            while True:
                files += [File(one["path"], one["id"]) for one in answer.json if one["type"] == "blob"]
                if not answer.next:
                    return files
                answer = self._api.get(answer.next, keep=False)
        except ReadError as error:
            if error.missing and not files:
                return []  # no such branch or folder
            raise
        except (KeyError, TypeError) as error:
            raise ReadError(f"{url} did not answer with a tree") from error

    def _is_of_branch(self, event: Json) -> bool:
        branch = self._branch or dig(event, "project", "default_branch") or self._fallback
        told = [event.get("ref"), *(event.get("refs") or ())]
        told += [dig(change, "ref") for change in event.get("changes") or ()]
        return f"refs/heads/{branch}" in told or (bool(self._branch) and f"refs/tags/{branch}" in told)


def _fixed_part(pattern: str) -> str:
    """The folder that a glob starts in: the parts of it before the first that stands for many."""
    parts = pattern.split("/")
    return "/".join(parts[: next(number for number, part in enumerate(parts) if is_glob(part))])


def _encode(text: str) -> str:
    return quote(text, safe="")
