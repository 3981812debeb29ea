"""`callboard import-app-config`: Backstage's configuration as ours, and what could not be taken over."""

from pathlib import Path
from typing import Annotated

import typer

from catalog.catalog import read_yaml
from catalog.documents import Document, Location
from catalog.errors import CatalogError
from web.app_config import translate_app_config
from web.cli.options import say
from web.yaml import format_yaml

EPILOG = (
    "Examples:  callboard import-app-config app-config.yaml"
    "   ·   callboard import-app-config app-config.yaml -o callboard.yaml"
)


def import_app_config(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Backstage's app-config.yaml.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write; stdout if not given.")
    ] = None,
) -> None:
    """Turn Backstage's configuration into ours. Exit 0: all of it, 1: something was left out, 2: could not run."""
    try:
        document = Document(Location("file", str(file)), file.read_bytes())
    except OSError as error:
        raise CatalogError("unavailable", f"`{file}` could not be read: {error.strerror}") from error
    drafts, problems = read_yaml(document)
    if problems or len(drafts) != 1:
        message = str(problems[0]) if problems else f"`{file}` must hold one document with keys and values"
        raise CatalogError("invalid", message)
    imported = translate_app_config(drafts[0])
    text = f"# From {file.name}, by `callboard import-app-config`.\n" + format_yaml(imported.settings)
    if output is None:
        print(text, end="")
    else:
        _write(output, text)
    for one in imported.left:
        say(str(one))
    if imported.ignored:
        say(f"not about the catalog, not looked at: {', '.join(imported.ignored)}")
    say(f"{len(imported.left)} to look at" if imported.left else "all of it was taken over")
    raise typer.Exit(1 if imported.left else 0)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x") as output:
            output.write(text)
    except FileExistsError as error:
        raise CatalogError("conflict", f"`{path}` is there already", "Name another file with `-o`.") from error
    except OSError as error:
        raise CatalogError("unavailable", f"`{path}` could not be written: {error.strerror}") from error
