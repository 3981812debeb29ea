"""The sources that there are: an entry for each, which is the section of its settings; and how settings become a source."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlsplit

from pydantic import Field

from catalog import scm
from catalog.crawler import OpenLocation, OpenPushed
from catalog.documents import Cache, Location
from catalog.errors import CatalogError
from catalog.gaps import Bare
from catalog.locations import Registered
from ingestors.azure import Azure
from ingestors.bitbucket_cloud import BitbucketCloud
from ingestors.bitbucket_server import BitbucketServer
from ingestors.folder import File, Folder, find_bare_clones, find_remote
from ingestors.gerrit import Gerrit
from ingestors.git import Git, tell_page
from ingestors.gitea import Gitea
from ingestors.github import GitHub
from ingestors.github_org import GitHubOrganisation
from ingestors.gitlab import GitLab
from ingestors.gitlab_org import GitLabOrganisation
from ingestors.ldap import Ldap
from ingestors.listing import read_bare
from ingestors.location import LocationSource, UrlFile
from ingestors.logins import Login, make_file_headers
from ingestors.outside import Outside
from ingestors.pushed import PushedSource
from ingestors.s3 import S3
from ingestors.targets import Auto, Target, tell_target
from ingestors.url import UrlReader

__all__ = [
    "AnySource",
    "Auto",
    "Login",
    "Outside",
    "Section",
    "Target",
    "find_bare",
    "find_out",
    "make_file_headers",
    "open_locations",
    "open_pushed",
    "read_section",
    "tell_target",
]

Section = (
    Folder
    | File
    | UrlFile
    | Git
    | GitHub
    | GitHubOrganisation
    | GitLab
    | GitLabOrganisation
    | Gitea
    | BitbucketCloud
    | BitbucketServer
    | Azure
    | Gerrit
    | S3
    | Ldap
)
"""What the settings of a source may say, by its `type`; `open` makes the source of it."""

AnySource = Annotated[Auto | Section, Field(discriminator="type")]
"""The same in a configuration file, where what it is may have to be found out."""

_BY_TYPE: Final[Mapping[str, type[Section]]] = {
    get_args(one.model_fields["type"].annotation)[0]: one for one in get_args(Section)
}


def read_section(settings: Mapping[str, Any]) -> Section:
    """The section that plain values are, by their `type`."""
    return _BY_TYPE[settings["type"]].model_validate(settings)


def find_out(
    auto: Auto, hosts: scm.Hosts, tokens: Mapping[str, str], patterns: Sequence[str] = ()
) -> tuple[Section, scm.Host | None]:
    """What `auto` names, and the host it is on where that was not known before.

    `patterns` are for a source of files that names none. Raises `CatalogError`, also for a key that such a source has not.
    """
    settings, host = tell_target(auto.target, hosts, tokens)
    known = _BY_TYPE[settings["type"]].model_fields
    given = {key: getattr(auto, key) for key in auto.model_fields_set - {"type", "target"}}
    if strange := sorted(given.keys() - known):
        message = f"`{auto.target}` is of type `{settings['type']}`, which has no `{strange[0]}`"
        raise CatalogError("invalid", message, "Take that key away.")
    if patterns and not auto.patterns and "patterns" in known:
        given["patterns"] = tuple(patterns)
    # What is in `auto` was checked when that was read, and is what it was read as: a duration is seconds now.
    return read_section(settings).model_copy(update=given), host


def find_bare(name: str, cache: Cache, hosts: scm.Hosts, *, is_empty: bool = False) -> list[Bare]:
    """The repositories of a source, by its name and what it remembers, that have no catalog file.

    `is_empty` says that the source was read and gave nothing, which makes a bare one of a single repository.
    """
    if name.startswith("git:"):
        url = name.removeprefix("git:")
        host = hosts.find(url)
        path = urlsplit(url).path.strip("/").removesuffix(".git") or url
        return [Bare(path, url, host.type if host else "")] if is_empty else []
    if name.startswith("folder:"):
        root = Path(name.removeprefix("folder:"))
        return [_describe_clone(one, hosts) for one in find_bare_clones(root)]
    found = [(one, hosts.find(one.url)) for one in read_bare(cache)]
    return [Bare(one.name, one.url, host.type if host else "", one.topics, one.archived) for one, host in found]


def _describe_clone(clone: Path, hosts: scm.Hosts) -> Bare:
    """A clone, by its name on the code host where its remote is on one that is known."""
    page = tell_page(find_remote(clone), hosts)
    host = hosts.find(page)
    if host is None:
        return Bare(clone.name, str(clone))
    return Bare(urlsplit(page).path.strip("/"), str(clone), host.type)


def open_locations(reader: UrlReader, *, allow_files: bool = False) -> OpenLocation:
    """What makes the source of each registered location, all of them reading through one reader."""

    def open_location(registered: Registered) -> LocationSource:
        location = Location(registered.type, registered.target)
        name = registered.entity_ref.rpartition("/")[2]
        return LocationSource(registered.source, location, "", name, reader, allow_files)

    return open_location


def open_pushed(reader: UrlReader) -> OpenPushed:
    """What makes the source of each set of entities that a program pushed."""
    return lambda name, content: PushedSource(name, content, reader)
