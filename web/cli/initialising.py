"""`callboard init`: a first callboard.yaml, by asking or from options. What is there is never overwritten."""

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import CatalogError
from web.cli.options import say
from web.cli.wiring import find_faults
from web.settings import EVERY, HOST, PORT, Settings, check_settings
from web.yaml import format_yaml

EPILOG = (
    "Examples:  callboard init   ·   callboard init --yes --source https://github.com/ORG --token-variable GITHUB_TOKEN"
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
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 0,
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
    sources = list(source or ([] if yes else _ask_sources()))
    every = every or (EVERY if yes else _ask("How often is what is not on this machine read?", EVERY))
    host = host or (HOST if yes else _ask("Which address to listen on?", HOST))
    port = port or (PORT if yes else int(typer.prompt("Which port?", default=PORT, type=int, err=True)))
    if not yes and not token_variable:
        token_variable = _ask("Which environment variable holds a token that may write? (none if empty)", "")
    text = _HEAD.format(name=file.name) + format_yaml(_make(sources, every, host, port, token_variable))
    try:
        with file.open("x") as output:
            output.write(text)
    except OSError as error:
        raise CatalogError("unavailable", f"`{file}` could not be written: {error.strerror}") from error
    say(f"{file} written")
    found = check_settings(file, find_faults)
    for mistake in [] if isinstance(found, Settings) else found:
        say(f"{mistake}\n  hint: {mistake.hint}" if mistake.hint else str(mistake))
    say(f"Now: callboard serve --config {file}")


def _make(sources: list[str], every: str, host: str, port: int, token_variable: str) -> dict[str, object]:
    settings: dict[str, object] = {"sources": sources, "every": every, "host": host, "port": port}
    if token_variable:
        settings["auth"] = {"tokens": [{"token": f"${{{token_variable}}}", "subject": "admin"}]}
    return settings


def _ask_sources() -> list[str]:
    say("What is to be read? A folder, a catalog file, or a URL: https://github.com/ORG, a GitLab group, a repository.")
    sources: list[str] = []
    while text := _ask("Source (none more if empty)", "").strip():
        sources.append(text)
    return sources


def _ask(question: str, default: str) -> str:
    return str(typer.prompt(question, default=default, show_default=bool(default), err=True))
