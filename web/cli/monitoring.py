"""From the settings to who asks the tools what is true right now, and to who sends alerts on."""

from typing import Any, get_args

from pydantic import SecretStr

from catalog.alerts import Tool
from catalog.errors import CatalogError
from catalog.live import LiveFacts, NoLiveFacts
from catalog.receivers import NoReceivers, Receivers
from ingestors.credentials import basic, token
from ingestors.live.board import Board
from ingestors.live.forward import Forwarder, Receiver
from ingestors.live.instance import Instance
from ingestors.settings.secret import reveal
from web import settings
from web.settings import Alerts, Live


def open_live_facts(given: Live) -> LiveFacts:
    """Who asks the tools that the settings name; nobody is asked yet. Raises `CatalogError`."""
    instances = [
        _make_instance(name, tool, one, given) for tool in get_args(Tool) for name, one in getattr(given, tool).items()
    ]
    try:
        return Board(instances) if instances else NoLiveFacts()
    except OSError as error:
        raise CatalogError("invalid", f"a `ca_file` in `live` could not be read: {error}") from error


def _make_instance(name: str, tool: Tool, one: settings.Section, given: Live) -> Instance:
    plain: dict[str, Any] = {
        key: value.get_secret_value() if isinstance(value, SecretStr) else value
        for key, value in one
        if value is not None
    }
    return Instance(name, tool, **plain, seconds=given.timeout, pause=given.pause)


def open_receivers(given: Alerts) -> Receivers:
    """Who sends alerts on to the receivers that the settings name. Raises `CatalogError`."""
    made = [
        Receiver(
            name,
            one.url.get_secret_value(),
            _make_headers(one),
            private=one.private,
            verify=one.verify,
            ca_file=one.ca_file,
            seconds=given.timeout,
        )
        for name, one in given.receivers.items()
    ]
    try:
        return Forwarder(made) if made else NoReceivers()
    except OSError as error:
        raise CatalogError("invalid", f"a `ca_file` in `alerts` could not be read: {error}") from error


def _make_headers(one: settings.Receiver) -> dict[str, str]:
    headers = {name: text.get_secret_value() for name, text in one.headers.items()}
    if one.password is not None:
        return {**headers, **basic(one.username, reveal(one.password))()}
    return {**headers, **token(reveal(one.token))()} if one.token else headers
