"""`callboard check`, `ingest`, `forget`, `show` and `list`: files judged, sources crawled once, and the catalog read."""

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from catalog import leftovers
from catalog.catalog import Catalog
from catalog.conditions import parse_filter
from catalog.crawler import Crawler
from catalog.errors import CatalogError
from catalog.pipeline import Report
from catalog.query import BY_REF, Order, Query
from ingestors.folder import PATTERNS
from web import checking
from web.cli.options import AsJson, Config, Database, Patterns, Ref, Sources, parse_any, say
from web.cli.progress import show_progress, summarise_report
from web.cli.wiring import say_lacking, wire
from web.settings import Settings, default_database, read_settings

CHECK_EPILOG = "Examples:  callboard check .   ·   callboard check catalog-info.yaml --format github"
INGEST_EPILOG = (
    "Examples:  callboard ingest ~/src --dry-run   ·   callboard ingest https://github.com/ORG"
    "   ·   callboard ingest github:acme --config callboard.yaml --confirm-removals"
)
FORGET_EPILOG = (
    "Examples:  callboard forget github:acme   ·   callboard forget folder:/srv/old --database sqlite:///c.db"
)
SHOW_EPILOG = "Examples:  callboard show payment-api   ·   callboard show group:team-payments --json"
LIST_EPILOG = "Examples:  callboard list --filter kind=component,spec.lifecycle=production   ·   callboard list --json"


class Format(StrEnum):
    """The forms that `check` prints in."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders or files.")],
    pattern: Patterns = None,
    format: Annotated[Format, typer.Option(help="How to print what was found.")] = Format.TEXT,
) -> None:
    """Validate catalog files, offline. Exit 0: clean, 1: problems, 2: could not run."""
    patterns = pattern or PATTERNS
    results = checking.check_paths(paths, patterns)
    if not results:
        say(f"no file matches {' or '.join(f'`{one}`' for one in patterns)}; `--pattern` names others")
    sys.stdout.write(checking.FORMATS[format](results))
    if format is Format.TEXT:
        say(checking.summarise(results))
    raise typer.Exit(1 if any(one.problems for one in results) else 0)


def ingest(
    sources: Sources = [],  # noqa: B006  (typer reads it once)
    config: Config = None,
    database: Database = "",
    pattern: Patterns = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan: what would change. Change nothing.")
    ] = False,
    confirm_removals: Annotated[
        bool, typer.Option("--confirm-removals", help="Take away what is gone, however much it is.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Crawl the sources once: those named, by path, URL or name, else all of the configuration file.

    Exit 0: clean, 1: some documents were refused, 2: a source could not be read, or its removals are to be confirmed.
    """
    if not sources and config is None:
        raise CatalogError("invalid", "no source was named", "Name one, or a configuration file with `--config`.")
    given = read_settings(config) if config else Settings()
    logging.getLogger("callboard").setLevel(logging.ERROR)  # how each crawl went is printed
    reports: list[Report] = []
    with wire(given, sources, pattern or (), database) as wired:
        say_lacking(wired)
        for source in wired.sources:
            if dry_run:
                reports.append(wired.crawler.plan(source.name))
                continue
            try:
                with show_progress(source) as progress:
                    report = wired.crawler.crawl(source.name, confirmed=confirm_removals, progress=progress)
            except KeyboardInterrupt:
                say(f"{source.name}: stopped, nothing was changed; the next run goes on from what was read")
                raise
            reports += [report] if report is not None else []
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
    print(("would be: " if dry_run else "") + summarise_report(report))


def forget(
    source: Annotated[str, typer.Argument(help="Its name, as `/sources` shows it.")], database: Database = ""
) -> None:
    """Take away all that a source gave that nobody reads any more: one that was renamed, or left the configuration."""
    catalog = Catalog.open(database or default_database(), search=False)
    try:
        for ref in leftovers.forget(Crawler(catalog), source):
            print(f"- {ref}")
    finally:
        catalog.close()


def show(
    ref: Ref,
    database: Database = "",
    json: AsJson = False,
) -> None:
    """Show one entity: what it is, who owns it, what it is related to."""
    wanted = parse_any(ref)
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
