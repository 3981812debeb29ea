"""Lists of a host's API that come in pages, by number or by id: whole, or `ReadError`. What is in them is not looked at."""

from collections.abc import Mapping
from typing import Any

from catalog.documents import Json
from catalog.errors import ReadError
from ingestors.fetch import Api

_PER_PAGE = 100
_READINGS = 4
_MAX_PAGES = 10_000


def read_pages(api: Api, path: str, params: Mapping[str, Any] | None = None) -> list[Json]:
    """A list by numbered pages (`x-next-page`, `x-total`: GitLab's REST API, "Offset-based pagination").

    Where something goes while the pages are turned, what follows moves up and is skipped. So a list counts as whole only
    if every page told the same total and that many came, or, with no total told, if two readings agree.
    """
    last: list[Json] = []
    for _ in range(_READINGS):
        items, totals, pages = _turn_pages(api, path, params or {})
        ids = [item["id"] for item in items]
        if totals == {len(items)} and len(set(ids)) == len(ids):
            return items
        if not totals and (pages == 1 or ids == last):
            return items
        api.note(f"{path} was not whole or has changed: {len(ids)} came, {max(totals, default='no number')} told")
        last = ids
    told = f" ({len(ids)} of {max(totals)} came)" if totals else ""
    raise ReadError(f"{path} changed while it was read, {_READINGS} times in a row{told}")


def read_by_id(api: Api, path: str, params: Mapping[str, Any] | None = None) -> list[Json]:
    """A list in the order of its ids, each page after the last id of the one before ("Keyset-based pagination").

    Nothing can be skipped so, whatever comes and goes meanwhile. A short page may be cut, so only an empty one ends it,
    and only if it is empty when asked for again: no total is told here.
    """
    items: list[Json] = []
    keyset = {**(params or {}), "pagination": "keyset", "order_by": "id", "sort": "asc", "per_page": _PER_PAGE}
    ends = 0
    for _ in range(_MAX_PAGES):
        page = _read_page(api, path, keyset | ({"id_after": items[-1]["id"]} if items else {}))[0]
        ends = 0 if page else ends + 1
        if ends == 2:
            return items
        ids = [item["id"] for item in items[-1:] + page]
        if ids != sorted(set(ids)):
            raise ReadError(f"{path} is not in the order of its ids")
        items += page
    raise ReadError(f"{path} does not end")


def _turn_pages(api: Api, path: str, params: Mapping[str, Any]) -> tuple[list[Json], set[int], int]:
    """Every item, the totals told, and how many pages it took."""
    items: list[Json] = []
    totals: set[int] = set()
    number = 1
    for turned in range(1, _MAX_PAGES):
        page, headers = _read_page(api, path, {**params, "page": number, "per_page": _PER_PAGE})
        items += page
        total, following = headers.get("x-total", ""), headers.get("x-next-page", "")
        if total.isdigit():
            totals.add(int(total))
        if not following.isdigit():
            return items, totals, turned
        if int(following) <= number:
            break
        number = int(following)
    raise ReadError(f"{path} does not end")


def _read_page(api: Api, path: str, params: Mapping[str, Any]) -> tuple[list[Json], Mapping[str, str]]:
    # Not kept: an ETag is of the body alone, and "not changed" need not tell that a total or a next page has changed.
    answer = api.get(path, params, keep=False)
    page = answer.json
    if not isinstance(page, list) or not all(isinstance(item, dict) and "id" in item for item in page):
        raise ReadError(f"{path} did not answer with a list")
    return page, answer.headers
