"""Traps 57 to 66: search, and who may do what (reference section 14.4)."""

import base64
import re

import pytest

from tests.programs import wait_indexed
from tests.traps.board import Board, Json, entity
from tests.traps.conftest import Open
from web.access import Access, make_tokens

SEARCH = "/api/search/query"
AUTHORIZE = "/api/permission/authorize"
BEARER = {"authorization": "Bearer correct-horse"}
TAG = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A method and path that writes, once for something that is there and once for something that is not.
WRITES = (
    ("DELETE", "/entities/by-uid/{uid}", "/entities/by-uid/none"),
    ("POST", "/refresh", "/refresh"),
    ("DELETE", "/locations/{uid}", "/locations/none"),
    ("POST", "/locations", "/locations?dryRun=true"),
)


@pytest.fixture
def searched(open_board: Open) -> Board:
    """Thirty components to search, and one that differs in each field a filter may name."""
    board = open_board(search=True)
    text = {"description": "takes payments", "namespace": "other", "title": "Checkout Page"}
    many = [entity(f"item-{number:02}") for number in range(30)]
    board.load(*many, entity("Checkout", metadata=text, type="Web-Site", owner="Team-B", lifecycle="beta"))
    wait_indexed(board.catalog)
    return board


@pytest.fixture
def guarded(open_board: Open) -> Board:
    """Reads are open, writes need the token: what a server on its own machine's address allows."""
    board = open_board(access=Access(make_tokens([("correct-horse", "ci")])))
    board.load(entity("a"))
    return board


def search(board: Board, query: str) -> dict[str, Json]:
    response = board.get(f"{SEARCH}?{query}")
    assert response.status_code == 200, response.text
    found: dict[str, Json] = response.json()
    return found


def titles(board: Board, query: str) -> list[str]:
    return [one["document"]["title"] for one in search(board, query)["results"]]


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_57_a_search_cursor_is_the_number_of_a_page_and_garbage_an_empty_page(searched: Board) -> None:
    first = search(searched, "filters[kind]=Component&pageLimit=10")
    assert (first["nextPageCursor"], "previousPageCursor" in first) == (base64_of("1"), False)
    second = search(searched, f"filters[kind]=Component&pageLimit=10&pageCursor={base64_of('1')}")
    assert (second["previousPageCursor"], second["nextPageCursor"]) == (base64_of("0"), base64_of("2"))
    assert [one["rank"] for one in second["results"]] == list(range(11, 21))
    garbage = search(searched, f"term=checkout&pageCursor={base64_of('garbage')}")
    assert garbage["results"] == []


def test_58_the_marks_of_a_hit_look_like_elements_and_are_said_in_the_answer(searched: Board) -> None:
    [hit] = search(searched, "term=checkout&filters[namespace]=other")["results"]
    mark = hit["highlight"]
    assert re.fullmatch(f"<{TAG}>", mark["preTag"])
    assert mark["postTag"] == mark["preTag"].replace("<", "</")
    assert mark["fields"]["title"] == f"{mark['preTag']}Checkout{mark['postTag']} Page"


def test_59_filters_of_a_search_ignore_case_and_take_lists(searched: Board) -> None:
    """Backstage's default engine, Lunr, is the referee that was recorded; only the one on PostgreSQL minds case."""
    for text in (
        "filters[kind]=component&filters[namespace]=OTHER",
        "filters[type]=WEB-SITE",
        "filters[lifecycle]=Beta",
        "filters[owner]=team-b",
        "filters[lifecycle][0]=beta&filters[lifecycle][1]=gamma",
    ):
        assert titles(searched, text) == ["Checkout Page"], text
    assert titles(searched, "term=checkout&filters[nothing]=x") == []


def test_60_an_empty_term_is_legal_and_ranks_are_positions(searched: Board) -> None:
    """An index of Callboard's is never missing, so nothing raises Backstage's `MissingIndexError`."""
    everything = search(searched, "term=&filters[kind]=Component&pageLimit=100")
    assert [one["rank"] for one in everything["results"]] == list(range(1, 32))
    assert everything == search(searched, "filters[kind]=Component&pageLimit=100&term=")
    assert all(one["highlight"]["fields"] == {} for one in everything["results"])
    assert searched.get(f"{SEARCH}?term=x&types[0]=software-catalog").status_code == 200
    assert searched.get(f"{SEARCH}?term=x&types[0]=nothing").status_code == 400


