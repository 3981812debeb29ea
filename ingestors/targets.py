"""What a path or a URL that somebody names is: a folder, a file, an organisation, a group, a repository, a file behind a URL.

It is told by looking at the disk, by the host, and where the host is not known, by asking it what it is.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import httpx
from pydantic import Field

from catalog import scm
from catalog.errors import CatalogError
from catalog.scm.searched import SEARCH_HINT, is_search, split_search
from ingestors.addresses import request
from ingestors.forge_sections import Branched
from ingestors.settings.texts import Target as AnyTarget

Settings = dict[str, Any]
_SECONDS: Final = 10.0
_FILE: Final = re.compile(r"\.(ya?ml|json)$", re.IGNORECASE)
_SCP: Final = re.compile(r"[\w.-]+@[\w.-]+:[^/].*")
_DOWN: Final = "Is the address right, and is the host up?"
_HINT: Final = "Name a folder or a catalog file on this machine, or the URL of an organisation, a repository or a file."


class Auto(Branched):
    """A folder, a file, or a URL of an organisation, a group, a repository or a file: found out by looking."""

    type: Literal["auto"] = Field(default="auto", description="To be found out.")
    target: AnyTarget = Field(description="Path or URL; a relative path is meant from the configuration file's folder.")


class Target(NamedTuple):
    """What was named, as a source's settings; and the host it is on, where that was not known before."""

    settings: Settings
    host: scm.Host | None = None


def tell_target(text: str, hosts: scm.Hosts, tokens: Mapping[str, str]) -> Target:
    """What a path or a URL is. `tokens` by type of host are for asking the named host. Raises `CatalogError`."""
    if "://" not in text and not Path(text).expanduser().exists() and hosts.find(f"https://{text}") is not None:
        text = f"https://{text}"  # as in the address bar of a browser
    if "://" not in text:
        return Target(_tell_path(text))
    url = urlsplit(text)
    if url.scheme in ("ssh", "git", "file") or url.path.endswith(".git"):
        return Target({"type": "git", "url": text})
    if url.scheme not in ("http", "https") or not url.hostname:
        raise CatalogError("invalid", f"`{text}` cannot be read", _HINT)
    if url.username or url.password:
        shown = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()
        raise CatalogError(
            "invalid", f"`{shown}` was named with a user in it", "Give a token in the environment instead."
        )
    if is_search(text):
        return Target(_tell_search(text, hosts))
    host, new = hosts.find(text), None
    if host is None and not _FILE.search(url.path):
        host = new = _ask_what_runs(f"{url.scheme}://{url.netloc}", url.netloc)
    if host is None:
        return Target({"type": "url", "url": text})
    parts = [unquote(part) for part in url.path.removeprefix(urlsplit(host.base).path).split("/") if part]
    found = _TELL[host.type](host, parts, tokens.get(host.type, ""))
    if found is None:
        is_file = len(parts) > 2
        if not is_file:
            raise CatalogError("invalid", f"`{text}` names no organisation, repository or file", _HINT)
        found = {"type": "url", "url": text}
    return Target(found | ({"url": text.rstrip("/")} if found["type"] == "git" else {}), new)


def _tell_search(text: str, hosts: scm.Hosts) -> Settings:
    found = split_search(text, hosts)
    if found is None:
        raise CatalogError("invalid", f"`{text}` cannot be searched for files", SEARCH_HINT)
    return {"type": "git", "url": found.repository, "branch": found.branch, "patterns": (found.glob,)}


def _tell_path(text: str) -> Settings:
    path = Path(text).expanduser()
    if path.is_dir():
        return {"type": "folder", "path": str(path)}
    if path.is_file():
        return {"type": "file", "path": str(path)}
    if _SCP.fullmatch(text):
        return {"type": "git", "url": text}
    raise CatalogError("not_found", f"`{text}` does not exist", _HINT)


