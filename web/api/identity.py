"""What a stock Backstage app asks of the auth and permission plugins (reference sections 9 and 10).

There are no accounts here: whoever signs in is the guest, and what a request may do is decided by `Access` alone.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from catalog.catalog import Catalog
from catalog.documents import Json
from catalog.errors import CatalogError
from web.access import Access, Caller
from web.api.bodies import Shape, check_body
from web.api.parameters import path_part, read_body
from web.errors import json_response

COOKIE = "backstage-auth=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax"
PERMISSIONS: tuple[tuple[str, str, str], ...] = (
    ("catalog.entities.unprocessed.read", "basic", "read"),
    ("catalog.entities.unprocessed.delete", "basic", "delete"),
    ("catalog.entity.read", "resource", "read"),
    ("catalog.entity.create", "basic", "create"),
    ("catalog.entity.delete", "resource", "delete"),
    ("catalog.entity.refresh", "resource", "update"),
    ("catalog.entity.validate", "basic", ""),
    ("catalog.location.read", "basic", "read"),
    ("catalog.location.create", "basic", "create"),
    ("catalog.location.delete", "basic", "delete"),
    ("catalog.location.analyze", "basic", ""),
    ("catalog.ingestion.read", "basic", "read"),
    ("catalog.ingestion.manage", "basic", "update"),
)
"""Backstage's catalog permissions: name, type, and the action, empty where there is none (reference section 10.4)."""
_ACTIONS = {name: action for name, _, action in PERMISSIONS}
_READING = ("", "read")
AUTHORIZE = Shape(
    "object",
    {
        "items": Shape(
            "array",
            items=Shape(
                "object",
                {
                    "id": Shape("string"),
                    "permission": Shape(
                        "object",
                        {
                            "name": Shape("string"),
                            "type": Shape("string", choices=("basic", "resource")),
                            "attributes": Shape(
                                "object", {"action": Shape("string", choices=("create", "read", "update", "delete"))}
                            ),
                            "resourceType": Shape("string"),
                        },
                        required=("type", "name", "attributes"),
                    ),
                },
                required=("id", "permission"),
            ),
        )
    },
    required=("items",),
)


async def sign_in(request: Request) -> Response:
    """Sign-in of the one provider there is, `guest`: refresh and logout, which is all that a stock app asks of it."""
    provider, action = path_part(request, "provider"), path_part(request, "action").lower()
    if provider.lower() != "guest":
        raise CatalogError("not_found", f"Unknown auth provider '{provider}'")
    if action == "refresh":
        return json_response(_identity(request.app.state.catalog, request.app.state.access.guest))
    if action == "logout" and request.method == "POST":
        return Response()
    raise CatalogError("not_found", f"Unknown auth provider '{provider}'")


def _identity(catalog: Catalog, guest: str) -> dict[str, Json]:
    """The guest, who owns what the groups own that the catalog has it in. The empty token says that none is needed."""
    entity = catalog.view.entity(guest) or {}
    refs = [one["targetRef"] for one in entity.get("relations", ()) if one["type"] == "memberOf"]
    owners = [guest, *(ref for ref in refs if ref.startswith("group:"))]
    identity = {"type": "user", "userEntityRef": guest, "ownershipEntityRefs": owners}
    return {"profile": {}, "backstageIdentity": {"token": "", "identity": identity}}


async def authorize(request: Request) -> Response:
    """What the caller may do: `ALLOW` or `DENY` for each item, one for each of several resources."""
    access: Access = request.app.state.access
    caller = access.identify(request.headers.get("authorization"))
    if caller.scheme == "bearer":
        raise CatalogError("forbidden", "This endpoint does not allow 'service' credentials")
    body = await read_body(request)
    check_body(body, AUTHORIZE)
    for index, item in enumerate(body["items"]):
        _check_item(item, f"request/body/items/{index}", access)
    return json_response({"items": [_decide(item, access, caller) for item in body["items"]]})


def _check_item(item: dict[str, Any], at: str, access: Access) -> None:
    permission, ref = item["permission"], item.get("resourceRef")
    if permission["type"] == "basic":
        if "resourceRef" in item:
            raise CatalogError("invalid", f"{at} must NOT have additional properties")
        return
    if "resourceType" not in permission:
        raise CatalogError("invalid", f"{at}/permission must have required property 'resourceType'")
    if "resourceRef" not in item and not access.dev:
        raise CatalogError("invalid", _NO_REF)
    refs = [ref] if "resourceRef" in item and not isinstance(ref, list) else ref or []
    if not all(isinstance(one, str) for one in refs) or ref == []:
        raise CatalogError("invalid", f"{at}/resourceRef must be string or a list of them")


_NO_REF = (
    "Resource permissions require a resourceRef to be set. Direct user requests without a resourceRef are not allowed."
)


def _decide(item: dict[str, Any], access: Access, caller: Caller) -> dict[str, Json]:
    permission, refs = item["permission"], item.get("resourceRef")
    action = _ACTIONS.get(permission["name"], permission["attributes"].get("action", ""))
    may = access.may_read(caller) if action in _READING else access.may_write(caller)
    result = "ALLOW" if may else "DENY"
    return {"id": item["id"], "result": [result] * len(refs) if isinstance(refs, list) else result}


async def permissions(request: Request) -> Response:
    """Which permissions the catalog knows. It knows no rules: nothing here is decided by conditions."""
    return json_response({"permissions": [_describe(*one) for one in PERMISSIONS], "rules": []})


def _describe(name: str, type: str, action: str) -> dict[str, Json]:
    resource = {"resourceType": "catalog-entity"} if type == "resource" else {}
    return {"type": type, "name": name, "attributes": {"action": action} if action else {}} | resource


async def public_keys(request: Request) -> Response:
    """The keys that sign this plugin's tokens: none, for it issues none."""
    return json_response({"keys": []})


async def cookie(request: Request) -> Response:
    """A cookie for static content: only users of Backstage get one, and there are none; DELETE takes it away."""
    access: Access = request.app.state.access
    if request.method == "DELETE":
        return Response(status_code=204, headers={"set-cookie": COOKIE})
    if access.identify(request.headers.get("authorization")).scheme == "none":
        raise CatalogError("unauthenticated", "Missing credentials")
    raise CatalogError("forbidden", "This endpoint does not allow 'service' credentials")
