"""What a web address stands for, told by whose it is and by its path: a page of a tool, of a repository, of a catalog."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from catalog.lookup.clues import Clue, KeyKind, normalise_address
from catalog.lookup.hosts import is_cloud, is_tenant, name_host, read_host
from catalog.lookup.labels import parse_label_set, read_labels

_TAG: Final = re.compile(r"(?<![\w.-])([\w.-]+):([\w./-]+)")
_SELECTOR: Final = re.compile(r"\{[^{}]*\}")
_BETWEEN: Final = re.compile(r"[/:;=&?,]")
_ID: Final = re.compile(r"(?=[^\d]*\d)[A-Za-z\d_-]{12,80}")
_MOST_ABOVE, _SHORTEST = 30, 3
_VARIABLES: Final = ("var-", "tpl_var_")
_LABEL_PARAMETERS: Final = ("filter", "g0.expr", "expr", "query", "matcher", "queryString", "search", "left", "panes")


def read_address(text: str) -> Iterator[Clue]:
    """The clues in a web address; the nearest address above it that an entity links to counts too."""
    address = normalise_address(text)
    if address is None:
        return
    parts = urlsplit(text.strip().removeprefix("url:"))
    steps = [unquote(step) for step in parts.path.split("/") if step]
    for is_for, read in _TOOLS:
        if is_for(address[0], steps):
            yield from read(parts, steps)
    yield from _read_parameters(parts)
    host, path = address
    yield Clue("address", host + path, "certain", "a web address")
    for _ in range(min(path.count("/") - 1, _MOST_ABOVE)):
        path = path.rpartition("/")[0]
        yield Clue("address", host + path, "likely", "a web address below another")
    yield Clue("address", host, "likely", "a web address below another")
    if not is_tenant(host):
        for one in dict.fromkeys((host, host.partition(":")[0])):
            yield Clue("host", one, "possible", "a web address of the same host")
    yield Clue("cloud-resource", host.partition(":")[0], "possible", "a host")
    if host.count(".") == 1 or ".svc" in host:
        yield from (clue for clue in read_host(host) if clue.kind not in ("host", "cloud-resource"))
    else:
        yield from name_host(host)


def _read_pagerduty(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    for at, step in enumerate(steps[:-1]):
        if step in ("service-directory", "services"):
            yield Clue("pagerduty-service", steps[at + 1], "certain", "a PagerDuty service's page")
        if step in ("escalation_policies", "teams"):
            yield Clue("on-call", steps[at + 1], "certain", "a PagerDuty escalation policy's page")
    if parts.fragment and steps[-1:] == ["escalation_policies"]:
        yield Clue("on-call", parts.fragment.strip("/"), "certain", "a PagerDuty escalation policy's page")


def _read_sentry(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    host = parts.hostname or ""
    organisation = host.removesuffix(".sentry.io") if host.endswith(".sentry.io") and host != "www.sentry.io" else ""
    if steps[:1] == ["organizations"] and len(steps) > 1:
        organisation, steps = steps[1], steps[2:]
    for at, step in enumerate(steps[:-1]):
        if step in ("projects", "project"):
            name = f"{organisation}/{steps[at + 1]}" if organisation else steps[at + 1]
            yield Clue("sentry-project", name, "certain", "a Sentry project's page")
            yield Clue("sentry-project", steps[at + 1], "likely", "a Sentry project's page")
    if steps[:1] == ["settings"] and steps[2:3] == ["projects"] and len(steps) > 3:
        yield Clue("sentry-project", f"{steps[1]}/{steps[3]}", "certain", "a Sentry project's settings")
    for key, value in parse_qsl(parts.query):
        if key == "query" and (match := re.search(r"project(?:\.name)?:([\w-]+)", value)):
            yield Clue("sentry-project", match[1], "likely", "a Sentry search")
        if key == "project":
            yield Clue("sentry-project", value, "likely", "a Sentry page of a project")


def _read_argocd(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    at = steps.index("applications")
    for name in steps[at + 1 : at + 3]:
        yield Clue("argocd-app", name, "certain", "an Argo CD application's page")


def _read_opsgenie(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    for at, step in enumerate(steps[:-1]):
        if step in ("team", "teams", "dashboard", "service"):
            yield Clue("opsgenie", steps[at + 1], "certain", "an Opsgenie page")
    for key, value in parse_qsl(parts.query):
        if key == "query":
            yield Clue("opsgenie", value, "certain", "an Opsgenie search")


def _read_team(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    yield Clue("team", f"{steps[1]}/{steps[3]}", "certain", "a team's page on GitHub")
    yield Clue("name", steps[3], "likely", "a team's page on GitHub")


def _read_gitlab(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    if steps[:1] == ["projects"] and len(steps) == 2:
        yield Clue("slug", steps[1], "certain", "a GitLab project's id")


def _read_registry(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    yield Clue("image", "/".join(steps[steps.index("repository") + 1 :][:2]), "certain", "an image's page")


def _read_service(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    name = steps[steps.index("services") + 1]
    yield Clue("on-call", name, "certain", "a service's page")
    yield Clue("service-name", name, "likely", "a service's page")
    yield Clue("name", name, "likely", "a service's page")


def _read_sonar(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    for key, value in parse_qsl(parts.query):
        if key == "id":
            yield Clue("service-name", value, "certain", "a SonarQube project's page")


def _read_entity(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    at = steps.index("catalog")
    namespace, kind, name = steps[at + 1 : at + 4]
    yield Clue("ref", f"{kind}:{namespace}/{name}", "certain", "a catalog's page of an entity")


def _read_alert_page(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    for step in steps[1:]:
        yield Clue("alert-name", step.partition("?")[0], "likely", "an alert's page")


def _read_kubernetes(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    for at, step in enumerate(steps[:-2]):
        if step in ("deployment", "statefulset", "daemonset", "deployments", "pod", "pods", "workloads"):
            namespace, name = steps[at + 1 : at + 3]
            yield Clue("workload", f"{namespace}/{name}", "certain", "a Kubernetes workload's page")


def _read_jenkins(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    jobs = [step for before, step in pairwise(steps) if before == "job"]
    yield Clue("service-name", "/".join(jobs), "certain", "a Jenkins job's page")


def _read_cloud(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    """A bucket or a queue of AWS in a path; in the console's fragment, where slashes are written as `$252F`, anything."""
    fragment = unquote(unquote(unquote(parts.fragment).replace("$25", "%").replace("$", "%")))
    for step in (*steps, *_BETWEEN.split(fragment)):
        if len(step) > _SHORTEST:
            yield Clue("cloud-resource", step, "likely", "a step of a cloud's address")


