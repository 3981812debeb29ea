"""Times every page's server at a large catalog and prints one Markdown table: p50 and p95 of whole answers, and their size.

It serves a generated catalog itself (`--entities`, or `--folder` with one that `generate.py` wrote), or asks a server that
runs (`--base`). Addresses are drawn from what the catalog holds, so that no answer is asked for twice in a row.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from client import Connection, Request
from generate import generate
from latency import Timing, count_entities, time_requests
from run import running
from server import Server, choose_port

KINDS = ("component", "api", "resource", "system", "domain", "group", "user")
P50, P95, GRAPH, LOOKUP = 50, 150, 200, 5
DRAWN = 400


class Names:
    """Refs of each kind and words to search for, drawn from a running server."""

    def __init__(self, connection: Connection, seed: int = 1) -> None:
        self.dice = random.Random(seed)
        self.refs = {kind: self.read(connection, kind) for kind in KINDS}

    def read(self, connection: Connection, kind: str) -> list[str]:
        """Names from all over the kind."""
        path = "/api/catalog/entities/by-query?fields=metadata.name&orderField=metadata.name,asc"
        total = connection.get(f"{path}&filter=kind={kind}&limit=0").json()["totalItems"]
        names = []
        for _ in range(4):
            offset = self.dice.randrange(max(1, total - DRAWN // 4 + 1))
            answer = connection.get(f"{path}&filter=kind={kind}&limit={DRAWN // 4}&offset={offset}")
            names += [item["metadata"]["name"] for item in answer.json()["items"]]
        return names

    def name(self, kind: str) -> str:
        """Some entity's name."""
        return self.dice.choice(self.refs[kind])

    def failing(self, number: int) -> str:
        """Refs of some components, with commas between."""
        return ",".join(f"component:default/{self.name('component')}" for _ in range(number))

    def labels(self) -> str:
        """The labels that an alert about some component's pods has."""
        name = self.name("component")
        return (
            f'{{alertname="Slow", namespace="shop", pod="{name}-7d9f8c6b5d-x2k4p", service="{name}", severity="page"}}'
        )

    def word(self) -> str:
        """Part of some component's name."""
        return max(self.name("component").split("-"), key=len)


Draw = Callable[[Names], str]


def entity(kind: str) -> Draw:
    """The page of some entity of the kind."""
    return lambda names: f"/catalog/default/{kind}/{names.name(kind)}"


def fresh(path: str) -> Draw:
    """A page of which there is one, at an address that was not asked for before."""
    return lambda names: f"{path}?n={names.dice.random()}"


