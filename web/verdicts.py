"""Judging a catalog file that somebody pasted or names by URL: each document's problems, and the entity it would become."""

from dataclasses import dataclass

from catalog.catalog import relations_of
from catalog.crawler import Crawler
from catalog.documents import Document, Json, Location
from catalog.errors import CatalogError
from catalog.kinds import MANAGED_BY_LOCATION
from catalog.pipeline import Judged
from catalog.problems import Problem
from catalog.view import View
from web.findings import problem_json
from web.names import Item, describe

MAX_TEXT = 100_000  # nobody has to sign in for it, and 100 kB of the worst YAML keep a core busy for some seconds
PASTED = "catalog-info.yaml"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One document: what became of it, and what it would be.

    `held_by` is the file that has its ref already, "" for a new one; `relations` are those it declares, by type.
    """

    index: int
    line: int
    ref: str
    item: Item | None
    entity: dict[str, Json] | None
    problems: list[Problem]
    relations: list[tuple[str, list[Item]]]
    held_by: str

    @property
    def accepted(self) -> bool:
        """Whether it would be in the catalog."""
        return self.entity is not None


@dataclass(frozen=True, slots=True)
class Checked:
    """A file and the verdict on each of its documents."""

    file: str
    text: str
    verdicts: list[Verdict]

    @property
    def problems(self) -> list[Problem]:
        """All that is wrong."""
        return [problem for one in self.verdicts for problem in one.problems]

    @property
    def errors(self) -> int:
        """How many of them keep something out."""
        return sum(problem.severity == "error" for problem in self.problems)


def check_text(crawler: Crawler, text: str) -> Checked:
    """The verdict on pasted YAML; nothing is read for it. Raises `CatalogError` where it is too long."""
    _check_size(len(text))
    document = Document(Location("url", PASTED), text.encode("utf-8", "surrogatepass"))
    return _as_checked(crawler, document, crawler.catalog.judge(document))


def check_url(crawler: Crawler, url: str) -> Checked:
    """The verdict on the file at a URL, with what it points to. Raises `CatalogError` where that may not be read."""
    document = crawler.read_url(url)
    _check_size(len(document.content))
    return _as_checked(crawler, document, crawler.judge(document))


def _check_size(size: int) -> None:
    if size > MAX_TEXT:
        hint = "Check it in parts, or where it is with `callboard check`."
        raise CatalogError("invalid", f"The file is longer than {MAX_TEXT:,} characters", hint)


def _as_checked(crawler: Crawler, document: Document, judged: list[Judged]) -> Checked:
    view = crawler.catalog.view
    here = {one.ref: one.entity.data for one in judged if one.entity is not None}
    verdicts = [_as_verdict(view, one, here) for one in judged]
    return Checked(document.location.target, document.content.decode("utf-8", "replace"), verdicts)


def _as_verdict(view: View, judged: Judged, here: dict[str, dict[str, Json]]) -> Verdict:
    """The verdict on a document; `here` are the entities of its file, to which it may point before the catalog knows them."""
    entity = judged.entity
    data = entity.data if entity is not None else None
    relations: dict[str, list[Item]] = {}
    for kind, target in relations_of(entity) if entity is not None else ():
        relations.setdefault(kind, []).append(describe(view, target, here.get(target)))
    held = view.entity(judged.ref) if judged.ref else None
    held_by = held["metadata"]["annotations"].get(MANAGED_BY_LOCATION, "") if held is not None else ""
    item = describe(view, judged.ref, data) if judged.ref else None
    found = list(relations.items())
    return Verdict(judged.index, judged.line, judged.ref, item, data, judged.problems, found, held_by)


def checked_json(checked: Checked) -> dict[str, Json]:
    """The verdicts as the API gives them."""
    return {
        "file": checked.file,
        "valid": bool(checked.verdicts) and not checked.errors,
        "documents": [_verdict_json(one) for one in checked.verdicts],
    }


def _verdict_json(one: Verdict) -> dict[str, Json]:
    relations = [
        {"type": kind, "targetRef": item.ref, "exists": item.exists} for kind, items in one.relations for item in items
    ]
    return {
        "index": one.index,
        "line": one.line,
        "entityRef": one.ref or None,
        "accepted": one.accepted,
        "heldBy": one.held_by or None,
        "entity": one.entity,
        "relations": relations,
        "problems": [problem_json(problem) for problem in one.problems],
    }
