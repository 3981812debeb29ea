"""The table of `/catalog`: filters, counts, columns, orders, paging under ingest, and what it says where nothing is left."""

import re
from collections.abc import Callable
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app
from web.browse.asked import read_asked
from web.browse.columns import COLUMNS, USUAL

ROW = re.compile(r'<th scope="row">.*?<a href="(/catalog/[^"]+)"')
KINDS = tuple(kind for kind in USUAL if kind)


@pytest.fixture
def client(sample: Catalog) -> TestClient:
    return TestClient(create_app(Crawler(sample)), headers={"accept": "text/html"})


def get(client: TestClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.text


def rows(html: str) -> list[str]:
    """The names in the first column."""
    return [path.rpartition("/")[2] for path in ROW.findall(html)]


def counts(html: str, facet: str) -> dict[str, int]:
    """What a facet's values would leave."""
    found = re.findall(rf'name="{facet}" value="([^"]*)"[^>]*><span>[^<]*</span><span class="dim">([^<]*)<', html)
    return {unescape(value): int(count.replace("\u202f", "")) for value, count in found}


def step(html: str, rel: str) -> str:
    found = re.search(rf'<a rel="{rel}" href="([^"]+)"', html)
    return unescape(found[1]) if found else ""


def total(html: str) -> int:
    found = re.search(r'<h1>[^<]*</h1> <span class="dim">(\d+) entit', html)
    assert found
    return int(found[1])


@pytest.mark.parametrize("kind", [*KINDS, ""])
def test_each_kind_has_its_own_columns(client: TestClient, kind: str) -> None:
    html = get(client, f"/catalog?kind={kind}")
    heads = re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<]+)', html)
    assert heads == ["Name", *(COLUMNS[name].label for name in COLUMNS if name in USUAL[kind])]


def test_columns_are_chosen_in_the_address_and_stay_on_every_way_on(client: TestClient) -> None:
    html = get(client, "/catalog?kind=component&columns=needed,owner&columns=tags&limit=5")
    assert re.findall(r'<td class="[^"]*" data-label="([^"]*)"', html)[:3] == ["Owner", "Needed by", "Tags"]
    assert "columns=needed,owner,tags" in step(html, "next")
    assert '<input type="hidden" name="columns" value="needed,owner,tags">' in html
    assert "The usual ones" in html


def test_filters_of_different_names_all_hold_and_values_of_one_are_alternatives(client: TestClient) -> None:
    go = rows(get(client, "/catalog?kind=component&tag=go&limit=100"))
    java = rows(get(client, "/catalog?kind=component&tag=java&limit=100"))
    both = rows(get(client, "/catalog?kind=component&tag=go&tag=java&limit=100"))
    assert go
    assert java
    assert sorted({*go, *java}) == sorted(both)


@pytest.mark.parametrize(
    "query",
    ["", "kind=component", "kind=component&owner=team-payments", "q=payment", "tag=go&tag=java", "problem=none"],
)
@pytest.mark.parametrize("facet", ["kind", "type", "lifecycle", "owner", "system", "tag"])
def test_a_facet_counts_what_a_choice_would_leave(client: TestClient, query: str, facet: str) -> None:
    html = get(client, f"/catalog?{query}")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith(f"{facet}="))
    for value, count in list(counts(html, facet).items())[:4]:
        assert total(get(client, f"/catalog?{kept}&{facet}={value}")) == count, (query, facet, value)


def test_the_tabs_count_each_kind_under_the_other_filters(client: TestClient) -> None:
    html = get(client, "/catalog?kind=api&type=grpc&tag=payments")
    tabs = re.findall(r'<a href="([^"]+)"(?: aria-current="true")?>[^<]+ <span class="dim">(\d+)</span></a>', html)
    assert len(tabs) > 2
    for href, count in tabs:
        assert "type=" not in href
        assert total(get(client, unescape(href))) == int(count)


