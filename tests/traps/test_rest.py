"""Traps 31 to 56: what the catalog's REST API answers (reference section 14.3)."""

import base64
import json
from urllib.parse import quote

import pytest

from catalog.pipeline import Policy
from tests.traps.board import API, Board, Json, Site, entity, reader_of
from tests.traps.conftest import Open

A = "component:default/a"
# Uids order the answers that nothing else orders: here against the alphabet.
UIDS = {
    f"component:default/{name}": f"0000000{9 - place}-0000-4000-8000-000000000000" for place, name in enumerate("abcd")
}
ONLY = "filter=kind=component"
NAMES = f"{ONLY}&fields=metadata.name"


def decode(cursor: str) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(base64.b64decode(cursor, validate=True))
    return found


@pytest.fixture
def ordered(open_board: Open) -> Board:
    """Four components, their uids in the other direction; `c` has no title, `d` has two values of one field."""
    board = open_board(uids=UIDS)
    titled = [entity(name, metadata={"title": title}) for name, title in (("a", "Two"), ("b", "one"))]
    board.load(*titled, entity("c"), entity("d", metadata={"title": "three", "tags": ["y", "x"]}))
    return board


@pytest.mark.parametrize("path", ["/entities/by-uid/none?x=1", "/entities/by-name/a/b/c", "/entities?limit=0"])
def test_31_the_url_in_an_error_is_relative_to_the_plugin(ordered: Board, path: str) -> None:
    assert ordered.get(path).json()["request"] == {"method": "GET", "url": path}
    link = ordered.get("/entities?limit=1").headers["link"]
    assert link.startswith("</entities?")
    assert link.endswith('>; rel="next"')


def test_32_unknown_paths_are_empty_and_unknown_or_empty_parameters_are_refused(board: Board) -> None:
    for method, path in (("GET", "/nothing"), ("POST", "/entities"), ("PATCH", "/locations")):
        response = board.client.request(method, API + path)
        assert (response.status_code, response.content) == (404, b"")
    assert board.message("GET", "/entities?nothing=1") == (400, "Unknown query parameter 'nothing'")
    for path in ("/entities?filter=", "/entities?after=", "/entities/by-query?cursor=", "/entity-facets?facet="):
        name = path.partition("?")[2].removesuffix("=")
        assert board.message("GET", path) == (400, f"Empty value found for query parameter '{name}'")


def test_33_too_large_a_body_and_a_wrong_type_are_400(board: Board) -> None:
    body = json.dumps({"entityRefs": ["x" * (100 * 1024)]})
    for content, kind, message in (
        (body, "application/json", "request entity too large"),
        ("x", "text/plain", "unsupported media type text/plain"),
    ):
        response = board.post("/entities/by-refs", content=content, headers={"content-type": kind})
        assert (response.status_code, response.json()["error"]["message"]) == (400, message)


def test_34_deleting_an_unknown_uid_is_204_and_an_unknown_location_404(board: Board) -> None:
    """Callboard has no read-only mode of Backstage's kind: who may write may do both."""
    assert board.delete("/entities/by-uid/none").status_code == 204
    assert board.message("DELETE", "/locations/none") == (404, "Found no location with ID none")


def test_35_a_page_has_200_entities_if_not_said_and_none_is_a_count(board: Board) -> None:
    board.load(*(entity(f"c{number}") for number in range(205)))
    page = board.get(f"/entities/by-query?{NAMES}").json()
    assert (len(page["items"]), page["totalItems"]) == (200, 205)
    assert board.get(f"/entities/by-query?{ONLY}&limit=0").json() == {"items": [], "totalItems": 205, "pageInfo": {}}
    assert board.message("GET", "/entities?limit=0") == (400, "Invalid limit, must be greater than zero")


def test_36_a_list_in_pages_is_ordered_otherwise_than_the_whole(ordered: Board) -> None:
    orders = {
        "": ["d", "c", "b", "a"],
        "&limit=9": ["a", "b", "c", "d"],
        "&order=asc:metadata.title": ["b", "d", "a"],
        "&order=desc:metadata.title": ["a", "d", "b"],
        "&order=asc:metadata.title&offset=0": ["b", "d", "a", "c"],
        "&order=desc:metadata.title&limit=9": ["a", "d", "b", "c"],
    }
    assert {query: ordered.names(f"/entities?{ONLY}{query}") for query in orders} == orders


