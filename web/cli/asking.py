"""Asks a Callboard by its API: one that runs somewhere, or one made here over a database. The answers are the same."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import httpx
import orjson
import typer
from pydantic import SecretStr

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.refs import RefError, parse_ref
from ingestors.credentials import token
from ingestors.settings.secret import reveal
from web.cli.monitoring import open_live_facts
from web.cli.options import say
from web.settings import Settings, default_database, default_server, read_settings
from web.settings.live import check_header
from web.urls import split_ref

Url = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        help="Ask the Callboard that runs there, such as http://localhost:7007; `CALLBOARD_URL` if not given.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="A file with the token to ask that one with; `CALLBOARD_TOKEN_FILE` if not given.",
    ),
]
_SECONDS, _PATIENCE = 20.0, 3.0
_MANY: Final = 20_000


@dataclass(frozen=True, slots=True)
class Where:
    """Whom to ask: a running Callboard, else the database that is named or that the configuration names.

    Where neither is named here, the environment may name a running one, which is asked as long as it answers.
    """

    url: str = ""
    token_file: Path | None = None
    database: str = ""
    config: Path | None = None


class Api:
    """The API of one Callboard."""

    def __init__(self, runner: asyncio.Runner, client: httpx.AsyncClient) -> None:
        self._runner, self._client = runner, client

    def get(self, path: str, **query: str) -> dict[str, Json] | None:
        """The answer, None where there is no such thing. Raises `CatalogError` for any other refusal."""
        asked = {name: value for name, value in query.items() if value}
        return self._read(self._client.build_request("GET", path, params=asked))

    def post(self, path: str, body: bytes) -> dict[str, Json] | None:
        """The answer to a body of JSON, as `get`."""
        headers = {"content-type": "application/json"}
        return self._read(self._client.build_request("POST", path, content=body, headers=headers))

    def _read(self, request: httpx.Request) -> dict[str, Json] | None:
        try:
            answer = self._runner.run(self._client.send(request))
            found = orjson.loads(answer.content)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise CatalogError("unavailable", f"`{self._client.base_url}` could not be asked: {why}") from error
        except orjson.JSONDecodeError as error:
            message = f"`{self._client.base_url}` answered {answer.status_code}, and no JSON"
            raise CatalogError("unavailable", message, "Is it the address of a Callboard?") from error
        if answer.status_code == 404:
            return None
        if answer.is_success and isinstance(found, dict):
            return found
        told = found.get("error") if isinstance(found, dict) else None
        message = str(told.get("message") or "") if isinstance(told, dict) else ""
        hint = str(told.get("hint") or "") if isinstance(told, dict) else ""
        hint = "Name a file with a token in it by `--token-file`." if answer.status_code == 401 else hint
        raise CatalogError("invalid", message or f"The answer was {answer.status_code}", hint)


@contextmanager
def open_api(where: Where) -> Iterator[Api]:
    """The API to ask. Raises `CatalogError`."""
    with asyncio.Runner() as runner, ExitStack() as stack:
        client = _reach(where) if where.url else _reach_known(where, runner) or _make(where, runner, stack)
        stack.callback(lambda: runner.run(client.aclose()))
        yield Api(runner, client)


def _reach_known(where: Where, runner: asyncio.Runner) -> httpx.AsyncClient | None:
    """The Callboard that the environment names, None where there is none or it does not answer: at night, it may be down."""
    url, file = default_server()
    if not url or where.database or where.config:
        return None
    client = _reach(replace(where, url=url, token_file=where.token_file or file))
    try:
        runner.run(client.get("/healthz", timeout=_PATIENCE)).raise_for_status()
    except httpx.HTTPError as error:
        say(f"callboard: `{url}` does not answer ({str(error) or type(error).__name__}): reading the database instead")
        runner.run(client.aclose())
        return None
    return client


def _reach(where: Where) -> httpx.AsyncClient:
    try:
        url = httpx.URL(where.url)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise CatalogError("invalid", f"`{where.url}` is no address", "Write it as `http://localhost:7007`.")
    headers = token(_read_token(where.token_file))() if where.token_file is not None else {}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=_SECONDS)


def _read_token(path: Path) -> str:
    try:
        return reveal(check_header(SecretStr(path.read_text().strip())))
    except OSError as error:
        raise CatalogError("invalid", f"`{path}` could not be read: {error.strerror}") from error
    except ValueError as error:  # what fails to send one that no header can carry would show it
        raise CatalogError("invalid", f"`{path}` holds no token: a single word of visible ASCII characters") from error


def _make(where: Where, runner: asyncio.Runner, stack: ExitStack) -> httpx.AsyncClient:
    """An application over the database, in this process; its tools are asked as a server's would be."""
    from web.app import create_app

    given = read_settings(where.config) if where.config else Settings()
    catalog = Catalog.open(where.database or given.database or default_database(), search=False)
    stack.callback(catalog.close)
    if len(catalog.view.live) > _MANY and not default_server()[0]:
        say("  hint: set `CALLBOARD_URL` to the address of the Callboard that runs: it has the catalog in memory")
    live = open_live_facts(given.live)
    stack.callback(lambda: runner.run(live.close()))
    transport = httpx.ASGITransport(create_app(Crawler(catalog), live=live))
    base = given.public_url or f"http://{given.host}:{given.port}"  # where the server, if one runs, has the pages
    return httpx.AsyncClient(transport=transport, base_url=base, timeout=_SECONDS)


def find_entity(api: Api, text: str) -> tuple[str, list[str]]:
    """The ref that somebody means by a ref or a name; "" and those that may be meant where that is not clear."""
    try:
        ref = str(parse_ref(text.strip(), "component"))
    except RefError:
        ref = ""
    if ref and api.get("/api/catalog/entities/by-name" + join_ref(ref)) is not None:
        return ref, []
    found = api.get("/api/lookup", q=text) or {}
    if found.get("decided"):
        return found["decided"], []
    return "", [one["entityRef"] for one in found.get("candidates", ())] or list(found.get("near", ()))


def join_ref(ref: str) -> str:
    """A ref as the end of an API's path."""
    return "".join(f"/{quote(part, safe='')}" for part in split_ref(ref))
