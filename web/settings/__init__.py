"""What the environment and the configuration file decide; the only reader of both.

Each key carries its description: `callboard config schema` prints them, and every mistake is said with its line.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from catalog.catalog import locate, read_yaml
from catalog.documents import Document, Draft, Location
from catalog.errors import CatalogError
from catalog.problems import Problem
from ingestors.settings.durations import Duration, parse_duration
from ingestors.settings.kinds import AllowedKind
from ingestors.settings.section import Section
from web.mistakes import Mistake, find_mistakes
from web.settings.alerts import Alerts, Receiver
from web.settings.auth import GUEST, Auth, Cors, Token
from web.settings.environment import TOKENS, default_database, default_server, find_tokens, state_folder
from web.settings.hosts import Host, HostsByName
from web.settings.live import Address, Live
from web.settings.reading import Allowed, Locations, Reading, Removals
from web.settings.rules import Place, Rule
from web.settings.secret import fill_in_database
from web.settings.sources import AnySource, Auto, SourceOrText

__all__ = [
    "EVERY",
    "GUEST",
    "HOST",
    "PORT",
    "TOKENS",
    "Alerts",
    "Allowed",
    "AllowedKind",
    "AnySource",
    "Auth",
    "Auto",
    "Cors",
    "Fault",
    "Host",
    "Live",
    "Locations",
    "Place",
    "Reading",
    "Receiver",
    "Removals",
    "Rule",
    "Section",
    "Settings",
    "Token",
    "check_settings",
    "default_database",
    "default_server",
    "find_tokens",
    "parse_duration",
    "read_settings",
    "settings_schema",
    "state_folder",
]

HOST = "127.0.0.1"
PORT = 7007
EVERY = "10m"
Fault = tuple[tuple[str | int, ...], CatalogError]
"""Where in a configuration file something is wrong, and what."""
SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def _check_port(value: Any) -> Any:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
        raise ValueError("must be a port number", "A whole number from 1 to 65535.")
    return value


class Settings(Section):
    """What a `callboard.yaml` may say. An option of `callboard serve` wins over its key here."""

    sources: tuple[SourceOrText, ...] = Field(
        default=(),
        description="Where entities come from: folders, files, organisations, repositories, buckets, directories. "
        "A text is a path or a URL.",
    )
    every: Duration = Field(
        default=parse_duration(EVERY),
        description="How often a source that is not watched is read, such as `10m`, where it does not say.",
    )
    patterns: tuple[str, ...] = Field(default=(), description="Files to read in a folder, as globs.")
    host: str = Field(default=HOST, description="Address to listen on.")
    port: Annotated[int, BeforeValidator(_check_port)] = Field(
        default=PORT, description="Port to listen on.", ge=1, le=65535
    )
    database: Annotated[str, BeforeValidator(fill_in_database)] = Field(
        default="",
        description="SQLAlchemy URL; a SQLite file in your state folder if empty. `${NAME}` is an environment variable.",
        repr=False,
    )
    auth: Auth = Field(default=Auth(), description="Who may do what.")
    cors: Cors = Field(default=Cors(), description="Which web pages of other origins may use the API in a browser.")
    reading: Reading = Field(
        default=Reading(), description="What may be read over the network, besides the known hosts."
    )
    hosts: HostsByName = Field(
        default={}, description="The code hosts by name: their type alone, or keys and values, with their secrets."
    )
    locations: Locations = Field(
        default=Locations(), description="What `POST /locations` does, and how often those registered are read."
    )
    live: Live = Field(
        default=Live(), description="The tools that are asked what is true right now: pagers, monitors, dashboards."
    )
    alerts: Alerts = Field(default=Alerts(), description="Where alerts that come in are sent on to.")
    public_url: Address | None = Field(
        default=None,
        description="Where people find Callboard, for addresses in alerts; without it, as whoever asks calls it.",
    )
    removals: Removals = Field(default=Removals(), description="How much may go in one crawl without being confirmed.")
    rules: tuple[Rule, ...] | None = Field(
        default=None, description="Kinds allowed by where they come from; all kinds from everywhere if not given."
    )
    orphans: Literal["delete", "keep"] = Field(
        default="delete", description="An entity that nothing points to any more: taken away, or kept and marked."
    )
    broken_files: Literal["apart", "whole"] = Field(
        default="apart",
        description="A broken document hides only itself (`apart`), or its whole file is not read again (`whole`, "
        "as in Backstage).",
    )
    relation_targets: bool = Field(
        default=False,
        description="Whether each relation also has a `target` with kind, namespace and name, as Backstage's API had it "
        "before 4.0, for clients that read nothing else.",
    )


def read_settings(path: Path) -> Settings:
    """The settings in a file. Raises `CatalogError` for the first mistake, saying how many more there are."""
    found = check_settings(path)
    if isinstance(found, Settings):
        return found
    more = f"; {len(found) - 1} more, which `callboard config check {path}` shows" if len(found) > 1 else ""
    raise CatalogError("invalid", f"{found[0]}{more}", found[0].hint)


def check_settings(
    path: Path, find_faults: Callable[[Settings], Iterable[Fault]] = lambda settings: ()
) -> Settings | list[Mistake]:
    """The settings in a file, or all that is wrong with it. Raises `CatalogError` where it cannot be read.

    `find_faults` may find more, in settings that are well-formed.
    """
    try:
        document = Document(Location("file", str(path)), path.read_bytes())
    except OSError as error:
        raise CatalogError("unavailable", f"`{path}` could not be read: {error.strerror}") from error
    drafts, problems = read_yaml(document)
    if mistakes := [_as_mistake(problem) for problem in problems]:
        return mistakes
    if len(drafts) > 1:
        return [Mistake(str(path), drafts[1].line, 1, "a second document", "Keep one document in this file.")]
    draft = drafts[0] if drafts else Draft(document.location, 0, {}, "", 1)
    try:
        found = Settings.model_validate(draft.data, context={"folder": path.parent})
    except ValidationError as error:
        return find_mistakes(error, draft, settings_schema())
    faults = [Mistake(str(path), *locate(draft, at), one.message, one.hint) for at, one in find_faults(found)]
    return faults or found


def _as_mistake(problem: Problem) -> Mistake:
    at = problem.origin
    if problem.rule == "not-a-mapping":
        return Mistake(at.file, at.line, at.column, "expected keys and values", _KEYS_HINT)
    return Mistake(at.file, at.line, at.column, problem.message, problem.hint)


def settings_schema() -> dict[str, Any]:
    """The JSON schema of a configuration file."""
    return {"$schema": SCHEMA} | Settings.model_json_schema()


_KEYS_HINT = f"Known keys are {', '.join(f'`{name}`' for name in Settings.model_fields)}."
