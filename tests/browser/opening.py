"""Opens pages in Chromium at the two sizes, in the two schemes, with script and without, and notes what goes wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.programs import PATIENCE

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
expect.set_options(timeout=1_000 * PATIENCE)
CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = {"wide": 1280, "phone": 390}
HEIGHTS = {"wide": 900, "phone": 844}
# Every shift of the layout that nobody asked for, and everything that the Content-Security-Policy stopped.
WATCH = """
window.shifts = 0; window.stopped = [];
new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts += one.value; })
  .observe({type: 'layout-shift', buffered: true});
addEventListener('securitypolicyviolation', event => window.stopped.push(event.violatedDirective + ' ' + event.blockedURI));
"""


@contextmanager
def launch() -> Iterator[Any]:
    """A Chromium of our own."""
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox"], timeout=3_000 * PATIENCE
        )
        yield chromium
        chromium.close()


def open_page(browser: Any, size: str, scheme: str = "light", **options: Any) -> Any:
    """An empty page with nothing kept from before; close its context when done."""
    is_phone = size == "phone"
    viewport = {"width": WIDTHS[size], "height": HEIGHTS[size]}
    context = browser.new_context(
        viewport=viewport, color_scheme=scheme, is_mobile=is_phone, has_touch=is_phone, **options
    )
    context.set_default_timeout(1_000 * PATIENCE)
    context.add_init_script(WATCH)
    return context.new_page()


def stop_clock(page: Any) -> None:
    """What the open page does after a while, it does no more: what follows may come as late as a busy machine lets it."""
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))


class Tab:
    """A page that is used for one address after the other, and what it said and took for the last one."""

    def __init__(self, page: Any, size: str, scripted: bool) -> None:
        self.page, self.size, self.scripted = page, size, scripted
        self.said: list[str] = []
        self.requests: list[Any] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("requestfinished", self._count)

    def _count(self, request: Any) -> None:
        self.requests.append(request)

    def open(self, url: str) -> list[str]:
        """Go there. What it said on the console, and what the Content-Security-Policy stopped: both should be nothing."""
        self.said.clear()
        self.requests.clear()
        answer = self.page.goto(url)
        broken = [f"status {answer.status}"] if answer.status >= 500 else []
        stopped = self.page.evaluate("window.stopped") if self.scripted else []
        # What Chromium itself says of an answer that is an error is no fault of the page.
        return (
            [one for one in self.said if "Failed to load resource: the server responded" not in one] + stopped + broken
        )


@contextmanager
def open_tab(browser: Any, size: str, **options: Any) -> Iterator[Tab]:
    """A tab of its own, with nothing kept from before."""
    page = open_page(browser, size, **options)
    yield Tab(page, size, options.get("java_script_enabled", True))
    page.context.close()
