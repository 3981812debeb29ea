"""What holds for every code host alike: complete lists, few requests, filters, pushes, and faults that lose nothing.

A host's tests inherit it: `class TestAzure(ForgeContract): kind = AZURE`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

import pytest

from catalog.catalog import Catalog
from ingestors.forge import Filters
from tests.conftest import component
from tests.ingestors.forge_cases import FILE, Crawl, Kind, crawl
from tests.ingestors.forge_servers import TOKEN, Reply

Open = Callable[..., Crawl]
RECORDED = Path(__file__).parent / "recorded"
FAULTS = {
    "limited": [Reply(429, b"{}", {"Retry-After": "1"})],
    "limited for long": [Reply(429, b"{}", {"Retry-After": "900"})],
    "error": [Reply(500, b"{}")],
    "down": [Reply(503, b"")] * 4,
    "cut": [Reply(200, b'{"values": [', cut=True)],
    "cut for good": [Reply(200, b'{"values": [', cut=True)] * 4,
    "malformed": [Reply(200, b'{"values": [')] * 4,
    "of another kind": [Reply(200, b'{"hello": 1}')],
    "a list of nothing": [Reply(200, b"[1]")],
    "sign in": [Reply(203, b"<html>Sign in</html>")],
    "under repair": [Reply(200, b"<html>Back soon</html>", {"Content-Type": "text/html"})] * 4,
    "elsewhere": [Reply(302, b"", {"Location": "http://127.0.0.2:1/login"})],
    "expired": [Reply(401, b"{}")],
    "forbidden": [Reply(403, b"{}")],
    "gone": [Reply(404, b"{}")],
}

SILENT = ("gone", "of another kind", "a list of nothing", "malformed")
"""What a host may well mean where a file's bytes are asked for."""


def five(crawl: Crawl) -> Crawl:
    for slug in ("a", "b", "c", "d"):
        crawl.add(slug)
    crawl.add("none", {"README.md": "# None"})
    assert crawl.run().failure == ""
    assert crawl.names() == {"a", "b", "c", "d"}
    crawl.host.take()
    return crawl


