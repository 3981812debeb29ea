"""Definitions made readable: OpenAPI, Swagger, AsyncAPI, GraphQL and protobuf, and what is no such thing."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.catalog import Catalog
from catalog.crawler import Crawler
from ingestors.folder import FolderSource
from web.app import create_app
from web.definitions import PAGE, Definition, file_name, open_definition

OPENAPI = """\
openapi: 3.0.3
info: {title: Pets, version: "1.2", description: All the pets.}
servers: [{url: https://pets.example/v1}]
paths:
  /pets/{id}:
    parameters: [{$ref: "#/components/parameters/Id"}]
    get:
      tags: [pets]
      summary: One pet
      deprecated: true
      parameters: [{name: verbose, in: query, schema: {type: boolean, default: false}, description: Say all}]
      responses:
        "200": {description: The pet, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
        "404": {description: No such pet}
    put:
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
      responses: {"204": {description: Kept}}
components:
  parameters: {Id: {name: id, in: path, required: true, schema: {type: string, format: uuid}}}
  schemas:
    Named: {type: object, required: [name], properties: {name: {type: string, maxLength: 63}}}
    Pet:
      allOf:
        - $ref: "#/components/schemas/Named"
        - type: object
          properties:
            kind: {type: string, enum: [cat, dog]}
            friends: {type: array, items: {$ref: "#/components/schemas/Pet"}}
            home: {type: object, properties: {street: {type: string}}}
            extra: {type: object, additionalProperties: {type: integer}}
"""
SWAGGER = """\
swagger: "2.0"
info: {title: Old, version: "1"}
host: old.example
basePath: /v2
schemes: [https]
paths:
  /things:
    post:
      parameters:
        - {name: body, in: body, schema: {$ref: "#/definitions/Thing"}}
        - {name: limit, in: query, type: integer, maximum: 10}
      responses: {"200": {description: Made, schema: {$ref: "#/definitions/Thing"}}}
definitions: {Thing: {type: object, properties: {size: {type: integer}}}}
"""
ASYNC2 = """\
asyncapi: 2.6.0
info: {title: Events, version: "1"}
channels:
  orders/{region}:
    parameters: {region: {schema: {type: string}}}
    subscribe:
      message:
        oneOf:
          - {name: Placed, payload: {type: object, properties: {total: {type: number}}}}
          - {name: Gone, payload: {type: string}}
"""
ASYNC3 = """\
asyncapi: 3.0.0
info: {title: Events, version: "1"}
channels:
  placed: {address: shop.placed, messages: {placed: {$ref: "#/components/messages/Placed"}}}
operations:
  send: {action: send, channel: {$ref: "#/channels/placed"}, summary: Tell of an order}
components:
  messages: {Placed: {title: Order placed, payload: {type: object, required: [id], properties: {id: {type: string}}}}}
"""
GRAPHQL = '''\
schema { query: Root }
"""What can be asked."""
type Root { pet(id: ID!, verbose: Boolean = false): Pet  old: Int @deprecated }
type Pet implements Node & Named { id: ID! "Its name" name: String }
enum Kind { CAT DOG }
union Any = Pet
input New { name: String! }
extend type Pet { age: Int }
'''
PROTO = """\
syntax = "proto3";
package acme.pets.v1;
option java_package = "x;{y}";

// Keeps pets.
service Pets {
  // Gives one pet.
  rpc Get(GetRequest) returns (Pet);
  rpc Watch (stream GetRequest) returns (stream Pet) { option (google.api.http) = { get: "/v1/{name=pets/*}" }; }
}
message GetRequest { string id = 1; /* how */ optional bool verbose = 2 [deprecated = true]; }
message Pet {
  message Home { string street = 1; }
  repeated Home homes = 1;
  map<string, int32> ages = 2;
  oneof kind { string cat = 3; string dog = 4; }
}
enum Size { SIZE_UNSPECIFIED = 0; SMALL = 1; }
"""


def show(text: str, type: str = "openapi", find: str = "") -> tuple[Definition, dict[str, list[str]]]:
    """A definition, and by entry its fields as text."""
    found = open_definition(text, type, find=find)
    fields = {
        f"{one.entry.verb} {one.entry.name}": [
            f"{table.heading}: {'  ' * row.depth}{row.name} {row.type}{'!' if row.required else ''} {row.about}".rstrip()
            for table in one.tables
            for row in table.rows
        ]
        for _, entries in found.groups
        for one in entries
    }
    return found, fields


def test_openapi_shows_operations_with_parameters_bodies_and_answers():
    found, fields = show(OPENAPI)
    assert (found.outline.format, found.outline.title) == ("OpenAPI 3.0.3", "Pets")
    assert ("Servers", "https://pets.example/v1") in found.outline.facts
    assert fields["GET /pets/{id}"][:2] == [
        "In the path: id string (uuid)!",
        "In the query: verbose boolean Say all (false if not given)",
    ]
    assert "Answer 200, application/json: name string! (at most 63 characters)" in fields["GET /pets/{id}"]
    assert "Answer 200, application/json: kind cat | dog" in fields["GET /pets/{id}"]
    assert "Answer 200, application/json:   street string" in fields["GET /pets/{id}"]
    assert "Body, application/json: extra map of integer" in fields["PUT /pets/{id}"]
    assert found.groups[0][1][0].entry.is_deprecated


def test_a_schema_that_holds_itself_ends():
    _, fields = show(OPENAPI)
    assert fields["schema Pet"].count("Fields: friends list of Pet") == 1


def test_swagger_2_is_read_too():
    found, fields = show(SWAGGER)
    assert ("Servers", "https://old.example/v2") in found.outline.facts
    assert fields["POST /things"] == [
        "In the query: limit integer (at most 10)",
        "Body: size integer",
        "Answer 200: size integer",
    ]


@pytest.mark.parametrize(
    ("text", "entry", "expected"),
    [
        (ASYNC2, "subscribe orders/{region}", ["In the address: region string!", "Message Placed: total number"]),
        (ASYNC3, "send shop.placed", ["Message Order placed: id string!"]),
    ],
)
def test_asyncapi_shows_what_is_sent_on_which_channel(text, entry, expected):
    _, fields = show(text, "asyncapi")
    assert fields[entry][: len(expected)] == expected


def test_graphql_shows_what_can_be_asked_first():
    found, fields = show(GRAPHQL, "graphql")
    assert next(iter(fields)) == "query Root"
    assert fields["query Root"] == [
        "Fields: pet Pet",
        "Fields:   id ID!!",
        "Fields:   verbose Boolean (false if not given)",
        "Fields: old Int Deprecated.",
    ]
    assert "type Pet implements Node, Named" in fields
    assert fields["enum Kind"] == ["Values: CAT", "Values: DOG"]
    assert found.groups[0][1][0].entry.about == "What can be asked."


def test_protobuf_shows_calls_messages_and_enums():
    found, fields = show(PROTO, "grpc")
    assert ("Package", "acme.pets.v1") in found.outline.facts
    assert fields["rpc Get(GetRequest) → Pet"][:3] == [
        "Takes GetRequest: id string",
        "Takes GetRequest: verbose bool how",
        "Returns Pet: homes list of Home",
    ]
    assert "Returns stream Pet: homes list of Home" in fields["rpc Watch(stream GetRequest) → stream Pet"]
    assert fields["message Pet"] == [
        "Fields: homes list of Home",
        "Fields: ages map of string to int32",
        "Fields: kind one of",
        "Fields:   cat string",
        "Fields:   dog string",
    ]
    assert fields["message Pet.Home"] == ["Fields: street string"]
    assert fields["enum Size"] == ["Values: SIZE_UNSPECIFIED", "Values: SMALL"]
    assert fields["message GetRequest"] == ["Fields: id string", "Fields: verbose bool how"]


def test_a_call_whose_messages_are_in_another_file_says_so():
    found, _ = show("service Pets { rpc Get(other.Request) returns (other.Pet); }", "grpc")
    tables = found.groups[0][1][0].tables
    assert [(one.heading, one.about) for one in tables] == [
        ("Takes other.Request", "Its fields are in another file."),
        ("Returns other.Pet", "Its fields are in another file."),
    ]


def test_openapi_shows_webhooks_and_no_fields_where_none_are_told():
    hooks = {
        "post": {"requestBody": {"content": {"application/json": {}}}, "responses": {"200": {"description": "Taken"}}}
    }
    found, fields = show(json.dumps({"openapi": "3.1.0", "webhooks": {"newPet": hooks}}))
    assert [name for name, _ in found.groups] == ["Webhooks"]
    assert fields == {"POST newPet": []}
    assert [one.heading for one in found.groups[0][1][0].tables] == ["Body, application/json", "Answer 200"]


@pytest.mark.parametrize(
    ("text", "type", "problem"),
    [
        ("", "openapi", "empty"),
        ("openapi: [1", "openapi", "line 2"),
        ("just words", "trpc", "`trpc`"),
        ("{}", "openapi", "`openapi`"),
        ("$text: https://pets.example/v1.yaml", "openapi", "no key by which"),
        ("type {", "graphql", "no GraphQL schema"),
        ("nothing here", "grpc", "no service"),
        ("{" * 100_000, "grpc", "nested"),
        ("a: " + "[" * 50_000, "openapi", "nest"),
        ("x: 1\n" * 200_000, "openapi", "1,000,000"),
        ('{"data": {"__schema": {"types": 7}}}', "graphql", "introspection"),
    ],
)
def test_what_cannot_be_read_says_so_and_stays_text(text, type, problem):
    found = open_definition(text, type)
    assert problem in found.problem
    assert found.size == len(text)
    assert len(found.text) <= 20_000


@pytest.mark.parametrize("wrong", [None, True, 0, "x", [], [None], {"$ref": "#/paths"}, {"$ref": "#"}, {"a": {"b": 1}}])
@pytest.mark.parametrize("at", ["info", "paths", "servers", "components", "channels", "operations", "definitions"])
def test_a_definition_with_anything_anywhere_is_read_as_far_as_it_goes(wrong, at):
    for kind in ("openapi", "swagger", "asyncapi"):
        for value in (wrong, {"x": wrong}, {"x": {"get": wrong, "schemas": wrong, "subscribe": wrong, "y": wrong}}):
            open_definition(json.dumps({kind: "3", at: value}), "openapi")


def test_a_large_definition_comes_in_pages_and_is_found_in(tmp_path: Path) -> None:
    parameters = [{"name": f"p{n}", "in": "query", "description": "z" * 300} for n in range(70)]
    operation = {"summary": "A thing", "description": "y" * 3_000, "parameters": parameters}
    paths = {f"/things/{n:03}": {"get": operation} for n in range(100)}
    large = json.dumps({"openapi": "3.0.0", "info": {"title": "Large"}, "paths": paths})
    (tmp_path / "large.json").write_text(large)
    (tmp_path / "catalog-info.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: large}\n"
        "spec: {type: openapi, lifecycle: production, owner: a, definition: {$text: ./large.json}}\n"
    )
    catalog = Catalog.open("sqlite://", search=False)
    catalog.ingest(FolderSource(tmp_path))
    client = TestClient(create_app(Crawler(catalog)), headers={"accept": "text/html"})
    html = client.get("/catalog/default/api/large").text
    assert len(html.encode()) < 1_000_000
    assert f"1–{PAGE} of 100" in html
    assert "more fields are in the text" in html
    second = client.get(f"/catalog/default/api/large?from={PAGE}").text
    assert "/things/040" in second
    assert "/things/039" not in second
    assert "/things/077" in client.get("/catalog/default/api/large?find=077").text
    assert "Show all 100" in client.get("/catalog/default/api/large?find=no-such").text
    assert client.get("/api/definitions/api/default/large").text == large
    catalog.close()


@pytest.mark.parametrize(
    ("type", "text", "name"),
    [
        ("openapi", '{"a": 1}', "pets.json"),
        ("openapi", "a: 1", "pets.yaml"),
        ("grpc", "x", "pets.proto"),
        ("graphql", "x", "pets.graphql"),
        ("trpc", "x", "pets.txt"),
    ],
)
def test_a_definition_has_a_file_name_of_its_format(type, text, name):
    assert file_name("pets", type, text) == name
    assert file_name('p"\r\né/..', type, "x").startswith("p-----..")
