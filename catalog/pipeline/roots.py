"""Location entities: the one generated for a root, and the files that one names (reference sections 4.7 and 5.2)."""

import orjson

from catalog import validate
from catalog.documents import Document, Draft, Root, Source
from catalog.entity import Entity
from catalog.errors import ReadError
from catalog.kinds import DEFAULT_NAMESPACE
from catalog.locations import generated_name
from catalog.problems import Cause, Origin, Problem

_RULES = {
    "NotFoundError": ("target-missing", "Correct the target, or remove it from the Location."),
    "NotAllowedError": (
        "target-forbidden",
        "Name its host under `hosts`, or allow it under `reading.allow`; of a folder, serve the one above.",
    ),
}
_ADDED = ("backstage.io/view-url", "backstage.io/edit-url", "backstage.io/source-location")
MOST_TARGETS = 10_000
"""Of one Location: each may be a question to a host."""
_OF_TYPE = ("target-forbidden", "Take `type` out of the Location: a target is then read from where its file is.")
_UNREADABLE = ("target-unreadable", "What it gave before is kept until it can be read.")


def open_root(root: Root) -> Entity:
    """The generated Location entity of a root. Raises `ReadError` where there can be none."""
    spec = {"type": root.location.type, "target": root.location.target}
    if root.presence:
        spec["presence"] = root.presence
    data = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {"name": root.name or generated_name(root.location.type, root.location.target)},
        "spec": spec,
    }
    entity = validate.validate(Draft(root.location, 0, data, "", 0, root.annotations), root.location).entity
    if entity is None:
        raise ReadError(f"`{root.location}` cannot be a location")
    return entity


def read_targets(source: Source, entity: Entity, *, strictly: bool = False) -> tuple[list[Document], list[Problem]]:
    """The files that a Location entity names, and a problem for each target that cannot be read.

    A missing target that is optional is none, unless read `strictly`, as in a dry run.
    """
    spec = entity.data.get("spec", {})
    named = [spec["target"]] if spec.get("target") else []
    documents: list[Document] = []
    problems: list[Problem] = []
    targets = [*named, *(spec.get("targets") or [])]
    if len(targets) > MOST_TARGETS:
        error = ReadError(f"it is one of {len(targets):,}, of which {MOST_TARGETS:,} are read")
        problems.append(_target_problem(entity, targets[MOST_TARGETS], error))
    for target in targets[:MOST_TARGETS]:
        try:
            documents += source.read(target, entity.location, spec.get("type") or entity.location.type)
        except ReadError as error:
            if strictly or not (error.missing and spec.get("presence") == "optional"):
                problems.append(_target_problem(entity, target, error))
    return documents, problems


def describe_location(entity: Entity) -> str:
    """A Location that could not be read, as Backstage lists it under `unprocessed`: without what reading it adds."""
    metadata = dict(entity.data["metadata"])
    if metadata["namespace"] == DEFAULT_NAMESPACE:
        del metadata["namespace"]
    metadata["annotations"] = {name: value for name, value in metadata["annotations"].items() if name not in _ADDED}
    return orjson.dumps({**entity.data, "metadata": metadata}).decode()


def _target_problem(entity: Entity, target: str, error: ReadError) -> Problem:
    at = Origin(entity.location.target, entity.line, 1 if entity.line else 0, entity.index)
    kind = "NotFoundError" if error.missing else "NotAllowedError" if error.forbidden else "Error"
    rule, hint = _OF_TYPE if error.name == "InputError" and error.forbidden else _RULES.get(kind, _UNREADABLE)
    message = f"target `{target}`: {error.message}"
    return Problem(rule, message, hint, at, ref=entity.ref, error=Cause(error.name, error.message))
