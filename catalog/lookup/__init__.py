"""From whatever woke somebody to the entities it may be about: every candidate, with the reasons and how sure each is."""

from catalog.lookup.clues import SURETIES, Clue, KeyKind, Surety
from catalog.lookup.index import find_index
from catalog.lookup.matching import Candidate, Findings, look_up, look_up_alert, look_up_alerts
from catalog.lookup.payloads import Alert, locate_alerts, read_alerts, read_payload
from catalog.lookup.prose import MAX_TEXT, read_text, spell_names
from catalog.lookup.reasons import Reason

__all__ = [
    "MAX_TEXT",
    "SURETIES",
    "Alert",
    "Candidate",
    "Clue",
    "Findings",
    "KeyKind",
    "Reason",
    "Surety",
    "find_index",
    "locate_alerts",
    "look_up",
    "look_up_alert",
    "look_up_alerts",
    "read_alerts",
    "read_payload",
    "read_text",
    "spell_names",
]
