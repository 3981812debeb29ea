"""The comparison sees what differs and nothing else, checked on the recorded answers themselves."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.compare import COMPARISONS, find_differences
from tests.conformance.exchange import Exchange, Request

UID = "0b0b0b0b-1111-2222-3333-444444444444"


def exchange(data: Any, compare: str = "whole", **values: Any) -> Exchange:
    return Exchange("made/1", 1, Request("GET", "/"), status=200, json=data, compare=compare, **values)


def cursor(data: Any) -> str:
    return base64.b64encode(json.dumps(data).encode()).decode()


def hit(rank: int, location: str, title: str = "T") -> dict[str, Any]:
    return {"type": "software-catalog", "rank": rank, "document": {"location": location, "title": title}}


def differences(recorded: Exchange, given: Exchange) -> list[str]:
    documents = {"/a": {"location": "/a", "title": "T"}, "/b": {"location": "/b", "title": "T"}}
    return find_differences(recorded, given, [UID], documents)


@pytest.mark.parametrize("compare", [*COMPARISONS, "status"])
def test_an_answer_does_not_differ_from_itself(compare: str) -> None:
    answer = exchange({"results": [hit(1, "/a")], "numberOfResults": 1}, compare)
    assert differences(answer, answer) == []


@pytest.mark.parametrize(
    ("recorded", "given"),
    [
        ({"metadata": {"etag": "0" * 40}}, {"metadata": {"etag": "f" * 40}}),
        ({"metadata": {"etag": "0" * 40}}, {"metadata": {"etag": "opaque"}}),
        ({"metadata": {"uid": "made-then"}}, {"metadata": {"uid": "made-now"}}),
        ({"nextCursor": cursor({"a": 1, "b": 2})}, {"nextCursor": cursor({"b": 2, "a": 1})}),
    ],
)
def test_what_differs_from_run_to_run_is_ignored(recorded: Any, given: Any) -> None:
    assert differences(exchange(recorded), exchange(given)) == []


@pytest.mark.parametrize(
    ("recorded", "given"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        ([1], [1, 2]),
        ({"metadata": {"uid": UID}}, {"metadata": {"uid": "other"}}),
        ({"metadata": {"etag": "given-by-the-author"}}, {"metadata": {"etag": "0" * 40}}),
        ({"nextCursor": cursor({"a": 1})}, {"nextCursor": cursor({"a": 2})}),
    ],
)
def test_what_a_client_could_see_is_a_difference(recorded: Any, given: Any) -> None:
    assert differences(exchange(recorded), exchange(given))


def test_status_and_headers_are_compared_even_where_the_body_is_not() -> None:
    recorded = exchange([1], "status", headers={"content-type": "application/json"})
    assert differences(recorded, replace(recorded, json=[2])) == []
    assert differences(recorded, replace(recorded, status=201))
    assert differences(recorded, replace(recorded, headers={}))


def test_a_link_is_compared_by_what_its_cursor_says() -> None:
    links = [f'</entities?limit=1&after={cursor({"offset": n})}>; rel="next"' for n in (1, 2)]
    first, second = (exchange([], headers={"link": link}) for link in links)
    assert differences(first, first) == []
    assert differences(first, second)


def test_any_order_sorts_the_lists_first() -> None:
    assert differences(exchange([{"a": 1}, {"a": 2}], "any order"), exchange([{"a": 2}, {"a": 1}])) == []


def test_keys_compares_names_and_types() -> None:
    recorded = exchange({"id": "x", "n": 1}, "keys")
    assert differences(recorded, exchange({"id": "y", "n": 2})) == []
    assert differences(recorded, exchange({"id": "y", "n": "2"}))


def test_documents_may_come_in_another_order_but_not_in_another_number() -> None:
    recorded = exchange({"results": [hit(1, "/a"), hit(2, "/b")], "numberOfResults": 2}, "documents")
    assert differences(recorded, exchange({"results": [hit(1, "/b"), hit(2, "/a")], "numberOfResults": 2})) == []
    assert differences(recorded, exchange({"results": [hit(1, "/b")], "numberOfResults": 1}))


def test_ranked_hits_have_the_recorded_contents() -> None:
    recorded = exchange({"results": [hit(1, "/a")], "numberOfResults": 1}, "ranked")
    assert differences(recorded, exchange({"results": [hit(1, "/b")], "numberOfResults": 9})) == []
    assert differences(recorded, exchange({"results": [hit(1, "/b", "Other")], "numberOfResults": 9}))
