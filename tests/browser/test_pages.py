"""Every page in a real browser: whole, small, readable by everybody, the same without script, and steady."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.browser.axe import find_violations, read_axe
from tests.browser.examples import ALL, EXAMPLES, WITHOUT_TWIN, page_routes
from tests.browser.opening import HEIGHTS, WIDTHS, Tab, open_tab
from tests.programs import PATIENCE

DARK = "rgb(21, 24, 28)"
COLOURS = ("color-contrast", "link-in-text-block")  # all that may differ in the dark
MAX_BYTES, MAX_REQUESTS = 100_000, 15
MOST_SHIFTED = 0.05  # a busy machine paints before the whole page is there; Lighthouse on a quiet one holds 0.000
HEAD = """() => {
  const find = (selector, name) => document.querySelector(selector)?.[name] ?? '';
  return {
    title: document.title,
    headings: [...document.querySelectorAll('h1')].map(one => one.textContent.trim()),
    twin: find('link[rel=alternate][type="application/json"]', 'href'),
    summary: find('meta[name=description]', 'content'),
    preview: find('meta[property="og:title"]', 'content'),
  };
}"""
OVERFLOW = """() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll, pre, .places, .hidden'))
  .slice(0, 3).map(one => one.outerHTML.slice(0, 120))"""
CONTENT = """() => [...document.querySelectorAll('main :is(h1, h2, h3, th, a[href])')]
  .filter(one => !one.closest('.with-script')).map(one => one.textContent.trim() + (one.getAttribute('href') ?? ''))"""
SMALL_TARGETS = """() => [...document.querySelectorAll(
  'nav a, button, .button, select, textarea, input:not([type=hidden], [type=checkbox], [type=radio]), .items a')]
  .filter(one => one.checkVisibility() && !one.closest('dialog') && one.getBoundingClientRect().width > 1)
  .filter(one => one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def axe() -> str:
    return read_axe()


@pytest.fixture(scope="module")
def phone(browser: Any) -> Iterator[Tab]:
    with open_tab(browser, "phone") as tab:
        yield tab


@pytest.fixture(scope="module")
def scriptless(browser: Any) -> Iterator[Tab]:
    with open_tab(browser, "phone", java_script_enabled=False) as tab:
        yield tab


def test_every_page_has_an_example() -> None:
    assert set(page_routes()) <= set(EXAMPLES)


@pytest.mark.parametrize(("name", "path"), ALL, ids=[name for name, _ in ALL])
def test_a_page_is_right_in_all_its_forms(
    browser: Any, phone: Tab, scriptless: Tab, address: str, parts: dict[str, str], axe: str, name: str, path: str
) -> None:
    url = address + path.format(**parts)
    # A machine that has other work may paint half a page, or be late: what is wrong with a page is wrong each time.
    for _ in range(3):
        if not (faults := judge(browser, phone, scriptless, url, axe, name)):
            break
    assert faults == [], "\n".join(faults)


def judge(browser: Any, phone: Tab, scriptless: Tab, url: str, axe: str, name: str) -> list[str]:
    """All that is wrong with a page, in any of its forms."""
    with open_tab(browser, "wide") as wide:  # with nothing kept from before, so that all it takes is counted
        faults = wide.open(url) + judge_head(wide.page, name) + judge_traffic(wide) + judge_form(wide, axe)
        content = wide.page.evaluate(CONTENT)
    faults += phone.open(url) + judge_form(phone, axe) + [f"small: {one}" for one in phone.page.evaluate(SMALL_TARGETS)]
    return faults + scriptless.open(url) + judge_scriptless(scriptless, content)


def judge_head(page: Any, name: str) -> list[str]:
    """The head of the page says what it is; its twin answers as JSON."""
    head = page.evaluate(HEAD)
    faults = [f"no {part}" for part in ("summary", "preview") if not head[part]]
    if not head["title"].endswith(" · Callboard") or len(head["headings"]) != 1 or not head["headings"][0]:
        faults.append(f"title {head['title']!r}, headings {head['headings']}")
    if head["twin"]:
        answer = httpx.get(head["twin"], timeout=PATIENCE)
        is_json = answer.headers["content-type"].startswith("application/json")
        return faults if answer.status_code == 200 and is_json else [*faults, f"twin {head['twin']}"]
    return faults if name in WITHOUT_TWIN else [*faults, "no twin"]


def judge_traffic(tab: Tab) -> list[str]:
    """All that the page took, on the wire."""
    sizes = [request.sizes() for request in tab.requests]
    total = sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes)
    return [] if len(sizes) <= MAX_REQUESTS and total <= MAX_BYTES else [f"{len(sizes)} requests, {total} bytes"]


def judge_form(tab: Tab, axe: str) -> list[str]:
    """Fits its screen, does not move, shuts nobody out; in the light and in the dark."""
    faults = judge_width(tab) + find_violations(tab.page, axe)
    if (shifts := tab.page.evaluate("window.shifts")) >= MOST_SHIFTED:
        faults.append(f"layout shift {shifts}")
    tab.page.emulate_media(color_scheme="dark")
    ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    faults += [f"dark: {one}" for one in find_violations(tab.page, axe, *COLOURS)]
    tab.page.emulate_media(color_scheme="light")
    return faults if ground == DARK else [*faults, f"dark: the ground is {ground}"]


def judge_scriptless(tab: Tab, content: list[str]) -> list[str]:
    """Shows what it shows with script, and fits both screens."""
    found = tab.page.evaluate(CONTENT)
    faults = judge_width(tab)
    faults += [f"only with script: {one}" for one in content if one not in found]
    faults += [f"only without script: {one}" for one in found if one not in content]
    tab.page.set_viewport_size({"width": WIDTHS["wide"], "height": HEIGHTS["wide"]})
    faults += [f"wide: {one}" for one in judge_width(tab, "wide")]
    tab.page.set_viewport_size({"width": WIDTHS["phone"], "height": HEIGHTS["phone"]})
    return faults


def judge_width(tab: Tab, size: str = "") -> list[str]:
    """What is wider than the screen; a phone makes its page as wide as what overflows, and shows it smaller."""
    if tab.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[size or tab.size]:
        return []
    return [f"too wide: {one}" for one in tab.page.evaluate(OVERFLOW) or ["something"]]
