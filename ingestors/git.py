"""One git repository at any URL, read with the git program: one request tells whether there is anything new.

Where its pages are known, each file becomes a generated Location at its URL there, as for Backstage's `catalog.locations`;
else it is a location of type `git`, `URL#branch:path`. What files name in the same repository is read from the same commit.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote, unquote

from ada_url import URL
from codeowners import CodeOwners
from pydantic import Field, StrictBool

from catalog import scm
from catalog.documents import Cache, Document, Location, Root, Source, Unread, Usage
from catalog.errors import CatalogError, ReadError
from catalog.scm.giturl import UrlError, parse_git_url
from ingestors.clone import Blob, Clone, Head
from ingestors.codeowners import PLACES, find_codeowners, tell_owner
from ingestors.forge import is_glob, match
from ingestors.outside import Outside
from ingestors.refusals import refuse_type
from ingestors.sections import Scheduled
from ingestors.settings.texts import Target
from ingestors.url import UrlReader

PATTERNS: Final = ("**/catalog-info.yaml", "**/catalog-info.yml")
_FORMS: Final = {
    "gitlab": "{web}/-/blob/{branch}/{path}",
    "bitbucketCloud": "{web}/src/{branch}/{path}",
    "bitbucketServer": "{web}/browse/{path}?at={branch}",
    "azure": "{web}?path=/{path}&version=GB{branch}",
    "gitea": "{web}/src/branch/{branch}/{path}",
    "gerrit": "{web}/+/refs/heads/{branch}/{path}",
}
_FORM: Final = "{web}/blob/{branch}/{path}"
_NO_BRANCH: Final = re.compile(r"[\s~^:?*\[\\\x00-\x1f]|\.\.|@\{|^[-/]|[/.]$")


class Git(Scheduled):
    """One git repository, read by the git program."""

    type: Literal["git"] = Field(description="A git repository.")
    url: Target = Field(description="What `git clone` takes.")
    web_url: str = Field(default="", description="The repository's page; told from `url` on known code hosts.")
    branch: str = Field(default="", description="Branch to read; the default one if not given.")
    patterns: tuple[str, ...] = Field(default=(), description="Files to read: paths, or globs; `**/` is any depth.")
    codeowners: StrictBool = Field(default=False, description="An entity that lacks an owner gets that of CODEOWNERS.")

    @property
    def what(self) -> Sequence[str]:
        """The repository."""
        return (self.url,)

    def open(self, outside: Outside) -> Source:
        """The repository, asked with the token of its host where that is known."""
        host = outside.reader.hosts.find(self.url)
        return GitSource(
            self.title,
            self.url,
            self.branch,
            self.patterns,
            outside.cache(self.title),
            Usage(),
            outside.reader,
            outside.workdir,
            outside.login(host.name).git_token if host is not None else None,
            self.web_url,
            codeowners=self.codeowners,
        )


class GitSource:
    """The files of one branch that match a pattern; "" is the default branch.

    `web_url` is the page of the repository; without one it is told from `url` where that is on a known code host. With
    `codeowners` an entity that lacks the owner it needs gets the one of CODEOWNERS.
    """

    def __init__(
        self,
        name: str,
        url: str,
        branch: str,
        patterns: Sequence[str],
        cache: Cache,
        usage: Usage,
        reader: UrlReader,
        workdir: Path,
        token: str | None = None,
        web_url: str = "",
        *,
        codeowners: bool = False,
    ) -> None:
        if _NO_BRANCH.search(branch):
            raise CatalogError("invalid", f"`{branch}` is not the name of a branch")
        self.name, self.cache, self.usage = name, cache, usage
        self.url, self.branch, self.patterns = url, branch, tuple(patterns) or PATTERNS
        self.clone = Clone(url, workdir, usage, token)
        self.web_url = (web_url or tell_page(url, reader.hosts)).rstrip("/")
        self._reader, self._has_owners = reader, codeowners
        self._head: Head | None = None
        self._tree: dict[str, str] | None = None
        self._owners: CodeOwners | None = None

    def crawl(self) -> Iterator[Document | Root | Unread]:
        """Each matching file once, sorted by path."""
        self._head = self._tree = self._owners = None
        paths = sorted(blob.path for blob in self._find(self.patterns))
        self.usage.total = len(paths)
        contents = self._read_all([*paths, *(PLACES if self._has_owners else ())])
        for path in paths:
            location, content = self._locate(path), contents[path]
            self.usage.done += 1
            if self.web_url:
                yield Root(location, annotations=scm.annotations_of(location.target, self._reader.hosts))
            elif isinstance(content, ReadError):
                yield Unread(location, content.message)
            else:
                yield self._document(location, path, content)
        self._tree = None

    def read(self, target: str, base: Location, kind: str) -> list[Document]:
        """The files that a Location names: of this repository by its URLs or relative, globs allowed; any other by its URL."""
        if kind not in ("url", base.type):
            raise refuse_type()
        if base.type == "git" and not URL.can_parse(target):
            return self._read_own(self._join(base, target))
        url = self._reader.resolve(target, base.target) if base.type == "url" else target
        path = self._own_path(url)
        return self._reader.read(url) if path is None else self._read_own(path, url)

    def fetch(self, target: str, base: Location) -> bytes:
        """The file that a placeholder names, of this repository at this commit, or by an absolute URL."""
        if base.type == "git" and not URL.can_parse(target):
            return self._content(self._join(base, target))
        url = scm.resolve_placeholder(target, base.target, self._reader.hosts) if base.type == "url" else target
        path = self._own_path(url)
        return self._reader.fetch(url) if path is None else self._content(path)

    # -- where things are

    @property
    def _tip(self) -> Head:
        """The commit that this crawl reads, whatever is pushed meanwhile."""
        if self._head is None:
            self._head = self.clone.head(self.branch)
        return self._head

    def _locate(self, path: str) -> Location:
        if not self.web_url:
            return Location("git", f"{self.url}#{self._tip.branch}:{path}")
        host = self._reader.hosts.find(self.web_url)
        form = _FORMS.get(host.type, _FORM) if host else _FORM
        return Location("url", form.format(web=self.web_url, branch=quote(self._tip.branch), path=quote(path)))

    def _own_path(self, url: str) -> str | None:
        """The path of a URL in this repository and branch; None for any other."""
        start = self._locate("").target
        if self.web_url and url.startswith(start):
            path = unquote(url.removeprefix(start))
            return path if posixpath.normpath(path) == path and not path.startswith("../") else None
        try:
            own, named = parse_git_url(self.web_url), parse_git_url(url)
        except UrlError:
            return None
        if not self.web_url or (own.resource, own.full_name) != (named.resource, named.full_name):
            return None
        branch, at = f"{self._tip.branch}/", f"{named.ref}/{named.path}"
        # A parser of URLs cannot know where a branch with a slash in its name ends; here it is known.
        at = at.removeprefix("branch/") if named.ref == "branch" else at
        return at.removeprefix(branch) if at.startswith(branch) and len(at) > len(branch) else None

    def _join(self, base: Location, target: str) -> str:
        """A path in this repository. Raises `ReadError` for one outside of it."""
        folder = posixpath.dirname(base.target.removeprefix(self._locate("").target))
        path = posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target))
        if path.startswith("../") or path in ("..", "."):
            raise ReadError(f"{target} is outside of the repository {self.url}", forbidden=True)
        return path

    # -- what is there

    def _read_own(self, path: str, url: str = "") -> list[Document]:
        """The files of a path or a glob. A file of a URL is at that very URL, as for Backstage."""
        resolve = self._reader.resolve
        if not is_glob(path):
            locations = {path: Location("url", url) if url else self._locate(path)}
        else:
            found = sorted(blob.path for blob in self._find((path,)))
            locations = {
                one: Location("url", resolve(self._locate(one).target, url)) if url else self._locate(one)
                for one in found
            }
        try:
            if not locations:
                raise ReadError(f"no file of {self.url} matches {path}", missing=True)
            return [self._document(location, one, self._content(one)) for one, location in locations.items()]
        except ReadError as error:
            if not error.missing:
                raise
            message = f"Unable to read url, no matching files found for {url or path}"
            raise ReadError(message, missing=True) from error

    def _document(self, location: Location, path: str, content: bytes) -> Document:
        is_url = location.type == "url"
        annotations = scm.annotations_of(location.target, self._reader.hosts) if is_url else {}
        return Document(location, content, annotations, owner=self._owner_of(path))

    def _owner_of(self, path: str) -> str:
        if not self._has_owners:
            return ""
        if self._owners is None:
            self._owners = find_codeowners(self._content)
        return tell_owner(self._owners, path)

    def _content(self, path: str) -> bytes:
        content = self._read_all([path])[path]
        if isinstance(content, ReadError):
            raise content
        return content

    def _find(self, patterns: Sequence[str]) -> list[Blob]:
        """The files that patterns match, as remembered for this commit or from its tree."""
        key = f"files {self._tip.commit} {json.dumps(patterns)}"
        kept = self.cache.get(key)
        if kept is not None:
            return [Blob(*one) for one in json.loads(kept)]
        found = [Blob(path, one) for path, one in self._all().items() if match(path, patterns)]
        self.cache.put(key, json.dumps(found).encode())
        for blob in found:
            self.cache.put(f"path {self._tip.commit} {blob.path}", blob.id.encode())
        return found

    def _read_all(self, paths: Sequence[str]) -> dict[str, bytes | ReadError]:
        """Files by their paths: from the cache where their blobs are known, the others at once; not there is an error."""
        ids = self._ids(paths)
        known = {one: self.cache.get(f"blob {one}") for one in set(ids.values()) - {""}}
        self.usage.cached += sum(content is not None for content in known.values())
        new = self.clone.contents(self._tip.commit, [one for one, content in known.items() if content is None])
        for one, content in new.items():
            if isinstance(content, bytes):
                self.cache.put(f"blob {one}", content)
        found: dict[str, bytes | ReadError] = {}
        for path, one in ids.items():
            missing = ReadError(f"{path} is not a file of {self.url} at {self._tip.branch}", missing=True)
            kept = known.get(one)
            found[path] = kept if kept is not None else new.get(one, missing)
        return found

    def _ids(self, paths: Sequence[str]) -> dict[str, str]:
        """The ids of files by their paths, "" where a path is none."""
        commit = self._tip.commit
        kept = {path: self.cache.get(f"path {commit} {path}") for path in paths}
        ids: dict[str, str] = {}
        for path, one in kept.items():
            ids[path] = self._all().get(path, "") if one is None else one.decode()
            if one is None:
                self.cache.put(f"path {commit} {path}", ids[path].encode())
        return ids

    def _all(self) -> dict[str, str]:
        """Every file of the commit, with its id."""
        if self._tree is None:
            self._tree = {blob.path: blob.id for blob in self.clone.tree(self._tip.commit)}
        return self._tree


def tell_page(url: str, hosts: scm.Hosts) -> str:
    """The page of a repository on a code host, from the URL it is cloned by; "" elsewhere."""
    short = re.fullmatch(r"(?:ssh://)?git@([\w.-]+)[:/](?!\d+/)(.+)", url)
    page = (f"https://{short[1]}/{short[2]}" if short else url).rstrip("/").removesuffix(".git")
    host = hosts.find(page) if page.startswith(("https://", "http://")) else None
    return page if host is not None and host.type not in ("bitbucketServer", "gerrit") else ""
