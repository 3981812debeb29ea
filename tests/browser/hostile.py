"""Writes a catalog that means harm: script, quotes, turned writing, endless words and harmful links, in every field."""

import json
from pathlib import Path
from typing import Any

# Whatever gets to run calls `ran`, which tells the test; `{{7*7}}` must never become 49.
ATTACKS = (
    "<script>ran('script')</script>",
    '"><img src=x onerror="ran(\'attribute\')">',
    "' onfocus='ran(\"quote\")' autofocus tabindex=1 x='",
    "</title></textarea></style></script><svg onload=ran('closing')>",
    "javascript:ran('address')",
    "data:text/html,<script>ran('data')</script>",
    "[link](javascript:ran('markdown')) ![x](x) <details open ontoggle=ran('html')> <javascript:ran('auto')>",
    "&#106;avascript&colon;ran('entity') &lt;script&gt;ran('decoded')&lt;/script&gt;",
    "{{7*7}} ${7*7} {% raw %} <%= 7*7 %>",
    "\u202eturned \u2066isolated \u200fright\u200b\ufeff nothing",
    "Z\u0351\u0343\u0342\u0346\u0352\u0369a\u0363\u0367\u0349\u0326l\u0360go" * 40,
)
ALL = "\n\n".join(ATTACKS)
LONG_NAME = "a-name-of-63-letters-".ljust(63, "x")
LONG_WORD = "w" * 10_000
LONG_TEXT = "many words " * 910
KINDS = ("Component", "API", "Resource", "System", "Domain", "Group", "User", "Template", "Location")
API_TYPES = ("openapi", "asyncapi", "graphql", "grpc", "trpc")
MANY = 1_500


def write_hostile(folder: Path) -> Path:
    """One file an entity, in folders whose names mean harm too; and one file of documents that are refused."""
    place = folder / "\"><script>ran('folder')<" / "script>"
    for number, entity in enumerate([*map(_entity, KINDS), *map(_api, API_TYPES), *_large(), *_long()]):
        _write(place / f"{number:02}", json.dumps(entity))
    refused = [_refused(field, attack) for attack in ATTACKS for field in ("name", "namespace", "tags", "labels")]
    _write(place / "refused", "\n---\n".join(json.dumps(one) for one in refused))
    _write(place / "no-yaml", ALL + "\n\t: [" + LONG_WORD)
    return folder


def _write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(text, encoding="utf-8")


def _entity(kind: str, name: str = "", **spec: Any) -> dict[str, Any]:
    at = len(name or kind)
    attack = [ATTACKS[(at + step) % len(ATTACKS)] for step in range(len(ATTACKS))]
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3" if kind == "Template" else "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {
            "name": name or f"hostile-{kind.lower()}",
            "title": attack[0],
            "description": ALL,
            "annotations": {f"example.com/{number}": one for number, one in enumerate(ATTACKS)} | _known(attack),
            "links": [{"url": _url(one), "title": one, "icon": one, "type": one} for one in ATTACKS],
        },
        "spec": _spec(kind, attack) | spec,
    }


def _url(attack: str) -> str:
    """The attack where a URL must stand: what is none by itself is put into one."""
    return attack if attack.startswith(("javascript:", "data:")) else f"https://example.com/?{attack}"


def _known(attack: list[str]) -> dict[str, str]:
    names = (
        "backstage.io/techdocs-ref", "backstage.io/source-location", "backstage.io/view-url", "backstage.io/edit-url",
        "github.com/project-slug", "pagerduty.com/service-id", "pagerduty.com/integration-key", "sonarqube.org/project-key",
        "grafana/dashboard-selector", "argocd/app-name", "backstage.io/kubernetes-id", "jenkins.io/job-full-name",
        "sentry.io/project-slug", "backstage.io/runbook-url", "callboard.dev/slack", "prometheus.io/rule",
    )  # fmt: skip
    return {name: attack[number % len(attack)] for number, name in enumerate(names)}


