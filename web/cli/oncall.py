"""`callboard oncall`, `impact` and `who`: from whatever woke somebody to whom to call, in a terminal."""

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import orjson
import typer

from catalog.documents import Json
from catalog.errors import CatalogError
from web.cli import night
from web.cli.asking import Api, TokenFile, Url, Where, find_entity, join_ref, open_api
from web.cli.options import AsJson, Config, Database, Ref, say

ONCALL_EPILOG = (
    "Examples:  callboard oncall P1234ABC   ·   callboard oncall PaymentApiDown --url http://localhost:7007"
    "   ·   amtool alert -o json | callboard oncall -"
)
IMPACT_EPILOG = (
    "Examples:  callboard impact payments-db --by owner   ·   callboard impact payment-api --direction out --depth 2"
)
WHO_EPILOG = "Examples:  callboard who payment-api   ·   callboard who api:default/payment-api --json"
_MAX_TEXT, _MAX_PAYLOAD = 4_000, 2_000_000


class Direction(StrEnum):
    """Which way to follow."""

    IN = "in"
    OUT = "out"


class By(StrEnum):
    """What to group by."""

    OWNER = "owner"


def oncall(
    query: Annotated[
        str,
        typer.Argument(
            help="What woke you: an id, an alert, labels, a host, a URL, a repository, a name. `-` reads it, or a payload, "
            "from the standard input."
        ),
    ],
    url: Url = "",
    token_file: TokenFile = None,
    database: Database = "",
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Find what it is about: whom to call, the runbook, what breaks. Of several alerts, what they have in common.

    Exit 0: found, 1: nothing, or several that may be meant, 2: could not run.
    """
    text = (_read_input() if query == "-" else query.encode(errors="replace").decode()).strip()
    if not text:
        raise CatalogError("invalid", "there is nothing to look up", "Give an id, an alert, an address or a name.")
    with open_api(Where(url, token_file, database, config)) as api:
        payload = _read_payload(text)
        found = _look_up_alerts(api, payload) if payload else None
        if payload and found and (len(found["alerts"]) > 1 or not found["alerts"]):
            _tell_incident(api, payload, json=json)
            return
        found = found["alerts"][0] | {"near": []} if found else api.get("/api/lookup", q=text[:_MAX_TEXT])
        if found and found["decided"]:
            _tell(api, found["decided"], night.print_card, json=json)
            return
        _print(found or {}, "" if json else night.print_candidates(found or {"candidates": [], "near": []}))
        raise typer.Exit(1)


def who(
    ref: Ref,
    url: Url = "",
    token_file: TokenFile = None,
    database: Database = "",
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Tell who owns it, how to reach them, and the teams above. Exit 0: found, 1: not, 2: could not run."""
    with open_api(Where(url, token_file, database, config)) as api:
        _tell(api, _must_find(api, ref), night.print_owners, json=json)


def impact(
    ref: Ref,
    direction: Annotated[
        Direction, typer.Option(help="`in`: what breaks if it fails; `out`: what it needs.")
    ] = Direction.IN,
    depth: Annotated[int, typer.Option(min=0, help="How many steps; 0: all.")] = 0,
    by: Annotated[By | None, typer.Option(help="Group by the owning team.")] = None,
    url: Url = "",
    token_file: TokenFile = None,
    database: Database = "",
    config: Config = None,
    json: AsJson = False,
) -> None:
    """List what breaks if it fails, nearest first. Exit 0: found, 1: not, 2: could not run."""
    with open_api(Where(url, token_file, database, config)) as api:
        wanted = _must_find(api, ref)
        path = f"/api/graph{join_ref(wanted)}/impact"
        found = api.get(path, direction=direction, depth=str(depth or ""), by=by or "")
        if found is None:
            raise _vanished(wanted)
        _print(found, "" if json else night.print_impact(found, by or ""))


def _read_input() -> str:
    try:
        text = sys.stdin.read(_MAX_PAYLOAD + 1)
    except UnicodeDecodeError as error:
        raise CatalogError("invalid", "the standard input is not text", "Send UTF-8.") from error
    if len(text) > _MAX_PAYLOAD:
        raise CatalogError("invalid", f"the standard input is longer than {_MAX_PAYLOAD:,} characters")
    return text


def _read_payload(text: str) -> bytes:
    """The text where it is JSON; a set of labels, `{a="b"}`, is none."""
    try:
        return text.encode() if text.startswith(("{", "[")) and orjson.loads(text) else b""
    except orjson.JSONDecodeError:
        return b""


def _look_up_alerts(api: Api, payload: bytes) -> dict[str, Json] | None:
    """What the alerts in a payload are about; None where it is JSON that says something else, such as a line of a log."""
    try:
        return api.post("/api/lookup", payload)
    except CatalogError as error:
        if error.code != "invalid":
            raise
        return None


def _tell_incident(api: Api, payload: bytes, *, json: bool) -> None:
    found = api.post("/api/oncall/incident", payload) or {}
    _print(found, "" if json else night.print_incident(found))
    raise typer.Exit(0 if found["failing"] and all(one["entityRef"] for one in found["alerts"]) else 1)


def _must_find(api: Api, text: str) -> str:
    """The ref that is meant. Leaves with what may be meant, and exit 1, where there is none or several."""
    ref, near = find_entity(api, text)
    if ref:
        return ref
    say(f"callboard: `{text}` is not the name of one entity")
    if near:
        say("  hint: did you mean " + ", ".join(f"`{one}`" for one in near[:6]) + "?")
    else:
        say("  hint: `callboard list` shows what is in the database; `--url` asks a Callboard that runs")
    raise typer.Exit(1)


def _tell(api: Api, ref: str, print_text: Callable[[dict[str, Json]], str], *, json: bool) -> None:
    card = api.get("/api/oncall" + join_ref(ref))
    if card is None:
        raise _vanished(ref)
    _print(card, "" if json else print_text(card))


def _vanished(ref: str) -> CatalogError:
    return CatalogError("not_found", f"`{ref}` is not in the catalog any more")


def _print(found: dict[str, Json], text: str) -> None:
    """The text, or the answer as JSON where there is none."""
    print(text or orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
