"""What the webhooks of code hosts have in common: a JSON body that is signed with a shared secret, or comes with it."""

import hmac
import json
from collections.abc import Mapping
from typing import Any

from catalog.errors import CatalogError

_HINT = "Give the source the secret that the webhook has."


def header(headers: Mapping[str, str], *names: str) -> str:
    """The first of the headers that is there, however it is spelled; empty where none is."""
    found = {name.lower(): value for name, value in headers.items()}
    return next((found[name] for name in names if name in found), "")


def check_signature(secret: str, body: bytes, signature: str) -> None:
    """Whether a body is signed with the secret (HMAC SHA-256, hexadecimal). Raises `CatalogError` where it is not."""
    expected = hmac.new(secret.encode(), body, "sha256").hexdigest()
    if not secret or not hmac.compare_digest(expected.encode(), signature.removeprefix("sha256=").encode()):
        raise CatalogError("forbidden", "invalid signature", _HINT)


def check_secret(secret: str, given: str, name: str = "webhook secret") -> None:
    """Whether the secret itself was sent along. Raises `CatalogError` where it was not."""
    if not secret or not hmac.compare_digest(secret.encode(), given.encode()):
        raise CatalogError("forbidden", f"invalid {name}", _HINT)


def read_payload(body: bytes) -> dict[str, Any]:
    """A body's JSON object. Raises `CatalogError` for anything else."""
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise CatalogError("invalid", "the webhook's body is not a JSON object", "Let it send `application/json`.")
    return payload


def dig(value: Any, *path: str) -> Any:
    """What is at a path of keys in a payload; None where something on the way is missing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
