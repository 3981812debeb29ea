"""Who may do what, and which web pages of other origins may use the API."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool

from catalog.refs import RefError, parse_ref
from ingestors.settings.section import Section
from web.settings.secret import AccessToken

GUEST = "user:development/guest"


def _check_subject(value: str) -> str:
    if not value or re.search(r"\s", value):
        raise ValueError("must be a word without white space")
    return value


def _check_guest(value: str) -> str:
    try:
        ref = str(parse_ref(value, "user"))
    except RefError:
        ref = ""
    if not re.fullmatch(r"user:\S+/\S+", ref):
        raise ValueError("must be the ref of a user", "Such as `user:default/guest`.")
    return ref


def _check_origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or f"{parts.scheme}://{parts.netloc}" != value:
        raise ValueError("must be an origin", "Scheme, host and port alone, such as `https://portal.example.com`.")
    return value


class Token(Section):
    """One token that a program or a person may use."""

    token: AccessToken = Field(
        description="`${NAME}` of an environment variable, or `{file: PATH}`; never the token itself."
    )
    subject: Annotated[str, AfterValidator(_check_subject)] = Field(description="Who uses it, as logs name them.")


class Auth(Section):
    """Who may do what."""

    tokens: tuple[Token, ...] = Field(
        default=(), description="Tokens that may read and write (`Authorization: Bearer`)."
    )
    reads: Literal["auto", "open", "token"] = Field(
        default="auto",
        description="Who may read: anyone (`open`), only tokens (`token`), or anyone on this machine (`auto`).",
    )
    guest: Annotated[str, AfterValidator(_check_guest)] = Field(
        default=GUEST, description="Ref of the user that a Backstage web app signs in as, there being no accounts here."
    )


class Cors(Section):
    """Which web pages of other origins may use the API in a browser."""

    origins: tuple[Annotated[str, AfterValidator(_check_origin)], ...] = Field(
        default=(), description="Origins; `*` stands for any characters but `/`. None: no CORS headers."
    )
    credentials: StrictBool = Field(default=True, description="Whether such pages may send cookies and the like.")
