"""Traps 14 to 30: what becomes of files and entities over time (reference section 14.2)."""

from pathlib import Path

import pytest

from catalog.pipeline import Policy
from catalog.rules import Allowed, Place, Rule
from catalog.scm import Host
from tests.traps.board import Board, Json, Site, entity, location, reader_of
from tests.traps.conftest import Open

A, B = "component:default/a", "component:default/b"
WHOLE = Policy(broken_files="whole")
KEEP = Policy(orphans="keep")
PAGES = "backstage.io/view-url", "backstage.io/edit-url", "backstage.io/source-location"
MANAGED = "backstage.io/managed-by-location", "backstage.io/managed-by-origin-location"
RULES = (Rule((Allowed("Component"),)), Rule((Allowed("Location"),)))
# Each kind of document that fails the file it is in, and the words for it on the Location.
BAD: dict[str, tuple[Json, str]] = {
    "syntax": ("a: [1", "Error: YAML error at "),
    "scalar": ("just a text", "Error: Expected object at root, got string"),
    "envelope": (entity(123), "TypeError: /metadata/name must be string - type: string"),
    "rules": (entity("x", "API"), "NotAllowedError: Entity api:default/x at "),
}


def annotations(board: Board, ref: str) -> dict[str, str]:
    found: dict[str, str] = board.entity(ref)["metadata"]["annotations"]
    return found


def uid(board: Board, ref: str) -> str:
    return str(board.entity(ref)["metadata"]["uid"])


def github(site: Site) -> Host:
    """A GitHub on the site: its pages at `/o/r/blob/...`, its files at `/raw/o/r/...`."""
    return Host(site.host, "github", base_url=site.url, api_url=f"{site.url}/api", raw_url=f"{site.url}/raw")


@pytest.mark.parametrize("kind", BAD)
def test_14_a_bad_document_blocks_its_siblings_only_where_files_are_read_as_a_whole(
    open_board: Open, kind: str
) -> None:
    """Backstage's way is `broken_files="whole"`; Callboard's own is that a bad document hides itself alone."""
    bad, words = BAD[kind]
    for policy, title in ((Policy(broken_files="whole", rules=RULES), "before"), (Policy(rules=RULES), "after")):
        board = open_board(policy=policy)
        board.load(entity("a", metadata={"title": "before"}))
        board.load(entity("a", metadata={"title": "after"}), entity("b"), bad)
        assert board.entity(A)["metadata"]["title"] == title
        assert (board.find(B) is None) == (title == "before")
        [error] = board.errors(board.root)
        assert error.startswith(words)


def test_15_what_was_never_valid_is_nowhere_and_holds_its_ref_where_files_are_read_as_a_whole(
    open_board: Open,
) -> None:
    """Callboard's own way is to serve the valid one."""
    board = open_board(policy=WHOLE)
    board.write(entity("a", owner=None), file="first.yaml")
    board.write(entity("a"), file="second.yaml")
    board.load(location("all", "./first.yaml", "./second.yaml"))
    assert board.find(A) is None
    assert board.names("/entities?filter=kind=component") == []
    assert board.get("/entities/by-query?limit=0&filter=kind=component").json()["totalItems"] == 0
    assert board.post("/entities/by-refs", {"entityRefs": [A]}).json()["items"] == [None]
    assert board.get("/entity-facets?facet=kind").json()["facets"]["kind"] == [{"value": "Location", "count": 2}]
    pending = board.get("/entities/unprocessed/pending").json()["entities"]
    assert "a" in [one["unprocessed_entity"]["metadata"]["name"] for one in pending]


def test_16_an_entity_that_turns_invalid_keeps_its_last_good_body(board: Board) -> None:
    board.load(entity("a", metadata={"title": "good"}))
    board.load(entity("a", metadata={"title": "bad"}, owner=None))
    assert board.entity(A)["metadata"]["title"] == "good"
    [item] = board.entity(A)["status"]["items"]
    assert (item["type"], item["level"], item["error"]["name"]) == (
        "backstage.io/catalog-processing",
        "error",
        "InputError",
    )
    assert item["message"] == f"InputError: {item['error']['message']}"
    board.load(entity("a", metadata={"title": "again"}))
    assert board.entity(A)["metadata"]["title"] == "again"
    assert "status" not in board.entity(A)


