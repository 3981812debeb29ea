"""`callboard serve`: folders are read before the first answer, everything else in the background while it answers."""

import logging
import signal
import socket
import sys
import threading
from functools import partial
from typing import Annotated

import typer

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from web.access import Access, decide_access
from web.cli.gaps import show_gaps
from web.cli.monitoring import open_live_facts, open_receivers
from web.cli.options import Config, Database, Patterns, Sources, say
from web.cli.progress import show_progress, watch_first_crawls
from web.cli.wiring import Wired, say_lacking, wire
from web.names import count_words
from web.settings import HOST, PORT, Settings, read_settings

EPILOG = (
    "Examples:  callboard serve sample-catalog   ·   callboard serve https://github.com/ORG"
    "   ·   callboard serve ~/src --port 8080 --database sqlite://"
)

log = logging.getLogger("callboard")
_TURN_SECONDS = 0.0005
"""How long a thread that works in the background keeps others waiting: Python's 5 ms add up to 100 ms a page."""


def serve(
    sources: Sources = [],  # noqa: B006  (typer reads it once)
    config: Config = None,
    host: Annotated[str | None, typer.Option(help=f"Address to listen on; {HOST} if not given.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=f"Port to listen on; {PORT} if not given, any free one for 0.")
    ] = None,
    database: Database = "",
    pattern: Patterns = None,
    dev: Annotated[bool, typer.Option("--dev", help="Let anyone on this machine write, without a token.")] = False,
) -> None:
    """Read the sources, serve the catalog, and keep it fresh.

    An organisation is read with the token in GITHUB_TOKEN (or GH_TOKEN), GITLAB_TOKEN or GITEA_TOKEN, if there is one.
    """
    from web.app import create_app

    _set_up_log()
    given = read_settings(config) if config else Settings()
    address = given.host if host is None else host
    access = decide_access(given, address, dev=dev)
    sockets = _listen(address, given.port if port is None else port)
    with wire(given, sources, pattern or (), database, search=True) as wired:
        read_local(wired)
        threading.Thread(target=wired.crawler.crawl_locations, name="locations", daemon=True).start()
        note = " (with the same `--database`)" if database else ""
        show = partial(show_gaps, wired.catalog, wired.reader.hosts, note)
        if wired.remote:
            say(f"Reading {', '.join(source.name for source in wired.remote)} in the background")
            say_lacking(wired)
        elif sys.stderr.isatty():
            show()
        say(_describe_access(access))
        live, receivers = open_live_facts(given.live), open_receivers(given.alerts)
        app = create_app(wired.crawler, access, wired.reader.hosts, live, receivers, given.public_url or "")
        with watch_first_crawls(wired.crawler, wired.remote, show):
            _run(app, address, sockets, wired.catalog)


def read_local(wired: Wired) -> None:
    """Read what is on this machine. Where that breaks down, what is known of it is served, and it is tried again later."""
    for source in wired.local:
        try:
            with show_progress(source) as progress:
                wired.crawler.crawl(source.name, progress=progress)
        except Exception:
            log.exception("reading %s failed; it is tried again", source.name)
    if wired.local and not len(wired.catalog.view):
        say(
            "No entity was found. Folders are searched for `catalog-info.yaml`; `--pattern` names others, or name a file"
        )


def _set_up_log() -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every URL


def _describe_access(access: Access) -> str:
    """Who may do what, in a line for whoever started the server."""
    if access.dev:
        return "Anyone on this machine may read and write (`--dev`)"
    reads = "Anyone may read" if access.reads_open else "Reading needs a token"
    hint = "writing needs a token" if access.tokens else "nobody may write: set `auth.tokens`, or start with `--dev`"
    return f"{reads}, {hint}"


def _listen(host: str, port: int) -> list[socket.socket]:
    """Take the address before anything is read, which may be minutes. Nobody gets through until the server runs.

    Raises `CatalogError` where it cannot be had.
    """
    sockets = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            sockets.append(socket.socket(family, kind, protocol))
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sockets[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sockets[-1].bind(address)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        hint = "Choose another with `--host` and `--port`, or end what listens there."
        raise CatalogError("unavailable", f"{host}, port {port}, cannot be listened on: {why}", hint) from error
    return sockets


def _run(application: object, host: str, sockets: list[socket.socket], catalog: Catalog) -> None:
    """Serve until told to stop."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", access_log=False))  # type: ignore[arg-type]
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn stops on them, then raises them again for us
        signal.signal(number, lambda *_: None)
    sys.setswitchinterval(_TURN_SECONDS)
    address = f"http://{f'[{host}]' if ':' in host else host}:{sockets[0].getsockname()[1]}"
    say(f"Callboard serves {count_words(len(catalog.view), 'entity', 'entities')} at {address}")
    if catalog.problems:
        say(f"{count_words(len(catalog.problems), 'problem')}: {address}/problems")
    server.run(sockets)
    if not server.started:
        raise typer.Exit(2)
