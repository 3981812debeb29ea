"""Which relations an entity declares itself."""

from typing import Any

import pytest

from catalog.kinds import SPECS
from catalog.refs import RefError
from catalog.relations import RELATION_RULES, RELATION_TYPES, BadRelation, emit


def declared(kind: str, namespace: str = "", **spec: Any) -> list[tuple[str, str]]:
    metadata = {"name": "x", **({"namespace": namespace} if namespace else {})}
    return emit({"kind": kind, "metadata": metadata, "spec": spec})


def test_every_type_has_an_inverse_whose_inverse_it_is() -> None:
    assert len(RELATION_TYPES) == 14
    assert all(RELATION_TYPES[RELATION_TYPES[name]] == name for name in RELATION_TYPES)


@pytest.mark.parametrize(
    ("kind", "rule"), [(kind, rule) for kind, rules in RELATION_RULES.items() for rule in rules], ids=str
)
def test_each_rule_takes_a_text_and_a_list(kind: str, rule: Any) -> None:
    ref = "thing" if rule.default_kind else "component:thing"
    target = f"{rule.default_kind.lower() or 'component'}:ns/thing"
    assert declared(kind, "ns", **{rule.field: ref}) == [(rule.type, target)]
    assert declared(kind, "ns", **{rule.field: [ref, "Other:O/P"]}) == [(rule.type, target), (rule.type, "other:o/p")]
    assert rule.type in RELATION_TYPES


def test_every_kind_but_location_has_rules() -> None:
    assert set(RELATION_RULES) == set(SPECS) - {"Location"}
    assert declared("Location", owner="x") == []


def test_empty_fields_and_foreign_kinds_declare_nothing() -> None:
    assert declared("Component", owner="", system=None, dependsOn=[], providesApis=0) == []
    assert declared("component", owner="a") == []
    assert emit({"kind": "Component", "metadata": {"name": "x"}}) == []


BAD = [
    ("dependsOn", ["db"], "Error", '"db" had missing or empty kind', ("spec", "dependsOn", 0)),
    ("owner", "a:", "TypeError", "was not on the form", ("spec", "owner")),
    ("dependencyOf", ["component:a", ""], "Error", "must not be empty", ("spec", "dependencyOf", 1)),
    ("dependencyOf", [5], "Error", "5 had missing or empty kind", ("spec", "dependencyOf", 0)),
]


@pytest.mark.parametrize(("field", "value", "name", "message", "path"), BAD)
def test_a_bad_reference_is_refused_with_backstages_words(
    field: str, value: Any, name: str, message: str, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(RefError) as caught:
        declared("Component", **{field: value})
    assert isinstance(caught.value, BadRelation)
    assert (caught.value.name, caught.value.path) == (name, path)
    assert message in str(caught.value)


def test_a_reference_may_be_an_object_where_no_schema_looks() -> None:
    assert declared("Component", "ns", dependencyOf=[{"kind": "API", "name": "A"}]) == [("dependencyOf", "api:ns/a")]