class ForgeContract:
    """The tests; `second` is what five repositories cost in which nothing has changed."""

    kind: ClassVar[Kind]
    second: ClassVar[int] = 1

    @pytest.fixture
    def opened(self, catalog: Catalog) -> Iterator[Open]:
        with ExitStack() as stack:
            yield lambda **more: stack.enter_context(crawl(catalog, self.kind, **more))

    def test_an_entity_without_an_owner_gets_the_one_of_codeowners_where_that_is_wanted(self, opened: Open) -> None:
        text = component("shop").replace("  owner: team-a\n", "")
        files = {"catalog-info.yaml": text, "CODEOWNERS": "* @acme/till"}
        wanted = opened(codeowners=True)
        wanted.add("shop", files)
        wanted.run()
        found = wanted.entity("component:default/shop")
        assert found["spec"]["owner"] == "group:default/till"
        assert found["metadata"]["annotations"]["callboard.io/owner-from"] == "CODEOWNERS"
        asked = len(wanted.host.take())
        wanted.run()
        assert len(wanted.host.take()) < asked - 2, "what CODEOWNERS says is remembered"

    def test_an_entity_without_an_owner_is_refused_as_in_backstage_by_default(self, opened: Open) -> None:
        plain = opened()
        plain.add(
            "shop", {"catalog-info.yaml": component("shop").replace("  owner: team-a\n", ""), "CODEOWNERS": "* @a/b"}
        )
        plain.run()
        assert plain.names() == set()

    def test_where_nothing_has_changed_little_is_asked(self, opened: Open) -> None:
        crawl = five(opened())
        crawl.host.page = 1000
        report = crawl.run()
        assert report.failure == ""
        assert len(crawl.host.take()) == self.second
        assert (report.added, report.changed, report.removed) == ([], [], [])

    def test_a_changed_file_costs_its_repository_only(self, opened: Open) -> None:
        crawl = five(opened())
        crawl.host.push(crawl.name("b"), {FILE: component("b", "Changed")})
        crawl.run()
        assert crawl.entity("component:default/b")["metadata"]["description"] == "Changed"
        assert [path for path in crawl.host.take() if FILE in path and "/b/" not in path] == []

    def test_files_that_went_and_repositories_that_went_are_gone(self, opened: Open) -> None:
        crawl = five(opened())
        crawl.host.push(crawl.name("a"), {FILE: None})
        del crawl.host.repos[crawl.name("b")]
        crawl.run(confirmed=True)
        assert crawl.names() == {"c", "d"}

    def test_a_glob_finds_files_at_any_depth(self, opened: Open) -> None:
        crawl = opened(patterns=("**/catalog-*.yaml",))
        files = {
            "catalog-a.yaml": component("a"),
            "x/y/catalog-b.yaml": component("b"),
            "x/other.yaml": "",
            "z.md": "z",
        }
        crawl.add("mono", {**files, **{f"docs/{number}.md": "-" for number in range(7)}})
        assert crawl.run().failure == ""
        assert crawl.names() == {"a", "b"}
        crawl.location("mono", "x/y/catalog-b.yaml")

    def test_a_location_names_files_by_globs_which_come_and_go(self, opened: Open) -> None:
        """As Backstage's readers search; a new file of a repository that changed is found without another word."""
        crawl = opened()
        head = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: %s}\nspec: {target: './%s/*.yaml'}"
        both = f"{head % ('parts', 'parts')}\n---\n{head % ('none', 'none')}"
        crawl.add("mono", {FILE: both, "parts/a.yaml": component("a"), "parts/b.yaml": component("b"), "c.yaml": "c"})
        crawl.add("other")
        assert crawl.run().failure == ""
        assert crawl.names() == {"a", "b", "other"}
        (problem,) = crawl.catalog.problems
        assert (problem.rule, problem.ref) == ("target-missing", "location:default/none")
        at = crawl.entity("component:default/a")["metadata"]["annotations"]["backstage.io/managed-by-location"]
        assert "parts/a.yaml" in unquote(at)
        assert "*" not in at
        crawl.host.push(crawl.name("mono"), {"parts/new.yaml": component("new"), "parts/b.yaml": None})
        assert crawl.run().failure == ""
        assert crawl.names() == {"a", "new", "other"}

    def test_several_paths_are_each_looked_for(self, opened: Open) -> None:
        crawl = opened(patterns=(FILE, "/ops/catalog.yaml"))
        crawl.add("mono", {FILE: component("a"), "ops/catalog.yaml": component("b")})
        crawl.run()
        assert crawl.names() == {"a", "b"}
        crawl.location("mono", "ops/catalog.yaml")

    def test_archived_and_empty_repositories_are_left_out(self, opened: Open) -> None:
        crawl = opened()
        crawl.add("live")
        crawl.add("old", archived=crawl.kind.type != "bitbucketCloud")
        crawl.host.add(crawl.name("empty"))
        assert crawl.run().failure == ""
        assert crawl.names() - {"old"} == {"live"}
        assert ("old" in crawl.names()) == (crawl.kind.type == "bitbucketCloud")  # it has no archive

    def test_filters_choose_by_name_and_fork(self, opened: Open) -> None:
        crawl = opened(filters=Filters(name="pay-.*", forks=False))
        crawl.add("pay-api")
        crawl.add("pay-copy", fork=True)
        crawl.add("other-pay-x")
        crawl.run()
        assert crawl.names() == {"pay-api"}

    def test_a_placeholder_reads_a_private_repository_with_the_token(self, opened: Open) -> None:
        crawl = opened()
        api = (
            "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: api}\nspec:\n  type: openapi\n  owner: a\n"
        )
        crawl.add(
            "a",
            {"openapi.yaml": "openapi: 3.1.0", FILE: f"{api}  lifecycle: x\n  definition: {{$text: ./openapi.yaml}}\n"},
        )
        assert crawl.run().failure == ""
        assert crawl.entity("api:default/api")["spec"]["definition"] == "openapi: 3.1.0"

    @pytest.mark.parametrize(
        "up", ["../../../../../orgs/acme", "%2e%2e/%2e%2e/%2e%2e/%2e%2e/orgs/acme", "..%2f..%2f..%2fx"]
    )
    def test_a_placeholder_cannot_walk_the_hosts_api_with_the_token(self, opened: Open, up: str) -> None:
        crawl = opened()
        api = (
            "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: api}\nspec:\n  type: openapi\n  owner: a\n"
        )
        base = crawl.kind.target.format("a", up)
        crawl.add("a", {FILE: f"{api}  lifecycle: x\n  definition: {{$text: '{base}'}}\n"})
        crawl.run()
        assert "api" not in crawl.names("api")
        assert [path for path in crawl.host.take() if path.endswith(("orgs/acme?ref=main", "/x"))] == []

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_fault_at_any_request_loses_nothing_and_is_told(self, opened: Open, fault: str) -> None:
        crawl = five(opened())
        for at in range(12):
            for slug in ("a", "b", "c", "d"):
                crawl.host.push(crawl.name(slug), {FILE: component(slug, f"Changed {at}")})
            crawl.host.take()
            crawl.host.faults.extend([None] * at + FAULTS[fault])
            crawl.run()
            asked = crawl.host.take()
            is_met = len(asked) > at
            is_raw = is_met and FILE in unquote(asked[at]) and ("/contents/" not in asked[at] or fault == "gone")
            if is_raw and fault in SILENT:
                break  # whatever comes for a file is the file
            (run,) = crawl.catalog.runs("acme")[:1]
            assert crawl.names() == {"a", "b", "c", "d"}
            assert not is_met or run.usage.faults or run.message or run.usage.retries or fault in SILENT
            assert TOKEN not in repr(run)
            crawl.host.faults.clear()
            assert crawl.run().failure == ""
            told = {crawl.entity(f"component:default/{name}")["metadata"]["description"] for name in "abcd"}
            assert told == {f"Changed {at}"}

    def test_an_expired_token_changes_nothing(self, opened: Open) -> None:
        crawl = five(opened())
        crawl.host.authorization = "another"
        report = crawl.run()
        assert "401" in report.failure
        assert crawl.names() == {"a", "b", "c", "d"}

    def test_a_name_that_is_none_is_asked_about(self, opened: Open) -> None:
        crawl = five(opened())
        crawl.host.faults.extend([Reply(404, b"{}")] * 9)
        assert crawl.run().failure.endswith("Is the name right, and may the token see it?")
        assert crawl.names() == {"a", "b", "c", "d"}

    def test_a_truncated_list_changes_nothing(self, opened: Open) -> None:
        crawl = five(opened())
        crawl.host.push(crawl.name("a"), {FILE: component("a", "Changed")})
        crawl.host.short = 1
        report = crawl.run()
        assert "cut short" in report.failure
        assert crawl.names() == {"a", "b", "c", "d"}

    def test_a_repository_that_always_fails_keeps_what_it_gave_and_holds_up_no_other(self, opened: Open) -> None:
        crawl = five(opened())
        crawl.host.broken["/b/"] = Reply(500, b"{}")
        for slug in ("a", "b"):
            crawl.host.push(crawl.name(slug), {FILE: component(slug, "Changed")})
        assert crawl.run().failure == ""
        descriptions = {name: crawl.entity(f"component:default/{name}")["metadata"]["description"] for name in "ab"}
        assert descriptions == {"a": "Changed", "b": "A service"}
        assert crawl.names() == {"a", "b", "c", "d"}
        assert any("/b" in fault for fault in crawl.source.usage.faults)
        crawl.host.broken.clear()
        crawl.run()
        assert crawl.entity("component:default/b")["metadata"]["description"] == "Changed"


class RecordedForgeContract(ForgeContract):
    """The same, of a host whose Backstage module was run against these fakes and what it emitted recorded."""

    def test_what_is_emitted_is_what_backstages_module_emits(self, opened: Open) -> None:
        """Recorded from the module itself (npm `@backstage/plugin-catalog-backend-module-*`), run against these fakes.

        That for Azure DevOps was taken from the module's source at 29bd574b, transcribed by hand, over a code search that
        found what the fake has.
        """
        crawl = opened()
        for slug in ("a", "b", "pay-api"):
            crawl.add(slug)
        crawl.add("none", {"README.md": "# None"})
        crawl.run()
        emitted = json.loads((RECORDED / f"{self.kind.type}.json").read_text())
        assert {entity["metadata"]["name"] for entity in emitted} == crawl.names("location")
        for entity in emitted:
            ours = crawl.entity(f"location:default/{entity['metadata']['name']}")
            assert entity["metadata"]["annotations"].items() <= ours["metadata"]["annotations"].items()
            assert entity["spec"] == ours["spec"]
