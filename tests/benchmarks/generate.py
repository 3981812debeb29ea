"""Writes a made-up catalog of N entities as catalog-info.yaml files, and what a server that read them must hold.

The same arguments give the same bytes on every machine. It reads nothing and needs only the standard library.
"""

import argparse
import collections
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHARES = {"Component": 55, "API": 15, "Resource": 15, "System": 5, "Domain": 1, "User": 6, "Group": 3}
ENDINGS = {
    "Component": "app",
    "API": "api",
    "Resource": "store",
    "System": "system",
    "Domain": "area",
    "User": "person",
    "Group": "team",
}
# field of spec: the relation it declares, the inverse on its target, the kind of a target written as a bare name.
RELATIONS = {
    "owner": ("ownedBy", "ownerOf", "group"),
    "system": ("partOf", "hasPart", "system"),
    "domain": ("partOf", "hasPart", "domain"),
    "parent": ("childOf", "parentOf", "group"),
    "memberOf": ("memberOf", "hasMember", "group"),
    "dependsOn": ("dependsOn", "dependencyOf", ""),
    "providesApis": ("providesApi", "apiProvidedBy", "api"),
    "consumesApis": ("consumesApi", "apiConsumedBy", "api"),
}
# Qualifiers, subjects and tags: three paragraphs of plain words, none of them a boolean or a number in any YAML.
VOCABULARY = """\
amber brisk calm daily early fresh grand handy inner joint keen lower main north outer prime quick rapid

account address auction baggage balance banner basket beacon booking branch bundle carrier charge claim coupon
courier credit currency customer dealer deposit device dispatch dock donation driver engine event fare fleet freight
gift harbor hotel insurance itinerary journey kiosk label lease loyalty luggage manifest map meter mobile offer parcel
partner passport permit pickup planner policy postage quote rail rating receipt region rental reward route schedule
seat sensor shelf ship station stock survey tariff ticket timetable toll tracking transfer voucher wallet weather

backend batch cli data docs edge frontend go internal java kotlin ml mobile node public python ruby rust"""
QUALIFIERS, SUBJECTS, TAGS = (paragraph.split() for paragraph in VOCABULARY.split("\n\n"))
SEARCH_WORDS = 40
SAMPLES = 20
FOLDERS_TOGETHER = 1000


