"""`/graph`: the picture, its list, what breaks, the exports and the JSON twin."""

import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.graph import Question
from ingestors.folder import FolderSource
from web.app import create_app
from web.charts import name_fold

PAYMENT = "component:default/payment-api"
STATES = (
    "",
    "?by=domain",
    "?by=team&fold=kind",
    "?root=payment-api",
    "?root=payment-api&root=postgres-main&depth=all",
    "?root=postgres-main&depth=3&hide=api",
    "?root=postgres-main&depth=all&hide=component&hide=resource",
    "?root=postgres-main&by=system&depth=5",
    "?root=postgres-main&by=system&depth=5&open=in:system:default/payment-system",
    "?root=checkout-service&target=postgres-main",
    "?root=group:team-payments&relation=ownedBy&relation=memberOf&direction=in&depth=3",
    "?root=resource:nothing-defines-it",
)


@pytest.fixture(scope="module")
def client(sample: Catalog) -> Iterator[TestClient]:
    with TestClient(create_app(Crawler(sample)), base_url="http://127.0.0.1") as opened:
        yield opened


def get(client: TestClient, address: str, status: int = 200) -> str:
    response = client.get(address, headers={"accept": "text/html"})
    assert response.status_code == status, response.text
    return response.text


def picture(html: str) -> str:
    start = html.index('<svg class="graph')
    return html[start : html.index("</svg>", start)]


@pytest.mark.parametrize("state", [one for one in STATES if "nothing" not in one])
def test_every_box_and_link_of_the_twin_is_in_the_picture_and_in_the_list(client: TestClient, state: str) -> None:
    html = get(client, f"/graph{state}")
    twin = re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', html)
    assert twin
    chart = client.get(unescape(twin[1])).json()
    loops = sum(bool(box["inside"]) and box["form"] == "entity" for box in chart["boxes"])
    svg = picture(html)
    assert svg.count("data-n=") == len(chart["boxes"])
    assert svg.count("data-s=") == len(chart["links"]) + loops
    assert len(re.findall(r'<li id="n\d+">', html)) == len(chart["boxes"])
    assert sum(box["members"] for box in chart["boxes"]) == chart["totals"]["entities"]


def test_an_api_needs_who_provides_it(client: TestClient) -> None:
    links = client.get("/api/graph?root=payment-api&direction=in&depth=1").json()["links"]
    assert {
        "source": "api:default/payment-api",
        "target": PAYMENT,
        "types": {"apiProvidedBy": 1},
        "inCycle": False,
    } in links


def test_hiding_a_kind_keeps_what_it_joined(client: TestClient) -> None:
    html = get(client, "/graph?root=postgres-main&depth=3&hide=api")
    assert "Hidden: 8 APIs with 26 relations. 18 ways through them drawn dashed." in html
    assert 'class="edge implied' in picture(html)


def test_a_cycle_is_marked_and_named(client: TestClient) -> None:
    html = get(client, "/graph?root=pricing-service")
    assert "pricing-service, promotion-service need each other" in html
    assert 'class="edge dependsOn cycle"' in picture(html)


def test_what_needs_it_and_is_needed_by_it_is_listed_on_both_sides(client: TestClient) -> None:
    html = get(client, "/graph?root=pricing-service&depth=1")
    _, needed, needing = html.split("<h3>")[-3:]
    assert needed.startswith("It needs, directly")
    assert needing.startswith("Needs it, directly")
    assert 'title="component:default/promotion-service"' in needed
    assert 'title="component:default/promotion-service"' in needing


def test_what_is_far_away_is_counted_where_it_is_though_its_fold_is_nearer(client: TestClient, sample: Catalog) -> None:
    steps: dict[int, int] = {}
    for _, distance in sample.blast(("resource:default/postgres-main",)).entities:
        steps[distance] = steps.get(distance, 0) + 1
    chart = sample.chart(Question(("resource:default/postgres-main",), direction="in", depth=None, limit=12))
    assert any(box.form == "fold" for box in chart.boxes)
    assert chart.rings == {("in", distance): count for distance, count in steps.items()}


def test_relations_that_are_not_followed_are_named_with_a_link(client: TestClient) -> None:
    html = get(client, "/graph?root=payment-api")
    assert "Not followed from here:" in html
    href = re.search(r'href="([^"]+)">part of \(2\)</a>', html)
    assert href
    more = get(client, unescape(href[1]))
    assert "Payment System" in picture(more)
    assert "Arrows lead to what is needed and to the whole." in more
    assert "part of (2)" not in more


def test_teams_are_folded_by_the_teams_above_them(client: TestClient) -> None:
    chart = client.get("/api/graph?by=team&fold=system").json()
    assert chart == client.get("/api/graph?by=team&fold=team").json()
    html = get(client, "/graph?root=payment-api&by=team")
    assert html.count(">system</a>") == 1, "to group by, not to fold by"


