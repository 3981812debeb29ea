"""An organisation on GitHub: what a crawl asks for, what it gives, what it survives, and what webhooks do."""

import hashlib
import json
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Usage
from catalog.errors import CatalogError, ReadError
from catalog.pipeline import Report
from catalog.query import Query
from catalog.scm import Host, Hosts
from ingestors.fetch import Api
from ingestors.forge import _WORKERS, PATTERNS, Filters, ForgeSource
from ingestors.github import GitHubForge
from ingestors.github_auth import token_headers
from ingestors.url import UrlReader
from tests.ingestors.github_server import Fault, GitHub, component, fill
from tests.programs import wait_for

NAME = "github:acme"
CATALOG = "catalog-info.yaml"
Open = Callable[..., Crawler]
GATEWAY = Fault(502, b"<html>")


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as opened:
        yield opened


@pytest.fixture
def open_crawler(github: GitHub, tmp_path: Path) -> Iterator[Open]:
    """Opens the organisation as the one source of a catalog in a file, each time as after a restart."""
    opened: list[Any] = []

    def open_one(patterns: tuple[str, ...] = PATTERNS, filters: Filters = Filters(), **options: Any) -> Crawler:
        catalog = Catalog.open(f"sqlite:///{tmp_path}/c.db", search=False)
        cache, usage = catalog.cache(NAME), Usage()
        api = Api(github.url, usage, cache, token_headers("token-1"), sleep=lambda seconds: None)
        reader = UrlReader(Hosts([Host(github.url.removeprefix("http://"), "github", github.url)]))
        forge = GitHubForge(api, "Acme", patterns=patterns, secret="sesame", **options)
        opened.extend([catalog, api, reader])
        source = ForgeSource(NAME, forge, reader, cache, usage, patterns=patterns, filters=filters)
        return Crawler(catalog, [source])

    yield open_one
    for one in opened:
        one.close()


def crawl(crawler: Crawler, **options: bool) -> Report:
    report = crawler.crawl(NAME, **options)
    assert report is not None
    return report


def source_of(crawler: Crawler) -> ForgeSource:
    source = crawler.sources[NAME]
    assert isinstance(source, ForgeSource)
    return source


def usage_of(crawler: Crawler) -> Usage:
    return crawler.catalog.runs(NAME)[0].usage


def spec_target(crawler: Crawler, github: GitHub, repository: str, path: str = CATALOG, branch: str = "main") -> Any:
    target = f"{github.url}/acme/{repository}/blob/{branch}/{path}"
    name = f"generated-{hashlib.sha1(f'url:{target}'.encode()).hexdigest()}"
    entity = crawler.catalog.view.entity(f"location:default/{name}")
    return entity and entity["spec"]


def has(crawler: Crawler, name: str) -> bool:
    return crawler.catalog.view.entity(f"component:default/{name}") is not None


def uids(crawler: Crawler) -> dict[str, str]:
    """The uid of each entity by its ref, generated Locations left out."""
    bodies = crawler.catalog.view.page(Query(limit=1000)).bodies
    found = [entity for entity in map(json.loads, bodies) if entity["kind"] != "Location"]
    return {f"component:default/{one['metadata']['name']}": one["metadata"]["uid"] for one in found}


def description(crawler: Crawler, name: str) -> Any:
    entity = crawler.catalog.view.entity(f"component:default/{name}")
    return entity and entity["metadata"]["description"]


def deliver(crawler: Crawler, hook: tuple[dict[str, str], bytes]) -> bool:
    """A webhook arrives; whether it led to a crawl."""
    if not source_of(crawler).hook(*hook):
        return False
    assert not crawl(crawler).failure
    return True


# -- what a crawl costs and gives


def test_an_organisations_files_are_never_all_in_memory(github: GitHub, open_crawler: Open) -> None:
    size = 500_000
    for number in range(100):
        github.add(f"r{number}", {CATALOG: component(f"r{number}") + b"# " + b"x" * size})
    crawler = open_crawler()
    tracemalloc.start()
    report = crawl(crawler)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (report.failure, len(report.added)) == ("", 200)
    assert peak < 50 * size


