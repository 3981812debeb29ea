"""Traps 1 to 13: how a file is read, and what of it is refused (reference section 14.1)."""

import json
import re
from typing import Any

import pytest

from catalog.pipeline import Policy
from catalog.rules import Allowed, Rule
from tests.traps.board import V1, Board, entity
from tests.traps.conftest import Open

A = "component:default/a"
COMPONENT = f"apiVersion: {V1}\nkind: Component\nmetadata: {{name: a}}\n"
SPEC = "spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
STRINGS = ("yes", "no", "on", "off", "2020-01-01", "2024-01-15T10:00:00Z", "1:30", "12:30:45", "1_000", "0b101", "=")
NUMBERS = {
    "1.0": "1",
    "0o17": "15",
    "017": "17",
    "0x1F": "31",
    "1e3": "1000",
    ".inf": "null",
    "-.inf": "null",
    ".nan": "null",
    "12345678901234567890": "12345678901234567000",
    "9007199254740993": "9007199254740992",
}
BUILTIN = "Processor BuiltinKindsEntityProcessor threw an error while"


def policy_error(inner: str) -> str:
    return f"Policy check failed for {A}; caused by Error: {inner}"


def messages(board: Board, data: Any) -> list[str]:
    return [one["message"] for one in board.refusal(data)]


def test_01_yaml_is_version_1_2_so_dates_and_yes_are_strings(board: Board) -> None:
    lines = "".join(f"  v{number}: {text}\n" for number, text in enumerate(STRINGS))
    board.load(COMPONENT + SPEC + lines)
    spec = board.entity(A)["spec"]
    assert [spec[f"v{number}"] for number in range(len(STRINGS))] == list(STRINGS)


def test_02_merge_keys_stay_and_duplicate_keys_are_errors(board: Board) -> None:
    board.load(COMPONENT + SPEC + "  base: &base {x: 1}\n  merged: {<<: *base, y: 2}\n")
    assert board.entity(A)["spec"]["merged"] == {"<<": {"x": 1}, "y": 2}
    board.load(COMPONENT + SPEC + "  owner: again\n")
    assert board.entity(A)["spec"]["owner"] == "team", "not the last wins: the document is refused"
    [error] = board.errors(board.root)
    assert error.startswith(
        f"Error: YAML error at file:{board.folder}/all.yaml, YAMLParseError: Map keys must be unique"
    )


def test_03_numbers_follow_javascript_and_a_name_is_no_number(board: Board) -> None:
    board.load(COMPONENT + SPEC + "".join(f"  v{place}: {text}\n" for place, text in enumerate(NUMBERS)))
    sent = board.get("/entities/by-name/component/default/a").text
    for place, shown in enumerate(NUMBERS.values()):
        assert re.search(rf'"v{place}":{shown}[,}}]', sent), f"{list(NUMBERS)[place]} is not sent as {shown}"
    assert messages(board, entity(123)) == ["/metadata/name must be string - type: string"]


def test_04_lengths_are_utf_16_units_and_empty_is_not_the_same_for_each_field(board: Board) -> None:
    """Values of more than 200 units equal nothing, keys are not there: an emoji is two, and may be written as two."""
    titled = [entity(f"t{count}", metadata={"title": "😀" * count}, **{"😀" * (count - 3): 1}) for count in (100, 101)]
    board.load(*titled)
    assert sorted(board.names("/entities?filter=metadata.title")) == ["t100", "t101"]
    found = [board.names(f"/entities?filter=metadata.title={'😀' * count}") for count in (100, 101)]
    assert found == [["t100"], []]
    found = [board.names(f"/entities?filter=spec.{'😀' * count}") for count in (97, 98)]
    assert found == [["t100"], []]
    board.load(json.dumps(entity("a", metadata={"title": "😀"})))
    assert board.entity(A)["metadata"]["title"] == "😀"
    title = "Malformed envelope, /metadata/title must NOT have fewer than 1 characters"
    assert messages(board, entity("a", metadata={"title": ""})) == [policy_error(title)]
    assert messages(board, entity("a", metadata={"description": ""})) == []
    labels = "Malformed envelope, /metadata/labels must be object"
    assert messages(board, entity("a", metadata={"labels": None})) == [policy_error(labels)]
    board.load(entity("a", metadata={"annotations": None}))
    assert "backstage.io/managed-by-location" in board.entity(A)["metadata"]["annotations"]


def test_05_tags_allow_more_than_the_message_says_and_keep_their_order(board: Board) -> None:
    tags = ["z:1", "c++", "f#", "a", "z:1", "a-b"]
    board.load(entity("a", metadata={"tags": tags}))
    assert board.entity(A)["metadata"]["tags"] == tags
    [message] = messages(board, entity("a", metadata={"tags": ["a_b"]}))
    assert '"tags.0" is not valid; expected a string that is sequences of [a-z0-9+#] separated by [-]' in message


