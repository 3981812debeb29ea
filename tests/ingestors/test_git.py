"""Git repositories read with the real git program, over paths and over HTTP from a real `git http-backend`."""

import logging
import os
import subprocess
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import scm
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.documents import Document, Location, Root, Unread, Usage
from catalog.errors import CatalogError, ReadError
from ingestors import clone
from ingestors.git import GitSource
from ingestors.url import UrlReader
from tests.conftest import component
from tests.ingestors.git_server import GitServer, serve_git

FILE = "catalog-info.yaml"
WHO = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *WHO, *arguments], cwd=folder, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, files: dict[str, str | None]) -> str:
    """Write files (None takes one away) and commit them; the commit's id."""
    if not (folder / ".git").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--initial-branch=main", ".")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if text is None else path.write_text(text)
    git(folder, "add", "--all", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "A change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "served" / "pay"


@pytest.fixture
def reader() -> Iterator[UrlReader]:
    opened = UrlReader(scm.Hosts.of_types({"git.example.com": "github", "lab.example.com": "gitlab"}))
    yield opened
    opened.close()


Make = Callable[..., GitSource]


@pytest.fixture
def make(tmp_path: Path, catalog: Catalog, reader: UrlReader) -> Make:
    def new(url: str | Path, branch: str = "", patterns: tuple[str, ...] = (), **more: Any) -> GitSource:
        cache = catalog.cache("git")
        return GitSource("git", str(url), branch, patterns, cache, Usage(), reader, tmp_path / "clones", **more)

    return new


@pytest.fixture
def server(work: Path) -> Iterator[GitServer]:
    commit(work, {FILE: component("a")})
    with serve_git(work.parent) as running:
        running.url += "/pay/.git"
        yield running


def files(source: GitSource) -> dict[str, str]:
    """What a crawl finds: by location the content, or what is wrong."""
    found: dict[str, str] = {}
    for one in source.crawl():
        match one:
            case Document():
                found[str(one.location)] = one.content.decode()
            case Unread():
                found[str(one.location)] = one.message
            case Root():
                (read,) = source.read(one.location.target, one.location, "url")
                found[str(read.location)] = read.content.decode()
    return found


# -- what is read


def test_files_at_any_depth_are_read_and_links_and_submodules_are_not(work: Path, make: Make) -> None:
    commit(work, {FILE: "a", "deep/er/catalog-info.yml": "b", "other.yaml": "c", ".hidden/catalog-info.yaml": "d"})
    (work / "linked").mkdir()
    (work / "linked" / FILE).symlink_to("/etc/passwd")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub/{FILE}")
    commit(work, {})
    found = files(make(work))
    at = f"git:{work}#main:"
    assert found == {f"{at}{FILE}": "a", f"{at}deep/er/catalog-info.yml": "b", f"{at}.hidden/catalog-info.yaml": "d"}


@pytest.mark.parametrize("form", ["path", "file", "http"])
def test_each_kind_of_url_gives_the_same(form: str, work: Path, server: GitServer, make: Make) -> None:
    url = {"path": str(work), "file": f"file://{work}", "http": server.url}[form]
    assert files(make(url)) == {f"git:{url}#main:{FILE}": component("a")}


def test_a_branch_a_tag_and_patterns_are_chosen(work: Path, make: Make) -> None:
    commit(work, {FILE: "main"})
    git(work, "tag", "-a", "v1", "-m", "One")
    git(work, "checkout", "--quiet", "-b", "release/1")
    commit(work, {FILE: "release", "docs/api.yaml": "api"})
    git(work, "checkout", "--quiet", "main")
    commit(work, {FILE: "later"})
    assert list(files(make(work)).values()) == ["later"]
    assert list(files(make(work, "v1")).values()) == ["main"]
    release = make(work, "release/1", ("*.yaml", "docs/*.yaml"))
    assert files(release) == {f"git:{work}#release/1:{FILE}": "release", f"git:{work}#release/1:docs/api.yaml": "api"}


def test_only_the_matching_files_come_over_the_wire(work: Path, server: GitServer, make: Make) -> None:
    git(work, "config", "uploadpack.allowFilter", "true")
    for number in range(3):
        commit(work, {"big.bin": os.urandom(200_000).hex(), "n": str(number)})
    source = make(server.url)
    files(source)
    size = sum(path.stat().st_size for path in source.clone.folder.rglob("*") if path.is_file())
    assert size < 50_000
    assert source.usage.requests == 3  # ls-remote, the commit with its trees, the one file


@pytest.mark.parametrize("version", ["0", "2"])
@pytest.mark.parametrize("filters", ["true", "false"])
def test_older_servers_give_the_same_for_more(
    version: str, filters: str, work: Path, server: GitServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(clone._SETTINGS, "protocol.version", version)
    git(work, "config", "uploadpack.allowFilter", filters)
    source = make(server.url)
    assert list(files(source).values()) == [component("a")]
    commit(work, {FILE: "new"})
    assert list(files(source).values()) == ["new"]


# -- what it costs


def test_an_unchanged_repository_costs_one_request_and_all_comes_from_the_cache(
    work: Path, server: GitServer, make: Make
) -> None:
    first = make(server.url)
    before = files(first)
    first.cache.flush()
    second = make(server.url)
    second.clone.folder.rename(second.clone.folder.with_suffix(".gone"))  # not even the clone is needed
    server.asked.clear()
    assert files(second) == before
    assert second.usage.requests == 1
    assert len(server.asked) == 2  # HTTP: the server's abilities, and its refs


def test_of_a_change_only_the_changed_file_is_fetched(work: Path, server: GitServer, make: Make) -> None:
    commit(work, {"b/" + FILE: "b", "c/" + FILE: "c"})
    source = make(server.url)
    files(source)
    commit(work, {"b/" + FILE: "new", "c/" + FILE: None})
    source.usage.clear()
    assert list(files(source).values()) == ["new", component("a")]
    assert source.usage.requests == 3
    assert source.usage.cached == 1


def test_a_push_during_a_crawl_is_left_for_the_next(work: Path, make: Make) -> None:
    commit(work, {FILE: "old $text", "text": "old"})
    source = make(work)
    (found,) = source.crawl()
    commit(work, {FILE: "new $text", "text": "new"})
    assert isinstance(found, Document)
    assert source.fetch("./text", found.location) == b"old"
    assert list(files(source).values()) == ["new $text"]


def test_a_clone_that_a_killed_git_left_locked_is_made_anew(work: Path, make: Make) -> None:
    commit(work, {FILE: "one"})
    source = make(work)
    files(source)
    commit(work, {FILE: "two"})
    (source.clone.folder / "shallow.lock").touch()
    assert list(files(source).values()) == ["two"]


# -- what files name


def test_a_clone_that_a_full_disk_left_damaged_is_made_anew(work: Path, make: Make) -> None:
    commit(work, {f"{name}/{FILE}": name for name in "abc"})
    assert sorted(files(make(work)).values()) == ["a", "b", "c"]
    source = make(work, patterns=("**/*.yaml",))  # of which nothing is remembered
    packs = [*source.clone.folder.rglob("*.pack")]
    assert packs
    for pack in packs:
        pack.chmod(0o644)
        os.truncate(pack, 100)
    assert sorted(files(source).values()) == ["a", "b", "c"]
    assert any("packfile" in fault for fault in source.usage.faults)


def test_relative_targets_and_placeholders_are_of_the_same_repository(tmp_path: Path, make: Make) -> None:
    work = tmp_path / "a#b:c" / "pay"
    texts = {"a/all.yaml": "", "a/x.yaml": "x", "b/y.yaml": "y", "b/z.yaml": "z", "root.md": "root"}
    commit(work, texts)
    source = make(work, patterns=("a/all.yaml",))
    (base,) = (found.location for found in source.crawl() if isinstance(found, Document))
    assert [one.content for one in source.read("./x.yaml", base, "url")] == [b"x"]
    assert [one.content for one in source.read("../b/*.yaml", base, "git")] == [b"y", b"z"]
    assert [str(one.location) for one in source.read("/b/y.yaml", base, "url")] == [f"git:{work}#main:b/y.yaml"]
    assert source.fetch("../root.md", base) == b"root"
    with pytest.raises(ReadError, match="no matching files found") as caught:
        source.read("./gone.yaml", base, "url")
    assert caught.value.missing


@pytest.mark.parametrize("target", ["../../etc/passwd", "../..", "/../../etc/passwd", "./../../x"])
def test_nothing_outside_of_the_repository_is_read(target: str, work: Path, make: Make) -> None:
    commit(work, {f"a/{FILE}": "a"})
    source = make(work)
    (base,) = (found.location for found in source.crawl() if isinstance(found, Document))
    for read in (lambda: source.fetch(target, base), lambda: source.read(target, base, "git")):
        with pytest.raises(ReadError):
            read()


def test_other_types_and_other_urls_are_judged_as_everywhere(work: Path, make: Make) -> None:
    commit(work, {FILE: "a"})
    source = make(work)
    (base,) = (found.location for found in source.crawl() if isinstance(found, Document))
    with pytest.raises(ReadError, match="allowed type"):
        source.read("/etc/passwd", base, "file")
    with pytest.raises(ReadError, match="is not allowed"):
        source.read("http://169.254.169.254/latest/meta-data", base, "url")
    with pytest.raises(ReadError, match="is not allowed"):
        source.fetch("file:///etc/passwd", base)


def test_with_a_web_url_files_are_where_backstage_would_have_them(work: Path, make: Make) -> None:
    commit(work, {f"a b/{FILE}": "a", "a b/x.yaml": "x", "text.md": "text"})
    source = make(work, web_url="https://git.example.com/org/pay")
    (root,) = source.crawl()
    assert isinstance(root, Root)
    web = "https://git.example.com/org/pay"
    assert str(root.location) == f"url:{web}/blob/main/a%20b/{FILE}"
    assert root.annotations["backstage.io/source-location"] == f"url:{web}/tree/main/a%20b/"
    (document,) = source.read(root.location.target, root.location, "url")
    assert (str(document.location), document.content) == (f"url:{web}/tree/main/a%20b/{FILE}", b"a")
    assert document.annotations["backstage.io/edit-url"] == f"{web}/edit/main/a%20b/{FILE}"
    (other,) = source.read("./x.yaml", document.location, "url")
    assert (str(other.location), other.content) == (f"url:{web}/tree/main/a%20b/x.yaml", b"x")
    (globbed,) = source.read("./x*.yaml", document.location, "url")
    assert globbed == other
    assert source.fetch("../text.md", document.location) == b"text"
    assert source.usage.requests == 5  # nothing was asked of the web site; three single files were fetched


@pytest.mark.parametrize(
    ("web", "at"),
    [
        ("https://lab.example.com/g/sub/pay", "/-/blob/release/1/"),
        ("https://git.example.com/org/pay", "/blob/release/1/"),
        ("https://bitbucket.org/org/pay", "/src/release/1/"),
        ("https://dev.azure.com/org/project/_git/pay", "?path=/{}&version=GBrelease/1"),
        ("https://elsewhere.example.com/pay", "/blob/release/1/"),
    ],
)
def test_each_host_has_its_form_of_url_and_finds_its_own_files_again(web: str, at: str, work: Path, make: Make) -> None:
    commit(work, {f"a/{FILE}": "a", "x.md": "x"})
    git(work, "checkout", "--quiet", "-b", "release/1")
    source = make(work, "release/1", web_url=web)
    path = f"a/{FILE}"
    where = web + (at.format(path) if "{}" in at else at + path)
    (root,) = source.crawl()
    assert str(root.location) == f"url:{where}"
    (document,) = source.read(where, Location("url", where), "url")
    assert document.content == b"a"
    assert source.fetch("../x.md", document.location) == b"x"


def test_the_page_of_a_repository_on_a_known_host_needs_no_setting(make: Make) -> None:
    for url in ("https://git.example.com/org/pay.git", "git@git.example.com:org/pay.git"):
        assert make(url).web_url == "https://git.example.com/org/pay"
    assert make("https://elsewhere.example.com/pay.git").web_url == ""


def test_codeowners_name_the_owner_where_asked(work: Path, make: Make) -> None:
    commit(
        work, {FILE: "a", f"b/{FILE}": "b", "CODEOWNERS": "* @me\n", ".github/CODEOWNERS": "* @who\n/b/ @org/team-b\n"}
    )
    owners = [one.owner for one in make(work, codeowners=True).crawl() if isinstance(one, Document)]
    assert owners == ["group:default/team-b", "user:default/who"]
    assert [one.owner for one in make(work).crawl() if isinstance(one, Document)] == ["", ""]


# -- what must not happen


OPTIONS = ["--upload-pack=touch /tmp/x", "-x", "ssh://-oProxyCommand=id/x", "host:-x"]
HELPERS = ["ext::sh -c id", "fd::17", "file::x", "ftp://host/x", "https://[x", "relative/path", "a"]
SECRETS = ["https://u:secret@host/x", "https://secret@host/x", "ssh://git:secret@host/x"]


@pytest.mark.parametrize("url", OPTIONS + HELPERS + SECRETS)
def test_urls_of_other_forms_are_refused_before_git_sees_them(url: str, make: Make) -> None:
    with pytest.raises(CatalogError) as caught:
        make(url)
    assert "secret" not in f"{caught.value.message} {caught.value.hint.replace('a secret is', '')}"


@pytest.mark.parametrize("branch", ["--upload-pack=x", "a b", "a:b", "../x", "a*", "x\n", "HEAD^{/x}", "/x"])
def test_what_is_no_branch_name_is_refused(branch: str, work: Path, make: Make) -> None:
    with pytest.raises(CatalogError, match="name of a branch"):
        make(work, branch)


def test_hooks_and_settings_of_anybody_else_do_not_apply(
    work: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(work, {FILE: "a"})
    home = tmp_path / "home"
    home.mkdir()
    mark = tmp_path / "ran"
    hook = home / "hooks" / "reference-transaction"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\n hooksPath = {hook.parent}\n fsmonitor = touch {mark}\n[init]\n templateDir = {home}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_SSH", f"touch {mark}")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    assert list(files(make(work)).values()) == ["a"]
    assert not mark.exists()
    assert not (tmp_path / "trace").exists()


TOKEN = "tok-1234567890"


def test_the_token_opens_a_repository_and_is_nowhere_to_be_seen(
    server: GitServer, make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[object] = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        clone.subprocess, "Popen", lambda command, **more: (seen.append(command), popen(command, **more))[1]
    )
    caplog.set_level(logging.DEBUG)
    server.password = f"x-access-token:{TOKEN}"
    source = make(server.url, token=TOKEN)
    assert list(files(source).values()) == [component("a")]
    wrong = make(server.url, token="wrong-" + TOKEN)
    with pytest.raises(ReadError) as caught:
        files(wrong)
    assert caught.value.forbidden
    kept = b"".join(path.read_bytes() for path in source.clone.folder.rglob("*") if path.is_file())
    told = f"{seen} {caplog.text} {caught.value} {wrong.usage} {source.usage} {kept!r}"
    for secret in (TOKEN, clone._secrets_of(TOKEN)[0], clone._secrets_of("wrong-" + TOKEN)[0]):
        assert secret not in told
    assert server.url not in str(seen)


def test_a_redirect_is_told_of_and_not_followed_with_the_token(server: GitServer, make: Make, tmp_path: Path) -> None:
    with serve_git(tmp_path) as other:
        server.moved_to = f"{other.url}/pay/.git/info/refs?service=git-upload-pack"
        with pytest.raises(ReadError, match="has moved") as caught:
            files(make(server.url, token=TOKEN))
        assert other.asked == []
    assert "name its new URL" in caught.value.message


# -- what goes wrong


def test_a_passing_fault_is_waited_out_and_counted(server: GitServer, make: Make) -> None:
    server.faults = [503, 500]
    source = make(server.url)
    source.clone._sleep = lambda seconds: None
    assert len(files(source)) == 1
    assert source.usage.retries == 2
    assert any("503" in fault for fault in source.usage.faults)


@pytest.mark.parametrize(("status", "name"), [(404, "NotFoundError"), (403, "NotAllowedError"), (502, "Error")])
def test_a_lasting_fault_ends_the_crawl(status: int, name: str, server: GitServer, make: Make) -> None:
    server.faults = [status] * 9
    source = make(server.url)
    source.clone._sleep = lambda seconds: None
    with pytest.raises(ReadError) as caught:
        files(source)
    assert caught.value.name == name


def test_a_missing_branch_and_an_empty_repository_are_said(work: Path, make: Make, tmp_path: Path) -> None:
    commit(work, {FILE: "a"})
    with pytest.raises(ReadError, match="has no branch or tag `gone`"):
        files(make(work, "gone"))
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(ReadError, match="has no commit"):
        files(make(tmp_path / "empty"))
    with pytest.raises(ReadError) as caught:
        files(make(tmp_path / "nothing"))
    assert caught.value.missing


def test_a_server_that_never_answers_is_given_up_with_all_that_git_started(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(clone, "_ASK_SECONDS", 1.0)
    monkeypatch.setattr(clone, "RETRIES", 0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(ReadError, match="no answer within 1 seconds"):
            files(make(f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"))
        assert time.monotonic() - started < 30
        accepted, _ = silent.accept()
        accepted.settimeout(60)
        while accepted.recv(4096):
            pass  # the other end is closed: nobody holds it any more
        accepted.close()


def test_a_file_that_is_too_large_is_a_file_that_could_not_be_read(
    work: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clone, "MAX_BYTES", 10)
    commit(work, {FILE: "a" * 11, f"b/{FILE}": "b"})
    source = make(work)
    assert list(files(source).values()) == ["b", "the file has 11 bytes; at most 10 are read"]


def test_files_that_are_too_much_together_are_not_all_held_at_once(
    work: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clone, "MAX_WHOLE", 25)
    commit(work, {f"{n}/{FILE}": f"{n:010}" for n in range(4)})
    told = list(files(make(work)).values())
    assert len([one for one in told if "more than 25 bytes together" in one]) == 2
    assert len([one for one in told if one.isdigit()]) == 2


def test_what_is_too_large_is_not_even_unpacked(work: Path, make: Make) -> None:
    commit(work, {FILE: "0" * 30_000_000})
    tracemalloc.start()
    try:
        assert list(files(make(work)).values()) == ["the file has 30,000,000 bytes; at most 5,000,000 are read"]
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_crawl_that_fails_leaves_the_catalog_as_it_was(server: GitServer, make: Make, catalog: Catalog) -> None:
    source = make(server.url)
    source.clone._sleep = lambda seconds: None
    crawler = Crawler(catalog, [source])
    first = crawler.crawl("git")
    assert first is not None
    assert first.added == ["component:default/a"]
    server.faults = [500] * 9
    failed = crawler.crawl("git")
    assert failed is not None
    assert "500" in failed.failure
    assert catalog.view.get("component:default/a") is not None
    server.faults = []
    again = crawler.crawl("git")
    assert again is not None
    assert (again.failure, again.unchanged, source.usage.requests) == ("", 1, 1)
