"""The tools that are asked what is true right now: where each instance is, and the secret it is asked with."""

from typing import Annotated

from ada_url import URL
from pydantic import AfterValidator, Field, SecretStr, StrictBool

from ingestors.settings.durations import Duration, parse_duration
from ingestors.settings.secret import Secret
from ingestors.settings.section import Section
from ingestors.settings.texts import FilePath

TIMEOUT = "800ms"
PAUSE = "30s"


def check_address(value: str) -> str:
    """An address to which paths can be added, and in which no secret stands."""
    try:
        url = URL(value)
    except ValueError:
        url = None
    if url is None or url.protocol not in ("http:", "https:"):
        raise ValueError("must be a URL", "Such as `https://tool.example.com`.")
    if url.username or url.password:
        raise ValueError("has a user or a password in it", "Write `username` and `password` beside it.")
    if url.search or url.hash:
        raise ValueError("must end with its path", "Leave out what begins with `?` or `#`.")
    return value


def check_header(value: SecretStr) -> SecretStr:
    """A secret that a header can carry; others would be shown by what fails to send them."""
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must have visible ASCII characters only")
    return value


Address = Annotated[str, AfterValidator(check_address)]
HeaderSecret = Annotated[Secret, AfterValidator(check_header)]


class Instance(Section):
    """One instance of a tool. A secret is `${NAME}` of an environment variable, or `{file: PATH}`."""

    web_url: Address | None = Field(default=None, description="Where people find it, if not at `url`.")
    private: StrictBool = Field(default=True, description="Whether its name may be at a private address.")
    verify: StrictBool = Field(default=True, description="Whether its certificate is checked.")
    ca_file: FilePath = Field(default="", description="Certificates to check it by, if not the system's.")


class PagerDuty(Instance):
    """A PagerDuty account."""

    url: Address = Field(
        default="https://api.pagerduty.com",
        description="Its REST API; `https://api.eu.pagerduty.com` in the EU service region.",
    )
    web_url: Address | None = Field(
        default=None, description="Where people find it, such as `https://acme.pagerduty.com`."
    )
    token: HeaderSecret = Field(description="REST API key; one that may only read is enough.")
    private: StrictBool = Field(default=False, description="Whether its name may be at a private address.")


class Opsgenie(Instance):
    """An Opsgenie account."""

    url: Address = Field(
        default="https://api.opsgenie.com", description="Its API; `https://api.eu.opsgenie.com` in the EU."
    )
    web_url: Address | None = Field(
        default=None, description="Where people find it, such as `https://acme.app.opsgenie.com`."
    )
    token: HeaderSecret = Field(description="API key; one that may only read is enough.")
    private: StrictBool = Field(default=False, description="Whether its name may be at a private address.")


class Monitor(Instance):
    """A Prometheus, an Alertmanager or a Grafana; or what answers as one of them."""

    url: Address = Field(description="Where its API starts: before `/api/`.")
    token: HeaderSecret | None = Field(default=None, description="Token to ask it with.")
    username: str = Field(default="", description="User to ask it as, with `password`.")
    password: Secret | None = Field(default=None, description="That user's password.")


class Live(Section):
    """The tools that are asked what is true right now, each instance by its name. None need be there."""

    pagerduty: dict[str, PagerDuty] = Field(
        default={},
        description="PagerDuty accounts; an entity names its own by `pagerduty.com/account`, else the first is.",
    )
    prometheus: dict[str, Monitor] = Field(
        default={}, description="Prometheus servers; `prometheus.io/service-name` names one, else all are asked."
    )
    alertmanager: dict[str, Monitor] = Field(default={}, description="Alertmanagers; all are asked.")
    grafana: dict[str, Monitor] = Field(
        default={}, description="Grafana servers; an entity names its own by `grafana/host-id`, else the first is."
    )
    opsgenie: dict[str, Opsgenie] = Field(default={}, description="Opsgenie accounts; all are asked.")
    timeout: Duration = Field(
        default=parse_duration(TIMEOUT), description="How long one of them is waited for, such as `800ms`."
    )
    pause: Duration = Field(
        default=parse_duration(PAUSE), description="How long one that is down is left alone, such as `30s`."
    )
