"""Why a clue speaks for an entity, and how surely: by the words of the key, and by how many others have it."""

from dataclasses import dataclass
from typing import Final

from catalog.annotations import find_annotation, split_list
from catalog.documents import Json
from catalog.lookup.clues import Clue, KeyKind, Surety, make_key
from catalog.lookup.keys import Key, read_pairs
from catalog.lookup.labels import COMMON

MANY: Final = 5
"""A key that more entities have says little."""
_DIRECT: Final = {"ref": "entity reference", "uid": "metadata.uid", "name": "metadata.name", "running": "metadata.name"}
_WORDS: Final[dict[KeyKind, str]] = {
    "ref": "entity reference",
    "uid": "uid",
    "name": "name",
    "running": "name",
    "title": "title",
    "pagerduty-service": "PagerDuty service",
    "pagerduty-key": "PagerDuty integration key",
    "on-call": "incident tool's id",
    "opsgenie": "Opsgenie selector",
    "alert-name": "alert name",
    "label": "labels",
    "repository": "repository",
    "slug": "repository",
    "kubernetes": "Kubernetes workload",
    "workload": "Kubernetes namespace and workload",
    "namespace": "Kubernetes namespace",
    "argocd-app": "Argo CD application",
    "sentry-project": "Sentry project",
    "service-name": "service name",
    "image": "image",
    "cloud-resource": "cloud resource",
    "address": "link",
    "host": "link's host",
    "e-mail": "e-mail address",
    "team": "team on a code host",
    "dashboard": "what a dashboard is opened for",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an entity is a candidate: what it has, where that stands, and what in the question it was seen in."""

    kind: KeyKind
    words: str
    value: str
    where: str
    seen_as: str
    surety: Surety
    part: str = ""


def find_reasons(
    entity: dict[str, Json], clue: Clue, count: int, keys: dict[str, Key], pairs: set[str]
) -> list[Reason]:
    """Why a clue speaks for an entity, which `count` have its key; none where a closer look shows that it does not."""
    kind = clue.kind
    if kind in _DIRECT:
        surety = clue.surety if count <= MANY or kind in ("ref", "uid") else "possible"
        return [Reason(kind, _WORDS[kind], clue.value, _DIRECT[kind], clue.seen_as, surety, clue.part)]
    if kind == "label":
        return _label_reasons(entity, clue, count, pairs)
    key = keys.get(make_key(kind, clue.value))
    if key is None or (kind in ("repository", "slug") and entity["kind"] in ("Location", "Group", "User")):
        return []
    return [Reason(kind, _WORDS[kind], key.shown, key.where, clue.seen_as, _weigh(clue, count, key), clue.part)]


def _weigh(clue: Clue, count: int, key: Key) -> Surety:
    """What many share says little; that an entity's file is in a repository says less than that it names it."""
    if clue.kind in ("repository", "slug") and key.where.startswith("backstage.io/"):
        return "possible" if count > MANY or clue.surety == "possible" else "likely"
    if clue.kind in ("host", "namespace"):
        return "likely" if count == 1 and clue.surety != "possible" else "possible"
    if clue.kind == "cloud-resource" and key.shown.casefold() != clue.value.casefold() and clue.surety == "certain":
        return "likely"  # a part of an ARN
    if count > MANY and clue.surety == "likely":
        return "possible"
    if count > MANY and clue.kind in ("address", "service-name", "cloud-resource", "argocd-app"):
        return "likely"
    return clue.surety


def _label_reasons(entity: dict[str, Json], clue: Clue, count: int, pairs: set[str]) -> list[Reason]:
    """An entity that asks for labels is meant only by alerts that have all of them, and the names that it asks for."""
    found = []
    annotations = entity["metadata"].get("annotations") or {}
    named = {one.casefold() for one in split_list(str(annotations.get("prometheus.io/alert") or ""))}
    is_other_alert = bool(named) and "all" not in named and not any(f"alertname={one}" in pairs for one in named)
    for key, value in annotations.items():
        known = find_annotation(key)
        wanted = [one.casefold() for one in read_pairs(known, value)] if isinstance(value, str) else []
        if clue.value.casefold() not in wanted:
            continue
        # There a comma means "or" (reference section 12.4), as it does in any list.
        is_any = key == "grafana/alert-label-selector" or known.shape == "list"
        if not is_any and not set(wanted) <= pairs:
            continue
        surety: Surety = "certain" if count == 1 else "likely" if count <= MANY else "possible"
        telling = [clue.value] if is_any else wanted
        if (key == "prometheus.io/labels" and is_other_alert) or all(
            one.partition("=")[0] in COMMON for one in telling
        ):
            surety = "possible"
        shown = clue.value if is_any else value
        found.append(Reason("label", _WORDS["label"], shown, key, clue.seen_as, surety, clue.part))
    return found
