"""What people do on the pages, in a real browser: by keys, by forms, with script and without."""

import pytest

from tests.browser.opening import WIDTHS, expect, open_page, stop_clock
from tests.browser.serving import BROKEN, LONG, SLOW

ENTITY = "/catalog/default/component/payment-api"


def test_keys_search_go_and_help(browser, address):
    page = open_page(browser, "wide")
    page.goto(address + "/catalog")
    page.keyboard.press("/")
    page.keyboard.type("payment-api")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=payment-api")
    stop_clock(page)
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/problems")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.context.close()


def test_a_filter_applies_when_chosen_and_leaves_a_short_address(browser, address):
    page = open_page(browser, "wide")
    page.goto(address + "/catalog")
    page.get_by_label("deprecated").click()
    page.wait_for_url(address + "/catalog?lifecycle=deprecated")
    page.context.close()


def test_going_back_shows_the_filters_that_the_address_names(browser, address):
    page = open_page(browser, "wide")
    page.goto(address + "/catalog")
    page.get_by_label("deprecated").check()
    page.wait_for_url(address + "/catalog?lifecycle=deprecated")
    assert page.get_by_label("deprecated").is_checked()
    page.go_back(wait_until="load")
    assert page.url == address + "/catalog"
    assert not page.get_by_label("deprecated").is_checked()
    page.context.close()


def test_who_says_who_they_are_finds_what_is_theirs_on_the_overview(browser, address):
    page = open_page(browser, "wide")
    page.goto(address)
    page.get_by_role("link", name="Say which team or person you are").click()
    page.locator("tr", has_text="team-payments").get_by_role("button", name="This is me").click()
    page.wait_for_url(address + "/catalog?owner=group:default/team-payments")
    assert page.get_by_role("link", name="Mine", exact=True).get_attribute("aria-current") == "true"
    page.get_by_role("button", name="Star legacy-billing").click()
    page.goto(address)
    yours = page.get_by_role("region", name="Yours")
    assert yours.get_by_role("link", name="5 Components").is_visible()
    assert yours.get_by_role("link", name="legacy-billing").is_visible()
    page.context.close()


def test_pages_work_without_script(browser, address):
    page = open_page(browser, "wide", java_script_enabled=False)
    page.goto(address + "/catalog")
    page.get_by_label("deprecated").check()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**lifecycle=deprecated**")
    assert page.locator("tbody tr").count() >= 1
    page.goto(address + ENTITY)
    page.locator("svg.graph a", has_text="payments-db").click()
    page.wait_for_url(address + "/catalog/default/resource/payments-db")
    page.context.close()


def test_a_source_is_run_and_watched_without_script(browser, address, gate):
    page = open_page(browser, "phone", java_script_enabled=False)
    page.goto(f"{address}/sources/{SLOW}")
    gate.clear()
    try:
        page.get_by_role("button", name="Run now").click()
        page.get_by_text("reading now").wait_for()
    finally:
        gate.set()
    page.get_by_role("button", name="Run now").wait_for()  # the page loads itself anew until it is done
    page.context.close()


def test_a_broken_file_is_reached_from_its_problem_and_checked_again_without_script(browser, address):
    page = open_page(browser, "wide", java_script_enabled=False)
    page.goto(address + "/problems")
    page.get_by_role("link", name="catalog-info.yaml").first.click()
    page.locator("tr.wrong").first.wait_for()
    with page.expect_navigation(url="**/problems/file?path=**"):
        page.get_by_role("button", name="Check again").click()
    assert page.locator("tr.wrong").count() >= 1
    page.context.close()


@pytest.mark.parametrize("size", WIDTHS)
def test_a_pasted_file_is_judged_without_script_and_fits_the_screen(browser, address, size):
    page = open_page(browser, size, java_script_enabled=False)
    page.goto(address + "/check")
    page.get_by_label("Paste a catalog file").fill(BROKEN + "---\n" + BROKEN)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("2 documents").wait_for()
    page.wait_for_load_state()
    assert page.locator(".verdict .problem").count() >= 4
    assert page.locator("main").bounding_box()["width"] <= WIDTHS[size]
    page.context.close()


@pytest.mark.parametrize("size", WIDTHS)
def test_a_long_line_scrolls_in_its_box_and_not_the_page(browser, address, size):
    page = open_page(browser, size)
    page.goto(address + "/problems")
    page.locator("a[href*='/problems/file']").first.click()
    page.wait_for_url("**/problems/file**")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[size]
    page.goto(address + "/check")
    page.locator("textarea").fill(LONG)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("refused").first.wait_for()
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[size]
    page.context.close()