def test_the_first_crawl_reads_catalog_files_only_and_one_with_nothing_changed_asks_once(
    github: GitHub, open_crawler: Open
) -> None:
    fill(github, 200, 40)
    crawler = open_crawler()
    assert len(crawl(crawler).added) == 80
    assert github.counts == {"graphql": 1 + 200 / 50, "contents": 40}
    github.counts.clear()
    assert crawl(crawler).unchanged == 80
    assert crawl(open_crawler()).unchanged == 80
    assert github.counts == {"graphql": 2}


def test_what_is_emitted_is_what_backstages_module_gives(github: GitHub, open_crawler: Open) -> None:
    github.add("shop", {CATALOG: component("shop")})
    crawler = open_crawler()
    crawl(crawler)
    target = f"{github.url}/acme/shop/blob/main/{CATALOG}"
    assert spec_target(crawler, github, "shop") == {"type": "url", "target": target, "presence": "optional"}
    entity = crawler.catalog.view.entity("component:default/shop")
    assert entity is not None
    told = entity["metadata"]["annotations"]
    read_at = target.replace("/blob/", "/tree/")  # Backstage resolves a target against itself, which gives this form
    assert told["backstage.io/managed-by-location"] == f"url:{read_at}"
    assert told["backstage.io/managed-by-origin-location"] == f"url:{target}"
    assert told["backstage.io/view-url"] == read_at
    assert told["backstage.io/edit-url"] == f"{github.url}/acme/shop/edit/main/{CATALOG}"
    assert told["backstage.io/source-location"] == f"url:{github.url}/acme/shop/tree/main/"


def test_a_push_is_visible_within_a_second(github: GitHub, open_crawler: Open) -> None:
    fill(github, 200, 40)
    crawler = open_crawler()
    crawl(crawler)
    github.counts.clear()
    times = []
    for turn in range(20):
        name, text = f"{turn * 5 + 4:04}", f"Text {turn}"
        hook = github.push(f"repository-{name}", CATALOG, component(f"service-{name}", text))
        started = time.perf_counter()
        assert deliver(crawler, hook)
        times.append(time.perf_counter() - started)
        assert description(crawler, f"service-{name}") == text
    assert statistics.quantiles(times, n=4)[0] <= 1, times  # a machine that does other work holds up some
    assert github.counts == {"graphql": 20, "contents": 20}


CRAWL = """
import sys
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Usage
from ingestors.fetch import Api
from ingestors.forge import ForgeSource
from ingestors.github import GitHubForge
from ingestors.github_auth import token_headers
from ingestors.url import UrlReader

catalog = Catalog.open(sys.argv[2], search=False)
cache, usage = catalog.cache("github:acme"), Usage()
forge = GitHubForge(Api(sys.argv[1], usage, cache, token_headers("token-1")), "Acme")
Crawler(catalog, [ForgeSource("github:acme", forge, UrlReader(), cache, usage)]).crawl("github:acme")
"""


@pytest.mark.parametrize("after", [1, 30, 60])
def test_a_crawl_that_is_killed_goes_on_where_it_stopped(
    github: GitHub, open_crawler: Open, tmp_path: Path, after: int
) -> None:
    fill(github, 200, 100)
    github.left = after
    with subprocess.Popen([sys.executable, "-c", CRAWL, github.url, f"sqlite:///{tmp_path}/c.db"]) as process:
        wait_for(lambda: github.waiting == _WORKERS, "it does not ask for more")
        process.kill()
    assert github.counts["contents"] == after
    github.left = 1_000_000
    crawler = open_crawler()
    assert len(crawler.catalog.view) == 0
    assert len(crawl(crawler).added) == 200
    assert github.counts["graphql"] == 1 + 4 + 1  # the list is remembered
    assert github.counts["contents"] - 100 <= 9 + 8  # read twice: what was not written yet, and what was under way


@pytest.mark.parametrize("patterns", [("**/catalog-info.yaml",), ("*/catalog-info.yaml", CATALOG)])
def test_globs_find_files_at_any_depth_by_one_tree_a_repository(
    github: GitHub, open_crawler: Open, patterns: tuple[str, ...]
) -> None:
    github.add("mono", {CATALOG: component("top"), f"a/{CATALOG}": component("a"), "a/other.yaml": b""})
    github.add("plain", {"README.md": b""})
    crawler = open_crawler(patterns)
    assert len(crawl(crawler).added) == 4
    assert github.counts == {"graphql": 2, "tree": 2, "contents": 2}
    github.counts.clear()
    crawl(crawler)
    assert github.counts == {"graphql": 1}
    assert spec_target(crawler, github, "mono", f"a/{CATALOG}") is not None


