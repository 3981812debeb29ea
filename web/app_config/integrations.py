"""Backstage's `integrations` (reference section 13.2) as `hosts`."""

from typing import Any

from web.app_config.part import NO_COUNTERPART, Part, keep_filled

Hosts = dict[str, dict[str, Any]]
DEFAULT_HOSTS = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "bitbucketCloud": "bitbucket.org",
    "azure": "dev.azure.com",
}
_TYPES = ("github", "gitlab", "bitbucketCloud", "bitbucketServer", "azure", "gitea", "gerrit")


def translate_integrations(part: Part) -> Hosts:
    """Every host with its API and its credentials."""
    hosts: Hosts = {}
    for type in _TYPES:
        for one in part.parts(type):
            name = one.text("host") or DEFAULT_HOSTS.get(type, "")
            if not name:
                one.notes.add(one.path, "names no host")
                continue
            if name in hosts:
                one.notes.add(one.path, f"is a second entry for {name}; what both say is as here")
            hosts[name] = {**hosts.get(name, {}), "type": type, **_translate(one, type)}
            one.finish()
    return hosts


def _translate(one: Part, type: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "base": one.text("baseUrl"),
        "api": one.text("apiBaseUrl"),
        "raw": one.text("rawBaseUrl") if type == "github" else "",
        "gitiles": one.text("gitilesBaseUrl") if type == "gerrit" else "",
        "token": one.secret("token"),
        "username": one.filled("username"),
        "password": one.secret("password") or (one.secret("appPassword") if type == "bitbucketCloud" else None),
    }
    if type == "github":
        found |= _translate_apps(one)
    if type == "azure":
        found["token"] = found["token"] or _translate_credentials(one)
    if type == "gitea" and found["password"] and not found["username"]:
        found["token"] = found.pop("password")  # as Backstage sends it
    if type == "bitbucketCloud" and found["token"] and found["username"]:
        found["password"] = found.pop("token")
    if type == "bitbucketCloud" and (secret := one.secret("clientSecret")):
        found["client"] = {"id": one.filled("clientId"), "secret": secret}
    return keep_filled(found)


def _translate_apps(one: Part) -> dict[str, Any]:
    """The first GitHub App; here a host has one."""
    apps = list(one.parts("apps"))
    for app in apps[1:]:
        app.notes.add(app.path, "is a second app, and a host has one here")
    if not apps:
        return {}
    app = apps[0]
    if "appId" not in app.data:
        app.notes.add(app.path, "is in another file; write its `app: {id: ..., private_key: {file: ...}}` at the host")
        return {}
    for unused in ("clientId", "clientSecret"):
        app.take(unused)  # for signing people in, not for reading
    found = {
        "app": {"id": app.take("appId"), "private_key": app.secret("privateKey")},
        "webhook_secret": app.secret("webhookSecret"),
    }
    app.finish()
    return found


def _translate_credentials(one: Part) -> Any:
    token = None
    for credential in one.parts("credentials"):
        found = credential.secret("personalAccessToken")
        if found is None or token is not None:
            credential.notes.add(credential.path, NO_COUNTERPART)
            continue
        token = found
        credential.finish()
    return token


def translate_s3(part: Part) -> dict[str, Any]:
    """The credentials of the only S3 integration, for sources; here they stand at the source."""
    items = list(part.parts("awsS3"))
    for one in items[1:]:
        one.notes.add(one.path, "is a second one; write its keys into the source they are for")
    if not items:
        return {}
    one = items[0]
    one.take("host")
    found = {
        "endpoint": one.text("endpoint"),
        "access_key": one.secret("accessKeyId"),
        "secret_key": one.secret("secretAccessKey"),
    }
    one.take("s3ForcePathStyle")
    one.finish()
    return keep_filled(found)