def _spec(kind: str, attack: list[str]) -> dict[str, Any]:
    profile = {"displayName": attack[1], "email": attack[2], "picture": attack[4]}
    targets = [f"component:default/{LONG_NAME}", "component:default/hostile-component", "group:default/gone"]
    own = {"type": attack[3], "lifecycle": attack[0], "owner": "group:default/hostile-group", "definition": ALL}
    kinds: dict[str, dict[str, Any]] = {
        "Component": {"dependsOn": targets, "providesApis": ["hostile-api"], "consumesApis": ["large-openapi", "gone"]},
        "Group": {"profile": profile, "children": [], "members": ["hostile-user"], "type": attack[3]},
        "User": {"profile": profile, "memberOf": ["hostile-group"]},
        "Template": {"steps": [{"id": "x", "name": attack[1], "action": attack[2]}], "type": attack[3]},
        "Location": {"type": "url", "targets": [attack[4], attack[5]]},
    }
    return kinds[kind] if kind in ("Group", "User", "Location") else own | kinds.get(kind, {})


def _api(type: str) -> dict[str, Any]:
    """A definition of more than a megabyte, as its type has it, with the attacks for names and texts."""
    texts = [ATTACKS[number % len(ATTACKS)][:120] for number in range(4_000)]
    paths = {f"/{one}/{n}": {"get": {"summary": one, "operationId": one, "tags": [one]}} for n, one in enumerate(texts)}
    channels = {f"{one}/{n}": {"subscribe": {"summary": one, "message": {"name": one}}} for n, one in enumerate(texts)}
    info = {"title": ALL, "version": ATTACKS[0], "description": ALL}
    text = {
        "openapi": json.dumps({"openapi": "3.1.0", "info": info, "paths": paths, "servers": [{"url": ATTACKS[4]}]}),
        "asyncapi": json.dumps({"asyncapi": "2.6.0", "info": info, "channels": channels}),
        "graphql": "\n".join(f'"""{one}"""\ntype T{n} {{ "{n}" f(a: Int = 1): T{n} }}' for n, one in enumerate(texts)),
        "grpc": "\n".join(f"// {one[:200]!r}\nservice S{n} {{ rpc M(A) returns (B); }}" for n, one in enumerate(texts)),
    }.get(type, ALL)
    return _entity("API", f"large-{type}", type=type, definition=text.ljust(1_100_000))


def _large() -> list[dict[str, Any]]:
    """More of everything than a page can show."""
    many = _entity("Component", "many", dependsOn=[f"resource:default/gone-{number}" for number in range(MANY)])
    many["metadata"] |= {
        "tags": [f"tag-{number}" for number in range(MANY)],
        "links": [{"url": f"https://example.com/{number}", "title": ATTACKS[number % 9]} for number in range(MANY)],
        "annotations": {f"example.com/{number}": ATTACKS[number % 9] for number in range(MANY)},
    }
    return [many]


def _long() -> list[dict[str, Any]]:
    """Names, words and texts as long as they may be."""
    word, text = _entity("Component", LONG_NAME), _entity("System", LONG_NAME)
    word["metadata"] |= {"title": LONG_WORD[:2_000], "description": LONG_WORD, "tags": ["t" * 63]}
    word["spec"]["type"] = LONG_WORD[:300]
    text["metadata"] |= {
        "title": LONG_TEXT[:2_000],
        "description": LONG_TEXT,
        "annotations": {"example.com/x": LONG_WORD},
    }
    group, user = _entity("Group", LONG_NAME), _entity("User", LONG_NAME)
    group["spec"]["profile"] = {"displayName": LONG_WORD[:500]}
    user["spec"]["profile"] = {"displayName": LONG_WORD[:500], "email": f"{LONG_NAME}@example.com"}
    return [word, text, group, user]


def _refused(field: str, attack: str) -> dict[str, Any]:
    entity = _entity("Component", "refused")
    entity["metadata"][field] = {"tags": [attack], "labels": {attack: attack}}.get(field, attack)
    return entity
