"""The pages of teams, people, APIs and quality, and their JSON twins, over the sample catalog and one with gaps."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app

ORG = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop, namespace: retail, title: "<b>Shop</b>"}
spec: {type: team, children: [], parent: not-there}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: bank
  description: Keeps **money**
  links: [{url: "javascript:alert(1)", type: chat, title: Harmless}]
spec: {type: team, children: [], profile: {email: bank@x.example}}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: eve}
spec: {memberOf: []}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: =money}
spec: {type: openapi, lifecycle: deprecated, owner: bank, definition: TODO}
""".replace("name: =money", "name: money")
PAGES = (
    "/teams", "/teams?q=pay", "/teams?topology=platform", "/teams/team-payments", "/teams/acme", "/people/nadia.petrova",
    "/apis", "/apis?mark=unused", "/apis?sort=consumers", "/quality", "/quality?by=team", "/quality?check=cycle",
    "/quality?team=team-payments", "/quality?team=none",
)  # fmt: skip


@pytest.fixture(scope="module")
def client(sample: Catalog) -> TestClient:
    return TestClient(create_app(Crawler(sample)), headers={"accept": "text/html"})


@pytest.fixture
def gappy(tmp_path: Path) -> Iterator[TestClient]:
    catalog = Catalog.open("sqlite://", search=False)
    consumer = component("web", consumesApis="[money]").replace("team-a", "bank")
    (tmp_path / "catalog-info.yaml").write_text("---\n".join([ORG, consumer, component("lost")]))
    catalog.ingest(FolderSource(tmp_path))
    yield TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})
    catalog.close()


