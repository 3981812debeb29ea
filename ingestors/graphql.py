"""Questions in GraphQL to a host's API: an answer without errors, and connections with all of their nodes, or `ReadError`."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.documents import Json
from catalog.errors import ReadError
from ingestors.fetch import Answer, Api

_TRIES = 3
_MAX_PAGES = 10_000
_REFUSED = {"FORBIDDEN", "INSUFFICIENT_SCOPES"}


def ask(
    api: Api, path: str, query: str, variables: Mapping[str, Any], *, tries: int = _TRIES
) -> tuple[dict[str, Json], Mapping[str, str]]:
    """The `data` of an answer, and its headers. Half an answer, with errors beside it, is none: it is asked for again.

    Raises `ReadError`, `missing` where the host knows nothing by the name.
    """
    message = ""
    for _ in range(tries):
        answer = _post(api, path, {"query": query, "variables": dict(variables)})
        body = answer.json
        errors = body.get("errors") if isinstance(body, dict) else None
        data = body.get("data") if isinstance(body, dict) else None
        if isinstance(data, dict) and not errors:
            return data, answer.headers
        message = _describe(errors)
        kinds = {str(error.get("type", "")) for error in _as_list(errors)}
        if kinds == {"NOT_FOUND"}:
            raise ReadError(f"{path}: {message}", missing=True)
        api.note(f"{path}: {message}")
        if kinds & {"RATE_LIMITED", "RATE_LIMIT"} or "secondary rate limit" in message:
            raise api.cut_short(f"{path}: {message}")
        if kinds & _REFUSED:
            raise ReadError(f"{path} was refused: {message}", forbidden=True)
    raise ReadError(f"{path} could not be read: {message}")


def _post(api: Api, path: str, question: Json) -> Answer:
    try:
        return api.post(path, question)
    except ReadError as error:
        if error.missing:  # the API is not where it should be, which says nothing of what is asked for
            api.note(error.message)
            raise ReadError(error.message) from error
        raise


def read_nodes(api: Api, path: str, query: str, variables: Mapping[str, Any], at: Sequence[str]) -> list[Json]:
    """Every node of the connection `at` a path of field names; the query takes the cursor as `$cursor`.

    Raises `ReadError`, `missing` where something on the way is null: it is gone, or the token may not see it.
    """
    for _ in range(_TRIES):
        nodes, total = _follow(api, path, query, variables, at)
        if total is None or len(nodes) >= total:
            return [node for node in nodes if node is not None]
        api.note(f"{path}: {len(nodes)} of {total} {at[-1]} came")
    raise ReadError(f"{path} is not whole: {len(nodes)} of {total} {at[-1]} came, {_TRIES} times in a row")


def _follow(
    api: Api, path: str, query: str, variables: Mapping[str, Any], at: Sequence[str]
) -> tuple[list[Json], int | None]:
    nodes: list[Json] = []
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        connection: Json = ask(api, path, query, {**variables, "cursor": cursor})[0]
        for name in at:
            connection = connection.get(name)
            if connection is None:
                raise ReadError(f"{path} gives no `{name}` for {_name(variables)}", missing=True)
        try:
            nodes += connection["nodes"]
            is_last, following = not connection["pageInfo"]["hasNextPage"], connection["pageInfo"].get("endCursor")
        except (KeyError, TypeError, AttributeError) as error:
            raise ReadError(f"{path} did not answer with {at[-1]}") from error
        if is_last:
            return nodes, connection.get("totalCount")
        if not following or following == cursor:
            break
        cursor = following
    raise ReadError(f"{path} does not end for {_name(variables)}")


def _describe(errors: Json) -> str:
    told = [str(error.get("message", "an error without a message")) for error in _as_list(errors)]
    return "; ".join(told)[:1000] or "the answer holds no data"


def _as_list(errors: Json) -> list[Mapping[str, Any]]:
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _name(variables: Mapping[str, Any]) -> str:
    return ", ".join(f"`{value}`" for value in variables.values() if isinstance(value, str))
