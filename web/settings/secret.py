"""Secrets of our own: tokens that must be good ones, and the password in the database's URL."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, SecretStr

from ingestors.settings.secret import VARIABLE, Secret, fill_in

MIN_TOKEN = 8
_PASSWORD = re.compile(r"^[^/]*//[^/@]*?:([^@]+)@|[?&]password=([^&]+)")


def fill_in_database(value: Any) -> Any:
    """A database URL with its variables' values in place of their names; its password must be one of them."""
    if isinstance(value, str) and any(
        not VARIABLE.fullmatch(password) for found in _PASSWORD.findall(value) if (password := "".join(found))
    ):
        raise ValueError("has its password written out", "Write `postgresql://user:${NAME}@host/database`.")
    return fill_in(value)


def _check_token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) < MIN_TOKEN:
        raise ValueError(f"must have at least {MIN_TOKEN} characters", "`openssl rand -hex 24` makes a good one.")
    if re.search(r"\s", text):
        raise ValueError("must not contain white space")
    return value


AccessToken = Annotated[Secret, AfterValidator(_check_token)]
"""A token of ours, which must be a good one."""