def test_37_an_order_field_drops_what_lacks_it_and_repeats_what_has_it_twice(ordered: Board) -> None:
    path = f"/entities/by-query?{ONLY}&orderField="
    assert ordered.names(f"{path}metadata.title,desc") == ["a", "d", "b"]
    assert ordered.get(f"{path}metadata.title,desc").json()["totalItems"] == 3
    assert ordered.names(f"{path}metadata.tags,asc") == ["d", "d"]
    assert ordered.get(f"{path}metadata.tags,asc").json()["totalItems"] == 1


def test_38_an_order_without_a_direction_gives_a_cursor_that_is_refused(ordered: Board) -> None:
    for order, status in (("metadata.name", 400), ("metadata.name,asc", 200)):
        page = ordered.get(f"/entities/by-query?{NAMES}&limit=2&orderField={order}")
        assert [one["metadata"]["name"] for one in page.json()["items"]] == ["a", "b"]
        again = ordered.get(f"/entities/by-query?cursor={quote(page.json()['pageInfo']['nextCursor'])}")
        assert again.status_code == status
        assert status == 200 or again.json()["error"]["message"].startswith("Malformed cursor")


def test_39_numbers_sort_as_texts_and_texts_in_lower_case(board: Board) -> None:
    board.load(*(entity(f"n{n}", rank=n) for n in (9, 10, 1)), *(entity(f"t{t}", word=t) for t in ("b", "C", "A")))
    assert board.names("/entities/by-query?orderField=spec.rank,asc") == ["n1", "n10", "n9"]
    assert board.names("/entities/by-query?orderField=spec.word,asc") == ["tA", "tb", "tC"]


def test_40_values_of_one_key_are_alternatives_and_a_bare_key_beside_them_is_nothing(ordered: Board) -> None:
    for text, names in (
        ("metadata.name=a,metadata.name=b", ["a", "b"]),
        ("metadata.title,metadata.title=one", ["b"]),
        ("metadata.title,metadata.title=one,metadata.title=three", ["b", "d"]),
        ("metadata.name=a,metadata.title=one", []),
    ):
        assert ordered.names(f"/entities?limit=9&filter={text}") == names


def test_41_filters_ignore_case_and_fields_and_refs_do_not(ordered: Board) -> None:
    assert ordered.names("/entities?filter=KIND=cOMPONENT,Metadata.Name=A") == ["a"]
    assert ordered.get("/entities?filter=metadata.name=a&fields=Metadata.Name,KIND").json() == [{}]
    refs = [A, "Component:default/a", "component:a", "component:default/A"]
    found = ordered.post("/entities/by-refs", {"entityRefs": refs, "fields": ["kind"]}).json()["items"]
    assert found == [{"kind": "Component"}, None, None, None]


def test_42_what_is_an_object_has_no_value_to_filter_by(board: Board) -> None:
    board.load(entity("a", metadata={"labels": {"x": "1"}}, list=[{"y": 1}], empty=[]))
    held = {
        "metadata.labels": False,
        "metadata.labels.x": True,
        "spec": False,
        "spec.list": False,
        "spec.list.y=1": True,
        "spec.empty": False,
        "relations": False,
        "relations.ownedBy": True,
    }
    found = {key: board.names(f"/entities?{ONLY},{key}") for key in held}
    assert {key: names == ["a"] for key, names in found.items()} == held


def test_43_long_values_equal_nothing_and_long_keys_are_not_there(board: Board) -> None:
    texts = {"x": "v" * 200, "y": "v" * 201, "k" * 195: "kept", "k" * 196: "dropped"}
    for owner in ("team", None):
        board.load(entity("a", metadata={"etag": "mine"}, **texts), entity("b", owner=owner))
    held = {f"spec.{key}": len(key) < 196 for key in texts}
    held |= {f"spec.{key}={texts[key]}": key == "x" for key in ("x", "y")}
    held |= dict.fromkeys(["metadata.etag", "metadata.etag=mine", "status.items", "status.items.level=error"], False)
    assert {key: board.names(f"/entities?filter={key}") == ["a"] for key in held} == held
    assert board.errors("component:default/b"), "there is a status to filter by"


def test_44_a_text_in_a_list_is_also_the_end_of_a_key(board: Board) -> None:
    board.load(entity("a", metadata={"tags": ["java"]}, list=[5, True]))
    held = {"metadata.tags.java": True, "metadata.tags=java": True, "metadata.tags.java=true": True}
    held |= {"spec.list=5": True, "spec.list.5": False, "spec.list=true": True, "spec.list.true": False}
    assert {key: board.names(f"/entities?filter={key}") == ["a"] for key in held} == held