def test_a_tree_that_is_cut_is_walked_folder_by_folder(github: GitHub, open_crawler: Open) -> None:
    github.tree_limit = 3
    files = {f"{folder}/{CATALOG}": component(folder.replace("/", "-")) for folder in ("a", "b/c", "b/d", "e/f/g")}
    github.add("mono", files)
    crawler = open_crawler(("**/catalog-info.yaml",))
    crawl(crawler)
    assert all(has(crawler, name) for name in ("a", "b-c", "b-d", "e-f-g"))


def test_another_branch_is_read_where_it_is_wanted_and_repositories_without_it_are_left_out(
    github: GitHub, open_crawler: Open
) -> None:
    github.add("shop", {CATALOG: component("on-main")}).commit({CATALOG: component("on-live")}, "live")
    github.add("other", {CATALOG: component("other")})
    crawler = open_crawler(branch="live")
    crawl(crawler)
    assert (has(crawler, "on-live"), has(crawler, "on-main"), has(crawler, "other")) == (True, False, False)
    assert spec_target(crawler, github, "shop", branch="live") is not None
    assert not source_of(crawler).hook(*github.push("shop", CATALOG, component("x")))
    assert deliver(crawler, github.push("shop", CATALOG, component("on-live-2"), "live"))
    assert has(crawler, "on-live-2")


def test_filters_choose_by_name_topic_visibility_fork_and_archive(github: GitHub, open_crawler: Open) -> None:
    options: dict[str, dict[str, Any]] = {
        "service-a": {"topics": ("catalog",)},
        "service-b": {"topics": ("catalog", "secret")},
        "service-c": {"topics": ("catalog",), "archived": True},
        "service-d": {"topics": ("catalog",), "fork": True},
        "service-e": {"topics": ("catalog",), "visibility": "PRIVATE"},
        "my-service-f": {"topics": ("catalog",)},
        "service-g": {},
    }
    for name, more in options.items():
        github.add(name, {CATALOG: component(name)}, **more)
    github.add("empty")
    chosen = Filters(
        name="service-.", topics=("catalog",), excluded_topics=("secret",), visibility=("public",), forks=False
    )
    crawler = open_crawler(filters=chosen)
    crawl(crawler)
    assert [name for name in options if has(crawler, name)] == ["service-a"]


def test_a_changed_setting_is_seen_though_nothing_else_has_changed(github: GitHub, open_crawler: Open) -> None:
    github.add("shop", {CATALOG: component("shop"), "other.yaml": component("other")})
    crawl(open_crawler())
    crawler = open_crawler((CATALOG, "other.yaml"))
    crawl(crawler)
    assert has(crawler, "other")


def test_a_location_leads_to_other_files_of_a_private_repository(github: GitHub, open_crawler: Open) -> None:
    more = b"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: more}\nspec: {target: ./sub/a.yaml}\n"
    github.add("shop", {CATALOG: more, "sub/a.yaml": component("a", "Before")}, visibility="PRIVATE")
    crawler = open_crawler()
    crawl(crawler)
    assert description(crawler, "a") == "Before"
    assert deliver(crawler, github.push("shop", "sub/a.yaml", component("a", "After")))
    assert description(crawler, "a") == "After"
    assert not deliver(crawler, github.push("shop", "sub/b.yaml", b""))


def test_a_link_is_read_anew_whenever_the_branch_has_moved(github: GitHub, open_crawler: Open) -> None:
    repo = github.add("shop", {CATALOG: component("shop", "Before")})
    repo.links[CATALOG] = b"docs/catalog-info.yaml"
    github.add("folder", {f"{CATALOG}/README.md": b"a folder of that name"})
    crawler = open_crawler()
    crawl(crawler)
    assert description(crawler, "shop") == "Before"
    assert deliver(crawler, github.push("shop", CATALOG, component("shop", "After")))
    assert description(crawler, "shop") == "After"


