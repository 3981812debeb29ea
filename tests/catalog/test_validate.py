"""Drafts to entities or problems: Backstage's verdict, Backstage's words, and help for the author."""

import copy
import time
from typing import Any

import pytest

from catalog.documents import Document, Draft, Location
from catalog.kinds import FORMATS, KIND_VERSIONS, RULES, SPECS, is_url
from catalog.parse import Places, parse
from catalog.problems import Cause, Severity
from catalog.validate import Validated, validate

FILE = Location("file", "/srv/catalog-info.yaml")
ROOT = Location("url", "https://example.com/all.yaml")
GUIDE = (
    "To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/"
    "architecture-decisions/adr002-default-catalog-file-format.md"
)
SMALLEST: dict[str, dict[str, Any]] = {
    "Component": {"type": "service", "lifecycle": "production", "owner": "a"},
    "API": {"type": "openapi", "lifecycle": "production", "owner": "a", "definition": "x"},
    "Resource": {"type": "database", "owner": "a"},
    "System": {"owner": "a"},
    "Domain": {"owner": "a"},
    "Group": {"type": "team", "children": []},
    "User": {"memberOf": []},
    "Location": {},
    "Template": {"type": "service", "steps": []},
}


def entity(kind: str = "Component", /, spec: Any = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": KIND_VERSIONS[kind][0],
        "kind": kind,
        "metadata": {"name": "x", **metadata},
        "spec": copy.deepcopy(SMALLEST[kind]) if spec is None else spec,
    }


def judge(data: dict[str, Any]) -> Validated:
    return validate(Draft(FILE, 0, data, "", 1), ROOT)


def judge_text(text: str) -> Validated:
    (draft,) = parse(Document(FILE, text.encode())).drafts
    return validate(draft, ROOT, locate=Places(draft))


def first_words(data: dict[str, Any]) -> str:
    """Backstage's innermost message for a refused draft."""
    validated = judge(data)
    assert validated.entity is None
    for number, problem in enumerate(validated.problems):
        assert problem.rule in RULES
        assert problem.hint
        assert (problem.error is None) == bool(number)
    error = validated.problems[0].error
    assert error is not None
    while error.cause:
        error = error.cause
    assert error.message in validated.problems[0].message
    return error.message


@pytest.mark.parametrize("kind", SPECS)
def test_the_smallest_entity_of_each_kind_is_accepted(kind: str) -> None:
    for version in KIND_VERSIONS[kind]:
        validated = judge({**entity(kind), "apiVersion": version})
        assert (validated.verdict, validated.problems) == ("accepted", [])
        assert validated.entity is not None
        assert validated.ref == validated.entity.ref == f"{kind.lower()}:default/x"


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, schema in SPECS.items() for field in schema["required"]]
)
def test_each_required_field_is_missed(kind: str, field: str) -> None:
    data = entity(kind)
    del data["spec"][field]
    assert first_words(data) == f"/spec must have required property '{field}' - missingProperty: {field}"


def test_an_accepted_entity_is_completed_and_the_draft_left_alone() -> None:
    data = entity(spec={**SMALLEST["Component"], "providesApis": ["b", "a"], "dependsOn": ["api:b", "api:a"]})
    data["metadata"] |= {"annotations": None}
    before = copy.deepcopy(data)
    validated = judge(data)
    assert data == before
    assert validated.entity is not None
    assert validated.entity.data["metadata"] == {
        "name": "x",
        "namespace": "default",
        "annotations": {
            "backstage.io/managed-by-location": "file:/srv/catalog-info.yaml",
            "backstage.io/managed-by-origin-location": "url:https://example.com/all.yaml",
        },
    }
    assert validated.entity.data["spec"]["providesApis"] == ["a", "b"]
    assert validated.entity.data["spec"]["dependsOn"] == ["api:a", "api:b"]