def test_45_a_projection_drops_no_entity_and_finds_keys_with_dots(board: Board) -> None:
    named = {"annotations": {"example.com/a.b": "1"}}
    board.load(entity("a", metadata=named), entity("b"))
    assert board.get(f"/entities?{ONLY}&fields=spec.nothing").json() == [{}, {}]
    found = board.get(f"/entities?{ONLY}&limit=1&fields=metadata.annotations.example.com/a.b").json()
    assert found == [{"metadata": named}]
    page = board.get(f"/entities/by-query?{ONLY}&fields=nothing").json()
    assert (page["items"], page["totalItems"]) == ([{}, {}], 2)


def test_46_all_of_nothing_is_true_of_entities_and_false_of_locations(open_board: Open, site: Site) -> None:
    board = open_board(reader=reader_of(site.url))
    board.register(site.page("/a.yaml", entity("a", dependsOn=["component:b"])))
    everything = board.get("/entities/by-query?limit=0").json()["totalItems"]
    counts = {"entities": everything, "locations": 0}
    for plugin, count in counts.items():
        assert board.post(f"/{plugin}/by-query", {"query": {"$all": []}}).json()["totalItems"] == count
    inner = {"type": "dependsOn", "targetRef": "component:default/b"}
    found = board.post("/entities/by-query", {"query": {"relations": {"$contains": inner}}})
    assert found.json()["totalItems"] == 1
    message = 'Object form of $contains is not supported for field "spec.x"'
    assert board.message("POST", "/entities/by-query", {"query": {"spec.x": {"$contains": inner}}}) == (400, message)


def test_47_a_cursor_shows_its_query_and_goes_on_by_get_and_post(ordered: Board) -> None:
    first = ordered.post(
        "/entities/by-query", {"query": {"kind": "component"}, "limit": 2, "fields": ["metadata.name"]}
    )
    cursor = first.json()["pageInfo"]["nextCursor"]
    assert decode(cursor)["query"] == {"kind": "component"}
    posted = ordered.post("/entities/by-query", {"cursor": cursor}).json()
    assert ordered.get(f"/entities/by-query?cursor={quote(cursor)}").json() == posted
    assert [one["metadata"]["name"] for one in posted["items"]] == ["b", "a"]
    plain = ordered.get("/entities/by-query?limit=1").json()["pageInfo"]["nextCursor"]
    assert "query" not in decode(plain), "a client goes on by GET"


def test_48_a_facet_keeps_the_case_of_its_values_and_an_unknown_one_is_empty(board: Board) -> None:
    tags = [["java"], ["java"], ["go"]]
    words = ["Java", "java", "java"]
    board.load(*(entity(f"c{n}", metadata={"tags": tags[n]}, word=words[n], both=["X", "x"]) for n in range(3)))
    facets = board.get(f"/entity-facets?{ONLY}&facet=spec.word&facet=METADATA.tags&facet=none&facet=spec.both").json()
    assert facets["facets"]["spec.word"] == [{"value": "Java", "count": 1}, {"value": "java", "count": 2}]
    assert facets["facets"]["METADATA.tags"] == [{"value": "go", "count": 1}, {"value": "java", "count": 2}]
    assert facets["facets"]["none"] == []
    assert [one["count"] for one in facets["facets"]["spec.both"]] == [3]
    assert board.message("GET", "/entity-facets") == (400, "request/query must have required property 'facet'")


def test_49_registering_lists_no_entities_and_a_dry_run_does(open_board: Open, site: Site) -> None:
    board = open_board(reader=reader_of(site.url))
    url = site.page("/a.yaml", entity("a"))
    dry = board.register(url, "?dryRun=true")
    assert (dry.status_code, dry.json()["exists"], board.get("/locations").json()) == (201, False, [])
    assert [one["kind"] for one in dry.json()["entities"]] == ["Location", "Component"]
    real = board.register(url)
    assert (real.status_code, real.json()["entities"], "exists" in real.json()) == (201, [], False)
    assert board.register(url, "?dryRun=true").json()["exists"] is True
    assert board.message("POST", "/locations", {"type": "url", "target": url}) == (
        409,
        f"Location url:{url} already exists",
    )
    assert board.register("not a url").status_code == 201