class Fleet:
    """All names of the made-up company, and the dice that decide how its entities hang together."""

    def __init__(self, size: int, seed: int) -> None:
        self.dice = random.Random(seed)
        counts = {kind: max(1, size * share // 100) for kind, share in SHARES.items()}
        counts["Component"] += size - sum(counts.values())
        self.names = {kind: [self.name(kind, i) for i in range(count)] for kind, count in counts.items()}

    def name(self, kind: str, number: int) -> str:
        return f"{self.dice.choice(QUALIFIERS)}-{self.dice.choice(SUBJECTS)}-{ENDINGS[kind]}-{number}"

    def pick(self, kind: str) -> str:
        return self.dice.choice(self.names[kind])

    def picks(self, kind: str, least: int, most: int) -> list[str]:
        names = self.names[kind]
        return sorted(self.dice.sample(names, min(len(names), self.dice.randint(least, most))))

    def words(self, count: int) -> str:
        return " ".join(self.dice.choices(SUBJECTS, k=count))

    def earlier(self, kind: str, number: int, most: int) -> list[str]:
        """References to entities before the numbered one, so that dependencies never form a cycle."""
        count = min(number, self.dice.randint(0, most))
        return [f"{kind.lower()}:{self.names[kind][i]}" for i in sorted(self.dice.sample(range(number), count))]


def make_entities(fleet: Fleet) -> Iterator[dict[str, Any]]:
    """Every entity, kind by kind."""
    for kind, names in fleet.names.items():
        for number, name in enumerate(names):
            metadata: dict[str, Any] = {"name": name}
            if kind != "User":
                metadata["title"] = name.replace("-", " ").title()
                metadata["description"] = f"{kind} for {fleet.words(3)}, used by {fleet.words(4)}"
            if kind in ("Component", "API", "Resource"):
                metadata |= make_extras(fleet, name)
            spec = SPECS[kind](fleet, name, number)
            yield {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def make_extras(fleet: Fleet, name: str) -> dict[str, Any]:
    """The labels, annotations, tags and links that authors give to software."""
    dice = fleet.dice
    annotations = {"github.com/project-slug": f"acme/{name}", "acme.example/budget": f"line-{dice.randint(1, 200)}"}
    if dice.random() < 0.5:
        annotations["backstage.io/techdocs-ref"] = "dir:."
    if dice.random() < 0.3:
        annotations["pagerduty.com/service-id"] = f"P{dice.getrandbits(40):010X}"
    return {
        "labels": {"acme.example/tier": str(dice.randint(1, 3)), "acme.example/zone": dice.choice(["east", "west"])},
        "annotations": annotations,
        "tags": sorted(dice.sample(TAGS, dice.randint(1, 4))),
        "links": [{"url": f"https://runbooks.acme.example/{name}", "title": "Runbook", "icon": "docs"}],
    }


def make_component(fleet: Fleet, name: str, number: int) -> dict[str, Any]:
    return {
        "type": fleet.dice.choices(["service", "website", "library"], [3, 1, 1])[0],
        "lifecycle": fleet.dice.choices(["production", "experimental", "deprecated"], [2, 1, 1])[0],
        "owner": fleet.pick("Group"),
        "system": fleet.pick("System"),
        "dependsOn": [f"resource:{target}" for target in fleet.picks("Resource", 0, 2)]
        + fleet.earlier("Component", number, 2),
        "providesApis": fleet.picks("API", 1, 1) if fleet.dice.random() < 0.3 else [],
        "consumesApis": fleet.picks("API", 0, 3),
    }


def make_api(fleet: Fleet, name: str, number: int) -> dict[str, Any]:
    lines = ["openapi: 3.0.0", "info:", f"  title: {name}", "  version: 1.0.0", "paths:"]
    for i in range(fleet.dice.randint(2, 6)):
        lines += [f"  /{fleet.words(1)}/{i}:", "    get:", f"      summary: {fleet.words(4)}"]
        lines += ["      responses:", '        "200":', "          description: The answer"]
    return {
        "type": fleet.dice.choice(["openapi", "grpc", "graphql", "asyncapi"]),
        "lifecycle": fleet.dice.choice(["production", "experimental"]),
        "owner": fleet.pick("Group"),
        "system": fleet.pick("System"),
        "definition": "\n".join(lines) + "\n",
    }


def make_resource(fleet: Fleet, name: str, number: int) -> dict[str, Any]:
    return {
        "type": fleet.dice.choice(["database", "bucket", "topic", "cluster"]),
        "owner": fleet.pick("Group"),
        "system": fleet.pick("System"),
        "dependsOn": fleet.earlier("Resource", number, 1) if fleet.dice.random() < 0.6 else [],
    }


def make_system(fleet: Fleet, name: str, number: int) -> dict[str, Any]:
    return {"owner": fleet.pick("Group"), "domain": fleet.pick("Domain")}


def make_domain(fleet: Fleet, name: str, number: int) -> dict[str, Any]:
    return {"owner": fleet.pick("Group")}


def make_profile(name: str) -> dict[str, str]:
    return {"displayName": name.replace("-", " ").title(), "email": f"{name}@acme.example"}


def make_user(fleet: Fleet, name: str, number: int) -> dict[str, Any]:
    return {"profile": make_profile(name), "memberOf": fleet.picks("Group", 1, 2)}


def make_group(fleet: Fleet, name: str, number: int) -> dict[str, Any]:
    group: dict[str, Any] = {"type": "team", "profile": make_profile(name), "children": []}
    if number:
        group["parent"] = fleet.names["Group"][(number - 1) // 6]
    return group


SPECS = {
    "Component": make_component,
    "API": make_api,
    "Resource": make_resource,
    "System": make_system,
    "Domain": make_domain,
    "User": make_user,
    "Group": make_group,
}


def add_search_words(dice: random.Random, entities: list[dict[str, Any]]) -> dict[str, str]:
    """Put a word found nowhere else into some descriptions: only a full text index can find those; word -> ref."""
    described = [entity for entity in entities if "description" in entity["metadata"]]
    found: dict[str, str] = {}
    for entity in dice.sample(described, min(SEARCH_WORDS, len(described) // 2)):
        word = "".join(dice.choice("bdfgklmnprtvz") + dice.choice("aeiou") for _ in range(5))
        if word not in found:
            entity["metadata"]["description"] += f" and {word}"
            found[word] = f"{entity['kind'].lower()}:default/{entity['metadata']['name']}"
    return found


def count_relations(entities: list[dict[str, Any]]) -> dict[str, int]:
    """Both directions of every relation. No field repeats a target and no pair is declared from both ends."""
    counts: collections.Counter[str] = collections.Counter()
    for entity in entities:
        for field, (relation, inverse, _) in RELATIONS.items():
            targets = entity["spec"].get(field, [])
            count = 1 if isinstance(targets, str) else len(targets)
            counts[relation] += count
            counts[inverse] += count
    return dict(counts)


def format_yaml(value: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Block style lines, as people write them; several times faster than a YAML library's dumper."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield f"{indent}{key}:"
            yield from format_yaml(item, indent + "  ")
        elif isinstance(item, list) and item:
            yield f"{indent}{key}:"
            yield from format_items(item, indent + "  ")
        elif isinstance(item, str) and "\n" in item:
            yield f"{indent}{key}: |"
            yield from (f"{indent}  {line}" for line in item.splitlines())
        else:
            yield f"{indent}{key}: {format_scalar(item)}"


def format_items(items: list[Any], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, dict):
            first, *rest = format_yaml(item, indent + "  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {format_scalar(item)}"


def format_scalar(value: Any) -> str:
    """Plain where the vocabulary makes it a string, quoted otherwise; an empty list as `[]`."""
    plain = isinstance(value, str) and value[:1].isalpha() and ": " not in value and " #" not in value
    return str(value) if plain and not value.endswith(":") else json.dumps(value)


def empty_folder(folder: Path) -> None:
    """Make the folder, or clear it if this program wrote it; never delete anything else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "expected.json").is_file():
            raise SystemExit(f"error: `{folder}` is not empty and was not generated\nhint: name a new folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def write_files(folder: Path, documents: list[str], per_file: int) -> int:
    """One folder a file, as repositories are, at most a thousand of them together; returns the number of files."""
    starts = range(0, len(documents), per_file)
    for number, start in enumerate(starts):
        home = folder / f"group-{number // FOLDERS_TOGETHER:03d}" / f"repository-{number:06d}"
        home.mkdir(parents=True)
        (home / "catalog-info.yaml").write_text("---\n".join(documents[start : start + per_file]), encoding="utf-8")
    return len(starts)


def generate(size: int, folder: Path, per_file: int = 500, seed: int = 1) -> dict[str, Any]:
    """Write the catalog below `folder`; returns what is also written to its expected.json."""
    if size < 20:
        raise SystemExit("error: N must be at least 20\nhint: fewer entities cannot have every kind in its share")
    fleet = Fleet(size, seed)
    entities = list(make_entities(fleet))
    search_words = add_search_words(fleet.dice, entities)
    documents = ["\n".join(format_yaml(entity)) + "\n" for entity in entities]
    fleet.dice.shuffle(documents)
    empty_folder(folder)
    expected = {
        "entities": size,
        "kinds": {kind: len(names) for kind, names in fleet.names.items()},
        "relations": count_relations(entities),
        "samples": {kind: fleet.dice.sample(names, min(SAMPLES, len(names))) for kind, names in fleet.names.items()},
        "search_words": search_words,
        "files": write_files(folder, documents, per_file),
        "bytes": sum(map(len, documents)),
        "per_file": per_file,
        "seed": seed,
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    return expected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, metavar="N", help="how many entities")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write")
    parser.add_argument("--per-file", type=int, default=500, help="entities a file (default 500)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    expected = generate(options.n, options.out, options.per_file, options.seed)
    relations = sum(expected["relations"].values())
    print(f"{options.n} entities, {relations} relations, {expected['files']} files, {expected['bytes']} bytes")


if __name__ == "__main__":
    main()