ENVELOPE = {
    "<root> must have required property 'apiVersion' - missingProperty: apiVersion": {"apiVersion": ...},
    "<root> must have required property 'metadata' - missingProperty: metadata": {"metadata": ...},
    "/kind must NOT have fewer than 1 characters - limit: 1": {"kind": ""},
    "/metadata must be object - type: object": {"metadata": []},
    "/metadata must have required property 'name' - missingProperty: name": {"metadata": {}},
    "/metadata/name must be string - type: string": {"metadata": {"name": 123}},
    "/metadata/namespace must NOT have fewer than 1 characters - limit: 1": {
        "metadata": {"name": "x", "namespace": ""}
    },
    "/metadata/namespace must be string - type: string": {"metadata": {"name": "x", "namespace": None}},
}


@pytest.mark.parametrize(("message", "change"), ENVELOPE.items())
def test_a_malformed_envelope_is_a_bare_type_error(message: str, change: dict[str, Any]) -> None:
    data = {key: value for key, value in {**entity(), **change}.items() if value is not ...}
    assert first_words(data) == message
    assert judge(data).problems[0].error == Cause("TypeError", message)


POLICY = [
    ("<root> must NOT have additional properties", {"spek": {}}, {}),
    ("/spec must be object", {"spec": []}, {}),
    ("/metadata/title must NOT have fewer than 1 characters", {}, {"title": ""}),
    ("/metadata/labels must be object", {}, {"labels": None}),
    ("/metadata/labels/a must be string", {}, {"labels": {"a": 1}}),
    ("/metadata/annotations/a~1b must be string", {}, {"annotations": {"a/b": True}}),
    ("/metadata/tags must be array", {}, {"tags": "a"}),
    ("/metadata/tags/1 must be string", {}, {"tags": ["a", 1, ""]}),
    ("/metadata/links/0 must have required property 'url'", {}, {"links": [{"title": ""}]}),
]


@pytest.mark.parametrize(("message", "root", "metadata"), POLICY)
def test_the_entity_schema_is_a_policy(message: str, root: dict[str, Any], metadata: dict[str, Any]) -> None:
    data = {**entity(**metadata), **root}
    inner = f"Malformed envelope, {message}"
    assert first_words(data) == inner
    assert judge(data).problems[0].error == Cause(
        "InputError",
        f"Policy check failed for component:default/x; caused by Error: {inner}",
        Cause("Error", inner),
    )


def test_relations_and_status_are_not_for_authors() -> None:
    assert first_words({**entity(), "relations": []}) == "Unknown field relations"
    assert first_words({**entity(), "status": {}}) == "Unknown field status"
    assert first_words({**entity(), "relations": 1}) == "Malformed envelope, /relations must be array"


NAME = "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total"
AFFIXES = "a valid prefix and/or suffix"
FORMS = [
    ("metadata.name", "a b", NAME, {"name": "a b"}),
    ("metadata.name", "a" * 64, NAME, {"name": "a" * 64}),
    (
        "metadata.namespace",
        "A",
        "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total",
        {"namespace": "A"},
    ),
    ("labels.a b", "a b", AFFIXES, {"labels": {"a b": "x y"}}),
    ("labels.a", "x y", NAME, {"labels": {"a": "x y"}}),
    ("annotations.A/b", "A/b", AFFIXES, {"annotations": {"A/b": "x"}}),
    (
        "tags.1",
        "Go Lang",
        "a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total",
        {"tags": ["c++:x", "Go Lang"]},
    ),
    ("links.0.url", "x", "a string that is a valid url", {"links": [{"url": "x"}]}),
    ("links.0.title", " ", "a non empty string", {"links": [{"url": "a:b", "title": " "}]}),
]


@pytest.mark.parametrize(("field", "found", "expected", "metadata"), FORMS)
def test_field_formats_are_refused_in_backstages_words(
    field: str, found: str, expected: str, metadata: dict[str, Any]
) -> None:
    message = f'"{field}" is not valid; expected {expected} but found "{found}". {GUIDE}'
    assert first_words(entity(**metadata)) == message


def test_a_label_may_be_empty_and_a_tag_may_hold_a_colon() -> None:
    assert judge(entity(labels={"a": ""}, tags=["a:b", "a:b"], description="")).verdict == "accepted"