# -- faults: nothing is lost


FAULTS = {
    "bad gateway": [GATEWAY] * 40,
    "cut connections": [Fault()] * 40,
    "malformed JSON": [Fault(200, b'{"data":')] * 40,
    "errors beside data": [Fault(200, b'{"data":{"repositoryOwner":null},"errors":[{"message":"timeout"}]}')] * 40,
    "no data": [Fault(200, b"[]")] * 40,
    "other fields": [None, Fault(200, b'{"data":{"repositoryOwner":{"repositories":{"nodes":[{}]}}}}')],
    "expired token": [Fault(401, b'{"message":"Bad credentials"}')],
    "rate limit": [Fault(200, b'{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}')],
    "secondary limit": [None, Fault(403, b'{"message":"You have exceeded a secondary rate limit"}', {"Retry-After": "60"})],
    "gone owner": [Fault(200, b'{"data":{"repositoryOwner":null}}')],
}  # fmt: skip


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_list_that_does_not_come_whole_changes_nothing_and_is_said(
    github: GitHub, open_crawler: Open, faults: list[Fault | None]
) -> None:
    fill(github, 20, 10)
    crawler = open_crawler()
    crawl(crawler)
    github.push("repository-0001", CATALOG, component("service-0001", "New"))
    github.faults.extend(faults)
    report = crawl(crawler)
    assert report.failure
    assert crawler.catalog.runs(NAME)[0].message == report.failure
    assert description(crawler, "service-0001") == "A service"
    github.faults.clear()
    assert not crawl(crawler).failure
    assert description(crawler, "service-0001") == "New"


def test_fewer_repositories_than_are_counted_are_no_list(github: GitHub, open_crawler: Open) -> None:
    fill(github, 20, 10)
    github.hidden = 1
    assert "gave 20 of 21 repositories" in crawl(open_crawler()).failure


def test_a_page_that_is_too_much_for_the_host_is_asked_for_in_smaller_ones(github: GitHub, open_crawler: Open) -> None:
    fill(github, 60, 30)
    github.largest_page = 20
    assert len(crawl(open_crawler()).added) == 60


def test_a_file_that_cannot_be_read_keeps_what_it_gave_and_a_listed_one_is_not_gone(
    github: GitHub, open_crawler: Open
) -> None:
    fill(github, 20, 10)
    crawler = open_crawler()
    crawl(crawler)
    for status in (500, 404, 403):
        hook = github.push("repository-0001", CATALOG, component("service-0001", f"After {status}"))
        source_of(crawler).hook(*hook)
        github.faults.extend([None, *[Fault(status)] * 4])
        report = crawl(crawler)
        assert (report.failure, report.removed) == ("", [])
        assert has(crawler, "service-0001")
        assert any("contents" in fault or "repository-0001" in fault for fault in usage_of(crawler).faults)
        github.faults.clear()
        crawl(crawler)
        assert description(crawler, "service-0001") == f"After {status}"


def test_a_content_that_is_not_the_listed_one_is_neither_taken_nor_remembered(
    github: GitHub, open_crawler: Open
) -> None:
    github.add("shop", {CATALOG: component("shop", "Before")})
    crawler = open_crawler()
    crawl(crawler)
    source_of(crawler).hook(*github.push("shop", CATALOG, component("shop", "After")))
    github.faults.extend([None, Fault(200, component("shop", "From a broken proxy"))])
    crawl(crawler)
    assert description(crawler, "shop") == "Before"
    assert any("not the file that was listed" in fault for fault in usage_of(crawler).faults)
    crawl(crawler)
    assert description(crawler, "shop") == "After"


def test_a_rate_limit_in_the_middle_ends_the_crawl_and_the_next_one_goes_on(github: GitHub, open_crawler: Open) -> None:
    fill(github, 60, 30)
    spent = Fault(403, b"{}", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3600)})
    github.faults.extend([*[None] * 20, *[spent] * 100])
    crawler = open_crawler()
    report = crawl(crawler)
    assert "rate limited by" in report.failure
    assert " UTC" in report.failure
    assert len(crawler.catalog.view) == 0
    asked = github.counts["contents"]
    assert asked <= 17 + 16  # at most what was under way
    github.faults.clear()
    assert len(crawl(crawler).added) == 60
    assert usage_of(crawler).requests <= 1 + 30 - 17


