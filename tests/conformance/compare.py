"""Says how an answer differs from the recorded one: status, the headers named here, and the JSON whole but for IGNORED.

How much of the JSON is compared is the recorded exchange's `compare` (see COMPARISONS).
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.conformance.exchange import Exchange

# Everything else a server sends is its own affair: date, connection, keep-alive, server, content-length.
COMPARED_HEADERS = (
    "access-control-allow-origin",
    "allow",
    "content-encoding",
    "content-type",
    "etag",
    "link",
    "location",
)
# Keys whose values differ from run to run, and why. An etag that the author gave is compared: it is not a digest.
IGNORED = {
    "etag": "a digest over the entity with its uid; the algorithm is the server's own",
    "uid": "only of entities that the recording's uids do not name: those made while it ran",
    "preTag": "a random tag around search hits",
    "postTag": "a random tag around search hits",
    "logId": "a random number in the message of an internal error",
}
CURSORS = ("nextCursor", "prevCursor", "cursor")
# The server's own exceptions: exchange as `catalog/list/number` -> why it differs. The README's table says the same.
KNOWN_DIFFERENCES: dict[str, str] = {
    "edge/protocol/9": "`GET /` is the home page; the recorded backend serves no app",
    "edge/protocol/69": "`POST /api/permission/authorize` is answered; the recorded backend has no permission plugin",
    "edge/entities/225": "`fields` does not reach into what every JavaScript object inherits",
}
# What differs by catalog unless `broken_files: whole` is set: there one bad document hides its siblings.
HIDDEN_BY_BROKEN_FILES = {
    "broken": [f"broken/processing/{number}" for number in (1, 4, 5, 6, 8, 9, 12, 27, 31)],
    "changes": [f"changes/changes/{number}" for number in (16, 20, 22, 28)],
}
# Messages that go on in the words of a JavaScript library: compared up to here.
FOREIGN_WORDS = re.compile(
    "Malformed cursor: |Invalid query: Validation error: "
    r"|Malformed request body \(.*\), Validation error: (?=Invalid|Expected|Unrecognized)"
)


def find_differences(
    recorded: Exchange, given: Exchange, uids: Iterable[str], documents: Mapping[str, Any]
) -> list[str]:
    """What differs, one sentence each; nothing when the answers are equal. `documents` are the search index's."""
    found = []
    if recorded.status != given.status:
        found.append(f"status {given.status}, recorded {recorded.status}")
    for header in COMPARED_HEADERS:
        expected, actual = _header(recorded, header), _header(given, header)
        if expected != actual:
            found.append(f"header {header}: {actual!r}, recorded {expected!r}")
    known = frozenset(uids)
    if recorded.compare in COMPARISONS:
        expected, actual = normalise(recorded.json, known), normalise(given.json, known)
        found += COMPARISONS[recorded.compare](expected, actual, documents)
        if recorded.text != given.text:
            found.append(f"body {given.text!r}, recorded {recorded.text!r}")
    return found


def normalise(value: Any, uids: frozenset[str] = frozenset()) -> Any:
    """`value` with cursors decoded and what IGNORED names blanked."""
    if isinstance(value, list):
        return [normalise(item, uids) for item in value]
    if isinstance(value, dict):
        return {key: _normalise_field(key, item, uids) for key, item in value.items()}
    return value


def decode_cursor(cursor: str) -> Any:
    """The JSON inside a base64 cursor, or the cursor itself if there is none."""
    try:
        return json.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError):
        return cursor


def _normalise_field(key: str, value: Any, uids: frozenset[str]) -> Any:
    if key in CURSORS and isinstance(value, str):
        return decode_cursor(value)
    if key == "message" and isinstance(value, str) and (words := FOREIGN_WORDS.match(value)):
        return words[0]
    is_new = key == "uid" and isinstance(value, str) and value not in uids
    is_digest = key == "etag" and isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40}", value)
    if is_new or is_digest or key in ("preTag", "postTag", "logId"):
        return f"<{key}>"
    return normalise(value, uids)