def test_folds_say_what_they_hold(client: TestClient, sample: Catalog) -> None:
    people = get(client, "/graph?root=group:acme&depth=all&relation=memberOf&relation=childOf&relation=ownedBy")
    assert "in no system" not in people
    box = next(box for box in sample.chart(Question(fold="kind", limit=1)).boxes if box.form == "fold")
    assert re.fullmatch(r"\d+ [A-Z]\w+", name_fold(sample.view, box))


def test_a_rolled_up_group_opens_by_a_link(client: TestClient) -> None:
    html = get(client, "/graph?root=postgres-main&by=system&depth=5")
    assert "grouped into" in html
    links = [unescape(href) for href in re.findall(r'href="([^"]*open=[^"]*)"', picture(html))]
    opened = get(client, next(href for href in links if "in:system:default/ordering" in href))
    assert "order-service" in picture(opened)
    assert "order-service" not in picture(html)


def test_ways_between_two_are_listed_whichever_way_they_lead(client: TestClient) -> None:
    html = get(client, "/graph?from=checkout-service&to=postgres-main")
    assert 'aria-label="Shortest ways"' in html
    assert "The other way round it does" in get(client, "/graph?from=postgres-main&to=checkout-service")
    assert "Neither leads to the other" in get(
        client, "/graph?root=payment-ledger&target=mobile-app&relation=dependsOn"
    )


def test_impact_names_teams_with_contacts_and_a_message(client: TestClient) -> None:
    html = get(client, "/graph?root=postgres-main&view=impact")
    assert "38 entities break if it fails, of 7 teams" in html
    assert 'href="mailto:team-payments@acme.example.com"' in html
    message = unescape(html[html.index("<textarea") : html.index("</textarea>")])
    assert "If PostgreSQL, main cluster fails, it affects 38 entities of 7 teams:" in message
    assert "http://127.0.0.1/graph?root=resource:default/postgres-main" in message
    assert "Nothing in the catalog" in get(client, "/graph?root=web-storefront&view=impact")


def test_the_impact_of_a_system_is_that_of_what_is_in_it(client: TestClient) -> None:
    html = get(client, "/graph?root=system:payment-system&view=impact")
    assert re.search(r"\d+ entities break if it fails", html)
    assert "With the 11 entities in it; only what is outside is counted." in html
    twin = client.get("/api/graph/system/default/payment-system/impact").json()
    assert twin["parts"] == 11
    assert f"{twin['total']} entities break" in html
    assert "Impact" not in get(client, "/graph?root=group:team-payments"), "a team does not fail"


def test_many_teams_are_told_in_a_table(tmp_path: Path) -> None:
    teams = "".join(
        f"---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: team-{number}}}\n"
        f"spec: {{type: team, children: [], profile: {{email: 'team-{number}@acme.example'}}}}\n"
        f"---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: app-{number}}}\n"
        f"spec: {{type: service, lifecycle: production, owner: team-{number}, dependsOn: ['resource:db']}}\n"
        for number in range(15)
    )
    (tmp_path / "catalog-info.yaml").write_text(teams)
    catalog = Catalog.open("sqlite://", search=False)
    catalog.ingest(FolderSource(tmp_path))
    with TestClient(create_app(Crawler(catalog)), base_url="http://127.0.0.1") as client:
        html = get(client, "/graph?root=resource:db&view=impact")
    rolled = catalog.chart(Question(("resource:default/db",), direction="in", rollup="team", fold="kind", limit=1))
    fold = next(box for box in rolled.boxes if box.form == "fold")
    assert name_fold(catalog.view, fold, "team") == f"{fold.members} entities of more teams"
    catalog.close()
    assert html.count('<li class="box">') == 12
    assert html.count('<th scope="row">') == 3
    assert html.count('href="mailto:team-') == 15


def test_impact_for_scripts_is_by_distance_or_by_owner(client: TestClient, sample: Catalog) -> None:
    path = "/api/graph/resource/default/postgres-main/impact"
    plain, owned = client.get(path).json(), client.get(f"{path}?by=owner").json()
    reached = {one["ref"]: one["distance"] for one in plain["entities"]}
    assert reached == dict(sample.blast(("resource:default/postgres-main",)).entities)
    assert plain["steps"][0] == {"distance": 1, "count": 8}
    assert {one["ref"]: one["distance"] for share in owned["owners"] for one in share["entities"]} == reached
    assert owned["owners"][0]["contacts"]
    assert client.get(f"{path}?depth=1").json()["total"] == 8
    assert client.get(f"{path}?direction=out").json()["entities"]
    assert client.get(f"{path}?depth=0").status_code == 400
    assert client.get("/api/graph/resource/default/nope/impact").status_code == 404