def _ask_what_runs(base: str, name: str) -> scm.Host:
    """What runs on a host: Gitea or Forgejo, GitLab, or GitHub Enterprise. Raises `CatalogError` for none of them."""
    for path, type in (("/api/v1/version", "gitea"), ("/api/v4/metadata", "gitlab"), ("/api/v3/meta", "github")):
        try:
            answer = request("GET", base + path, seconds=_SECONDS)
            body = answer.json()
        except httpx.HTTPError as error:
            raise CatalogError("unavailable", f"`{base}` could not be asked what it is: {error}", _DOWN) from error
        except ValueError:  # a page, not an API
            continue
        # GitLab tells it only to who has a token; to others it says 401, in JSON all the same, as closed Giteas do.
        if isinstance(body, dict) and answer.status_code in (200, 401, 403):
            return scm.Host(name, type, base_url=base)  # type: ignore[arg-type]
    hint = f"Say so in a configuration file: `hosts: {{{name}: gitlab}}`. Files need the ending .yaml or .json here."
    raise CatalogError("invalid", f"`{base}` is no code host that is known or that could be recognised", hint)


def _tell_github(host: scm.Host, parts: list[str], token: str) -> Settings | None:
    parts = parts[1:] if parts[:1] in (["orgs"], ["users"]) else parts
    if len(parts) == 1:
        return {"type": "github", "organisation": parts[0], "host": host.name}
    return {"type": "git"} if len(parts) == 2 else None


def _tell_gitlab(host: scm.Host, parts: list[str], token: str) -> Settings | None:
    if "-" in parts:
        return None
    parts = parts[1:] if parts[:1] == ["groups"] else parts
    path = "/".join(parts)
    if len(parts) > 1 and _is_project(host, path, token):
        return {"type": "git"}
    return {"type": "gitlab", "group": path, "host": host.name}


def _is_project(host: scm.Host, path: str, token: str) -> bool:
    base = host.api_url or f"{host.base}/api/v4"
    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        answer = request("GET", f"{base}/projects/{quote(path, safe='')}", seconds=_SECONDS, headers=headers)
    except httpx.HTTPError as error:
        raise CatalogError(
            "unavailable", f"`{host.name}` could not be asked what `{path}` is: {error}", _DOWN
        ) from error
    return answer.status_code == 200


def _tell_gitea(host: scm.Host, parts: list[str], token: str) -> Settings | None:
    if len(parts) == 1:
        return {"type": "gitea", "organisation": parts[0], "host": host.name}
    return {"type": "git"} if len(parts) == 2 else None


def _tell_bitbucket(host: scm.Host, parts: list[str], token: str) -> Settings | None:
    if len(parts) == 1:
        return {"type": "bitbucket_cloud", "workspace": parts[0], "host": host.name}
    return {"type": "git"} if len(parts) == 2 else None


def _tell_bitbucket_server(host: scm.Host, parts: list[str], token: str) -> Settings | None:
    if not parts:
        return {"type": "bitbucket_server", "host": host.name}
    if len(parts) == 2 and parts[0] == "projects":
        return {"type": "bitbucket_server", "host": host.name, "project": re.escape(parts[1])}
    return None


def _tell_azure(host: scm.Host, parts: list[str], token: str) -> Settings | None:
    if "_git" in parts:
        return {"type": "git"}
    project = {"project": re.escape(parts[1])} if len(parts) == 2 else {}
    return {"type": "azure", "organisation": parts[0], "host": host.name, **project} if 0 < len(parts) < 3 else None


def _tell_gerrit(host: scm.Host, parts: list[str], token: str) -> Settings | None:
    return None if "+" in parts else {"type": "git"}


_TELL: Final[Mapping[str, Callable[[scm.Host, list[str], str], Settings | None]]] = {
    "github": _tell_github,
    "gitlab": _tell_gitlab,
    "gitea": _tell_gitea,
    "bitbucketCloud": _tell_bitbucket,
    "bitbucketServer": _tell_bitbucket_server,
    "azure": _tell_azure,
    "gerrit": _tell_gerrit,
}
