"""Files that an entity names by `$text` and friends, put in their place."""

from typing import Any

import pytest

from catalog.errors import ReadError
from catalog.parse import load_json, load_yaml
from catalog.placeholders import PLACEHOLDERS, STAND_IN, has_placeholders, substitute
from catalog.scm import UnformedError

FILES = {
    "./a.txt": "héllo".encode(),
    "./a.json": b'{"$text": "./a.txt"}',
    "./a.yaml": b"on: yes\n",
    "./two.yaml": b"a: 1\n---\nb: 2\n",
    "./bad.yaml": b"a: 1\na: 2\n",
    "./bad.json": b"{",
}
LOAD = {"json": load_json, "yaml": load_yaml}


def read(target: str) -> bytes:
    if target == "./secret":
        raise ReadError("not yours", forbidden=True)
    if target == "./no-url":
        raise UnformedError("could not form a URL out of /srv/a.yaml and ./no-url, TypeError: Invalid URL")
    if target not in FILES:
        raise ReadError("no such file", missing=True)
    return FILES[target]


def replaced(data: Any) -> Any:
    result, faults = substitute(data, read, LOAD)
    assert not faults
    return result


def test_text_json_and_yaml_are_put_in_place() -> None:
    data = {"spec": {"a": {"$text": "./a.txt"}, "b": [{"$yaml": "./a.yaml"}], "c": {"$openapi": "./a.txt"}}}
    assert replaced(data) == {"spec": {"a": "héllo", "b": [{"on": "yes"}], "c": "héllo"}}


def test_what_was_read_is_not_scanned_again() -> None:
    assert replaced({"a": {"$json": "./a.json"}}) == {"a": {"$text": "./a.txt"}}


@pytest.mark.parametrize("value", [{"$foo": {"$text": "./a.txt"}}, {"$text": "./a.txt", "b": {"$text": "./a.txt"}}])
def test_unknown_placeholders_and_several_keys_are_left_alone(value: Any) -> None:
    assert replaced({"a": value}) == {"a": value}
    assert not has_placeholders({"a": value})


def test_the_given_data_stays_as_it_is() -> None:
    data = {"a": {"$text": "./a.txt"}}
    replaced(data)
    assert data == {"a": {"$text": "./a.txt"}}


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_every_placeholder_is_found_and_has_a_stand_in(name: str) -> None:
    data = {"spec": [{"x": {f"${name}": "./missing"}}]}
    assert has_placeholders(data)
    assert substitute(data, None) == ({"spec": [{"x": STAND_IN}]}, [])
    assert not has_placeholders({"spec": [{"x": "$text"}]})


FAULTS = [
    ("$text", 5, "Placeholder $text expected a string value parameter, in the form of an absolute URL"),
    ("$text", "./none", "Placeholder $text could not read location ./none, NotFoundError: no such file"),
    ("$text", "./secret", "Placeholder $text could not read location ./secret, NotAllowedError: not yours"),
    ("$text", "./no-url", "Placeholder $text could not form a URL out of /srv/a.yaml and ./no-url, TypeError: Invalid"),
    ("$yaml", "./two.yaml", "Placeholder $yaml expected to find exactly one document of data at ./two.yaml, found 2"),
    ("$yaml", "./bad.yaml", "Placeholder $yaml found an error in the data at ./bad.yaml, YAMLParseError: Map keys"),
    ("$json", "./bad.json", "Placeholder $json failed to parse JSON data at ./bad.json, SyntaxError: "),
]


@pytest.mark.parametrize(("key", "value", "message"), FAULTS)
def test_a_failure_names_its_place_and_backstages_error(key: str, value: Any, message: str) -> None:
    data, (fault,) = substitute({"spec": {"definition": [{key: value}]}}, read, LOAD)
    assert data == {"spec": {"definition": [{key: value}]}}
    assert fault.path == ("spec", "definition", 0)
    assert fault.message.startswith(message)
    assert fault.error.name == "InputError"
    assert fault.error.message == (
        f"Processor PlaceholderProcessor threw an error while preprocessing; caused by Error: {fault.message}"
    )
    assert fault.error.cause is not None
    assert fault.error.cause.message == fault.message
