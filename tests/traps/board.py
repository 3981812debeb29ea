"""What the traps are set with: a small catalog written by a test and served by Callboard, and a website to read from."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2 as httpx
from starlette.testclient import TestClient

from catalog import scm
from catalog.catalog import Catalog
from catalog.crawler import Crawler
from catalog.pipeline import Policy
from ingestors.folder import FileSource
from ingestors.registry import open_locations
from ingestors.url import AllowedHost, UrlReader
from web.access import Access
from web.app import create_app

API = "/api/catalog"
V1 = "backstage.io/v1alpha1"
SPECS: dict[str, dict[str, Any]] = {
    "Component": {"type": "service", "lifecycle": "production", "owner": "team"},
    "API": {"type": "openapi", "lifecycle": "production", "owner": "team", "definition": "{}"},
    "Group": {"type": "team", "children": []},
    "User": {"memberOf": []},
    "Resource": {"type": "database", "owner": "team"},
    "System": {"owner": "team"},
    "Location": {},
}
Json = Any


def entity(name: Json, kind: Json = "Component", metadata: Json = None, **spec: Json) -> dict[str, Json]:
    """A sound entity of a core kind; `metadata` and `spec` add to it or replace what it has."""
    return {
        "apiVersion": V1,
        "kind": kind,
        "metadata": {"name": name, **(metadata or {})},
        "spec": {**SPECS.get(kind, SPECS["Component"]), **spec},
    }


def location(name: str, *targets: str, **spec: Json) -> dict[str, Json]:
    """A Location entity."""
    return entity(name, "Location", targets=list(targets), **spec)


def yaml(*documents: Mapping[str, Json] | str) -> str:
    """A catalog file of these documents: YAML as it stands, all else as JSON, which YAML takes too."""
    return "\n---\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in documents)


class Board:
    """A catalog over `folder`, of which `all.yaml` is the one configured location, and a client of its server."""

    def __init__(
        self,
        folder: Path,
        policy: Policy = Policy(),
        access: Access = Access(dev=True),
        reader: UrlReader | None = None,
        uids: Mapping[str, str] | None = None,
        *,
        search: bool = False,
    ) -> None:
        self.folder = folder
        self.catalog = Catalog.open("sqlite://", search=search, policy=policy, uids=uids)
        self.reader = reader or UrlReader()
        sources = [FileSource(folder / "all.yaml")]
        self.crawler = Crawler(self.catalog, sources, open_locations(self.reader))
        self.client = TestClient(
            create_app(self.crawler, access), headers={"accept-encoding": "identity"}, raise_server_exceptions=False
        )

    def write(self, *documents: Mapping[str, Json] | str, file: str = "all.yaml") -> Path:
        """Write a file of the catalog; nobody reads it before `crawl`."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml(*documents))
        return path

    def crawl(self) -> None:
        """Read the configured location, and have search follow."""
        for name in self.crawler.sources:
            self.crawler.crawl(name)

    def load(self, *documents: Mapping[str, Json] | str, file: str = "all.yaml") -> None:
        """Write a file and read the catalog again."""
        self.write(*documents, file=file)
        self.crawl()

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET below the catalog's API."""
        return self.client.get(_full(path), **options)

    def post(self, path: str, body: Json = None, **options: Any) -> httpx.Response:
        """POST a JSON body below the catalog's API."""
        return self.client.post(_full(path), **({"json": body} if body is not None else {}), **options)

    def put(self, path: str, body: Json) -> httpx.Response:
        """PUT a JSON body below the catalog's API."""
        return self.client.put(_full(path), json=body)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        """DELETE below the catalog's API."""
        return self.client.delete(_full(path), **options)

    def find(self, ref: str) -> dict[str, Json] | None:
        """An entity by its full ref, None where there is none."""
        kind, _, rest = ref.partition(":")
        response = self.get(f"/entities/by-name/{kind}/{rest}")
        assert response.status_code in {200, 404}, response.text
        found: dict[str, Json] | None = response.json() if response.status_code == 200 else None
        return found

    def entity(self, ref: str) -> dict[str, Json]:
        """An entity that must be there."""
        found = self.find(ref)
        assert found is not None, f"{ref} is not there; problems: {[one.message for one in self.catalog.problems]}"
        return found

    def names(self, path: str) -> list[str]:
        """The names of the entities that a request answers with, in its order, generated Locations left out."""
        body = self.get(path).json()
        found = [one["metadata"]["name"] for one in (body["items"] if isinstance(body, dict) else body)]
        return [name for name in found if not name.startswith("generated-")]

    def errors(self, ref: str) -> list[str]:
        """The messages in an entity's `status.items`."""
        status = self.entity(ref).get("status", {})
        return [one["message"] for one in status.get("items", ())]

    def refusal(self, data: Json) -> list[dict[str, Json]]:
        """What `POST /validate-entity` finds wrong with an entity; nothing if it is sound."""
        response = self.post("/validate-entity", {"entity": data, "location": "url:https://example.com/a.yaml"})
        return response.json()["errors"] if response.status_code != 200 else []

    def register(self, target: str, query: str = "") -> httpx.Response:
        """Register a location of type `url`."""
        return self.post(f"/locations{query}", {"type": "url", "target": target})

    def message(self, method: str, path: str, body: Json = None) -> tuple[int, str]:
        """The status and the error message of a request."""
        response = self.client.request(method, _full(path), json=body)
        return response.status_code, response.json()["error"]["message"]

    @property
    def root(self) -> str:
        """The ref of the Location entity generated for `all.yaml`."""
        found = self.get(f"/entities?filter=kind=location,spec.target={self.folder / 'all.yaml'}").json()
        return f"location:default/{found[0]['metadata']['name']}"


def _full(path: str) -> str:
    return path if path.startswith(("/api/", "/.backstage", "/healthcheck", "/openapi")) else API + path


def reader_of(url: str, hosts: Iterable[scm.Host] = ()) -> UrlReader:
    """A reader that may read from the site at `url`, and from `hosts`."""
    return UrlReader(scm.Hosts(hosts), [AllowedHost.parse(url.partition("//")[2])])


class Site:
    """A web server on this machine: `pages` by path and query; what is not there is a 404, a number is that status."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.host = url.partition("//")[2]
        self.pages: dict[str, str | int] = {}

    def page(self, path: str, *documents: Mapping[str, Json] | str) -> str:
        """Put a catalog file at a path; its URL."""
        self.pages[path] = yaml(*documents)
        return self.url + path


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, pages: dict[str, str | int], *rest: Any) -> None:
        self._pages = pages
        super().__init__(*rest)

    def do_GET(self) -> None:
        page = self._pages.get(self.path, 404)
        body = page.encode() if isinstance(page, str) else b""
        self.send_response(200 if isinstance(page, str) else page)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serve_site() -> Iterator[Site]:
    """A site while the context is open, on a port of its own."""
    pages: dict[str, str | int] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, pages))
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        site = Site(f"http://127.0.0.1:{server.server_port}")
        site.pages = pages
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
