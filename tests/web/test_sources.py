"""The pages of sources and of problems by file and team, and the same as JSON, over real sources of every state."""

import base64
import re
import sqlite3
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Document, Location, Usage
from catalog.errors import CatalogError
from catalog.store import engine
from ingestors.folder import FolderSource
from ingestors.git import GitSource
from ingestors.registry import open_locations, open_pushed
from ingestors.url import UrlReader
from tests.conftest import component
from tests.programs import PATIENCE, wait_for
from tests.web.shelf import Shelf
from web.access import Access, make_tokens
from web.app import create_app
from web.pages import source as source_page
from web.standing import format_seconds, format_wait

TOKEN = "correct-horse-battery"
BASIC = {"authorization": "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()}
REFRESHED = '<meta http-equiv="refresh"'
TEAM = (
    "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: team-a\nspec:\n  type: team\n  children: []\n"
)


@dataclass
class Board:
    """A server over one folder and one remote source."""

    client: TestClient
    crawler: Crawler
    root: Path
    shelf: Shelf

    @property
    def folder(self) -> str:
        return f"/sources/{quote(f'folder:{self.root}', safe='')}"

    def write(self, name: str, text: str) -> str:
        """Write a catalog file and have it read; its path."""
        path = self.root / name / "catalog-info.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.crawler.crawl(f"folder:{self.root}")
        return str(path)

    def page(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == status, answer.text
        return answer.text

    def hold(self) -> None:
        """Crawl thirty components, then find seven."""
        self.shelf.count = 30
        self.crawler.crawl(self.shelf.name)
        self.shelf.count = 7
        self.crawler.crawl(self.shelf.name)


def file_page(path: str) -> str:
    return f"/problems/file?path={quote(path)}"


def accepting(html: str) -> dict[str, str]:
    """The form that the button to accept sends."""
    return {"do": "accept", "plan": re.findall(r'name="plan" value="([^"]+)"', html)[0]}


def make_board(catalog: Catalog, root: Path, access: Access) -> Board:
    root = root.resolve()
    folder, shelf = FolderSource(root), Shelf("host:acme", catalog.cache("host:acme"))
    locations = open_locations(UrlReader(), allow_files=True)
    crawler = Crawler(catalog, [folder, shelf], locations, types=("url", "file"), every={shelf.name: 1800})
    return Board(TestClient(create_app(crawler, access)), crawler, root, shelf)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is short is waited for, however busy the machine is."""
    monkeypatch.setattr(source_page, "_WAIT_SECONDS", PATIENCE)


@pytest.fixture
def board(catalog: Catalog, tmp_path: Path) -> Board:
    return make_board(catalog, tmp_path, Access(dev=True))


# -- /sources


def test_each_source_says_how_it_stands_and_when_it_is_read_next(board: Board) -> None:
    board.write("a", component("alpha"))
    board.shelf.count = 3
    board.crawler.crawl(board.shelf.name)
    html = board.page("/sources")
    assert "read when a file changes" in html
    assert re.search(r"next <time [^>]*>in (27|28|29|30|31|32|33) minutes", html)
    assert re.search(r"rate limit: 4.211 of 5.000 left, anew <time [^>]*>in 39 minutes", html)
    assert "3 added, 0 changed, 0 removed" in html
    assert REFRESHED not in html
    found = {one["name"]: one for one in board.client.get("/api/sources").json()["items"]}
    shelf = found["host:acme"]
    assert (shelf["state"], shelf["entities"], shelf["lastRun"]["added"]) == ("ok", 3, 3)
    assert shelf["rateLimit"]["left"] == 4211
    assert found[f"folder:{board.root}"]["isWatched"] is True


def test_a_source_that_failed_says_why_and_stands_before_those_that_did_not(board: Board) -> None:
    board.write("a", component("alpha"))
    board.shelf.failure = "host.example could not be read: 502 <b>Bad Gateway</b>"
    board.crawler.crawl(board.shelf.name)
    html = board.page("/sources")
    assert html.index("host:acme") < html.index(board.root.name)
    assert "502 &lt;b&gt;Bad Gateway&lt;/b&gt;" in html
    detail = board.page("/sources/host:acme")
    assert "Faults on the way" in detail
    assert "https://host.example/repos: 502 Bad Gateway" in detail
    assert "What it gave before is kept" in detail
    assert board.page("/sources?state=failed").count("<li class=") == 1


def test_a_database_that_cannot_be_written_shows_on_the_sources_that_met_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened cannot be kept then, and is shown all the same."""
    monkeypatch.setattr(engine, "_BUSY_SECONDS", 0.05)
    catalog = Catalog.open(f"sqlite:///{tmp_path}/c.db", search=False)
    board = make_board(catalog, tmp_path, Access(dev=True))
    (tmp_path / "catalog-info.yaml").write_text(component("alpha"))
    with sqlite3.connect(tmp_path / "c.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogError):
            board.crawler.crawl(f"folder:{board.root}")
        assert "The database cannot be used now: database is locked" in board.page("/sources?state=failed")
        answer = board.client.post(f"/api{board.folder}/crawl")
        assert (answer.status_code, "database is locked" in answer.text) == (503, True)
        other.execute("ROLLBACK")
    other.close()
    board.crawler.crawl(f"folder:{board.root}")
    assert catalog.view.entity("component:default/alpha") is not None
    assert "database is locked" not in board.page("/sources")
    catalog.close()


def test_a_running_source_shows_how_far_it_is_and_the_page_keeps_itself_up_to_date(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_page, "_WAIT_SECONDS", 0.01)
    board.shelf.count = 200
    board.shelf.gate.clear()
    answer = board.client.post("/sources/host:acme", data={"do": "crawl"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources/host%3Aacme")
    for path in ("/sources", "/sources/host:acme"):
        html = board.page(path)
        assert REFRESHED in html
        assert re.search(r'<progress max="200" value="\d+"', html)
        assert "reading now" in html
    assert board.client.get("/api/sources/host:acme").json()["progress"]["total"] == 200
    board.shelf.gate.set()
    wait_for(lambda: board.crawler.job("host:acme").state == "idle", "the crawl does not end")
    assert REFRESHED not in board.page("/sources")


def test_a_short_crawl_is_done_when_the_page_comes_back(board: Board) -> None:
    (board.root / "catalog-info.yaml").write_text(component("alpha"))
    html = board.client.post(board.folder, data={"do": "crawl"}).text
    assert "1 added, 0 changed, 0 removed" in html
    assert REFRESHED not in html


def test_a_name_with_slashes_and_odd_letters_is_one_part_of_the_path(catalog: Catalog, tmp_path: Path) -> None:
    root = tmp_path / "100% ?&# é" / "<b>"
    root.mkdir(parents=True)
    board = make_board(catalog, root, Access(dev=True))
    board.write("a", component("alpha"))
    href = re.findall(r'<a href="(/sources/folder[^"]*)"', board.page("/sources"))[0].replace("&amp;", "&")
    assert href.count("/") == 2
    assert "Files with problems" not in board.page(href)
    assert "&lt;b&gt;" in board.page(href)
    assert board.client.get(f"/api{href}").json()["entities"] == 1
    assert board.client.post(href, data={"do": "plan"}).status_code == 200


@pytest.mark.parametrize("path", ["/sources/nope", "/sources/..%2F..%2Fetc%2Fpasswd", "/sources/folder:%3Cb%3E"])
def test_a_source_that_is_not_there_is_a_page_that_says_so(board: Board, path: str) -> None:
    assert "There is no source" in board.page(path, 404)
    assert board.client.post(path, data={"do": "crawl"}).status_code == 404
    assert board.client.get(f"/api{path}").status_code == 404
    assert board.client.post(f"/api{path}/crawl").status_code == 404


def test_a_registered_location_is_a_source_by_what_it_names(
    board: Board, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "catalog-info.yaml"
    path.write_text(component("alpha"))
    board.crawler.register("file", str(path))
    html = board.page("/sources")
    assert re.search(r'href="/sources/location%3A[0-9a-f-]{36}"', html)
    assert "elsewhere" in html


def test_what_another_process_reads_is_shown_and_cannot_be_run(board: Board, catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = FolderSource(tmp_path / "other")
    catalog.ingest(other)
    path = f"/sources/{quote(other.name, safe='')}"
    assert "not read by this server" in board.page("/sources")
    assert "Run now" not in board.page(path)
    assert board.client.post(path, data={"do": "crawl"}).status_code == 400
    assert board.client.post(f"/api{path}/crawl").status_code == 400


def test_what_a_source_gave_that_has_another_name_now_is_taken_away_and_the_new_one_gets_it(
    board: Board, catalog: Catalog, tmp_path: Path
) -> None:
    former = FolderSource(board.root)
    former.name = "its-former-name"
    board.write("a", component("a"))
    catalog.empty(f"folder:{board.root}")
    catalog.ingest(former)
    board.crawler.crawl(f"folder:{board.root}")
    assert catalog.source_of("component:default/a") == former.name
    assert "Take its 1 entity away" in board.page(f"/sources/{former.name}")
    answer = board.client.post(f"/sources/{former.name}", data={"do": "forget"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources")
    assert catalog.source_of("component:default/a") == f"folder:{board.root}"
    assert board.client.get(f"/api/sources/{former.name}").status_code == 404
    assert board.client.delete(f"/api/sources/{former.name}").status_code == 404
    refused = board.client.delete(f"/api{board.folder}")
    assert (refused.status_code, "is a source of this server" in refused.text) == (409, True)
    assert catalog.view.entity("component:default/a") is not None


# -- plan and removals


def test_a_plan_shows_what_would_change_and_changes_nothing(board: Board) -> None:
    path = Path(board.write("a", component("alpha") + "---\n" + component("beta")))
    path.write_text(component("alpha", "Another text") + "---\n" + component("gamma"))
    html = board.client.post(board.folder, data={"do": "plan"}).text
    at = [
        html.index(text) for text in ("Would be removed", "default/beta", "Would be added", "gamma", "Would be changed")
    ]
    assert at == sorted(at)
    assert board.crawler.catalog.view.get("component:default/gamma") is None
    answer = board.client.post(f"/api{board.folder}/crawl?dryRun=true").json()
    assert answer["added"] == ["component:default/gamma"]
    assert answer["removed"] == ["component:default/beta"]
    board.crawler.crawl(f"folder:{board.root}")
    assert "Would be" not in board.page(board.folder)


def test_a_held_crawl_stands_out_lists_all_that_would_go_and_goes_when_accepted(board: Board) -> None:
    board.hold()
    line = board.page("/sources")
    assert '<li class="held">' in line
    assert "23 of 30 entities (77 %) would be gone" in line
    html = board.page("/sources/host:acme")
    assert len(set(re.findall(r"component:default/acme-\d\d", html))) == 23
    assert "Accept the removals" in html
    assert len(board.crawler.catalog.view) == 30
    assert board.client.get("/api/sources/host:acme").json()["plan"]["outcome"] == "held"
    after = board.client.post("/sources/host:acme", data=accepting(html)).text
    assert len(board.crawler.catalog.view) == 7
    assert "Accept the removals" not in after


def test_what_was_accepted_goes_and_what_vanished_since_is_asked_about_anew(board: Board) -> None:
    board.hold()
    form = accepting(board.page("/sources/host:acme"))
    board.shelf.count = 2
    html = board.client.post("/sources/host:acme", data=form).text
    assert len(board.crawler.catalog.view) == 30
    assert "28 of 30 entities" in html
    board.shelf.count = 1
    board.crawler.crawl(board.shelf.name)  # the list that was shown is an old one now
    board.client.post("/sources/host:acme", data=accepting(html))
    assert len(board.crawler.catalog.view) == 30
    board.shelf.count = 4  # some came back
    board.client.post("/sources/host:acme", data=accepting(board.page("/sources/host:acme")))
    assert len(board.crawler.catalog.view) == 4


def test_removals_that_nobody_was_asked_about_cannot_be_accepted(board: Board) -> None:
    board.shelf.count = 30
    board.crawler.crawl(board.shelf.name)
    board.shelf.count = 7
    board.client.post("/sources/host:acme", data={"do": "accept"})
    assert len(board.crawler.catalog.view) == 30
    assert board.crawler.catalog.runs("host:acme")[0].outcome == "held"


def test_a_held_crawl_found_before_a_restart_shows_its_list_when_asked(catalog: Catalog, tmp_path: Path) -> None:
    make_board(catalog, tmp_path, Access(dev=True)).hold()
    board = make_board(catalog, tmp_path, Access(dev=True))
    board.shelf.count = 7
    assert "Accept the removals" not in board.page("/sources/host:acme")
    html = board.client.post("/sources/host:acme", data={"do": "plan"}).text
    assert "Accept the removals" in html
    assert len(set(re.findall(r"component:default/acme-\d\d", html))) == 23


def test_the_api_crawls_plans_and_confirms(board: Board) -> None:
    board.hold()
    crawl = "/api/sources/host%3Aacme/crawl"
    assert board.client.post(crawl).json()["outcome"] == "held"
    assert len(board.client.post(f"{crawl}?dryRun=true").json()["removed"]) == 23
    assert len(board.crawler.catalog.view) == 30
    answer = board.client.post(f"{crawl}?confirm=true").json()
    assert (answer["outcome"], len(answer["removed"]), answer["unchanged"]) == ("ok", 23, 7)
    assert board.client.post(f"{crawl}?confirm=perhaps").status_code == 400
    runs = board.client.get("/api/sources/host%3Aacme").json()["runs"]
    assert [run["outcome"] for run in runs] == ["ok", "held", "held", "ok"]


# -- who may


def test_a_page_writes_with_a_password_and_not_for_another_sites_page(catalog: Catalog, tmp_path: Path) -> None:
    board = make_board(catalog, tmp_path, Access(make_tokens([(TOKEN, "ci")])))
    path = board.write("a", "kind: [")
    sent = {"data": {"do": "crawl"}, "follow_redirects": False}
    for page in (board.folder, file_page(path)):
        answer = board.client.post(page, **sent)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert board.client.post(page, headers=BASIC, **sent).status_code == 303
        own, foreign = {"origin": "http://testserver"}, {"origin": "https://evil.example.com"}
        assert board.client.post(page, headers=BASIC | own, **sent).status_code == 303
        assert board.client.post(page, headers=BASIC | foreign, **sent).status_code == 403
        assert board.client.post(page, headers=BASIC | {"origin": "null"}, **sent).status_code == 403
    assert board.client.post(f"/api{board.folder}/crawl").status_code == 401


def test_where_nobody_may_write_the_pages_say_how_to_allow_it(catalog: Catalog, tmp_path: Path) -> None:
    board = make_board(catalog, tmp_path, Access())
    path = board.write("a", "kind: [")
    for page in ("/sources", board.folder):
        html = board.page(page)
        assert "Run now" not in html
        assert "<code>--dev</code>" in html
    assert "Check again" not in board.page(file_page(path))


@pytest.mark.parametrize("body", [b"do=crawl", b"x" * 20_000, b"&".join([b"a=1"] * 100)])
def test_a_form_that_is_none_is_refused(board: Board, body: bytes) -> None:
    kind = "text/plain" if body == b"do=crawl" else "application/x-www-form-urlencoded"
    answer = board.client.post("/sources/host:acme", content=body, headers={"content-type": kind})
    assert answer.status_code == 400


# -- problems by file and team


def test_the_page_of_a_file_shows_the_lines_the_rule_the_fix_and_checks_again(board: Board) -> None:
    path = board.write(
        "a", component("alpha") + "---\n" + component("beta <i>").replace("  lifecycle: production\n", "")
    )
    html = board.page(file_page(path))
    wrong = re.findall(r'<tr class="wrong"><th scope="row">(\d+).*?<code>(.*?)</code>', html)
    assert ("14", "  name: beta &lt;i&gt;") in wrong
    assert "Names, tags, labels, annotation keys and links follow" in html
    assert "What to do" in html
    assert "<i>" not in html
    Path(path).write_text(component("alpha") + "---\n" + component("beta"))
    mended = board.client.post(file_page(path)).text
    assert "Nothing is wrong with this file" in mended
    assert board.crawler.catalog.view.get("component:default/beta") is not None


def test_a_file_that_is_still_wrong_says_what_is_wrong_now(board: Board) -> None:
    path = board.write("a", component("alpha").replace("kind: Component", "kind: Komponent"))
    assert "unknown-kind" in board.page(file_page(path))
    Path(path).write_text(component("alpha").replace("  type: service\n", ""))
    again = board.client.post(file_page(path)).text
    assert "missing-field" in again
    assert "unknown-kind" not in again


def test_only_files_that_a_source_read_are_shown_and_none_out_of_its_root(
    board: Board, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("secrets") / "catalog-info.yaml"
    secret.write_text("password: hunter2\n")
    path = Path(board.write("a", "kind: ["))
    for name in (str(secret), "/etc/passwd", str(path.parent / ".." / "a" / "catalog-info.yaml"), "", "%", "https://x"):
        assert "hunter2" not in board.page(file_page(name), 404)
    path.unlink()
    path.symlink_to(secret)  # what was a file of the source now leads out of it
    html = board.page(file_page(str(path)))
    assert "hunter2" not in html
    assert "not to be had" in html


def test_a_remote_file_is_asked_for_once_however_often_its_page_is_looked_at(board: Board) -> None:
    asked: list[str] = []

    def read(target: str, base: Location, kind: str) -> list[Document]:
        asked.append(target)
        return [Document(base, b"kind: [")]

    board.shelf.count = 1
    board.shelf.crawl = lambda: iter([Document(Location("url", "https://host.example/0"), b"kind: [")])  # type: ignore[method-assign]
    board.shelf.read = read  # type: ignore[method-assign]
    board.crawler.crawl("host:acme")
    for _ in range(3):
        assert "kind: [" in board.page(file_page("https://host.example/0"))
    assert asked == ["https://host.example/0"]
    board.client.post(file_page("https://host.example/0"))
    board.page(file_page("https://host.example/0"))
    assert len(asked) == 2


def test_problems_belong_to_the_team_that_owns_what_is_wrong(board: Board) -> None:
    board.write("teams", TEAM)
    board.write("a", component("alpha") + "---\n" + component("Not a name!"))  # what a refused document declares
    board.write("b", component("beta") + "---\nkind: [\n")  # what else is in the file
    board.write("c", "kind: [\n")
    html = board.page("/problems?by=team")
    assert re.search(r'team=group:default/team-a">team-a</a>', html)
    assert re.search(r'team=none">No owner</a>', html)
    found = board.client.get("/api/problems").json()
    teams = {Path(one["file"]).parent.name: one["team"] for one in found["items"]}
    assert teams == {"a": "group:default/team-a", "b": "group:default/team-a", "c": None}
    for team, files in {"team-a": {"a", "b"}, "group:default/team-a": {"a", "b"}, "none": {"c"}}.items():
        items = board.client.get(f"/api/problems?team={team}").json()["items"]
        assert {Path(one["file"]).parent.name for one in items} == files
        assert {name for name in "abc" if f"/{name}/catalog-info" in board.page(f"/problems?team={team}")} == files


def test_problems_are_filtered_and_paged_as_json(board: Board) -> None:
    path = board.write("a", component("Not a name!") + "---\n" + component("beta", dependOn="x"))
    board.write("b", "kind: [\n")
    whole = board.client.get("/api/problems").json()
    assert whole["totalItems"] == len(whole["items"]) >= 3
    assert {one["rule"] for one in whole["items"]} >= {"bad-format", "misspelt-field"}
    for query, test in (
        ("rule=bad-format", lambda one: one["rule"] == "bad-format"),
        (f"file={quote(path)}", lambda one: one["file"] == path),
        ("severity=warning", lambda one: one["severity"] == "warning"),
    ):
        some = board.client.get(f"/api/problems?{query}").json()["items"]
        assert some == [one for one in whole["items"] if test(one)] != []
    page = board.client.get("/api/problems?limit=1&offset=1").json()
    assert (page["items"], page["totalItems"]) == (whole["items"][1:2], whole["totalItems"])
    assert board.client.get("/api/problems?severity=grave").status_code == 400
    assert board.client.get("/api/problems?teem=x").status_code == 400


def test_every_page_names_its_json_twin_and_each_answers(board: Board) -> None:
    path = board.write("a", "kind: [")
    for page in ("/sources", board.folder, "/problems", "/problems?by=team", file_page(path)):
        twin = re.findall(r'rel="alternate" type="application/json" href="([^"]+)"', board.page(page))
        assert board.client.get(twin[0].replace("&amp;", "&")).status_code == 200


# -- words


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.004, "4 ms"), (0.4, "0.4 s"), (12.4, "12 s"), (72, "1 min 12 s"), (7400, "2 h 3 min")],
)
def test_durations_are_said_in_few_words(seconds: float, expected: str) -> None:
    assert format_seconds(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "now"), (1, "now"), (30, "in 30 seconds"), (61, "in 1 minute"), (5400, "in 2 hours"), (200_000, "in 2 days")],
)
def test_waits_are_said_in_the_largest_unit(seconds: float, expected: str) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert format_wait(now + timedelta(seconds=seconds), now) == expected


# -- the text of files that are no paths


def test_the_lines_of_a_file_in_a_git_repository_are_shown(catalog: Catalog, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "deep").mkdir(parents=True)
    (work / "deep" / "catalog-info.yaml").write_text(component("Not a name!"))
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "A file")):
        subprocess.run(["git", *who, *arguments], cwd=work, check=True, timeout=180)
    reader = UrlReader()
    source = GitSource("git", str(work), "", (), catalog.cache("git"), Usage(), reader, tmp_path / "clones")
    crawler = Crawler(catalog, [source])
    crawler.crawl("git")
    client = TestClient(create_app(crawler))
    file = client.get("/api/problems").json()["items"][0]["file"]
    html = client.get(file_page(file)).text
    reader.close()
    assert '<tr class="wrong"><th scope="row">4' in html
    assert "  name: Not a name!</code>" in html


def test_the_lines_of_what_was_pushed_are_shown(catalog: Catalog) -> None:
    reader = UrlReader()
    client = TestClient(create_app(Crawler(catalog, open_pushed=open_pushed(reader)), Access(dev=True)))
    text = component("alpha") + "---\n" + component("Not a name!")
    kind = {"content-type": "application/yaml"}
    assert client.put("/api/sources/ci/entities", content=text.encode(), headers=kind).status_code == 200
    html = client.get(file_page("ci")).text
    reader.close()
    assert "  name: Not a name!</code>" in html
    assert "Check again" not in html
    assert "sent over the API" in client.get("/sources").text
    assert "Run now" not in client.get("/sources/pushed:ci").text
