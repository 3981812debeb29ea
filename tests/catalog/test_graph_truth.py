"""What a picture of the graph shows and counts is the whole truth: compared with plain brute force over the entities' JSON."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.catalog import Catalog
from catalog.graph import Question
from catalog.graph.chart import Chart
from catalog.graph.fold import Fold
from ingestors.folder import FolderSource
from tests.conftest import SAMPLE

TOWARDS = {  # by relation, the type that leads from what needs to what is needed, and its inverse
    "dependsOn": ("dependsOn", "dependencyOf"),
    "consumesApi": ("consumesApi", "apiConsumedBy"),
    "providesApi": ("apiProvidedBy", "providesApi"),
    "partOf": ("partOf", "hasPart"),
    "ownedBy": ("ownedBy", "ownerOf"),
    "memberOf": ("memberOf", "hasMember"),
    "childOf": ("childOf", "parentOf"),
}
KINDS = ("component", "api", "resource", "system")
QUESTIONS = 67
Relation = tuple[str, str, str]


@dataclass
class Truth:
    """A part of the graph by brute force: distances of the visible, relations and implied pairs among them, the hidden.

    `rings` counts the visible by side and distance, on both sides what is on both.
    """

    rings: Counter[tuple[str, int]]
    distances: dict[str, int]
    relations: set[Relation]
    implied: set[tuple[str, str]]
    hidden: set[str]
    through: int


class Plain:
    """The relations of a whole catalog as its entities' JSON has them."""

    def __init__(self, catalog: Catalog) -> None:
        view = catalog.view
        entities = [view.entity(view.edges.refs[node]) for node in view.live]
        self.relations: set[Relation] = set()
        self.refs: set[str] = set()
        for entity in filter(None, entities):
            ref = f"{entity['kind']}:{entity['metadata'].get('namespace', 'default')}/{entity['metadata']['name']}".lower()
            self.refs.add(ref)
            for relation in entity["relations"]:
                self._add(ref, relation["type"], relation["targetRef"])
        self.refs |= {end for source, _, target in self.relations for end in (source, target)}
        self.groups: dict[tuple[str, str], str] = {}
        self.after: dict[tuple[str, str], set[str]] = {}
        for source, kind, target in self.relations:
            self.after.setdefault((source, kind), set()).add(target)

    def _add(self, ref: str, kind: str, target: str) -> None:
        for forward, backward in TOWARDS.values():
            if kind == forward:
                self.relations.add((ref, forward, target))
            elif kind == backward:
                self.relations.add((target, forward, ref))

    def reach(self, roots: tuple[str, ...], relations: list[Relation], depth: int | None, back: bool) -> dict[str, int]:
        steps: dict[str, list[str]] = {}
        for source, _, target in relations:
            steps.setdefault(target if back else source, []).append(source if back else target)
        found, edge = dict.fromkeys(roots, 0), list(roots)
        while edge and (depth is None or found[edge[0]] < depth):
            edge = [
                found.setdefault(to, found[at] + 1) and to for at in edge for to in steps.get(at, ()) if to not in found
            ]
        return found

    def answer(self, question: Question) -> Truth:
        types = {TOWARDS[name][0] for name in question.relations}
        relations = [one for one in self.relations if one[1] in types]
        if question.roots:
            out = self.reach(question.roots, relations, question.depth, False) if question.direction != "in" else {}
            into = self.reach(question.roots, relations, question.depth, True) if question.direction != "out" else {}
            distances = {ref: min(part[ref] for part in (out, into) if ref in part) for ref in {*out, *into}}
        else:
            out, into = {}, {}
            people = ("group", "user", "location", "template", "domain")
            distances = {ref: 0 for ref in self.refs if kind_of(ref) not in people}
        hidden = {ref for ref in distances if kind_of(ref) in question.hidden and ref not in question.roots}
        among = {one for one in relations if one[0] in distances and one[2] in distances}
        through = {one for one in among if one[0] in hidden or one[2] in hidden}
        visible = {ref: distance for ref, distance in distances.items() if ref not in hidden}
        rings = Counter(
            (side, part[ref]) for side, part in (("out", out), ("in", into)) for ref in visible if part.get(ref)
        )
        return Truth(rings, visible, among - through, imply(through, hidden), hidden, len(through))

    def first(self, ref: str, kind: str, of: tuple[str, ...]) -> str:
        found = [target for target in self.after.get((ref, kind), ()) if not of or kind_of(target) in of]
        return min(found, default="")

    def group(self, ref: str, by: str) -> str:
        if (ref, by) not in self.groups:
            self.groups[ref, by] = self._group(ref, by)
        return self.groups[ref, by]

    def _group(self, ref: str, by: str) -> str:
        """Its system, domain, team, or team's parent; empty for none."""
        if by == "kind":
            return kind_of(ref)
        if by == "system":
            seen: list[str] = []
            while ref and ref not in seen:
                if kind_of(ref) == "system":
                    return ref
                if found := self.first(ref, "partOf", ("system",)):
                    return found
                seen.append(ref)
                wholes = [t for t in self.after.get((ref, "partOf"), ()) if kind_of(t) not in ("system", "domain")]
                ref = min(wholes, default="")
            return ""
        if by == "domain":
            if kind_of(ref) == "domain":
                return ref
            return self.first(ref, "partOf", ("domain",)) or self.first(
                self.group(ref, "system"), "partOf", ("domain",)
            )
        if by == "team":
            if kind_of(ref) == "group":
                return ref
            return self.first(ref, "ownedBy", ()) or self.first(ref, "memberOf", ())
        team = self.group(ref, "team")
        return self.first(team, "childOf", ()) or team if by == "parent" else ""


