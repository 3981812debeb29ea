"""The links of an entity: what each is for, and where it leads if a click on it can do no harm."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from catalog.documents import Json
from web.urls import safe_href

RUNBOOKS: Final = "Runbooks"
OTHERS: Final = "Others"
USES: Final[Mapping[str, re.Pattern[str]]] = {
    RUNBOOKS: re.compile("run ?book|playbook"),
    "Dashboards": re.compile("dashboard|grafana|metrics|monitor"),
    "Logs": re.compile("(?<![a-z])log(s|ging)?(?![a-z])|kibana|loki|splunk"),
    "Traces": re.compile("trac(e|ing)|jaeger|(?<![a-z])(tempo|apm)(?![a-z])"),
}
"""What in a link's type or title, in lower case, tells what it is for; in the order in which somebody woken needs it."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link; `href` is empty where a click on it could do harm."""

    label: str
    href: str
    type: str


def read_link(link: Mapping[str, Json]) -> Link:
    """A link as an entity has it."""
    url = str(link.get("url") or "")
    return Link(str(link.get("title") or url), safe_href(url), str(link.get("type") or ""))


def read_links(entity: Mapping[str, Json]) -> list[Link]:
    """All links of an entity, those needed first at the start, else in their own order."""
    order = [*USES, OTHERS]
    found = map(read_link, entity["metadata"].get("links") or ())
    return sorted(found, key=lambda link: order.index(use_of(link)))


def use_of(link: Link) -> str:
    """What a link is for, as its type says, else its title."""
    found = (use for text in (link.type, link.label) for use, words in USES.items() if words.search(text.lower()))
    return next(found, OTHERS)
