"""Drives the stock `backstage_catalog_client` through its five methods: `python drive.py BASE_URL SITE_URL`.

Prints one JSON line a step, with the result or the error. It runs in a process of its own, with the client's own packages.
"""

import asyncio
import dataclasses
import json
import re
import sys
from collections.abc import Awaitable
from typing import Any

import httpx
from backstage_catalog_client import HttpxClient
from backstage_catalog_client.catalog_api.util import CATALOG_FILTER_EXISTS
from backstage_catalog_client.models import EntityRef

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
BY_NAME = {"field": "metadata.name", "order": "asc"}
OWNED = {"kind": ["component", "api"], "spec.owner": CATALOG_FILTER_EXISTS}


async def step(name: str, call: Awaitable[Any]) -> Any:
    """Print what the client gives, without what differs from server to server; give it as it is."""
    found, line = None, {"step": name}
    try:
        found = await call
        line["result"] = dataclasses.asdict(found) if dataclasses.is_dataclass(found) else found
    except httpx.HTTPStatusError as error:
        line["error"] = [error.response.status_code, error.response.json()]
    print(UUID.sub("{id}", json.dumps(_plain(line), ensure_ascii=False)))
    return found


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: "opaque" if _is_opaque(key, one) else _plain(one) for key, one in value.items()}
        case list():
            return [_plain(one) for one in value]
    return value


def _is_opaque(key: str, value: Any) -> bool:
    return key in ("uid", "etag", "nextCursor", "prevCursor") and isinstance(value, str)


async def main(base: str) -> None:
    """Call each method in each of its forms."""
    async with HttpxClient(base) as client:
        await _drive_lists(client)
        await _drive_names(client)
        await step("get_location_by_entity", client.get_location_by_entity("component:default/berth-board"))
        await step("get_location_by_entity/missing", client.get_location_by_entity("component:default/nope"))
    async with httpx.AsyncClient(base_url=base) as own:
        await step("own client", HttpxClient(client=own).get_entity_by_ref("system:berths", token="unused-token"))


async def _drive_lists(client: HttpxClient) -> None:
    await step("get_entities", client.get_entities(order=BY_NAME))
    await step("get_entities/filter", client.get_entities(entity_filter=[OWNED, {"kind": "user"}], order=[BY_NAME]))
    await step("get_entities/fields", client.get_entities(fields=["kind", "metadata.name"], order=BY_NAME))
    await step("get_entities/page", client.get_entities(order=BY_NAME, limit=3, offset=2))
    await step("get_entities/bad", client.get_entities(limit=-1))
    await step("query_entities/filter", client.query_entities(entity_filter=[{"metadata.name": "berth-api"}]))
    await step("query_entities/search", client.query_entities(search_term=" 泊位 ", search_fields=["metadata.title"]))
    # The client writes `asc:metadata.name` where this endpoint wants `metadata.name,asc`: no entity has that field.
    await step("query_entities/order", client.query_entities(order_fields=BY_NAME))
    # The client writes a limit of 0 as `limit=`, which is refused.
    await step("query_entities/limit-zero", client.query_entities(entity_filter=[{"kind": "user"}], limit=0))
    seen, page = [], await client.query_entities(fields=["metadata.name"], limit=5)
    while True:
        seen += [entity["metadata"]["name"] for entity in page.items]
        if page.page_info.nextCursor is None:
            break
        page = await client.query_entities(cursor=page.page_info.nextCursor, fields=["metadata.name"], limit=5)
    print(json.dumps({"step": "query_entities/walk", "result": [sorted(seen), page.total_items]}))
    await step("query_entities/bad", client.query_entities(cursor="bm90LWpzb24=", fields=["metadata.tags[0]"]))


async def _drive_names(client: HttpxClient) -> None:
    await step("get_entity_by_ref", client.get_entity_by_ref("component:default/berth-service"))
    await step("get_entity_by_ref/compound", client.get_entity_by_ref(EntityRef("User", "ines")))
    await step("get_entity_by_ref/missing", client.get_entity_by_ref("component:default/nope"))
    refs = ["api:default/berth-api", "component:default/nope", "system:berths"]
    await step("get_entities_by_refs", client.get_entities_by_refs(refs))
    await step("get_entities_by_refs/filter", client.get_entities_by_refs(refs, entity_filter=[{"kind": "system"}]))
    await step("get_entities_by_refs/fields", client.get_entities_by_refs(refs, fields=["kind", "metadata.name"]))
    await step("get_entities_by_refs/none", client.get_entities_by_refs([]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
