"""What the URLs of code hosts mean: where a file is edited, its folder, a target relative to it, and where its bytes are.

Facts of Backstage's integrations and of the URL parsers beneath them, quirks included (reference section 5.5). Pure: it
reads nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from ada_url import URL, URLSearchParams

from catalog.errors import ReadError
from catalog.scm.forms import parse_azure, parse_gerrit, parse_gitea
from catalog.scm.giturl import GitUrl, UrlError, decode, encode, parse_file_url, parse_git_url, parse_url, with_query

HostType = Literal["github", "gitlab", "bitbucketCloud", "bitbucketServer", "azure", "gitea", "gerrit"]

_COMMIT = re.compile(r"\b[0-9a-f]{40,}\b", re.ASCII)
_GITHUB_FILE = re.compile(r"//([^/]+)/([^/]+)/([^/]+)/(?:blob|tree|edit)/")
_GITLAB_FILE = re.compile(r"/-/(?:blob|tree|edit)/")


class UnformedError(ReadError):
    """A placeholder's value gives, with the URL of the file it stands in, none that may be read."""


@dataclass(frozen=True, slots=True)
class Host:
    """One code host: `name` is `host[:port]` as in its URLs.

    The rest is where its pages and its API are, no slash at the end; where empty, they are where such a host has them.
    """

    name: str
    type: HostType
    base_url: str = ""
    api_url: str = ""
    raw_url: str = ""
    gitiles_url: str = ""
    is_editable: bool = True

    @property
    def base(self) -> str:
        """Where its pages start."""
        return self.base_url or f"https://{self.name}"

    @property
    def api(self) -> str:
        """Where its API starts."""
        return self.api_url or f"https://{self.name}{_API_PATHS.get(self.type, '')}"

    @property
    def gitiles(self) -> str:
        """Where the file browser of a Gerrit starts."""
        return self.gitiles_url or f"{self.base}/plugins/gitiles"


_API_PATHS: Final = {"github": "/api/v3", "bitbucketServer": "/rest/api/1.0"}


DEFAULT_HOSTS: Final = (
    Host("github.com", "github", api_url="https://api.github.com", raw_url="https://raw.githubusercontent.com"),
    Host("gitlab.com", "gitlab", api_url="https://gitlab.com/api/v4"),
    Host("bitbucket.org", "bitbucketCloud", api_url="https://api.bitbucket.org/2.0"),
    Host("dev.azure.com", "azure"),
)
"""The hosts that Backstage knows without configuration (reference section 5.4)."""


class Hosts:
    """The code hosts by name: those given, and the default ones that they do not replace."""

    def __init__(self, hosts: Iterable[Host] = ()) -> None:
        self._hosts = {host.name: host for host in (*DEFAULT_HOSTS, *hosts)}

    @classmethod
    def of_types(cls, types: Mapping[str, HostType]) -> "Hosts":
        """From `host[:port]` to what runs there."""
        return cls(Host(name, type) for name, type in types.items())

    def find(self, url: str) -> Host | None:
        """The host that a URL is on; None for any other place, and for what is no URL."""
        try:
            return self._hosts.get(parse_url(url).host)
        except UrlError:
            return None


def annotations_of(url: str, hosts: Hosts) -> dict[str, str]:
    """The annotations that an entity read from the URL gets (reference section 4.6)."""
    found = {"backstage.io/view-url": url} if url else {}
    host = hosts.find(url)
    if host is None:
        return found
    try:
        if not _COMMIT.search(url):
            found["backstage.io/edit-url"] = edit_url(url, host)
        found["backstage.io/source-location"] = f"url:{resolve_url('./', url, hosts)}"
    except UrlError:  # Backstage refuses the whole entity then; it is sound without the annotation
        pass
    return found


def edit_url(url: str, host: Host) -> str:
    """Where a browser edits the file. Raises `UrlError` where the URL is no file's."""
    return _EDIT[host.type](url, host)


def raw_url(url: str, host: Host) -> str:
    """Where the file's bytes are to be had without a token. Raises `UrlError` where the URL is no file's."""
    return _RAW[host.type](url, host)