def test_06_a_schema_is_chosen_by_exact_kind_and_all_else_ignores_case(open_board: Open) -> None:
    rules = [Rule((Allowed("location"), Allowed("component")))]
    board = open_board(policy=Policy(rules=rules))
    board.load(entity("A"))
    assert board.entity("COMPONENT:DEFAULT/A")["kind"] == "Component"
    assert board.names("/entities?filter=KIND=COMPONENT") == ["A"]
    assert messages(board, entity("a", "component")) == [
        f"No processor recognized the entity {A} as valid, possibly caused by a foreign kind or apiVersion"
    ]


def test_07_unknown_keys_are_errors_at_the_root_only(board: Board) -> None:
    board.load(entity("a", metadata={"colour": "red"}, size=3))
    found = board.entity(A)
    assert (found["metadata"]["colour"], found["spec"]["size"]) == ("red", 3)
    words = {"colour": "Malformed envelope, <root> must NOT have additional properties"}
    words |= {key: f"Unknown field {key}" for key in ("relations", "status")}
    values: dict[str, Any] = {"colour": "red", "relations": [], "status": {}}
    for key, message in words.items():
        assert messages(board, entity("a") | {key: values[key]}) == [policy_error(message)]


def test_08_only_the_first_fault_is_told_and_the_two_layers_word_it_differently(board: Board) -> None:
    title = "Malformed envelope, /metadata/title must NOT have fewer than 1 characters"
    kind = "/spec must have required property 'owner' - missingProperty: owner"
    bare = entity("a", type=1)
    del bare["spec"]["owner"]
    faulty = entity("a", metadata={"title": "", "tags": ["NO"], "links": [{"url": "no url"}]}, owner=None)
    assert messages(board, faulty) == [policy_error(title)]
    assert messages(board, bare) == [f"{BUILTIN} validating the entity {A}; caused by TypeError: {kind}"]
    [message] = messages(board, entity("no name", metadata={"tags": ["NO"]}, owner=None))
    assert '"metadata.name" is not valid; ' in message


def test_09_dependency_of_is_not_checked_but_used_and_needs_kinds(board: Board) -> None:
    board.load(entity("a", dependencyOf="component:b"), entity("b"))
    assert {"type": "dependsOn", "targetRef": A} in board.entity("component:default/b")["relations"]
    for field in ("dependsOn", "dependencyOf"):
        [message] = messages(board, entity("a", **{field: ["component:b", "c"]}))
        assert message == (
            f'{BUILTIN} postprocessing; caused by Error: Entity reference "c" had missing or empty kind '
            '(e.g. did not start with "component:" or similar)'
        )
    [message] = messages(board, entity("a", dependencyOf=[{"kind": "component"}]))
    assert message.endswith('Error: Entity reference {"kind":"component"} had missing or empty name')


@pytest.mark.parametrize("field", ["owner", "system", "subcomponentOf"])
def test_10_one_malformed_ref_fails_the_whole_entity(board: Board, field: str) -> None:
    board.load(entity("a", **{field: "x:"}, providesApis=["good"]), entity("b"))
    assert board.find(A) is None
    assert board.entity("component:default/b")["relations"] == [{"type": "ownedBy", "targetRef": "group:default/team"}]
    form = 'Entity reference "x:" was not on the form [<kind>:][<namespace>/]<name>'
    assert messages(board, entity("a", **{field: "x:"})) == [f"{BUILTIN} postprocessing; caused by TypeError: {form}"]


def test_11_an_etag_of_the_author_is_kept_and_a_uid_is_not(board: Board) -> None:
    board.load(entity("a", metadata={"etag": "mine", "uid": "mine"}))
    metadata = board.entity(A)["metadata"]
    assert metadata["etag"] == "mine"
    assert metadata["uid"] != "mine"
    assert board.get(f"/entities/by-uid/{metadata['uid']}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Component", "providesApis"),
        ("Component", "consumesApis"),
        ("Component", "dependsOn"),
        ("Component", "dependencyOf"),
        ("User", "memberOf"),
        ("Group", "children"),
        ("Group", "members"),
        ("System", "members"),
    ],
)
def test_12_lists_of_refs_are_returned_sorted(board: Board, kind: str, field: str) -> None:
    refs = ["component:b", "component:a", "Component:c"]
    board.load(entity("a", kind, **{field: refs, "others": ["b", "a"]}))
    spec = board.entity(f"{kind.lower()}:default/a")["spec"]
    assert (spec[field], spec["others"]) == (["Component:c", "component:a", "component:b"], ["b", "a"])


def test_13_a_target_without_a_namespace_is_in_that_of_the_entity(board: Board) -> None:
    board.load(entity("a", metadata={"namespace": "other"}, dependsOn=["component:b", "component:default/c"]))
    assert [one["targetRef"] for one in board.entity("component:other/a")["relations"]] == [
        "component:default/c",
        "component:other/b",
        "group:other/team",
    ]
