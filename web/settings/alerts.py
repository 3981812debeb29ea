"""Where alerts are sent on to once the catalog's knowledge is in them: each receiver by its name."""

import re
from typing import Annotated, Any

from ada_url import URL
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StrictBool, ValidationInfo

from ingestors.settings.durations import Duration, parse_duration
from ingestors.settings.secret import VARIABLE, Secret, SecretFile, read_secret
from ingestors.settings.section import Section
from ingestors.settings.texts import FilePath
from web.settings.live import Address, HeaderSecret, check_address

TIMEOUT = "10s"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_FIELD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FIXED = frozenset({"content-type", "content-length", "transfer-encoding", "connection", "host"})
_SECRET = re.compile(r"auth|token|secret|key|cookie|password|signature", re.IGNORECASE)


def _read(value: Any, info: ValidationInfo) -> Any:
    """A secret reference, or a text as it stands, as a secret: nothing tells later which of the two it was."""
    is_plain = isinstance(value, str) and not VARIABLE.fullmatch(value)
    return SecretStr(value) if is_plain else read_secret(value, info)


def _read_url(value: Any, info: ValidationInfo) -> Any:
    found = _read(value, info)
    if isinstance(value, str) and not VARIABLE.fullmatch(value):
        check_address(value)
    elif isinstance(found, SecretStr) and not _is_address(found.get_secret_value()):
        raise ValueError("must be a URL", "The variable or file must hold the whole address.")
    return found


def _is_address(text: str) -> bool:
    try:
        return URL(text).protocol in ("http:", "https:")
    except ValueError:
        return False


def _check_text(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable():
        raise ValueError("must have visible ASCII characters and spaces only")
    return value


def _check_field(name: str) -> str:
    if not _FIELD.fullmatch(name) or name.lower() in _FIXED:
        raise ValueError(
            "must be a header that may be set", f"Any but {', '.join(f'`{one}`' for one in sorted(_FIXED))}."
        )
    return name


def _check_written(value: Any) -> Any:
    """A header whose name says that it is a secret is not written out, as no secret is."""
    for name, text in value.items() if isinstance(value, dict) else ():
        if _SECRET.search(str(name)) and isinstance(text, str) and not VARIABLE.fullmatch(text):
            raise ValueError(
                "has a secret written out in the file", "Write `${NAME}` or `{file: PATH}`, or set `token`."
            )
    return value


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("must be a name of letters, digits, `.`, `_` and `-`")
    return name


SecretAddress = Annotated[SecretStr, BeforeValidator(_read_url, json_schema_input_type=Address | SecretFile)]
HeaderText = Annotated[
    SecretStr, BeforeValidator(_read, json_schema_input_type=str | SecretFile), AfterValidator(_check_text)
]


Headers = Annotated[dict[Annotated[str, AfterValidator(_check_field)], HeaderText], BeforeValidator(_check_written)]


class Receiver(Section):
    """What takes Alertmanager's webhooks: version 4 in JSON, by POST."""

    url: SecretAddress = Field(
        description="Where to send; `${NAME}` or `{file: PATH}` where a secret is in it. It is never shown."
    )
    token: HeaderSecret | None = Field(default=None, description="Token to send with (`Authorization: Bearer`).")
    username: str = Field(default="", description="User to send as, with `password`.")
    password: Secret | None = Field(default=None, description="That user's password.")
    headers: Headers = Field(default={}, description="Headers to send besides; a value may be a secret, too.")
    private: StrictBool = Field(default=True, description="Whether its name may be at a private address.")
    verify: StrictBool = Field(default=True, description="Whether its certificate is checked.")
    ca_file: FilePath = Field(default="", description="Certificates to check it by, if not the system's.")


class Alerts(Section):
    """What becomes of alerts that come in at `POST /api/alerts`."""

    receivers: dict[Annotated[str, AfterValidator(_check_name)], Receiver] = Field(
        default={}, description="Where `?forward=NAME` sends them on to, enriched."
    )
    timeout: Duration = Field(
        default=parse_duration(TIMEOUT), description="How long a receiver is waited for, all tries together."
    )
