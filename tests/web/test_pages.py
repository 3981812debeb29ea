"""The pages, asked over HTTP of the real application with the sample catalog and some broken files."""

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
from web.render import format_age, mark_hits, render_markdown
from web.urls import entity_path, safe_href
from web.yaml import format_yaml

SAMPLE = Path(__file__).parents[2] / "sample-catalog"
ENTITY = "/catalog/default/component/payment-api"
PAGES = ("/", "/catalog", ENTITY, "/problems", "/search?q=payment", "/catalog/default/group/team-payments")
BROKEN = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: "not a name <b>"
spec: {type: service, lifecycle: production, owner: team-a}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: dangling
  description: "Has **bold** and <script>alert(1)</script> and [bad](javascript:alert(1))"
  links:
    - {url: "javascript:alert(1)", title: Harmless}
    - {url: "https://x.example.com", title: Catalog of blogs}
    - {url: "https://logs.example.com", title: Logs}
    - {url: "https://grafana.example.com", title: Dashboard}
    - {url: "https://runbooks.example.com", title: What to do, type: runbook}
spec:
  type: service
  lifecycle: production
  owner: team-that-is-not
  dependsOn: [component:neither]
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "catalog-info.yaml").write_text(BROKEN)
    catalog = Catalog.open("sqlite://")
    catalog.ingest(FolderSource(SAMPLE))
    catalog.ingest(FolderSource(folder))
    yield TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})
    catalog.close()


@pytest.fixture
def empty() -> Iterator[TestClient]:
    catalog = Catalog.open("sqlite://", search=False)
    yield TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})
    catalog.close()


