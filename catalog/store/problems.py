"""Problems as rows and back."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from catalog.problems import Cause, Origin, Problem, Severity, Tally, cause_json
from catalog.tables import DOCUMENT, PROBLEM


def problem_row(source: str, problem: Problem) -> dict[str, Any]:
    """A problem of a source as a row."""
    at = problem.origin
    return {
        "source": source,
        "file": at.file,
        "line": at.line,
        "column": at.column,
        "index": at.index,
        "rule": problem.rule,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
        "ref": problem.ref,
        "error": json.dumps(cause_json(problem.error)) if problem.error else "",
        "document": problem.document,
    }


def read_problems(db: sa.Connection, source: str | None = None) -> Iterator[Problem]:
    """The problems of a source, or of all, in the order in which they were found."""
    query = sa.select(PROBLEM).order_by(PROBLEM.c.id)
    for row in db.execute(query.where(PROBLEM.c.source == source) if source is not None else query).mappings():
        origin = Origin(row["file"], row["line"], row["column"], row["index"])
        error = _cause(json.loads(row["error"])) if row["error"] else None
        severity = Severity(row["severity"])
        yield Problem(row["rule"], row["message"], row["hint"], origin, severity, row["ref"], error, row["document"])


def tally_problems(db: sa.Connection) -> list[Tally]:
    """How many problems each source has with each file, by source and file."""
    by_place = (PROBLEM.c.source, PROBLEM.c.file)
    errors = sa.func.sum(sa.case((PROBLEM.c.severity == str(Severity.ERROR), 1), else_=0))
    rows = db.execute(sa.select(*by_place, errors, sa.func.count()).group_by(*by_place).order_by(*by_place))
    return [Tally(source, file, int(bad), int(all_) - int(bad)) for source, file, bad, all_ in rows]


def places_of_file(db: sa.Connection, file: str) -> dict[str, str]:
    """By source, the location under which it read a file; "" where it has a problem with one that it could not read."""
    blamed = sa.select(PROBLEM.c.source).where(PROBLEM.c.file == file).distinct()
    found = dict.fromkeys(sorted(db.scalars(blamed)), "")
    ends = DOCUMENT.c.location.endswith(f":{file}", autoescape=True)
    for source, location in db.execute(sa.select(DOCUMENT.c.source, DOCUMENT.c.location).where(ends)):
        if location.partition(":")[2] == file:
            found[source] = location
    return found


def _cause(value: dict[str, Any]) -> Cause:
    return Cause(value["name"], value["message"], _cause(value["cause"]) if "cause" in value else None)
