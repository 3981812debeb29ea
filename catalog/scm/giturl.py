"""URLs parsed as browsers and Node do (WHATWG), and what their paths say of a git repository, as Backstage guesses it.

What is checked is so what is fetched. The guesses, quirks included, are those of the parser beneath Backstage's.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes

from ada_url import URL, URLSearchParams

_MAX_URL = 2048
_BITBUCKET_SERVER = re.compile(r"(projects|users)/(.*?)/repos/(.*?)((?:/.*$)|$)")


class UrlError(ValueError):
    """A text gives no URL. `name` is the error class Backstage throws for it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class GitUrl(NamedTuple):
    """What the path of a URL says of a repository, every part decoded; `path` is None where none can be told."""

    resource: str
    owner: str
    name: str
    full_name: str
    ref: str
    path: str | None
    path_type: str


def parse_url(url: str, base: str | None = None) -> URL:
    """A URL's parts, with `base` of a relative one too. Raises `UrlError` in Node's words."""
    try:
        return URL(url, base=base)
    except ValueError as error:
        raise UrlError("TypeError", "Invalid URL") from error


def parse_git_url(text: str) -> GitUrl:
    """Repository, ref and file of a URL, guessed from the words in its path as Backstage does. Raises `UrlError`."""
    if len(text) > _MAX_URL:
        message = "Input exceeds maximum length. If needed, change the value of parseUrl.MAX_INPUT_LENGTH."
        raise UrlError("Error", message)
    try:
        url = parse_url(text)
    except UrlError as error:
        raise UrlError("Error", "URL parsing failed.") from error
    whole = decode(re.sub(r"\.git$", "", re.sub(r"^/|/$", "", url.pathname or url.href)))
    split = _split_azure if url.hostname.endswith((".azure.com", ".visualstudio.com")) else _split_path
    found = split(url, whole, decode(url.username))
    if found.owner.startswith("scm/"):
        owner = found.owner.removeprefix("scm/")
        found = found._replace(owner=owner, full_name=f"{owner}/{found.name}")
    return _split_bitbucket_server(url, found)


def _split_path(url: URL, whole: str, user: str) -> GitUrl:
    parts = whole.split("/")
    at, owner, name = len(parts) - 1, user, whole
    if len(parts) >= 2:
        at = _find_name(parts)
        owner, name = "/".join(parts[:at]), parts[at]
    ref = kind = path = ""
    at += parts[at + 1 : at + 2] == ["-"]
    if len(parts) > at + 2 and parts[at + 1] in ("raw", "src", "blob", "tree", "edit"):
        kind, ref, path = parts[at + 1], parts[at + 2], "/".join(parts[at + 3 :])
    return GitUrl(url.hostname, owner, name, "/".join(filter(None, (owner, name))), ref, path, kind)


def _find_name(parts: list[str]) -> int:
    """The index of the repository's name: just before the first word that says what the rest of the path is."""
    at = {word: parts.index(word, 2) for word in ("-", "blob", "tree", "issues", "commit", "src", "raw", "edit")
          if word in parts[2:]}  # fmt: skip
    if "-" not in at and "blob" in at and "tree" in at:
        return min(at["blob"], at["tree"]) - 1
    words = ("-", "blob", "issues", "tree", "commit", "src", "raw", "edit")
    return next((at[word] - 1 for word in words if word in at), len(parts) - 1)


def _split_azure(url: URL, whole: str, user: str) -> GitUrl:
    """Azure DevOps and its older domain, where file and ref are in the query."""
    query = URLSearchParams(url.search)
    parts, modern = whole.split("/"), url.hostname.endswith(".azure.com")
    owner, name, full = user, whole, ""
    match len(parts):
        case 2 if not modern:
            owner = name = parts[1]
            full = f"_git/{name}"
        case 3:
            owner, name = parts[2] if parts[0] == "DefaultCollection" else parts[0], parts[2]
            full = f"{parts[0]}/_git/{name}"
        case 4:
            owner, name = parts[1], parts[3]
            full = f"{parts[0]}/{owner}/_git/{name}"
        case 5 if modern:
            owner, name = parts[1], parts[4]
            full = f"_git/{name}"
    path = (query.get("path") or "").lstrip("/") if modern and query.get("path") else None
    ref = (query.get("version") or "").removeprefix("GB") if modern else ""
    return GitUrl(url.hostname, owner, name, full or "/".join(filter(None, (owner, name))), ref, path, "")


def _split_bitbucket_server(url: URL, found: GitUrl) -> GitUrl:
    match = _BITBUCKET_SERVER.search(url.pathname)
    if match is None:
        return found
    owner, name = ("~" if match[1] == "users" else "") + match[2], match[3]
    parts, ref = match[4].split("/"), URLSearchParams(url.search).get("at") or ""
    found = found._replace(owner=owner, name=name, full_name=f"{owner}/{name}", ref=ref)
    if len(parts) > 1 and parts[1] in ("raw", "browse"):
        found = found._replace(path_type=parts[1], path="/".join(parts[2:]) or found.path)
    return found


def parse_file_url(text: str) -> GitUrl:
    """The same, of a URL that is to be read or resolved: nothing in it may lead out of the repository."""
    found = parse_git_url(text)
    check_inside("/".join((found.owner, found.name, found.ref, found.path or "")))
    return found


def check_inside(path: str) -> None:
    """Raise `UrlError` for a path that leads up, now or once it was decoded again: it becomes part of an API's address."""
    before = ""
    while path != before:
        before, path = path, unquote(path)
    # A parser of URLs leaves control characters out, and takes a backslash for a slash.
    if {".", ".."} & set(re.split(r"[/\\]", re.sub(r"[\x00-\x20]", "", path))):
        raise UrlError("Error", "Invalid SCM URL: path traversal is not allowed in the URL")


def decode(text: str) -> str:
    """Percent-decoding as JavaScript has it: what cannot be decoded is an error."""
    try:
        if re.search(r"%(?![0-9A-Fa-f]{2})", text):
            raise UrlError("URIError", "URI malformed")
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise UrlError("URIError", "URI malformed") from error


def encode(text: str) -> str:
    """Percent-encoding of one part of a path, as JavaScript has it."""
    return quote(text, safe="!'()*~")


def with_query(url: URL, **values: str) -> str:
    """The URL with values of its query set; the rest of the query is printed anew, as a form's is."""
    query = URLSearchParams(url.search)
    for name, value in values.items():
        query.set(name, value)
    url.search = str(query)
    return url.href
