"""Backstage's app-config.yaml as our configuration: what can be taken over, and what cannot, with its line.

The keys are those of reference sections 11 and 13. References to secrets stay references; nothing is filled in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog import scm
from catalog.catalog import locate
from catalog.documents import Draft
from catalog.scm.searched import SEARCH_HINT, is_search, split_search
from web.app_config.integrations import DEFAULT_HOSTS, translate_integrations, translate_s3
from web.app_config.part import NO_COUNTERPART, Notes, Part, keep_filled
from web.app_config.providers import translate_providers
from web.app_config.tools import translate_tools
from web.mistakes import Mistake, format_path

_TOPICS = {
    "github": "github",
    "gitlab": "gitlab",
    "gitea": "gitea",
    "bitbucketCloud": "bitbucketCloud",
    "bitbucketServer": "bitbucketServer",
    "azureDevOps": "azure",
}
"""The types of the hosts whose webhooks the modules of events are about."""
DEFAULT_RULES = [{"allow": ["Component", "API", "Location"]}]
"""What Backstage allows where nothing is said."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Settings as they are written, what was left out, each with its place, and the sections that were not looked at."""

    settings: dict[str, Any]
    left: list[Mistake]
    ignored: list[str]


def translate_app_config(draft: Draft) -> Imported:
    """The settings that an app-config file amounts to."""
    notes = Notes()
    whole = Part(draft.data, (), notes)
    catalog, integrations, backend = whole.part("catalog"), whole.part("integrations"), whole.part("backend")
    hosts = translate_integrations(integrations)
    _take_webhooks(whole, hosts)
    types = scm.Hosts.of_types({name: host["type"] for name, host in hosts.items()})
    sources = [*_translate_locations(catalog, types), *translate_providers(catalog.part("providers"))]
    if keys := translate_s3(integrations):
        sources = [{**one, **keys} if one["type"] == "s3" else one for one in sources]
    rules = _translate_rules(catalog)
    if rules is None and any("rules" in one for one in sources):
        rules = DEFAULT_RULES  # there, rules of a location come on top of these
    every = catalog.duration("processingInterval") if catalog.data.get("processingInterval") is not False else None
    conflict = catalog.text("defaultLocationConflictStrategy")
    orphans = catalog.text("orphanStrategy")
    settings = {
        "sources": sources,
        "hosts": hosts,
        "locations": keep_filled({"conflict": conflict, "every": every}),
        "orphans": orphans,
    }
    settings |= _translate_backend(backend) | {"live": translate_tools(whole)}
    catalog.finish()
    integrations.finish()
    written = keep_filled(settings) | ({"rules": rules} if rules is not None else {})
    return Imported(written, _place(notes, draft), sorted(whole.data))


def _place(notes: Notes, draft: Draft) -> list[Mistake]:
    found = []
    for path, why in notes.found:
        line, column = locate(draft, path, key=bool(path) and isinstance(path[-1], str))
        found.append(Mistake(draft.location.target, line, column, f"`{format_path(path)}` {why}"))
    return sorted(found, key=lambda one: (one.line, one.column))


def _translate_locations(catalog: Part, hosts: scm.Hosts) -> list[dict[str, Any]]:
    sources: list[dict[str, Any]] = []
    for one in catalog.parts("locations"):
        type, target = one.text("type"), one.text("target")
        allowed = [kind for rule in one.parts("rules") for kind in rule.texts("allow")]
        if type not in ("url", "file"):
            one.note("type", f"is `{type}`, which is not read here")
            continue
        source: dict[str, Any] = {"type": type, "url" if type == "url" else "path": target}
        if type == "url" and is_search(target):
            searched = split_search(target, hosts)
            if searched is None:
                one.note("target", f"stands for many files, which are not searched for there. {SEARCH_HINT}")
                continue
            source = {"type": "git", "url": searched.repository, "branch": searched.branch, "patterns": [searched.glob]}
        if type == "file" and "*" in target:
            folder, glob = _split_glob(target)
            source = {"type": "folder", "path": folder, "patterns": [glob]}
        if type == "file" and not target.startswith("/"):
            one.note("target", "was meant from the folder Backstage ran in; here it is from this file's")
        sources.append(keep_filled({**source, "rules": allowed}))
        one.finish()
    return sources


