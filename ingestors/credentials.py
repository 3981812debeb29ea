"""How a host is told who asks: the headers for `Api`, made from what the settings say."""

import base64
import threading
import time
from collections.abc import Callable, Mapping

import httpx

from catalog.errors import ReadError
from ingestors.addresses import request

Headers = Callable[[], Mapping[str, str]]
_EARLY = 60.0  # seconds before its end in which a token is not used any more


def no_credentials() -> Mapping[str, str]:
    """Nobody asks: what is public is read."""
    return {}


def token(value: str, scheme: str = "Bearer") -> Headers:
    """A token that does not change; Gitea's scheme is `token`."""
    return lambda: {"authorization": f"{scheme} {value}"}


def basic(user: str, password: str) -> Headers:
    """A user with a password or a token; Azure DevOps takes a personal token with no user."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return lambda: {"authorization": f"Basic {encoded}"}


class ClientCredentials:
    """OAuth's client credentials (RFC 6749, 4.4): a token fetched with them from `url`, and anew before it ends."""

    def __init__(self, url: str, client: str, secret: str) -> None:
        self._url, self._client, self._secret = url, client, secret
        self._token, self._until = "", 0.0
        self._lock = threading.Lock()

    def __call__(self) -> Mapping[str, str]:
        """The headers for the next request. Raises `ReadError` where no token is to be had."""
        with self._lock:
            if time.time() > self._until:
                self._token, self._until = self._fetch()
            return {"authorization": f"Bearer {self._token}"}

    def _fetch(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"}
        try:
            answer = request("POST", self._url, seconds=20.0, data=form, auth=(self._client, self._secret))
            answer.raise_for_status()
            found = answer.json()
            return found["access_token"], time.time() + float(found.get("expires_in", 3600)) - _EARLY
        except httpx.HTTPStatusError as error:
            raise ReadError(f"{self._url} gave no token ({error.response.status_code})", forbidden=True) from error
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise ReadError(f"{self._url} gave no token ({type(error).__name__})") from error