def test_a_host_that_is_out_of_order_is_not_asked_for_every_file(github: GitHub, open_crawler: Open) -> None:
    fill(github, 200, 100)
    github.faults.extend([*[None] * 5, *[GATEWAY] * 1000])
    report = crawl(open_crawler())
    assert "failures in a row" in report.failure
    assert github.counts["contents"] < 200


def test_too_many_repositories_gone_at_once_wait_to_be_confirmed(github: GitHub, open_crawler: Open) -> None:
    fill(github, 40, 40)
    crawler = open_crawler()
    crawl(crawler)
    for name in list(github.repos)[:20]:
        del github.repos[name]
    assert crawl(crawler).held
    assert has(crawler, "service-0000")
    assert len(crawl(crawler, confirmed=True).removed) == 40


def random_fault(random: Random) -> Fault | None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3600)}
    faults = [
        *[None] * 8, Fault(), GATEWAY, Fault(500), Fault(429, b"{}", {"Retry-After": "1"}), Fault(429), Fault(404),
        Fault(403, b"{}", spent), Fault(403, b"secondary rate limit"), Fault(401), Fault(200, b"{"), Fault(200, b"null"),
        Fault(200, b"[]"), Fault(200, b""), Fault(302, b"", {"Location": "http://elsewhere.example/"}), Fault(304),
        Fault(200, b'{"data":{"repositoryOwner":{"repositories":{"totalCount":0,"nodes":[],"pageInfo":{}}}}}'),
        Fault(200, b'{"data":{"repositoryOwner":{"pushed":{"nodes":[null]},"updated":null}}}'),
        Fault(200, b'{"data":{"repository":null}}'),
    ]  # fmt: skip
    return random.choice(faults)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_fails_nothing_is_lost_or_half_applied_and_all_is_well_when_it_is_over(
    github: GitHub, open_crawler: Open, seed: int
) -> None:
    random = Random(seed)
    fill(github, 70, 20)
    crawler = open_crawler()
    crawl(crawler)
    full = len(crawler.catalog.view)
    number = 0
    for turn in range(10):
        number = random.choice([n for n in range(70) if CATALOG in github.repos[f"repository-{n:04}"].files])
        hook = github.push(f"repository-{number:04}", CATALOG, component(f"service-{number:04}", f"Text {turn}"))
        if random.random() < 0.5:
            source_of(crawler).hook(*hook)
        github.faults.extend(random_fault(random) for _ in range(random.randrange(1, 12)))
        report = crawl(crawler)
        assert len(crawler.catalog.view) == full
        assert report.removed == []
        github.faults.clear()
    for repo in github.repos.values():
        repo.pushed_at = "2026-02-01T00:00:00Z"
    assert not crawl(crawler).failure
    assert description(crawler, f"service-{number:04}") == "Text 9"


def test_a_secondary_limit_is_kept_to_whatever_else_is_answered_meanwhile(github: GitHub, open_crawler: Open) -> None:
    fill(github, 60, 60)
    github.delay = 0.05
    later = Fault(403, b'{"message": "You have exceeded a secondary rate limit"}', {"Retry-After": "900"})
    github.faults.extend([None] * 12 + [later])
    crawler = open_crawler()
    assert "rate limited by" in crawl(crawler).failure
    usage = usage_of(crawler)
    assert usage.left == 0
    assert usage.resets_at is not None
    assert usage.resets_at > time.time() + 600


def test_a_token_that_expires_on_the_way_fails_the_crawl(github: GitHub, open_crawler: Open) -> None:
    fill(github, 60, 60)
    github.faults.extend([None] * 12 + [Fault(401, b'{"message": "Bad credentials"}')] * 60)
    crawler = open_crawler()
    assert "was refused (401): the token may have expired" in crawl(crawler).failure
    assert len(crawler.catalog.view) == 0
    github.faults.clear()
    assert len(crawl(crawler).added) == 120


# -- webhooks


@pytest.fixture
def shop(github: GitHub, open_crawler: Open) -> Crawler:
    """A crawled organisation with one catalog file among a few repositories."""
    fill(github, 10, 5)
    github.add("shop", {CATALOG: component("shop"), "README.md": b""})
    crawler = open_crawler()
    crawl(crawler)
    github.counts.clear()
    return crawler


