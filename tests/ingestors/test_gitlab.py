"""A GitLab's projects crawled over real HTTP: what Backstage's module emits, how little is asked, and nothing lost to faults."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog import scm
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Usage
from catalog.errors import CatalogError
from catalog.query import All
from ingestors.fetch import Api
from ingestors.forge import Filters, ForgeSource
from ingestors.gitlab import GitLabForge
from ingestors.url import UrlReader
from tests.conftest import component
from tests.ingestors.faulty_server import FAULTS, FaultKind
from tests.ingestors.gitlab_server import TOKEN, WEB, GitLab

FILE = "catalog-info.yaml"


def yaml(name: str, description: str = "A service") -> bytes:
    return component(name, description).encode()


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with GitLab() as server:
        for group in ("acme", "acme/pay", "other"):
            server.add_group(group)
        server.add("acme/web", {FILE: yaml("web")}, topics=("shop", "web"))
        server.add("acme/pay/api", {FILE: yaml("api"), "lib/a b/catalog-info.yaml": yaml("lib")}, branch="feature/x")
        server.add("acme/pay/none", {"README.md": b"# None"})
        server.add("acme/pay/empty", branch=None)
        server.add("acme/pay/old", {FILE: yaml("old")}, archived=True)
        server.add("acme/pay/fork", {FILE: yaml("fork")}, fork=True, visibility="public")
        server.add("acme/pay/shut", {FILE: yaml("shut")}, more={"repository_access_level": "disabled"})
        server.add("other/tool", {FILE: yaml("tool")}, visibility="public", topics=("shop",))
        yield server


Open = Callable[..., ForgeSource]


@pytest.fixture
def reader() -> Iterator[UrlReader]:
    opened = UrlReader(scm.Hosts([scm.Host("gitlab.example.com", "gitlab")]))
    yield opened
    opened.close()


@pytest.fixture
def open_gitlab(gitlab: GitLab, catalog: Catalog, reader: UrlReader) -> Iterator[Open]:
    apis: list[Api] = []

    def new(
        *patterns: str, filters: Filters = Filters(), token: str = TOKEN, patience: float = 30.0, **more: Any
    ) -> ForgeSource:
        cache, usage, headers = catalog.cache("gitlab"), Usage(), {"private-token": token}
        apis.append(Api(gitlab.api, usage, cache, lambda: headers, patience=patience, sleep=lambda seconds: None))
        chosen = patterns or (FILE,)
        forge = GitLabForge(apis[-1], base_url=WEB, patterns=chosen, **more)
        return ForgeSource("gitlab", forge, reader, cache, usage, patterns=chosen, filters=filters)

    yield new
    for api in apis:
        api.close()


def ingest(catalog: Catalog, source: ForgeSource, **more: Any) -> set[str]:
    report = catalog.ingest(source, **more)
    assert report.failure == ""
    assert report.problems == []
    source.cache.flush()
    return components(catalog)


def components(catalog: Catalog) -> set[str]:
    entities = map(json.loads, catalog.view.listed(All(()), ())[0])
    return {entity["metadata"]["name"] for entity in entities if entity["kind"] == "Component"}


def held(catalog: Catalog) -> list[bytes]:
    return catalog.view.listed(All(()), ())[0]


EMITTED = {
    "web": f"{WEB}/acme/web/-/blob/main/catalog-info.yaml",
    "api": f"{WEB}/acme/pay/api/-/blob/feature/x/catalog-info.yaml",
    "fork": f"{WEB}/acme/pay/fork/-/blob/main/catalog-info.yaml",
    "tool": f"{WEB}/other/tool/-/blob/main/catalog-info.yaml",
}


def test_each_catalog_file_becomes_the_location_that_backstage_makes_of_it(catalog: Catalog, open_gitlab: Open) -> None:
    """Reference sections 11.3 and 4.7."""
    assert ingest(catalog, open_gitlab()) == set(EMITTED)
    assert len(catalog.view) == 2 * len(EMITTED)
    for name, target in EMITTED.items():
        place = f"url:{target}"
        generated = f"generated-{hashlib.sha1(place.encode()).hexdigest()}"
        shown = {
            "backstage.io/view-url": target,
            "backstage.io/edit-url": target.replace("/-/blob/", "/-/edit/"),
            "backstage.io/source-location": f"url:{target.removesuffix(FILE)}",
            "backstage.io/managed-by-location": place,
            "backstage.io/managed-by-origin-location": place,
        }
        location = catalog.view.entity(f"location:default/{generated}")
        found = catalog.view.entity(f"component:default/{name}")
        assert location is not None
        assert found is not None
        own = {key: location["metadata"].pop(key) for key in ("uid", "etag")}
        assert all(own.values())
        location.pop("relations", None)
        assert location == {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Location",
            "metadata": {"name": generated, "namespace": "default", "annotations": shown},
            "spec": {"type": "url", "target": target, "presence": "optional"},
        }
        assert found["metadata"]["annotations"] == shown


CHOICES: list[tuple[dict[str, Any], set[str]]] = [
    ({"group": "acme"}, {"web", "api", "fork"}),
    ({"group": "acme/pay"}, {"api", "fork"}),
    ({"group": "acme", "filters": Filters(forks=False)}, {"web", "api"}),
    ({"group": "acme", "filters": Filters(archived=True)}, {"web", "api", "fork", "old"}),
    ({"group": "acme", "filters": Filters(visibility=("public",))}, {"fork"}),
    ({"group": "acme", "filters": Filters(name="w.*")}, {"web"}),
    ({"group": "acme", "project_pattern": "pay/a"}, {"api"}),
    ({"project_pattern": "o{2}l$"}, {"tool"}),
    ({"group_patterns": ["^acme/p", "^other$"]}, {"api", "fork", "tool"}),
    ({"group_patterns": ["^acme$", "pay"]}, {"web", "api", "fork"}),
    ({"group_patterns": ["pay", "other"], "group": "acme"}, {"api", "fork"}),
    ({"excluded": ["acme/web", "acme/pay"]}, {"api", "fork", "tool"}),
    ({"topics": ["shop"]}, {"web", "tool"}),
    ({"topics": ["shop", "web"], "group": "acme"}, {"web"}),
    ({"membership": True}, {"web", "api"}),
    ({"branch": "feature/x"}, {"api"}),
    ({"filters": Filters(topics=("web", "none"))}, {"web"}),
]


@pytest.mark.parametrize(("options", "expected"), CHOICES)
def test_projects_are_chosen_as_backstage_chooses_them(
    catalog: Catalog, open_gitlab: Open, options: dict[str, Any], expected: set[str]
) -> None:
    assert ingest(catalog, open_gitlab(**options)) == expected


GLOBS = [
    (("**/catalog-info.yaml",), {"web", "api", "lib", "fork", "tool"}),
    (("lib/*/catalog-info.yaml",), {"lib"}),
    (("lib/**/*.yaml", "/catalog-info.yaml"), {"web", "api", "lib", "fork", "tool"}),
    (("lib/a b/catalog-info.yaml", "nowhere/*.yaml"), {"lib"}),
]


@pytest.mark.parametrize(("patterns", "expected"), GLOBS)
def test_files_are_found_by_path_or_glob_at_any_depth(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open, patterns: tuple[str, ...], expected: set[str]
) -> None:
    gitlab.page_size = 2
    assert ingest(catalog, open_gitlab(*patterns)) == expected


def test_a_project_without_a_default_branch_is_read_at_the_fallback(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open
) -> None:
    gitlab.add("acme/odd", {FILE: yaml("odd")}, branch="trunk", more={"default_branch": None})
    assert "odd" in ingest(catalog, open_gitlab(fallback_branch="trunk"))


@pytest.mark.parametrize("group", ["", "acme"])
def test_a_second_crawl_reads_the_list_and_nothing_else(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open, group: str
) -> None:
    for number in range(250):
        gitlab.add(f"acme/many-{number}", {FILE: yaml(f"many-{number}")} if number % 5 == 0 else {})
    source = open_gitlab(group=group)
    assert len(ingest(catalog, source)) == 50 + (3 if group else 4)
    projects = len([one for one in gitlab.projects.values() if one.path.startswith(group)])
    pages = 3 if group else 5  # by id only an empty page is the end, asked for twice
    # Not asked for a file: the empty one, the one that is shut, the archived one.
    assert len(gitlab.asked) == pages + projects - 3
    before = held(catalog)
    gitlab.asked.clear()
    ingest(catalog, source)
    assert len(gitlab.asked) == pages
    assert held(catalog) == before


def test_a_push_shows_though_gitlab_notes_the_time_of_activity_once_an_hour(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open
) -> None:
    now = time.time()
    clock = [now]
    source = open_gitlab(clock=lambda: clock[0])
    project = gitlab.projects["acme/web"]
    project.active_at = datetime.fromtimestamp(now - 60, UTC).isoformat()
    ingest(catalog, source)
    project.files[FILE], project.commit = yaml("web", "Pushed"), 2
    ingest(catalog, source)
    assert describe(catalog, "web") == "Pushed"
    gitlab.asked.clear()
    ingest(catalog, source)
    assert [path for path in gitlab.paths if "/files/" in path] == []
    project.files[FILE], project.commit = yaml("web", "Pushed again"), 3
    clock[0] += 10_000  # long after: the time is trusted again, and everything up to it is read
    ingest(catalog, source)
    assert describe(catalog, "web") == "Pushed again"


def describe(catalog: Catalog, name: str) -> str:
    entity = catalog.view.entity(f"component:default/{name}")
    assert entity is not None
    found: str = entity["metadata"]["description"]
    return found


def test_a_project_that_goes_while_the_pages_are_turned_hides_no_other(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open
) -> None:
    for number in range(6):
        gitlab.add(f"acme/more-{number}", {FILE: yaml(f"more-{number}")})
    gitlab.page_size = 3

    def vanish(number: int) -> None:
        if number == 2:
            gitlab.projects.pop("acme/pay/none", None)

    gitlab.before_page = vanish
    expected = {"web", "api", "fork", *(f"more-{number}" for number in range(6))}
    assert ingest(catalog, open_gitlab(group="acme")) == expected


def test_a_list_that_never_holds_still_is_not_believed(gitlab: GitLab, catalog: Catalog, open_gitlab: Open) -> None:
    source = open_gitlab(group="acme")
    before = ingest(catalog, source)
    gitlab.page_size = 2
    gitlab.before_page = lambda number: gitlab.add(f"acme/new-{len(gitlab.projects)}") and None
    report = catalog.ingest(source)
    assert "changed while it was read, 4 times in a row" in report.failure
    assert components(catalog) == before


# -- webhooks


def push(path: str, *changed: str, branch: str = "main", total: int | None = None, **more: Any) -> dict[str, Any]:
    """ "Webhook events", push events."""
    commits = (
        [{"id": "da15", "added": list(changed[:1]), "modified": list(changed[1:]), "removed": []}] if changed else []
    )
    return {
        "object_kind": "push",
        "event_name": "push",
        "ref": f"refs/heads/{branch}",
        "project": {"path_with_namespace": path, "default_branch": "main", "web_url": f"{WEB}/{path}"},
        "commits": commits,
        "total_commits_count": len(commits) if total is None else total,
        **more,
    }


def update(path: str, *refs: str) -> dict[str, Any]:
    """ "System hooks", repository update events."""
    project = {"path_with_namespace": path, "default_branch": "main"}
    return {
        "event_name": "repository_update",
        "project": project,
        "changes": [{"ref": ref} for ref in refs],
        "refs": refs,
    }


MANY = [f"docs/{number}.md" for number in range(20)]
EVENTS: list[tuple[dict[str, Any], tuple[str, ...], bool, int]] = [
    (push("acme/web", FILE), ("acme/web",), False, 0),
    (push("acme/web", "README.md", "docs/a.md"), (), False, 2),
    (push("acme/web", *MANY, total=25), ("acme/web",), False, 0),
    (push("acme/web"), ("acme/web",), False, 0),
    (push("acme/web", FILE, branch="feature"), (), False, 0),
    (push("other/tool", FILE), (), False, 0),
    ({**push("acme/web", FILE), "object_kind": "tag_push", "ref": "refs/tags/main"}, (), False, 0),
    (update("acme/web", "refs/heads/main", "refs/tags/v1"), ("acme/web",), False, 0),
    (update("acme/web", "refs/heads/feature"), (), False, 0),
    (
        {"event_name": "project_rename", "path_with_namespace": "acme/new", "old_path_with_namespace": "acme/web"},
        ("acme/web", "acme/new"),
        False,
        0,
    ),
    (
        {"event_name": "project_transfer", "path_with_namespace": "other/web", "old_path_with_namespace": "acme/web"},
        ("acme/web",),
        False,
        0,
    ),
    ({"event_name": "project_destroy", "path_with_namespace": "acme/web"}, ("acme/web",), False, 0),
    ({"event_name": "project_update", "path_with_namespace": "acme/web"}, ("acme/web",), False, 0),
    ({"event_name": "group_rename", "full_path": "acme/p", "old_full_path": "acme/pay"}, (), True, 0),
    ({"object_kind": "issue", "project": {"path_with_namespace": "acme/web"}}, (), False, 0),
    ({"object_kind": "push", "project": None, "ref": 7, "commits": None}, (), False, 0),
]


@pytest.mark.parametrize(("event", "names", "everything", "touched"), EVENTS)
def test_an_event_names_the_projects_to_look_at_again(
    open_gitlab: Open, event: dict[str, Any], names: tuple[str, ...], everything: bool, touched: int
) -> None:
    forge = open_gitlab(group="acme", secret="sesame").forge
    hook = forge.hook({"x-gitlab-token": "sesame"}, json.dumps(event).encode())
    assert (hook.repositories, hook.everything, len(hook.touched)) == (names, everything, touched)


@pytest.mark.parametrize(("secret", "given"), [("sesame", "sesamy"), ("sesame", ""), ("", ""), ("sesame", "sesamé")])
def test_an_event_without_the_secret_is_refused(open_gitlab: Open, secret: str, given: str) -> None:
    with pytest.raises(CatalogError, match="invalid token") as raised:
        open_gitlab(secret=secret).hook({"X-Gitlab-Token": given}, b"{}")
    assert raised.value.code == "forbidden"


def test_a_push_is_read_by_itself_and_renames_moves_and_removals_are_followed(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open
) -> None:
    source = open_gitlab(secret="sesame")
    crawler = Crawler(catalog, [source])

    def tell(event: dict[str, Any]) -> list[str]:
        gitlab.asked.clear()
        if source.hook({"X-Gitlab-Token": "sesame"}, json.dumps(event).encode()):
            report = crawler.crawl("gitlab")
            assert report is not None
            assert report.failure == ""
        return gitlab.paths

    crawler.crawl("gitlab")
    project = gitlab.projects["acme/web"]
    project.files[FILE], project.commit = yaml("web", "Pushed"), 2
    asked = tell(push("acme/web", FILE))
    assert describe(catalog, "web") == "Pushed"
    base = "/api/v4/projects/acme%2Fweb"
    commit = f"/api/v4/projects/{project.number}/repository/commits/main"
    assert asked == [base, commit, f"{base}/repository/files/catalog-info.yaml"]
    assert tell(push("acme/web", "README.md")) == []
    gitlab.projects["acme/shop"] = gitlab.projects.pop("acme/web")
    project.path = "acme/shop"
    tell({"event_name": "project_rename", "path_with_namespace": "acme/shop", "old_path_with_namespace": "acme/web"})
    entity = catalog.view.entity("component:default/web")
    assert entity is not None
    target = f"url:{WEB}/acme/shop/-/blob/main/{FILE}"
    assert entity["metadata"]["annotations"]["backstage.io/managed-by-location"] == target
    project.archived = True
    tell({"event_name": "project_update", "path_with_namespace": "acme/shop"})
    assert components(catalog) == {"api", "fork", "tool"}
    del gitlab.projects["other/tool"]
    tell({"event_name": "project_destroy", "path_with_namespace": "other/tool"})
    assert components(catalog) == {"api", "fork"}


# -- faults


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("group", ["", "acme"])
def test_a_fault_at_any_request_loses_nothing(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open, group: str, kind: FaultKind
) -> None:
    """Of a crawl after a push to every project; 401 in the middle is one project's, whose files are kept as they were."""
    gitlab.page_size = 3
    source = open_gitlab(group=group)
    whole = ingest(catalog, source)
    count = 1
    for number in (-1, *range(100)):
        if number >= count:
            break
        for project in gitlab.projects.values():
            project.commit, project.active_at = project.commit + 1, f"2026-01-01T00:{project.commit:02}:00Z"
        gitlab.asked.clear()
        gitlab.plan = lambda at, asked, number=number: kind if at == number else ""
        source.usage.clear()
        report = catalog.ingest(source)
        assert report.removed == []
        assert report.failure == "" or kind == "expired", report.failure
        assert components(catalog) == whole
        assert (
            source.usage.faults or kind in ("short", "malformed") or number < 0
        )  # half of what a 404 says is no fault
        count = len(gitlab.asked) if number < 0 else count
    assert count >= 7
    gitlab.plan = lambda at, asked: kind if kind != "short" or group else ""
    assert catalog.ingest(source).removed == []
    assert components(catalog) == whole


