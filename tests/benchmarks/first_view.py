"""The first view of the catalog's table in Chromium: Callboard's page against the stock Backstage app on its own backend.

Same catalog, same browser, in turn, nothing kept from before; a visit ends when rows are drawn. Prints a Markdown table.
Needs a folder with a built stock app (`serve.mjs`), and one with a Backstage backend that is set up (`oracle.sh`).
"""

import argparse
import gzip
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client import Connection
from generate import generate
from latency import count_entities
from playwright.sync_api import Browser, sync_playwright
from run import running
from server import Server, choose_port

CHROMIUM = "/usr/bin/chromium"
ROWS = 10
# Asks before every frame whether the rows are there; the next frame is the one that shows them.
WATCH = """selector => { const look = () => {
  if (document.querySelectorAll(selector).length >= ROWS) requestAnimationFrame(time => { window.shown = time; });
  else requestAnimationFrame(look);
}; look(); }""".replace("ROWS", str(ROWS))
WAIT = """() => new Promise(resolve => {
  const look = () => window.shown || performance.now() > 60000 ? resolve(window.shown) : setTimeout(look, 20);
  look();
})"""
KEYS = ("milliseconds until rows are shown", "KiB on the wire", "KiB, all of it compressed", "KiB unpacked", "requests")


@dataclass(frozen=True)
class Side:
    """One of the two: where its table is, and what a row of it looks like."""

    name: str
    url: str
    row: str
    is_backstage: bool = False


def visit(browser: Browser, side: Side) -> tuple[float, ...]:
    """One first view: the figures in the order of KEYS."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    if side.is_backstage:  # somebody who signed in before: the app's own sign-in page is not counted against it
        context.add_init_script("localStorage.setItem('@backstage/core:SignInPage:provider', 'guest')")
    context.add_init_script(f"({WATCH})({side.row!r})")
    page = context.new_page()
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright wants a function
    page.goto(side.url, wait_until="commit")
    shown = page.evaluate(WAIT)
    if not shown:
        raise SystemExit(f"error: {side.name} at {side.url} shows no rows within a minute, or asks to sign in")
    page.wait_for_load_state("networkidle")
    wire = sum(one["responseBodySize"] + one["responseHeadersSize"] for one in (a.request.sizes() for a in answers))
    bodies = [answer.body() for answer in answers if answer.status == 200]
    packed = sum(len(gzip.compress(body, 6)) for body in bodies)
    context.close()
    return shown, wire / 1024, packed / 1024, sum(map(len, bodies)) / 1024, len(answers)


def compare(sides: list[Side], visits: int) -> list[list[tuple[float, ...]]]:
    """The figures of every visit, a list a side; turns alternate, and the first of each is not counted."""
    found: list[list[tuple[float, ...]]] = [[] for _ in sides]
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for turn in range(visits + 1):
            for number, side in enumerate(sides if turn % 2 else sides[::-1]):
                figures = visit(browser, side)
                if turn:
                    found[number if turn % 2 else len(sides) - 1 - number].append(figures)
        browser.close()
    return found


def print_table(found: list[list[tuple[float, ...]]]) -> None:
    """Medians and their ratio."""
    print("| first view of the catalog's table, median | Callboard | Backstage | ratio |\n|---|---:|---:|---:|")
    for column, key in enumerate(KEYS):
        ours, theirs = (statistics.median(figures[column] for figures in side) for side in found)
        print(f"| {key} | {ours:,.0f} | {theirs:,.0f} | {theirs / ours:.1f} |")


@contextmanager
def backstage(oracle: Path, catalog: Path, work: Path) -> Iterator[str]:
    """The address of a Backstage backend that has read the catalog."""
    port = str(choose_port())
    subprocess.run(
        [str(oracle / "oracle.sh"), str(catalog), port],
        env=os.environ | {"ORACLE_DETACH": "1", "ORACLE_SEARCH": "0"},
        stdout=sys.stderr,
        check=True,
        timeout=3_600,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([str(oracle / "oracle.sh"), "stop", port], stdout=sys.stderr, check=False)


@contextmanager
def stock_app(folder: Path, target: str, work: Path) -> Iterator[str]:
    """The address of the stock app in front of the backend."""
    app, port = work / "app", choose_port()
    shutil.copytree(folder, app)
    if not (app / "bundle").is_dir():
        with tarfile.open(app / "bundle.tar.gz") as archive:
            archive.extractall(app, filter="data")
    environment = {"TARGET": target, "PORT": str(port), "STUB": "auth,permission", "APP": "new"}
    command = ["env", *(f"{name}={value}" for name, value in environment.items()), "node", str(app / "serve.mjs")]
    with running(Server(command, port, work / "app.log")) as server:
        server.wait(lambda: server.connection.get("/").status == 200)
        yield server.base


def serve(catalog: Path, work: Path) -> Server:
    """A Callboard over the catalog."""
    port = choose_port()
    program = str(Path(sys.executable).with_name("callboard"))
    command = [program, "serve", str(catalog), "--port", str(port), "--database", f"sqlite:///{work / 'catalog.db'}"]
    return Server(command, port, work / "callboard.log")


def main() -> None:
    """Measure, then print."""
    options = read_options()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-first-")))
        catalog = work / "catalog"
        count = generate(options.entities, catalog, 500)["entities"]
        ours = stack.enter_context(running(serve(catalog, work)))
        ours.wait(lambda: count_entities(ours.connection) >= count)
        backend = stack.enter_context(backstage(options.oracle, catalog, work))
        app = stack.enter_context(stock_app(options.stock_app, backend, work))
        counts = [count_entities(Connection(base)) for base in (ours.base, backend)]
        print(f"{counts[0]} and {counts[1]} entities, {options.visits} visits each, in turn\n")
        sides = [
            Side("Callboard", f"{ours.base}/catalog?kind=component", "table tbody tr a"),
            Side("Backstage", app, "table tbody tr td a", is_backstage=True),
        ]
        print_table(compare(sides, options.visits))


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stock-app", type=Path, required=True, help="the folder with serve.mjs and its bundle")
    parser.add_argument("--oracle", type=Path, required=True, help="the folder with oracle.sh, set up")
    parser.add_argument("--entities", type=int, default=1_000, help="entities in the catalog (default 1000)")
    parser.add_argument("--visits", type=int, default=9, help="visits a side (default 9)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
