"""Files to drafts and problems: YAML 1.2 as Backstage reads it, and nothing that breaks the process."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.documents import Document, Draft, Location
from catalog.kinds import RULES
from catalog.parse import Parsed, load_json, load_yaml, locate, parse
from catalog.problems import Severity

FILE = Location("file", "/srv/catalog-info.yaml")


def read(text: str | bytes) -> Parsed:
    return parse(Document(FILE, text if isinstance(text, bytes) else text.encode()))


def value_of(scalar: str) -> object:
    parsed = read(f"value: {scalar}\n")
    assert not parsed.problems
    return parsed.drafts[0].data["value"]


def fault(text: str | bytes) -> tuple[str, int, int, int]:
    """Rule, line, column and document index of the one problem of a text."""
    (problem,) = read(text).problems
    assert problem.rule in RULES
    return problem.rule, problem.origin.line, problem.origin.column, problem.origin.index


TEXTS = (
    *("on", "off", "yes", "no", "Yes", "NO", "On", "OFF", "y", "n", "0X1f", "0b101", "1_000", "1:30", "12:30:45"),
    *("2024-01-15", "2024-01-15T10:00:00Z", "=", "<<", "-0o7", "0o+7", "tRUE", "nULL", "1.2.3", "+", "-", ".", "v1"),
)


@pytest.mark.parametrize("scalar", [text for text in TEXTS if text != "-"])
def test_what_yaml_1_1_would_convert_stays_text(scalar: str) -> None:
    assert value_of(scalar) == scalar


NUMBERS = {
    "0o14": 12,
    "014": 14,
    "0777": 777,
    "08": 8,
    "00": 0,
    "0x1F": 31,
    "1e3": 1000,
    "1.0e3": 1000,
    "1E+3": 1000,
    "1.0": 1,
    "1.10": 1.1,
    "+.5": 0.5,
    "-0": 0,
    "9007199254740993": 9007199254740992,
    "12345678901234567890": 12345678901234567000,
    "1e400": None,
    ".inf": None,
    "-.Inf": None,
    ".nan": None,
    "~": None,
    "null": None,
    "": None,
    "True": True,
    "FALSE": False,
    '!!int "3"': 3,
    "!!float 1": "1",
    "!!str 1": "1",
    "!custom x": "x",
    "!!python/name:os.system": None,
}


@pytest.mark.parametrize(("scalar", "expected"), NUMBERS.items())
def test_scalars_have_the_values_that_javascript_would_print(scalar: str, expected: object) -> None:
    found = value_of(scalar)
    if scalar.startswith("!!python"):
        assert found in ("", None)
        return
    assert (found, type(found)) == (expected, type(expected))


def test_a_number_too_long_for_python_is_no_crash() -> None:
    assert value_of("9" * 10_000) is None


def test_keys_become_text_as_in_javascript() -> None:
    parsed = read("1: a\n1.0e1: b\ntrue: c\n~: d\n[x, y]: e\n{z}: f\n")
    assert parsed.drafts[0].data == {"1": "a", "10": "b", "true": "c", "": "d", "[ x, y ]": "e", "{ z }": "f"}


def test_values_over_several_lines_may_be_indented_just_enough() -> None:
    text = "a:\n  b: 'x\n\n   y'\n  c: [\n   # why\n   z\n  ]\n  d: {\n    e: f}\n  g: |\n    last"
    assert read(text).drafts[0].data == {"a": {"b": "x\ny", "c": ["z"], "d": {"e": "f"}, "g": "last\n"}}


def test_merge_keys_are_not_merged() -> None:
    parsed = read("base: &base {a: 1}\nchild:\n  <<: *base\n")
    assert parsed.drafts[0].data["child"] == {"<<": {"a": 1}}


def test_aliases_are_copies_of_their_own() -> None:
    data = read("a: &x [1]\nb: *x\n").drafts[0].data
    data["a"].append(2)
    assert data["b"] == [1]


def test_documents_keep_their_place_and_empty_ones_do_not_count() -> None:
    parsed = read("# nothing\n---\na: 1\n---\n# nothing\n---\n~\n---\nb: |\n  ---x\n  ... y\n...\n---\nc: 3\n")
    assert [(draft.index, draft.line, draft.data) for draft in parsed.drafts] == [
        (0, 2, {"a": 1}),
        (1, 8, {"b": "---x\n... y\n"}),
        (2, 13, {"c": 3}),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_marks_and_line_ends_make_no_difference(encoding: str, newline: str) -> None:
    text = newline.join(["kind: Å", "list:", "- a", "---", "b: 2", ""])
    parsed = read(text.encode(encoding))
    assert [draft.data for draft in parsed.drafts] == [{"kind": "Å", "list": ["a"]}, {"b": 2}]
    assert [draft.line for draft in parsed.drafts] == [1, 4]


def test_characters_that_only_the_c_parser_minds_are_text() -> None:
    assert read('a: "x\u2028y\x07\ufeff"\n').drafts[0].data == {"a": "x\u2028y\x07\ufeff"}


FAULTS = {
    "a: 1\nb:\n  c: 1\n  c: 2\n": ("yaml-duplicate-key", 4, 3, 0),
    "a: 1\n---\nb: 1\n\tc: 2\n": ("yaml-tab", 4, 1, 1),
    "a: 1\n---\n- b\n": ("not-a-mapping", 3, 1, 1),
    "text": ("not-a-mapping", 1, 1, 0),
    "a: b: c\n": ("yaml-syntax", 1, 5, 0),
    "{% if x %}\n": ("yaml-syntax", 1, 2, 0),
    "a: @x\n": ("yaml-syntax", 1, 4, 0),
    'a: "x\n---\nb: 1\n': ("yaml-syntax", 2, 1, 0),
    "a: *nowhere\n": ("yaml-alias", 1, 4, 0),
    "a: 1\n---\nd: {e\n": ("yaml-syntax", 4, 1, 1),
    "a:\n  b: 'x\n  y'\n": ("yaml-indentation", 3, 1, 0),
    "a:\n  - [x,\n  y]\n": ("yaml-indentation", 3, 1, 0),
    "a:\n  - b\n c: 1\n": ("yaml-indentation", 3, 2, 0),
    b"a: 1\nb: \xff\n": ("yaml-encoding", 2, 4, 0),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.items())
def test_a_fault_is_placed_by_line_and_column(text: str | bytes, expected: tuple[str, int, int, int]) -> None:
    assert fault(text) == expected


def test_a_bad_document_does_not_hide_its_siblings() -> None:
    parsed = read("a: 1\n---\nb: [\n---\nc: 3\n")
    assert [(draft.index, draft.data) for draft in parsed.drafts] == [(0, {"a": 1}), (2, {"c": 3})]
    assert [problem.origin.index for problem in parsed.problems] == [1]


def test_a_problem_carries_backstages_own_words() -> None:
    (problem,) = read("a: 1\nb: 2\na: 3\n").problems
    assert problem.error is not None
    assert problem.error.name == "Error"
    assert problem.error.message == (
        "YAML error at file:/srv/catalog-info.yaml, YAMLParseError: Map keys must be unique at line 3, column 1:\n\n"
        "b: 2\na: 3\n^\n"
    )
    (problem,) = read("- a\n").problems
    assert problem.error is not None
    assert problem.error.message == "Expected object at root, got object"


def test_yaml_1_1_is_read_as_1_2_with_a_warning() -> None:
    parsed = read("%YAML 1.1\n---\na: yes\n")
    assert parsed.drafts[0].data == {"a": "yes"}
    assert [(problem.rule, problem.severity) for problem in parsed.problems] == [("yaml-version", Severity.WARNING)]


def test_a_tab_before_a_comment_is_let_pass_as_in_backstage() -> None:
    assert read("a:\n  b: 1\n\t # why\n  c: 2\n").drafts[0].data == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{x: "])
@pytest.mark.parametrize("depth", [300, 5_000, 100_000])
def test_deep_nesting_is_a_problem_and_no_crash(opening: str, depth: int) -> None:
    (problem,) = read(opening * depth).problems
    assert problem.rule in {"yaml-too-deep", "yaml-syntax"}


def test_deep_indentation_is_a_problem_and_no_crash() -> None:
    text = "".join(f"{' ' * depth}a:\n" for depth in range(2_000))
    assert fault(text) == ("yaml-too-deep", 201, 201, 0)


def test_an_alias_bomb_is_a_problem_and_quick() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 10))
    started = time.process_time()
    (problem,) = read(f"l0: &l0 [x]\n{levels}").problems
    assert problem.rule == "yaml-alias"
    assert time.process_time() - started < 2


def test_an_alias_to_itself_is_a_problem() -> None:
    (problem,) = read("a: &a [*a]\n").problems
    assert problem.rule in {"yaml-alias", "yaml-too-deep"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS"),
        ("<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "asks to sign in"),
        ("kind: [\n", "Close the `[`"),
    ],
)
def test_what_is_plainly_something_else_is_called_by_its_name(text: str, words: str) -> None:
    (problem,) = read(text).problems
    assert words in problem.hint


def test_a_file_over_the_limit_is_a_problem() -> None:
    (problem,) = parse(Document(FILE, b"a: 1\n" * 10), max_bytes=20).problems
    assert problem.rule == "yaml-too-large"


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_no_bytes_make_parse_raise(content: bytes) -> None:
    assert isinstance(read(content), Parsed)


PIECES = ("---", "...", "\n", " ", "\t", "a: ", "- ", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "!t ", "|", ">", "'")
MORE_PIECES = ('"', "%YAML 1.1", "#", "@", "é", "\u2028", "\r\n", "<<: ", "1", "~", "\0")


@given(st.lists(st.sampled_from(PIECES + MORE_PIECES), max_size=40).map("".join))
@settings(max_examples=500)
def test_no_pieces_of_yaml_make_parse_raise(text: str) -> None:
    parsed = read(text)
    places = [draft.index for draft in parsed.drafts]
    assert places == sorted(set(places))
    for draft in parsed.drafts:
        assert locate(draft, list(draft.data)[:1]) >= (draft.line, 1)


NESTED = "---\nmetadata:\n  name: x\n  tags:\n    - a\n    - B\n  links: []\nspec:\n"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("metadata", "tags", 1), (9, 7)),
        (("metadata", "name"), (6, 9)),
        (("metadata", "links"), (10, 3)),
        (("metadata", "absent", "deeper"), (5, 1)),
        (("spec", "owner"), (11, 1)),
        (("nothing",), (4, 1)),
    ],
)
def test_locate_finds_values_keys_and_the_nearest_ancestor(path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    draft = Draft(FILE, 0, {}, NESTED, 4)
    line, column = locate(draft, path)
    assert (line, column) == place or (path == ("nothing",) and line <= 5)


def test_locate_can_ask_for_the_key() -> None:
    assert locate(Draft(FILE, 0, {}, NESTED, 4), ("metadata", "name"), key=True) == (6, 3)


def test_placeholder_targets_load_or_say_why_not() -> None:
    assert load_yaml("a: yes\n") == {"a": "yes"}
    assert load_json('{"a": 1.0, "b": 9007199254740993}') == {"a": 1, "b": 9007199254740992}
    with pytest.raises(ValueError, match="expected to find exactly one document of data, found 2"):
        load_yaml("a: 1\n---\nb: 2\n")
    with pytest.raises(ValueError, match="Map keys must be unique"):
        load_yaml("a: 1\na: 2\n")
    with pytest.raises(ValueError, match="SyntaxError"):
        load_json("{")


@pytest.mark.parametrize("far", ["\U0010df7f", "\U0010ffff", "\U000f0001\U0010df7f"])
def test_characters_of_the_last_planes_stay_themselves_beside_control_characters(far: str) -> None:
    assert load_yaml(f'a: "{far}\x86"')["a"] == f"{far}\x86"
    assert load_yaml(f'a: "\\U{ord(far[0]):08x}\x86"')["a"] == f"{far[0]}\x86"


def test_a_character_that_json_writes_as_two_escapes_is_one() -> None:
    assert load_yaml('{"a": "\\ud83d\\ude00 \\\\ud83d"}')["a"] == "😀 \\ud83d"


def test_a_fault_behind_carriage_returns_is_told() -> None:
    assert read(b"\r\r\r\r- a: [").problems
