"""Backstage's `catalog.providers` (reference section 11) as sources: a function for each provider."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from web.app_config.part import Part, keep_filled

Source = dict[str, Any]


def translate_providers(part: Part) -> list[Source]:
    """A source for each provider that there is one for."""
    sources: list[Source] = []
    for key, (translate, markers) in _PROVIDERS.items():
        if key not in part.data:
            continue
        for id, one in _instances(part, key, markers):
            every = _take_schedule(one)
            sources += [keep_filled({**source, "every": every, "name": _name(key, id)}) for source in translate(one)]
            one.finish()
    for key in part.data:
        part.note(key, "is a provider that there is no source for")
    return _with_own_names(sources)


def _instances(part: Part, key: str, markers: tuple[str, ...]) -> Iterator[tuple[str, Part]]:
    """The provider's instances by id: one flat object, which a marker tells, a list, or a mapping by id."""
    if isinstance(part.data[key], list):
        for one in part.parts(key):
            yield str(one.take("id", "")), one
        return
    whole = part.part(key)
    if any(marker in whole.data for marker in markers):
        yield str(whole.take("id", "")), whole
        return
    for id in list(whole.data):
        yield id, whole.part(id)


def _name(key: str, id: str) -> str:
    return f"{key}-{id}" if id and id != "default" else ""


def _with_own_names(sources: list[Source]) -> list[Source]:
    """One provider may have become two sources, which must not be called the same."""
    seen: set[str] = set()
    for source in sources:
        if source.get("name") in seen:
            source["name"] = f"{source['name']}-{source['type']}"
        seen.add(source.get("name", ""))
    return [{"type": source["type"], **source} for source in sources]


def _take_schedule(one: Part) -> Any:
    """How often. When it first runs, how long it may take and on how many machines are no questions here."""
    schedule = one.part("schedule")
    for unused in ("timeout", "initialDelay", "scope"):
        schedule.take(unused)
    every = None
    frequency = schedule.data.get("frequency")
    if isinstance(frequency, dict) and ("cron" in frequency or "trigger" in frequency):
        schedule.note("frequency", "is not a duration; write one, such as `every: 30m`")
        schedule.take("frequency")
    else:
        every = schedule.duration("frequency")
    schedule.finish()
    return every


def _patterns(one: Part, key: str = "catalogPath") -> list[str]:
    return [path.lstrip("/") for path in one.texts(key)]


def _github(one: Part) -> Iterator[Source]:
    filters, app = one.part("filters"), one.take("app")
    topic = filters.part("topic")
    found: Source = {
        "type": "github",
        "organisation": one.text("organization"),
        "host": one.text("host"),
        "patterns": _patterns(one),
        "branch": filters.text("branch"),
        "filters": keep_filled(
            {
                "name": filters.text("repository"),
                "topics": topic.texts("include"),
                "excluded_topics": topic.texts("exclude"),
                "visibility": [name.lower() for name in filters.texts("visibility")],
                "forks": filters.take("allowForks", True),
                "archived": filters.take("allowArchived", False),
            }
        ),
    }
    one.take("validateLocationsExist")  # here they always do
    one.take("pageSizes")
    topic.finish()
    filters.finish()
    if app is not None and not found["organisation"]:
        one.note("app", "stands for all organisations of an app; name each in a source")
        return
    yield found


def _github_org(one: Part) -> Iterator[Source]:
    transformer = one.part("defaultUserTransformer")
    organisations = one.texts("orgs")
    url = one.text("githubUrl")
    found = {
        "type": "github_org",
        "organisations": organisations,
        "host": urlsplit(url).netloc if url else "",
        "verified_emails": transformer.take("useVerifiedEmails"),
        "exclude_suspended": one.take("excludeSuspendedUsers"),
    }
    one.take("pageSizes")
    transformer.finish()
    if organisations:
        yield found
    else:
        one.notes.add(one.path, "names no `orgs`; name the organisations in a source")


def _gitlab(one: Part) -> Iterator[Source]:
    shared = {"host": one.text("host"), "group": one.text("group"), "group_patterns": one.texts("groupPattern")}
    found = {
        "type": "gitlab",
        **shared,
        "branch": one.text("branch"),
        "fallback_branch": one.text("fallbackBranch"),
        "patterns": _patterns(one, "entityFilename"),
        "project_pattern": one.text("projectPattern"),
        "exclude": one.texts("excludeRepos"),
        "membership": one.take("membership"),
        "filters": keep_filled(
            {
                "topics": one.texts("topics"),
                "forks": None if not one.take("skipForkedRepos") else False,
                "archived": one.take("includeArchivedRepos"),
            }
        ),
    }
    one.take("useSearch")
    yield found
    organisation = {
        "type": "gitlab_org",
        **shared,
        "user_pattern": one.text("userPattern"),
        "restrict_users": one.take("restrictUsersToGroup"),
        "without_seat": one.take("includeUsersWithoutSeat"),
        "relations": one.texts("relations"),
    }
    one.take("allowInherited")  # without effect in Backstage
    if one.take("orgEnabled"):
        yield organisation