def test_50_a_list_of_locations_wraps_each_and_a_query_does_not(open_board: Open, site: Site) -> None:
    board = open_board(reader=reader_of(site.url))
    made = board.register(site.page("/a.yaml", entity("a"))).json()["location"]
    assert sorted(made) == ["entityRef", "id", "target", "type"]
    assert board.get("/locations").json() == [{"data": made}]
    assert board.post("/locations/by-query", {}).json() == {"items": [made], "totalItems": 1, "pageInfo": {}}
    assert board.get(f"/locations/{made['id']}").json() == made


def test_51_a_location_of_the_configuration_is_found_by_no_entity(open_board: Open, site: Site) -> None:
    board = open_board(reader=reader_of(site.url))
    board.load(entity("a"))
    message = f"Found no location with type file and target {board.folder}/all.yaml"
    assert board.message("GET", "/locations/by-entity/component/default/a") == (404, message)
    made = board.register(site.page("/b.yaml", entity("b"))).json()["location"]
    assert board.get("/locations/by-entity/component/default/b").json() == made
    missing = "found no entity for ref component:default/none"
    assert board.message("GET", "/locations/by-entity/component/default/none") == (404, missing)


def test_52_validating_answers_with_nothing_or_with_bare_errors(board: Board) -> None:
    sound = board.post("/validate-entity", {"entity": entity("a"), "location": "url:https://example.com/a"})
    assert (sound.status_code, sound.content) == (200, b"")
    wrong = board.post("/validate-entity", {"entity": entity("a b"), "location": "url:https://example.com/a"})
    assert (wrong.status_code, list(wrong.json())) == (400, ["errors"])
    assert sorted(wrong.json()["errors"][0]) == ["cause", "message", "name"]
    bare = board.post("/validate-entity", {"entity": entity("a")})
    assert (bare.status_code, sorted(bare.json())) == (400, ["error", "request", "response"])


def test_53_analysing_takes_the_name_of_the_file_as_clients_spell_it(board: Board) -> None:
    """`catalogFilename` is what is read and what clients send; the document's `catalogFileName` is let through too."""
    at = {"type": "url", "target": "https://github.com/acme/payments"}
    annotations = {"github.com/project-slug": "acme/payments"}
    for name in ("catalogFilename", "catalogFileName"):
        found = board.post("/analyze-location", {"location": at, name: "other.yaml"})
        [generated] = found.json()["generateEntities"]
        assert (found.status_code, generated["entity"]["metadata"]["annotations"]) == (200, annotations)
        assert (generated["fields"], found.json()["existingEntityFiles"]) == ([], [])


def test_54_a_refresh_says_nothing_about_success_and_knows_what_was_never_valid(open_board: Open) -> None:
    """Callboard has read the file when it answers; Backstage reads it later."""
    board = open_board(policy=Policy(broken_files="whole"))
    board.load(entity("a"), entity("bad", owner=None))
    for text in ("", "a: [1"):
        if text:
            board.write(text)
        for ref in (A, "Component:Default/A", "component:default/bad"):
            response = board.post("/refresh", {"entityRef": ref})
            assert (response.status_code, response.content) == (200, b""), ref
    assert board.message("POST", "/refresh", {"entityRef": "component:default/none"}) == (
        404,
        "Entity component:default/none not found",
    )


def test_55_only_answers_in_one_piece_have_an_etag(board: Board) -> None:
    """Callboard names the length of the others too, which Backstage cannot: it has not made them yet."""
    board.load(entity("a"))
    for path in ("/entities?fields=kind&limit=1", "/entity-facets?facet=kind", "/locations", "/entities/by-name/a/b/c"):
        first = board.get(path)
        assert first.headers["etag"].startswith('W/"')
        assert first.headers["content-length"] == str(len(first.content))
        again = board.get(path, headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == (304 if first.status_code == 200 else 404)
    uid = board.entity(A)["metadata"]["uid"]
    for path in ("/entities", "/entities/by-query", "/entities/by-name/component/default/a", f"/entities/by-uid/{uid}"):
        assert "etag" not in board.get(path).headers, path


def test_56_errors_have_no_stack_and_no_indentation(board: Board) -> None:
    """As Backstage answers in production; Callboard has no other mode."""
    for path in ("/entities?nothing=1", "/entities/by-uid/none"):
        text = board.get(path).text
        assert set(json.loads(text)["error"]) == {"name", "message"}
        assert text == json.dumps(json.loads(text), separators=(",", ":"))