def _split_glob(path: str) -> tuple[str, str]:
    """The folder above all that a path with `*` stands for, and the rest."""
    parts = path.split("/")
    fixed = next(number for number, part in enumerate(parts) if "*" in part)
    return "/".join(parts[:fixed]) or ("/" if path.startswith("/") else "."), "/".join(parts[fixed:])


def _translate_rules(catalog: Part) -> list[dict[str, Any]] | None:
    if not isinstance(catalog.data.get("rules"), list):
        return None
    rules = []
    for one in catalog.parts("rules"):
        kinds = one.take("allow", [])
        allow = [_translate_kind(kind) for kind in (kinds if isinstance(kinds, list) else [kinds])]
        has_places = isinstance(one.data.get("locations"), list)
        places = [_translate_place(place) for place in one.parts("locations")]
        rules.append({"allow": allow} | ({"places": places} if has_places else {}))
        one.finish()
    return rules


def _translate_kind(kind: Any) -> Any:
    if not isinstance(kind, dict):
        return kind
    return keep_filled({"kind": kind.get("kind"), "type": kind.get("spec.type")})


def _translate_place(place: Part) -> dict[str, Any]:
    found = {key: place.text(key) for key in ("type", "exact", "pattern")}
    place.finish()
    return keep_filled(found)


def _take_webhooks(whole: Part, hosts: dict[str, dict[str, Any]]) -> None:
    """The secrets of webhooks, which belong to their hosts here."""
    events = whole.part("events")
    modules = events.part("modules")
    for key in [key for key in modules.data if key in _TOPICS]:
        one, type = modules.part(key), _TOPICS[key]
        named = [host for host in hosts.values() if host["type"] == type]
        if (secret := one.secret("webhookSecret")) is not None:
            if not named and type in DEFAULT_HOSTS:
                named = [hosts.setdefault(DEFAULT_HOSTS[type], {"type": type})]
            for host in named:
                host.setdefault("webhook_secret", secret)
        one.finish()
    events.take("http")  # what Backstage takes in there is taken in here
    modules.finish()
    events.finish()


def _translate_backend(backend: Part) -> dict[str, Any]:
    """Who may ask, from which pages, and what may be read. What else is there is about the Node process."""
    auth, reading, cors = backend.part("auth"), backend.part("reading"), backend.part("cors")
    tokens = _translate_tokens(auth)
    reads = "open" if auth.take("dangerouslyDisableDefaultAuthPolicy") is True else ""
    allow = []
    for one in reading.parts("allow"):
        # Backstage asks hosts inside the network, too, without being told that they are.
        allow.append(keep_filled({"host": one.text("host"), "paths": one.texts("paths"), "private": True}))
        one.finish()
    origins = [origin.rstrip("/") for origin in cors.texts("origin")]
    credentials = cors.take("credentials")
    cors.take("methods")
    for part in (auth, reading, cors):
        part.finish()
    return {
        "auth": keep_filled({"tokens": tokens, "reads": reads}),
        "reading": keep_filled({"allow": allow}),
        "cors": keep_filled({"origins": origins, "credentials": credentials}) if origins else {},
    }


def _translate_tokens(auth: Part) -> Sequence[dict[str, Any]]:
    tokens = []
    for one in auth.parts("externalAccess"):
        type, options = one.text("type"), one.part("options")
        if type != "static":
            one.note("type", f"is `{type}`; only static tokens are known here")
            continue
        if one.take("accessRestrictions"):
            one.note(
                "accessRestrictions", "cannot be kept, so the token was not taken over: here it could do everything"
            )
            continue
        tokens.append({"token": options.secret("token"), "subject": options.text("subject")})
        options.finish()
        one.finish()
    return tokens


__all__ = ["NO_COUNTERPART", "Imported", "translate_app_config"]
