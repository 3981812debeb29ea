"""`callboard init`: a first callboard.yaml, by asking or from options. What is there is never overwritten."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from catalog import scm
from catalog.errors import CatalogError
from ingestors.registry import tell_target
from ingestors.settings.durations import parse_duration
from web.cli.options import say
from web.cli.wiring import find_faults
from web.settings import EVERY, HOST, PORT, Settings, check_settings
from web.yaml import format_yaml

EPILOG = (
    "Examples:  callboard init   ·   callboard init --yes --source https://github.com/ORG"
    "   ·   callboard init --yes --source ~/src --token-variable CALLBOARD_TOKEN"
)
_HEAD = """# Callboard's configuration. `callboard config schema` prints every key with what it means;
# `callboard config check {name}` checks this file; `callboard serve --config {name}` serves it.
"""


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")] = Path("callboard.yaml"),
    source: Annotated[
        list[str] | None, typer.Option("--source", help="A folder, file or URL to read; repeatable.")
    ] = None,
    every: Annotated[str, typer.Option(help="How often what is not on this machine is read.")] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
    token_variable: Annotated[
        str, typer.Option(metavar="NAME", help="Variable with a token that may write; none if empty.")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: what no option says is left as it is.")
    ] = False,
) -> None:
    """Write a first configuration file by asking a few questions. Exit 0: written, 2: could not be."""
    if file.exists():
        raise CatalogError("conflict", f"`{file}` is there already", "Name another file, or edit that one.")
    sources = list(source or ([] if yes else _ask_sources(file.parent)))
    every = every or (EVERY if yes else _ask("How often is what is not on this machine read?", EVERY, _read_every))
    host = host or (HOST if yes else _ask("Which address to listen on?", HOST))
    port = port or (PORT if yes else int(_ask("Which port?", str(PORT), _read_port)))
    if not yes and not token_variable:
        question = "Which environment variable holds a token that may write? (none if empty)"
        token_variable = _ask(question, "", _read_variable)
    text = _HEAD.format(name=file.name) + format_yaml(_make(sources, every, host, port, token_variable))
    try:
        with file.open("x") as output:
            output.write(text)
    except OSError as error:
        raise CatalogError("unavailable", f"`{file}` could not be written: {error.strerror}") from error
    say(f"{file} written")
    found = check_settings(file, find_faults)
    mistakes = [] if isinstance(found, Settings) else found
    for mistake in mistakes:
        say(f"{mistake}\n  hint: {mistake.hint}" if mistake.hint else str(mistake))
    say(f"{'Correct that, then' if mistakes else 'Now'}: callboard serve --config {file}")


def _make(sources: list[str], every: str, host: str, port: int, token_variable: str) -> dict[str, object]:
    settings: dict[str, object] = {"sources": sources, "every": every, "host": host, "port": port}
    if token_variable:
        settings["auth"] = {"tokens": [{"token": f"${{{token_variable}}}", "subject": "admin"}]}
    return settings


def _ask_sources(folder: Path) -> list[str]:
    say("What is to be read? A folder, a catalog file, or a URL: https://github.com/ORG, a GitLab group, a repository.")
    sources: list[str] = []
    while text := _ask("Source (none more if empty)", "", partial(_read_source, folder)):
        sources.append(text)
    return sources


def _ask(question: str, default: str, read: Callable[[str], str] = str) -> str:
    """The answer to a question as `read` gives it, which is asked again where that raises."""

    def take(text: str) -> str:
        try:
            return read(text.strip())
        except (ValueError, CatalogError) as error:
            message = error.message if isinstance(error, CatalogError) else str(error.args[0])
            raise typer.BadParameter(message) from error

    return str(typer.prompt(question, default=default, show_default=bool(default), err=True, value_proc=take))


def _read_source(folder: Path, text: str) -> str:
    """A path that is there, from the file's folder, or a URL; what is behind that, its host says when it is read."""
    if not text or "://" in text or (folder / text).exists():
        return text
    type = tell_target(text, scm.Hosts(), {}).settings["type"]
    return text if type in ("folder", "file") or "@" in text else f"https://{text}"


def _read_every(text: str) -> str:
    parse_duration(text)
    return text


def _read_port(text: str) -> str:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError("a port is a whole number from 1 to 65535")
    return text


def _read_variable(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z_]\w*", text):
        raise ValueError("that is not the name of a variable, such as `CALLBOARD_TOKEN`; never give the token itself")
    return text
