"""The code hosts: what runs there, where, and the secrets that are sent to them and nowhere else."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from catalog.scm import DEFAULT_HOSTS, HostType
from ingestors.settings.secret import Filled, Secret, fill_in
from ingestors.settings.section import Section
from web.settings.live import check_address

_NAME = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
_KNOWN: dict[str, str] = {host.name: host.type for host in DEFAULT_HOSTS}


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "must be the name of a host", "As in its URLs, with the port if they have one: no scheme, no path."
        )
    return name


Base = Annotated[str, AfterValidator(lambda value: value and check_address(value))]


class App(Section):
    """A GitHub App, in place of a token."""

    id: Annotated[str | int, BeforeValidator(fill_in)] = Field(description="The app's ID, which may be `${NAME}`.")
    private_key: Secret = Field(description="Its private key (PEM), as `${NAME}` or `{file: PATH}`.")


class Client(Section):
    """An OAuth client, in place of a token."""

    id: Filled = Field(description="The client's ID, or key, which may be `${NAME}`.", min_length=1)
    secret: Secret = Field(description="Its secret, as `${NAME}` or `{file: PATH}`.")


class Host(Section):
    """A code host. A secret is `${NAME}` of an environment variable, or `{file: PATH}`."""

    type: HostType = Field(description="What runs there; told for github.com and the other well-known ones.")
    base: Base = Field(default="", description="Where its pages start, if not at `https://HOST`.")
    api: Base = Field(default="", description="Where its API starts, if not where such a host has it.")
    raw: Base = Field(default="", description="Where GitHub gives files as they are.")
    gitiles: Base = Field(default="", description="Where the file browser of a Gerrit starts.")
    token: Secret | None = Field(default=None, description="Token to ask it with.")
    username: Filled = Field(default="", description="User to ask it as, with `password`; may be `${NAME}`.")
    password: Secret | None = Field(default=None, description="That user's password or app password.")
    client: Client | None = Field(default=None, description="OAuth client to ask it as; Bitbucket Cloud has such.")
    app: App | None = Field(default=None, description="GitHub App to ask it as.")
    webhook_secret: Secret | None = Field(default=None, description="Secret that its webhooks are signed with.")


def _spell_out(value: Any) -> Any:
    """Each host with keys and values, also where only its type is given, and the well-known ones with their types."""
    if not isinstance(value, dict):
        return value
    spelt = {name: {"type": one} if isinstance(one, str) else one for name, one in value.items()}
    return {
        name: {"type": _KNOWN[name], **one} if isinstance(one, dict) and name in _KNOWN else one
        for name, one in spelt.items()
    }


HostsByName = Annotated[
    dict[Annotated[str, AfterValidator(_check_name)], Host],
    BeforeValidator(_spell_out, json_schema_input_type=dict[str, Host | HostType]),
]
