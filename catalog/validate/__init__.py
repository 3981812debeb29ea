"""A draft to an entity, or to what is wrong with it: Backstage's checks in Backstage's order (reference section 1.1).

Owns every validation message. Whether the refs of an entity lead anywhere is not looked at here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, Protocol

from catalog import kinds
from catalog.documents import Draft, Json, Location
from catalog.entity import Entity
from catalog.kinds import FORMATS
from catalog.problems import Cause, Origin, Problem, Severity
from catalog.relations import BadRelation, emit
from catalog.validate.finding import Finding, Path, nearest, peek
from catalog.validate.schemas import STAGES, WHOLE, find_schema
from catalog.validate.suspicions import Suspicion, suspect

_MOST_TOLD: Final = 100
Verdict = Literal["accepted", "rejected", "foreign"]


@dataclass(frozen=True, slots=True)
class Validated:
    """The judgement on one draft. An accepted one has an `entity`, and at most warnings as `problems`.

    Otherwise `problems[0]` is what Backstage reports, with its `error`; the others Backstage would report afterwards.
    `ref` is canonical, empty where the draft does not tell it.
    """

    entity: Entity | None
    problems: list[Problem]
    verdict: Verdict
    ref: str


class Locate(Protocol):
    """Line and column of what a path leads to in a draft; with `key`, of its key."""

    def __call__(self, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
        """Both count from 1."""
        ...


def validate(draft: Draft, origin: Location, parent: str = "", *, locate: Locate | None = None) -> Validated:
    """Judge a draft that `origin` led to through the Location entity `parent`, and complete it if it is accepted.

    Of very many faults in one document the first are told. Without `locate` all are where it starts.
    """
    locate = locate or (lambda path, *, key=False: (draft.line, 1))
    data = _complete(draft, origin)
    ref = tell_ref(data)
    findings = [] if _is_faultless(data) else list(islice(_find(data, ref), _MOST_TOLD))
    if findings:
        verdict: Verdict = "foreign" if findings[0].stage == "foreign" else "rejected"
        problems = [_report(draft, data, ref, item, locate, first=not n) for n, item in enumerate(findings)]
        return Validated(None, problems, verdict, ref)
    warnings = [_warn(draft, ref, item, locate) for item in islice(suspect(data), _MOST_TOLD)]
    entity = Entity(ref, data, draft.location, origin, draft.index, draft.line, parent)
    return Validated(entity, warnings, "accepted", ref)


def has_envelope(data: dict[str, Json]) -> bool:
    """Whether a draft says what it is. Where it does not, Backstage looks no further, not even for placeholders."""
    return not find_schema("envelope", data)


def _complete(draft: Draft, origin: Location) -> dict[str, Json]:
    """A copy with what Backstage adds: managed-by annotations, namespace, sorted lists. Wrong types stay."""
    data = dict(draft.data)
    metadata, spec = data.get("metadata"), data.get("spec")
    if isinstance(metadata, dict):
        annotations = metadata.get("annotations") or {}
        if isinstance(annotations, dict):
            annotations = {
                **draft.annotations,
                **annotations,
                kinds.MANAGED_BY_LOCATION: str(draft.location),
                kinds.MANAGED_BY_ORIGIN: str(origin),
            }
        data["metadata"] = {"namespace": kinds.DEFAULT_NAMESPACE, **metadata, "annotations": annotations}
    if isinstance(spec, dict):
        ordered = {field: spec[field] for field in kinds.SORTED_FIELDS if field in spec}
        lists = {field: sorted(value) for field, value in ordered.items() if _is_texts(value)}
        if lists:
            data["spec"] = {**spec, **lists}
    return data


def _is_texts(value: Json) -> bool:
    return isinstance(value, list) and all(type(item) is str for item in value)


def tell_ref(data: dict[str, Json]) -> str:
    """The canonical ref of what a mapping declares, empty where it does not tell it."""
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    parts = (data.get("kind"), metadata.get("namespace", kinds.DEFAULT_NAMESPACE), metadata.get("name"))
    if not all(isinstance(part, str) and part for part in parts):
        return ""
    return f"{parts[0]}:{parts[1]}/{parts[2]}".lower()


def _is_faultless(data: dict[str, Json]) -> bool:
    """The short way through for the many entities with nothing wrong."""
    kind = data.get("kind")
    whole = WHOLE.get(kind) if isinstance(kind, str) else None
    if whole is None or not whole.is_valid(data):
        return False
    if any(not FORMATS[name].accepts(value) for name, _, value, _ in _formatted(data)):
        return False
    try:
        emit(data)
    except BadRelation:
        return False
    return True


def _find(data: dict[str, Json], ref: str) -> Iterator[Finding]:
    """Every fault, in the order in which Backstage would come to it."""
    envelope = find_schema("envelope", data)
    yield from envelope
    known = {(item.path, item.rule) for item in envelope}
    for stage in (find_schema("policy", data), _find_root_fields(data), _find_formats(data), _find_kind(data)):
        for item in stage:
            if (item.path, item.rule) not in known:
                known.add((item.path, item.rule))
                yield item
    if not known:
        yield from _find_bad_refs(data)


def _find_root_fields(data: dict[str, Json]) -> list[Finding]:
    return [
        Finding(
            "policy",
            "unknown-field",
            f"Unknown field {name}",
            f"`{name}` is what the catalog works out, not what a file declares",
            f"Remove `{name}`.",
            (name,),
            at_key=True,
        )
        for name in data
        if name in ("relations", "status")
    ]


def _formatted(data: dict[str, Json]) -> Iterator[tuple[str, Path, str, str]]:
    """Each text that has a format: format, path, text and Backstage's name for the field, in its order of checks."""
    metadata = data["metadata"]
    yield "api-version", ("apiVersion",), data["apiVersion"], "apiVersion"
    yield "kind", ("kind",), data["kind"], "kind"
    yield "name", ("metadata", "name"), metadata["name"], "metadata.name"
    yield "namespace", ("metadata", "namespace"), metadata["namespace"], "metadata.namespace"
    for key, value in (metadata.get("labels") or {}).items():
        yield "label-key", ("metadata", "labels", key), key, f"labels.{key}"
        yield "label-value", ("metadata", "labels", key), value, f"labels.{key}"
    for key in metadata["annotations"]:
        yield "annotation-key", ("metadata", "annotations", key), key, f"annotations.{key}"
    for index, tag in enumerate(metadata.get("tags") or ()):
        yield "tag", ("metadata", "tags", index), tag, f"tags.{index}"
    for index, link in enumerate(metadata.get("links") or ()):
        for field, name in (("url", "url"), ("title", "non-blank"), ("icon", "non-blank")):
            if field in link:
                yield name, ("metadata", "links", index, field), link[field], f"links.{index}.{field}"


