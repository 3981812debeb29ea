"""What the command line prints: the results of `check` in four forms, reports, and entities as plain text."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from catalog.catalog import judge_file
from catalog.documents import Document, Json, Location
from catalog.errors import CatalogError, ReadError
from catalog.kinds import RULES
from catalog.pipeline import Judged, Report
from catalog.problems import Problem
from ingestors.folder import FolderSource, find_files
from web.names import count_words


@dataclass(frozen=True, slots=True)
class Checked:
    """One document of a file, judged."""

    file: str
    judged: Judged

    @property
    def problems(self) -> list[Problem]:
        """Its problems, warnings too."""
        return self.judged.problems


def check_paths(paths: Iterable[Path], patterns: Sequence[str]) -> list[Checked]:
    """Judge every file named, and those below every folder named. Raises `CatalogError` where one cannot be read."""
    results: list[Checked] = []
    for path in paths:
        if not path.exists():
            raise CatalogError("not_found", f"`{path}` does not exist", "Name a folder or a catalog file.")
        try:
            source = FolderSource(path if path.is_dir() else path.parent)
            for file in find_files(path, patterns):
                results += [Checked(str(file), one) for one in _check_file(file, source)]
        except (OSError, ReadError) as error:
            raise CatalogError("unavailable", f"`{path}` could not be read: {error}") from error
    return results


def _check_file(file: Path, source: FolderSource) -> list[Judged]:
    document = Document(Location("file", str(file)), file.read_bytes())
    base = Location("file", str(file.absolute()))
    return judge_file(document, lambda target: source.fetch(target, base))


def summarise(results: Sequence[Checked]) -> str:
    """One line: how many documents, files and problems."""
    files = len({one.file for one in results})
    accepted = sum(one.judged.verdict == "accepted" for one in results)
    problems = sum(len(one.problems) for one in results)
    read = f"{count_words(len(results), 'document')} in {count_words(files, 'file')}"
    return f"{read}: {accepted} accepted, {count_words(problems, 'problem')}"


def _as_text(results: Sequence[Checked]) -> str:
    return "".join(f"{problem}\n" for one in results for problem in one.problems)


def problem_json(problem: Problem) -> dict[str, Json]:
    """A problem for a program."""
    at = problem.origin
    return {
        "line": at.line,
        "column": at.column,
        "rule": problem.rule,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
    }


def _as_json(results: Sequence[Checked]) -> str:
    lines = [
        {
            "file": one.file,
            "index": one.judged.index,
            "ref": one.judged.ref,
            "verdict": one.judged.verdict,
            "problems": [problem_json(problem) for problem in one.problems],
        }
        for one in results
    ]
    return "".join(orjson.dumps(line).decode() + "\n" for line in lines)


def _as_github(results: Sequence[Checked]) -> str:
    """Workflow annotations, escaped as GitHub's runner reads them."""
    lines = []
    for problem in (problem for one in results for problem in one.problems):
        at = problem.origin
        place = (
            f"file={_property(at.file)},line={max(at.line, 1)},col={max(at.column, 1)},title={_property(problem.rule)}"
        )
        text = (
            f"{problem.message}\n{problem.hint}".strip().replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        )
        lines.append(f"::{problem.severity} {place}::{text}\n")
    return "".join(lines)


def _property(text: str) -> str:
    for character, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        text = text.replace(character, code)
    return text


def _as_sarif(results: Sequence[Checked]) -> str:
    """One SARIF 2.1.0 run (OASIS, 2020)."""
    problems = [problem for one in results for problem in one.problems]
    rules = [
        {"id": rule, "shortDescription": {"text": RULES.get(rule, rule)}} for rule in sorted({p.rule for p in problems})
    ]
    found = [
        {
            "ruleId": problem.rule,
            "level": str(problem.severity),
            "message": {"text": f"{problem.message} {problem.hint}".strip()},
            "locations": [_sarif_place(problem)],
        }
        for problem in problems
    ]
    driver = {"name": "callboard", "rules": rules}
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": found}],
    }
    return orjson.dumps(log, option=orjson.OPT_INDENT_2).decode() + "\n"


def _sarif_place(problem: Problem) -> dict[str, Json]:
    at = problem.origin
    region = {"startLine": max(at.line, 1), "startColumn": max(at.column, 1)}
    return {"physicalLocation": {"artifactLocation": {"uri": Path(at.file).as_posix()}, "region": region}}


FORMATS: dict[str, Callable[[Sequence[Checked]], str]] = {
    "text": _as_text,
    "json": _as_json,
    "github": _as_github,
    "sarif": _as_sarif,
}


def report_json(report: Report) -> dict[str, Json]:
    """What an ingest did, for a program."""
    problems = [{"file": problem.origin.file, **problem_json(problem)} for problem in report.problems]
    kept = {name: getattr(report, name) for name in ("source", "revision", "added", "changed", "removed", "unchanged")}
    return {**kept, "problems": problems, "seconds": report.seconds, "failure": report.failure}


def entity_line(entity: dict[str, Json]) -> str:
    """One line of a list."""
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    ref = f"{entity['kind']}:{metadata['namespace']}/{metadata['name']}".lower()
    return "\t".join((ref, str(spec.get("type", "")), str(spec.get("owner", "")), metadata.get("title", "")))


def entity_text(ref: str, entity: dict[str, Json]) -> str:
    """One entity for a terminal."""
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    lines = [f"{ref}  {metadata.get('title', '')}".rstrip()]
    if description := metadata.get("description"):
        lines += ["", description.strip()]
    facts = [(name, spec[name]) for name in ("type", "lifecycle", "owner", "system") if isinstance(spec.get(name), str)]
    if metadata.get("tags"):
        facts.append(("tags", ", ".join(metadata["tags"])))
    facts.append(("read from", metadata.get("annotations", {}).get("backstage.io/managed-by-location", "")))
    lines += ["", *(f"{name:<10} {value}" for name, value in facts)]
    for title, found in (("Links", _links(metadata)), ("Relations", _relations(entity))):
        if found:
            lines += ["", f"{title}:", *found]
    return "\n".join(lines)


def _links(metadata: dict[str, Json]) -> list[str]:
    return [
        f"  {link.get('title') or link.get('type') or 'link'}: {link['url']}" for link in metadata.get("links") or ()
    ]


def _relations(entity: dict[str, Json]) -> list[str]:
    return [f"  {relation['type']:<14} {relation['targetRef']}" for relation in entity.get("relations", ())]
