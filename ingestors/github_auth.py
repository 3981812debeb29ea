"""How GitHub is told who asks: a token, or an app's installation, whose token runs out in an hour and is fetched anew."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx
import jwt

from catalog.errors import ReadError
from ingestors.addresses import request

API_URL: Final = "https://api.github.com"
_HEADERS: Final = {
    "accept": "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
    "user-agent": "Callboard",
}
_LIFE = 540  # GitHub takes 10 minutes at most
_SKEW = 60  # and its clock may be behind
_EARLY = 300.0
_PAGE = 100
Headers = Callable[[], Mapping[str, str]]


def token_headers(token: str) -> Headers:
    """The headers of each request, for `Api`; without a token GitHub answers little, and GraphQL not at all."""
    headers = {**_HEADERS, "authorization": f"Bearer {token}"} if token else _HEADERS
    return lambda: headers


@dataclass(frozen=True, slots=True)
class Installation:
    """An app at an owner. `type` is `Organization`, `User` or `Enterprise`; where `suspended` it gives no tokens."""

    id: int
    login: str
    type: str
    suspended: bool = False


class App:
    """A GitHub App: its id and the private key (PEM) that GitHub gave for it. `api_url` is as for `Api`."""

    def __init__(self, id: str, key: str, api_url: str = API_URL) -> None:
        self._id, self._key, self._api_url = id, key, api_url.rstrip("/")

    def installations(self) -> list[Installation]:
        """Where the app is installed. Raises `ReadError`."""
        found: list[Installation] = []
        while len(found) % _PAGE == 0:
            page = self._ask("GET", f"/app/installations?per_page={_PAGE}&page={len(found) // _PAGE + 1}")
            if not page:
                break
            found += [_as_installation(one) for one in page]
        return found

    def headers(self, login: str = "", installation: int | None = None) -> Headers:
        """The headers of each request as the app's installation at an organisation or a user, or with an id."""
        return _InstallationHeaders(self, login, installation)

    def fetch_token(self, installation: int) -> tuple[str, float]:
        """A token of an installation, and when it ends, in seconds since 1970. Raises `ReadError`."""
        told = self._ask("POST", f"/app/installations/{installation}/access_tokens")
        try:
            return str(told["token"]), datetime.fromisoformat(told["expires_at"]).timestamp()
        except (KeyError, TypeError, ValueError) as error:
            raise ReadError(f"installation {installation} of the GitHub App {self._id} got no token") from error

    def find(self, login: str) -> int:
        """The id of the installation at an organisation or a user. Raises `ReadError`, `missing` where it is not there."""
        for one in self.installations():
            if one.login.lower() == login.lower() and not one.suspended:
                return one.id
        raise ReadError(f"the GitHub App {self._id} is not installed at {login}", missing=True)

    def _ask(self, method: str, path: str) -> Any:
        url = self._api_url + path
        try:
            answer = request(method, url, seconds=20.0, headers=self._sign())
            answer.raise_for_status()
            return answer.json()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            shown = url.partition("?")[0]
            hint = ": is the key the app's?" if status == 401 else ""
            message = f"{shown} was refused ({status}){hint}"
            raise ReadError(message, missing=status == 404, forbidden=status in (401, 403)) from error
        except (httpx.HTTPError, ValueError) as error:
            raise ReadError(f"{url.partition('?')[0]} gave no answer ({type(error).__name__})") from error

    def _sign(self) -> dict[str, str]:
        now = int(time.time())
        claims = {"iat": now - _SKEW, "exp": now + _LIFE, "iss": self._id}
        try:
            signed = jwt.encode(claims, self._key, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise ReadError(f"the private key of the GitHub App {self._id} is not a PEM of an RSA key") from error
        return {**_HEADERS, "authorization": f"Bearer {signed}"}


class _InstallationHeaders:
    """The headers of one installation, from any thread; the token is fetched when it is first wanted and near its end."""

    def __init__(self, app: App, login: str, installation: int | None) -> None:
        self._app, self._login, self._installation = app, login, installation
        self._token, self._until = "", 0.0
        self._lock = threading.Lock()

    def __call__(self) -> Mapping[str, str]:
        with self._lock:
            if time.time() > self._until - _EARLY:
                if self._installation is None:
                    self._installation = self._app.find(self._login)
                self._token, self._until = self._app.fetch_token(self._installation)
            return {**_HEADERS, "authorization": f"Bearer {self._token}"}


def _as_installation(value: Mapping[str, Any]) -> Installation:
    account = value.get("account") or {}
    return Installation(
        value["id"], account.get("login", ""), value.get("target_type", ""), value.get("suspended_at") is not None
    )
