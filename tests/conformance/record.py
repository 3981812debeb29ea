"""Records what a real Backstage backend answers: `python -m tests.conformance.record BASE_URL CATALOG_FOLDER`.

The backend must hold the folder's `all.yaml` as a `file` location, alone and fresh; the folder's name says which
requests are sent. Not part of `make test`: see README.md in this folder.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copyfile
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import yaml

from tests.conformance.exchange import RECORDED, Exchange, Request, answer, part_of, send_until, write_exchanges
from tests.conformance.layout import digest
from tests.conformance.website import serve_website

REQUESTS = Path(__file__).parent / "requests"
MOST_PAGES = 80
IDENTITY = "/api/catalog/entities?fields=kind,metadata.name,metadata.namespace,metadata.uid"


def main(base: str, folder: Path) -> int:
    """Record every request list for the catalog in `folder` and print how many answers each gave."""
    catalog, total = folder.name, 0
    client = httpx.Client(base_url=base, timeout=60)
    uids = _read_uids(client)
    _wait_for_search(client, len(uids))
    _write_json(RECORDED / catalog / "uids.json", uids)
    (RECORDED / catalog / "digest.txt").write_text(digest(folder) + "\n", encoding="utf-8")
    with serve_website():
        for path in sorted(REQUESTS.glob("*.yaml")):
            steps = read_steps(path, catalog)
            kept = {f"uid:{ref}": uid for ref, uid in uids.items()}
            exchanges = [found for step in steps for found in record_step(client, folder, step, kept)]
            if exchanges:
                write_exchanges(RECORDED / catalog / f"{path.stem}.jsonl", exchanges)
                print(f"{catalog}/{path.stem}: {len(exchanges)}")
            total += len(exchanges)
    print(f"{catalog}: {total} requests over {len(uids)} entities")
    return 0


def read_steps(path: Path, catalog: str) -> list[tuple[Exchange, str]]:
    """The requests in one list that are meant for `catalog`, each with how its pages are walked."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = [*document.get("every", []), *document.get(catalog, [])]
    if catalog in document.get("not", []):
        entries = document.get(catalog, [])
    base, defaults = document.get("base", ""), document.get("defaults", {})
    return [_read_step(f"{path.stem}/{number}", entry, base, defaults) for number, entry in enumerate(entries, 1)]


def record_step(
    client: httpx.Client, folder: Path, step: tuple[Exchange, str], kept: dict[str, str]
) -> Iterator[Exchange]:
    """Send one request and, where asked, every page after it and back; give each with its answer."""
    exchange, walk = step
    if exchange.copy:
        copyfile(folder / exchange.copy[0], folder / exchange.copy[1])
    recorded = _record(client, exchange, kept)
    yield recorded
    if not walk:
        return
    directions = ("next", "prev") if walk == "both" else ("next",)
    page, first = 0, exchange
    for direction in directions:
        while (following := _follow(first, recorded, direction)) and page < MOST_PAGES:
            page += 1
            recorded = _record(client, replace(first, name=f"{first.name}.{page}", request=following, keep={}), kept)
            yield recorded


def _record(client: httpx.Client, exchange: Exchange, kept: dict[str, str]) -> Exchange:
    filled = _fill_uids(exchange.request, kept)
    # What httpx would send is what is written, so the replayer sends the same bytes.
    path = str(httpx.URL("http://x" + filled.path).raw_path, "ascii") if "{" not in filled.path else filled.path
    exchange = replace(exchange, request=replace(filled, path=path))
    recorded = answer(exchange, send_until(client, exchange, kept), kept)
    return replace(recorded, json=None, text=None) if recorded.compare == "status" else recorded


def _read_step(name: str, entry: Any, base: str, defaults: dict[str, Any]) -> tuple[Exchange, str]:
    options: dict[str, Any] = dict(defaults)
    options |= {"request": entry} if isinstance(entry, str) else entry
    method, _, path = options.pop("request").partition(" ")
    walk = options.pop("walk", "")
    parts = {key: options.pop(key) for key in ("headers", "body", "raw") if key in options}
    request = Request(method, base + path, **parts)
    return Exchange(name, options.pop("part", part_of(request)), request, **options), walk


def _follow(first: Exchange, recorded: Exchange, direction: str) -> Request | None:
    if direction == "next" and "link" in recorded.headers:
        path = recorded.headers["link"].split(">")[0].removeprefix("<")
        return replace(first.request, path="/api/catalog" + path)
    data = recorded.json if isinstance(recorded.json, dict) else {}
    cursor = data.get("pageInfo", {}).get(f"{direction}Cursor")
    if cursor:
        return _with_cursor(first.request, "cursor", cursor, ("limit", "fields"))
    cursor = data.get({"next": "nextPageCursor", "prev": "previousPageCursor"}[direction])
    return _with_cursor(first.request, "pageCursor", cursor, None) if cursor else None


def _with_cursor(request: Request, name: str, cursor: str, kept: tuple[str, ...] | None) -> Request:
    if request.method == "POST":
        body = {key: value for key, value in request.body.items() if kept is None or key in kept}
        return replace(request, body=body | {name: cursor})
    path, _, query = request.path.partition("?")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if kept is None or pair[0] in kept]
    return replace(request, path=f"{path}?{urlencode([*pairs, (name, cursor)])}")


def _fill_uids(request: Request, kept: dict[str, str]) -> Request:
    text = json.dumps(asdict(request))
    for name, value in kept.items():
        if name.startswith("uid:"):
            text = text.replace(f"{{{name}}}", value)
    return Request(**json.loads(text))


def _read_uids(client: httpx.Client) -> dict[str, str]:
    entities = [(entity["kind"], entity["metadata"]) for entity in client.get(IDENTITY).json()]
    found = {f"{kind}:{meta.get('namespace')}/{meta['name']}".lower(): meta["uid"] for kind, meta in entities}
    return dict(sorted(found.items()))


def _wait_for_search(client: httpx.Client, total: int) -> None:
    for _ in range(150 if total else 0):
        found = client.get("/api/search/query?term=&pageLimit=1").json()
        if found.get("numberOfResults", 0) >= total:
            return
        time.sleep(0.4)


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/"), Path(sys.argv[2])))
