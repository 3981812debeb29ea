"""`/search`, its twin `/api/find` and the suggestions, asked over HTTP of the sample catalog."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from web.app import create_app
from web.asking import KEYS
from web.assets import STATIC
from web.excerpts import Marker, list_values


@pytest.fixture(scope="module")
def client(sample: Catalog) -> TestClient:
    return TestClient(create_app(Crawler(sample)), base_url="http://127.0.0.1", headers={"accept": "text/html"})


def search(client: TestClient, question: str, **more: str) -> str:
    answer = client.get("/search", params={"q": question, **more})
    assert answer.status_code == 200
    return answer.text


def names(html: str) -> list[str]:
    """The names of the results, by their address."""
    return re.findall(r'<li>\s*<p><a href="/catalog/[^/]+/[^/]+/([^"]+)"', html)


def find(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.get("/api/find", params=asked)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def suggested(client: TestClient, text: str, limit: int = 10) -> list[dict[str, str]]:
    answer = client.get("/api/suggest", params={"q": text, "limit": limit} if text else {"limit": limit})
    assert answer.status_code == 200
    items: list[dict[str, str]] = answer.json()["items"]
    assert len(items) <= limit
    return items


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("payment-ledger", "payment-ledger"),
        ("paymnts", "payments-db"),
        ("edger", "payment-ledger"),
        ("ledgr paymnt", "payment-ledger"),
        ("idempotency", "payment-api"),
        ('"proves every night"', "payment-ledger"),
        ("kind:resource ledger", "ledger-db"),
    ],
)
def test_names_parts_typos_and_words_of_texts_are_found(client, question, expected):
    assert expected in names(search(client, question))


def test_annotation_values_ids_links_tags_and_people_are_found(client, sample):
    for ref in ("component:default/payment-api", "group:default/team-payments"):
        entity = sample.view.entity(ref)
        metadata, profile = entity["metadata"], entity["spec"].get("profile", {})
        texts = [metadata["uid"], *(metadata.get("annotations") or {}).values(), *metadata.get("tags", ())]
        texts += [link["url"] for link in metadata.get("links", ())] + [
            profile[key] for key in ("email",) if key in profile
        ]
        for text in texts:
            found = find(client, q=text, limit=100)["items"]
            assert ref in [one["entityRef"] for one in found], text


def test_exact_words_stand_side_by_side(client):
    assert names(search(client, '"every night"')) == ["payment-ledger"]
    assert "payment-ledger" not in names(search(client, '"night every"'))


def test_what_was_found_is_marked_and_a_hit_elsewhere_is_named(client):
    assert "<mark>payment</mark>-ledger" in search(client, "payment")
    assert re.search(
        r'where-found"><span class="dim">tag</span> <mark>payments</mark>', search(client, "settlement payments")
    )


def test_facets_say_what_they_would_leave_and_lead_to_just_that(client):
    html = search(client, "payment")
    links = re.findall(r'<li><a href="(/search\?q=[^"]+)">[^<]+ <span class="dim">(\d+)</span>', html)
    assert len(links) > 8
    for href, count in links:
        assert f'<span class="dim">{count} found</span>' in client.get(href.replace("&amp;", "&")).text


def test_a_chosen_facet_is_a_part_that_can_be_dropped(client):
    html = search(client, "payment kind:api")
    assert 'aria-label="Without kind:api"' in html
    assert "<h2>Kind</h2>" not in html
    assert 'href="/search?q=payment"' in html


def test_an_error_is_shown_under_its_place_with_the_question_mended(client):
    html = search(client, "lifecyle:production ledger")
    assert re.search(r"<code>lifecyle:production ledger</code><br><code>\^{8}</code>", html)
    assert 'href="/search?q=lifecycle:production+ledger">Ask that</a>' in html
    html = search(client, "a-word-that-is-long-enough-to-scroll kind:componet")
    assert re.search(r"<code>…[^<]*kind:componet</code><br><code> {15}\^{8}</code>", html)


def test_nothing_found_says_what_to_loosen(client):
    html = search(client, "kind:api lifecycle:deprecated payment")
    assert "Nothing found" in html
    parts = re.findall(r'without <a href="([^"]+)"><code>([^<]+)</code></a> <span class="dim">(\d+) found', html)
    assert parts
    for href, _, count in parts:
        assert f'<span class="dim">{count} found</span>' in client.get(href.replace("&amp;", "&")).text


def test_near_words_are_looked_for_only_where_a_word_has_no_hit(client):
    assert "Nothing is called <b>paymnts</b>" in search(client, "paymnts")
    assert "Nothing is called" not in search(client, "payments")
    assert "Nothing found" in search(client, "stzrqs")


def test_a_typo_in_a_part_of_a_name_is_mended(client):
    assert "team-payments" in names(search(client, "team-paymnts"))
    assert "checkout-service" in names(search(client, "checkout-servce"))


def test_an_address_that_no_text_has_is_looked_up(client):
    html = search(client, "git@github.com:acme/orders.git")
    assert "In no text as it stands" in html
    assert re.search(
        r"order-service</a>\s*<span[^>]+>Component · service · repository <code>acme/orders</code> in github", html
    )
    assert "In no text" not in search(client, "kind:component git@github.com:acme/orders.git")


def test_every_page_of_hits_is_a_part_of_the_whole(client):
    whole = [one["entityRef"] for one in find(client, q="kind:component", limit=100)["items"]]
    pages = [
        one["entityRef"]
        for at in (0, 7, 14, 21, 28)
        for one in find(client, q="kind:component", limit=7, offset=at)["items"]
    ]
    assert pages == whole
    assert "Past the end" in search(client, "ledger", offset="1000")


def test_without_a_question_every_key_is_explained(client):
    html = client.get("/search").text
    assert all(f"{key.name}:" in html or f"{key.name}=" in html or key.name == "ref" for key in KEYS.values())
    assert client.get("/api/find").json()["totalItems"] == 95


def test_the_twin_says_what_the_page_shows(client):
    found = find(client, q="lifecyle:x kind:api type:opnapi paymnts")
    assert [one["column"] for one in found["errors"]] == [0]
    assert [one["instead"] for one in found["notes"]] == ["openapi"]
    assert find(client, q="paymnts")["corrected"] == {"paymnts": ["payments"]}
    html = search(client, "payment kind:api")
    assert 'type="application/json" href="/api/find?q=payment+kind:api"' in html
    assert [one["name"] for one in find(client, q="payment kind:api")["items"]] == names(html)


def test_everything_that_is_shown_of_a_question_is_escaped(client):
    html = search(client, '<script>alert(1)</script> kind:<b> "<i>')
    assert "<script>alert" not in html
    assert "<b>" not in html.replace("<b>script</b>", "")
    assert "<i>" not in html


@pytest.mark.parametrize(
    ("text", "kind", "label", "whole"),
    [
        ("pay", "entity", "payment-api", "payment-api"),
        ("edger-d", "entity", "ledger-db", "ledger-db"),
        ("paymnts", "entity", "payments-db", "payments-db"),
        ("kind:api pay", "entity", "Payment API (payment-api)", "payment-api"),
        ("own", "key", "owner:", "owner:"),
        ("ledger -li", "key", "lifecycle:", "ledger -lifecycle:"),
        ("ledger owner:te", "value", "team-payments", "ledger owner:team-payments"),
        ("owner:paym", "value", "team-payments", "owner:team-payments"),
        ("tag:go,ja", "value", "java", "tag:go,java"),
        ("kind:comp", "value", "Component", "kind:Component"),
        ("depends-on:led", "value", "ledger-db", "depends-on:ledger-db"),
        ("has:run", "value", "runbook", "has:runbook"),
        ("annotation:pagerduty", "value", "pagerduty.com/service-id", "annotation:pagerduty.com/service-id"),
        ("tea", "page", "Teams", "tea"),
    ],
)
def test_what_may_be_meant_is_suggested(client, text, kind, label, whole):
    found = [(one["type"], one["label"], one["text"]) for one in suggested(client, text)]
    assert (kind, label, whole) in found


def test_a_suggested_entity_or_page_leads_there_at_once(client):
    for one in suggested(client, "payment"):
        assert client.get(one["href"]).status_code == 200
    assert {one["type"] for one in suggested(client, "", 50)} == {"page"}
    assert suggested(client, "payment", 0) == []


@pytest.mark.parametrize(
    "text", ['"', "kind:", "kind:a,", "-", "owner::", "\\", "a" * 600, "annotation:x=", "ref:", "uid:", '"a b', "is:zz"]
)
def test_nothing_half_typed_breaks_suggestions(client, text):
    suggested(client, text)


def test_a_suggestion_can_be_asked(client):
    for text in (
        "owner:",
        "kind:",
        "tag:",
        "system:",
        "provides:",
        "has:",
        "is:",
        "lifecycle:",
        "depends-on:",
        "namespace:",
    ):
        items = suggested(client, text, 5)
        assert items
        for one in items:
            found = find(client, q=one["text"])
            assert found["errors"] == []
            assert found["notes"] == []
            assert found["totalItems"] or text in ("has:", "is:"), one


def test_what_only_mentions_the_words_is_found_with_the_hits_apart(client):
    found = client.get("/api/mentions", params={"q": "househ"}).json()["items"]
    assert [one["text"] for one in found] == ["acme", "product-service"]
    assert found[0]["found"] == ["", "Househ", "old tools and spare parts, sold online in eleven countries."]
    assert found[1]["href"] == "/catalog/default/component/product-service"


def test_what_is_called_so_is_suggested_and_not_mentioned(client):
    named = {one["href"] for one in suggested(client, "payment", 50)}
    mentioned = client.get("/api/mentions", params={"q": "payment", "limit": 50}).json()["items"]
    assert {one["href"] for one in mentioned}.isdisjoint(named)
    assert "settlement-job" in [one["text"] for one in mentioned]
    assert client.get("/api/mentions", params={"q": "owner:"}).json() == {"items": []}
    assert client.get("/api/mentions").status_code == 400
    assert find(client)["totalItems"] == 95, "asking takes nothing out of the view"


@pytest.mark.parametrize(
    ("question", "hint"),
    [
        ('owner:"Pricing & Ranking"', "Did you mean `team-pricing`?"),
        ("team:payments", "Did you mean `team-payments`?"),
        ("kind:service", "It is a type: `type:service`."),
        ("type:production", "It is a lifecycle: `lifecycle:production`."),
        ("lifecycle:prod", "Did you mean `production`?"),
    ],
)
def test_what_people_write_instead_is_understood(client, question, hint):
    assert [one["hint"] for one in find(client, q=question)["notes"]] == [hint]


def test_a_sentence_leads_to_what_it_names_and_what_is_no_name_to_the_lookup(client):
    html = client.get("/search", params={"q": "who owns payment-ledger please"}).text
    assert 'href="/catalog/default/component/payment-ledger"' in html
    assert (
        'href="/oncall?q=https://github.com/acme/payment-api"'
        in client.get("/search", params={"q": "https://github.com/acme/payment-api"}).text
    )


def test_the_script_is_small_and_the_policy_lets_it_ask(client):
    assert len((STATIC / "find.js").read_bytes()) < 7 * 1024
    page = client.get("/search?q=x")
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    assert "frame.js" in page.text


def test_a_long_text_is_cut_around_what_was_found():
    text = " ".join(f"word{n}" for n in range(200))
    cut = Marker(["word150"]).cut(text)
    assert cut.startswith("… ")
    assert cut.endswith(" …")
    assert "word150" in cut
    assert len(cut) < 300
    assert Marker([]).mark("text") == "text"


def test_no_secret_is_shown_as_the_place_of_a_hit():
    entity = {
        "metadata": {"name": "a", "annotations": {"pagerduty.com/integration-key": "topsecret", "x.example/y": "z"}}
    }
    assert list(list_values(entity)) == [("x.example/y", "z")]
