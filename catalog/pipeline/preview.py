"""What a location would bring if it were registered: Backstage's dry run (reference section 7.10). Nothing is stored."""

from collections.abc import Iterable, Sequence
from functools import partial

from catalog.documents import Document, Location, Root, Source
from catalog.entity import Entity
from catalog.errors import CatalogError
from catalog.pipeline.judging import Judged, judge
from catalog.pipeline.roots import open_root, read_targets
from catalog.problems import Problem
from catalog.rules import Rule


def preview(source: Source, rules: Sequence[Rule] | None = None) -> list[Entity]:
    """The entities in Backstage's order: the generated Location first, then depth first, last named first.

    Raises `CatalogError` with what is wrong with the first entity that is not accepted.
    """
    stack = [_as_judged(open_root(root)) for root in source.crawl() if isinstance(root, Root)]
    found: dict[str, Entity] = {}
    while stack:
        entity = _accept(stack.pop(), found)
        if entity.data["kind"] == "Location":
            stack += _read_children(source, entity, rules)
    return list(found.values())


def check(document: Document, source: Source, rules: Sequence[Rule] | None = None) -> list[Judged]:
    """Each document of a file judged as an ingest would, its placeholders and targets read from the source."""
    judged = judge(document, partial(_fetch, source, document.location), rules=rules)
    for one in judged:
        if one.entity is not None and one.entity.data["kind"] == "Location":
            documents, problems = read_targets(source, one.entity)
            for child in documents:
                found = judge(child, partial(_fetch, source, child.location), one.entity, rules=rules)
                problems += [bad.problems[0] for bad in found if bad.fails_its_file]
            one.problems.extend(problems)
    return judged


def _fetch(source: Source, base: Location, target: str) -> bytes:
    return source.fetch(target, base)


def _as_judged(entity: Entity) -> Judged:
    return Judged(0, 0, entity.ref, "accepted", entity, [])


def _accept(judged: Judged, found: dict[str, Entity]) -> Entity:
    if judged.entity is None:
        raise _refuse(judged.problems[:1])
    if judged.ref in found:
        raise CatalogError("invalid", f"Duplicate nested entity: {judged.ref}")
    found[judged.ref] = judged.entity
    return judged.entity


def _read_children(source: Source, entity: Entity, rules: Sequence[Rule] | None) -> list[Judged]:
    documents, problems = read_targets(source, entity, strictly=True)
    children: list[Judged] = []
    for document in documents:
        fetch = partial(_fetch, source, document.location)
        children += judge(document, fetch, entity, rules=rules)
    problems += [child.problems[0] for child in children if child.fails_its_file]
    if problems:
        raise _refuse(problems)
    return children


def _refuse(problems: Iterable[Problem]) -> CatalogError:
    errors = [problem.error for problem in problems if problem.error is not None]
    return CatalogError("invalid", ", ".join(f"{error.name}: {error.message}" for error in errors))