def kind_of(ref: str) -> str:
    return ref.partition(":")[0]


def imply(through: set[Relation], hidden: set[str]) -> set[tuple[str, str]]:
    after: dict[str, set[str]] = {}
    for source, _, target in through:
        after.setdefault(source, set()).add(target)
    pairs = set()
    for start in set(after) - hidden:
        waiting, seen = [to for to in after[start] if to in hidden], set()
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            for to in after.get(at, ()):
                if to in hidden:
                    waiting.append(to)
                elif to != start:
                    pairs.add((start, to))
    return pairs


def compare(plain: Plain, question: Question, chart: Chart) -> None:
    truth = plain.answer(question)
    boxes = {box.id: box for box in chart.boxes}
    holds = chart.holding.boxes_of(chart.boxes)
    assert len(boxes) == len(chart.boxes), "an id stands twice"
    assert holds.keys() == truth.distances.keys()
    assert {one: box.members for one, box in boxes.items()} == Counter(holds.values())
    assert chart.entities == len(truth.distances)
    assert chart.relations == len(truth.relations)
    assert chart.implied == len(truth.implied)
    assert chart.hidden == Counter(map(kind_of, truth.hidden))
    assert chart.through == truth.through
    assert chart.rings == truth.rings
    assert shown(chart) == counted(truth, holds)
    for ref, one in holds.items():
        fits(plain, question, ref, boxes[one].form, boxes[one].ref, one)
    nearest: dict[str, int] = {}
    for ref, one in holds.items():
        nearest[one] = min(nearest.get(one, 1_000_000), truth.distances[ref])
    assert nearest == {one: box.distance for one, box in boxes.items()}


def shown(chart: Chart) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for link in chart.links:
        assert link.source != link.target
        found.update({(link.source, kind, link.target): count for kind, count in link.types.items()})
    for box in chart.boxes:
        found.update({(box.id, kind, box.id): count for kind, count in box.inside.items()})
    return found


def counted(truth: Truth, holds: dict[str, str]) -> Counter[tuple[str, str, str]]:
    found = Counter((holds[source], kind, holds[target]) for source, kind, target in truth.relations)
    found.update((holds[source], "implied", holds[target]) for source, target in truth.implied)
    return found


def fits(plain: Plain, question: Question, ref: str, form: str, of: str, box: str) -> None:
    """Whether an entity is in a box that says so."""
    unit = plain.group(ref, question.rollup) if question.rollup else ref
    unit = ref if not unit or f"in:{unit}" in question.opened else unit
    if form == "entity":
        assert of == ref
    elif form == "group":
        assert unit == of
    else:
        fold = Fold.parse(box)
        assert fold is not None
        for dimension, value in fold.values:
            assert plain.group(unit, dimension) == value, (ref, box)


def ask(dice: random.Random, refs: list[str]) -> Question:
    roots = tuple(dice.sample(refs, dice.choice((0, 1, 1, 1, 2, 3))))
    needs = ("dependsOn", "providesApi", "consumesApi")
    return Question(
        roots=roots,
        direction=dice.choice(("out", "in", "both")),
        depth=dice.choice((0, 1, 2, 3, 5, None)),
        relations=dice.choice((needs, needs, ("dependsOn",), (*needs, "partOf"), tuple(TOWARDS))),
        hidden=frozenset(dice.sample(KINDS, dice.choice((0, 0, 1, 1, 2)))),
        rollup=dice.choice(("", "", "system", "domain", "team")),
        fold=dice.choice(("system", "team", "kind")),
        limit=dice.choice((80, 80, 20, 8, 1)),
    )


