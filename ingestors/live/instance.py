"""One instance of a tool, as the configuration names it: where it is, and what it is told, which nothing here shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.alerts import Tool
from ingestors.credentials import basic

_SCHEMES: Mapping[Tool, str] = {"pagerduty": "Token token=", "opsgenie": "GenieKey "}
_ACCEPT: Mapping[Tool, str] = {"pagerduty": "application/vnd.pagerduty+json;version=2"}


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of a tool. `web_url` is where people find it; without one, it is `url`, where programs do.

    `private` lets its name be at a private address. Without `verify` its certificate is not checked; `ca_file` names
    certificates to check it by. `seconds` is for one request, `pause` how long it is left alone once it is down.
    """

    name: str
    tool: Tool
    url: str
    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    web_url: str = ""
    private: bool = True
    verify: bool = True
    ca_file: str = ""
    seconds: float = 0.8
    pause: float = 30.0

    def __post_init__(self) -> None:
        """Raises `ValueError` for a token that no header can carry: what fails to send it would show it."""
        if not self.token.isascii() or not self.token.isprintable():
            raise ValueError(f"the token of {self.tool} `{self.name}` has characters that cannot be sent")

    @property
    def base(self) -> str:
        """Where its API starts, without a slash at the end."""
        return self.url.rstrip("/")

    @property
    def pages(self) -> str:
        """Where its pages start, without a slash at the end."""
        return (self.web_url or self.url).rstrip("/")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no answer may hold."""
        return tuple(filter(None, (self.token, self.password)))

    def headers(self) -> dict[str, str]:
        """What it is told with each request, its secrets among that."""
        accept = {"accept": _ACCEPT.get(self.tool, "application/json")}
        if self.password:
            return {**accept, **basic(self.username, self.password)()}
        return accept | ({"authorization": _SCHEMES.get(self.tool, "Bearer ") + self.token} if self.token else {})
