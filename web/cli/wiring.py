"""From the settings to what they name: the catalog with its policy, the sources, who asks which host, how often."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from catalog import rules, scm
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Source, is_local
from catalog.errors import CatalogError
from catalog.pipeline import Policy
from catalog.scm.searched import is_search
from ingestors.registry import (
    AnySource,
    Auto,
    Login,
    Outside,
    Section,
    find_out,
    make_file_headers,
    open_locations,
    open_pushed,
)
from ingestors.settings.secret import reveal
from ingestors.url import AllowedHost, UrlReader
from web import settings
from web.access import is_loopback
from web.cli.options import say
from web.settings import Fault, Settings


@dataclass(frozen=True, slots=True)
class Wired:
    """A catalog with the sources that the settings name.

    `lacking` are the variables of the environment that could hold a token, for sources that are read without one.
    """

    catalog: Catalog
    crawler: Crawler
    sources: tuple[Source, ...]
    reader: UrlReader
    lacking: Mapping[str, str] = field(default_factory=dict)

    @property
    def local(self) -> list[Source]:
        """The sources on this machine, which are watched."""
        return [source for source in self.sources if is_local(source)]

    @property
    def remote(self) -> list[Source]:
        """The sources that are asked over a network, each in its time."""
        return [source for source in self.sources if not is_local(source)]


@dataclass(slots=True)
class _Known:
    """The code hosts and who asks them, which grow as targets are told."""

    hosts: dict[str, scm.Host]
    logins: dict[str, Login]
    tokens: Mapping[str, str]


@contextmanager
def wire(
    given: Settings,
    texts: Sequence[str] = (),
    patterns: Sequence[str] = (),
    database: str = "",
    *,
    search: bool = False,
) -> Iterator[Wired]:
    """Open the catalog and the sources: those that are named, by path, URL or name, else all that the settings name."""
    known = _know(given)
    sections = _name(_find_out(one, known, patterns or given.patterns) for one in _choose(given, texts))
    policy = _make_policy(given, sections)
    reader = _open_reader(given, known)
    catalog = Catalog.open(database or given.database or settings.default_database(), search=search, policy=policy)
    outside = Outside(known.hosts, known.logins, reader, catalog.cache, settings.state_folder() / "git")
    try:
        sources = tuple(section.open(outside) for section in sections.values())
        every = {name: getattr(section, "every", None) or given.every for name, section in sections.items()}
        crawler = _make_crawler(given, catalog, sources, reader, every)
        yield Wired(catalog, crawler, sources, reader, _find_lacking(sections, known))
    finally:
        outside.close()
        catalog.close()


def say_lacking(wired: Wired) -> None:
    """Tell whoever runs this what is read without a token."""
    for name, variables in wired.lacking.items():
        say(f"{name} is read without a token, so only what is public: {variables} is not set")


def find_faults(given: Settings) -> Iterator[Fault]:
    """What keeps the sources of settings from being opened, which `wire` would say one at a time. No host is asked."""
    known = _know(given)
    catalog, reader = Catalog.open("sqlite://", search=False), _open_reader(given, known)
    outside = Outside(known.hosts, known.logins, reader, catalog.cache, settings.state_folder() / "git")
    named: dict[str, Section] = {}
    for number, one in enumerate(given.sources):
        if isinstance(one, Auto) and "://" in one.target and not is_search(one.target):
            continue  # what it is, its host would have to say
        try:
            section = _find_out(one, known, given.patterns)
            _add(named, section)
            section.open(outside)
        except CatalogError as error:
            yield ("sources", number), error
    outside.close()
    catalog.close()


def _know(given: Settings) -> _Known:
    """The hosts that are known before any is asked."""
    known = _Known({host.name: host for host in scm.DEFAULT_HOSTS}, {}, settings.find_tokens())
    _take_hosts(known, given)
    return known


def _open_reader(given: Settings, known: _Known) -> UrlReader:
    allow = [AllowedHost.parse(one.host, one.paths or None, private=one.private) for one in given.reading.allow]
    return UrlReader(scm.Hosts(known.hosts.values()), allow, headers=_headers_by_host(known))


def _make_crawler(
    given: Settings, catalog: Catalog, sources: Sequence[Source], reader: UrlReader, every: Mapping[str, float]
) -> Crawler:
    return Crawler(
        catalog,
        sources,
        open_locations(reader, allow_files="file" in given.locations.types),
        types=given.locations.types,
        on_conflict=given.locations.conflict,
        every=every,
        locations_every=given.locations.every,
        open_pushed=open_pushed(reader),
    )


def _choose(given: Settings, texts: Sequence[str]) -> list[AnySource]:
    """The sources to open: of the texts, one that the settings name by that name, else what is found out."""
    by_name = {source.name: source for source in given.sources if source.name}
    return [by_name.get(text) or Auto(target=text) for text in texts] or list(given.sources)


def _find_out(source: AnySource, known: _Known, patterns: Sequence[str]) -> Section:
    """What a source is, where its settings are short; its host is known then."""
    if not isinstance(source, Auto):
        return source
    section, host = find_out(source, scm.Hosts(known.hosts.values()), known.tokens, patterns)
    if host is not None:
        known.hosts[host.name] = host
    name = _host_of(section)
    if name in known.hosts:
        _take_token(known, known.hosts[name])
    return section


def _host_of(section: Section) -> str:
    """The host that a source asks; "" for one that is on none."""
    return getattr(section, "host", "") or urlsplit(getattr(section, "url", "")).netloc


def _name(sections: Iterable[Section]) -> dict[str, Section]:
    """Sources by name."""
    named: dict[str, Section] = {}
    for one in sections:
        _add(named, one)
    return named


def _add(named: dict[str, Section], one: Section) -> None:
    """Add a source; the second of a name is a mistake, for it would take the first one's entities away."""
    if one.title in named:
        raise CatalogError("invalid", f"two sources are called `{one.title}`", "Give one of them another `name`.")
    named[one.title] = one


