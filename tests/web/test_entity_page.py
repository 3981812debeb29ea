"""The page of an entity: its sections, its layers, where it comes from, and what hostile values do to it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from web.app import create_app
from web.entity.near import find_meant
from web.names import describe

SAMPLE = Path(__file__).parents[2] / "sample-catalog"
KEY = "0123456789abcdef0123456789abcdef"
SECTIONS = ("about", "owner", "links", "tools", "dependencies", "apis", "relations", "source", "raw")
EVIL = "<img src=x onerror=alert(1)>{{7*7}}"
FILE = f"""\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: layered
  title: "Layered {EVIL}"
  labels: {{acme.example.com/tier: "1"}}
  annotations:
    pagerduty.com/integration-key: {KEY}
    pagerduty.com/service-id: PABC123
    github.com/project-slug: acme/layered
    prometheus.io/alert: HighLatency, QueueFull
    acme.example.com/note: "{EVIL}"
    acme.example.com/page: "javascript:alert(1)"
    grafana/overview-dashboard: "javascript:alert(1)"
    backstage.io/techdocs-ref: dir:docs
    backstage.io/source-location: url:https://github.com/acme/layered/tree/main/
    backstage.io/view-url: https://github.com/acme/layered/blob/main/catalog-info.yaml
    backstage.io/edit-url: https://github.com/acme/layered/edit/main/catalog-info.yaml
spec:
  type: "{EVIL}"
  lifecycle: production
  owner: team-small
  dependsOn: [component:chekcout-service, component:checkout-service]
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: team-small}}
spec: {{type: team, parent: team-large, children: [], profile: {{email: small@acme.example.com}}}}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: team-large}}
spec: {{type: department, children: [], profile: {{email: large@acme.example.com}}}}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {{name: "evil-api"}}
spec:
  type: openapi
  lifecycle: production
  owner: group:default/nobody-here
  definition: |
    openapi: 3.1.0
    info: {{title: "{EVIL}", version: "</pre><script>alert(1)</script>"}}
    paths:
      "/a{EVIL}":
        get:
          summary: "{EVIL}"
          description: "[x](javascript:alert(1)) {EVIL}"
          parameters: [{{name: "{EVIL}", in: query, description: "{EVIL}"}}]
"""
HUB = """\
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: hub}
spec: {type: database, owner: team-small}
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    folder = tmp_path_factory.mktemp("entities")
    (folder / "catalog-info.yaml").write_text(FILE)
    needs = "---\n".join(
        f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: user-{n:04}}}\n"
        f"spec: {{type: service, lifecycle: production, owner: team-small, dependsOn: [resource:hub]}}\n"
        for n in range(2_000)
    )
    (folder / "hub").mkdir()
    (folder / "hub" / "catalog-info.yaml").write_text(f"{HUB}---\n{needs}")
    catalog = Catalog.open("sqlite://", search=False)
    catalog.ingest(FolderSource(SAMPLE))
    catalog.ingest(FolderSource(folder))
    yield catalog
    catalog.close()


@pytest.fixture(scope="module")
def client(catalog: Catalog) -> TestClient:
    return TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})


def get(client: TestClient, path: str) -> str:
    response = client.get(f"/catalog/default/{path}")
    assert response.status_code == 200
    return response.text


def test_the_sections_come_in_the_same_order_and_the_contents_lead_to_them(client):
    html = get(client, "component/payment-api")
    at = [html.index(f'id="{name}"') for name in SECTIONS]
    assert at == sorted(at)
    contents = html[html.index('class="contents"') : html.index("</nav>", html.index('class="contents"'))]
    for name in re.findall(r'href="#([^"]+)"', contents):
        assert html.count(f'id="{name}"') == 1, name


def test_annotations_become_cards_by_layer_with_links(client):
    html = get(client, "component/layered")
    for heading in ("On call and incidents", "Monitoring", "Source code"):
        assert f"<h3>{heading}</h3>" in html
    assert 'href="https://app.pagerduty.com/service-directory/PABC123"' in html
    assert 'href="https://github.com/acme/layered/pulls"' in html
    assert "HighLatency" in html
    assert "acme.example.com/note" in html


def test_a_secret_stands_nowhere_on_the_page(client):
    html = get(client, "component/layered")
    assert KEY not in html
    assert "0123…" in html


def test_the_owner_is_shown_with_the_team_above_it(client):
    html = get(client, "component/layered")
    assert html.index("small@acme.example.com") < html.index("If nobody answers") < html.index("large@acme.example.com")
    assert 'href="/teams/team-small"' in html


