"""Five hundred faults at the socket, over every source that is asked over a network: nothing lost, nothing half, each told."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import pytest

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.query import All
from tests.ingestors.fault_worlds import WORLDS, World
from tests.ingestors.faulty_proxy import Fault, FaultyProxy, Kind

COUNTS: Final = {
    "github": 60, "gitlab": 55, "gitea": 55, "bitbucket_cloud": 55, "bitbucket_server": 55, "azure": 50, "gerrit": 40,
    "github_org": 35, "gitlab_org": 35, "git": 12, "s3": 24, "url": 24,
}  # fmt: skip
"""How many faults each source meets; 500 in all."""
_ALL: Final[tuple[Kind, ...]] = (
    "limited", "limited unsaid", "limited long", "secondary", "error", "down", "refused", "cut", "malformed", "short",
    "sign in", "slow", "slow head", "moved", "deleted", "expired",
)  # fmt: skip
_NOT: Final[dict[str, tuple[Kind, ...]]] = {"gitlab_org": ("short",), "git": ("refused",), "url": ("sign in",)}
"""What nobody can see there: GitLab tells no number of members, git asks again by itself, a page at a URL is the file."""
_NAMES: Final = ["pay", "shop", "web", "api", "docs", "mail"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of libraries and of git are cut short."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))


@pytest.fixture
def elsewhere() -> Iterator[FaultyProxy]:
    """Another host, which is never to be asked."""
    with FaultyProxy("http://127.0.0.1:9", Fault("expired", times=10**9)) as server:
        yield server


def change(world: World, random: Random, text: str) -> None:
    """Some things change, and now and then one comes or goes."""
    for name in random.sample(sorted(world.truth), min(2, len(world.truth))):
        world.truth[name] = text
        world.put(name, text)
    fresh = [name for name in _NAMES if name not in world.truth]
    if fresh and random.random() < 0.5:
        world.truth[fresh[0]] = text
        world.put(fresh[0], text)
    elif len(world.truth) > 3 and random.random() < 0.3:
        gone = random.choice(sorted(world.truth))
        del world.truth[gone]
        world.drop(gone)
    getattr(world, "commit", lambda: None)()


def held(catalog: Catalog) -> dict[str, Any]:
    """Every entity by its ref, without what is made up anew for each catalog."""
    found = {}
    for entity in map(json.loads, catalog.view.listed(All(()), ())[0]):
        for made in ("uid", "etag"):
            entity["metadata"].pop(made)
        found[f"{entity['kind']}/{entity['metadata']['name']}"] = entity
    return found


def texts(entities: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """What each thing says, by its name: all that it gave must say the same."""
    found: dict[str, tuple[str, ...]] = {}
    for name in _NAMES:
        refs = [f"{kind}/{name}{end}" for kind in ("Component", "Group") for end in ("", "-lib")]
        found[name] = tuple(entities[ref]["metadata"].get("description", "") for ref in refs if ref in entities)
    return found


def choose(random: Random, source: str, most: int, world: World, elsewhere: str) -> Fault:
    kind = random.choice([one for one in _ALL if one not in _NOT.get(source, ())])
    if kind in ("deleted", "moved") and random.random() < (0 if world.whole else 0.7):
        name = random.choice(sorted(world.truth))
        return Fault(kind, 0, 10**9, f"/{name}", elsewhere)
    times = random.choice([1, 1, 2, 5, 10**9])
    if kind in ("slow", "slow head"):
        times = 1 if source == "git" else min(times, 2)
    if kind == "deleted":
        times = 1
    return Fault(kind, random.randrange(most), times, elsewhere=elsewhere)


@pytest.mark.parametrize("source", COUNTS)
def test_a_fault_loses_nothing_leaves_nothing_half_and_is_told(
    source: str, tmp_path: Path, elsewhere: FaultyProxy
) -> None:
    random = Random(f"{source} 20261123")
    catalog = Catalog.open(f"sqlite:///{tmp_path}/c.db", search=False)
    with WORLDS[source](tmp_path) as world, FaultyProxy(world.url) as proxy:
        for name in _NAMES[:4]:
            world.truth[name] = "first"
            world.put(name, "first")
        opened = world.open(catalog, proxy.url)
        crawler = Crawler(catalog, [opened])
        assert crawler.crawl("acme").failure == ""  # type: ignore[union-attr]
        most, met, number = len(proxy.asked), 0, 0
        while met < COUNTS[source]:
            number += 1
            change(world, random, f"text {number}")
            before = held(catalog)
            proxy.fault = fault = choose(random, source, most, world, elsewhere.url)
            with world.hurried():
                report = crawler.crawl("acme")
            hits, proxy.fault = fault.hits, None
            during, (run, *_) = held(catalog), catalog.runs("acme")
            proxy.asked.clear()
            assert crawler.crawl("acme").failure == "", fault  # type: ignore[union-attr]
            most = max(1, len(proxy.asked))
            after = held(catalog)
            what = f"{fault} {run} {report and report.problems}"
            assert {name: set(said) for name, said in texts(after).items()} == {
                name: {world.truth[name]} if name in world.truth else set() for name in _NAMES
            }, what
            if not hits:
                continue
            met += 1
            judge(world, before, during, after, run, what)
        again = Catalog.open("sqlite://", search=False)
        Crawler(again, [world.open(again, proxy.url)]).crawl("acme")
        assert held(again) == held(catalog)
        again.close()
        for close in world.closing:
            close()
    catalog.close()
    assert elsewhere.asked == []


def judge(world: World, before: Any, during: Any, after: Any, run: Any, what: str) -> None:
    """What a crawl with a fault left is what was there, or what is there now; and it says what was wrong."""
    old, got, new = texts(before), texts(during), texts(after)
    is_old, is_new = during == before, during == after
    assert is_old or is_new or not (world.whole or run.outcome != "ok"), f"half applied: {what}"
    assert [name for name in _NAMES if got[name] not in (old[name], new[name])] == [], f"half: {what}"
    assert set(before) & set(after) <= set(during), f"lost: {what}"
    assert run.usage.faults or run.message or run.counts.refused, f"told nobody: {what}"
    assert not any(secret in repr(run) for secret in world.secrets), what