def test_added_and_removed_files_come_and_go(github: GitHub, shop: Crawler) -> None:
    assert deliver(shop, github.push("shop", CATALOG, None))
    assert not has(shop, "shop")
    assert spec_target(shop, github, "shop") is None
    assert deliver(shop, github.push("shop", CATALOG, component("shop", "Back")))
    assert description(shop, "shop") == "Back"
    assert github.counts == {"graphql": 2, "contents": 1}


def test_pushes_that_touch_nothing_that_is_read_cost_nothing(github: GitHub, shop: Crawler) -> None:
    assert not deliver(shop, github.push("shop", "README.md", b"new"))
    assert not deliver(shop, github.push("shop", CATALOG, component("shop", "x"), "feature"))
    assert not deliver(shop, github.hook("push", "shop", ref="refs/tags/v1", commits=[]))
    assert not deliver(shop, github.sign("ping", {"zen": "Keep it logically awesome."}))
    assert not deliver(shop, github.hook("star", "shop", action="created"))
    assert github.requests == 0


@pytest.mark.parametrize("flag", ["forced", "created", "deleted"])
def test_a_push_that_does_not_tell_all_that_it_changed_is_looked_into(github: GitHub, shop: Crawler, flag: str) -> None:
    github.repos["shop"].commit({CATALOG: component("shop", "Forced")})
    assert deliver(shop, github.hook("push", "shop", ref="refs/heads/main", commits=[], **{flag: True}))
    assert description(shop, "shop") == "Forced"


def test_a_push_of_more_commits_than_are_told_is_looked_into(github: GitHub, shop: Crawler) -> None:
    commits = [{"added": [], "removed": [], "modified": ["README.md"]}] * 2048
    assert source_of(shop).hook(*github.hook("push", "shop", ref="refs/heads/main", commits=commits))
    many = [{"added": [f"{n}.txt" for n in range(3000)], "removed": [], "modified": []}]
    assert source_of(shop).hook(*github.hook("push", "shop", ref="refs/heads/main", commits=many))


def test_an_archived_repository_goes_and_comes_back(github: GitHub, shop: Crawler) -> None:
    github.repos["shop"].archived = True
    assert deliver(shop, github.hook("repository", "shop", action="archived"))
    assert not has(shop, "shop")
    github.repos["shop"].archived = False
    assert deliver(shop, github.hook("repository", "shop", action="unarchived"))
    assert has(shop, "shop")


def test_a_deleted_repository_goes(github: GitHub, shop: Crawler) -> None:
    del github.repos["shop"]
    assert deliver(shop, github.hook("repository", "shop", action="deleted"))
    assert not has(shop, "shop")


def test_a_renamed_repository_keeps_its_entities_under_its_new_name(github: GitHub, shop: Crawler) -> None:
    repo = github.repos.pop("shop")
    repo.name, github.moved["shop"] = "store", "store"
    github.repos["store"] = repo
    before = uids(shop)
    hook = github.hook("repository", "store", action="renamed", changes={"repository": {"name": {"from": "shop"}}})
    assert deliver(shop, hook)
    assert uids(shop) == before
    assert spec_target(shop, github, "shop") is None
    assert spec_target(shop, github, "store") is not None


def test_default_branches_with_another_name_everywhere_hold_nothing_up_and_keep_every_entity(
    github: GitHub, open_crawler: Open
) -> None:
    fill(github, 20, 20)
    crawler = open_crawler()
    crawl(crawler)
    before = uids(crawler)
    for repo in github.repos.values():
        repo.branches["trunk"] = repo.branches.pop("main")
        repo.branch, repo.updated_at = "trunk", "2026-02-01T00:00:00Z"
    report = crawl(crawler)
    assert (report.failure, report.changed) == ("", sorted(before))
    assert uids(crawler) == before
    entity = crawler.catalog.view.entity("component:default/service-0007")
    assert entity is not None
    assert entity["metadata"]["annotations"]["backstage.io/source-location"].endswith("/repository-0007/tree/trunk/")


