"""Sets of labels, as alerts carry them and as people paste them, and what each well-known label stands for."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from catalog.lookup.clues import Clue, KeyKind, Surety, is_replica, strip_once, strip_pod, workload_clues

_PAIR: Final = re.compile(
    r"""(?<![\w./-])([A-Za-z_][\w./-]*)\s*=~?\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^,{}"'\s]+(?:\s[^,={}"']+(?=,|$))?)"""
)
_LOOSE: Final = re.compile(
    r"""(?<![\w./-])["']?([A-Za-z_][\w./-]*)["']?\s*(=~?|:(?!/))\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"'(){}\[\]|]+))"""
)
_PAGE: Final = re.compile(r"^https?://([^/]+).*$")
_PORT: Final = re.compile(r":\d+$")
_META: Final = frozenset({"__name__", "alertstate"})
_LABELS: Final[Mapping[str, tuple[tuple[KeyKind, Surety], ...]]] = {
    "alertname": (("alert-name", "certain"),),
    "service": (("service-name", "likely"), ("kubernetes", "likely"), ("name", "likely")),
    "app": (("kubernetes", "likely"), ("running", "likely"), ("service-name", "likely")),
    "component": (("name", "likely"),),
    "workload": (("kubernetes", "likely"), ("running", "likely")),
    "job": (("name", "possible"), ("service-name", "possible"), ("kubernetes", "possible")),
    "container": (("kubernetes", "possible"), ("running", "possible")),
    "pod": (("kubernetes", "possible"), ("running", "possible")),
    "namespace": (("namespace", "possible"),),
    "host": (("cloud-resource", "certain"), ("host", "likely"), ("running", "possible")),
    "target": (("host", "likely"),),
    "image": (("image", "likely"),),
    "database": (("running", "likely"), ("cloud-resource", "certain"), ("dashboard", "likely")),
    "argocd_app": (("argocd-app", "certain"),),
    "sentry_project": (("sentry-project", "likely"),),
    "repository": (("slug", "likely"),),
    "pagerduty_service_id": (("pagerduty-service", "certain"),),
    "entity": (("ref", "certain"),),
    "arn": (("cloud-resource", "certain"),),
}
"""What the value of a label may be."""
COMMON: Final = frozenset({
    "env", "environment", "stage", "severity", "priority", "region", "zone", "availability_zone", "cluster", "datacenter",
    "prometheus", "receiver",
})  # fmt: skip
"""Labels that alerts have whatever they are about."""
_RUNNING: Final = frozenset({"service", "app", "workload", "container", "pod", "job"})
"""The labels whose value runs in a namespace."""
_ALIASES: Final[Mapping[str, str]] = {
    "service_name": "service", "service.name": "service", "resource.service.name": "service",
    "svc": "service", "kubernetes_name": "service",
    "app_kubernetes_io_name": "app", "app.kubernetes.io/name": "app", "k8s_app": "app", "k8s-app": "app",
    "label_app": "app", "application": "app", "backstage_io_kubernetes_id": "app", "backstage.io/kubernetes-id": "app",
    "app_kubernetes_io_instance": "app", "app.kubernetes.io/instance": "app", "exported_service": "service",
    "deployment": "workload", "statefulset": "workload", "daemonset": "workload", "cronjob": "workload",
    "job_name": "job", "exported_job": "job", "container_name": "container", "pod_name": "pod",
    "kubernetes_namespace": "namespace", "exported_namespace": "namespace", "k8s_namespace_name": "namespace",
    "instance": "host", "node": "host", "nodename": "host", "hostname": "host", "server": "host",
    "argocd_app_name": "argocd_app", "argo_app": "argocd_app", "repo": "repository", "url": "target",
    "entity_ref": "entity", "backstage_entity": "entity", "pagerduty_service": "pagerduty_service_id",
    **dict.fromkeys(("db", "datname", "database_name", "dbinstanceidentifier", "dbinstance_identifier"), "database"),
    **dict.fromkeys(("topic", "queue", "queue_name", "queuename", "bucket", "bucket_name", "bucketname"), "database"),
    "function": "arn", "function_name": "arn", "functionname": "arn", "rulename": "alertname", "alert_name": "alertname",
}  # fmt: skip
"""Other names of the same labels."""


def parse_label_set(text: str) -> dict[str, str]:
    """`{a="b", c="d"}`, `a=b,c=d` or `metric{a="b"}` as pairs; none where the text is something else."""
    inner = text.strip()
    if "{" in inner:
        inner = inner[inner.index("{") + 1 : inner.rindex("}") if "}" in inner else None]
    found = {name: value.strip("\"'").replace('\\"', '"') for name, value in _PAIR.findall(inner)}
    left = _PAIR.sub("", inner)
    return found if found and not left.strip(" ,;\n\t") else {}


def find_labels(text: str) -> dict[str, str]:
    """The pairs in the midst of other words: any `a=b`, and `a: b` where the label is a well-known one."""
    found: dict[str, str] = {}
    for name, sign, quoted, bare in _LOOSE.findall(text):
        if "=" in sign or is_well_known(name):
            found.setdefault(name if "=" in sign else name.casefold(), quoted or bare.rstrip(".,"))
    return found


def read_labels(labels: Mapping[str, str]) -> Iterator[Clue]:
    """What a set of labels says: each pair, for the entities that ask for it, and what the well-known ones stand for."""
    plain = {name: value for name, value in labels.items() if name not in _META and value}
    namespace = next((value for name, value in plain.items() if plain_name(name) == "namespace"), "")
    for name, value in plain.items():
        yield from _read_label(name, value, namespace)


@lru_cache(maxsize=4096)
def _read_label(name: str, value: str, namespace: str) -> tuple[Clue, ...]:
    """What one label says, in a namespace; of thousands of alerts at once most have the same."""
    plain, seen_as = plain_name(name), f"label `{name}`"
    found = [Clue("label", f"{name}={value}", "certain", seen_as)]
    for kind, surety in _LABELS.get(plain, ()):
        found += (Clue(kind, one, sure, seen_as) for one, sure in _forms(kind, value, surety))
        if plain == "pod" and (owner := strip_once(value)) != value:
            found.append(Clue(kind, owner, "likely", f"the workload of label `{name}`"))
    if namespace and plain in _RUNNING:
        found += workload_clues(namespace, value, f"labels `namespace` and `{name}`")
    return tuple(found)


def is_well_known(name: str) -> bool:
    """Whether a label says what an alert is about."""
    return plain_name(name) in _LABELS


def plain_name(name: str) -> str:
    """The usual name of a label that goes by several."""
    lower = name.casefold()
    return _ALIASES.get(lower, lower)


def _forms(kind: KeyKind, value: str, surety: Surety) -> Iterator[tuple[str, Surety]]:
    """A value as it stands, and without a port, a scheme, or what Kubernetes puts after a pod's name."""
    yield value, surety
    if kind in ("host", "cloud-resource"):
        bare = _PAGE.sub(r"\1", value)
        if kind == "host" and bare != value:
            yield bare, surety
        if (at := _PORT.search(bare)) is not None:
            yield bare[: at.start()], surety
    elif kind in ("kubernetes", "name", "running") and (bare := strip_pod(value)) != value:
        yield bare, "likely" if kind == "kubernetes" and is_replica(value) else "possible"
