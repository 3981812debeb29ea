"""Prometheus: the alert rules that an entity declares and whether they fire, and what its queries give now."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from catalog.alerts import Declared, read_declared
from catalog.live import Facts, Reading
from ingestors.live.asker import Question
from ingestors.live.fields import read_text, read_texts
from ingestors.live.instance import Instance
from ingestors.live.round import Round
from ingestors.live.rules import Rule, list_alerts, read_rules

_MOST_QUERIES: Final = 10
_MOST_SERIES: Final = 50
_PIECE: Final = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|.""", re.DOTALL)


async def ask(annotations: Mapping[str, str], round: Round) -> Facts:
    """The rules that `prometheus.io/alert` and `/labels` pick, and the queries of `prometheus.io/rule`."""
    queries = split_queries(annotations.get("prometheus.io/rule", ""))[:_MOST_QUERIES]
    facts, readings = await asyncio.gather(
        _find_alerts(read_declared(annotations), round), asyncio.gather(*(_run(*query, round) for query in queries))
    )
    return replace(facts, readings=tuple(one for one in readings if one is not None))


async def _find_alerts(declared: Declared, round: Round) -> Facts:
    if not (declared.names or declared.every or declared.labels):
        return Facts()
    rules = await round.get(_rules(round.instance))
    if rules is None:
        return Facts()
    named = declared.names if declared.names and not declared.every else rules
    chosen = [rule for name in named for rule in rules.get(name, ())]
    alerts = [alert for rule in chosen for alert in rule.alerts(partial(declared.picks, rule.alert.name))]
    return list_alerts(alerts, tuple(name for name in declared.names if name not in rules))


async def _run(query: str, dimension: str, round: Round) -> Reading | None:
    series = await round.get(Question("api/v1/query", _read_series, 15.0, (("query", query),)))
    if series is None:
        return None
    href = f"{round.instance.pages}/graph?{urlencode({'g0.expr': query, 'g0.tab': 0})}"
    return Reading(query, tuple(sorted((_label(metric, dimension), value) for metric, value in series)), href)


async def ask_alerts(round: Round) -> Facts:
    """Every alert that there is."""
    rules = await round.get(_rules(round.instance))
    return Facts(alerts=tuple(alert for some in (rules or {}).values() for rule in some for alert in rule.active))


def _rules(instance: Instance) -> Question[Mapping[str, Sequence[Rule]]]:
    """All rules by their names."""

    def link(rule: Any) -> str:
        return f"{instance.pages}/alerts?{urlencode({'search': rule['name']})}"

    def read(found: Any) -> Mapping[str, Sequence[Rule]]:
        rules: dict[str, list[Rule]] = {}
        for rule in read_rules(found, instance, link):
            rules.setdefault(rule.alert.name, []).append(rule)
        return rules

    return Question("api/v1/rules", read, 10.0, (("type", "alert"),), is_long=True)


def _read_series(found: Any) -> tuple[tuple[Mapping[str, str], str], ...]:
    """The labels and the value of each series; a scalar is one without labels."""
    data = found["data"]
    series = data["result"] if data["resultType"] == "vector" else [{"metric": {}, "value": data["result"]}]
    return tuple((read_texts(one["metric"]), read_text(one["value"][1])) for one in series[:_MOST_SERIES])


def _label(metric: Mapping[str, str], dimension: str) -> str:
    """What tells one series from another: the label asked for, else all that there are."""
    if dimension:
        return read_text(metric.get(dimension))
    return read_text(", ".join(f"{key}={value}" for key, value in sorted(metric.items())))


def split_queries(text: str) -> list[tuple[str, str]]:
    """The pairs of `query|dimension,query|dimension`; commas and bars inside brackets and quotes are PromQL's own."""
    parts, depth = [["", ""]], 0
    for piece in _PIECE.findall(text):
        depth += (piece in "([{") - (piece in ")]}")
        if depth == 0 and piece == ",":
            parts.append(["", ""])
        elif depth == 0 and piece == "|":
            parts[-1] = ["".join(parts[-1]), "|"]
        else:
            parts[-1][1 if parts[-1][1] else 0] += piece
    return [(query.strip(), dimension.lstrip("|").strip()) for query, dimension in parts if query.strip()]