@pytest.mark.parametrize("action", ["created", "publicized", "edited", "transferred"])
def test_a_new_repository_is_there_at_once(github: GitHub, shop: Crawler, action: str) -> None:
    github.add("new", {CATALOG: component("new")})
    assert deliver(shop, github.hook("repository", "new", action=action))
    assert has(shop, "new")


def test_another_installation_is_a_reason_to_list_all(github: GitHub, shop: Crawler) -> None:
    github.add("new", {CATALOG: component("new")})
    assert deliver(shop, github.sign("installation_repositories", {"action": "added"}))
    assert has(shop, "new")


def test_events_of_other_owners_are_nothing(github: GitHub, shop: Crawler) -> None:
    github.login = "other"
    hook = github.push("shop", CATALOG, component("shop", "Elsewhere"))
    assert not source_of(shop).hook(*hook)


def test_a_webhook_that_is_not_signed_with_the_secret_is_refused(github: GitHub, open_crawler: Open) -> None:
    github.add("shop", {CATALOG: component("shop")})
    headers, body = github.push("shop", CATALOG, component("shop", "Forged"))
    source = source_of(open_crawler())
    for wrong in ({}, {**headers, "X-Hub-Signature-256": "sha256=00"}, {**headers, "X-Hub-Signature-256": "\u00e9"}):
        with pytest.raises(CatalogError, match="invalid signature") as caught:
            source.hook(wrong, body)
        assert caught.value.code == "forbidden"
    with pytest.raises(CatalogError):
        source.hook(headers, body + b" ")
    github.secret = ""
    forge = GitHubForge(Api(github.url, Usage(), source.cache), "acme")
    with pytest.raises(CatalogError):
        forge.hook(*github.hook("push", "shop"))


@pytest.mark.parametrize("payload", [[], {"ref": 1}, {"repository": None}, {"repository": {"owner": "x"}}])
def test_a_signed_body_that_is_none_of_githubs_is_a_bad_request(
    github: GitHub, open_crawler: Open, payload: Any
) -> None:
    with pytest.raises(CatalogError) as caught:
        source_of(open_crawler()).hook(*github.sign("push", payload))
    assert caught.value.code == "invalid"


def test_a_webhook_that_comes_while_the_host_fails_is_not_forgotten(github: GitHub, shop: Crawler) -> None:
    hook = github.push("shop", CATALOG, component("shop", "Late"))
    source_of(shop).hook(*hook)
    github.faults.extend([GATEWAY] * 4)
    assert crawl(shop).failure
    assert not crawl(shop).failure
    assert description(shop, "shop") == "Late"


# -- asking


def test_without_a_token_that_is_good_it_is_said(github: GitHub) -> None:
    class Nothing:
        def get(self, key: str) -> None: ...
        def put(self, key: str, content: bytes) -> None: ...
        def flush(self) -> None: ...
        def forget_unused(self) -> None: ...

    api = Api(github.url, Usage(), Nothing(), token_headers("sesame"))
    with pytest.raises(ReadError, match=r"401.*the token may have expired") as caught:
        GitHubForge(api, "acme").marks()
    assert "sesame" not in caught.value.message
    api.close()


def test_an_enterprise_server_has_its_graphql_beside_its_rest_api() -> None:
    for url, graphql in (("https://api.github.com", "https://api.github.com/graphql"),
                         ("https://ghe.example/api/v3", "https://ghe.example/api/graphql")):  # fmt: skip
        api = Api(url, Usage(), None)  # type: ignore[arg-type]
        assert GitHubForge(api, "acme")._graphql == graphql
        api.close()


def test_marks_change_with_what_is_asked_for_and_settle_when_the_last_push_is_old(github: GitHub) -> None:
    api = Api(github.url, Usage(), None, token_headers("token-1"))  # type: ignore[arg-type]
    fill(github, 3, 3)
    marks = GitHubForge(api, "acme").marks()
    assert GitHubForge(api, "acme").marks() == marks
    assert GitHubForge(api, "acme", branch="live").marks() != marks
    assert GitHubForge(api, "acme", patterns=["other.yaml"]).marks() != marks
    github.push("repository-0000", "README.md", b"new")
    assert GitHubForge(api, "acme").marks() != GitHubForge(api, "acme").marks()
    api.close()
    assert json.loads(marks)
