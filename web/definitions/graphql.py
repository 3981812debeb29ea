"""GraphQL schemas, as SDL or as the JSON of an introspection: queries, mutations and subscriptions first, then the types."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from graphql import GraphQLError, build_client_schema, language, parse, print_schema

from catalog.documents import Json
from web.definitions.outline import Entry, Outline, Row, Table, UnreadableError, clip, make_table

_MAX_TOKENS: Final = 100_000
_ROOTS: Final = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
_VERBS: Final = {
    "object_type": "type",
    "interface_type": "interface",
    "input_object_type": "input",
    "enum_type": "enum",
    "union_type": "union",
    "scalar_type": "scalar",
}


def read_graphql(text: str) -> Outline:
    """The outline of a schema in GraphQL's own language. Raises `UnreadableError`."""
    try:
        document = parse(text, no_location=True, max_tokens=_MAX_TOKENS)
    except (GraphQLError, RecursionError) as error:
        raise UnreadableError(f"It is no GraphQL schema: {str(error).partition(chr(10))[0]}") from error
    roots = _find_roots(document)
    nodes = [(node, _verb_of(node)) for node in document.definitions]
    found = [(node, verb) for node, verb in nodes if verb]
    found.sort(key=lambda one: _rank(one[0], one[1], roots))
    return Outline(format="GraphQL", entries=tuple(_entry(node, verb, roots) for node, verb in found))


def read_introspection(document: dict[str, Json]) -> Outline:
    """The outline of what a GraphQL server says of itself. Raises `UnreadableError`."""
    try:
        found: Json = document.get("data") or document
        return read_graphql(print_schema(build_client_schema(found)))
    except (GraphQLError, TypeError, KeyError, AttributeError, ValueError, RecursionError) as error:
        raise UnreadableError("It is no introspection of a GraphQL schema.") from error


def _find_roots(document: language.DocumentNode) -> dict[str, str]:
    """By type name, the operation that it is the root of."""
    roots = {name: verb for verb, name in _ROOTS.items()}
    for node in document.definitions:
        if isinstance(node, language.SchemaDefinitionNode):
            roots = {one.type.name.value: one.operation.value for one in node.operation_types}
    return roots


def _verb_of(node: language.DefinitionNode) -> str:
    return _VERBS.get(node.kind.removesuffix("_definition").removesuffix("_extension"), "")


def _rank(node: Json, verb: str, roots: dict[str, str]) -> int:
    root = roots.get(node.name.value)
    return list(_ROOTS).index(root) if root in _ROOTS else len(_ROOTS) + list(_VERBS.values()).index(verb)


def _entry(node: Json, verb: str, roots: dict[str, str]) -> Entry:
    name = clip(node.name.value, 240)
    about = clip(getattr(getattr(node, "description", None), "value", ""))
    above = [language.print_ast(one) for one in (getattr(node, "interfaces", None) or ())[:6]]
    verb = roots.get(node.name.value, f"extend {verb}" if node.kind.endswith("_extension") else verb)
    return Entry(
        group="" if verb in _ROOTS else "Types",
        verb=verb,
        name=name + (f" implements {', '.join(above)}" if above else ""),
        about=about.partition("\n")[0][:240],
        read=partial(_read_tables, node),
        description=about if "\n" in about else "",
    )


def _read_tables(node: Json) -> list[Table]:
    rows = list(_list_rows(node))
    return [make_table("Values" if "enum" in node.kind or "union" in node.kind else "Fields", rows)] if rows else []


def _list_rows(node: Json) -> Iterator[Row]:
    for field in getattr(node, "fields", None) or ():
        yield Row(_name(field), _print(field.type), _describe(field), required=field.type.kind == "non_null_type")
        for argument in getattr(field, "arguments", None) or ():
            required = argument.type.kind == "non_null_type" and argument.default_value is None
            yield Row(_name(argument), _print(argument.type), _describe(argument), depth=1, required=required)
    for value in getattr(node, "values", None) or ():
        yield Row(_name(value), "", _describe(value))
    for type in getattr(node, "types", None) or ():
        yield Row(_print(type), "")


def _name(node: Json) -> str:
    return clip(node.name.value, 120)


def _print(node: Json) -> str:
    return clip(language.print_ast(node), 120)


def _describe(node: Json) -> str:
    dead = any(directive.name.value == "deprecated" for directive in node.directives or ())
    default = getattr(node, "default_value", None)
    about = clip(node.description.value if node.description else "", 300)
    parts = ["Deprecated." if dead else "", about, f"({_print(default)} if not given)" if default is not None else ""]
    return " ".join(filter(None, parts))