@pytest.mark.parametrize("policy", [Policy(), WHOLE])
@pytest.mark.parametrize("answer", [404, 500, "a: [1"])
def test_17_a_file_that_cannot_be_read_loses_nothing_and_one_without_the_entity_does(
    open_board: Open, site: Site, answer: int | str, policy: Policy
) -> None:
    """Callboard's own exception: a file that is gone from this disk takes its entities along, unless read as a whole."""
    board = open_board(reader=reader_of(site.url), policy=policy)
    board.register(site.page("/a.yaml", entity("a"), entity("b")))
    before = uid(board, A)
    ref = board.get("/locations").json()[0]["data"]["entityRef"]
    site.pages["/a.yaml"] = answer
    board.post("/refresh", {"entityRef": ref})
    assert uid(board, A) == before
    assert len(board.errors(ref)) == 1
    site.page("/a.yaml", entity("b"))
    board.post("/refresh", {"entityRef": ref})
    assert (board.find(A), board.errors(ref)) == (None, [])
    board.write(entity("c"), file="c.yaml")
    board.load(location("all", "./c.yaml"))
    (board.folder / "c.yaml").unlink()
    board.crawl()
    assert (board.find("component:default/c") is not None) == (policy is WHOLE)
    assert len(board.errors("location:default/all")) == 1


def test_18_orphans_are_deleted_unless_they_are_to_be_kept(open_board: Open) -> None:
    for policy in (Policy(), KEEP):
        board = open_board(policy=policy)
        board.load(entity("a"), entity("b"))
        board.load(entity("a"))
        if policy is KEEP:
            assert annotations(board, B)["backstage.io/orphan"] == "true"
            assert board.names("/entities?filter=metadata.annotations.backstage.io/orphan=true") == ["b"]
        else:
            assert board.find(B) is None


def test_19_the_first_owner_of_a_ref_keeps_it_in_silence_and_the_next_gets_a_new_uid(
    open_board: Open, site: Site
) -> None:
    """Silent in the API; Callboard's own problem that names both files is no status of either."""
    board = open_board(reader=reader_of(site.url))
    first = board.register(site.page("/first.yaml", entity("a", metadata={"title": "first"})))
    second = board.register(site.page("/second.yaml", entity("A", metadata={"title": "second"})))
    assert (first.status_code, second.status_code) == (201, 201)
    before = board.entity(A)
    assert (before["metadata"]["title"], "status" in before) == ("first", False)
    assert [board.errors(one.json()["location"]["entityRef"]) for one in (first, second)] == [[], []]
    [conflict] = [one.message for one in board.catalog.problems if one.rule == "duplicate-ref"]
    assert all(f"{site.url}/{file}.yaml" in conflict for file in ("first", "second"))
    board.delete(f"/locations/{first.json()['location']['id']}")
    after = board.entity(A)
    assert after["metadata"]["title"] == "second"
    assert after["metadata"]["uid"] != before["metadata"]["uid"]


def test_20_the_last_of_two_in_a_file_wins_but_a_dry_run_refuses_them(open_board: Open, site: Site) -> None:
    board = open_board(reader=reader_of(site.url))
    url = site.page("/a.yaml", entity("a", metadata={"title": "one"}), entity("A", metadata={"title": "two"}))
    dry = board.register(url, "?dryRun=true")
    assert (dry.status_code, dry.json()["error"]["name"]) == (400, "InputError")
    assert dry.json()["error"]["message"] == f"Duplicate nested entity: {A}"
    assert board.register(url).status_code == 201
    assert board.entity(A)["metadata"]["title"] == "two"


def test_21_an_entity_deleted_by_uid_comes_back_while_its_file_lists_it(board: Board) -> None:
    board.load(entity("a"))
    before = uid(board, A)
    assert board.delete(f"/entities/by-uid/{before}").status_code == 204
    assert board.get(f"/entities/by-uid/{before}").status_code == 404
    assert uid(board, A) != before