def resolve_url(target: str, base: str, hosts: Hosts) -> str:
    """The URL that `target` names in the file at `base`; `/x` is at the root of the repository. Raises `UrlError`."""
    host = hosts.find(base)
    resolve = _RESOLVE.get(host.type, _resolve) if host else _resolve
    return resolve(target, base, host)


def resolve_placeholder(target: str, base: str, hosts: Hosts) -> str:
    """The same for a placeholder, which may only name files of its own repository (reference section 5.6)."""
    try:
        url = resolve_url(target, base, hosts)
        _check_repository(url, base)
    except UrlError as error:
        raise UnformedError(f"could not form a URL out of {base} and {target}, {error.name}: {error}") from error
    return url


def _check_repository(url: str, base: str) -> None:
    try:
        named, own = parse_git_url(url), parse_git_url(base)
    except UrlError:
        return
    if not all((named.owner, named.name, named.path, own.owner, own.name, own.path)):
        return
    if (named.resource, named.full_name) != (own.resource, own.full_name):
        raise UrlError("Error", "Placeholder may only reference files from the same repository as the entity")


def _resolve(target: str, base: str, host: Host | None) -> str:
    if URL.can_parse(target):
        return target
    if target.startswith("/"):
        found = parse_file_url(base)
        if found.path is None:
            raise UrlError("TypeError", "Cannot read properties of undefined (reading 'length')")
        url = parse_url(re.sub("/$", "", parse_url(base).href))
        # The decoded path's length cuts the encoded one, which goes wrong with encoded characters as it does there.
        length = len(found.path.encode("utf-16-le")) // 2
        with suppress(ValueError):  # `mailto:` and such have no path to change
            url.pathname = url.pathname[: max(0, len(url.pathname) - length)].rstrip("/") + target
    else:
        url = parse_url(target, base)
    url.search = parse_url(base).search
    return url.href


def _resolve_github(target: str, base: str, host: Host | None) -> str:
    return _to_github(_resolve(target, base, host), "tree")


def _resolve_azure(target: str, base: str, host: Host | None) -> str:
    if URL.can_parse(target):
        return target
    try:
        path = parse_azure(base).path
        return with_query(parse_url(base), path=parse_url(target, f"https://a.com{path}").pathname)
    except UrlError:
        return parse_url(target, base).href


def _resolve_gerrit(target: str, base: str, host: Host | None) -> str:
    if host is None or not target.startswith("/"):
        return (parse_url(target, base) if target else parse_url(base)).href
    path = parse_gerrit(base, host.gitiles).path
    return base.replace(path, "", 1).rstrip("/") + target


def _to_github(url: str, kind: str) -> str:
    return _GITHUB_FILE.sub(rf"//\1/\2/\3/{kind}/", url, count=1)


def _edit_bitbucket(url: str, host: Host) -> str:
    return with_query(parse_url(url), mode="edit", at=parse_git_url(url).ref)


def _edit_gitea(url: str, host: Host) -> str:
    owner, name, ref, path = parse_gitea(url, host.base)
    return f"{host.base}/{owner}/{name}/_edit/{ref}/{path}"


def _edit_gerrit(url: str, host: Host) -> str:
    if not host.is_editable:
        return url
    found = parse_gerrit(url, host.gitiles)
    file = f"branch/refs/heads/{found.ref}/file/{found.path.lstrip('/')}"
    return f"{host.base}/admin/repos/edit/repo/{found.project}/{file}"


def _raw_github(url: str, host: Host) -> str:
    found = _file_of(url, ("blob", "raw", "tree"), "GitHub")
    repository, path = f"{found.owner}/{found.name}", (found.path or "").removeprefix("/")
    if host.raw_url:
        return f"{host.raw_url}/{repository}/{found.ref}/{path}"
    return f"{host.api}/repos/{repository}/contents/{path}?ref={found.ref}"


