"""The command line: wiring only. Data goes to stdout, talk to stderr; exit 0 is clean, 1 problems, 2 could not run."""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from catalog.pipeline import Progress, Report
from catalog.query import BY_REF, Order, Query, parse_filter
from catalog.refs import RefError, parse_ref
from ingestors.folder import PATTERNS
from ingestors.registry import open_source
from web import checking
from web.settings import HOST, PORT, Config, default_database, read_config

app = typer.Typer(
    name="callboard",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The software catalog: who owns this, what is it made of, what breaks if I change it.",
)

Database = Annotated[
    str,
    typer.Option("--database", metavar="URL", help="SQLAlchemy URL; a SQLite file in your state folder if not given."),
]
Sources = Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Folders or catalog files.")]
Patterns = Annotated[
    list[str] | None,
    typer.Option(
        "--pattern", metavar="GLOB", help=f"Files to read in a folder; repeatable. Default: {', '.join(PATTERNS)}"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Format(StrEnum):
    """The forms that `check` prints in."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _progress(name: str) -> Iterator[Progress]:
    """A progress bar on a terminal, a plain line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _plain_progress(name)
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Reading {name}", total=None)
        yield lambda files, entities: bar.update(
            task, description=f"Reading {name}: {files} files, {entities} entities"
        )


def _plain_progress(name: str) -> Progress:
    last = 0

    def show(files: int, entities: int) -> None:
        nonlocal last
        if files - last >= 1_000:
            last = files
            _say(f"reading {name}: {files} files, {entities} entities")

    return show


def _summary(report: Report) -> str:
    if report.failure:
        return f"{report.source}: could not be read, nothing was changed: {report.failure}"
    counts = f"{len(report.added)} added, {len(report.changed)} changed, {len(report.removed)} removed"
    rest = f"{report.unchanged} unchanged, {len(report.refused)} refused, in {report.seconds:.2f} s"
    return f"{report.source}: {counts}, {rest}"


@app.command(
    epilog="Examples:  callboard serve sample-catalog   ·   callboard serve ~/src --port 8080 --database sqlite://"
)
def serve(
    sources: Sources = [],  # noqa: B006  (typer reads it once)
    config: Annotated[Path | None, typer.Option(help="A callboard.yaml; options given here win.")] = None,
    host: Annotated[str | None, typer.Option(help=f"Address to listen on; {HOST} if not given.")] = None,
    port: Annotated[int | None, typer.Option(help=f"Port to listen on; {PORT} if not given.")] = None,
    database: Database = "",
    pattern: Patterns = None,
) -> None:
    """Read the sources, serve the catalog, and follow every change of their files."""
    from web.app import create_app

    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    given = read_config(config) if config else Config()
    opened = [open_source(text, pattern or given.patterns) for text in sources or given.sources]
    catalog = Catalog.open(database or given.database or default_database())
    try:
        for source in opened:
            with _progress(source.name) as progress:
                report = catalog.ingest(source, progress=progress)
            _say(_summary(report))
        _run(create_app(catalog, opened), host or given.host, port or given.port, len(catalog.view))
    finally:
        catalog.close()


def _run(application: object, host: str, port: int, entities: int) -> None:
    """Serve until told to stop."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application, host, port, log_level="warning", access_log=False))  # type: ignore[arg-type]
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn stops on them, then raises them again for us
        signal.signal(number, lambda *_: None)
    shown = f"[{host}]" if ":" in host else host
    _say(f"Callboard serves {entities} entities at http://{shown}:{port}")
    server.run()
    if not server.started:
        raise typer.Exit(2)


@app.command(epilog="Examples:  callboard check .   ·   callboard check catalog-info.yaml --format github")
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders or files.")],
    pattern: Patterns = None,
    format: Annotated[Format, typer.Option(help="How to print what was found.")] = Format.TEXT,
) -> None:
    """Validate catalog files, offline. Exit 0: clean, 1: problems, 2: could not run."""
    results = checking.check_paths(paths, pattern or PATTERNS)
    sys.stdout.write(checking.FORMATS[format](results))
    if format is Format.TEXT:
        _say(checking.summarise(results))
    raise typer.Exit(1 if any(one.problems for one in results) else 0)


@app.command(
    epilog="Examples:  callboard ingest ~/src --dry-run   ·   callboard ingest all.yaml --database sqlite:///c.db"
)
def ingest(
    sources: Sources,
    database: Database = "",
    pattern: Patterns = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Crawl the sources once. Exit 0: clean, 1: some documents were refused, 2: a source could not be read."""
    opened = [open_source(text, pattern or ()) for text in sources]
    catalog = Catalog.open(database or default_database(), search=False)
    try:
        reports: list[Report] = []
        for source in opened:
            with _progress(source.name) as progress:
                reports.append(catalog.ingest(source, dry_run=dry_run, progress=progress))
    finally:
        catalog.close()
    for report in reports:
        if json:
            print(orjson.dumps(checking.report_json(report)).decode())
        else:
            _print_report(report, dry_run=dry_run)
    if any(report.failure for report in reports):
        raise typer.Exit(2)
    raise typer.Exit(1 if any(report.refused for report in reports) else 0)


def _print_report(report: Report, *, dry_run: bool) -> None:
    for sign, refs in (("+", report.added), ("~", report.changed), ("-", report.removed)):
        for ref in refs:
            print(f"{sign} {ref}")
    for problem in report.problems:
        print(problem)
    print(("would be: " if dry_run else "") + _summary(report))


@app.command(epilog="Examples:  callboard show payment-api   ·   callboard show group:team-payments --json")
def show(
    ref: Annotated[str, typer.Argument(help="`[kind:][namespace/]name`; the kind is component if not given.")],
    database: Database = "",
    json: AsJson = False,
) -> None:
    """Show one entity: what it is, who owns it, what it is related to."""
    try:
        wanted = str(parse_ref(ref, "component"))
    except RefError as error:
        raise CatalogError("invalid", str(error), "Write it as `kind:namespace/name`.") from error
    catalog = Catalog.open(database or default_database(), search=False)
    try:
        entity = catalog.view.entity(wanted)
        if entity is None:
            raise CatalogError("not_found", f"`{wanted}` is not in the catalog", "`callboard list` shows what is.")
        print(
            orjson.dumps(entity, option=orjson.OPT_INDENT_2).decode() if json else checking.entity_text(wanted, entity)
        )
    finally:
        catalog.close()


@app.command(
    "list",
    epilog="Examples:  callboard list --filter kind=component,spec.lifecycle=production   ·   callboard list --json",
)
def list_entities(
    filter: Annotated[
        list[str] | None, typer.Option("--filter", help="As in the API; repeats are alternatives.")
    ] = None,
    database: Database = "",
    json: AsJson = False,
) -> None:
    """List entities by ref: ref, type, owner, title; tab-separated."""
    catalog = Catalog.open(database or default_database(), search=False)
    try:
        query = Query(parse_filter(filter or ()), None, Order(BY_REF), limit=len(catalog.view) + 1)
        for body in catalog.view.page(query).bodies:
            print(body.decode() if json else checking.entity_line(orjson.loads(body)))
    finally:
        catalog.close()


def main() -> None:
    """Run the command line; an unmet request is one line and exit 2."""
    try:
        app()
    except CatalogError as error:
        _say(f"callboard: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
        sys.exit(2)


if __name__ == "__main__":
    main()
