"""The API as a client meets it: shapes, errors, paging."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from web.app import create_app

API = "/api/catalog"


@pytest.fixture(scope="module")
def client(sample: Catalog) -> Iterator[TestClient]:
    with TestClient(create_app(Crawler(sample)), raise_server_exceptions=False) as opened:
        yield opened


def names(response: httpx.Response) -> list[str]:
    found = response.json()
    return [one["metadata"]["name"] for one in (found["items"] if isinstance(found, dict) else found)]


def test_payment_api_is_there_by_name_with_its_relations(client: TestClient) -> None:
    entity = client.get(f"{API}/entities/by-name/Component/default/Payment-API").json()
    assert {"type": "dependsOn", "targetRef": "resource:default/payments-db"} in entity["relations"]
    assert {"type": "dependsOn", "targetRef": "component:default/auth-service"} in entity["relations"]
    assert {"type": "providesApi", "targetRef": "api:default/payment-api"} in entity["relations"]
    assert {"type": "ownedBy", "targetRef": "group:default/team-payments"} in entity["relations"]
    assert client.get(f"{API}/entities/by-uid/{entity['metadata']['uid']}").json() == entity


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/entities?filter=", 400, "Empty value found for query parameter 'filter'"),
        ("/entities?nonsense=1", 400, "Unknown query parameter 'nonsense'"),
        ("/entities?limit=abc", 400, "request/query/limit must be integer"),
        ("/entities?limit=-1", 400, "request/query/limit must be >= 0"),
        ("/entities?limit=0", 400, "Invalid limit, must be greater than zero"),
        ("/entities?fields=a[0]", 400, 'Invalid field "a[0]", array type fields are not supported'),
        ("/entity-facets", 400, "request/query must have required property 'facet'"),
        ("/entities/by-uid/nope", 404, "No entity with uid nope"),
    ],
)
def test_errors_have_backstages_body(client: TestClient, path: str, status: int, message: str) -> None:
    response = client.get(API + path)
    assert response.status_code == status
    body = response.json()
    assert body["error"]["message"] == message
    assert body["request"] == {"method": "GET", "url": path}
    assert body["response"] == {"statusCode": status}


def test_an_unknown_path_is_an_empty_404(client: TestClient) -> None:
    response = client.get(f"{API}/nope")
    assert (response.status_code, response.content) == (404, b"")


def test_a_page_walk_forward_and_back_sees_each_entity_once(client: TestClient) -> None:
    everything = names(client.get(f"{API}/entities/by-query?limit=1000&orderField=metadata.name,asc"))
    page = client.get(f"{API}/entities/by-query?limit=7&orderField=metadata.name,asc")
    forward = names(page)
    while cursor := page.json()["pageInfo"].get("nextCursor"):
        page = client.get(f"{API}/entities/by-query?limit=7&cursor={quote(cursor)}")
        forward += names(page)
    assert forward == everything
    backward = names(page)
    while cursor := page.json()["pageInfo"].get("prevCursor"):
        page = client.get(f"{API}/entities/by-query?limit=7&cursor={quote(cursor)}")
        backward = names(page) + backward
    assert backward == everything


def test_the_link_header_leads_through_the_whole_list(client: TestClient) -> None:
    response = client.get(f"{API}/entities?limit=40&fields=metadata.name")
    found = names(response)
    while "link" in response.headers:
        response = client.get(API + response.headers["link"].split(">")[0][1:])
        found += names(response)
    assert len(found) == 95


def test_filters_ignore_case_and_mean_or_and(client: TestClient) -> None:
    assert names(client.get(f"{API}/entities?filter=KIND=COMPONENT,METADATA.NAME=Payment-Api")) == ["payment-api"]
    both = client.get(f"{API}/entities?filter=kind=system&filter=kind=domain").json()
    same = client.get(f"{API}/entities?filter=kind=system,kind=domain").json()
    assert len(both) == len(same) == 12
    tagged = client.get(f"{API}/entities?filter=metadata.tags.grpc=true&fields=metadata.name")
    assert "payment-api" in names(tagged)


def test_by_refs_keeps_order_repeats_and_nulls(client: TestClient) -> None:
    refs = [
        "component:default/payment-api",
        "x:default/y",
        "component:default/payment-api",
        "Component:default/payment-api",
    ]
    response = client.post(f"{API}/entities/by-refs/", json={"entityRefs": refs, "fields": ["metadata.name"]})
    one = {"metadata": {"name": "payment-api"}}
    assert response.json() == {"items": [one, None, one, None]}


def test_facets_count_what_the_filter_leaves(client: TestClient) -> None:
    facets = client.get(f"{API}/entity-facets?facet=kind&facet=nope&filter=spec.owner=team-payments").json()["facets"]
    assert facets["nope"] == []
    total = client.get(f"{API}/entities/by-query?limit=0&filter=spec.owner=team-payments").json()["totalItems"]
    assert sum(one["count"] for one in facets["kind"]) == total > 0


def test_validate_entity_says_what_is_wrong(client: TestClient) -> None:
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "x"},
        "spec": {"type": "a"},
    }
    body = {"entity": entity, "location": "url:https://example.com/catalog-info.yaml"}
    response = client.post(f"{API}/validate-entity", json=body)
    assert response.status_code == 400
    assert "must have required property 'lifecycle'" in json.dumps(response.json()["errors"])
    entity["spec"] = {"type": "a", "lifecycle": "b", "owner": "c"}
    response = client.post(f"{API}/validate-entity", json=body)
    assert (response.status_code, response.content) == (200, b"")


def test_search_finds_names_prefixes_annotation_values_and_filters(client: TestClient) -> None:
    def titles(query: str) -> list[str]:
        results = client.get(f"/api/search/query?{query}").json()["results"]
        return [one["document"]["location"] for one in results]

    assert titles("term=payment-api")[0].endswith("/payment-api")
    assert "/catalog/default/component/payment-api" in titles("term=P1234ABC")
    assert titles("term=settlem&filters[kind]=Component") == ["/catalog/default/component/settlement-job"]
    as_json = quote(json.dumps({"kind": ["Component", "User"], "lifecycle": "production", "owner": ""}))
    assert titles(f"term=settlem&filters={as_json}") == ["/catalog/default/component/settlement-job"]
    assert titles("term=zzzz") == []
    assert client.get(f"/api/search/query?filters={quote('[1]')}").status_code == 400
    assert client.get("/api/search/query?types[0]=nope").status_code == 400


def test_the_graph_answers_a_neighbourhood_in_one_request(client: TestClient) -> None:
    path = "/api/graph/component/default/payment-api"
    found = client.get(f"{path}?depth=2&direction=out&relations=dependsOn").json()
    assert {"ref": "resource:default/postgres-main", "distance": 2, "exists": True} in found["nodes"]
    assert all(edge["type"] == "dependsOn" for edge in found["edges"])
    assert client.get(f"{path}?direction=sideways").status_code == 400
    assert client.get("/api/graph/component/default/nope").status_code == 404


CURSORS = (
    {"orderFieldValues": [1]},
    {"orderFields": [{"field": 1, "order": "asc"}], "orderFieldValues": [None, None]},
    {"orderFieldValues": ["a"], "query": {"$all": 3}},
    {"orderFieldValues": ["a"], "query": 5},
    {"orderFieldValues": ["a"], "totalItems": "x"},
    {"orderFieldValues": ["a"], "fullTextFilter": {"term": 5, "fields": "x"}},
    {"orderFieldValues": ["a"], "filter": {"x": 1}},
)


@pytest.mark.parametrize("cursor", CURSORS)
def test_a_cursor_that_somebody_made_up_is_refused(client: TestClient, cursor: dict[str, object]) -> None:
    whole = {"orderFields": [], "isPrevious": False} | cursor
    encoded = quote(base64.b64encode(json.dumps(whole).encode()).decode())
    assert client.get(f"{API}/entities/by-query?cursor={encoded}").status_code == 400


TARGETS = 'Unsupported value in $contains for "relations": expected a string or { "$in": [strings] }, but got '


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ({"type": "ownedBy", "targetRef": {"$exists": True}}, TARGETS + '{"$exists":true}'),
        ({"type": "ownedBy", "targetRef": 5}, TARGETS + "5"),
        ({"type": "ownedBy", "targetRef": {"$in": [5]}}, TARGETS + '{"$in":[5]}'),
        ({"type": "ownedBy", "TYPE": "ownerOf"}, 'Duplicate key "TYPE" in $contains for "relations"'),
        ({"type": ""}, 'The $contains operator for "relations" requires a "type" string property'),
    ],
)
def test_a_relation_asked_for_wrongly_is_an_input_error(
    client: TestClient, relation: dict[str, object], message: str
) -> None:
    response = client.post(f"{API}/entities/by-query", json={"query": {"relations": {"$contains": relation}}})
    assert (response.status_code, response.json()["error"]["message"]) == (400, message)


@pytest.mark.parametrize("query", ["filter[]=kind=domain", "filter[0]=kind=domain&fields[]=metadata.name"])
def test_lists_may_be_written_with_brackets(client: TestClient, query: str) -> None:
    assert names(client.get(f"{API}/entities?{query}")) == names(client.get(f"{API}/entities?filter=kind=domain"))


def test_a_link_keeps_its_parameters_as_they_were_written(client: TestClient) -> None:
    response = client.get(f"{API}/entities?filter[]=kind=component&limit=1&fields=kind&filter=kind=api&offset=1")
    assert response.headers["link"].startswith(
        "</entities?filter%5B%5D=kind%3Dcomponent&limit=1&fields=kind&filter=kind%3Dapi&after="
    )


@pytest.mark.parametrize("cursor", ["0", "5", "[0]", "1e999", "%25%25", "-1", "99999999999999999999", "null", "MQ=="])
def test_no_search_cursor_is_an_internal_error(client: TestClient, cursor: str) -> None:
    assert client.get(f"/api/search/query?pageCursor={cursor}").status_code == 200


def test_every_operation_is_in_the_openapi_document(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert "/api/catalog/entities/by-query" in paths
    assert "/api/graph/{kind}/{namespace}/{name}" in paths
    assert client.get("/docs").status_code == 200