def _raw_gitlab(text: str, host: Host) -> str:
    url = parse_url(text)
    below = parse_url(host.base).pathname.rstrip("/")
    if "/blob/" not in url.pathname:
        message = f"Failed extracting project path from {url.pathname}. Url path must include /blob/."
        raise UrlError("Error", message)
    project, _, rest = url.pathname.partition("/blob/")
    project = project.removesuffix("/-")
    if below and not project.startswith(f"{below}/"):
        message = f"Failed extracting project path from {url.pathname}. Url path must start with {below}/."
        raise UrlError("Error", message)
    project = project.removeprefix(below).removeprefix("/")
    ref, _, path = rest.partition("/")
    url.pathname = f"{below}/api/v4/projects/{encode(project)}/repository/files/{encode(decode(path))}/raw"
    url.search = ""
    return with_query(url, ref=decode(ref))


def _raw_bitbucket(url: str, host: Host) -> str:
    found = _file_of(url, ("src", "raw"), "Bitbucket Cloud")
    path = (found.path or "").removeprefix("/")
    return f"{host.api}/repositories/{found.owner}/{found.name}/src/{found.ref}/{path}"


def _raw_bitbucket_server(url: str, host: Host) -> str:
    found = _file_of(url, ("browse", "raw", "src"), "Bitbucket Server", needs_ref=False)
    query = URLSearchParams("")
    query.set("at", found.ref)
    api, path = host.api, (found.path or "").removeprefix("/")
    return f"{api}/projects/{found.owner}/repos/{found.name}/raw/{path}?{query}"


def _file_of(url: str, kinds: tuple[str, ...], title: str, *, needs_ref: bool = True) -> GitUrl:
    try:
        found = parse_file_url(url)
        is_file = found.owner and found.name and (found.ref or not needs_ref) and found.path_type in kinds
        if not is_file or {"?", "#"} & {*found.owner, *found.name}:  # an address would end there
            raise UrlError("Error", f"Invalid {title} URL or file path")
    except UrlError as error:
        raise UrlError("Error", f"Incorrect URL: {url}, {error.name}: {error}") from error
    return found


def _raw_azure(url: str, host: Host) -> str:
    found = parse_azure(url)
    if not found.path:
        message = "Azure URL must point to a specific path to be able to download a file"
        raise UrlError("Error", message)
    owner = [] if found.origin.endswith(".visualstudio.com") else [found.owner]
    api = "/".join(map(encode, [*owner, found.project, "_apis", "git", "repositories", found.name, "items"]))
    values = {"api-version": "6.0", "path": found.path} | ({"version": found.ref} if found.ref else {})
    return with_query(parse_url(f"{found.origin}/{api}"), **values)


def _raw_gitea(url: str, host: Host) -> str:
    owner, name, ref, path = parse_gitea(url, host.base)
    return f"{host.base}/api/v1/repos/{owner}/{name}/contents/{path}?ref={ref}"


def _raw_gerrit(url: str, host: Host) -> str:
    found = parse_gerrit(url, host.gitiles)
    kinds = {"branch": "branches", "sha": "commits"}
    if found.ref_type not in kinds:
        raise UrlError("Error", f"Unsupported gitiles ref type: {found.ref_type}")
    at = f"{kinds[found.ref_type]}/{found.ref}/files/{encode(found.path)}"
    return f"{host.base}/projects/{encode(found.project)}/{at}/content"


_RESOLVE: Final[dict[str, Callable[[str, str, Host | None], str]]] = {
    "github": _resolve_github,
    "azure": _resolve_azure,
    "gerrit": _resolve_gerrit,
}
_EDIT: Final[dict[HostType, Callable[[str, Host], str]]] = {
    "github": lambda url, host: _to_github(url, "edit"),
    "gitlab": lambda url, host: _GITLAB_FILE.sub("/-/edit/", url, count=1),
    "bitbucketCloud": _edit_bitbucket,
    "bitbucketServer": lambda url, host: url.partition("?")[0],
    "azure": lambda url, host: url,
    "gitea": _edit_gitea,
    "gerrit": _edit_gerrit,
}
_RAW: Final[dict[HostType, Callable[[str, Host], str]]] = {
    "github": _raw_github,
    "gitlab": _raw_gitlab,
    "bitbucketCloud": _raw_bitbucket,
    "bitbucketServer": _raw_bitbucket_server,
    "azure": _raw_azure,
    "gitea": _raw_gitea,
    "gerrit": _raw_gerrit,
}
