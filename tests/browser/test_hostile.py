"""A catalog that means harm: no page runs any of it, none breaks or swells, and what it says is shown as it was written."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.browser.examples import page_routes
from tests.browser.hostile import ALL, API_TYPES, ATTACKS, KINDS, LONG_NAME, LONG_WORD, write_hostile
from tests.browser.opening import HEIGHTS, WIDTHS, Tab, open_tab
from tests.browser.serving import serve
from tests.browser.test_pages import judge_width
from tests.programs import PATIENCE

MAX_PAGE = 1_000_000
NAMES = [
    *((kind.lower(), f"hostile-{kind.lower()}") for kind in KINDS),
    *(("api", f"large-{type}") for type in API_TYPES),
    ("component", "many"),
    *((kind, LONG_NAME) for kind in ("component", "system", "group", "user")),
]
TEXTS = [quote(one) for one in (*ATTACKS, LONG_WORD[:1_500])]
FORMS = TEXTS[:4] + TEXTS[-2:]
# By route, for those with a part that varies; all others are opened as they are and asked for each text.
ADDRESSES: dict[str, list[str]] = {
    "/catalog/{namespace}/{kind}/{name}": [f"/catalog/default/{kind}/{name}" for kind, name in NAMES]
    + [f"/catalog/default/{text}/{text}" for text in FORMS],
    "/oncall/{namespace}/{kind}/{name}": [f"/oncall/default/{kind}/{name}" for kind, name in NAMES],
    "/sources/{name:path}": [f"/sources/{text}" for text in FORMS],
    "/teams/{name}": [f"/teams/{one}" for one in ("hostile-group", *FORMS[:2])],
    "/people/{name}": [f"/people/{one}" for one in ("hostile-user", *FORMS[:2])],
    "/teams/{namespace}/{name}": [f"/teams/default/{one}" for one in ("hostile-group", LONG_NAME, *FORMS)],
    "/people/{namespace}/{name}": [f"/people/default/{one}" for one in ("hostile-user", LONG_NAME, *FORMS)],
}
ASKED = ("q", "kind", "owner", "root", "tag", "path", "rule", "team", "sort", "state", "from", "to")
# What an attack would leave behind even where the Content-Security-Policy kept it from running; and the page's size.
JUDGE = """() => ({
  escaped: [...document.querySelectorAll('*')].filter(one =>
      one.tagName === 'SCRIPT' && !(one.getAttribute('src') ?? '').startsWith('/static/')
      || [...one.attributes].some(({name, value}) => name.startsWith('on') || name === 'autofocus' && value !== ''
        || /^(href|src|action|formaction|xlink:href)$/.test(name) && /^\\W*(javascript|data|vbscript):/i.test(value)))
    .map(one => 'escaped ' + one.outerHTML.slice(0, 160)),
  calculated: document.body.innerText.includes('49 ${'),
  size: new Blob([document.documentElement.outerHTML]).size,
})"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve([write_hostile(tmp_path_factory.mktemp("hostile"))]) as base:
        yield base


@pytest.fixture(scope="module")
def ran() -> list[str]:
    return []


@pytest.fixture(scope="module")
def tab(browser: Any, ran: list[str]) -> Iterator[Tab]:
    with open_tab(browser, "phone") as tab:
        tab.page.expose_binding("ran", lambda _, what: ran.append(what))
        tab.page.on("dialog", lambda dialog: ran.append(dialog.message))
        yield tab


def addresses(base: str) -> list[str]:
    """Every page, plain and asked for harm."""
    found = []
    for path in page_routes():
        if "{" in path:
            found += ADDRESSES[path]
        else:
            texts = FORMS if path in ("/search", "/catalog", "/graph") else FORMS[:1]
            found += [path, *(f"{path}?" + "&".join(f"{name}={text}" for name in ASKED) for text in texts)]
    found += [f"/search?q={text}" for text in TEXTS] + [f"/{text}" for text in FORMS]
    files = {one["file"] for one in httpx.get(f"{base}/api/problems?limit=100", timeout=PATIENCE).json()["items"]}
    sources = [one["name"] for one in httpx.get(f"{base}/api/sources", timeout=PATIENCE).json()["items"]]
    found += [f"/problems/file?path={quote(file, safe='')}" for file in sorted(files)[:4]]
    return found + [f"/sources/{quote(name, safe='')}" for name in sources]


def test_every_page_with_a_part_that_varies_is_attacked_through_it() -> None:
    assert {path for path in page_routes() if "{" in path} <= set(ADDRESSES)


def test_the_catalog_took_all_that_it_may_hold(hostile: str) -> None:
    with httpx.Client(base_url=f"{hostile}/api/catalog/entities/by-name", timeout=PATIENCE) as client:
        for kind, name in NAMES:
            assert client.get(f"/{kind}/default/{name}").status_code == 200, name


def judge(tab: Tab, ran: list[str]) -> list[str]:
    """What the open page let happen, and where it does not fit."""
    seen = tab.page.evaluate(JUDGE)
    faults = [f"ran {one}" for one in ran] + seen["escaped"] + judge_width(tab)
    faults += ["calculated"] if seen["calculated"] else []
    faults += [f"{seen['size']} bytes"] if seen["size"] > MAX_PAGE else []
    tab.page.set_viewport_size({"width": WIDTHS["wide"], "height": HEIGHTS["wide"]})
    faults += [f"wide: {one}" for one in judge_width(tab, "wide")]
    tab.page.set_viewport_size({"width": WIDTHS["phone"], "height": HEIGHTS["phone"]})
    ran.clear()
    return faults


def test_nothing_runs_breaks_or_swells(hostile: str, tab: Tab, ran: list[str]) -> None:
    faults = []
    for path in addresses(hostile):
        found = tab.open(hostile + path)
        faults += [f"{path[:90]}: {one}" for one in found + judge(tab, ran)]
    assert faults == [], "\n".join(faults)


def test_a_pasted_file_that_means_harm_is_judged_and_no_more(hostile: str, tab: Tab, ran: list[str]) -> None:
    assert tab.open(f"{hostile}/check") == []
    tab.page.locator("textarea").fill(f"kind: {ALL}\n---\n{ALL}\n---\n{LONG_WORD}")
    tab.page.locator("main form").get_by_role("button", name="Check").click()
    tab.page.get_by_text("refused").first.wait_for()
    tab.page.wait_for_load_state()
    assert judge(tab, ran) == []
