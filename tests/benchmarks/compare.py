"""Asks two running servers with the same catalog the same questions in turn, and prints medians and ratios.

Turns alternate in short rounds, so that what else the machine does falls on both alike.
"""

import argparse
import statistics

from client import Connection
from latency import ROWS, Row, Timing, count_entities, draw_requests, read_holdings, time_requests


def compare_row(row: Row, turns: list[list[Timing]]) -> str:
    """The row's line of the table: the medians of each server's rounds, and how many times A's time B takes."""
    if any(timing.statuses != {200} for timings in turns for timing in timings):
        statuses = [sorted(set().union(*(timing.statuses for timing in timings))) for timings in turns]
        return f"| {row.name} | – | – | – | – | – | answers {statuses[0]} and {statuses[1]} |"
    p50 = [statistics.median(timing.milliseconds(0.5) for timing in timings) for timings in turns]
    p95 = [statistics.median(timing.milliseconds(0.95) for timing in timings) for timings in turns]
    ratios = sorted(b.milliseconds(0.5) / a.milliseconds(0.5) for a, b in zip(*turns, strict=True))
    spread = f"{ratios[0]:.1f}–{ratios[-1]:.1f}, {turns[0][0].kib:.1f} and {turns[1][0].kib:.1f} KiB"
    times = f"{p50[0]:.2f} | {p50[1]:.2f} | {p95[0]:.2f} | {p95[1]:.2f}"
    return f"| {row.name} | {times} | {statistics.median(ratios):.2f} | {spread} |"


def main() -> None:
    """Measure, then print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base_a", metavar="BASE_A")
    parser.add_argument("base_b", metavar="BASE_B")
    parser.add_argument("--rounds", type=int, default=5, help="turns a server and row (default 5)")
    parser.add_argument("--requests", type=int, default=40, help="requests a turn (default 40)")
    options = parser.parse_args()
    connections = [Connection(options.base_a), Connection(options.base_b)]
    totals = [count_entities(connection) for connection in connections]
    holdings = read_holdings(connections[0])
    print(f"A: {options.base_a}, {totals[0]} entities. B: {options.base_b}, {totals[1]} entities.\n")
    print("| row | A p50 ms | B p50 ms | A p95 ms | B p95 ms | B / A | of the rounds; mean sizes |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for row in ROWS:
        turns: list[list[Timing]] = [[], []]
        for number in range(options.rounds):
            requests = draw_requests(row, holdings, options.requests, seed=number)
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                turns[side].append(time_requests(connections[side], requests))
        print(compare_row(row, turns), flush=True)


if __name__ == "__main__":
    main()