def _bitbucket_cloud(one: Part) -> Iterator[Source]:
    filters = one.part("filters")
    yield {
        "type": "bitbucket_cloud",
        "workspace": one.text("workspace"),
        "patterns": _patterns(one),
        "project": filters.text("projectKey"),
        "filters": keep_filled({"name": filters.text("repoSlug"), "archived": True}),
    }
    one.take("pagelen")
    filters.finish()


def _bitbucket_server(one: Part) -> Iterator[Source]:
    filters = one.part("filters")
    yield {
        "type": "bitbucket_server",
        "host": one.text("host"),
        "patterns": _patterns(one),
        "project": _unanchor(filters.text("projectKey")),
        "filters": keep_filled(
            {"name": _unanchor(filters.text("repoSlug")), "archived": not filters.take("skipArchivedRepos", False)}
        ),
    }
    one.take("validateLocationsExist")
    filters.finish()


def _unanchor(pattern: str) -> str:
    """A pattern that is looked for anywhere, as one for the whole."""
    return f".*(?:{pattern}).*" if pattern else ""


def _azure(one: Part) -> Iterator[Source]:
    repository, project = one.text("repository"), one.text("project")
    yield {
        "type": "azure",
        "organisation": one.text("organization"),
        "host": one.text("host"),
        "project": _as_expression(project),
        "branch": one.text("branch"),
        "patterns": _patterns(one, "path"),
        "filters": keep_filled({"name": _as_expression(repository), "archived": True}),
    }


def _as_expression(glob: str) -> str:
    """A name with `*` for any characters, as a regular expression."""
    return "" if glob in ("", "*") else ".*".join(map(re.escape, glob.split("*")))


def _gitea(one: Part) -> Iterator[Source]:
    yield {
        "type": "gitea",
        "organisation": one.text("organization"),
        "host": one.text("host"),
        "branch": one.text("branch") or "main",
        "patterns": _patterns(one),
        "filters": {"archived": True},
    }


def _gerrit(one: Part) -> Iterator[Source]:
    yield {
        "type": "gerrit",
        "host": one.text("host"),
        "query": one.text("query"),
        "branch": one.text("branch"),
        "patterns": _patterns(one),
        "filters": {"archived": True},
    }


def _s3(one: Part) -> Iterator[Source]:
    yield {
        "type": "s3",
        "bucket": one.text("bucketName"),
        "prefix": one.text("prefix"),
        "region": one.text("region"),
    }


def _ldap(one: Part) -> Iterator[Source]:
    bind, tls = one.part("bind"), one.part("tls")
    yield {
        "type": "ldap",
        "id": one.path[-1] if one.path[-1] != "ldapOrg" else "",
        "url": one.text("target"),
        "verify": tls.take("rejectUnauthorized"),
        "bind": keep_filled({"dn": bind.filled("dn"), "secret": bind.secret("secret")}),
        "users": [_entries(entries) for entries in one.parts("users")],
        "groups": [_entries(entries) for entries in one.parts("groups")],
    }
    bind.finish()
    tls.finish()


def _entries(one: Part) -> dict[str, Any]:
    options = one.part("options")
    options.take("paged")
    found = {
        "dn": one.text("dn"),
        "filter": options.text("filter"),
        "scope": options.take("scope"),
        "map": one.take("map"),
        "set": one.take("set"),
    }
    options.finish()
    one.finish()
    return keep_filled(found)


_PROVIDERS: Final[Mapping[str, tuple[Callable[[Part], Iterator[Source]], tuple[str, ...]]]] = {
    "github": (_github, ("organization", "app")),
    "githubOrg": (_github_org, ("orgs", "githubUrl")),
    "gitlab": (_gitlab, ("host",)),
    "bitbucketCloud": (_bitbucket_cloud, ("workspace",)),
    "bitbucketServer": (_bitbucket_server, ("host",)),
    "azureDevOps": (_azure, ("organization",)),
    "gitea": (_gitea, ("organization",)),
    "gerrit": (_gerrit, ()),
    "awsS3": (_s3, ("bucketName",)),
    "ldapOrg": (_ldap, ("target",)),
}