def _read_ids(parts: SplitResult, steps: list[str]) -> Iterator[Clue]:
    for step in (*steps, *_BETWEEN.split(unquote(parts.fragment))):
        if _ID.fullmatch(step):
            yield Clue("service-name", step, "likely", "an id in a web address")
            yield Clue("on-call", step, "likely", "an id in a web address")


def _read_parameters(parts: SplitResult) -> Iterator[Clue]:
    """Labels in a query: an expression of Prometheus, a filter of Alertmanager, a variable of a Grafana dashboard."""
    query = parts.query or parts.fragment.partition("?")[2]
    for key, value in parse_qsl(query):
        if key.startswith(_VARIABLES) and value:
            yield Clue("dashboard", value, "likely", "what the dashboard is opened for")
            yield from read_labels({key.removeprefix("var-").removeprefix("tpl_var_"): value})
        elif key in _LABEL_PARAMETERS:
            for selector in _SELECTOR.findall(value.replace('\\"', '"')):
                yield from read_labels(parse_label_set(selector))
        elif key in ("alertname", "service", "app"):
            yield from read_labels({key: value})
        if key in ("query", "q", "search", "queryString"):
            yield from _read_search(value)


def _read_search(value: str) -> Iterator[Clue]:
    kinds: tuple[KeyKind, ...] = ("alert-name", "service-name", "name")
    yield from (Clue(kind, value, "likely", "what the page searches for") for kind in kinds)
    for name, one in _TAG.findall(value):
        yield from read_labels({"alertname" if name == "rule" else name: one})


_IsFor = Callable[[str, list[str]], bool]
_Read = Callable[[SplitResult, list[str]], Iterator[Clue]]
_TOOLS: Final[tuple[tuple[_IsFor, _Read], ...]] = (
    (lambda host, steps: "pagerduty" in host, _read_pagerduty),
    (lambda host, steps: "sentry" in host, _read_sentry),
    (lambda host, steps: "applications" in steps and ("argo" in host or "argocd" in steps), _read_argocd),
    (lambda host, steps: "opsgenie" in host, _read_opsgenie),
    (lambda host, steps: "sonar" in host, _read_sonar),
    (lambda host, steps: "gitlab" in host, _read_gitlab),
    (lambda host, steps: steps[:1] == ["orgs"] and steps[2:3] == ["teams"] and len(steps) > 3, _read_team),
    (lambda host, steps: "repository" in steps, _read_registry),
    (lambda host, steps: "services" in steps[:-1], _read_service),
    (lambda host, steps: steps[:1] == ["job"] or "jenkins" in host, _read_jenkins),
    (lambda host, steps: is_cloud(host) or host.endswith("aws.amazon.com"), _read_cloud),
    (lambda host, steps: True, _read_ids),
    (lambda host, steps: "catalog" in steps and len(steps) - steps.index("catalog") >= 4, _read_entity),
    (lambda host, steps: "runbook" in host or steps[:1] == ["runbooks"], _read_alert_page),
    (lambda host, steps: bool({"workload", "workloads", "deployment", "pod"} & set(steps)), _read_kubernetes),
)
"""By host and path, who can tell more."""
