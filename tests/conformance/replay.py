"""Sends the recorded requests to a server that holds the same catalog and collects every difference in its answers."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from shutil import copyfile
from typing import Any

import httpx

from catalog.pipeline import Policy
from tests.conformance.compare import KNOWN_DIFFERENCES, find_differences
from tests.conformance.exchange import RECORDED, Exchange, answer, read_exchanges, send, send_until
from tests.conformance.layout import lay_out
from tests.conformance.website import PORT, serve_website

DEFAULT = Policy()
Serve = Callable[[Path | None, Mapping[str, str], Policy], AbstractContextManager[httpx.Client]]


def recorded_catalogs() -> list[str]:
    """The catalogs there are recordings of."""
    return sorted(path.name for path in RECORDED.iterdir() if path.is_dir())


def read_recording(catalog: str) -> list[Exchange]:
    """Every exchange recorded over `catalog`, in the order it was sent."""
    return [exchange for path in sorted((RECORDED / catalog).glob("*.jsonl")) for exchange in read_exchanges(path)]


def read_uids(catalog: str) -> dict[str, str]:
    """The uid that each entity of `catalog` had while its answers were recorded; uids order the answers."""
    uids: dict[str, str] = json.loads((RECORDED / catalog / "uids.json").read_text(encoding="utf-8"))
    return uids


def replay(catalog: str, serve: Serve, policy: Policy = DEFAULT) -> dict[str, list[str]]:
    """Replay what was recorded over a catalog: the differences, by `catalog/list/number`, known ones left out."""
    uids, exchanges = read_uids(catalog), read_recording(catalog)
    documents, found = _read_documents(exchanges), {}
    with lay_out(catalog) as folder, _website(exchanges, folder), serve(_entry(folder), uids, policy) as client:
        kept: dict[str, str] = {}
        for exchange in exchanges:
            name = f"{catalog}/{exchange.name}"
            differences = find_differences(exchange, _ask(client, folder, exchange, kept), uids.values(), documents)
            if differences and name not in KNOWN_DIFFERENCES:
                found[name] = [_describe(exchange), *differences]
    return found


def _website(exchanges: list[Exchange], folder: Path) -> AbstractContextManager[object]:
    """The web server, only if a request or a file of the catalog points to it: it is one for all processes."""
    is_needed = any(str(PORT) in json.dumps(exchange.request.body) for exchange in exchanges)
    is_needed = is_needed or any(str(PORT) in path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml"))
    return serve_website() if is_needed else nullcontext()


def _ask(client: httpx.Client, folder: Path, exchange: Exchange, kept: dict[str, str]) -> Exchange:
    if exchange.copy:
        copyfile(folder / exchange.copy[0], folder / exchange.copy[1])
    if exchange.until:
        return answer(exchange, send_until(client, exchange, kept, seconds=60), kept)
    return answer(exchange, send(client, exchange.request, kept), kept)


def _entry(folder: Path) -> Path | None:
    return folder / "all.yaml" if (folder / "all.yaml").exists() else None


def _describe(exchange: Exchange) -> str:
    request = exchange.request
    body = request.raw if request.body is None else json.dumps(request.body, ensure_ascii=False)
    return f"{request.method} {request.path} {body or ''}".rstrip()


def _read_documents(exchanges: list[Exchange]) -> dict[str, Any]:
    answers = [exchange.json for exchange in exchanges if exchange.request.path.startswith("/api/search/")]
    hits = [hit for data in answers if isinstance(data, dict) for hit in data.get("results", [])]
    return {hit["document"]["location"]: hit["document"] for hit in hits}