ENUM = "must be equal to one of the allowed values"
KIND = [
    (f"/spec/presence {ENUM} - allowedValues: required,optional", "Location", "presence", "no"),
    ("/spec/parameters must be object - type: object", "Template", "parameters", "x"),
    ("/spec/steps/0 must have required property 'action' - missingProperty: action", "Template", "steps", [{"id": 1}]),
    ("/spec/steps/0/if must be string,boolean - type: string,boolean", "Template", "steps", [{"action": "a", "if": 1}]),
    ("/spec/output/extra must be string - type: string", "Template", "output", {"extra": 1}),
    ("/spec/profile/email must NOT have fewer than 1 characters - limit: 1", "User", "profile", {"email": ""}),
    ("/spec/children must be array - type: array", "Group", "children", "a"),
    ("/spec/owner must be string - type: string", "System", "owner", ["a"]),
]


@pytest.mark.parametrize(("message", "kind", "field", "value"), KIND)
def test_each_kind_has_its_schema(message: str, kind: str, field: str, value: Any) -> None:
    data = entity(kind)
    data["spec"][field] = value
    assert first_words(data) == message
    processor = "ScaffolderEntitiesProcessor" if kind == "Template" else "BuiltinKindsEntityProcessor"
    error = judge(data).problems[0].error
    assert error is not None
    assert error.message == (
        f"Processor {processor} threw an error while validating the entity {kind.lower()}:default/x; "
        f"caused by TypeError: {message}"
    )
    assert error.cause == Cause("TypeError", message)


def test_what_is_required_comes_before_what_is_wrong_inside() -> None:
    data = entity(spec={"type": "", "owner": 1, "system": 2, "dependsOn": [""]})
    problems = judge(data).problems
    assert [problem.message.partition(": /")[2].split(" - ")[0] for problem in problems] == [
        "spec must have required property 'lifecycle'",
        "spec/type must NOT have fewer than 1 characters",
        "spec/owner must be string",
        "spec/system must be string",
        "spec/dependsOn/0 must NOT have fewer than 1 characters",
    ]


def test_all_is_told_at_once_and_backstages_first_is_first() -> None:
    data = entity(tags=["A", "B"], name="a b")
    data["spec"] = {"owner": "a"}
    problems = judge(data).problems
    assert [problem.rule for problem in problems] == ["bad-format"] * 3 + ["missing-field"] * 2
    assert [problem.error is not None for problem in problems] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"kind": "component"}, "Did you mean `Component`?"),
        ({"kind": "Componnent"}, "Did you mean `Component`?"),
        ({"apiVersion": "backstage.io/v1"}, "Did you mean `backstage.io/v1"),
        ({"apiVersion": "v1", "kind": "Pod"}, "Use one of: Component, API"),
    ],
)
def test_a_foreign_kind_or_version_is_foreign(change: dict[str, Any], hint: str) -> None:
    validated = judge({**entity(), **change})
    assert validated.verdict == "foreign"
    (problem,) = validated.problems
    assert problem.hint.startswith(hint)
    assert problem.error == Cause(
        "InputError",
        f"No processor recognized the entity {validated.ref} as valid, possibly caused by a foreign kind or apiVersion",
    )


def test_one_bad_reference_refuses_the_entity() -> None:
    data = entity(spec={**SMALLEST["Component"], "dependsOn": ["db"]})
    message = 'Entity reference "db" had missing or empty kind (e.g. did not start with "component:" or similar)'
    assert first_words(data) == message
    (problem,) = judge(data).problems
    assert problem.hint == "Put the kind in front, e.g. `component:db`."
    assert problem.error is not None
    assert problem.error.message == (
        f"Processor BuiltinKindsEntityProcessor threw an error while postprocessing; caused by Error: {message}"
    )


def test_annotations_that_are_no_mapping_leave_no_place_for_the_location() -> None:
    (problem,) = judge(entity(annotations="x")).problems
    assert problem.error == Cause(
        "InputError", "Entity 'component:default/x' does not have the annotation backstage.io/managed-by-location"
    )


TEXT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: x
  tags:
    - fine
    - Not Fine
spec:
  type: service
  lifecyle: production
  owner: 5