def test_61_the_location_of_a_document_is_in_lower_case_and_its_kind_is_not(searched: Board) -> None:
    """Every location of Callboard's is a path on the app, so no result vanishes and no page is short."""
    [hit] = search(searched, "term=checkout&filters[namespace]=other")["results"]
    document = hit["document"]
    assert document["location"] == "/catalog/other/component/checkout"
    assert (document["kind"], document["type"], document["owner"]) == ("Component", "Web-Site", "Team-B")
    assert "authorization" not in document
    assert len(search(searched, "term=&pageLimit=20")["results"]) == 20


def test_62_a_denied_write_says_nothing_about_what_exists(guarded: Board) -> None:
    """Callboard has no policies, so nobody who may read is denied a part, and nobody with a token is denied a write.

    Backstage's 403 with an empty message is that of a policy; without credentials both answer 401.
    """
    uid = guarded.entity("component:default/a")["metadata"]["uid"]
    for method, there, absent in WRITES:
        errors = [guarded.client.request(method, f"/api/catalog{path}".format(uid=uid)) for path in (there, absent)]
        assert [one.status_code for one in errors] == [401, 401]
        assert [one.json()["error"]["message"] for one in errors] == ["Missing credentials"] * 2
    assert guarded.entity("component:default/a")["metadata"]["uid"] == uid


def test_63_a_static_token_may_do_everything_but_ask_what_it_may(guarded: Board) -> None:
    permission = {"type": "basic", "name": "catalog.entity.create", "attributes": {"action": "create"}}
    body = {"items": [{"id": "1", "permission": permission}]}
    refused = guarded.post(AUTHORIZE, body, headers=BEARER)
    assert (refused.status_code, refused.json()["error"]["name"]) == (403, "NotAllowedError")
    assert refused.json()["error"]["message"] == "This endpoint does not allow 'service' credentials"
    assert guarded.post(AUTHORIZE, body).json() == {"items": [{"id": "1", "result": "DENY"}]}
    assert guarded.delete("/entities/by-uid/none", headers=BEARER).status_code == 204
    illegal = guarded.get("/entities", headers={"authorization": "Bearer wrong"})
    assert illegal.status_code == 401
    assert illegal.json()["error"]["message"].endswith("Illegal token")


def test_64_what_a_user_owns_is_not_in_the_token(open_board: Open) -> None:
    """Callboard issues no user tokens: the guest's is empty, and what the guest owns stands beside it."""
    board = open_board()
    board.load(
        entity("guest", "User", {"namespace": "development"}, memberOf=["group:default/team", "group:default/b"]),
        entity("team", "Group", parent="above"),
    )
    identity = board.get("/api/auth/guest/refresh").json()["backstageIdentity"]
    assert identity["token"] == ""
    user = "user:development/guest"
    owned = [user, "group:default/b", "group:default/team"]
    assert identity["identity"] == {"type": "user", "userEntityRef": user, "ownershipEntityRefs": owned}


def test_65_deleting_what_is_not_there_is_204_with_the_right_and_401_without(guarded: Board) -> None:
    """Callboard's decisions have no conditions, so the 403 of a conditional delete of an unknown uid cannot come."""
    uid = guarded.entity("component:default/a")["metadata"]["uid"]
    for headers, status in (({}, 401), (BEARER, 204)):
        for one in ("none", uid):
            assert guarded.delete(f"/entities/by-uid/{one}", headers=headers).status_code == status
    assert guarded.get(f"/entities/by-uid/{uid}").status_code == 404


def test_66_health_is_at_the_root_and_there_is_no_healthcheck(open_board: Open) -> None:
    board = open_board(access=Access(make_tokens([("correct-horse", "ci")]), reads_open=False))
    for name in ("readiness", "liveness"):
        assert board.get(f"/.backstage/health/v1/{name}").json() == {"status": "ok"}
    for path in ("/healthcheck", "/api/catalog/.backstage/health/v1/readiness"):
        response = board.get(path, headers=BEARER)
        assert (response.status_code, response.content) == (404, b"")
