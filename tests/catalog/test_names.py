"""Finding by name: beginnings, parts, typos, and what is near enough to be one."""

import pytest

from catalog.catalog import Catalog
from catalog.names import begin_with, correct_words, find_inside, find_names
from catalog.typos import distance, find_typos
from tests.programs import wait_indexed

WORDS = sorted(
    ("payment", "payments", "ledger", "checkout", "store", "stores", "start", "observability", "api", "zürich")
)


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("paymnts", "payments"), ("paymetns", "payments"), ("ledgr", "ledger"), ("lledger", "ledger"), ("chekcout", "checkout"),
        ("obsrvabilty", "observability"), ("chcekuot", "checkout"), ("zurich", "zürich"), ("observabl", "observability"),
    ],
)  # fmt: skip
def test_a_typo_finds_the_word_that_was_meant(word, first):
    assert find_typos(WORDS, word)[0] == first


def test_stars_does_not_find_stores():
    assert "stores" not in find_typos(WORDS, "stars")


@pytest.mark.parametrize("word", ["", "ap", "apo", "x" * 50, "qqqqqqqqq"])
def test_what_is_near_to_nothing_finds_nothing(word):
    assert find_typos(WORDS, word) == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("a", "a", 0), ("ab", "ba", 1), ("abc", "", 3), ("", "", 0), ("kitten", "sitting", 3), ("payments", "paymnts", 1)],
)
def test_distance_counts_edits_and_swaps(first, second, expected):
    assert distance(first, second, 3) == distance(second, first, 3) == expected
    assert expected < 2 or distance(first, second, expected - 1) == expected


def test_the_name_itself_comes_first_then_names_that_begin_so(sample):
    refs = find_names(sample.view, "payment-api").refs
    assert {refs[0], refs[1]} == {"api:default/payment-api", "component:default/payment-api"}
    names = [ref.partition("/")[2] for ref in find_names(sample.view, "payment").refs]
    assert [name.startswith("payment") for name in names] == sorted(
        (name.startswith("payment") for name in names), reverse=True
    )


def test_the_first_of_all_names_are_those_that_stand_first(sample):
    every = find_names(sample.view, "payment")
    assert len(every.refs) == len(every.ranked) == len(every.nodes) > 3
    assert [find_names(sample.view, "payment", most=most).refs for most in (0, 1, 3)] == [
        [],
        every.refs[:1],
        every.refs[:3],
    ]


def test_a_search_counts_each_entity_once_however_it_is_found(sample):
    wait_indexed(sample)
    found = sample.search("payment", limit=100)
    refs = [hit.ref for hit in found.hits]
    named = find_names(sample.view, "payment").refs
    assert refs[: len(named)] == named
    assert len(refs) == len(set(refs)) == found.total > len(named)
    assert [hit.ref for hit in sample.search("payment", limit=3, offset=len(named) - 1).hits] == refs[len(named) - 1 :][
        :3
    ]


def test_beginnings_and_parts_are_found_without_every_name_being_looked_at(sample):
    refs = sample.view.edges.refs
    assert [refs[node].partition("/")[2] for node in begin_with(sample.view, "payments")][:2] == [
        "payments",
        "payments-db",
    ]
    assert list(begin_with(sample.view, "zzz")) == []
    assert {"component:default/payment-ledger", "resource:default/ledger-db"} <= {
        refs[n] for n in find_inside(sample.view, "ledger", 20)
    }


def test_only_words_that_nothing_is_called_are_corrected(sample):
    assert correct_words(sample.view, "paymnts ledger") == {"paymnts": ["payments"]}


def test_many_matches_are_all_counted_and_the_best_of_them_ranked(catalog: Catalog, folder, write):
    text = "---\n".join(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata: {{name: x-{n}}}\nspec: {{type: t, lifecycle: l, owner: o}}\n"
        for n in range(1200)
    )
    write("catalog-info.yaml", text)
    catalog.ingest(folder)
    named = find_names(catalog.view, "x")
    assert len(named.nodes) == 1200
    assert 1000 <= len(named.refs) == len(set(named.refs)) <= 1200
    assert len(find_names(catalog.view, "x-1199").nodes) == 1