def get(client: TestClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_its_landmarks_a_title_and_a_skip_link(client, path):
    html = get(client, path)
    for part in (
        '<html lang="en">',
        '<a class="skip" href="#main">',
        "<main ",
        "<header ",
        "<footer>",
        'name="viewport"',
    ):
        assert part in html
    assert re.search(r"<title>\S.* · Callboard</title>", html)
    assert html.count("<h1") == 1


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_its_content_security_policy(client, path):
    response = client.get(path)
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert not re.search(r"\sstyle=|\son\w+=|<script(?! src=)|=.javascript:", response.text)


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(client, path):
    html = re.sub(r'<a class="missing"[^>]*>', "", get(client, path))
    for href in set(re.findall(r'(?:href|src)="(/[^"]*)"', html)):
        assert client.get(href.replace("&amp;", "&")).status_code == 200, href


@pytest.mark.parametrize("path", PAGES)
def test_every_page_with_its_files_is_below_100_kb(client, path):
    html = get(client, path)
    files = set(re.findall(r'(?:href|src)="(/static/[^"]*)"', html))
    assert len(html.encode()) + sum(len(client.get(file).content) for file in files) < 100_000


def test_static_files_are_kept_for_a_year_by_their_hash(client):
    address = re.findall(r'href="(/static/frame\+home.css\?v=[0-9a-f]+)"', get(client, "/"))[0]
    assert "immutable" in client.get(address).headers["cache-control"]
    assert client.get("/static/base.css").headers["cache-control"] == "no-cache"


def test_the_start_page_counts_kinds_and_says_what_is_broken(client):
    html = get(client, "/")
    assert re.search(r'<a href="/catalog\?kind=system"><b>\d+</b> Systems</a>', html)
    assert "What is broken" in html
    assert str(SAMPLE.name) in html


def test_an_empty_catalog_says_how_to_fill_it(empty):
    assert "callboard serve" in get(empty, "/")
    assert "callboard serve" in get(empty, "/catalog")
    assert "callboard check" in get(empty, "/problems")


def test_an_entity_shows_owner_with_contacts_links_and_relations(client):
    html = get(client, ENTITY)
    for part in (
        'href="mailto:team-payments@acme.example.com"',
        "https://runbooks.acme.example.com/payment-api",
        "Provides APIs",
        "Needed by",
        "pagerduty.com/service-id",
        "<svg class=",
        "sample-catalog/",
        'href="/api/catalog/entities/by-name/component/default/payment-api"',
    ):
        assert part in html


def test_an_entity_is_found_whatever_the_case_of_its_address(client):
    assert "payment-api" in get(client, "/catalog/Default/Component/Payment-API")


def test_links_come_by_urgency_and_harmful_ones_are_text(client):
    html = get(client, "/catalog/default/component/dangling")
    at = [
        html.index(text)
        for text in ("What to do</a>", "Dashboard</a>", ">Logs</a>", "Harmless</span>", "Catalog of blogs</a>")
    ]
    assert at == sorted(at)
    assert 'href="javascript' not in html


def test_a_target_that_nothing_defines_is_marked(client):
    html = get(client, "/catalog/default/component/dangling")
    assert html.count("not in the catalog") >= 3


def test_depth_and_direction_of_the_dependency_view_are_in_the_address(client):
    html = get(client, f"{ENTITY}?depth=1&direction=in")
    svg = html[html.index('<svg class="graph') : html.index("</figure>")]
    assert "checkout-service" in svg
    assert "payments-db" not in svg


def test_an_unknown_entity_is_a_404_with_near_names(client):
    html = get(client, "/catalog/default/component/paymnt-api", 404)
    assert f'href="{ENTITY}"' in html


def test_an_unknown_entity_that_others_name_says_who(client):
    assert "dangling" in get(client, "/catalog/default/component/neither", 404)


def test_an_unknown_address_is_a_page(client):
    assert "nothing at this address" in get(client, "/payment-api", 404)


def test_problems_say_where_what_and_what_to_do(client):
    html = get(client, "/problems")
    assert "line 4, column" in html
    assert "bad-format" in html
    assert "What to do" in html
    assert "not a name &lt;b&gt;" in html


def test_problems_are_filtered_by_rule(client):
    assert "broken-file" in get(client, "/problems?rule=bad-format")
    assert "No problem by the rule" in get(client, "/problems?rule=yaml-tab")


def test_search_marks_what_it_found(client):
    html = get(client, "/search?q=payment-api")
    assert "<mark>" in html
    assert f'href="{ENTITY}"' in html


def test_search_that_finds_nothing_offers_near_names(client):
    assert f'href="{ENTITY}"' in get(client, "/search?q=paymnt-apj")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("/docs", "/docs"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        (" javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("http://[", ""),
    ],
)
def test_only_harmless_addresses_become_links(address, expected):
    assert safe_href(address) == expected


def test_markdown_keeps_the_words_and_drops_what_could_do_harm():
    html = render_markdown("**b** <script>x</script> [l](javascript:x) ![i](https://x/y.png)\n\n# Big")
    assert "<strong>b</strong>" in html
    assert "<h3>Big</h3>" in html
    assert not re.search(r"<script|<img|<a[^>]*javascript", html)


def test_a_mark_that_was_cut_off_is_dropped():
    assert mark_hits("\ue000a\ue001 <b> \ue000c") == "<mark>a</mark> &lt;b&gt; c"


def test_names_with_odd_letters_are_escaped_in_addresses():
    assert entity_path("component:default/a b?") == "/catalog/default/component/a%20b%3F"


def test_a_source_that_was_never_read_says_so():
    assert format_age(None) == "never"


VALUES = (
    {"a": "yes", "b": "010", "c": None, "d": True, "e": 1.5, "f": [], "g": {}, "h": "x: y", "i": "#no", "j": "- k"},
    {"list": [{"a": 1, "b": [1, [2, 3]]}, "text", ["x"]], "text": "one\n  two\n\nthree\n", "keep": "a\nb", "odd": "a\n\n"},
    {"k: ": "v ", "": "", "é": "naïve café", "tab": "a\tb", "t": "2026-11-23", "n": "\n", "s": " a\nb", "u": "https://a.b/c?d=e#f"},
    {"big": "x" * 300, "quote": "it's \"so\"", "colon": "a:", "star": "*x", "at": "@x", "pct": "%x", "tilde": "~", "dot": "."},
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_yaml_that_is_shown_reads_back_as_it_was(value):
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(format_yaml(value)) == value


def test_another_file_that_claims_an_entity_does_not_stand_before_what_it_is(tmp_path: Path) -> None:
    catalog = Catalog.open("sqlite://", search=False)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog-info.yaml").write_text(component("twice", name))
    catalog.ingest(FolderSource(tmp_path))
    with TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"}) as opened:
        text = opened.get("/catalog/default/component/twice").text
    assert 'id="problems"' not in text
    assert "1 more file claims this name" in text
    catalog.close()


def test_a_static_file_is_packed_once_and_told_apart_by_its_content(client: TestClient) -> None:
    address = re.findall(r'src="(/static/stars\+frame.js\?v=[0-9a-f]+)"', get(client, "/"))[0]
    packed = client.get(address, headers={"accept-encoding": "gzip"})
    plain = client.get(address, headers={"accept-encoding": "identity"})
    assert (packed.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert packed.text == plain.text
    same = client.get(address, headers={"if-none-match": plain.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert (
        client.get("/static/keys+find.js").text
        == client.get("/static/keys.js").text + client.get("/static/find.js").text
    )
    for name in ("nope.js", "keys+nope.js", "keys+base.css", "+.js", "keys+" * 9 + "find.js"):
        assert client.get(f"/static/{name}").status_code == 404
    assert client.get("/static/..%2Frender.py").status_code == 404


def test_a_page_comes_in_the_theme_that_was_chosen_and_in_no_other(client: TestClient) -> None:
    for cookie, root in (("dark", '<html lang="en" data-theme="dark">'), ('"><script>', '<html lang="en">')):
        html = client.get("/", headers={"cookie": f"theme={cookie}"}).text
        assert root in html
        assert ("<option selected>dark" in html) == (cookie == "dark")
