"""`callboard who-wins`: which file holds a ref, which others claim it, and why the first keeps it."""

from dataclasses import dataclass

import orjson
import typer

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from catalog.kinds import MANAGED_BY_LOCATION
from catalog.problems import Problem
from web.cli.options import AsJson, Database, Ref, parse_any
from web.settings import default_database

EPILOG = "Examples:  callboard who-wins payment-api   ·   callboard who-wins group:team-payments --json"
_WHY = {
    "duplicate-ref": "It was the first to be read with this ref, and keeps it for as long as it has it. "
    "When it gives the ref up, the next of the others to be read gets it.",
    "duplicate-in-file": "Inside one file the last definition is used.",
}


@dataclass(frozen=True, slots=True)
class Claims:
    """A ref: the file that holds it, of which source, and the problems of the claims that were not taken."""

    ref: str
    file: str
    source: str
    others: list[Problem]


def find_claims(catalog: Catalog, ref: str) -> Claims:
    """Who holds a ref and who would like to. Raises `CatalogError` where nobody knows of it."""
    entity = catalog.view.entity(ref)
    # Such a problem belongs to the file, not to the entity that is served: its message is what names the ref.
    others = [one for one in catalog.problems if one.rule in _WHY and one.message.startswith(f"`{ref}` is ")]
    if entity is None and not others:
        raise CatalogError("not_found", f"no file claims `{ref}`", "`callboard list` shows what is in the catalog.")
    annotations = entity["metadata"].get("annotations", {}) if entity else {}
    return Claims(ref, annotations.get(MANAGED_BY_LOCATION, ""), catalog.source_of(ref) if entity else "", others)


def who_wins(ref: Ref, database: Database = "", json: AsJson = False) -> None:
    """Say which file holds a ref, which others claim it, and why the first keeps it. Exit 0: no other, 1: others."""
    catalog = Catalog.open(database or default_database(), search=False)
    try:
        claims = find_claims(catalog, parse_any(ref))
    finally:
        catalog.close()
    if json:
        others = [{"file": one.origin.file, "line": one.origin.line, "message": one.message} for one in claims.others]
        print(
            orjson.dumps({"ref": claims.ref, "file": claims.file, "source": claims.source, "others": others}).decode()
        )
    else:
        print(_as_text(claims))
    raise typer.Exit(1 if claims.others else 0)


def _as_text(claims: Claims) -> str:
    held = f"{claims.file}, of the source {claims.source}" if claims.file else "no file"
    lines = [f"{claims.ref} is held by {held}"]
    for one in claims.others:
        at = f"{one.origin.file}:{one.origin.line}" if one.origin.line else one.origin.file
        lines.append(f"  claimed too by {at}, which is not used")
    lines += [f"  {_WHY[rule]}" for rule in dict.fromkeys(one.rule for one in claims.others)]
    return "\n".join(lines if claims.others else [*lines, "  no other file claims it"])
