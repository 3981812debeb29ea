"""What an entity's annotations say: which tool each belongs to, its single values, and the addresses they lead to. Pure
functions over the table in `known`: nothing here asks whether a value is alive.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from catalog.annotations.known import ANNOTATIONS, BASES, CATEGORIES, Annotation, Category, Lookup, Shape

__all__ = [
    "ANNOTATIONS",
    "BASES",
    "CATEGORIES",
    "Annotation",
    "Category",
    "Lookup",
    "Shape",
    "find_annotation",
    "find_bases",
    "find_links",
    "mask",
    "parse_labels",
    "split_list",
    "split_values",
]

_SECRET: Final = re.compile(r"(token|password|passwd|secret|api-?key|private-?key|integration-?key)$", re.IGNORECASE)
_IMAGES: Final = "/repository-slug"
_SOURCE: Final = "backstage.io/source-location"


def find_annotation(key: str) -> Annotation:
    """What is known of a key; of an unknown one, that it belongs to whoever owns its prefix."""
    if (known := ANNOTATIONS.get(key)) is not None:
        return known
    prefix, _, name = key.rpartition("/")
    if key.endswith(_IMAGES):  # the Quay plug-in's prefix is the registry's own domain (reference section 12.3)
        return Annotation(
            key, "Images", "ci", prefix, "path", "image", (("Images", f"https://{prefix}/repository/{{value}}"),)
        )
    return Annotation(key, name, "other", prefix, is_secret=bool(_SECRET.search(name)))


def split_values(annotation: Annotation, value: str) -> list[str]:
    """The single values in one annotation's text; `all` of Prometheus stays one value."""
    if annotation.shape in ("list", "urls", "labels"):
        return list(split_list(value))
    return [part] if (part := value.strip()) else []


def split_list(value: str) -> tuple[str, ...]:
    """The parts of a list with commas, each once."""
    return tuple(dict.fromkeys(part for raw in value.split(",") if (part := raw.strip())))


def parse_labels(value: str) -> tuple[tuple[str, str], ...]:
    """The pairs of `k=v,k2=v2`, split at the first `=` as Roadie's Prometheus plug-in does; what has none is left out.

    A key may come twice: in Grafana's selectors a comma means "or".
    """
    pairs = (part.partition("=") for part in split_list(value))
    return tuple(
        (key.strip(), rest.lstrip("=").strip().strip("\"'")) for key, sign, rest in pairs if sign and key.strip()
    )


def mask(value: str) -> str:
    """A secret as it may be shown: enough of it to tell two apart, and no more."""
    return f"{value[:4]}…" if len(value) >= 12 else "…"


def find_bases(annotations: Mapping[str, object], configured: Mapping[str, str] | None = None) -> dict[str, str]:
    """The instance of each tool as far as one entity knows it: configured, public, or the host its own source is on."""
    bases = BASES | dict(configured or {})
    if isinstance(instance := annotations.get("gitlab.com/instance"), str) and re.fullmatch(
        r"[\w.-]+(:\d+)?", instance
    ):
        bases["GitLab"] = f"https://{instance}"
    if isinstance(organisation := annotations.get("dev.azure.com/host-org"), str):
        bases.setdefault("Azure DevOps", f"https://{quote(organisation, safe='/')}")
    source = _split_url(str(annotations.get(_SOURCE) or "").removeprefix("url:"))
    for tool, key in (("GitHub", "github.com/project-slug"), ("GitLab", "gitlab.com/project-slug")):
        slug = annotations.get(key)
        if isinstance(slug, str) and slug and f"{source[1]}/".startswith(f"/{slug}/") and source[0]:
            bases[tool] = source[0]
    if (site := annotations.get("datadoghq.com/site")) and re.fullmatch(r"[\w.-]+", str(site)):
        bases["Datadog"] = f"https://app.{site}"
    return bases


def _split_url(url: str) -> tuple[str, str]:
    """Where a web address starts (`https://host`) and its path; both empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return "", ""
    return f"{parts.scheme}://{parts.netloc}", parts.path.replace("/-/", "/")


def find_links(annotation: Annotation, value: str, bases: Mapping[str, str]) -> list[tuple[str, str]]:
    """Labels and addresses that a value leads to. An address may still be anything its author wrote: check it before
    it is shown as a link. None where its instance is not known, or where it is a secret.
    """
    if annotation.is_secret:
        return []
    found = []
    for label, template in annotation.links:
        if "{base}" in template and annotation.tool not in bases:
            continue
        each = split_values(annotation, value) if "{item}" in template or "{url}" in template else [value.strip()]
        found += [
            (_fill(label, one, bases, annotation, plain=True), _fill(template, one, bases, annotation)) for one in each
        ]
    return [(label, address) for label, address in found if address]


def _fill(template: str, value: str, bases: Mapping[str, str], annotation: Annotation, *, plain: bool = False) -> str:
    parts = value.strip("/").split("/")
    if annotation.shape == "path" and ("" in parts or ".." in parts or ("{first}" in template and len(parts) < 2)):
        return ""
    encode = str if plain else lambda text: quote(text, safe="", errors="replace")
    return template.format(
        base=bases.get(annotation.tool, "").rstrip("/"),
        url=value.removeprefix("url:"),
        value=quote(value.strip("/"), safe="/", errors="replace"),
        query=encode(value),
        item=encode(value),
        first=encode(parts[0]),
        last=encode(parts[-1]),
    )
