"""A GitHub App: its signed token is taken, an installation's is fetched when wanted and before it runs out."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from catalog.documents import Usage
from catalog.errors import ReadError
from ingestors.fetch import Api
from ingestors.github import GitHubForge
from ingestors.github_auth import App, Installation
from tests.ingestors.github_server import INSTALLATION, GitHub, fill


def new_key() -> tuple[str, str]:
    """A private key and its public one, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


PRIVATE, PUBLIC = new_key()


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as opened:
        opened.app = PUBLIC
        fill(opened, 3, 3)
        yield opened


def test_an_app_asks_as_its_installation_and_fetches_the_token_once(github: GitHub) -> None:
    app = App("app", PRIVATE, github.url)
    assert Installation(INSTALLATION, "acme", "Organization") in app.installations()
    api = Api(github.url, Usage(), None, app.headers("ACME"))  # type: ignore[arg-type]
    forge = GitHubForge(api, "acme")
    assert len(list(forge.repositories())) == 3
    assert forge.marks()
    assert github.counts["token"] == 1
    api.close()


def test_a_token_near_its_end_is_fetched_anew(github: GitHub) -> None:
    github.token_seconds = 200
    headers = App("app", PRIVATE, github.url).headers(installation=INSTALLATION)
    assert [headers()["authorization"] for _ in range(2)] == ["Bearer ghs_1", "Bearer ghs_2"]


def test_an_app_that_is_not_there_or_suspended_is_said(github: GitHub) -> None:
    app = App("app", PRIVATE, github.url)
    for login in ("elsewhere", "gone"):
        with pytest.raises(ReadError, match=f"not installed at {login}") as caught:
            app.headers(login)()
        assert caught.value.missing
    with pytest.raises(ReadError, match="404"):
        app.headers(installation=1)()


def test_a_wrong_key_is_said_and_never_shown(github: GitHub) -> None:
    with pytest.raises(ReadError, match=r"401.*is the key") as caught:
        App("app", new_key()[0], github.url).installations()
    assert caught.value.forbidden
    with pytest.raises(ReadError, match="not a PEM") as caught:
        App("app", "sesame", github.url).installations()
    assert "sesame" not in caught.value.message
