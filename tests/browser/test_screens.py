"""The pages in a real browser: they fit, say nothing on the console, and answer to the keyboard."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from catalog.catalog import Catalog
from ingestors.folder import FolderSource
from web.app import create_app

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path("/usr/bin/chromium")
SAMPLE = Path(__file__).parents[2] / "sample-catalog"
ENTITY = "/catalog/default/component/payment-api"
PAGES = ("/", "/catalog", ENTITY, "/problems", "/search?q=payment")
BROKEN = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: " + "long-" * 14 + "name\nspec: {}\n"
WIDTHS = {"wide": 1280, "phone": 390}
SMALL_TARGETS = """() => [...document.querySelectorAll('nav a, button, select, input:not([type=hidden]), .items a')]
  .filter(one => one.checkVisibility() && !one.closest('dialog') && one.getBoundingClientRect().width > 1)
  .filter(one => one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML.slice(0, 120))"""

# In CI a missing browser is a failure: the tests run, and cannot start it.
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists() and "CI" not in os.environ, reason="needs Chromium at /usr/bin/chromium"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "catalog-info.yaml").write_text(BROKEN)
    catalog = Catalog.open("sqlite://")
    catalog.ingest(FolderSource(SAMPLE))
    catalog.ingest(FolderSource(folder))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(catalog, sources=[]), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
    catalog.close()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


def open_page(browser, size: str, scheme: str = "light", **options):
    is_phone = size == "phone"
    viewport = {"width": WIDTHS[size], "height": 844}
    context = browser.new_context(
        viewport=viewport, color_scheme=scheme, is_mobile=is_phone, has_touch=is_phone, **options
    )
    context.set_default_timeout(15_000)
    return context.new_page()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", WIDTHS)
def test_pages_fit_the_screen_and_say_nothing_on_the_console(browser, address, size, scheme):
    page = open_page(browser, size, scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (scheme == "dark")
    page.context.close()
    assert said == []


@pytest.mark.parametrize("path", PAGES)
def test_what_is_touched_on_a_phone_is_44_pixels_high(browser, address, path):
    page = open_page(browser, "phone")
    page.goto(address + path)
    small = page.evaluate(SMALL_TARGETS)
    page.context.close()
    assert small == []


def test_keys_search_go_and_help(browser, address):
    page = open_page(browser, "wide")
    page.goto(address + "/catalog")
    page.keyboard.press("/")
    page.keyboard.type("payment-api")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=payment-api")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/problems")
    page.keyboard.press("?")
    assert page.locator("dialog#keys").is_visible()
    page.context.close()


def test_a_filter_applies_when_chosen_and_leaves_a_short_address(browser, address):
    page = open_page(browser, "wide")
    page.goto(address + "/catalog")
    page.get_by_label("Kind").select_option("system")
    page.wait_for_url(address + "/catalog?kind=system")
    page.context.close()


def test_pages_work_without_script(browser, address):
    page = open_page(browser, "wide", java_script_enabled=False)
    page.goto(address + "/catalog")
    page.get_by_label("Kind").select_option("api")
    page.get_by_role("button", name="Filter").click()
    assert page.locator("tbody tr").count() >= 5
    page.goto(address + ENTITY)
    page.locator("svg.graph a", has_text="payments-db").click()
    assert page.url == address + "/catalog/default/resource/payments-db"
    page.context.close()
