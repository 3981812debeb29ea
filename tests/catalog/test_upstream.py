"""The likely cause of several failures, against what a walk over every node by hand finds."""

import random
from collections.abc import Callable, Mapping, Sequence
from math import log2
from pathlib import Path

import pytest

from catalog.catalog import Catalog
from ingestors.folder import FolderSource
from tests.conftest import component

Load = Callable[[Mapping[str, Sequence[str]]], Catalog]


@pytest.fixture
def load(catalog: Catalog, tmp_path: Path) -> Load:
    """The catalog, with a component for each name and what it depends on."""

    def put(needs: Mapping[str, Sequence[str]]) -> Catalog:
        names = dict.fromkeys([*needs, *(one for ones in needs.values() for one in ones)])
        texts = [component(name, dependsOn=f"[{', '.join(map(ref, needs.get(name, ())))}]") for name in names]
        (tmp_path / "catalog-info.yaml").write_text("---\n".join(texts))
        catalog.ingest(FolderSource(tmp_path))
        return catalog

    return put


def ref(name: str) -> str:
    return f"component:default/{name}"


def names(catalog: Catalog, *failing: str) -> list[str]:
    return [one.ref.partition("/")[2] for one in catalog.upstreams([ref(name) for name in failing])]


def test_a_common_upstream_three_steps_away_comes_first(load: Load) -> None:
    chains = {f"{end}{step}": [f"{end}{step + 1}"] for end in "abc" for step in (1, 2)}
    catalog = load({**chains, "a3": ["queue"], "b3": ["queue"], "c3": ["queue"], "queue": ["disk"]})
    found = catalog.upstreams([ref(name) for name in ("a1", "b1", "c1")])
    assert (found[0].ref, found[0].covers, found[0].near) == (ref("queue"), 3, 3)
    assert [one.ref for one in found] == [ref("queue"), ref("disk")]
    assert found[0].steps == {ref("a1"): 3, ref("b1"): 3, ref("c1"): 3}


def test_what_all_the_company_needs_is_less_likely_than_what_only_the_failing_need(load: Load) -> None:
    chains = {f"{end}{step}": [f"{end}{step + 1}"] for end in "abc" for step in (1, 2)}
    ends = {f"{end}3": ["queue"] for end in "abc"}
    others = {f"other{number}": ["vault"] for number in range(40)}
    needs = {**chains, **ends, **others}
    for end in "abc":
        needs[f"{end}1"] = [*needs[f"{end}1"], "vault"]
    catalog = load(needs)
    found = catalog.upstreams([ref(name) for name in ("a1", "b1", "c1")])
    assert [one.ref for one in found] == [ref("queue"), ref("vault")]
    assert (found[1].needed_by, found[1].bystanders, found[1].steps[ref("a1")]) == (43, 40, 1)


def test_a_hub_that_fails_itself_is_the_cause_whatever_is_well_beside_it(load: Load) -> None:
    others = {f"other{number}": ["vault"] for number in range(40)}
    catalog = load({"a": ["vault", "queue"], "b": ["vault", "queue"], **others})
    assert names(catalog, "a", "b")[0] == "queue"
    assert names(catalog, "a", "b", "vault")[0] == "vault"


def test_what_more_of_them_need_comes_before_what_is_near_to_some(load: Load) -> None:
    catalog = load({"a": ["near", "x"], "b": ["near", "y"], "c": ["far"], "x": ["far"], "y": ["far"]})
    assert names(catalog, "a", "b", "c") == ["far", "near"]


def test_one_that_the_others_need_is_a_suspect_itself(load: Load) -> None:
    catalog = load({"web": ["api"], "api": ["db"]})
    found = catalog.upstreams([ref("web"), ref("api")])
    assert [one.ref for one in found] == [ref("api"), ref("db")]
    assert found[0].steps == {ref("api"): 0, ref("web"): 1}


def test_of_one_failure_it_is_first_itself_and_then_what_it_needs(load: Load) -> None:
    assert names(load({"web": ["api"], "api": ["db"]}), "web") == ["web", "api", "db"]


def test_nothing_in_common_is_nothing_and_unknown_names_are_left_out(load: Load) -> None:
    catalog = load({"a": ["x"], "b": ["y"]})
    assert names(catalog, "a", "b") == []
    assert names(catalog, "nobody") == []
    assert names(catalog, "a", "nobody") == ["a", "x"]


def test_things_that_need_each_other_are_walked_once(load: Load) -> None:
    assert set(names(load({"a": ["b"], "b": ["c"], "c": ["a"]}), "a", "b")) == {"a", "b", "c"}


def share(hub: str, count: int) -> dict[str, list[str]]:
    """So many things that need it, and are well."""
    return {f"{hub}-user{number}": [hub] for number in range(count)}


def test_an_alert_that_has_nothing_to_do_with_the_others_does_not_make_the_hub_of_all_the_cause(load: Load) -> None:
    near = {"a": ["queue"], "b": ["queue"], "c": ["b"], "d": ["cluster"], "queue": ["cluster"]}
    catalog = load({**near, **share("cluster", 20)})
    found = catalog.upstreams([ref(name) for name in "abcd"])
    assert [(one.ref, one.covers) for one in found[:2]] == [(ref("queue"), 3), (ref("b"), 2)]


def test_what_only_a_hub_joins_has_nothing_telling_in_common(load: Load) -> None:
    for users, is_telling in ((3, True), (20, False)):
        [hub] = load({"a": ["hub"], "b": ["hub"], **share("hub", users)}).upstreams([ref("a"), ref("b")])
        assert (hub.ref, hub.bystanders, hub.is_telling) == (ref("hub"), users, is_telling)


