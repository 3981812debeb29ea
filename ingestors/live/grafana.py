"""Grafana: the dashboards that an entity's annotations choose, and its own alert rules with chosen labels."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from catalog.alerts import Declared, read_declared
from catalog.live import Dashboard, Facts
from ingestors.live.asker import Question
from ingestors.live.fields import read_text
from ingestors.live.instance import Instance
from ingestors.live.round import Round
from ingestors.live.rules import Rule, list_alerts, read_rules
from ingestors.live.selectors import Condition, SelectorError, parse_selector

_MOST_SHOWN: Final = 50
_TAG: Final = re.compile(r"[\w-]+", re.ASCII)
Found = tuple[Mapping[str, Any], ...]


async def ask(annotations: Mapping[str, str], round: Round) -> Facts:
    """The dashboards of `grafana/overview-dashboard` and `/dashboard-selector`, the alerts of `/alert-label-selector`."""
    overview = _overview(annotations.get("grafana/overview-dashboard", "").strip(), round.instance)
    selector = annotations.get("grafana/dashboard-selector") or annotations.get("grafana/tag-selector") or ""
    (dashboards, notes), facts = await asyncio.gather(
        _find_dashboards(selector.strip(), round), _find_alerts(read_declared(annotations), round)
    )
    return replace(facts, dashboards=overview + dashboards, notes=facts.notes + notes)


async def _find_dashboards(selector: str, round: Round) -> tuple[tuple[Dashboard, ...], tuple[str, ...]]:
    """The dashboards that a selector chooses, and a word on one that cannot be understood."""
    if not selector:
        return (), ()
    try:
        question, condition = _choose(selector)
    except SelectorError as error:
        return (), (f"the dashboard selector is not understood: {error}",)
    chosen = [one for one in await round.get(question) or () if condition is None or condition(one) is True]
    return tuple(_make_dashboard(one, round.instance) for one in chosen[:_MOST_SHOWN]), ()


async def _find_alerts(declared: Declared, round: Round) -> Facts:
    rules = await round.get(_rules(round.instance)) if declared.grafana else ()
    return list_alerts(alert for rule in rules or () for alert in rule.alerts(declared.picks_in_grafana))


async def ask_alerts(round: Round) -> Facts:
    """Every alert of Grafana's own rules."""
    rules = await round.get(_rules(round.instance))
    return Facts(alerts=tuple(alert for rule in rules or () for alert in rule.active))


def _choose(selector: str) -> tuple[Question[Found], Condition | None]:
    """What to search for, and which of that to take: one word is a tag, anything else a condition on all dashboards."""
    if _TAG.fullmatch(selector):
        return _search(("tag", selector), ("limit", "1000")), None
    return _search(("limit", "5000")), parse_selector(selector)


def _search(*params: tuple[str, str]) -> Question[Found]:
    return Question("api/search", _read_search, 300.0, (("type", "dash-db"), *params), is_long=True)


def _read_search(found: Any) -> Found:
    """Of each dashboard what a selector may ask for."""
    return tuple(
        {
            "title": read_text(one["title"]),
            "url": read_text(one["url"]),
            "tags": [read_text(tag) for tag in one.get("tags") or ()],
            "folderTitle": read_text(one.get("folderTitle")),
            "folderUrl": read_text(one.get("folderUrl")),
        }
        for one in found
    )


def _make_dashboard(one: Mapping[str, Any], instance: Instance) -> Dashboard:
    return Dashboard(one["title"], _address(one["url"], instance), one["folderTitle"], tuple(one["tags"]))


def _overview(text: str, instance: Instance) -> tuple[Dashboard, ...]:
    """The dashboard that is named by its URL, path or uid: nobody has to be asked."""
    address = _address(text if "/" in text else f"/d/{text}", instance)
    return (Dashboard("Overview", address),) if text else ()


def _address(url: str, instance: Instance) -> str:
    """A page of Grafana's; it tells them as paths, which begin with its own where it is served below one."""
    if "://" in url:
        return url
    origin = re.match(r"\w+://[^/]+", instance.pages)
    below = instance.pages[origin.end() :] if origin else ""
    is_whole = bool(below) and url.startswith(f"{below}/")
    return f"{instance.pages.removesuffix(below) if is_whole else instance.pages}/{url.lstrip('/')}"


def _rules(instance: Instance) -> Question[tuple[Rule, ...]]:
    def link(rule: Any) -> str:
        return f"{instance.pages}/alerting/grafana/{rule['uid']}/view" if rule.get("uid") else instance.pages

    def read(found: Any) -> tuple[Rule, ...]:
        return read_rules(found, instance, link) if found is not None else ()

    # A Grafana without alerting of its own has no such address, and no alerts.
    return Question("api/prometheus/grafana/api/v1/rules", read, 15.0, may_miss=True, is_long=True)
