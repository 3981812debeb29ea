"""The tools that Backstage's plug-ins show on an entity's page, as those that are asked what is true right now.

The plug-ins reach Prometheus, Grafana and Opsgenie by proxies of the backend, in whose headers the tokens stand.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from web.app_config.part import Part, keep_filled

_LOGIN: Final = re.compile(r"(?:Bearer|GenieKey|Token token=)\s*(\$\{\w+\})", re.IGNORECASE)
_WHOLE: Final = re.compile(r"\$\{\w+\}")
_NO_PROXY: Final = "names no proxy of this file, so that where it is asked is not known; write its `url` under `live`"
_DEFAULT: Final = "default"


class _Proxies:
    """The backend's proxies by their paths. Those that nobody took stay in the file's rest."""

    def __init__(self, whole: Part) -> None:
        self._whole = whole
        proxy = whole.part("proxy")
        endpoints = proxy.part("endpoints") if isinstance(proxy.data.get("endpoints"), dict) else proxy
        self._by_path = {key.strip("/"): (endpoints, key) for key in endpoints.data}

    def take(self, path: str) -> Part | None:
        """The proxy at a path; one that is only an address too."""
        endpoints, key = self._by_path.pop(path.strip("/"), (None, ""))
        if endpoints is None:
            return None
        if isinstance(endpoints.data[key], str):
            endpoints.data[key] = {"target": endpoints.data[key]}
        return endpoints.part(key)

    def finish(self) -> None:
        """Give back what is left."""
        if self._by_path:
            self._whole.data["proxy"] = {}


def translate_tools(whole: Part) -> dict[str, Any]:
    """The instances of each tool, as they stand under `live`."""
    proxies = _Proxies(whole)
    tools = {
        "pagerduty": dict(_translate_pagerduty(whole.part("pagerDuty"), proxies)),
        "prometheus": dict(_translate_monitors(whole.part("prometheus"), "instances", "/prometheus/api", proxies)),
        "grafana": dict(_translate_monitors(whole.part("grafana"), "hosts", "/grafana/api", proxies)),
        "opsgenie": dict(_translate_opsgenie(whole.part("opsgenie"), proxies)),
    }
    proxies.finish()
    return keep_filled(tools)


_Instances = Iterator[tuple[str, dict[str, Any]]]


def _translate_pagerduty(part: Part, proxies: _Proxies) -> _Instances:
    """The default account first: it is asked for an entity that names none."""
    accounts = list(part.parts("accounts"))
    for one in sorted([part, *accounts], key=lambda one: one.data.get("isDefault") is not True):
        found = keep_filled({"url": one.text("apiBaseUrl"), "token": one.secret("apiToken")})
        one.take("eventsBaseUrl")  # nobody is paged from here
        one.take("isDefault")
        if one.take("oauth") is not None:
            one.note("oauth", "has no counterpart here; make a REST API key that may read, and write it as `token`")
        name = one.text("id") or _DEFAULT
        if "token" in found:
            yield name, found
        one.finish()
    proxy = proxies.take("/pagerduty")  # as the plug-in was set up before it had a backend
    if proxy is not None and (login := _read_login(proxy)):
        yield _DEFAULT, keep_filled({"url": proxy.text("target")}) | login


def _translate_monitors(part: Part, several: str, path: str, proxies: _Proxies) -> _Instances:
    """Each instance with the address that its proxy leads to, without what the plug-in puts into it of the API's path."""
    is_there = bool(part.data)
    instances = list(part.parts(several))
    if is_there and not instances:
        instances = [part]
    for one in instances:
        name = one.text("name") or one.text("id") or _DEFAULT
        pages = one.text("uiUrl") or one.text("domain")
        one.take("unifiedAlerting")  # both of Grafana's ways are asked
        proxy = proxies.take(one.text("proxyPath") or path)
        one.finish()
        if proxy is None:
            one.notes.add(one.path, _NO_PROXY)
            continue
        address = re.sub(r"/api(/v1)?/?$", "", proxy.text("target")).rstrip("/")
        web = pages.rstrip("/")
        yield name, keep_filled({"url": address, "web_url": web if web != address else ""}) | _read_login(proxy)


def _translate_opsgenie(part: Part, proxies: _Proxies) -> _Instances:
    if not part.data:
        return
    pages, proxy = part.text("domain"), proxies.take(part.text("proxyPath") or "/opsgenie/api")
    part.finish()
    if proxy is None:
        part.notes.add(part.path, _NO_PROXY)
        return
    yield (
        _DEFAULT,
        keep_filled({"url": proxy.text("target").rstrip("/"), "web_url": pages.rstrip("/")}) | _read_login(proxy),
    )


def _read_login(proxy: Part) -> dict[str, Any]:
    """The token in a proxy's headers."""
    headers = proxy.part("headers")
    key = next((key for key in headers.data if key.lower() == "authorization"), "")
    text = headers.data.get(key)
    if isinstance(text, str) and (login := _LOGIN.fullmatch(text.strip())):
        return {"token": login[1]}
    if isinstance(text, str) and _WHOLE.fullmatch(text.strip()):
        headers.note(key, "is a whole header there; here the variable must hold the token alone")
    return {"token": headers.secret(key)} if key else {}