def test_22_managed_by_is_forced_and_the_links_are_only_filled_in(open_board: Open, site: Site) -> None:
    stated = dict.fromkeys((*MANAGED, *PAGES), "url:https://example.com/mine")
    plain = open_board(reader=reader_of(site.url))
    url = site.page("/a.yaml", entity("a"), entity("b", metadata={"annotations": stated}))
    plain.register(url)
    known = open_board(reader=reader_of(site.url, [github(site)]))
    file = f"{site.url}/o/r/blob/main/x/a.yaml"
    site.pages["/raw/o/r/main/x/a.yaml"] = site.pages["/a.yaml"]
    known.register(file)
    tree = file.replace("/blob/", "/tree/")
    managed = [
        dict(zip(MANAGED, places, strict=True)) for places in ((f"url:{url}",) * 2, (f"url:{tree}", f"url:{file}"))
    ]
    for board, forced in zip((plain, known), managed, strict=True):
        assert annotations(board, B) == stated | forced
    assert annotations(plain, A) == managed[0] | {PAGES[0]: url}
    links = (tree, f"{site.url}/o/r/edit/main/x/a.yaml", f"url:{site.url}/o/r/tree/main/x/")
    assert annotations(known, A) == managed[1] | dict(zip(PAGES, links, strict=True))
    plain.load(entity("c"))
    at = f"file:{plain.folder}/all.yaml"
    assert annotations(plain, "component:default/c") == dict.fromkeys(MANAGED, at), "a file has no links"


def test_23_a_registered_location_keeps_the_name_of_its_first_target(open_board: Open, site: Site) -> None:
    board = open_board(reader=reader_of(site.url))
    made = board.register(site.page("/a.yaml", entity("a"))).json()["location"]
    other = {"type": "url", "target": site.page("/b.yaml", entity("b"))}
    changed = board.put(f"/locations/{made['id']}", other)
    assert changed.json() == {**made, **other}
    assert board.entity(made["entityRef"])["spec"] == other
    assert (board.find(A) is None, board.find(B) is None) == (True, False)
    assert [one["data"]["entityRef"] for one in board.get("/locations").json()] == [made["entityRef"]]


def test_24_what_is_relative_on_github_is_named_by_a_tree_url(open_board: Open, site: Site) -> None:
    board = open_board(reader=reader_of(site.url, [github(site)]))
    site.pages["/raw/o/r/main/text"] = "words"
    site.page("/raw/o/r/main/x/a.yaml", entity("a", text={"$text": "../text"}), entity("b", text={"$text": "/text"}))
    site.page("/raw/o/r/main/all.yaml", location("more", "./x/a.yaml"))
    board.register(f"{site.url}/o/r/blob/main/all.yaml")
    for ref in (A, B):
        assert annotations(board, ref)[MANAGED[0]] == f"url:{site.url}/o/r/tree/main/x/a.yaml"
        assert annotations(board, ref)[PAGES[0]] == f"{site.url}/o/r/tree/main/x/a.yaml"
        assert board.entity(ref)["spec"]["text"] == "words"


