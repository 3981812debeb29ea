"""The query language: what a question is read as, what it finds, and what is said about one that is wrong."""

import pytest

from catalog.catalog import Catalog
from catalog.view import View
from web.asking import KEYS, Mistake, Question, format_term, parse_question
from web.asking.keys import CHOICES
from web.asking.meaning import CHOICES as COMPILED


def found(view: View, text: str) -> set[str]:
    """The names that a question finds as a list filters."""
    return {view.edges.refs[node].rpartition("/")[2] for node in view.match(parse_question(text).filter(view))}


def only(mistakes: tuple[Mistake, ...] | list[Mistake]) -> Mistake:
    assert len(mistakes) == 1, mistakes
    return mistakes[0]


def read(text: str) -> tuple[list[tuple[str, list[str], bool]], str]:
    """The terms of a question as (key, values, negated), and its words."""
    question = parse_question(text)
    return [(t.key, [v.text for v in t.values], t.is_negated) for t in question.terms], question.words


@pytest.mark.parametrize(
    ("text", "terms", "words"),
    [
        ("kind:component ledger", [("kind", ["component"], False)], "ledger"),
        ("-tag:go,java  x", [("tag", ["go", "java"], True)], "x"),
        ("KIND:API dependsOn:x", [("kind", ["API"], False), ("depends-on", ["x"], False)], ""),
        ("part_of:y", [("part-of", ["y"], False)], ""),
        ('title:"card vault" "exact words" a', [("title", ["card vault"], False)], "exact words a"),
        ("annotation:pagerduty.com/service-id=P1", [("annotation", ["pagerduty.com/service-id=P1"], False)], ""),
        ('annotation:k="two words"', [("annotation", ["k=two words"], False)], ""),
        ("component:default/x", [("ref", ["component:default/x"], False)], ""),
        ("spec.tier:1", [("spec.tier", ["1"], False)], ""),
        ("https://x.example/a?b=c 10:30 a.yaml:3", [], "https://x.example/a?b=c 10:30 a.yaml:3"),
        ('type:"say \\"hi\\", then"', [("type", ['say "hi", then'], False)], ""),
        ("- : * , -", [], ""),
        ("", [], ""),
    ],
)  # fmt: skip
def test_a_question_is_read_as_terms_and_words(text, terms, words):
    assert read(text) == (terms, words)
    assert not parse_question(text).errors


@pytest.mark.parametrize(
    ("text", "column", "length", "message", "instead"),
    [
        ("x lifecyle:production", 2, 8, "no key `lifecyle`", "lifecycle"),
        ("owner:a -knd:api", 9, 3, "no key `knd`", "kind"),
        ("kind: x", 5, 1, "needs a value", ""),
        ('a "b c', 2, 4, "not closed", ""),
        ("has:runbok", 4, 6, "does not know `runbok`", "runbook"),
        ("a OR b", 2, 2, "`OR`", ""),
    ],
)
def test_an_error_points_at_the_character_and_says_what_to_do(text, column, length, message, instead):
    mistake = only(parse_question(text).errors)
    assert (mistake.column, mistake.length, mistake.instead) == (column, length, instead)
    assert message in mistake.message
    assert mistake.hint


def test_a_key_that_is_unknown_is_read_as_words_so_that_nothing_is_found_by_mistake(sample):
    assert not found(sample.view, "lifecyle:production")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("depends-on:payments-db", {"payment-api", "payment-event-relay"}),
        ("depends-on:resource:default/PAYMENTS-db", {"payment-api", "payment-event-relay"}),
        ("component:payment-api", {"payment-api"}),
        ("kind:system name:pay*", {"payment-system"}),
        ("kind:component owner=team-payments type:service", {"legacy-billing", "payment-api", "payment-ledger"}),
        ('kind:component owner:team-payments type:service -"ledger" -legacy', {"payment-api"}),
        ("kind:group parent:platform-engineering -name:team-platform", {"team-identity", "team-reliability"}),
        ("kind:nothing", set()),
        ("depends-on:nothing", set()),
        ("uid:nothing", set()),
    ],
)
def test_terms_find_what_they_say(sample: Catalog, text, expected):
    assert found(sample.view, text) == expected


def test_an_owner_stands_for_its_child_teams_unless_it_is_named_exactly(sample):
    below = found(sample.view, "owner:commerce-engineering kind:component")
    assert "payment-api" in below
    assert "payment-api" not in found(sample.view, "owner=commerce-engineering kind:component")
    assert found(sample.view, "owner=team-payments") <= found(sample.view, "owner:commerce-engineering")


