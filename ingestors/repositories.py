"""The repositories of a code host as values, which of them and of their files are wanted, and what a host must answer."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import Field, StrictBool

from ingestors.globs import fits
from ingestors.settings.section import Section
from ingestors.settings.texts import Expression

PATTERNS = ("catalog-info.yaml",)


@dataclass(frozen=True, slots=True)
class File:
    """A file in a repository; `key` changes with its content (a blob's id), "" where only the branch's version does.

    `blob` is the id that git gives its content, where the host tells it: what comes is held against it.
    """

    path: str
    key: str
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository: its full name on the host, its page, the branch that is read ("" where it is empty).

    `version` is something that changes whenever the files of the branch may have: a commit's id, or the time of the last push.
    `files` are those that match, where the list of repositories told them already. `annotations` are what the host's module
    writes on the generated Locations.
    """

    name: str
    url: str
    branch: str
    version: str
    archived: bool = False
    fork: bool = False
    visibility: str = ""
    topics: tuple[str, ...] = ()
    files: tuple[File, ...] | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hook:
    """What a webhook told: the full names of the repositories to look at again. None of them: nothing that matters.

    `touched` are other files that changed, as repository and path: they matter where a catalog file leads to them.
    """

    repositories: tuple[str, ...] = ()
    everything: bool = False
    touched: tuple[tuple[str, str], ...] = ()


class Forge(Protocol):
    """What a code host must answer. Each method raises `ReadError`; a list is complete, or it raises."""

    presence: str

    def marks(self) -> str | None:
        """Something that changes whenever the list, or what it is asked for by, may have; None where there is no such.

        It costs next to no requests.
        """
        ...

    def repositories(self) -> Iterable[Repository]:
        """Every repository, whatever the filters say."""
        ...

    def repository(self, name: str) -> Repository | None:
        """One of them, as it is now; None when it is gone or has another name."""
        ...

    def files(self, repository: Repository, patterns: Sequence[str]) -> Sequence[File]:
        """The files that a pattern matches: paths, or globs at any depth."""
        ...

    def read(self, repository: Repository, path: str) -> bytes:
        """One file of the branch."""
        ...

    def target(self, repository: Repository, path: str) -> str:
        """The URL of a file, in the form that Backstage's module for this host gives (reference section 11)."""
        ...

    def hook(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """What a webhook's body means. Raises `CatalogError` where it is not signed with the secret."""
        ...


class Filters(Section):
    """Which repositories are read; all that are not archived if nothing is said."""

    name: Expression = Field(default="", description="Regular expression for the whole of a repository's name.")
    topics: tuple[str, ...] = Field(default=(), description="Only those with one of these topics.")
    excluded_topics: tuple[str, ...] = Field(default=(), description="None with any of these topics.")
    visibility: tuple[Literal["public", "private", "internal"], ...] = Field(
        default=(), description="Only those that these may see."
    )
    forks: StrictBool = Field(default=True, description="Forks too.")
    archived: StrictBool = Field(default=False, description="Archived ones too.")

    def accept(self, repository: Repository) -> bool:
        """Whether the repository is to be read."""
        topics = set(repository.topics)
        return (
            bool(repository.branch)
            and (not self.name or re.fullmatch(self.name, repository.name.rpartition("/")[2]) is not None)
            and (not self.topics or not topics.isdisjoint(self.topics))
            and topics.isdisjoint(self.excluded_topics)
            and (not self.visibility or repository.visibility.lower() in self.visibility)
            and (self.forks or not repository.fork)
            and (self.archived or not repository.archived)
        )


def match(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path in a repository is one of the patterns, or fits one: `*` stays in a folder, `**/` crosses them."""
    return any(fits(path.split("/"), pattern.strip("/").split("/")) for pattern in patterns)


def is_glob(pattern: str) -> bool:
    """Whether a pattern stands for more than one path."""
    return any(character in pattern for character in "*?[")
