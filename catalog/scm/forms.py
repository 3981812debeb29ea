"""The URL forms of single code hosts that say more than the words in a path do: Azure DevOps, Gitea, Gerrit."""

import re
from typing import NamedTuple

from ada_url import URLSearchParams

from catalog.scm.giturl import UrlError, check_inside, decode, parse_url

_GERRIT_REF = re.compile(r"refs/(heads|tags)/(.*?)(?:/|$)")


class AzureUrl(NamedTuple):
    """A repository or a file in it; `path` and `ref` are empty where the URL does not say."""

    origin: str
    owner: str
    project: str
    name: str
    path: str
    ref: str


def parse_azure(text: str) -> AzureUrl:
    """The parts of a repository's URL on Azure DevOps or its older domain. Raises `UrlError`."""
    url = parse_url(text)
    parts = [decode(part) for part in url.pathname.split("/")] + [""] * 6
    old = url.origin.endswith(".visualstudio.com")
    found = ("", "", "")
    if parts[2] == "_git":
        found = (url.host.split(".")[0], parts[1], parts[3]) if old else (parts[1], parts[3], parts[3])
    elif parts[3] == "_git":
        found = (parts[1], parts[2], parts[4])
    elif parts[4] == "_git":
        found = (f"{parts[1]}/{parts[2]}", parts[3], parts[5])
    if not all(found):
        raise UrlError("Error", "Azure URL must point to a git repository")
    query = URLSearchParams(url.search)
    version = query.get("version") or ""
    if version and version[:2] not in ("GB", "GT"):
        raise UrlError("Error", "Azure URL version must point to a git branch or git tag")
    return AzureUrl(url.origin, *found, query.get("path") or "", version[2:])


def parse_gitea(text: str, base: str) -> tuple[str, str, str, str]:
    """Owner, repository, ref and path: the parts by their place, as in `o/r/src/branch/main/a/f.yaml`. Raises `UrlError`.

    They are taken from the path as it is fetched, nothing in it left to resolve.
    """
    below = parse_url(base).pathname.rstrip("/")
    parts = parse_url(text).pathname.removeprefix(below).split("/")
    if len(parts) < 6 or not all((parts[1], parts[2], parts[5])):
        raise UrlError("Error", f"Incorrect URL: {text}, Error: it names no file")
    check_inside("/".join(parts))
    return parts[1], parts[2], parts[5], "/".join(parts[6:]).removeprefix("/")


class GerritUrl(NamedTuple):
    """A file; `ref_type` is `branch`, `tag`, `sha` or `head`, `path` is `/` at the root."""

    project: str
    ref: str
    ref_type: str
    path: str


def parse_gerrit(url: str, gitiles_url: str) -> GerritUrl:
    """The parts of a file's URL in Gitiles, the browser of Gerrit, which is at `gitiles_url`. Raises `UrlError`."""
    pathname = parse_url(url).pathname
    pathname = pathname[2:] if pathname.startswith("/a/") else pathname
    parts = [part for part in pathname.replace(parse_url(gitiles_url).pathname, "", 1).split("/") if part]
    at = parts.index("+") if "+" in parts else len(parts)
    project, rest = "/".join(parts[:at]), parts[at + 1 :]
    if not project:
        raise UrlError("Error", f"Unable to parse gitiles url: {url}")
    if rest and (rest[0] == "HEAD" or len(rest[0]) == 40):
        return GerritUrl(project, rest[0], "head" if rest[0] == "HEAD" else "sha", "/".join(rest[1:]) or "/")
    match = _GERRIT_REF.match("/".join(rest))
    if match is None:
        raise UrlError("Error", f"Unable to parse gitiles : {url}")
    kind = "branch" if match[1] == "heads" else "tag"
    return GerritUrl(project, match[2], kind, "/".join(rest)[match.end() :] or "/")
