"""What sources share of the world outside: the code hosts, who asks each of them, what reads URLs, what is remembered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog import scm
from catalog.documents import Cache, Usage
from catalog.errors import CatalogError
from ingestors.fetch import Api
from ingestors.logins import NOBODY, Login, find_api, make_headers
from ingestors.url import UrlReader


@dataclass(frozen=True, slots=True)
class Outside:
    """What every source is opened with."""

    hosts: Mapping[str, scm.Host]
    logins: Mapping[str, Login] = field(repr=False)
    reader: UrlReader
    cache: Callable[[str], Cache]
    workdir: Path
    opened: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def close(self) -> None:
        """Give up the connections of the sources, and of the reader."""
        for close in self.opened:
            close()
        self.reader.close()

    def login(self, host: str) -> Login:
        """Who asks a host."""
        return self.logins.get(host, NOBODY)

    def ask(self, name: str, host: str) -> "Asked":
        """For the source of a name: the host that it asks. Raises `CatalogError` for one that nobody told the type of."""
        if host not in self.hosts:
            raise CatalogError("invalid", f"`{host}` is not a known host", f"Add it to `hosts`, as `{host}: gitlab`.")
        return Asked(name, self, self.hosts[host], self.login(host), self.cache(name), Usage())


@dataclass(frozen=True, slots=True)
class Asked:
    """One source's way to its host: who asks, what is remembered and what it costs."""

    name: str
    outside: Outside
    host: scm.Host
    login: Login
    cache: Cache
    usage: Usage

    def api(self, below: str = "", owner: str = "") -> Api:
        """The host's API; the login goes nowhere else."""
        return self._open(Api(find_api(self.host) + below, self.usage, self.cache, self._headers(owner)))

    def open_api(self, url: str) -> Api:
        """Another API of the host's, which is not told who asks."""
        return self._open(Api(url, self.usage, self.cache))

    @property
    def secret(self) -> str:
        """What webhooks are signed with."""
        return self.login.webhook_secret

    def _headers(self, owner: str) -> Callable[[], Mapping[str, str]]:
        return make_headers(self.host, self.login, owner)

    def _open(self, api: Api) -> Api:
        self.outside.opened.append(api.close)
        return api
