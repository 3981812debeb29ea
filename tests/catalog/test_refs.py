"""Entity references, as Backstage parses and prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.refs import EntityRef, RefError, parse_ref

PARSED = {
    "a": "K:ns/a",
    "a:b": "a:ns/b",
    "b/c": "K:b/c",
    "a:b/c": "a:b/c",
    "a:b/c/d": "a:b/c/d",
    "a/b:c": "K:a/b:c",
    "a:b:c": "a:ns/b:c",
    "Component:Ns/Name": "Component:Ns/Name",
}


@pytest.mark.parametrize(("text", "expected"), PARSED.items())
def test_a_reference_splits_at_its_first_colon_and_slash(text: str, expected: str) -> None:
    ref = parse_ref(text, "K", "ns")
    assert f"{ref.kind}:{ref.namespace}/{ref.name}" == expected
    assert str(ref) == expected.lower()


def test_the_namespace_is_default_unless_told() -> None:
    assert parse_ref("component:x") == EntityRef("component", "default", "x")


@pytest.mark.parametrize("text", ["a:", ":b", "/c", "a:b/", "a:/c", "/", ":"])
def test_an_empty_part_is_a_type_error(text: str) -> None:
    with pytest.raises(RefError) as caught:
        parse_ref(text, "K")
    assert caught.value.name == "TypeError"
    assert str(caught.value) == f'Entity reference "{text}" was not on the form [<kind>:][<namespace>/]<name>'


def test_an_empty_text_and_a_missing_kind_are_errors() -> None:
    with pytest.raises(RefError, match="Entity reference must not be empty") as caught:
        parse_ref("", "K")
    assert caught.value.name == "Error"
    with pytest.raises(RefError) as caught:
        parse_ref('x"y')
    assert str(caught.value) == (
        r'Entity reference "x\"y" had missing or empty kind (e.g. did not start with "component:" or similar)'
    )


WORDS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x24F), min_size=1)


@given(WORDS, WORDS, WORDS)
def test_what_is_printed_parses_to_itself(kind: str, namespace: str, name: str) -> None:
    text = str(EntityRef(kind, namespace, name))
    assert str(parse_ref(text)) == text
