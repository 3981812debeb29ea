"""Paths as Backstage's router reads them: any case, a slash more at the end or after the plugin, escapes left to the parts."""

import re
from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Any

from starlette.routing import BaseRoute, Match, Route, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

_AS_SENT = ("/api/", "/.backstage/")
_PLUGIN = re.compile(r"/api/[^/]+", re.IGNORECASE)
_BACKSTAGES = re.compile(r"/api/(catalog|search|permission|auth|events)(/|$)", re.IGNORECASE)
_ROOT = re.compile(r"\^(/api/[^/]+)/")


def is_api(path: str) -> bool:
    """Whether a path belongs to the API, where errors are for programs."""
    return path.lower().startswith(_AS_SENT)


def is_ours(path: str) -> bool:
    """Whether a path belongs to a part of the API that Backstage does not have."""
    return is_api(path) and not _BACKSTAGES.match(path)


def plugin_path(path: str) -> str:
    """The path within its plugin: `/entities` of `/api/catalog/entities`."""
    match = _PLUGIN.match(path)
    return "/" + path[match.end() :].lstrip("/") if match else path


class RawApiPaths:
    """Routes the API by the path as it was sent: `%2F` in a name is part of the name, as Backstage has it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its path as sent where it is the API's."""
        if scope["type"] == "http" and is_api(scope["path"]):
            scope["path"] = scope["raw_path"].split(b"?")[0].decode("latin-1")
        await self.app(scope, receive, send)


@cache
def path_pattern(path: str) -> re.Pattern[str]:
    """What a route's path matches: its fixed parts in any case, a slash more after the plugin, one at the end."""
    loose = _ROOT.sub(r"^\1//?", compile_path(path)[0].pattern.removesuffix("$"))
    return re.compile(f"{loose}/?$", re.IGNORECASE | re.ASCII)


class ApiRoute(Route):
    """A route that matches as loosely as `path_pattern` says."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, methods: Collection[str] | None) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.path_regex = path_pattern(path)


class ExactRoutes(BaseRoute):
    """The routes whose paths have no parts, where a client spells them as we do: one look-up instead of a pattern each."""

    def __init__(self, routes: Iterable[Route]) -> None:
        plain = [route for route in routes if "{" not in route.path]
        self._endpoints = {(method, route.path): route.endpoint for route in plain for method in route.methods or ()}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request is for one of them."""
        endpoint = self._endpoints.get((scope.get("method", ""), scope["path"]))
        return (Match.NONE, {}) if endpoint is None else (Match.FULL, {"endpoint": endpoint, "path_params": {}})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it."""
        await scope["endpoint"](scope, receive, send)
