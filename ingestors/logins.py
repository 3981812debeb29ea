"""What is told to each code host about who asks, and where its API is. What is for one host goes to no other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog import scm
from ingestors import credentials, github_auth

_TOKENS_AT: Final = {"bitbucketCloud": "{base}/site/oauth2/access_token"}
"""Where a client's credentials are exchanged for a token."""
_API_PATHS: Final = {"gitlab": "/api/v4", "gitea": "/api/v1", "gerrit": ""}


@dataclass(frozen=True, slots=True)
class Login:
    """The secrets for one host, and what its webhooks are signed with.

    They are a token, a user with a password or a token, a GitHub App, or an OAuth client (Bitbucket Cloud).
    """

    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    app_id: str = ""
    app_key: str = field(default="", repr=False)
    webhook_secret: str = field(default="", repr=False)

    @property
    def is_nobody(self) -> bool:
        """Whether nothing is told of who asks."""
        return not (self.token or self.password or self.client_secret or self.app_id)

    @property
    def git_token(self) -> str | None:
        """What the git program is given: a token, or `user:password`."""
        secret = self.token or self.password
        return f"{self.username}:{secret}" if self.username and secret else secret or None


NOBODY: Final = Login()


def find_api(host: scm.Host) -> str:
    """Where the host's API is, without a slash at the end."""
    if host.api_url or host.type not in _API_PATHS:
        return host.api.rstrip("/")
    return host.base.rstrip("/") + _API_PATHS[host.type]


def make_headers(host: scm.Host, login: Login, owner: str = "") -> Callable[[], Mapping[str, str]]:
    """The headers that tell the host who asks; a GitHub App asks as its installation at an `owner`."""
    if host.type == "github" and login.app_id:
        return github_auth.App(login.app_id, login.app_key, find_api(host)).headers(owner)
    if host.type == "github":
        return github_auth.token_headers(login.token)
    if login.password:
        return credentials.basic(login.username, login.password)
    if login.client_secret and host.type in _TOKENS_AT:
        url = _TOKENS_AT[host.type].format(base=host.base.rstrip("/"))
        return credentials.ClientCredentials(url, login.client_id, login.client_secret)
    if not login.token:
        return credentials.no_credentials
    if host.type == "azure" or (host.type == "bitbucketCloud" and login.username):
        return credentials.basic(login.username, login.token)
    return credentials.token(login.token, "token" if host.type == "gitea" else "Bearer")


def make_file_headers(host: scm.Host, login: Login) -> Callable[[], Mapping[str, str]]:
    """The headers that tell the host who asks for a file as it is; GitHub would else pack it into JSON."""
    headers = make_headers(host, login)
    raw = {"accept": "application/vnd.github.v3.raw"} if host.type == "github" else {}
    return lambda: {**headers(), **raw}
