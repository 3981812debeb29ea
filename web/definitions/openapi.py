"""OpenAPI 3 and Swagger 2: operations with their parameters, bodies and answers, then the schemas."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from catalog.documents import Json
from web.definitions.outline import Entry, Outline, Row, Table, clip, listing, make_table, mapping
from web.definitions.schema import Schemas, describe_field

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PLACES: Final = {
    "path": "In the path",
    "query": "In the query",
    "header": "Headers",
    "cookie": "Cookies",
    "formData": "Form",
}


def read_openapi(document: dict[str, Json]) -> Outline:
    """The outline of a document, as much as there is of it."""
    info = mapping(document.get("info"))
    number = clip(document.get("openapi") or document.get("swagger"), 20)
    return Outline(
        format=f"{'OpenAPI' if 'openapi' in document else 'Swagger'} {number}",
        title=clip(info.get("title"), 200),
        description=clip(info.get("description")),
        facts=tuple(fact for fact in _list_facts(document, info) if fact[1]),
        entries=(*_list_operations(document), *_list_schemas(document)),
    )


def _list_facts(document: dict[str, Json], info: dict[str, Json]) -> Iterator[tuple[str, str]]:
    yield "Version", clip(info.get("version"), 60)
    servers = [clip(mapping(one).get("url"), 200) for one in listing(document.get("servers"))[:6]]
    if host := clip(document.get("host"), 200):
        scheme = clip((listing(document.get("schemes")) or ["https"])[0], 10)
        servers.append(f"{scheme}://{host}{clip(document.get('basePath'), 200)}")
    yield "Servers", ", ".join(filter(None, servers))
    components = mapping(document.get("components"))
    schemes = mapping(components.get("securitySchemes") or document.get("securityDefinitions"))
    yield "Sign-in", ", ".join(_name_scheme(name, mapping(scheme)) for name, scheme in list(schemes.items())[:6])


def _name_scheme(name: str, scheme: dict[str, Json]) -> str:
    words = [clip(scheme.get(key), 60) for key in ("type", "scheme", "in", "name")]
    return f"{clip(name, 60)} ({' '.join(filter(None, words))})"


def _list_operations(document: dict[str, Json]) -> Iterator[Entry]:
    schemas = Schemas(document)
    paths = [("", *one) for one in mapping(document.get("paths")).items()]
    hooks = [("Webhooks", *one) for one in mapping(document.get("webhooks")).items()]
    for group, path, item in (*paths, *hooks):
        shared = schemas.resolve(item)
        for method in METHODS:
            if not isinstance(shared.get(method), dict):
                continue
            operation = mapping(shared[method])
            tags = listing(operation.get("tags"))
            parameters = [*listing(shared.get("parameters")), *listing(operation.get("parameters"))]
            yield Entry(
                group=group or (clip(tags[0], 80) if tags else ""),
                verb=method.upper(),
                name=clip(path, 240),
                about=clip(operation.get("summary") or operation.get("operationId"), 240),
                read=partial(_read_tables, schemas, operation, parameters),
                description=clip(operation.get("description")),
                is_deprecated=operation.get("deprecated") is True,
            )


def _list_schemas(document: dict[str, Json]) -> Iterator[Entry]:
    schemas = Schemas(document)
    named = mapping(document.get("components")).get("schemas") or document.get("definitions")
    for name, schema in mapping(named).items():
        about = clip(mapping(schema).get("description"))
        yield Entry(
            group="Schemas",
            verb="schema",
            name=clip(name, 240),
            about=about.partition("\n")[0][:240],
            read=partial(_read_schema, schemas, schema),
            description=about if "\n" in about or len(about) > 240 else "",
        )


def _read_tables(schemas: Schemas, operation: dict[str, Json], given: list[Json]) -> list[Table]:
    parameters = [schemas.resolve(one) for one in given]
    tables = [
        table for place, heading in _PLACES.items() if (table := _read_place(schemas, parameters, place, heading))
    ]
    bodies = [one for one in parameters if one.get("in") == "body"]
    tables += [
        make_table("Body", schemas.list_fields(one.get("schema")), clip(one.get("description"))) for one in bodies
    ]
    body = schemas.resolve(operation.get("requestBody"))
    if body:
        tables += _read_content(schemas, "Body", body)
    for code, answer in mapping(operation.get("responses")).items():
        plain = schemas.resolve(answer)
        shown = _read_content(schemas, f"Answer {clip(code, 20)}", plain)
        if "schema" in plain:  # Swagger 2
            shown = [make_table(f"Answer {clip(code, 20)}", schemas.list_fields(plain["schema"]), shown[0].about)]
        tables += shown
    return tables


def _read_place(schemas: Schemas, parameters: list[dict[str, Json]], place: str, heading: str) -> Table | None:
    rows = [
        Row(
            clip(one.get("name"), 120),
            schemas.name_type(one.get("schema") or _own_schema(one)),
            describe_field({**schemas.resolve(one.get("schema")), **one}),
            required=one.get("required") is True,
        )
        for one in parameters
        if one.get("in") == place
    ]
    return make_table(heading, rows) if rows else None


def _own_schema(parameter: dict[str, Json]) -> dict[str, Json]:
    """Swagger 2 writes a parameter's type into the parameter itself."""
    return {key: parameter[key] for key in ("type", "format", "items", "enum") if key in parameter}


def _read_content(schemas: Schemas, heading: str, holder: dict[str, Json]) -> list[Table]:
    """A table for each media type; one without rows where there is no content."""
    about = clip(holder.get("description"))
    content = mapping(holder.get("content"))
    if not content:
        return [make_table(heading, (), about)]
    return [
        make_table(f"{heading}, {clip(media, 80)}", schemas.list_fields(schema) if schema else (), about)
        for media, one in list(content.items())[:4]
        for schema in [mapping(one).get("schema")]
    ]


def _read_schema(schemas: Schemas, schema: Json) -> list[Table]:
    return [make_table("Fields", schemas.list_fields(schema))]
