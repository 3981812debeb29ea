"""The start page: what is yours, what changed lately and which entities that were."""

import re
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from tests.conftest import component
from web.app import create_app

Write = Callable[[str, str], Path]


def open_home(catalog: Catalog) -> str:
    answer = TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"}).get("/")
    assert answer.status_code == 200
    return answer.text


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