def hub_catalog(root: Path) -> None:
    """Hubs of 300, cycles of every length, an entity that needs itself, targets that nothing defines, parts of parts."""
    dice = random.Random(5)
    documents: list[dict[str, Any]] = []

    def add(kind: str, name: str, **spec: Any) -> None:
        documents.append(
            {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        )

    for number in range(12):
        add(
            "Group",
            f"team-{number}",
            type="team",
            children=[],
            **({"parent": f"team-{number // 3}"} if number > 3 else {}),
        )
        add(
            "System",
            f"system-{number}",
            owner=f"team-{number}",
            **({"domain": f"domain-{number % 3}"} if number else {}),
        )
        add("API", f"api-{number}", type="grpc", lifecycle="production", owner="team-0", definition="x")
    for number in range(3):
        add("Domain", f"domain-{number}", owner="team-1")
    hub = [f"component:c-{number}" for number in range(100, 400)]
    for number in range(400):
        needs = [f"component:c-{dice.randrange(400)}" for _ in range(dice.choice((0, 0, 1, 2)))]
        needs += hub if number == 0 else ["component:c-0", "resource:gone"] if number > 300 else []
        needs += [f"component:c-{number}"] if number == 7 else []
        more: dict[str, Any] = {"system": f"system-{number % 14}"} if number % 4 else {}
        more |= {"subcomponentOf": f"c-{number // 2}"} if number % 8 == 0 and number else {}
        more |= {"providesApis": [f"api-{number % 12}"]} if number % 5 == 0 else {}
        more |= {"consumesApis": [f"api-{number % 13}"]} if number % 3 == 0 else {}
        owner = dice.choice(("team-1", "team-2", "user:somebody", "gone"))
        add("Component", f"c-{number}", type="service", lifecycle="production", owner=owner, dependsOn=needs, **more)
    (root / "catalog-info.yaml").write_text(yaml.safe_dump_all(documents))


def made_catalog(root: Path) -> None:
    from tests.benchmarks.generate import Fleet, make_entities

    documents = list(make_entities(Fleet(500, 3)))
    (root / "catalog-info.yaml").write_text(yaml.safe_dump_all(documents))


CATALOGS = {"sample": None, "made": made_catalog, "hubs": hub_catalog}


@pytest.fixture(scope="module", params=CATALOGS)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, Plain]]:
    make = CATALOGS[request.param]
    root = SAMPLE
    if make:
        root = tmp_path_factory.mktemp(request.param)
        make(root)
    catalog = Catalog.open("sqlite://", search=False)
    catalog.ingest(FolderSource(root))
    yield catalog, Plain(catalog)
    catalog.close()


def test_what_is_drawn_and_counted_is_the_whole_part(loaded: tuple[Catalog, Plain]) -> None:
    catalog, plain = loaded
    dice = random.Random(1)
    refs = sorted(plain.refs)
    opened = 0
    for _ in range(QUESTIONS):
        question = ask(dice, refs)
        chart = catalog.chart(question)
        compare(plain, question, chart)
        folds = [box.opens for box in chart.boxes if box.opens]
        if folds:
            question = Question(**{**asdict(question), "opened": tuple(dice.sample(folds, min(len(folds), 2)))})
            compare(plain, question, catalog.chart(question))
            opened += 1
    assert opened > 5


def asdict(question: Question) -> dict[str, Any]:
    return {name: getattr(question, name) for name in question.__dataclass_fields__}


def test_every_fold_opens_until_everything_stands_alone(loaded: tuple[Catalog, Plain]) -> None:
    catalog, plain = loaded
    question = Question(tuple(sorted(plain.refs)[:1]), depth=None, relations=tuple(TOWARDS), limit=40)
    whole = catalog.chart(question).entities
    for _ in range(100):
        chart = catalog.chart(question)
        folds = [box.opens for box in chart.boxes if box.opens]
        if not folds:
            break
        question = Question(**{**asdict(question), "opened": (*question.opened, folds[0])})
    compare(plain, question, chart)
    assert chart.single == whole


def test_shortest_ways_are_those_of_brute_force(loaded: tuple[Catalog, Plain]) -> None:
    catalog, plain = loaded
    dice, refs, found = random.Random(2), sorted(plain.refs), 0
    relations = [one for one in plain.relations if one[1] in ("dependsOn", "consumesApi", "apiProvidedBy")]
    for _ in range(QUESTIONS):
        start, end = dice.sample(refs, 2)
        chart = catalog.chart(Question((start,), end, limit=1_000))
        ahead = plain.reach((start,), relations, None, False)
        if chart.is_reversed or end not in ahead:
            assert end not in ahead
            continue
        back, found = plain.reach((end,), relations, None, True), found + 1
        on = {ref for ref in ahead if ref in back and ahead[ref] + back[ref] == ahead[end]}
        assert {box.ref for box in chart.boxes} == on
        steps = {(s, t) for s, _, t in relations if s in on and t in on and ahead[s] + 1 == ahead[t]}
        assert {(link.source, link.target) for link in chart.links} == steps
    assert found
