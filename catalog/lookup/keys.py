"""The keys by which one entity can be found: from its annotations, links and profile. Names and refs the view knows itself."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import parse_qsl, urlsplit

from catalog.annotations import Annotation, Lookup, find_annotation, parse_labels, split_values
from catalog.documents import Json
from catalog.lookup.clues import KeyKind, make_key, normalise_address, split_repository
from catalog.lookup.labels import plain_name

_ORIGINS: Final = ("backstage.io/managed-by-location", "backstage.io/view-url")
_SELECTOR: Final = "backstage.io/kubernetes-label-selector"
_REPOSITORY_HOSTS: Final = {"GitHub": "github.com", "GitLab": "gitlab.com", "Bitbucket": "bitbucket.org"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an entity: what it is compared as, and where it stands. `shown` is empty for what may not be shown."""

    key: str
    kind: KeyKind
    shown: str
    where: str


def read_keys(entity: dict[str, Json]) -> Iterator[Key]:
    """Every key of an entity but its ref, uid and name."""
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    annotations = metadata.get("annotations") or {}
    for name, value in annotations.items():
        if isinstance(value, str) and value.strip():
            yield from _read_annotation(find_annotation(name), value)
    yield from _read_workload(metadata, annotations)
    for name in _ORIGINS:
        value = annotations.get(name)
        if isinstance(value, str):
            yield from _repository_keys(value, name)
    for at, link in enumerate(metadata.get("links") or ()):
        if isinstance(link, dict) and isinstance(link.get("url"), str):
            yield from _address_keys(link["url"], f"links[{at}]")
    if isinstance(metadata.get("title"), str):
        yield _key("title", metadata["title"], "title")
    profile = spec.get("profile")
    if isinstance(profile, dict):
        if isinstance(profile.get("displayName"), str):
            yield _key("title", profile["displayName"], "profile.displayName")
        if isinstance(profile.get("email"), str):
            yield _key("e-mail", profile["email"], "profile.email")


def _key(kind: KeyKind, value: str, where: str, shown: str | None = None) -> Key:
    return Key(make_key(kind, value), kind, value if shown is None else shown, where)


def _read_annotation(known: Annotation, value: str) -> Iterator[Key]:
    if known.shape == "labels" or known.lookup == "label-set":
        yield from (_key("label", pair, known.key) for pair in read_pairs(known, value))
        if known.key == _SELECTOR:
            yield from (_key("kubernetes", name, known.key) for name in _selected(value))
    elif known.lookup:
        yield from _READERS.get(known.lookup, _read_plain)(known, value)
    elif known.category == "other" and not known.is_secret and value.startswith(("http://", "https://")):
        yield from _address_keys(value, known.key)


def _read_plain(known: Annotation, value: str) -> Iterator[Key]:
    for one in split_values(known, value):
        if known.lookup == "alert-name" and one == "all":
            continue  # every alert of an instance, and no name
        yield _key(cast(KeyKind, known.lookup), one, known.key, "" if known.is_secret else one)
        if known.shape == "path" and "/" in one:  # an instance, or an organisation, stands before the name
            yield _key(cast(KeyKind, known.lookup), one.rpartition("/")[2], known.key, one)


def read_pairs(known: Annotation, value: str) -> list[str]:
    """The labels that an annotation asks for, as `name=value`; Datadog writes a list of `tag:value`."""
    if known.shape == "labels":
        return [f"{name}={wanted}" for name, wanted in parse_labels(value)]
    return [one.replace(":", "=", 1) for one in split_values(known, value)] if known.lookup == "label-set" else []


def _read_addresses(known: Annotation, value: str) -> Iterator[Key]:
    for one in split_values(known, value):
        yield from _address_keys(one, known.key)


def _read_sentry(known: Annotation, value: str) -> Iterator[Key]:
    yield _key("sentry-project", value.strip("/"), known.key)
    yield _key("sentry-project", value.strip("/").rpartition("/")[2], known.key, value)


def _read_repository(known: Annotation, value: str) -> Iterator[Key]:
    if known.shape == "url":
        yield from _repository_keys(value, known.key)
        return
    yield _key("slug", value.strip("/"), known.key)
    if known.tool in _REPOSITORY_HOSTS:
        yield _key("repository", f"{_REPOSITORY_HOSTS[known.tool]}/{value.strip('/')}", known.key, value)


def _repository_keys(address: str, where: str) -> Iterator[Key]:
    if (found := split_repository(address)) is not None:
        host, path = found
        yield _key("repository", f"{host}/{path}", where)
        yield _key("slug", path, where)


def _address_keys(address: str, where: str) -> Iterator[Key]:
    if (found := normalise_address(address)) is not None:
        host, path = found
        yield _key("host", host, where, address)
        yield _key("address", host + path, where, address)
        yield from (_key("dashboard", value, where, address) for value in _variables(address))


def _variables(address: str) -> list[str]:
    """What a Grafana dashboard is opened for, as in `?var-database=payments-db`."""
    return [value for name, value in parse_qsl(urlsplit(address).query) if name.startswith("var-") and len(value) > 2]


def _read_resource(known: Annotation, value: str) -> Iterator[Key]:
    yield _key("cloud-resource", value.strip(), known.key)
    if value.startswith("arn:"):
        yield _key("cloud-resource", re.split(r"[:/]", value.strip())[-1], known.key, value)


def _read_kubernetes(known: Annotation, value: str) -> Iterator[Key]:
    if known.key.endswith("-namespace"):
        yield _key("namespace", value, known.key)
    elif not known.key.endswith("-cluster"):
        yield _key("kubernetes", value, known.key)


def _selected(selector: object) -> list[str]:
    """The workloads that a selector means by the label that names them."""
    labels = parse_labels(selector) if isinstance(selector, str) else ()
    return [value for name, value in labels if plain_name(name) == "app" and value]


def _read_workload(metadata: dict[str, Json], annotations: dict[str, Json]) -> Iterator[Key]:
    """Namespace and workload together, as in `payments/payment-api`: the id, what is selected, else the entity's own name."""
    namespace = annotations.get("backstage.io/kubernetes-namespace")
    if isinstance(namespace, str) and namespace.strip():
        id, where = annotations.get("backstage.io/kubernetes-id"), "backstage.io/kubernetes-namespace"
        own = [id.strip()] if isinstance(id, str) and id.strip() else _selected(annotations.get(_SELECTOR))
        for name in own or [str(metadata["name"])]:
            yield _key("workload", f"{namespace.strip()}/{name}", where)


_READERS: Final[Mapping[Lookup, Callable[[Annotation, str], Iterator[Key]]]] = {
    "repository": _read_repository,
    "url": _read_addresses,
    "kubernetes": _read_kubernetes,
    "cloud-resource": _read_resource,
    "sentry-project": _read_sentry,
}
"""The kinds of values that are more than one key; each other one is a key as it stands."""