def test_a_long_rate_limit_ends_the_crawl_and_names_its_end(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open
) -> None:
    source = open_gitlab(patience=0.5)
    whole = ingest(catalog, source)
    gitlab.plan = lambda number, asked: "limited"
    report = catalog.ingest(source)
    assert report.failure.startswith("rate limited by 127.0.0.1")
    assert report.failure.endswith("UTC, and read again then")
    assert components(catalog) == whole


def test_a_token_is_in_no_message_and_its_end_keeps_everything(
    gitlab: GitLab, catalog: Catalog, open_gitlab: Open
) -> None:
    whole = ingest(catalog, open_gitlab())
    source = open_gitlab(token="glpat-expired")
    report = catalog.ingest(source)
    assert "was refused (401): the token may have expired" in report.failure
    assert "glpat" not in report.failure + str(source.usage)
    assert components(catalog) == whole


def test_all_of_gitlab_com_is_not_read_by_mistake(gitlab: GitLab, catalog: Catalog) -> None:
    api = Api(gitlab.api, Usage(), catalog.cache("gitlab"))
    with pytest.raises(CatalogError, match="too much to read"):
        GitLabForge(api)
    api.close()


def test_answers_that_are_not_gitlabs_are_refused(gitlab: GitLab, catalog: Catalog, open_gitlab: Open) -> None:
    gitlab.add("acme/strange", more={"last_activity_at": "yesterday"})
    assert "describes a project without" in catalog.ingest(open_gitlab()).failure