def test_25_a_url_may_not_lead_to_files_and_only_a_dot_makes_a_file_relative(
    open_board: Open, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    board = open_board(reader=reader_of(site.url), policy=WHOLE)
    board.write(entity("a"), file="a.yaml")
    board.register(site.page("/all.yaml", location("there", f"{board.folder}/a.yaml", type="file")))
    refused = 'InputError: Registered locations must be of an allowed type ["url"]'
    assert (board.find(A), board.find("location:default/there")) == (None, None)
    pending = board.get("/entities/unprocessed/pending").json()["entities"]
    assert [f"{error['name']}: {error['message']}" for one in pending for error in one["errors"]] == [refused]
    monkeypatch.chdir(tmp_path)
    board.load(location("here"))
    board.load(location("here", "a.yaml"))
    assert board.errors("location:default/here") == ["NotFoundError: file a.yaml does not exist"]
    monkeypatch.chdir(board.folder)
    board.crawl()
    assert (uid(board, A) != "", board.errors("location:default/here")) == (True, [])
    board.load(location("here", "./a.yaml"))
    assert annotations(board, A)[MANAGED[0]] == f"file:{board.folder}/a.yaml"


def test_26_a_star_stays_in_its_folder_and_a_plain_host_has_no_globs(open_board: Open, site: Site) -> None:
    board = open_board(reader=reader_of(site.url), policy=WHOLE)
    for file, name in (("x/one.yaml", "one"), ("x/y/two.yaml", "two"), ("three.yaml", "three")):
        board.write(entity(name), file=file)
    for target, names in (("./*/*.yaml", ["one"]), ("./x/**/*.yaml", ["one", "two"]), ("./t*.yaml", ["three"])):
        board.load(location("all", target))
        assert sorted(board.names("/entities?filter=kind=component")) == names, target
    ref = board.register(f"{site.url}/*.yaml").json()["location"]["entityRef"]
    dry = board.register(f"{site.url}/*.yaml", "?dryRun=true").json()["error"]["message"]
    assert dry == "Error: Unable to read url, Unsupported search pattern URL"
    assert board.find(ref) is None


def test_27_a_placeholder_is_the_one_key_of_its_object_or_none_at_all(open_board: Open, site: Site) -> None:
    """Callboard reads a relative placeholder in a `file` location too; there Backstage refuses the entity."""
    board = open_board(reader=reader_of(site.url))
    site.pages["/text"] = "words"
    inner = {"$text": "./text"}
    spec: dict[str, Json] = {"one": inner, "list": [inner], "two": {**inner, "other": inner}, "unknown": {"$x": inner}}
    board.register(site.page("/a.yaml", entity("a", **spec)))
    found = board.entity(A)["spec"]
    assert (found["one"], found["list"]) == ("words", ["words"])
    assert (found["two"], found["unknown"]) == (spec["two"], spec["unknown"])
    board.write("words of a file", file="text")
    board.load(entity("b", text=inner))
    assert board.entity(B)["spec"]["text"] == "words of a file"


@pytest.mark.parametrize(
    "collision",
    [
        {"metadata": {"labels": {"foo": "1", "FOO": "2"}}},
        {"Type": "other"},
        {"nested": {"x": 1, "X": 2}},
        {"list": [{"x": 1}, {"X": 2}]},
    ],
)
def test_28_keys_that_differ_only_by_case_are_served_with_a_warning(board: Board, collision: dict[str, Json]) -> None:
    """Backstage leaves such an entity as it was, or out, without a word: a difference that the README names."""
    board.load(entity("a", mark="before"))
    board.load(entity("a", **collision, mark="after"), entity("b", **collision), entity("c", list=["x", "X"]))
    assert board.entity(A)["spec"]["mark"] == "after"
    assert board.find(B) is not None
    warned = {problem.ref for problem in board.catalog.problems if problem.rule == "colliding-keys"}
    assert warned == {A, B}, "the texts of a list may differ by case"


def test_29_rules_ask_for_the_origin_and_only_of_what_a_location_gives(open_board: Open, site: Site) -> None:
    """Without rules Callboard allows every kind; Backstage's default is the one rule of Component, API, Location."""
    root, more = site.page("/all.yaml", location("more", "./more.yaml")), site.page("/more.yaml", entity("a"))
    anywhere = Rule((Allowed("Location"),))
    component = (Allowed("Component"),)
    for at, rules, is_there in (
        (root, [anywhere, Rule(component, (Place("url", exact=root),))], True),
        (root, [anywhere, Rule(component, (Place("url", exact=more),))], False),
        (more, [Rule(component)], True),  # the root is a Location itself, and nobody asks
        (more, [], False),
    ):
        board = open_board(reader=reader_of(site.url), policy=Policy(broken_files="whole", rules=rules))
        ref = board.register(at).json()["location"]["entityRef"]
        assert (board.find(A) is not None) == is_there, (at, rules)
        assert (board.find(ref) is not None) == (is_there or at == root), (
            "refused children hide the Location above them"
        )
    stock = [Rule((Allowed("Component"), Allowed("API"), Allowed("Location")))]
    for policy, kinds in (
        (Policy(rules=stock), ["Component", "Location"]),
        (Policy(), ["Component", "Group", "Location"]),
    ):
        board = open_board(policy=policy)
        board.load(entity("a"), entity("g", "Group"))
        facets = board.get("/entity-facets?facet=kind").json()["facets"]["kind"]
        assert [one["value"] for one in facets] == kinds


def test_30_relations_may_dangle_and_are_sorted_pairs_of_type_and_target(board: Board) -> None:
    board.load(entity("a", owner="x", dependsOn=["resource:b", "component:b"], providesApis=["z", "Y"], system="s"))
    assert board.entity(A)["relations"] == [
        {"type": "dependsOn", "targetRef": "component:default/b"},
        {"type": "dependsOn", "targetRef": "resource:default/b"},
        {"type": "ownedBy", "targetRef": "group:default/x"},
        {"type": "partOf", "targetRef": "system:default/s"},
        {"type": "providesApi", "targetRef": "api:default/y"},
        {"type": "providesApi", "targetRef": "api:default/z"},
    ]
