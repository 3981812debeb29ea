"""`callboard config`: the configuration file checked, and its schema. Exit 0: clean, 1: mistakes, 2: could not run."""

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from web.cli.wiring import find_faults
from web.settings import Settings, check_settings, settings_schema

app = typer.Typer(
    no_args_is_help=True,
    help="Check a configuration file, or print what one may say.",
    epilog="Examples:  callboard config check callboard.yaml   ·   callboard config schema > callboard.schema.json",
)


@app.command(
    epilog="Examples:  callboard config check callboard.yaml   ·   callboard config check callboard.yaml --json"
)
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A callboard.yaml.")],
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each mistake.")] = False,
) -> None:
    """Say everything that is wrong in a configuration file, each with its line. Secrets must be readable.

    Sources are opened and no host is asked: what only it can tell shows when they are read.
    """
    found = check_settings(file, find_faults)
    mistakes = [] if isinstance(found, Settings) else found
    for mistake in mistakes:
        if json:
            print(orjson.dumps(mistake).decode())
        else:
            print(mistake, *([f"  hint: {mistake.hint}"] if mistake.hint else []), sep="\n")
    if not json:
        count = f"{len(mistakes)} mistake{'' if len(mistakes) == 1 else 's'}" if mistakes else "no mistakes"
        print(f"{file}: {count}", file=sys.stderr)
    raise typer.Exit(1 if mistakes else 0)


@app.command(epilog="Examples:  callboard config schema > callboard.schema.json")
def schema() -> None:
    """Print the JSON schema of the configuration file: every key with its description and default."""
    print(orjson.dumps(settings_schema(), option=orjson.OPT_INDENT_2).decode())
