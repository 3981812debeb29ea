"""The vocabulary of look-ups: what a text may stand for (clues), and the one form in which each kind of key is compared."""

import hashlib
import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

Surety = Literal["certain", "likely", "possible"]
SURETIES: Final[tuple[Surety, ...]] = ("certain", "likely", "possible")
"""How sure a match is: an id that only one thing has; a name that people give one thing; a hint."""

KeyKind = Literal[
    "ref",
    "uid",
    "name",
    "running",
    "title",
    "pagerduty-service",
    "pagerduty-key",
    "on-call",
    "opsgenie",
    "alert-name",
    "label",
    "repository",
    "slug",
    "kubernetes",
    "workload",
    "namespace",
    "argocd-app",
    "sentry-project",
    "service-name",
    "image",
    "cloud-resource",
    "address",
    "host",
    "e-mail",
    "team",
    "dashboard",
]
"""What kinds of keys entities are indexed by; `running` is the name of what can be deployed or connected to."""


class Clue(NamedTuple):
    """One thing that a text may stand for: a key to look for, how sure a hit would be, and where in the text it was seen.

    `part` is the part of a longer text that it was seen in, "" where it is all of what was asked.
    """

    kind: KeyKind
    value: str
    surety: Surety
    seen_as: str
    part: str = ""


_KEY_HASH: Final = "sha256:"
_SSH: Final = re.compile(r"^(?:[\w.-]+@)?([\w.-]+\.[\w-]+|localhost):(?!\d+/|//)(.+)$")
_PREFIX: Final = re.compile(r"^(?:url:|git\+|scm:git:)+", re.IGNORECASE)
_HEX: Final = re.compile(r"[0-9a-f]{32}$")
_POD: Final = re.compile(
    r"^(.+?)-(?:[0-9a-f]{8,10}-[0-9a-z]{5}|[0-9a-f]{8,10}|\d{1,3}|[bcdfghjklmnpqrstvwxz2456789]{5})$"
)
_REPLICA: Final = re.compile(r".+-[0-9a-f]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}")
_LONGEST_NAME: Final = 253
"""In Kubernetes."""
_BEFORE_FILES: Final = frozenset({
    "-", "blob", "tree", "raw", "commit", "commits", "pull", "pulls", "pull-requests", "issues", "actions", "src", "browse",
    "releases", "tags", "branches", "pipelines", "merge_requests", "wiki", "compare", "runs", "edit", "settings", "wikis",
    "blame", "network", "security", "projects", "graphs",
})  # fmt: skip


def make_key(kind: KeyKind, value: str) -> str:
    """The one form of a key: the kind, and the value without the differences that do not count."""
    value = value.strip().casefold()
    if kind == "pagerduty-key" and not value.startswith(_KEY_HASH):
        value = hash_key(value)
    return f"{kind}\n{value}"


def hash_key(secret: str) -> str:
    """What stands for a secret key, which is kept nowhere: its SHA-256."""
    return _KEY_HASH + hashlib.sha256(secret.strip().casefold().encode(errors="replace")).hexdigest()


def is_integration_key(text: str) -> bool:
    """Whether a text looks like a PagerDuty integration key: 32 hexadecimal digits."""
    return _HEX.fullmatch(text.casefold()) is not None


def split_repository(text: str) -> tuple[str, str] | None:
    """Host and path of a repository's address, https or ssh, cut off where its pages begin; None for no address."""
    text = _PREFIX.sub("", text.strip())
    if (ssh := _SSH.match(text)) and "//" not in text:
        host, path = ssh[1], ssh[2]
    else:
        try:
            parts = urlsplit(text)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
        if parts.scheme not in ("http", "https", "ssh", "git") or not host:
            return None
    host = host.casefold().removeprefix("www.")
    found = _cut_repository(host, [step for step in unquote(path).casefold().split("/") if step])
    return (host, "/".join(found).removesuffix(".git")) if len(found) > 1 else None


def _cut_repository(host: str, steps: list[str]) -> list[str]:
    if "_git" in steps[1:-1]:  # Azure DevOps: organisation/project/_git/repository
        at = steps.index("_git")
        return [steps[at - 1], steps[at + 1]]
    if steps[:1] == ["projects"] and steps[2:3] == ["repos"]:  # Bitbucket Server
        return [steps[1], *steps[3:4]]
    end = next((at for at, step in enumerate(steps) if at >= 2 and step in _BEFORE_FILES), len(steps))
    is_deep = end < len(steps) or "gitlab" in host or bool(steps and steps[-1].endswith(".git"))
    return steps[:end] if is_deep else steps[:2]


def normalise_address(text: str) -> tuple[str, str] | None:
    """Host and path of a web address; None for what is none."""
    try:
        parts = urlsplit(_PREFIX.sub("", text.strip()))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    name = host.casefold() + (f":{port}" if port not in (None, 80, 443) else "")
    return name, unquote(parts.path).rstrip("/").casefold()


def strip_pod(name: str) -> str:
    """A workload's name from a pod's, without what Kubernetes puts after it; the name itself where nothing is."""
    if len(name) > _LONGEST_NAME:
        return name
    while (match := _POD.match(name)) is not None:
        name = match[1]
    return name


def strip_once(name: str) -> str:
    """The same without what a workload's own name may end with too: `shard-1` of `shard-1-0`."""
    match = _POD.match(name) if len(name) <= _LONGEST_NAME else None
    return match[1] if match else name


def is_replica(name: str) -> bool:
    """Whether a name is a deployment's pod's: nothing else is called so."""
    return len(name) <= _LONGEST_NAME and _REPLICA.fullmatch(name) is not None


def workload_clues(namespace: str, name: str, seen_as: str) -> Iterator[Clue]:
    """A namespace with a workload's or a pod's name in it."""
    for one in dict.fromkeys((name, strip_pod(name))):
        yield Clue("workload", f"{namespace}/{one}", "certain" if one == name else "likely", seen_as)
        yield Clue("kubernetes", one, "possible", seen_as)
        yield Clue("running", one, "possible", seen_as)