"""


def test_a_problem_has_line_column_and_a_hint_that_helps() -> None:
    assert [str(problem).split("] ")[0].replace("\n", "") for problem in judge_text(TEXT).problems][1:] == [
        "/srv/catalog-info.yaml:8:1: error: `spec.lifecycle` is missing: /spec must have required property 'lifecycle' "
        "- missingProperty: lifecycle [missing-field]  hint: Did you mean `lifecycle` by `lifecyle`?",
        "/srv/catalog-info.yaml:11:10: error: `spec.owner` is a number, not text: /spec/owner must be string "
        '- type: string [wrong-type]  hint: Put the value in quotes: `"5"`.',
    ]
    first = judge_text(TEXT).problems[0]
    assert (first.origin.line, first.origin.column, first.hint) == (7, 7, "Use `not-fine`.")


HINTS = [
    ({"owner": "a"}, {}, "Move `owner` under `spec` (indent it), or remove it."),
    ({"tags": []}, {}, "Move `tags` under `metadata` (indent it), or remove it."),
    ({}, {"tags": "a"}, "Write it as a list: `tags: [a]`."),
    ({}, {"title": None}, "Give it a value, or remove the key."),
    ({}, {"annotations": {"a": False}}, 'Put the value in quotes: `"false"`.'),
    ({}, {"name": "My Service (new)"}, "Use `My-Service-new`."),
    ({}, {"links": [{"url": "example.com/x"}]}, "Use `https://example.com/x`."),
]


@pytest.mark.parametrize(("root", "metadata", "hint"), HINTS)
def test_hints_say_what_to_do(root: dict[str, Any], metadata: dict[str, Any], hint: str) -> None:
    assert judge({**entity(**metadata), **root}).problems[0].hint == hint


def test_misspelt_and_colliding_keys_are_warnings() -> None:
    data = entity(spec={**SMALLEST["Component"], "providesApi": ["a"], "team": "b"}, annotations={"a/b": "", "a/B": ""})
    validated = judge(data)
    assert validated.verdict == "accepted"
    assert [(problem.rule, problem.severity) for problem in validated.problems] == [
        ("misspelt-field", Severity.WARNING),
        ("colliding-keys", Severity.WARNING),
    ]
    assert validated.problems[0].hint == "Did you mean `providesApis`?"


def test_a_known_key_that_is_there_draws_no_suspicion() -> None:
    data = entity("Location", spec={"targets": ["./a"], "target": "./b"})
    assert judge(data).problems == []
    assert judge(entity(spec={**SMALLEST["Component"], "owners": ["x"], "dependencyOf": []})).problems == []


URLS = {
    "https://example.com": True,
    "mailto:x": True,
    "foo:bar": True,
    "https:example.com": True,
    "https://[::1]:80/x": True,
    "https://exa mple.com": False,
    "https://example.com:99999": False,
    "https://1.2.3.400": False,
    "http://": False,
    "//example.com": False,
    "x": False,
    "": False,
    "/a:b": False,
    " https://example.com ": True,
    "https://${{ x }}/y": False,
    "https://${{x}}/y": True,
    "file:///x": True,
}


@pytest.mark.parametrize(("url", "expected"), URLS.items())
def test_urls_are_those_of_the_web(url: str, expected: bool) -> None:
    assert is_url(url) is expected


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", ["", " ", "A b", "ä", "-x-", "x" * 300, "a//b", "x\n", "{{ name }}"])
def test_a_repaired_text_is_accepted_or_given_up(name: str, text: str) -> None:
    form = FORMATS[name]
    if not form.accepts(text):
        fixed = form.repair(text)
        assert isinstance(fixed, str)
        assert not fixed or fixed != text


def test_a_faultless_entity_takes_microseconds() -> None:
    draft = Draft(FILE, 0, entity(tags=["a", "b"], labels={"a": "b"}, links=[{"url": "https://x.y"}]), "", 1)
    taken = []
    for _ in range(10):
        started = time.process_time()
        for _ in range(200):
            validate(draft, ROOT)
        taken.append(time.process_time() - started)
    assert min(taken) < 200 * 0.0005, taken