def test_a_domain_holds_what_lies_in_its_systems(sample):
    assert "payment-api" in found(sample.view, "domain:payments")
    assert "payment-api" not in found(sample.view, "domain=payments")


@pytest.mark.parametrize("name", [name for name, key in KEYS.items() if key.how in ("value", "ref")])
def test_a_value_and_its_negation_share_all_entities_out(sample: Catalog, name):
    every = {sample.view.edges.refs[node].rpartition("/")[2] for node in sample.view.live}
    assert found(sample.view, f"{name}:*") | found(sample.view, f"-{name}:*") == every
    column = sample.view.column(KEYS[name].column)
    for value in list(column.postings)[:3]:
        nodes = sample.view.match(parse_question(format_term(name, value, "=")).predicate(sample.view))
        if not KEYS[name].kinds or value.startswith(KEYS[name].kinds):
            assert nodes == column.equal(value.lower())


@pytest.mark.parametrize("text", [f"{key}:{value}" for key, values in CHOICES.items() for value in values])
def test_every_choice_that_help_lists_can_be_asked(sample: Catalog, text):
    assert not parse_question(text).errors
    assert len(found(sample.view, text)) + len(found(sample.view, f"-{text}")) >= 90
    key, _, value = text.partition(":")
    assert value in COMPILED[key]


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_every_example_in_help_is_read_without_an_error(key):
    question = parse_question(key.example)
    assert not question.errors
    assert [term.key for term in question.terms] == [key.name]


FILE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: a, annotations: {opsgenie.com/team: x}}
spec: {type: service, lifecycle: production, owner: gone, dependsOn: [component:b, component:c]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: b}
spec: {type: service, lifecycle: deprecated, owner: user:u}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: u}
spec: {memberOf: []}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            (text, {"a"})
            for text in ("is:broken", "is:dangling", "is:unowned", "is:unused kind:component", "has:pager")
        ),
        *((text, {"a"}) for text in ("depends-on:c", "owner:gone", "annotation:opsgenie.com/team=X", "component:a")),
        ("is:deprecated", {"b"}),
        ("-has:owner kind:component", set()),
    ],
)
def test_broken_unowned_and_dangling_are_what_they_say(catalog, folder, write, text, expected):
    write("catalog-info.yaml", FILE)
    catalog.ingest(folder)
    assert found(catalog.view, text) == expected


@pytest.mark.parametrize(
    ("text", "column", "instead"),
    [("owner:team-paymets", 6, "team-payments"), ("kind:api type:opnapi", 14, "openapi"), ("tag:go,kfka", 7, "kafka")],
)
def test_a_value_that_nothing_has_is_noted_with_near_ones(sample: Catalog, text, column, instead):
    note = only(parse_question(text).notes(sample.view))
    assert (note.column, note.instead) == (column, instead)


def test_known_values_need_no_note(sample):
    text = "owner:team-payments kind:component depends-on:payments-db tag:go has:runbook name:pay* words"
    assert parse_question(text).notes(sample.view) == []


def test_a_question_is_taken_apart_and_put_together(sample):
    question = parse_question('kind:api "a b" -tag:go x')
    assert [question.without(part) for part in (*question.terms, *question.phrases)] == [
        '"a b" -tag:go x', 'kind:api "a b" x', "kind:api -tag:go x", 'kind:api "a b" -tag:go',
    ]  # fmt: skip
    assert Question("").extended("type", 'a "b", c') == 'type:"a \\"b\\", c"'


@pytest.mark.parametrize("value", ["a", "a b", 'a"b', "a\\b c", "a,b", "a*", "", "-x", "ä ö", "k:v"])
def test_a_term_that_is_written_is_read_back(value):
    term = parse_question(format_term("type", value)).terms
    assert [one.text for one in term[0].values] == [value] if value else not term


ODD = [
    '"', '""', ":", "::", "a:", "-",
    "--x", "kind:,,,", 'kind:"', 'kind:"a', "\\", "\0", "-kind:*", "ref:*", "ref::/", "owner:a/b/c",
    "owner::", "label:=", "annotation:=",
]  # fmt: skip


@pytest.mark.parametrize("text", [*ODD, "x" * 5000, " ".join(ODD)])
def test_no_text_breaks_the_reader(sample: Catalog, text):
    question = parse_question(text)
    sample.view.match(question.filter(sample.view))
    question.notes(sample.view)