def _header(exchange: Exchange, name: str) -> Any:
    value = exchange.headers.get(name)
    if name != "link" or value is None:
        return value
    path, _, rest = value.removeprefix("<").partition(">")
    path, _, query = path.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    return path, [(key, decode_cursor(item) if key == "after" else item) for key, item in pairs], rest


def _compare_whole(expected: Any, actual: Any, documents: Mapping[str, Any]) -> list[str]:
    return list(_differences(expected, actual, "$"))


def _compare_refusal(expected: Any, actual: Any, documents: Mapping[str, Any]) -> list[str]:
    return list(_differences(_without_message(expected), _without_message(actual), "$"))


def _compare_any_order(expected: Any, actual: Any, documents: Mapping[str, Any]) -> list[str]:
    return list(_differences(_sort_lists(expected), _sort_lists(actual), "$"))


def _compare_keys(expected: Any, actual: Any, documents: Mapping[str, Any]) -> list[str]:
    return list(_differences(_shape(expected), _shape(actual), "$"))


def _compare_documents(expected: Any, actual: Any, documents: Mapping[str, Any]) -> list[str]:
    """All of a search answer but which documents come first: totals, page sizes, cursors, ranks, contents."""
    if not isinstance(actual, dict) or "results" not in actual:
        return _compare_whole(expected, actual, documents)
    before, after = ({**data, "results": [hit["rank"] for hit in data["results"]]} for data in (expected, actual))
    return [*_differences(before, after, "$"), *_compare_ranked(expected, actual, documents)]


def _compare_ranked(expected: Any, actual: Any, documents: Mapping[str, Any]) -> list[str]:
    """What no engine may change: ranks count up, hits have these keys, every document is as the referee's."""
    if not isinstance(actual, dict) or "results" not in actual:
        return _compare_whole(expected, actual, documents)
    found = []
    ranks = [hit["rank"] for hit in actual["results"]]
    if ranks and ranks != list(range(ranks[0], ranks[0] + len(ranks))):
        found.append(f"ranks do not count up: {ranks}")
    for number, hit in enumerate(actual["results"]):
        if not {"type", "document", "rank"} <= set(hit):
            found.append(f"$.results[{number}] has the keys {sorted(hit)}")
        document = documents.get(hit["document"]["location"])
        if document is None:  # the recording saw only a part of a large catalog's documents
            continue
        found += _differences(document, hit["document"], f"$.results[{number}].document")
    return found


COMPARISONS: dict[str, Callable[[Any, Any, Mapping[str, Any]], list[str]]] = {
    "whole": _compare_whole,
    "refusal": _compare_refusal,
    "any order": _compare_any_order,
    "keys": _compare_keys,
    "documents": _compare_documents,
    "ranked": _compare_ranked,
    # `status` compares status and headers alone, so it has no entry.
}


def _differences(expected: Any, actual: Any, path: str) -> Iterable[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys()):
            if key not in actual or key not in expected:
                yield f"{path}.{key} is {'missing' if key not in actual else 'not in the recording'}"
            else:
                yield from _differences(expected[key], actual[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path} has {len(actual)} items, recorded {len(expected)}"
        for number, pair in enumerate(zip(expected, actual, strict=False)):
            yield from _differences(*pair, f"{path}[{number}]")
    elif expected == "<etag>" and isinstance(actual, str) and actual:
        return
    elif not _is_same(expected, actual):
        yield f"{path} is {actual!r}, recorded {expected!r}"


def _is_same(expected: Any, actual: Any) -> bool:
    """Whether two scalars are one in JavaScript: there 1 is not true, and numbers are doubles however they are written."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return float(expected) == float(actual)
    return bool(expected == actual)


def _without_message(value: Any) -> Any:
    # The words of a JavaScript engine's JSON parser: another parser has others.
    if isinstance(value, dict) and isinstance(value.get("error"), dict):
        return {**value, "error": {**value["error"], "message": type(value["error"].get("message")).__name__}}
    return value


def _sort_lists(value: Any) -> Any:
    if isinstance(value, list):
        return sorted((_sort_lists(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict):
        return {key: _sort_lists(item) for key, item in value.items()}
    return value


def _shape(value: Any) -> Any:
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    return type(value).__name__