# -- hosts and who asks them


def _take_hosts(known: _Known, given: Settings) -> None:
    for name, one in given.hosts.items():
        default = known.hosts.get(name)
        known.hosts[name] = scm.Host(
            name,
            one.type,
            one.base,
            one.api or (default.api_url if default else ""),
            one.raw or (default.raw_url if default else ""),
            one.gitiles,
        )
        known.logins[name] = Login(
            token=reveal(one.token),
            username=one.username,
            password=reveal(one.password),
            client_id=one.client.id if one.client else "",
            client_secret=reveal(one.client.secret) if one.client else "",
            app_id=str(one.app.id) if one.app else "",
            app_key=reveal(one.app.private_key) if one.app else "",
            webhook_secret=reveal(one.webhook_secret),
        )
    for name in ("github.com", "gitlab.com"):
        _take_token(known, known.hosts[name])


def _take_token(known: _Known, host: scm.Host) -> None:
    """Let the token of the environment speak for a host that has none; never in clear over a network.

    GITHUB_TOKEN is github.com's: whatever else says that it is a GitHub is not given it.
    """
    login = known.logins.get(host.name, Login())
    if login.is_nobody and _may_take_token(host) and host.type in known.tokens:
        known.logins[host.name] = Login(token=known.tokens[host.type], webhook_secret=login.webhook_secret)


def _may_take_token(host: scm.Host) -> bool:
    url = urlsplit(host.base)
    is_safe = url.scheme == "https" or is_loopback(url.hostname or "")
    return is_safe and (host.type != "github" or host.name == "github.com")


def _find_lacking(sections: Mapping[str, Section], known: _Known) -> dict[str, str]:
    lacking = {}
    for name, section in sections.items():
        host = known.hosts.get(_host_of(section))
        if host is not None and known.logins.get(host.name, Login()).is_nobody and _may_take_token(host):
            lacking[name] = " or ".join(settings.TOKENS.get(host.type, ()))
    return {name: variables for name, variables in lacking.items() if variables}


def _headers_by_host(known: _Known) -> Mapping[str, Callable[[], Mapping[str, str]]]:
    """What each host is told when a URL on it is read. A GitHub App would have to know whose the file is."""
    asked = {
        name: login for name, login in known.logins.items() if login.token or login.password or login.client_secret
    }
    return {name: make_file_headers(known.hosts[name], login) for name, login in asked.items()}


def _make_policy(given: Settings, sources: Mapping[str, Section]) -> Policy:
    """Where the configuration asks for Backstage's way instead of ours."""
    return Policy(
        given.orphans,
        given.broken_files,
        None if given.rules is None else [_make_rule(rule) for rule in given.rules],
        {name: [rules.Rule(_kinds(one.rules))] for name, one in sources.items() if one.rules is not None},
        given.removals.share,
        given.removals.at_most,
        given.relation_targets,
    )


def _make_rule(rule: settings.Rule) -> rules.Rule:
    places = None if rule.places is None else tuple(rules.Place(**place.model_dump()) for place in rule.places)
    return rules.Rule(_kinds(rule.allow), places)


def _kinds(allowed: Sequence[settings.AllowedKind]) -> tuple[rules.Allowed, ...]:
    return tuple(rules.Allowed(one.kind, one.type) for one in allowed)
