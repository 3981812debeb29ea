"""Options and arguments that several commands take, and where their talk goes: data on stdout, talk on stderr."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import CatalogError
from catalog.refs import RefError, parse_ref
from ingestors.folder import PATTERNS

Database = Annotated[
    str,
    typer.Option("--database", metavar="URL", help="SQLAlchemy URL; a SQLite file in your state folder if not given."),
]
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...", help="Folders, catalog files, or URLs of organisations, groups, repositories or files."
    ),
]
Patterns = Annotated[
    list[str] | None,
    typer.Option(
        "--pattern", metavar="GLOB", help=f"Files to read; repeatable. In a folder by default {', '.join(PATTERNS)}"
    ),
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A callboard.yaml; options given here win.")
]
Ref = Annotated[str, typer.Argument(help="`[kind:][namespace/]name`; the kind is component if not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def say(text: str) -> None:
    """Tell whoever runs this, on stderr."""
    print(text, file=sys.stderr, flush=True)


def parse_any(ref: str) -> str:
    """The canonical form of a ref as somebody types it. Raises `CatalogError`."""
    try:
        return str(parse_ref(ref, "component"))
    except RefError as error:
        raise CatalogError("invalid", str(error), "Write it as `kind:namespace/name`.") from error