def test_the_page_says_where_it_was_read_from_and_where_it_is_edited(client):
    html = get(client, "component/layered")
    assert 'href="https://github.com/acme/layered/blob/main/catalog-info.yaml"' in html
    assert 'href="https://github.com/acme/layered/edit/main/catalog-info.yaml"' in html
    assert 'href="https://github.com/acme/layered/tree/main/docs"' in html
    assert "Last changed" in html
    assert '<span class="badge tier">tier 1</span>' in html


def test_a_reference_that_leads_nowhere_says_what_may_be_meant(client):
    html = get(client, "component/layered")
    relation = html[html.index("<h3>Depends on") :]
    assert relation.index("chekcout-service") < relation.index("Did you mean") < relation.index("checkout-service")


def test_a_location_shows_its_targets_and_nothing_that_it_cannot_have(client):
    html = get(client, "location/acme-org")
    assert '<h2 id="targets">Targets</h2>' in html
    assert "No owner" not in html
    assert 'id="dependencies"' not in html


def test_for_an_owner_that_is_gone_only_teams_and_people_may_be_meant(catalog):
    gone = describe(catalog.view, "group:default/payment")
    assert {one.kind for one in find_meant(catalog.view, gone)} <= {"Group", "User"}
    assert "component:default/payment-api" in {
        one.ref for one in find_meant(catalog.view, describe(catalog.view, "component:default/payment-ap"))
    }


def test_a_slip_inside_a_name_is_forgiven_and_what_is_missing_can_be_searched_for(client):
    response = client.get("/catalog/default/component/paymnet-ledgre")
    assert response.status_code == 404
    assert 'href="/catalog/default/component/payment-ledger"' in response.text
    assert 'href="/search?q=paymnet-ledgre"' in response.text
    meant = client.get("/catalog/default/component/paymnt-api").text.partition("Did you mean")[2]
    assert meant.index("/component/payment-api") < meant.index("/api/payment-api"), "of its own kind first"
    assert 'href="/catalog/default/component/settlement-job"' in client.get("/catalog/default/component/setlement").text


class Markup(HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, its attributes, and the scheme of its addresses."""
        self.seen |= {tag, *(name for name, _ in attrs)}
        self.seen |= {(text or "").partition(":")[0] for name, text in attrs if name in ("href", "src", "action")}
        if tag == "script" and not any(name == "src" for name, _ in attrs):
            self.seen.add("inline script")


@pytest.mark.parametrize("path", ["component/layered", "api/evil-api"])
def test_hostile_values_stay_text(client, path):
    html = get(client, path)
    seen = Markup(html).seen
    assert "img" not in seen
    assert "javascript" not in seen
    assert "inline script" not in seen
    assert not {name for name in seen if name.startswith("on") or name == "style"}
    assert "{{7*7}}" in html


def test_a_hub_shows_the_first_folds_more_and_leads_to_all(client):
    html = get(client, "resource/hub")
    assert "Needed by" in html
    assert 'href="/catalog?q=depends-on:resource:default/hub">All 2\u202f000</a>' in html
    assert len(html) < 100_000
    rows = client.get("/api/browse?q=depends-on:resource:default/hub").json()
    assert rows["totalItems"] == 2_000


def test_changes_are_listed_newest_first(tmp_path):
    file = tmp_path / "catalog-info.yaml"
    catalog = Catalog.open("sqlite://", search=False)
    for number in range(3):
        file.write_text(HUB.replace("hub}", f"hub, description: v{number}}}"))
        catalog.ingest(FolderSource(tmp_path))
    file.write_text(HUB.replace("name: hub", "name: other"))
    catalog.ingest(FolderSource(tmp_path), confirmed=True)
    assert [one.how for one in catalog.changes_of("resource:default/hub")] == ["removed", "changed", "changed", "added"]
    html = get(TestClient(create_app(Crawler(catalog))), "resource/other")
    assert "Last changed" in html
    catalog.close()


def test_the_definition_is_served_as_text_with_a_file_name(client):
    answer = client.get("/api/definitions/api/default/evil-api")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert 'filename="evil-api.yaml"' in answer.headers["content-disposition"]
    assert answer.text.startswith("openapi: 3.1.0")


@pytest.mark.parametrize("path", ["api/default/none", "component/default/layered"])
def test_what_has_no_definition_has_no_text(client, path):
    assert client.get(f"/api/definitions/{path}", headers={"accept": "application/json"}).status_code == 404