def test_a_team_has_what_its_child_teams_have_unless_told_otherwise(client: TestClient) -> None:
    payments = set(rows(get(client, "/catalog?owner=team-payments&limit=100")))
    whole = set(rows(get(client, "/catalog?owner=commerce-engineering&limit=100")))
    assert payments < whole
    assert not payments & set(rows(get(client, "/catalog?owner=group:default/commerce-engineering&direct=1")))
    assert "Without child teams" in get(client, "/catalog?owner=acme")


def test_a_person_has_what_their_teams_have(client: TestClient) -> None:
    person = re.search(r'href="/catalog/default/user/([^"]+)"', get(client, "/catalog?q=member-of:team-payments"))
    assert person
    theirs = total(get(client, f"/catalog?owner=user:default/{person[1]}"))
    assert theirs >= total(get(client, "/catalog?owner=team-payments")) > 0


def test_only_the_refs_that_are_named_are_listed(client: TestClient) -> None:
    html = get(client, "/catalog?ref=component:default/payment-api&ref=API:default/Payment-API&ref=x:default/gone")
    assert sorted(ROW.findall(html)) == ["/catalog/default/api/payment-api", "/catalog/default/component/payment-api"]


def test_the_box_takes_words_and_questions(client: TestClient) -> None:
    assert "payment-api" in rows(get(client, "/catalog?q=Authorises"))
    asked = rows(get(client, "/catalog?q=kind:component+owner:team-payments+-lifecycle:deprecated&limit=100"))
    facets = rows(get(client, "/catalog?kind=component&owner=team-payments&lifecycle=production&limit=100"))
    assert asked == facets


def test_a_mistake_in_a_question_is_shown_where_it_is(client: TestClient) -> None:
    html = get(client, "/catalog?q=kind:component+ownr:payments")
    assert "kind:component ownr:payments\n               ^^^^" in html
    assert "Did you mean <code>owner</code>?" in html


@pytest.mark.parametrize("direction", ["", "-desc"])
@pytest.mark.parametrize("sort", ["name", *(name for name, one in COLUMNS.items() if one.sort_values)])
def test_paging_shows_every_entity_once_in_every_order_and_leads_back(
    client: TestClient, sort: str, direction: str
) -> None:
    path, found, pages = f"/catalog?sort={sort}{direction}&limit=20", [], []
    while path:
        pages.append(get(client, path))
        found += ROW.findall(pages[-1])
        path = step(pages[-1], "next")
    assert len(found) == len(set(found)) == total(pages[0])
    for earlier, later in pairwise(pages):
        assert ROW.findall(get(client, step(later, "prev"))) == ROW.findall(earlier)


@pytest.mark.parametrize("sort", ["lifecycle", "lifecycle-desc"])
def test_entities_without_a_value_come_last(client: TestClient, sort: str) -> None:
    html = get(client, f"/catalog?sort={sort}&limit=100")
    values = re.findall(r'data-label="Lifecycle">([^<]*)</td>', html)
    filled = [value for value in values if value]
    assert values[: len(filled)] == filled == sorted(filled, reverse=sort.endswith("desc"))
    assert len(filled) < len(values)


def test_a_count_is_that_of_the_list_behind_it(client: TestClient) -> None:
    for kind in ("group", "api", "system", "component"):
        html = get(client, f"/catalog?kind={kind}&limit=100&columns={','.join(COLUMNS)}")
        cells = set(re.findall(r'class="is-count" data-label="[^"]*"><a href="([^"]+)">(\d+)</a>', html))
        assert cells
        for href, count in sorted(cells)[:25]:
            assert total(get(client, unescape(href))) == int(count), href


def test_paging_does_not_jump_when_an_ingest_comes_between(
    catalog: Catalog, write: Callable[[str, str], Path], folder: FolderSource
) -> None:
    names = [f"service-{number:02}" for number in range(40)]
    for name in names:
        write(f"{name}/catalog-info.yaml", component(name))
    catalog.ingest(folder)
    client = TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})
    first = get(client, "/catalog?limit=10")
    second = get(client, step(first, "next"))
    assert rows(first) + rows(second) == names[:20]
    for name in ("aaa", "service-00a", "zzz"):
        write(f"{name}/catalog-info.yaml", component(name))
    (folder_path := write("service-19/catalog-info.yaml", "")).unlink()
    folder_path.parent.rmdir()
    catalog.ingest(folder)
    assert rows(get(client, step(second, "next"))) == names[20:30]
    assert "22–31 of 42" in get(client, step(second, "next"))
    assert rows(get(client, step(second, "prev")))[-1] == "service-09"