_GUIDE: Final = (
    "To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/"
    "architecture-decisions/adr002-default-catalog-file-format.md"
)


def _find_formats(data: dict[str, Json]) -> list[Finding]:
    if not STAGES["policy"][1].is_valid(data):
        return []
    findings = []
    for name, path, value, field in _formatted(data):
        form = FORMATS[name]
        # The schema lets any value stand under an empty key; the key itself is at fault then.
        if isinstance(value, str) and not form.accepts(value):
            inner = f'"{field}" is not valid; expected {form.expectation} but found "{value}". {_GUIDE}'
            fixed = form.repair(value)
            hint = f"Use `{fixed}`." if fixed and form.accepts(fixed) else f"Use {form.expectation}."
            at_key = name.endswith("-key")
            findings.append(Finding("policy", "bad-format", inner, "", hint, path, at_key=at_key))
    return findings


def _find_kind(data: dict[str, Json]) -> list[Finding]:
    kind, version = data.get("kind"), data.get("apiVersion")
    if not (isinstance(kind, str) and kind and isinstance(version, str) and version):
        return []
    if kind in kinds.SPECS and version in kinds.KIND_VERSIONS[kind]:
        return find_schema(kind, data)
    ref = tell_ref(data)
    inner = f"No processor recognized the entity {ref} as valid, possibly caused by a foreign kind or apiVersion"
    if kind in kinds.SPECS:
        words, hint = f"`{version}` is no apiVersion of a {kind}", _suggest(version, kinds.KIND_VERSIONS[kind])
        return [Finding("foreign", "unknown-kind", inner, words, hint, ("apiVersion",))]
    return [Finding("foreign", "unknown-kind", inner, f"`{kind}` is no kind of entity", _suggest(kind), ("kind",))]


def _suggest(text: str, options: Sequence[str] = tuple(kinds.SPECS)) -> str:
    near = nearest(text, options)
    return f"Did you mean `{near}`?" if near else f"Use one of: {', '.join(options)}."


def _find_bad_refs(data: dict[str, Json]) -> Iterator[Finding]:
    try:
        emit(data)
    except BadRelation as error:
        hint = "Write it as `kind:namespace/name`; kind and namespace may be left out where the field implies them."
        if "missing or empty kind" in str(error):
            hint = f"Put the kind in front, e.g. `component:{peek(data, error.path)}`."
        words = f"`{'.'.join(map(str, error.path))}` is no reference"
        yield Finding("relations", "bad-ref", str(error), words, hint, error.path, error=error.name)


def _report(draft: Draft, data: Json, ref: str, item: Finding, locate: Locate, *, first: bool) -> Problem:
    line, column = locate(item.path, key=item.at_key)
    message = f"{item.words}: {item.inner}" if item.words else item.inner
    origin = Origin(draft.location.target, line, column, draft.index)
    error = _blame(item, data, ref) if first else None
    return Problem(item.rule, message, item.hint, origin, Severity.ERROR, ref, error)


def _blame(item: Finding, data: dict[str, Json], ref: str) -> Cause:
    """The chain of errors that Backstage puts into the entity's status."""
    inner = Cause(item.error, item.inner)
    if item.stage == "envelope":
        return inner
    if item.stage == "foreign":
        return Cause("InputError", item.inner)
    if not isinstance(data["metadata"]["annotations"], dict):
        return Cause("InputError", f"Entity '{ref}' does not have the annotation {kinds.MANAGED_BY_LOCATION}")
    processor = kinds.PROCESSORS.get(data["kind"], "BuiltinKindsEntityProcessor")
    failed = {
        "policy": f"Policy check failed for {ref}",
        "relations": f"Processor {processor} threw an error while postprocessing",
    }.get(item.stage, f"Processor {processor} threw an error while validating the entity {ref}")
    return Cause("InputError", f"{failed}; caused by {inner.name}: {inner.message}", inner)


def _warn(draft: Draft, ref: str, item: Suspicion, locate: Locate) -> Problem:
    line, column = locate(item.path, key=True)
    origin = Origin(draft.location.target, line, column, draft.index)
    return Problem(item.rule, item.message, item.hint, origin, Severity.WARNING, ref)
