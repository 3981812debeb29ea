"""What one term may stand for: an id, a name, a set of labels, an address. Everything that fits counts; nothing is decided
here.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from catalog.lookup.addresses import read_address
from catalog.lookup.clues import (
    Clue,
    KeyKind,
    Surety,
    is_integration_key,
    is_replica,
    split_repository,
    strip_pod,
    workload_clues,
)
from catalog.lookup.hosts import read_arn, read_connection, read_host
from catalog.lookup.labels import parse_label_set, read_labels

_UID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PAGERDUTY: Final = re.compile(r"P[A-Z0-9]{5,14}", re.IGNORECASE)
_REF: Final = re.compile(r"([A-Za-z][\w.-]*):(?:([\w.-]+)/)?([\w.-]+)")
_PATH: Final = re.compile(r"[\w.@-]+(?:/[\w.@-]+)+")
_IMAGE: Final = re.compile(
    r"((?:[\w-]+(?:\.[\w-]+)+(?::\d+)?|localhost(?::\d+)?)/)?([a-z0-9][\w.-]*(?:/[\w.-]+)*)(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{8,64})?"
)
_ISSUE: Final = re.compile(r"([A-Z][A-Z\d_-]+)-([A-Z\d]{1,4})")
_PROVIDED: Final = (
    r"(?:aws|google|azurerm|kubernetes|helm|cloudflare|digitalocean|hcloud|oci|kafka|confluent|mongodbatlas|postgresql|mysql)"
    r"_\w+"
)
_TERRAFORM: Final = re.compile(rf"(?:module\.[\w-]+(?:\[[^\]]*\])?\.)*(?:data\.)?{_PROVIDED}\.[\w-]+(?:\[[^\]]*\]?)?")
_NAMED: Final = re.compile(rf"(?:module|{_PROVIDED})\.([\w-]+)")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_AROUND: Final = {'"': '"', "'": "'", "`": "`", "<": ">", "(": ")", "[": "]"}
_LONGEST_NAME: Final = 5  # words
_WORKLOADS: Final = frozenset({
    "deployment", "deployments", "deploy", "statefulset", "sts", "daemonset", "ds", "pod", "pods", "po", "service", "svc",
    "job", "cronjob", "rollout", "replicaset", "rs",
})  # fmt: skip
_NAMES: Final[tuple[tuple[KeyKind, Surety, str], ...]] = (
    ("alert-name", "certain", "an alert's name"),
    ("on-call", "certain", "an id of an incident tool"),
    ("opsgenie", "certain", "an Opsgenie selector or team"),
    ("argocd-app", "certain", "an Argo CD application"),
    ("cloud-resource", "certain", "a cloud resource"),
    ("name", "likely", "a name"),
    ("title", "likely", "a title"),
    ("sentry-project", "likely", "a Sentry project"),
    ("kubernetes", "likely", "a Kubernetes workload"),
    ("service-name", "likely", "a service's name in a monitoring tool"),
    ("dashboard", "likely", "what a dashboard is opened for"),
    ("image", "likely", "an image"),
    ("slug", "likely", "a repository's id"),
    ("namespace", "possible", "a Kubernetes namespace"),
)
"""What a text that looks like nothing in particular is tried as."""


def read_term(text: str) -> list[Clue]:
    """Every clue in a text that is one thing, each once."""
    text = unwrap(text)
    if not text:
        return []
    found: list[Clue] = []
    for read in _READERS if len(text.split()) == 1 else _READERS_OF_WORDS:
        found += read(text)
    return list(dict.fromkeys(found))


def unwrap(text: str) -> str:
    """Without the quotes, brackets and commas that come along when something is copied."""
    before = ""
    while text != before:
        before, text = text, text.strip().strip("\u200b\ufeff").rstrip(",;")
        is_address = text[:1] == "[" and ":" in text  # of IPv6
        if len(text) > 1 and _AROUND.get(text[0]) == text[-1] and not is_address:
            text = text[1:-1]
    return text


def _read_ids(text: str) -> Iterator[Clue]:
    if _UID.fullmatch(text):
        yield Clue("uid", text, "certain", "an entity's uid")
    if _PAGERDUTY.fullmatch(text):
        yield Clue("pagerduty-service", text, "certain", "a PagerDuty service")
    if is_integration_key(text):
        yield Clue("pagerduty-key", text, "certain", "a PagerDuty integration key")
    if _EMAIL.fullmatch(text):
        yield Clue("e-mail", text, "certain", "an e-mail address")


def _read_ref(text: str) -> Iterator[Clue]:
    if match := _REF.fullmatch(text):
        kind, namespace, name = match[1], match[2] or "default", match[3]
        yield Clue("ref", f"{kind}:{namespace}/{name}", "certain", "an entity reference")
        yield from (clue._replace(seen_as="a tag") for clue in read_labels({kind: text.partition(":")[2]}))


def _read_names(text: str) -> Iterator[Clue]:
    if "\n" in text or "://" in text:
        return
    for kind, surety, seen_as in _NAMES:
        yield Clue(kind, text, surety, seen_as)
    if 1 < len(words := text.split()) <= _LONGEST_NAME:
        yield Clue("name", "-".join(words), "likely", "a name, written otherwise")
    shorter = strip_pod(text)
    if shorter != text and " " not in text:
        sure: Surety = "likely" if is_replica(text) else "possible"
        yield Clue("kubernetes", shorter, sure, "a Kubernetes pod")
        yield Clue("running", shorter, sure, "a Kubernetes pod")
        yield Clue("service-name", shorter, sure, "a Kubernetes pod")
        yield Clue("dashboard", shorter, "possible", "a part of a topic")


def _read_path(text: str) -> Iterator[Clue]:
    """`a/b` is a repository, a namespace with a workload or an entity, a Sentry project, a team, an image."""
    path = text.strip("/")
    if not _PATH.fullmatch(path):
        return
    first, _, rest = path.partition("/")
    if text.startswith("/"):
        yield Clue("cloud-resource", path.rpartition("/")[2], "likely", "a group of logs")
    if first.casefold().partition(".")[0] in _WORKLOADS:
        for name in dict.fromkeys((rest, strip_pod(rest))):
            yield Clue("kubernetes", name, "likely", f"a Kubernetes {first}")
            yield Clue("running", name, "likely" if name == rest else "possible", f"a Kubernetes {first}")
        return
    yield Clue("slug", path.removesuffix(".git"), "likely", "a repository")
    if "." in first:
        yield Clue("repository", path.removesuffix(".git"), "certain", "a repository")
        yield Clue("address", path, "likely", "a web address")
    yield Clue("sentry-project", path, "certain", "a Sentry project")
    yield Clue("team", path.removeprefix("@"), "likely", "a team")
    *_, namespace, name = path.split("/")
    yield from workload_clues(namespace, name, "a Kubernetes namespace and workload")
    if rest.count("/") == 0:
        yield Clue("ref", f"component:{first}/{rest}", "likely", "an entity of another namespace")


def _read_image(text: str) -> Iterator[Clue]:
    """`registry/namespace/name:tag@digest`: by the name that a catalog has, else by its parts."""
    match = _IMAGE.fullmatch(text)
    if match is None or not (match[1] or match[3] or match[4]):
        return
    registry, path = match[1] or "", match[2]
    yield Clue("image", registry + path, "likely", "an image")
    yield Clue("image", path, "likely", "an image")
    if match[3] or match[4]:  # else it is a path like any other
        yield Clue("slug", path, "possible", "an image")
        around, _, name = path.rpartition("/")
        yield from (clue._replace(surety="likely") for clue in _only_workload(around.rpartition("/")[2], name))
        yield Clue("kubernetes", name, "likely", "an image")
        yield Clue("running", name, "likely", "an image")


def _only_workload(namespace: str, name: str) -> Iterator[Clue]:
    return (clue for clue in workload_clues(namespace, name, "an image") if clue.kind == "workload")


def _read_repository(text: str) -> Iterator[Clue]:
    if (found := split_repository(text)) is not None:
        host, path = found
        yield Clue("repository", f"{host}/{path}", "certain", "a repository")
        yield Clue("slug", path, "likely", "a repository")


def _read_sentry(text: str) -> Iterator[Clue]:
    """`PAYMENT-API-3F` is an issue of a project; `PAY-123` may be a ticket as well."""
    if match := _ISSUE.fullmatch(text):
        sure: Surety = "possible" if text.count("-") == 1 and match[2].isdigit() else "likely"
        yield Clue("sentry-project", match[1], sure, "a Sentry issue")


def _read_terraform(text: str) -> Iterator[Clue]:
    """`module.payments.aws_db_instance.payments_db`: by the names that people gave, where a `_` stands for a `-` too."""
    if _TERRAFORM.fullmatch(text):
        for name in _NAMED.findall(text):
            for one in dict.fromkeys((name, name.replace("_", "-"))):
                yield Clue("running", one, "likely", "a Terraform address")
                yield Clue("cloud-resource", one, "likely", "a Terraform address")


def _read_label_set(text: str) -> Iterator[Clue]:
    if "://" not in text and (labels := parse_label_set(text)):
        yield from read_labels(labels)


_READERS: Final[tuple[Callable[[str], Iterator[Clue]], ...]] = (
    _read_ids, _read_ref, read_address, _read_repository, _read_label_set, _read_path, _read_image, read_host, read_connection,
    read_arn, _read_sentry, _read_terraform, _read_names,
)  # fmt: skip
_READERS_OF_WORDS: Final = (_read_label_set, _read_names)
"""What several words may be as a whole."""
