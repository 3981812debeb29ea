"""Measures Callboard on a generated catalog and prints one Markdown table; talk goes to stderr.

It starts the server itself, or measures latency and throughput of one that runs (`--base`).
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import throughput
from client import Connection, Request
from generate import generate
from latency import BY_NAME, ORDERED, ROWS, Holdings, Row, draw_requests, read_holdings, time_requests
from server import Server, Usage, choose_port, has_entities, has_relations, has_sample, has_word, read_usage

BARE = Path(__file__).with_name("bare.py")
TURNS = 3


@dataclass
class Table:
    """The figures in the order they were measured, as Markdown."""

    rows: list[dict[str, str]] = field(default_factory=list)

    def add(self, what: str, figure: str, p95: str = "", note: str = "") -> None:
        """Keep a figure, and say it at once on stderr."""
        self.rows.append({"measured": what, "figure": figure, "p95": p95, "note": note})
        print(f"{what}: {figure} {p95} {note}".rstrip(), file=sys.stderr, flush=True)

    def format(self) -> str:
        """The Markdown table."""
        lines = ["| measured | figure (latency: p50) | p95 | note |", "|---|---:|---:|---|"]
        return "\n".join(lines + [f"| {' | '.join(row.values())} |" for row in self.rows])


def format_usage(usage: Usage) -> str:
    return f"{usage.resident:.0f} MiB, peak {usage.peak:.0f} MiB"


class Bench:
    """One run: its options, its working folder, and the table it fills."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.table = Table()

    def serve(self, source: Path, database: str) -> Server:
        """Start Callboard on the source."""
        port = choose_port()
        command = [*self.options.command.split(), "serve", str(source), "--host", "127.0.0.1", "--port", str(port)]
        return Server([*command, "--database", database], port, self.folder / "server.log")

    def measure_all(self) -> None:
        """Everything, on servers of our own."""
        source = self.options.folder or self.folder / "catalog"
        expected = self.prepare(source)
        self.measure_empty_start()
        database = self.options.database or f"sqlite:///{self.folder / 'catalog.db'}"
        with running(self.serve(source, database)) as server:
            self.measure_load(server, expected)
            self.measure_idle(server)
            self.measure_server(server.base, server.process.pid)
            self.table.add("memory after the queries", format_usage(server.usage()))
        with running(self.serve(source, database)) as server:
            self.measure_cold_start(server, expected)

    def prepare(self, source: Path) -> dict[str, Any]:
        """What the generated catalog holds; it is generated unless the folder has it already."""
        if (source / "expected.json").is_file():
            expected: dict[str, Any] = json.loads((source / "expected.json").read_text(encoding="utf-8"))
            return expected
        return generate(self.options.entities, source, self.options.per_file)

    def measure_empty_start(self) -> None:
        """An empty folder and a new database: what starting costs by itself."""
        (self.folder / "empty").mkdir()
        with running(self.serve(self.folder / "empty", f"sqlite:///{self.folder / 'empty.db'}")) as server:
            path = "/api/catalog/entities/by-query?limit=0"
            seconds = server.wait(lambda: server.connection.get(path).status == 200)
            self.table.add("start, empty, to first answer", f"{seconds:.2f} s", note=format_usage(server.usage()))

    def measure_load(self, server: Server, expected: dict[str, Any]) -> None:
        """From the start until entities, relations and search are complete."""
        relations, connection = sum(expected["relations"].values()), server.connection
        first = server.wait(lambda: has_entities(connection, expected))
        every = server.wait(lambda: has_relations(connection, expected))
        usage = server.usage()
        count = f"{expected['entities']:,} entities, {relations:,} relations, {expected['files']:,} files"
        self.table.add("load until all are visible with relations", f"{every:.2f} s", note=count)
        self.table.add("— of it until all entities are counted", f"{first:.2f} s", note=f"{usage.cpu:.1f} s CPU in all")
        for word, ref in expected["search_words"].items():
            seconds = server.wait(partial(has_word, connection, word, ref), 0.05)
        self.table.add("load until search is complete", f"{seconds:.2f} s", note=f"{server.usage().cpu:.1f} s CPU")

    def measure_idle(self, server: Server) -> None:
        """Memory when loaded, and CPU when nobody asks."""
        time.sleep(2)
        before, start = server.usage(), time.monotonic()
        time.sleep(self.options.seconds)
        usage, wall = server.usage(), time.monotonic() - start
        note = f"CPU {(usage.cpu - before.cpu) / wall:.1%} of a core"
        self.table.add("memory idle after loading", format_usage(usage), note=note)

    def measure_server(self, base: str, process: int | None) -> None:
        """Latency of every row, then throughput, of the server at that address."""
        connection = Connection(base)
        holdings = read_holdings(connection)
        before, start = read_usage(process) if process else None, time.monotonic()
        for row in ROWS:
            self.measure_row(connection, row, holdings)
        if process and before:
            load = (read_usage(process).cpu - before.cpu) / (time.monotonic() - start)
            self.table.add("server's CPU during the latency rows", f"{load:.0%} of a core")
        for row in (ORDERED, BY_NAME):
            self.measure_throughput(base, process, row.name, draw_requests(row, holdings, 200))
        self.measure_bare(connection, draw_requests(BY_NAME, holdings, 200))
        connection.close()

    def measure_row(self, connection: Connection, row: Row, holdings: Holdings) -> None:
        """One latency row; left out where the server has no such route."""
        requests = draw_requests(row, holdings, self.options.requests)
        if connection.send(requests[0]).status == 404:
            self.table.add(row.name, "–", note="404, skipped")
            return
        timing = time_requests(connection, requests)
        wrong = f", answers {sorted(timing.statuses)}" if timing.statuses != {200} else ""
        note = f"{timing.kib:.1f} KiB{wrong}"
        self.table.add(row.name, f"{timing.milliseconds(0.5):.2f} ms", f"{timing.milliseconds(0.95):.2f} ms", note)

    def measure_throughput(self, base: str, process: int | None, name: str, requests: list[Request]) -> float:
        """Answers a second with sixteen clients; the CPU a request still tells where the client is the limit."""
        before = read_usage(process).cpu if process else 0.0
        result, warm = throughput.measure(base, requests, self.options.seconds)
        cpu = read_usage(process).cpu - before if process else 0.0
        notes = [f"{throughput.client_name()} at {result.client_load:.0%} of a core"]
        if process and result.answers:
            notes.append(f"{cpu / (result.answers + warm.answers) * 1e6:.0f} µs CPU a request")
        if result.failures:
            notes.append(f"{result.failures} failed")
        self.table.add(f"16 clients: {name}", f"{result.rate:,.0f} /s", note=", ".join(notes))
        return result.rate

    def measure_bare(self, connection: Connection, requests: list[Request]) -> None:
        """The by-name answers from a bare Starlette route, and their ratio, measured in turn."""
        file, port = self.folder / "bodies.json", choose_port()
        file.write_text(json.dumps({request.path: connection.send(request).body.decode() for request in requests}))
        base, seconds = f"http://{connection.host}", self.options.seconds
        with running(Server([sys.executable, str(BARE), str(file), str(port)], port, self.folder / "bare.log")) as bare:
            bare.wait(lambda: bare.connection.send(requests[0]).status == 200)
            self.measure_throughput(bare.base, bare.process.pid, "bare Starlette route, the same bytes", requests)
            rates = [
                [throughput.measure(address, requests, seconds)[0].rate for address in (base, bare.base)]
                for _ in range(TURNS)
            ]
        ratios = sorted(own / most for own, most in rates)
        note = f"median of {TURNS} turns, {ratios[0]:.0%} to {ratios[-1]:.0%}"
        self.table.add("16 clients: by-name against the bare route", f"{statistics.median(ratios):.0%}", note=note)

    def measure_cold_start(self, server: Server, expected: dict[str, Any]) -> None:
        """Started again on the database of before."""
        connection = server.connection
        first = server.wait(lambda: has_sample(connection, expected))
        every = server.wait(lambda: has_entities(connection, expected) and has_relations(connection, expected))
        self.table.add("start on the stored catalog, to first correct answer", f"{first:.2f} s")
        note = format_usage(server.usage())
        self.table.add("— until all are visible with relations", f"{every:.2f} s", note=note)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server, stopped at the end whatever happens."""
    try:
        yield server
    finally:
        server.stop()


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--per-file", type=int, default=500, help="entities a file (default 500)")
    parser.add_argument("--folder", type=Path, help="a generated catalog to use, or a new folder to keep it in")
    parser.add_argument("--base", help="measure this running server's latency and throughput; start nothing")
    parser.add_argument("--pid", type=int, help="with --base: the server's process, for its CPU and memory")
    parser.add_argument("--database", help="URL of an empty database (default: a new SQLite file)")
    parser.add_argument("--command", default=str(Path(sys.executable).with_name("callboard")), help="what to start")
    parser.add_argument("--requests", type=int, default=200, help="requests a latency row (default 200)")
    parser.add_argument("--seconds", type=float, default=6, help="seconds a throughput row (default 6)")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    return parser.parse_args()


def main() -> None:
    """Measure, then print."""
    options = read_options()
    program = options.command.split()[0]
    if not options.base and not shutil.which(program):
        raise SystemExit(f"error: there is no `{program}`\nhint: run `make setup`, or name it with --command")
    # Terminated, it must still stop the servers it started: SystemExit unwinds through `running`.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as folder:
        bench = Bench(options, Path(folder))
        if options.base:
            bench.measure_server(options.base, options.pid)
        else:
            bench.measure_all()
    machine = f"{os.cpu_count()} cores, load average {load:.1f} before, Python {platform.python_version()}"
    bench.table.add("machine", machine)
    print(bench.table.format())
    if options.json:
        options.json.write_text(json.dumps(bench.table.rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