def get(client: TestClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.text
    return response.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_heading_a_twin_that_answers_and_no_inline_style(client: TestClient, path: str) -> None:
    html = get(client, path)
    assert html.count("<h1>") == 1
    twin = re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', html)
    assert twin is not None
    assert client.get(twin[1].replace("&amp;", "&")).status_code == 200
    assert " style=" not in html
    assert len(html) < 60_000


def test_the_tree_shows_every_team_below_its_parent_with_counts_that_lead_to_lists(client: TestClient) -> None:
    html = get(client, "/teams")
    places = [html.index(f'href="/teams/{name}"') for name in ("acme", "commerce-engineering", "team-payments")]
    assert places == sorted(places)
    assert '<span class="badge topology stream-aligned"' in html
    count = re.search(r'href="(/catalog\?owner=group:default/team-payments&amp;direct=1)">owns (\d+)<', html)
    assert count is not None
    assert client.get("/api/teams/default/team-payments").json()["owned"]
    listed = client.get(count[1].replace("&amp;", "&")).text
    assert re.search(rf'<h1>Catalog</h1> <span class="dim">{count[2]} entit', listed)


def test_teams_stand_by_what_they_are_called_and_large_trees_are_folded_below_their_roots(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = re.findall(r'<p class="team-name"><a [^>]+>([^<]+)', get(client, "/teams?q=e"))
    assert names == sorted(names, key=str.lower)
    assert get(client, "/teams").count('<details class="twig" open>') == 3
    monkeypatch.setattr("web.pages.teams._ALL_OPEN", 10)
    folded = get(client, "/teams")
    assert folded.count('<details class="twig" open>') == 1
    assert folded.count('<details class="twig">') == 2
    assert '<span class="hidden">5 teams below Commerce Engineering</span>' in folded


def test_a_team_page_says_how_to_reach_it_and_who_depends_on_it(client: TestClient) -> None:
    html = get(client, "/teams/team-payments")
    assert 'href="mailto:team-payments@acme.example.com"' in html
    assert "Commerce Engineering" in html
    assert 'href="/people/' in html
    data = client.get("/api/teams/default/team-payments").json()
    assert {one["kind"] for one in data["contacts"]} == {"on-call", "chat", "email"}
    assert "group:default/team-ordering" in {one["team"] for one in data["dependencyOf"]}
    edge = data["dependsOn"][0]["relations"][0]
    assert edge["type"] in ("dependsOn", "consumesApi")
    assert data["above"] == ["group:default/acme", "group:default/commerce-engineering"]


def test_what_a_team_owns_is_named_and_of_much_the_first(client: TestClient) -> None:
    rows = re.findall(
        r"<tr><th scope=\"row\">(\w+)</th>.*?<td class=\"which\">(.*?)</td>", get(client, "/teams/team-payments")
    )
    named = {kind: re.findall(r">([^<]+)</a>", which) for kind, which in rows}
    assert named["APIs"] == ["Payment API", "Payment events"]
    rows = re.findall(r"<td class=\"which\">(.*?)</td>", get(client, "/teams/acme"))
    assert max(row.count("</a>") for row in rows) == 8
    assert rows[0].endswith("…")


def test_a_person_has_teams_and_what_these_own(client: TestClient) -> None:
    data = client.get("/api/people/default/nadia.petrova").json()
    assert [one["ref"] for one in data["teams"]] == ["group:default/commerce-engineering"]
    assert sum(one["total"] for one in data["owned"]) > 40
    assert "0 directly" in get(client, "/people/nadia.petrova")


def test_a_wrong_name_is_answered_with_near_ones(client: TestClient) -> None:
    assert 'href="/catalog/default/group/team-payments"' in get(client, "/teams/paymnts", 404)
    assert "nadia" in get(client, "/people/nadia", 404)
    assert client.get("/api/teams/default/paymnts").status_code == 404


def test_a_name_that_one_team_has_in_another_namespace_leads_there(gappy: TestClient) -> None:
    response = gappy.get("/teams/shop", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (307, "/teams/retail/shop")
    html = get(gappy, "/teams/retail/shop")
    assert "&lt;b&gt;Shop&lt;/b&gt;" in html
    assert "no way to reach them is known" in html
    assert "group:retail/not-there" in html


def test_what_is_odd_about_teams_is_said(gappy: TestClient) -> None:
    html = get(gappy, "/teams")
    assert "Parent not in the catalog" in html
    assert "In no team" in html
    assert 'href="/people/eve"' in html
    assert "nobody in it" in html
    assert "javascript:" not in get(gappy, "/teams/bank")
    assert "in no team" in get(gappy, "/people/eve")


def test_an_owner_that_is_gone_is_no_team_but_its_things_are_told(gappy: TestClient) -> None:
    assert "1 entity names" in get(gappy, "/teams/team-a", 404)
    html = get(gappy, "/quality?team=team-a")
    assert "is not in the catalog" in html
    assert "lost" in html


def test_apis_are_marked_and_filtered_by_their_marks(gappy: TestClient) -> None:
    [row] = gappy.get("/api/apis").json()["items"]
    assert row["marks"] == ["unprovided", "undocumented", "deprecated-consumed"]
    assert row["consumers"] == ["component:default/web"]
    assert "No API is like that" in get(gappy, "/apis?mark=unused")
    assert "Deprecated, still consumed" in get(gappy, "/apis?mark=deprecated-consumed")
    assert gappy.get("/api/apis?mark=unused").json()["totalItems"] == 0
    assert gappy.get("/api/apis?mark=odd").status_code == 400


def test_apis_are_sorted_by_who_consumes_them_and_filtered_by_team(client: TestClient) -> None:
    counts = [len(one["consumers"]) for one in client.get("/api/apis?sort=consumers").json()["items"]]
    assert counts == sorted(counts, reverse=True)
    whole = client.get("/api/apis?owner=commerce-engineering").json()["totalItems"]
    assert whole > client.get("/api/apis?owner=team-payments").json()["totalItems"] > 0


def test_quality_counts_agree_with_what_is_listed(gappy: TestClient) -> None:
    data = gappy.get("/api/quality").json()
    assert data["totalItems"] == len(data["items"]) == sum(one["failed"] for one in data["checks"])
    for check in data["checks"]:
        alone = gappy.get(f"/api/quality?check={check['id']}").json()
        assert len(alone["items"]) == check["failed"]
    weights = [one["weight"] for one in data["items"]]
    assert weights == sorted(weights, reverse=True)
    assert data["score"] < 100
    scores = [one["score"] for one in data["teams"]]
    assert scores == sorted(scores)


def test_quality_is_to_be_had_as_a_table_and_as_text(gappy: TestClient) -> None:
    total = gappy.get("/api/quality").json()["totalItems"]
    response = gappy.get("/api/quality/export")
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert len(rows) == total
    assert {"check": "owner-gone", "about": "group:default/team-a"}.items() <= rows[0].items()
    assert "owner-gone" in gappy.get("/api/quality/export?format=text").text
    assert len(gappy.get("/api/quality/export?format=json").json()["items"]) == total


def test_each_gap_leads_to_the_file_that_mends_it(gappy: TestClient) -> None:
    html = get(gappy, "/quality?check=owner-gone")
    assert "catalog-info.yaml" in html
    assert "What to do" in html
    assert "<code>group:default/team-a</code>" in html


def test_what_many_gaps_name_is_said_once(tmp_path: Path) -> None:
    catalog = Catalog.open("sqlite://", search=False)
    lost = [component(name).replace("team-a", owner) for name, owner in (("a", "gone"), ("b", "gone"), ("c", "other"))]
    (tmp_path / "catalog-info.yaml").write_text("---\n".join(lost))
    catalog.ingest(FolderSource(tmp_path))
    client = TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})
    html = get(client, "/quality?check=owner-gone")
    most = html.partition("Named most often")[2].partition("</p>")[0]
    assert re.findall(r"<code>([^<]+)</code></a> <span class=\"dim\">(\d+ gaps?)<", most) == [
        ("group:default/gone", "2 gaps")
    ]
    assert "Named most often" not in get(client, "/quality")
    catalog.close()


@pytest.mark.parametrize("path", ["/teams?q=a", "/quality", "/apis"])
def test_past_the_end_of_a_list_nothing_is_said_of_what_there_is(gappy: TestClient, path: str) -> None:
    html = get(gappy, f"{path}{'&' if '?' in path else '?'}offset=1000")
    assert "Past the end" in html
    assert "No gaps" not in html
    assert "No team is like that" not in html


def test_an_empty_catalog_has_pages_that_say_so() -> None:
    catalog = Catalog.open("sqlite://", search=False)
    empty = TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})
    assert "No teams yet" in get(empty, "/teams")
    assert "No APIs yet" in get(empty, "/apis")
    assert "No gaps" in get(empty, "/quality")
    get(empty, "/quality?by=team")
    catalog.close()
