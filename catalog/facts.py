"""What each entity says of itself that no column tells: whether it is described, documented, reachable, has a runbook, a
pager. Read once from the entity's bytes, and again only for entities that changed.
"""

import re
from functools import lru_cache
from typing import Final

import orjson
from pyroaring import BitMap

from catalog.annotations import find_annotation, split_values
from catalog.contacts import find_contacts
from catalog.derived import carried_over
from catalog.documents import Json
from catalog.view import View

_RUNBOOK: Final = re.compile("run ?book|playbook", re.IGNORECASE)
_PAGER: Final = re.compile("on[- ]?call|pager|escalation", re.IGNORECASE)
"""What in a link's type or title makes it a runbook, or a way to whoever is on call."""
_SERVICE: Final = ("/service-id", "/service-slug", "/service-name", "/component-selector")
_DEAD_CHANNELS: Final = frozenset({"pagerduty.com/account"})
_NOT_RUN: Final = ("library", "documentation", "docs", "package", "sdk")
"""Types of components that no alert is ever about."""
_ALERTS: Final = frozenset({"alert-name", "label-set", "opsgenie"})
"""What an annotation is looked up by that says which alerts are its."""
_PLACEHOLDER: Final = re.compile(
    r"\W*(todo|tbd|n/?a|none|null|placeholder|coming soon|see |unknown|https?://\S+\W*$|\{\}|\$\{)", re.IGNORECASE
)
_NO_PATHS: Final = re.compile(r"[\"']?paths[\"']?\s*:\s*(\{\s*\}|null|~|\Z)")
_SHORT, _PLACEHOLDER_MOST = 20, 400


# Plain numbers: a hundred thousand entities are asked, and an enum's `|` takes ten times as long.
DESCRIBED, RUNBOOK, PAGER, REACHABLE, DEFINED, LINKED, ALERTED = (1 << place for place in range(7))
_ALL: Final = (DESCRIBED, RUNBOOK, PAGER, REACHABLE, DEFINED, LINKED, ALERTED)


class Facts:
    """By fact, the nodes of which it is true; `ids` are what tools for incidents know each node's thing as."""

    def __init__(self, bodies: dict[int, bytes], flags: dict[int, int], ids: dict[int, list[str]]) -> None:
        self.bodies, self.flags, self.ids = bodies, flags, ids
        self._nodes = {fact: BitMap([node for node, flag in flags.items() if flag & fact]) for fact in _ALL}

    def have(self, fact: int) -> BitMap:
        """The nodes of which the fact is true. Do not alter the answer."""
        return self._nodes[fact]


@carried_over
def find_facts(view: View, before: Facts | None) -> Facts:
    """The facts of every entity. A body is looked at once, however many views it is in."""
    bodies = view.bodies()
    flags: dict[int, int] = {}
    ids: dict[int, list[str]] = {}
    for node, body in bodies.items():
        if before is not None and before.bodies.get(node) is body:
            flags[node], found = before.flags[node], before.ids.get(node)
        else:
            entity = orjson.loads(body)
            flags[node] = flag = read_facts(entity)
            found = read_ids(entity) if flag & PAGER else None
        if found:
            ids[node] = found
    return Facts(bodies, flags, ids)


def find_running(view: View) -> BitMap:
    """The components in production that an alert may be about."""
    types = view.column("spec.type")
    still = BitMap.union(BitMap(), *(types.equal(name) for name in _NOT_RUN))
    return (view.column("kind").equal("component") & view.column("spec.lifecycle").equal("production")) - still


def read_facts(entity: dict[str, Json]) -> int:
    """The facts of one entity, as flags."""
    metadata, found = entity["metadata"], 0
    if str(metadata.get("description") or "").strip():
        found |= DESCRIBED
    links = metadata.get("links") or ()
    if links:
        words = "\n".join([f"{link.get('type') or ''} {link.get('title') or ''}" for link in links])
        found |= LINKED | (RUNBOOK if _RUNBOOK.search(words) else 0) | (PAGER if _PAGER.search(words) else 0)
    for key, value in (metadata.get("annotations") or {}).items():
        if value and _is_pager(key):
            found |= PAGER
        if value and find_annotation(key).lookup in _ALERTS:
            found |= ALERTED
    kind = entity["kind"]
    if kind == "API" and not is_placeholder((entity.get("spec") or {}).get("definition")):
        found |= DEFINED
    if kind in ("Group", "User"):
        ways = {one.kind for one in find_contacts(entity)}
        found |= (REACHABLE if ways else 0) | (PAGER if "on-call" in ways else 0)
    return found


def read_ids(entity: dict[str, Json]) -> list[str]:
    """What a tool for incidents knows a thing as: `key: value` of each value of such an annotation. Teams have none."""
    if entity["kind"] in ("Group", "User"):
        return []
    annotations = entity["metadata"].get("annotations") or {}
    ids = {key: value for key, value in annotations.items() if key.endswith(_SERVICE) and _is_pager(key)}
    return [f"{key}: {one}" for key, value in ids.items() for one in split_values(find_annotation(key), str(value))]


def is_placeholder(definition: Json) -> bool:
    """Whether an API's definition is none: empty, a word that stands for one, an address alone, or without any path."""
    if isinstance(definition, dict):
        return not definition
    text = definition.strip() if isinstance(definition, str) else ""
    if len(text) < _SHORT:
        return True
    return len(text) < _PLACEHOLDER_MOST and bool(_PLACEHOLDER.match(text) or _NO_PATHS.search(text))


@lru_cache(maxsize=4_096)
def _is_pager(key: str) -> bool:
    """Whether an annotation says who is woken."""
    if key.startswith("backstage.io/") or key in _DEAD_CHANNELS:
        return False
    known = find_annotation(key)
    return known.category == "incidents" and bool(known.lookup) and known.lookup != "url"
