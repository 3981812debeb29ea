"""URLs with a `*` in the path of a file, which stand for many files of one repository."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from catalog.scm import Host, Hosts
from catalog.scm.forms import parse_azure, parse_gitea
from catalog.scm.giturl import UrlError, parse_file_url, parse_url

SEARCH_HINT: Final = "Write a source of type `git` with the repository's `url` and `patterns` for its files."


class Searched(NamedTuple):
    """What `git clone` takes, the branch ("" for the default one), and the glob."""

    repository: str
    branch: str
    glob: str


def is_search(url: str) -> bool:
    """Whether a URL stands for many files."""
    return "*" in url


def split_search(url: str, hosts: Hosts) -> Searched | None:
    """Where a URL with a `*` is searched for; None where it is on no known host, or names more than one repository."""
    host = hosts.find(url)
    split = _SPLIT.get(host.type) if host else None
    if host is None or split is None:
        return None
    try:
        found = split(url, host)
    except UrlError:
        return None
    is_one = "*" not in found.repository + found.branch and found.glob
    return found._replace(glob=found.glob.lstrip("/")) if is_one else None


def _split(url: str, host: Host) -> Searched:
    found = parse_file_url(url)
    repository = f"{parse_url(url).origin}/{found.full_name}"
    # GitLab sends on from the page's URL to this one, which git does not follow.
    return Searched(repository + ".git" * (host.type == "gitlab"), found.ref, found.path or "")


def _split_bitbucket_server(url: str, host: Host) -> Searched:
    found = parse_file_url(url)
    return Searched(f"{host.base}/scm/{found.full_name}.git", found.ref.removeprefix("refs/heads/"), found.path or "")


def _split_azure(url: str, host: Host) -> Searched:
    found = parse_azure(url)
    return Searched(f"{found.origin}/{found.owner}/{found.project}/_git/{found.name}", found.ref, found.path)


def _split_gitea(url: str, host: Host) -> Searched:
    owner, name, ref, path = parse_gitea(url, host.base)
    return Searched(f"{host.base}/{owner}/{name}", ref, path)


_SPLIT: Final[Mapping[str, Callable[[str, Host], Searched]]] = {
    "github": _split,
    "gitlab": _split,
    "bitbucketCloud": _split,
    "bitbucketServer": _split_bitbucket_server,
    "azure": _split_azure,
    "gitea": _split_gitea,
}
