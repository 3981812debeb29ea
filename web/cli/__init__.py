"""The command line: wiring only. Data goes to stdout, talk to stderr; exit 0 is clean, 1 problems, 2 could not run."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from catalog.errors import CatalogError
from web.cli import claims, configuring, gaps, importing, initialising, oncall, reading, serving
from web.cli.options import say

app = typer.Typer(
    name="callboard",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The software catalog: who owns this, what is it made of, what breaks if I change it.",
    epilog="Examples:  callboard serve sample-catalog   ·   callboard serve https://github.com/ORG   ·   callboard init",
)
app.command("serve", epilog=serving.EPILOG)(serving.serve)
app.command("check", epilog=reading.CHECK_EPILOG)(reading.check)
app.command("ingest", epilog=reading.INGEST_EPILOG)(reading.ingest)
app.command("forget", epilog=reading.FORGET_EPILOG)(reading.forget)
app.command("show", epilog=reading.SHOW_EPILOG)(reading.show)
app.command("list", epilog=reading.LIST_EPILOG)(reading.list_entities)
app.command("oncall", epilog=oncall.ONCALL_EPILOG)(oncall.oncall)
app.command("who", epilog=oncall.WHO_EPILOG)(oncall.who)
app.command("impact", epilog=oncall.IMPACT_EPILOG)(oncall.impact)
app.command("who-wins", epilog=claims.EPILOG)(claims.who_wins)
app.command("gaps", epilog=gaps.EPILOG)(gaps.gaps)
app.command("init", epilog=initialising.EPILOG)(initialising.init)
app.command("import-app-config", epilog=importing.EPILOG)(importing.import_app_config)
app.add_typer(configuring.app, name="config")


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"callboard {version('callboard')}")
        raise typer.Exit


@app.callback()
def _whole(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What stands before any command."""


def main() -> None:
    """Run the command line; an unmet request is one line and exit 2."""
    try:
        app()
    except CatalogError as error:
        say(f"callboard: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
        sys.exit(2)
