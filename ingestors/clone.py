"""A bare, shallow, partial clone of one repository, kept by the git program: what a branch holds, for as little as it takes.

The URL, the token and every setting reach git through its environment, so none of them can be taken for an option or be
seen among the running programs. Nothing is checked out; no hook, no configuration of a user or of the repository applies.
"""

import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from catalog.documents import Usage
from catalog.errors import CatalogError, ReadError
from ingestors.backoff import back_off

MAX_BYTES: Final = 5_000_000
MAX_WHOLE: Final = 200_000_000  # of all files that are read at once
SECONDS: Final = 300.0
RETRIES: Final = 2
_ASK_SECONDS: Final = 60.0
_PASSED_ON: Final = (
    *("PATH", "HOME", "TMPDIR", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
)
_FETCH: Final = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-write-fetch-head")
_SSH: Final = "ssh -oBatchMode=yes -oConnectTimeout=10"
_SETTINGS: Final = {
    "remote.origin.promisor": "true",
    "remote.origin.partialCloneFilter": "blob:none",
    "remote.origin.tagOpt": "--no-tags",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "gc.autoDetach": "false",
    "http.followRedirects": "false",  # each hop would have to be judged, and a moved repository should be told of
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "protocol.version": "2",
}
_MISSING: Final = re.compile(
    r"not found|does not exist|does not appear to be a git repository|couldn't find remote ref", re.IGNORECASE
)
_REFUSED: Final = re.compile(
    r"authentication failed|could not read (?:username|password)|returned error: 40[13]|permission denied"
    r"|access denied|not allowed|unadvertised object|dubious ownership|host key verification failed",
    re.IGNORECASE,
)
_DAMAGED: Final = re.compile(r"packfile|index file|corrupt|inflate|bad object|unable to read|not a tree")
_T = TypeVar("_T")
_MOVED: Final = re.compile(r"returned error: 30[1278]")


class Head(NamedTuple):
    """The tip of a branch."""

    branch: str
    commit: str


class Blob(NamedTuple):
    """A regular file in a tree; `id` is its content's."""

    path: str
    id: str


class Clone:
    """The clone of the repository at `url`, in a folder of its own below `workdir`.

    `url` is https, http, ssh, file, `user@host:path` or a path of this machine. `token` goes to that server only; it is
    a bare token or `user:password`. Raises `CatalogError` for a URL of another form, or with a password in it.
    """

    def __init__(
        self,
        url: str,
        workdir: Path,
        usage: Usage,
        token: str | None = None,
        *,
        seconds: float = SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        protocol = _protocol_of(url)
        name = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()[:16]
        self.folder = workdir.absolute() / f"{name}.git"
        self.shown = url
        self._usage, self._seconds, self._sleep = usage, seconds, sleep
        self._is_whole = False
        self._secrets = _secrets_of(token)
        self._environment = _environment(url, protocol, self._secrets, self.folder)

    def head(self, branch: str) -> Head:
        """The tip of a branch, of the default one for "": the one question that tells whether anything has changed."""
        self._open()
        names = ["HEAD"] if not branch else [f"refs/heads/{branch}", f"refs/tags/{branch}^{{}}", f"refs/tags/{branch}"]
        told = self._ask(["ls-remote", "--symref", "--", "origin", *names], _ASK_SECONDS).decode(errors="replace")
        lines = [line.split("\t", 1) for line in told.splitlines() if "\t" in line]
        links = {name: left[5:] for left, name in lines if left.startswith("ref: ")}
        commits = {name: left for left, name in lines if not left.startswith("ref: ")}
        for name in names:
            if name in commits:
                return Head(branch or links.get("HEAD", "HEAD").removeprefix("refs/heads/"), commits[name])
        what = f"branch or tag `{branch}`" if branch else "commit"
        raise ReadError(f"{self.shown} has no {what}", missing=True)

    def tree(self, commit: str) -> list[Blob]:
        """Every regular file of a commit, links and submodules left out. The commit is fetched if it is not there."""
        listed = self._read(commit, lambda: self._run(["ls-tree", "-r", "-z", "--full-tree", commit], _ASK_SECONDS))
        blobs = []
        for entry in listed.split(b"\0"):
            head, _, path = entry.partition(b"\t")
            mode, _, rest = head.partition(b" ")
            if mode in (b"100644", b"100755", b"100664"):
                blobs.append(Blob(path.decode(errors="backslashreplace"), rest.split(b" ")[1].decode()))
        return blobs

    def contents(self, commit: str, ids: Iterable[str]) -> dict[str, bytes | ReadError]:
        """The contents of files of a commit by their ids, fetched all at once. Too large a one is an error as a value."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        return self._read(commit, lambda: self._contents(commit, wanted))

    def _contents(self, commit: str, wanted: Sequence[str]) -> dict[str, bytes | ReadError]:
        lines = "".join(f"{one}\n" for one in wanted).encode()
        if not self._is_whole:
            self._fetch_blobs(commit, lines)
        # What is too large is never asked for: a gigabyte of zeros is a small packet on its way here.
        found = _split_sizes(self._run(["cat-file", "--batch-check"], self._seconds, lines), self.shown)
        fitting = "".join(f"{one}\n" for one, why in found.items() if why is None).encode()
        read = _split_batch(self._run(["cat-file", "--batch"], self._seconds, fitting)) if fitting else {}
        return {one: read[one] if why is None else why for one, why in found.items()}

    # -- running git

    def _open(self) -> None:
        if not (self.folder / "HEAD").is_file():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._run(["init", "--quiet", "--bare", "--template=", str(self.folder)], _ASK_SECONDS)

    def _read(self, commit: str, read: Callable[[], _T]) -> _T:
        """What is read of a commit; where the clone turns out to be damaged, as a full disk leaves it, of a new one."""
        self._fetch_commit(commit)
        try:
            return read()
        except ReadError as error:
            if not _DAMAGED.search(error.message):
                raise
            self._usage.note(error.message)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._fetch_commit(commit)
        return read()

    def _fetch_commit(self, commit: str) -> None:
        """Have a commit and its trees. Where that fails in a clone from before, as a killed git leaves it, in a new one."""
        self._open()
        if self._has(commit):
            return
        try:
            self._fetch(commit)
        except ReadError:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._open()
            self._fetch(commit)

    def _fetch(self, commit: str) -> None:
        filter = "--no-filter" if self._is_whole else "--filter=blob:none"
        self._ask([*_FETCH, filter, "--depth=1", "--force", "origin", f"{commit}:refs/heads/callboard"], self._seconds)

    def _fetch_blobs(self, commit: str, lines: bytes) -> None:
        """Have single files. A server that leaves files out and then does not give them is asked for the whole commit."""
        try:
            self._ask([*_FETCH, "--filter=blob:none", "--no-auto-gc", "--stdin", "origin"], self._seconds, lines)
        except ReadError as error:
            if "unadvertised object" not in error.message:
                raise
            self._is_whole = True
            shutil.rmtree(self.folder, ignore_errors=True)
            self._fetch_commit(commit)

    def _has(self, commit: str) -> bool:
        try:
            return (
                self._run(["rev-parse", "--verify", "--quiet", "refs/heads/callboard"], _ASK_SECONDS).decode().strip()
                == commit
            )
        except ReadError:
            return False

    def _ask(self, arguments: Sequence[str], seconds: float, given: bytes = b"") -> bytes:
        """Run what asks the server, again where the fault may pass."""
        for attempt in range(RETRIES + 1):
            self._usage.requests += 1
            try:
                return self._run(arguments, seconds, given)
            except ReadError as error:
                self._usage.note(error.message)
                if attempt == RETRIES or error.missing or error.forbidden:
                    raise
                self._usage.retries += 1
                self._sleep(back_off(attempt))
        raise AssertionError("the last try returns or raises")

    def _run(self, arguments: Sequence[str], seconds: float, given: bytes = b"") -> bytes:
        try:
            running = subprocess.Popen(
                ["git", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                cwd=self.folder.parent,
                start_new_session=True,
            )
        except OSError as error:
            raise ReadError(f"git could not be run: {error.strerror}") from error
        with running:
            try:
                out, wrong = running.communicate(given, timeout=seconds)
            except subprocess.TimeoutExpired as error:
                raise ReadError(f"{self.shown} gave no answer within {seconds:g} seconds") from error
            finally:
                if running.returncode is None:  # the whole group: git leaves the talking to programs of its own
                    os.killpg(running.pid, signal.SIGKILL)
        if running.returncode:
            raise self._fault(wrong.decode(errors="replace"))
        return out

    def _fault(self, told: str) -> ReadError:
        for secret in self._secrets:
            told = told.replace(secret, "***")
        lines = [line.strip() for line in told.splitlines() if line.strip()]
        words = next((line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))), "git failed")
        words = re.sub(r"//[^/@\s]+@", "//", re.sub(r"^(fatal|error|ERROR): ", "", words))
        if _MOVED.search(told):
            return ReadError(f"{self.shown} has moved ({words}); name its new URL", missing=True)
        missing, refused = bool(_MISSING.search(told)), bool(_REFUSED.search(told))
        return ReadError(f"{self.shown} could not be read: {words}", missing=missing and not refused, forbidden=refused)


def _protocol_of(url: str) -> str:
    """The protocol by git's name for it. Raises `CatalogError`."""
    hint = "Give an https, http, ssh or file URL, `user@host:path`, or an absolute path."
    try:
        parts = urlsplit(url) if "://" in url else None
    except ValueError as error:
        raise CatalogError("invalid", f"`{url}` is not the URL of a repository", hint) from error
    if parts is not None and parts.scheme in ("https", "http", "ssh", "file") and not parts.netloc.startswith("-"):
        if parts.password or (parts.username and parts.scheme in ("https", "http")):
            shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
            raise CatalogError(
                "invalid",
                f"the URL of `{shown}` has a user or a password in it",
                "Leave it out; a secret is given as the token.",
            )
        return parts.scheme
    if os.path.isabs(url):
        return "file"
    if parts is None and "::" not in url and re.fullmatch(r"(?:[\w.]+@)?[\w.][\w.-]*:[^-:].*", url):
        return "ssh"
    raise CatalogError("invalid", f"`{url}` is not the URL of a repository", hint)


def _secrets_of(token: str | None) -> list[str]:
    """What must never be shown, and what goes into the header comes first."""
    if not token:
        return []
    pair = token if ":" in token else f"x-access-token:{token}"  # hosts take any name beside a token
    return [base64.b64encode(pair.encode()).decode(), token, pair.partition(":")[2]]


def _environment(url: str, protocol: str, secrets: Sequence[str], folder: Path) -> Mapping[str, str]:
    settings = {"remote.origin.url": url, **_SETTINGS}
    if secrets and protocol in ("https", "http"):
        origin = f"{protocol}://{urlsplit(url).netloc}/"
        settings[f"http.{origin}.extraHeader"] = f"Authorization: Basic {secrets[0]}"
    given = {
        "GIT_DIR": str(folder),
        "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for index, (key, value) in enumerate(settings.items()):
        given |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return {"GIT_SSH_COMMAND": _SSH, **{name: os.environ[name] for name in _PASSED_ON if name in os.environ}, **given}


def _split_sizes(told: bytes, shown: str) -> dict[str, ReadError | None]:
    """What `git cat-file --batch-check` printed, a line `id type size` each: None for what can be read."""
    found: dict[str, ReadError | None] = {}
    whole = 0
    for line in told.decode().splitlines():
        one, _, rest = line.partition(" ")
        size = rest.partition(" ")[2]
        if not size.isdigit():
            found[one] = ReadError(f"{shown} did not give a file that its tree names ({rest})")
        elif int(size) > MAX_BYTES:
            found[one] = ReadError(f"the file has {int(size):,} bytes; at most {MAX_BYTES:,} are read")
        else:
            whole += int(size)
            is_much = ReadError(f"the files that are read of {shown} have more than {MAX_WHOLE:,} bytes together")
            found[one] = is_much if whole > MAX_WHOLE else None
    return found


def _split_batch(batch: bytes) -> dict[str, bytes]:
    """What `git cat-file --batch` printed: a line `id type size`, the content, a line's end, and so on."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        one, _, size = batch[at:end].decode().split(" ")
        at = end + 1
        found[one] = batch[at : at + int(size)]
        at += int(size) + 1
    return found