def test_what_is_far_from_what_fails_is_near_to_none_of_it(load: Load) -> None:
    chain = {f"{end}{step}": [f"{end}{step + 1}"] for end in "ab" for step in range(5)}
    first = load({**chain, "a5": ["far"], "b5": ["far"]}).upstreams([ref("a0"), ref("b0")])[0]
    assert (first.ref, first.covers, first.near) == (ref("far"), 2, 0)


def test_what_much_needs_by_another_is_a_hub_too(load: Load) -> None:
    needs = {"a": ["queue", "db"], "b": ["queue", "db"], "db": ["disk"], "queue": ["rack"], "rack": ["power"]}
    catalog = load({**needs, **share("db", 12)})
    assert names(catalog, "a", "b") == ["queue", "rack", "power", "db", "disk"]


def test_what_hangs_on_the_failing_ones_is_no_bystander(load: Load) -> None:
    catalog = load({"a": ["db"], "b": ["db"], **share("a", 30)})
    [db] = catalog.upstreams([ref("a"), ref("b")])
    assert (db.ref, db.bystanders, db.quiet) == (ref("db"), 0, 0)


def test_of_two_that_are_as_likely_the_one_that_fails_comes_first(load: Load) -> None:
    assert names(load({"web": ["api", "lib"], "api": ["lib"]}), "web", "api")[0] == "api"


def test_what_provides_an_api_is_likelier_than_the_api(catalog: Catalog, tmp_path: Path) -> None:
    api = component("pay").replace("kind: Component", "kind: API") + "  definition: text\n"
    provider = component("provider", providesApis="[pay]")
    callers = [component(name, consumesApis="[pay]", dependsOn="[component:provider]") for name in "ab"]
    (tmp_path / "catalog-info.yaml").write_text("---\n".join([api, provider, *callers]))
    catalog.ingest(FolderSource(tmp_path))
    assert [one.ref for one in catalog.upstreams([ref("a"), ref("b")])] == [ref("provider"), "api:default/pay"]


def test_a_library_seldom_fails_all_at_once(catalog: Catalog, tmp_path: Path) -> None:
    library = component("chassis").replace("type: service", "type: library")
    callers = [component(name, dependsOn="[component:chassis, component:middle]") for name in "ab"]
    texts = [library, component("middle", dependsOn="[component:db]"), component("db"), *callers]
    (tmp_path / "catalog-info.yaml").write_text("---\n".join(texts))
    catalog.ingest(FolderSource(tmp_path))
    assert names(catalog, "a", "b") == ["middle", "db", "chassis"]


@pytest.mark.parametrize("seed", range(25))
def test_it_says_what_a_walk_by_hand_says(load: Load, seed: int) -> None:
    dice = random.Random(seed)
    everything = [f"n{number}" for number in range(30)]
    needs = {name: dice.sample(everything, dice.randrange(4)) for name in everything}
    failing = dice.sample(everything, dice.randrange(1, 6))
    found = load(needs).upstreams([ref(name) for name in failing])
    expected = walk_by_hand(needs, failing)
    assert [(one.ref, one.steps, one.needed_by, one.bystanders) for one in found] == expected[: len(found)]
    assert len(found) == min(8, len(expected))


def walk_by_hand(needs: Mapping[str, Sequence[str]], failing: Sequence[str]) -> list[tuple[object, ...]]:
    """What `upstreams` tells of every node, in its order, by plain loops."""
    far = {name: measure(needs, name) for name in failing}
    needed_by = {name: [one for one in needs if name in needs[one]] for name in needs}
    concerned = {node for steps in far.values() for node in steps}
    concerned |= {node for name in failing for node in measure(needed_by, name)}
    rows = []
    for node in needs:
        steps = {ref(name): far[name][node] for name in failing if node in far[name]}
        if len(steps) < min(2, len(failing)):
            continue
        needing = set(needed_by[node])
        beyond = {one for name in needing - set(failing) for one in needed_by[name]} - needing - concerned
        well = set() if node in failing else needing - concerned
        quiet = 0 if node in failing else len(well) + len(beyond) / 2
        away = [min(far[name].get(node, 10), 10) for name in failing]
        cost = sum(away) / len(failing) + log2(1 + quiet)
        rows.append(
            (
                (round(cost, 9), node not in failing, len(needing), ref(node)),
                (ref(node), steps, len(needing), len(well)),
            )
        )
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def measure(needs: Mapping[str, Sequence[str]], start: str) -> dict[str, int]:
    """The steps from one node to each that it needs, itself at 0."""
    steps, edge = {start: 0}, [start]
    while edge:
        ahead = []
        for name in edge:
            for one in needs[name]:
                if one not in steps:
                    steps[one] = steps[name] + 1
                    ahead.append(one)
        edge = ahead
    return steps


def test_an_api_stays_behind_what_provides_it_however_many_are_well(catalog: Catalog, tmp_path: Path) -> None:
    apis = [
        component(name).replace("kind: Component", "kind: API") + "  definition: text\n" for name in ("pay", "refund")
    ]
    provider = component("provider", providesApis="[pay, refund]")
    callers = [component(name, consumesApis="[pay]", dependsOn="[component:provider]") for name in ("a", "b")]
    well = [component(f"well-{at}", consumesApis="[refund]") for at in range(3)]
    (tmp_path / "catalog-info.yaml").write_text("---\n".join([*apis, provider, *callers, *well]))
    catalog.ingest(FolderSource(tmp_path))
    found = catalog.upstreams([ref("a"), ref("b")])
    assert [one.ref for one in found] == [ref("provider"), "api:default/pay"]
    assert (found[0].needed_by, found[0].bystanders) == (5, 3), "an API is no user; those that use it are"
    assert found[1].cost >= found[0].cost + 1
