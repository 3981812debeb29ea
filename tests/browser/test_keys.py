"""The keyboard alone: it reaches everything, shows where it is, never gets stuck, and its shortcuts lead where they say."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.examples import ONE_EACH
from tests.browser.opening import Tab, expect, open_page, open_tab, stop_clock
from web.render import PLACES

# Notes each element that focus comes to, and whether it can be seen there: by an outline, or by what SVG has instead.
FOLLOW = """() => {
  window.reached = new Set(); window.unseen = [];
  addEventListener('focusin', event => {
    const one = event.target, style = getComputedStyle(one), box = one.getBoundingClientRect();
    window.reached.add(one);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    if (!outlined && !one.matches('.hidden-button')) window.unseen.push(one.outerHTML.slice(0, 120));
  });
}"""
TABBABLE = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
  .filter(one => one.checkVisibility() && !one.disabled && one.tabIndex >= 0)
  .filter(one => one.type !== 'radio' || one.checked)"""
MISSED = f"() => ({TABBABLE})().filter(one => !window.reached.has(one)).map(one => one.outerHTML.slice(0, 120))"


@pytest.fixture(scope="module")
def wide(browser: Any) -> Iterator[Tab]:
    with open_tab(browser, "wide") as tab:
        yield tab


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    page = open_page(browser, "wide")
    page.goto(f"{address}/catalog")
    yield page
    page.context.close()


@pytest.mark.parametrize(("name", "path"), ONE_EACH, ids=[name for name, _ in ONE_EACH])
def test_tab_alone_reaches_everything(wide: Tab, address: str, parts: dict[str, str], name: str, path: str) -> None:
    wide.open(address + path.format(**parts))
    wide.page.evaluate(FOLLOW)
    for _ in range(wide.page.evaluate(f"({TABBABLE})().length") + 5):
        wide.page.keyboard.press("Tab")
    assert wide.page.evaluate(MISSED) == []
    assert wide.page.evaluate("window.unseen") == []


def test_the_skip_link_comes_first_and_leads_past_the_navigation(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    page.keyboard.press("Tab")
    page.wait_for_function("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("place", PLACES, ids=[place.section for place in PLACES])
def test_g_and_a_letter_go_to_a_place(page: Any, address: str, place: Any) -> None:
    page.goto(f"{address}/docs")
    stop_clock(page)
    page.keyboard.press("g")
    with page.expect_navigation(url=address + place.href, wait_until="commit"):
        page.keyboard.press(place.key)


def test_the_keys_of_all_places_differ() -> None:
    keys = [place.key for place in PLACES]
    assert len({*keys, "h", "d", "g"}) == len(keys) + 3


def test_the_help_holds_the_focus_and_gives_it_back(page: Any) -> None:
    page.locator("main a").first.focus()
    before = page.evaluate("document.activeElement.outerHTML")
    page.keyboard.press("?")
    dialog = page.locator("dialog#keys")
    expect(dialog).to_be_visible()
    for place in PLACES:
        assert dialog.get_by_text(place.label.lower(), exact=True).or_(dialog.get_by_text(place.label)).count()
    page.keyboard.press("Tab")
    page.keyboard.press("j")
    assert not page.evaluate("document.activeElement.closest('main') !== null")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.wait_for_function("before => document.activeElement.outerHTML === before", arg=before)


def test_j_and_k_walk_a_list_and_brackets_turn_its_pages(page: Any) -> None:
    rows = page.locator("[data-list] tbody tr")
    for key, row in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(rows.nth(row).locator("a:focus")).to_have_count(1)
    first, names = page.url, page.locator("[data-list] tbody").inner_text()
    for key, is_first in (("]", False), ("[", True)):
        with page.expect_navigation():
            page.keyboard.press(key)
        assert (page.url == first or page.locator("[data-list] tbody").inner_text() == names) == is_first


def test_the_palette_offers_what_can_be_done_with_an_entity(page: Any, address: str) -> None:
    page.goto(f"{address}/catalog/default/component/payment-api")
    page.keyboard.press("Control+k")
    page.keyboard.type("of this")
    page.get_by_role("option", name="Impact of this").wait_for()
    page.get_by_label("Find or do").fill("on call for")
    page.get_by_role("option", name="On call for this").click()
    page.wait_for_url(f"{address}/oncall/default/component/payment-api")


def test_letters_typed_into_a_field_are_letters(page: Any, address: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type("g p?")
    assert page.locator("[data-search]").input_value() == "g p?"
    assert page.url == f"{address}/catalog"


def test_the_theme_is_kept_and_is_there_before_anything_is_drawn(page: Any, address: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("Theme").select_option("dark")
    dark = page.evaluate(ground)
    assert dark != light
    answer = page.goto(f"{address}/problems")
    assert answer.text().startswith('<!doctype html>\n<html lang="en" data-theme="dark">')
    assert page.evaluate(ground) == dark
    assert page.get_by_label("Theme").input_value() == "dark"
    page.get_by_label("Theme").select_option("")
    assert page.evaluate(ground) == light


def test_the_theme_cannot_be_chosen_where_the_choice_would_do_nothing(browser: Any, address: str) -> None:
    with open_tab(browser, "wide", java_script_enabled=False) as tab:
        tab.open(f"{address}/catalog")
        assert not tab.page.get_by_label("Theme").is_visible()


def test_who_wants_no_motion_gets_none(page: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    moving = (
        "[...document.querySelectorAll('*')].filter(one => getComputedStyle(one).transitionDuration !== '0s').length"
    )
    assert page.evaluate(moving) == 0


def test_what_is_printed_is_the_page_without_its_frame(page: Any) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    for selector in (".places", "footer", "form.search", "form.filters", ".pager"):
        assert not page.locator(selector).first.is_visible(), selector
    assert page.locator("main table").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_half_a_name_in_the_graphs_box_offers_what_it_may_be(page: Any, address: str) -> None:
    page.goto(f"{address}/graph?root=component:default/checkout-service")
    box = page.get_by_label("Shortest ways to")
    box.fill("paym")  # at once, so that no other offer comes in the place of what is pressed
    page.get_by_role("option", name="payments-db Resource").click()
    page.wait_for_url("**target=resource%3Adefault%2Fpayments-db**")
    assert "checkout-service → payments-db" in page.title()
