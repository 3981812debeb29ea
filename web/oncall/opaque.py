"""Addresses that name an alert or an incident by a number only: whose they are, and what of it says what it is about."""

import re
from typing import Final

_ADDRESS: Final = re.compile(r"https?://([^\s/]+)\S*")
_SAYS: Final[tuple[tuple[str, str, str], ...]] = (
    (r"opsgenie\.com|atlassian\.net", "Opsgenie", "the alert's message, one of its tags, or its team"),
    (r"datadoghq\.(com|eu)|ddog-gov\.com", "Datadog", "the monitor's title, or a tag of it such as `service:orders`"),
    (r"rootly\.com", "Rootly", "the incident's title, or the service that it names"),
    (r"sentry\.io|^sentry\.", "Sentry", "the issue's short id such as `ORDERS-3F`, or its project"),
    (r"incident\.io", "incident.io", "the incident's title, or the service that it names"),
    (r"newrelic\.com", "New Relic", "the name of the condition, or of the entity that it watches"),
    (r"aws\.amazon\.com", "CloudWatch", "the alarm's name, or the ARN or the name of what it watches"),
    (r"victorops\.com|splunk", "Splunk On-Call", "the incident's title, or the team that it was routed to"),
    (r"firehydrant\.(io|com)", "FireHydrant", "the incident's title, or the service that it names"),
    (r"ilert\.com", "iLert", "the alert's summary, or its alert source"),
    (r"^grafana\.|\.grafana\.net", "Grafana", "the alert's name, or its labels"),
    (r"slack\.com|teams\.microsoft\.com", "a chat", "the message itself"),
)
"""By host: the tool's name, and what can be copied from its page."""
_OTHERS: Final = "its title, or the service that it names"


def explain_address(text: str) -> str:
    """What to look up instead of an address that leads to nothing; "" for a text that is no address."""
    if (match := _ADDRESS.fullmatch(text.strip())) is None:
        return ""
    host = match[1].casefold().rpartition("@")[2].partition(":")[0]
    tool, says = next(((tool, says) for pattern, tool, says in _SAYS if re.search(pattern, host)), ("", _OTHERS))
    whose = f", which is {tool}'s" if tool else ""
    return (
        f"No entity links to this address{whose}, nor to one above it. Where it names an alert or an incident by a number only, "
        f"look up {says}."
    )
