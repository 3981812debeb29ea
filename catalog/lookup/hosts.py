"""What a host's name stands for: a machine, a service inside Kubernetes, where a database is connected to."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from catalog.annotations import BASES
from catalog.lookup.clues import Clue, Surety, workload_clues

_HOST: Final = re.compile(
    r"(?=.*[A-Za-z])[\w-]+(?:\.[\w-]+)+(?::\d+)?|\d+(?:\.\d+){3}(?::\d+)?|\[[0-9a-f:]+\](?::\d+)?", re.IGNORECASE
)
_CLUSTER: Final = re.compile(r"([\w-]+)\.([\w-]+)(\.svc|\.pod)?(?:(?<=\.svc|\.pod)\.[\w.-]+)?", re.IGNORECASE)
_CONNECTION: Final = re.compile(r"(?:jdbc:)?([a-z][a-z0-9+]+)://", re.IGNORECASE)
_BUCKETS: Final = frozenset({"s3", "s3a", "gs"})
_PAGES: Final = frozenset({"http", "https", "ssh", "git", "git+ssh", "git+https"})
_TENANTS: Final = re.compile(
    r"\.(pagerduty\.com|opsgenie\.com|sentry\.io|atlassian\.net|datadoghq\.(com|eu)|grafana\.net|slack\.com|rootly\.com"
    r"|firehydrant\.io|ilert\.com|incident\.io|newrelic\.com|splunkcloud\.com|statuspage\.io|jfrog\.io|azure\.com)$"
)
"""Where the first name is the customer's, not a machine's."""
_CLOUDS: Final = re.compile(
    r"\.(amazonaws\.com(\.cn)?|on\.aws|windows\.net|database\.azure\.com|azurewebsites\.net|run\.app|cloudfunctions\.net)$"
)
"""Where the first name is what the resource was called when it was made."""


def is_tenant(host: str) -> bool:
    """Whether a host is a tool's that everybody uses: that two addresses have it in common says nothing."""
    return f"https://{host}" in BASES.values() or _TENANTS.search(host) is not None


def is_cloud(host: str) -> bool:
    """Whether a host's name begins with that of a cloud's resource, such as a database's, a cache's or a bucket's."""
    return _CLOUDS.search(host) is not None


def read_host(text: str) -> Iterator[Clue]:
    """The clues in a host's name that stands alone, with a port or without."""
    cluster = _CLUSTER.fullmatch(text.partition(":")[0])
    if cluster:
        yield from workload_clues(cluster[2], cluster[1], "an address inside Kubernetes")
        if cluster[3]:
            yield Clue("running", cluster[1], "likely", "an address inside Kubernetes")
    if _HOST.fullmatch(text) and not (cluster and cluster[3]):
        host = text.casefold()
        yield Clue("host", host, "likely", "a host")
        yield Clue("cloud-resource", host.partition(":")[0], "certain", "a host")
        if ":" in host:
            yield Clue("host", host.partition(":")[0], "likely", "a host")
        yield from name_host(host)
    elif re.fullmatch(r"[a-z][\w-]*:\d{2,5}", text, re.IGNORECASE):
        yield from name_host(text)


def name_host(host: str) -> Iterator[Clue]:
    """What may be called as a host is; one without a domain is a service's name where it was looked up."""
    name = host.partition(":")[0]
    if _TENANTS.search(name):
        return
    first, _, domain = name.partition(".")
    if is_cloud(name):
        yield Clue("cloud-resource", first, "likely", "the first name of a cloud's host")
    sure: Surety = "possible" if domain else "likely"
    seen_as = "a host's first name" if domain else "a host's name"
    yield Clue("kubernetes", first, sure, seen_as)
    yield Clue("running", first, sure, seen_as)


def read_connection(text: str) -> Iterator[Clue]:
    """`postgres://user:password@payments-db:5432/payments` is about the host, `s3://bucket/key` about the bucket."""
    if not (scheme := _CONNECTION.match(text)) or scheme[1].casefold() in _PAGES:
        return
    try:
        host = urlsplit(text.removeprefix("jdbc:")).hostname or ""
    except ValueError:
        return
    if scheme[1].casefold() in _BUCKETS:
        yield Clue("cloud-resource", host, "certain", "a bucket")
    else:
        yield from read_host(host) if "." in host else name_host(host)


def read_arn(text: str) -> Iterator[Clue]:
    """An ARN, and what it is below: an object is in a bucket, an alias is a function's."""
    head = re.match(r"arn:(?:[^:]*:){4}", text, re.IGNORECASE)
    if head is None:
        return
    yield Clue("cloud-resource", text, "certain", "an ARN")
    for at in reversed([match.start() for match in re.finditer(r"[:/]", text) if match.start() >= head.end()]):
        yield Clue("cloud-resource", text[:at], "likely", "an ARN below another")
