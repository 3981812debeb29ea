"""The start page: what is yours, what changed lately and which entities that were."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app

Write = Callable[[str, str], Path]
ORG = """apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-a}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: apart}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ann}
spec: {memberOf: [team-a]}
"""


def open_page(catalog: Catalog, path: str, viewer: str = "") -> str:
    """A page as whoever said that they are `viewer` sees it."""
    cookies = {"me": quote(viewer, safe="")} if viewer else {}
    answer = TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"}, cookies=cookies).get(path)
    assert answer.status_code == 200
    return answer.text


def open_home(catalog: Catalog, viewer: str = "") -> str:
    return open_page(catalog, "/", viewer)


def section(html: str, name: str) -> str:
    """The words of a section, by the id of its heading."""
    block = html[html.index(f'id="{name}"') :].partition("</section>")[0].partition(">")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", block).split())


def lately(html: str) -> list[str]:
    """The changes, one text a revision."""
    block = html[html.index('id="lately"') :].partition("</section>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in block.split("<li><p")[1:]]


def test_what_changed_lately_is_named(catalog: Catalog, write: Write, folder: FolderSource) -> None:
    for name in ("alpha", "beta"):
        write(f"{name}/catalog-info.yaml", component(name))
    catalog.ingest(folder)
    write("alpha/catalog-info.yaml", component("alpha", "Another description"))
    write("gamma/catalog-info.yaml", component("gamma"))
    catalog.ingest(folder)
    write("gamma/catalog-info.yaml", "")
    catalog.ingest(folder, confirmed=True)
    newest, middle, first = lately(open_home(catalog))
    assert "1 removed removed gamma Component" in newest
    assert "1 added 1 changed" in middle
    assert "changed alpha Component" in middle
    assert "added gamma Component" in middle
    assert "2 added added alpha Component added beta Component" in first


def test_of_a_large_change_only_the_counts_are_given(catalog: Catalog, write: Write, folder: FolderSource) -> None:
    write("catalog-info.yaml", "---\n".join(component(f"service-{number:02}") for number in range(60)))
    catalog.ingest(folder)
    [only] = lately(open_home(catalog))
    assert "60 added" in only
    assert "service-00" not in only


def test_a_change_names_at_most_five(catalog: Catalog, write: Write, folder: FolderSource) -> None:
    write("catalog-info.yaml", "---\n".join(component(f"service-{number:02}") for number in range(9)))
    catalog.ingest(folder)
    [only] = lately(open_home(catalog))
    assert "service-04" in only
    assert "and 4 more" in only


def test_mine_and_starred_wait_for_the_browser(catalog: Catalog, write: Write, folder: FolderSource) -> None:
    write("catalog-info.yaml", component("alpha"))
    catalog.ingest(folder)
    html = open_home(catalog)
    assert 'href="/catalog?kind=group&amp;kind=user&amp;pick=1"' in html
    assert "/static/stars+frame.js?v=" in html


def test_whoever_says_who_they_are_sees_what_they_own_what_is_wrong_with_it_and_what_changed(
    catalog: Catalog, write: Write, folder: FolderSource
) -> None:
    write("org/catalog-info.yaml", ORG)
    write("alpha/catalog-info.yaml", component("alpha"))
    catalog.ingest(folder)
    write("alpha/catalog-info.yaml", f"{component('alpha', 'Another description')}---\n{component('no name')}")
    catalog.ingest(folder)
    words = section(open_home(catalog, "group:default/team-a"), "yours")
    assert words.startswith("Yours: team-a not you? 1 Component 1 problem to mend 5 gaps in quality")
    assert "Changed in the last week 1 changed alpha Component" in words
    assert "1 Component" in section(open_home(catalog, "user:default/ann"), "yours"), "a person has what their team has"
    assert "Nothing names apart as its owner." in section(open_home(catalog, "group:default/apart"), "yours")
    gone = section(open_home(catalog, "group:default/gone"), "yours")
    assert "Say which team or person you are" in gone


def test_whoever_has_not_said_who_they_are_is_told_what_can_be_asked(
    catalog: Catalog, write: Write, folder: FolderSource
) -> None:
    write(
        "catalog-info.yaml", "---\n".join([ORG, component("alpha"), component("beta", dependsOn="[component:alpha]")])
    )
    catalog.ingest(folder)
    html = open_home(catalog)
    assert "What breaks if alpha fails" in section(html, "start")
    assert 'href="/graph?root=component:default/alpha&amp;view=impact"' in html
    assert 'id="start"' not in open_home(catalog, "group:default/team-a")


def test_mine_leads_to_what_the_viewer_owns_and_who_they_are_can_be_chosen(
    catalog: Catalog, write: Write, folder: FolderSource
) -> None:
    write("catalog-info.yaml", ORG)
    catalog.ingest(folder)
    pick = "/catalog?kind=group&kind=user&pick=1"
    assert f'href="{pick.replace("&", "&amp;")}" data-mine' in open_page(catalog, pick)
    html = open_page(catalog, pick, "user:default/ann")
    assert 'href="/catalog?owner=user:default/ann" data-mine title="What ann owns"' in html
    assert re.findall(r'data-me="([^"]+)" disabled', html) == ["user:default/ann"]
    assert html.count(">This is me</button>") == 3


def test_many_problems_are_counted_by_rule_and_few_are_shown(
    catalog: Catalog, write: Write, folder: FolderSource
) -> None:
    write("alpha/catalog-info.yaml", "kind: [")
    catalog.ingest(folder)
    assert '<ol class="problems">' in open_home(catalog)
    for number in range(4):
        write(f"beta-{number}/catalog-info.yaml", "kind: Component\nmetadata: {name: 'no name'}\n")
    catalog.ingest(folder, confirmed=True)
    html = open_home(catalog)
    assert '<ol class="problems">' not in html
    assert re.search(
        r'<td class="number">\d+</td><th scope="row"><a href="/problems\?rule=yaml-syntax&amp;severity=error"', html
    )