def test_names_are_found_and_nonsense_is_explained(client: TestClient) -> None:
    assert "PostgreSQL, main cluster" in get(client, "/graph?root=PostGres-Main")
    assert "payment-api" in get(client, "/graph?root=paymnt-api", 404)
    for bad in ("depth=x", "depth=0", "direction=up", "by=colour", "fold=x", "relation=likes", "view=3d"):
        assert "Unknown" in (html := get(client, f"/graph?root=payment-api&{bad}", 400)) or "number of steps" in html
    assert client.get("/api/graph?root=payment-api&depth=x").status_code == 400
    assert client.get("/api/graph?root=nope-nope").status_code == 404


def test_half_a_name_leads_on_to_the_same_question_about_what_was_meant(client: TestClient) -> None:
    html = get(client, "/graph?root=payment-ledger&target=paymnt-api&by=system", 404)
    assert 'href="/graph?root=payment-ledger&amp;target=component:default/payment-api&amp;by=system"' in html


def test_what_is_opened_may_be_any_text(client: TestClient) -> None:
    for text in (
        "",
        "~",
        "kind:",
        "kind:x~9.3",
        "system:%",
        "in:",
        "in:nope",
        "all:~0.5~1.2",
        "team:",
        "a" * 2_000,
        "~1.0",
    ):
        get(client, "/graph?root=payment-api&depth=all&" + urlencode({"open": text}))


@pytest.mark.parametrize("state", [one for one in STATES if "nothing" not in one])
def test_exports_have_all_that_the_picture_has(client: TestClient, state: str) -> None:
    chart = client.get(f"/api/graph{state}").json()
    boxes, links = len(chart["boxes"]), len(chart["links"])
    svg = client.get(f"/graph.svg{state}")
    root = ElementTree.fromstring(svg.text)
    anchors = list(root.iter("{http://www.w3.org/2000/svg}a"))
    assert len(anchors) == boxes
    assert all((one.get("href") or "").startswith("http://127.0.0.1/") for one in anchors)
    assert "script-src" not in svg.headers["content-security-policy"]
    mermaid = client.get(f"/graph.mmd{state}").text.splitlines()
    assert len(mermaid) >= 1 + boxes + links
    dot = client.get(f"/graph.dot{state}").text
    assert dot.count(" -> ") >= links
    rows = list(csv.DictReader(io.StringIO(client.get(f"/graph.csv{state}").text)))
    assert sum(bool(row["relation"]) for row in rows) == chart["totals"]["relations"] + chart["totals"]["implied"]
    named = {row[end] for row in rows for end in ("source", "target")} - {""}
    assert len(named) == chart["totals"]["entities"]


def test_a_png_is_one_and_a_dot_file_is_read_by_graphviz(client: TestClient) -> None:
    import pygraphviz

    assert client.get("/graph.png?root=payment-api").content.startswith(b"\x89PNG\r\n")
    graph = pygraphviz.AGraph(client.get("/graph.dot?root=payment-api").text)
    assert len(graph.nodes()) == len(client.get("/api/graph?root=payment-api").json()["boxes"])


HOSTILE = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: evil
  title: '<script>alert(1)</script>"]]>\\N\\n{x}|'
spec: {type: '"><b>', lifecycle: x, owner: 'group:a"b', dependsOn: ['component:=cmd()+~x', 'component:evil', 'resource:<x>']}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: other, title: '<b>html</b>'}
spec: {type: service, lifecycle: x, owner: nobody, dependsOn: ['component:evil']}
"""


def test_hostile_names_stay_text_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "catalog-info.yaml").write_text(HOSTILE)
    catalog = Catalog.open("sqlite://", search=False)
    catalog.ingest(FolderSource(tmp_path))
    with TestClient(create_app(Crawler(catalog)), base_url="http://127.0.0.1") as client:
        for ending in ("", ".svg", ".mmd", ".dot", ".csv", ".png"):
            response = client.get(f"/graph{ending}?root=evil", headers={"accept": "text/html"})
            assert response.status_code == 200
            assert ending == ".dot" or b"<script>alert" not in response.content  # DOT has quotes for that
        assert "needs itself" in get(client, "/graph?root=other")
        ElementTree.fromstring(client.get("/graph.svg?root=evil").text)
        assert "'=" not in client.get("/graph.csv?root=evil").text
        html = get(client, "/graph?root=evil&view=impact")
        assert "<b>html" not in html
        assert "not in the catalog" in get(client, "/graph?root=evil")
    catalog.close()


def test_a_catalog_without_anything_has_a_page(catalog: Catalog) -> None:
    with TestClient(create_app(Crawler(catalog)), base_url="http://127.0.0.1") as client:
        assert "0 entities" in get(client, "/graph")
        for ending in ("svg", "mmd", "dot", "csv", "png"):
            assert client.get(f"/graph.{ending}").status_code == 200
