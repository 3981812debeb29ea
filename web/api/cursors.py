"""The cursors of Backstage's by-query operations: a question, and the values of the row to go on from (section 7.6)."""

from catalog.conditions import check_predicate, parse_predicate
from catalog.documents import Json
from catalog.errors import CatalogError
from catalog.query import Order, Query, TextFilter, decode_json, encode_json
from catalog.sorting import SortKey
from catalog.view import Page
from web.api import bodies
from web.api.bodies import check_body

_MALFORMED = "Malformed cursor: "


def read_cursor(cursor: str) -> dict[str, Json]:
    """The question in a cursor. Raises `CatalogError` for one that no server gave."""
    value = decode_json(cursor, f"{_MALFORMED}it is not base64 of JSON")
    try:
        check_body(value, bodies.CURSOR, "it")
        _check_values(value["orderFieldValues"])
        _check_values(value.get("firstSortFieldValues", []))
        if "filter" in value:
            _read_tree(value["filter"])
        if "query" in value:
            value["query"] = check_predicate(value["query"], refusal="")
    except CatalogError as error:
        raise CatalogError("invalid", f"{_MALFORMED}{error.message}") from error
    return {"totalItems": 0} | {key: value[key] for key in bodies.CURSOR.properties if key in value}


def _check_values(values: list[Json]) -> None:
    if not all(value is None or isinstance(value, str) for value in values):
        raise CatalogError("invalid", "its values must be texts")


def _read_tree(tree: Json) -> Json:
    """A predicate from the filter tree of an older cursor: `key` and `values`, `allOf`, `anyOf`, `not`."""
    match tree:
        case {"allOf": list(parts)}:
            return {"$all": [_read_tree(part) for part in parts]}
        case {"anyOf": list(parts)}:
            return {"$any": [_read_tree(part) for part in parts]}
        case {"not": part}:
            return {"$not": _read_tree(part)}
        case {"key": str(key), "values": list(found)}:
            return {key: {"$in": found}}
        case {"key": str(key)} if "values" not in tree:
            return {key: {"$exists": True}}
    raise CatalogError("invalid", "its filter is none")


def as_query(asked: dict[str, Json], limit: int, offset: int) -> Query:
    """The question in the catalog's own form."""
    orders = asked.get("orderFields", ())
    order = Order(orders[0]["field"], orders[0].get("order") == "desc") if orders else None
    conditions = [asked["query"]] if "query" in asked else []
    conditions += [_read_tree(asked["filter"])] if "filter" in asked else []
    predicate = parse_predicate(conditions[0] if len(conditions) == 1 else {"$all": conditions})
    wanted = asked.get("fullTextFilter", {})
    term = wanted.get("term", "").strip().lower()
    fields = tuple(wanted.get("fields", (order.field.lower() if order else "metadata.uid",)))
    textual = TextFilter(term, fields) if term else None
    values = asked.get("orderFieldValues")
    after = (values[0], values[-1]) if values else None
    return Query(predicate, textual, order, limit, offset, after, bool(asked.get("isPrevious")))


def write_page_info(asked: dict[str, Json], query: Query, page: Page, total: Json) -> dict[str, str]:
    """The cursors to the next page and the one before, where there are such."""
    if not query.limit:
        return {}
    first, last = _sort_values(query, page.first), _sort_values(query, page.last)
    shared = {"firstSortFieldValues": asked.get("firstSortFieldValues", first), "totalItems": total}
    info: dict[str, str] = {}
    if page.more or query.backwards:
        info["nextCursor"] = _write_cursor(asked, False, last, shared)
    if page.bodies and "firstSortFieldValues" in asked and first != asked["firstSortFieldValues"]:
        info["prevCursor"] = _write_cursor(asked, True, first, shared)
    return info


def _sort_values(query: Query, key: SortKey | None) -> list[str | None]:
    value, uid = key or (None, None)
    return [value, uid] if query.order else [uid]


def _write_cursor(asked: dict[str, Json], backwards: bool, at: list[str | None], shared: dict[str, Json]) -> str:
    return encode_json({**asked, "isPrevious": backwards, "orderFieldValues": at, **shared})