# What is asked, by the page it asks for. A page that the server lacks is left out.
ROWS: dict[str, Draw] = {
    "/": fresh("/"),
    "/catalog": lambda names: f"/catalog?limit={names.dice.choice((25, 50, 100))}",
    "/catalog, one kind": lambda names: f"/catalog?kind={names.dice.choice(KINDS)}",
    "/catalog, three filters": lambda names: (
        f"/catalog?kind=component&type=service&lifecycle=production&owner={quote('group:default/' + names.name('group'))}"
    ),
    "/catalog, sorted by owner": lambda names: f"/catalog?kind={names.dice.choice(KINDS[:4])}&sort=owner",
    "/catalog, text": lambda names: f"/catalog?q={names.word()}",
    "/search, a word": lambda names: f"/search?q={names.word()}",
    "/search, a name": lambda names: f"/search?q={names.name('component')}",
    "/search, a question": lambda names: f"/search?q=kind:component owner:{names.name('group')}".replace(" ", "+"),
    **{f"/catalog/.../{kind}": entity(kind) for kind in KINDS},
    "/graph": lambda names: f"/graph?root=component:default/{names.name('component')}",
    "/graph, three steps": lambda names: f"/graph?root=component:default/{names.name('component')}&depth=3",
    "/graph, a system": lambda names: f"/graph?root=system:default/{names.name('system')}&depth=3",
    "/teams": fresh("/teams"),
    "/teams/{name}": lambda names: f"/teams/{names.name('group')}",
    "/people/{name}": lambda names: f"/people/{names.name('user')}",
    "/apis": fresh("/apis"),
    "/quality": fresh("/quality"),
    "/quality, a team": lambda names: f"/quality?team=group:default/{names.name('group')}",
    "/oncall": fresh("/oncall"),
    "/oncall, several": lambda names: f"/oncall?q={names.word()}&all=1",
    "/oncall/.../component": lambda names: f"/oncall/default/component/{names.name('component')}",
    "/oncall/.../resource": lambda names: f"/oncall/default/resource/{names.name('resource')}",
    "/oncall/incident": lambda names: f"/oncall/incident?refs={names.failing(4)}",
    "/oncall/readiness": fresh("/oncall/readiness"),
    "/api/lookup, a name": lambda names: f"/api/lookup?q={names.name('component')}",
    "/api/lookup, a repository": lambda names: f"/api/lookup?q=git@github.com:acme/{names.name('component')}.git",
    "/api/lookup, a link": lambda names: (
        f"/api/lookup?q=https://runbooks.acme.example/{names.name('component')}/step/2"
    ),
    "/api/lookup, labels": lambda names: f"/api/lookup?q={quote(names.labels())}",
    "/api/lookup, nothing": lambda names: f"/api/lookup?q=P{names.dice.getrandbits(40):010X}",
    "/problems": fresh("/problems"),
    "/sources": fresh("/sources"),
    "/check": fresh("/check"),
    "/docs": fresh("/docs"),
    "a missing page": lambda names: f"/{names.word()}-{names.dice.randrange(100)}",
}


def format_row(name: str, timing: Timing) -> str:
    """The row's line of the table; marked where it is over its bound."""
    p50, p95 = timing.milliseconds(0.5), timing.milliseconds(0.95)
    is_over = max(p50, p95) > GRAPH if name.startswith(("/graph", "/oncall/incident")) else p50 > P50 or p95 > P95
    is_over = is_over or (name.startswith("/api/lookup") and p50 > LOOKUP)
    notes = [f"answers {sorted(timing.statuses)}"] if timing.statuses - {200} else []
    notes += ["**over**"] if is_over else []
    return f"| {name} | {p50:.1f} ms | {p95:.1f} ms | {timing.kib:.1f} KiB | {', '.join(notes)} |"


def serve(options: argparse.Namespace, stack: ExitStack) -> str:
    """The address of a Callboard over the catalog, when everything is in it."""
    work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-pages-")))
    folder = options.folder or work / "catalog"
    if not options.folder:
        generate(options.entities, folder, 500)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    port = choose_port()
    command = [str(Path(sys.executable).with_name("callboard")), "serve", str(folder), "--port", str(port)]
    command += ["--database", f"sqlite:///{work / 'catalog.db'}"]
    server = stack.enter_context(running(Server(command, port, work / "server.log")))
    server.wait(lambda: count_entities(server.connection) >= expected["entities"])
    return server.base


def main() -> None:
    """Measure, then print."""
    options = read_options()
    with ExitStack() as stack:
        connection = Connection(options.base or serve(options, stack))
        print(f"{count_entities(connection):,} entities, {options.requests} requests a row, one after the other\n")
        print("| page | p50 | p95 | size | |\n|---|---:|---:|---:|---|")
        names = Names(connection)
        for name, draw in ROWS.items():
            if options.only not in name:
                continue
            requests = [Request("GET", draw(names), accept="text/html") for _ in range(options.requests)]
            if name != "a missing page" and connection.send(requests[0]).status == 404:
                continue
            print(format_row(name, time_requests(connection, requests)), flush=True)
            time.sleep(0.1)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="a catalog that generate.py wrote")
    parser.add_argument("--base", help="ask this running server")
    parser.add_argument("--requests", type=int, default=100, help="requests a row (default 100)")
    parser.add_argument("--only", default="", help="only rows with this in their name")
    return parser.parse_args()


if __name__ == "__main__":
    main()
