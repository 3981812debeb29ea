"""`callboard gaps`: what the catalog lacks, ranked, and a catalog-info.yaml proposed for each repository without one."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from catalog.gaps import Bare, Gap, GapKind, find_gaps, propose_file
from catalog.scm import Hosts
from ingestors.registry import find_bare
from web.cli.options import AsJson, Config, Database, say
from web.names import count_words
from web.settings import Settings, default_database, read_settings

EPILOG = "Examples:  callboard gaps   ·   callboard gaps --json   ·   callboard gaps --propose proposals"
_SHOWN = 10
_WORDS: Final[dict[GapKind, tuple[str, str]]] = {
    "unknown-owner": ("owner that does not exist", "owners that do not exist"),
    "file-with-problems": ("file with problems", "files with problems"),
    "no-owner": ("entity without owner", "entities without owner"),
    "no-catalog-file": ("repository without a catalog file", "repositories without a catalog file"),
}


def gaps(
    database: Database = "",
    config: Config = None,
    propose: Annotated[
        Path | None,
        typer.Option("--propose", metavar="DIR", help="Write a catalog-info.yaml for each repository without one."),
    ] = None,
    json: AsJson = False,
) -> None:
    """List what the catalog lacks, what touches most first. Exit 0: nothing, 1: gaps, 2: could not run."""
    given = read_settings(config) if config else Settings()
    catalog = Catalog.open(database or given.database or default_database(), search=False)
    try:
        if not catalog.sources():
            hint = "Run `callboard ingest SOURCE` first, or name the `--database` that it was read into."
            raise CatalogError("not_found", "nothing was read into this catalog yet", hint)
        bare = _find_bare(catalog, Hosts.of_types({name: host.type for name, host in given.hosts.items()}))
        found = find_gaps(catalog.view, catalog.problems, bare)
    finally:
        catalog.close()
    for gap in found:
        print(orjson.dumps(_gap_json(gap)).decode() if json else f"{gap.weight}\t{gap.kind}\t{gap.message}")
    if propose is not None:
        _write_proposals(bare, propose)
    if not json:
        say(_summarise(found))
    raise typer.Exit(1 if found else 0)


def show_gaps(catalog: Catalog, hosts: Hosts, note: str = "") -> None:
    """The first gaps on stderr, after a first crawl, each with how much it touches; `note` is for who runs the command."""
    found = find_gaps(catalog.view, catalog.problems, _find_bare(catalog, hosts))
    say(_summarise(found))
    for gap in found[:_SHOWN]:
        say(f"  {gap.weight:>4}  {gap.message}")
    if len(found) > _SHOWN:
        say(f"        and {len(found) - _SHOWN} more: `callboard gaps`{note}")
    for hint in dict.fromkeys(gap.hint for gap in found):
        say(f"  hint: {hint}")


def _find_bare(catalog: Catalog, hosts: Hosts) -> list[Bare]:
    """The repositories of every source that have no catalog file."""
    found: list[Bare] = []
    for state in catalog.sources():
        is_empty = state.entities == 0 and state.crawled_at is not None and not state.failure
        found += find_bare(state.name, catalog.cache(state.name), hosts, is_empty=is_empty)
    return found


def _summarise(gaps: list[Gap]) -> str:
    counts = Counter(gap.kind for gap in gaps)
    listed = ", ".join(count_words(count, *_WORDS[kind]) for kind, count in counts.items())
    return f"{count_words(len(gaps), 'gap')}: {listed}" if gaps else "no gaps"


def _gap_json(gap: Gap) -> dict[str, str | int]:
    return {
        "kind": gap.kind,
        "subject": gap.subject,
        "weight": gap.weight,
        "message": gap.message,
        "hint": gap.hint,
    }


def _write_proposals(bare: list[Bare], folder: Path) -> None:
    """A file for each repository, in a folder of its name; what is there already stays."""
    written = 0
    for one in bare:
        if one.archived:
            continue
        path = (folder / one.name.strip("/") / "catalog-info.yaml").absolute()
        if not path.is_relative_to(folder.absolute()) or ".." in path.parts:
            raise CatalogError("invalid", f"`{one.name}` cannot be a folder")
        if path.exists():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(propose_file(one))
        except OSError as error:
            raise CatalogError("unavailable", f"`{path}` could not be written: {error.strerror}") from error
        written += 1
    say(f"{count_words(written, 'file')} written to {folder}")
