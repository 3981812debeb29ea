"""AsyncAPI 2 and 3: what is sent and received on which channel, with the fields of the messages."""

from collections.abc import Iterator
from functools import partial

from catalog.documents import Json
from web.definitions.outline import Entry, Outline, Row, Table, clip, listing, make_table, mapping
from web.definitions.schema import Schemas, describe_field


def read_asyncapi(document: dict[str, Json]) -> Outline:
    """The outline of a document, as much as there is of it."""
    info = mapping(document.get("info"))
    list_entries = _list_operations if mapping(document.get("operations")) else _list_channels
    return Outline(
        format=f"AsyncAPI {clip(document.get('asyncapi'), 20)}",
        title=clip(info.get("title"), 200),
        description=clip(info.get("description")),
        facts=tuple(fact for fact in _list_facts(document, info) if fact[1]),
        entries=(*list_entries(document), *_list_schemas(document)),
    )


def _list_facts(document: dict[str, Json], info: dict[str, Json]) -> Iterator[tuple[str, str]]:
    yield "Version", clip(info.get("version"), 60)
    servers = []
    for name, server in list(mapping(document.get("servers")).items())[:6]:
        found = mapping(server)
        address = clip(found.get("url") or found.get("host"), 200)
        servers.append(f"{clip(name, 60)}: {address} ({clip(found.get('protocol'), 40)})")
    yield "Servers", ", ".join(servers)


def _list_channels(document: dict[str, Json]) -> Iterator[Entry]:
    """Version 2, where a channel has its operations; and version 3 where it has none."""
    schemas = Schemas(document)
    for name, found in mapping(document.get("channels")).items():
        channel = schemas.resolve(found)
        address = clip(channel.get("address") or name, 240)
        verbs = [verb for verb in ("publish", "subscribe") if isinstance(channel.get(verb), dict)]
        for verb in verbs:
            operation = mapping(channel[verb])
            messages = _spread(schemas, operation.get("message"))
            yield _entry(schemas, verb, address, operation, channel, messages)
        if not verbs:
            messages = [schemas.resolve(one) for one in mapping(channel.get("messages")).values()]
            yield _entry(schemas, "channel", address, channel, channel, messages)


def _list_operations(document: dict[str, Json]) -> Iterator[Entry]:
    """Version 3, where operations refer to channels."""
    schemas = Schemas(document)
    for operation in mapping(document.get("operations")).values():
        found = schemas.resolve(operation)
        channel = schemas.resolve(found.get("channel"))
        given = listing(found.get("messages")) or list(mapping(channel.get("messages")).values())
        address = clip(channel.get("address") or mapping(found.get("channel")).get("$ref"), 240)
        messages = [schemas.resolve(one) for one in given]
        yield _entry(schemas, clip(found.get("action"), 20), address, found, channel, messages)


def _entry(
    schemas: Schemas,
    verb: str,
    address: str,
    operation: dict[str, Json],
    channel: dict[str, Json],
    messages: list[dict[str, Json]],
) -> Entry:
    return Entry(
        group="",
        verb=verb,
        name=address,
        about=clip(operation.get("summary") or operation.get("title") or operation.get("operationId"), 240),
        read=lambda: _read_tables(schemas, channel, messages),
        description=clip(operation.get("description") or channel.get("description")),
    )


def _spread(schemas: Schemas, message: Json) -> list[dict[str, Json]]:
    """One message, or each of those that it may be."""
    plain = schemas.resolve(message)
    return [schemas.resolve(one) for one in listing(plain.get("oneOf"))] or ([plain] if plain else [])


def _read_tables(schemas: Schemas, channel: dict[str, Json], messages: list[dict[str, Json]]) -> list[Table]:
    tables = []
    if parameters := mapping(channel.get("parameters")):
        tables.append(make_table("In the address", [_read_parameter(schemas, *one) for one in parameters.items()]))
    for message in messages[:12]:
        name = clip(message.get("title") or message.get("name") or message.get("messageId"), 120)
        about = clip(message.get("summary") or message.get("description"))
        tables.append(make_table(f"Message {name}".strip(), schemas.list_fields(_schema_of(message, "payload")), about))
        if headers := schemas.list_fields(_schema_of(message, "headers")):
            tables.append(make_table(f"Headers of {name or 'the message'}", headers))
    return tables


def _schema_of(message: dict[str, Json], part: str) -> Json:
    """A message's schema; version 3 may wrap it with the name of its format."""
    found = message.get(part)
    return found["schema"] if isinstance(found, dict) and "schemaFormat" in found and "schema" in found else found


def _read_parameter(schemas: Schemas, name: str, given: Json) -> Row:
    plain = schemas.resolve(given)
    type = schemas.name_type(plain.get("schema") or {"type": "string"})
    return Row(clip(name, 120), type, describe_field({**schemas.resolve(plain.get("schema")), **plain}), required=True)


def _list_schemas(document: dict[str, Json]) -> Iterator[Entry]:
    schemas = Schemas(document)
    for name, schema in mapping(mapping(document.get("components")).get("schemas")).items():
        yield Entry(
            group="Schemas",
            verb="schema",
            name=clip(name, 240),
            about=clip(mapping(schema).get("description"), 240),
            read=partial(_read_schema, schemas, schema),
        )


def _read_schema(schemas: Schemas, schema: Json) -> list[Table]:
    return [make_table("Fields", schemas.list_fields(schema))]
