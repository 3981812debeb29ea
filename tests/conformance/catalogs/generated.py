"""Writes a catalog of 500 entities to a folder, the same bytes every time: the conformance suite's larger catalog.

`python -m tests.conformance.catalogs.generated FOLDER`; the entry is FOLDER/all.yaml.
"""

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

Entity = dict[str, Any]
NAMESPACES = ("default", "default", "default", "payments", "data-platform")
TYPES = ("service", "Service", "website", "library", "worker")
LIFECYCLES = ("production", "experimental", "deprecated")
TAGS = ("java", "go", "python", "rust", "kafka", "grpc", "tier-1", "pci", "legacy", "c++")
WORDS = ("Order", "invoice", "Ledger", "cart", "Search", "größe", "ÉTÉ", "risk", "Ω-mega", "shipping", "Login", "名前")
COUNTS = {
    "Domain": 6,
    "System": 24,
    "Group": 40,
    "User": 90,
    "API": 70,
    "Resource": 60,
    "Component": 204,
    "Template": 4,
}
FILE_SIZE = 130  # entities in one file


def generate_entities(seed: int = 4) -> list[Entity]:
    """All entities but the Location that lists the files, in the order they are written."""
    random = Random(seed)
    return [_entity(random, kind, number) for kind, count in COUNTS.items() for number in range(count)]


def write_catalog(folder: Path) -> Path:
    """Write the catalog's files below `folder` and return the path of its entry."""
    folder.mkdir(parents=True, exist_ok=True)
    entities = generate_entities()
    names = []
    for start in range(0, len(entities), FILE_SIZE):
        name = f"part-{start // FILE_SIZE}.yaml"
        # JSON is YAML: one document a line needs no writer that could change between versions.
        documents = (json.dumps(entity, ensure_ascii=False) for entity in entities[start : start + FILE_SIZE])
        (folder / name).write_text("\n---\n".join(documents) + "\n", encoding="utf-8")
        names.append(f"./{name}")
    entry = folder / "all.yaml"
    location = _envelope("Location", {"name": "generated-catalog"}, {"targets": names})
    entry.write_text(json.dumps(location) + "\n", encoding="utf-8")
    return entry


def _envelope(kind: str, metadata: Entity, spec: Entity) -> Entity:
    group = "scaffolder.backstage.io/v1beta3" if kind == "Template" else "backstage.io/v1alpha1"
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}


def _entity(random: Random, kind: str, number: int) -> Entity:
    metadata: Entity = {"name": f"{kind.lower()}-{number}"}
    namespace = random.choice(NAMESPACES)
    if namespace != "default":
        metadata["namespace"] = namespace
    if random.random() < 0.5:
        metadata["title"] = f"{random.choice(WORDS)} {random.choice(WORDS)} {number % 17}"
    if random.random() < 0.5:
        metadata["tags"] = random.sample(TAGS, random.randint(0, 3))
    if random.random() < 0.2:
        metadata["annotations"] = {"github.com/project-slug": f"acme/{kind.lower()}-{number}"}
    return _envelope(kind, metadata, _spec(random, kind, number))


def _ref(random: Random, kind: str, prefix: bool = False) -> str:
    # One in three names another namespace, so a part of the targets dangles.
    namespace = random.choice(("", "", "payments/"))
    return (f"{kind.lower()}:" if prefix else "") + f"{namespace}{kind.lower()}-{random.randrange(COUNTS[kind])}"


def _refs(random: Random, kind: str, most: int, prefix: bool = False) -> list[str]:
    return [_ref(random, kind, prefix) for _ in range(random.randint(0, most))]


def _spec(random: Random, kind: str, number: int) -> Entity:
    owned = {"owner": _ref(random, "Group")}
    staged = owned | {"lifecycle": random.choice(LIFECYCLES)}
    if kind == "Component":
        return staged | _component(random, number)
    if kind == "API":
        system = {"system": _ref(random, "System")}
        return staged | system | {"type": random.choice(("openapi", "grpc")), "definition": "-"}
    if kind == "Resource":
        return owned | {"type": random.choice(("database", "queue")), "dependsOn": _refs(random, "Resource", 1, True)}
    if kind == "System":
        return owned | {"domain": _ref(random, "Domain")}
    if kind == "Domain":
        return owned
    if kind == "Template":
        return owned | {"type": "service", "steps": [{"action": "debug:log"}]}
    return _people(random, kind, number)


def _component(random: Random, number: int) -> Entity:
    spec: Entity = {"type": random.choice(TYPES), "cost": number * 7 % 100}
    if random.random() < 0.8:
        spec["system"] = _ref(random, "System")
    fields = {"providesApis": ("API", 1, False), "consumesApis": ("API", 2, False), "dependsOn": ("Component", 3, True)}
    return spec | {field: _refs(random, *arguments) for field, arguments in fields.items()}


def _people(random: Random, kind: str, number: int) -> Entity:
    if kind == "User":
        return {"profile": {"displayName": f"{random.choice(WORDS)} {number}"}, "memberOf": _refs(random, "Group", 2)}
    parent = {"parent": f"group-{number // 4}"} if number else {}
    return {"type": random.choice(("team", "squad")), "children": []} | parent


if __name__ == "__main__":
    print(write_catalog(Path(sys.argv[1])))