def test_no_match_says_which_filter_to_loosen_and_what_that_brings(client: TestClient) -> None:
    html = get(client, "/catalog?kind=api&tag=no-such-tag&owner=team-payments")
    assert (
        '<a href="/catalog?kind=api&amp;owner=group:default/team-payments"><span>without tag <b>no-such-tag</b>' in html
    )
    assert f"{total(get(client, '/catalog?kind=api&owner=team-payments'))} entities" in html
    assert "without owner" not in html


def test_no_match_for_a_question_says_which_part_to_drop(client: TestClient) -> None:
    html = get(client, "/catalog?q=kind:api+owner:team-payments+zzzz")
    assert '<a href="/catalog?q=kind:api+owner:team-payments"><span>without <b>zzzz</b>' in html


def test_two_filters_that_nothing_meets_lead_to_everything(client: TestClient) -> None:
    html = get(client, "/catalog?type=nothing&tag=no-such-tag")
    assert "No single filter is the cause" in html


def test_an_empty_catalog_says_how_to_fill_it(catalog: Catalog) -> None:
    html = get(TestClient(create_app(Crawler(catalog))), "/catalog")
    assert "callboard serve" in html
    assert "--pattern" in html
    assert 'href="/sources"' in html


@pytest.mark.parametrize(
    "query",
    [
        "limit=x", "limit=-1", "limit=0", "offset=-5", "offset=999999999999", "sort=%00", "sort=tags", "kind=%3Ci%3E",
        "columns=,,nope", "after=nonsense", "after=W10%3D", "before=WzEsMiwzXQ%3D%3D", "owner=:::", "problem=x", "ref=",
        "sort=members&after=WyJ4IiwiYSIsImIiXQ%3D%3D", "q=%22", "direct=2",
    ],
)  # fmt: skip
def test_nonsense_in_the_address_is_not_an_error(client: TestClient, query: str) -> None:
    assert "<i>" not in get(client, f"/catalog?{query}")


def test_an_address_reads_back_as_it_was_written() -> None:
    pairs = [
        ("kind", "api"),
        ("owner", "group:default/a"),
        ("owner", "user:default/b"),
        ("q", "x y"),
        ("columns", "owner,tags"),
    ]
    asked = read_asked(pairs)
    assert asked.pairs() == pairs
    assert asked.choose("owner", ["group:default/a"]).drop("q").href() == (
        "/catalog?kind=api&owner=group:default/a&columns=owner,tags"
    )


def test_of_a_great_many_values_the_commonest_are_listed_and_any_can_be_written(
    catalog: Catalog, write: Callable[[str, str], Path], folder: FolderSource
) -> None:
    many = [component(f"service-{number:03}").replace("team-a", f"team-{number:03}") for number in range(60)]
    write("catalog-info.yaml", "---\n".join(many))
    catalog.ingest(folder)
    client = TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})
    html = get(client, "/catalog")
    assert len(counts(html, "owner")) == 32
    assert "Another owner (28 more)" in html
    unlisted = next(name for n in range(60) if f"group:default/{(name := f'team-{n:03}')}" not in counts(html, "owner"))
    assert counts(get(client, f"/catalog?owner={unlisted}"), "owner")[f"group:default/{unlisted}"] == 1


def test_a_name_is_not_said_twice(catalog: Catalog, write: Callable[[str, str], Path], folder: FolderSource) -> None:
    for name, title in (("payment-api", "Payment API"), ("payapi", "Pay API"), ("pay", "Payment API")):
        write(
            f"{name}/catalog-info.yaml", component(name).replace(f"name: {name}", f'name: {name}\n  title: "{title}"')
        )
    catalog.ingest(folder)
    html = get(TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"}), "/catalog")
    assert re.findall(r'<span class="name">([^<]+)', html) == ["pay"]
