"""What the pages for the night answer as JSON, in JSON Schema; beside `schemas`, of whose words it is made."""

from catalog.documents import Json
from web.api.schemas import COUNT, NUMBER, TEXT, TEXT_MAP, TRUTH, list_of, object_of, or_null

_SURETY: Json = {"type": "string", "enum": ["certain", "likely", "possible"]}
_REASON = object_of(dict.fromkeys(("matched", "value", "where", "seenAs"), TEXT) | {"surety": _SURETY})
_CANDIDATE = object_of(
    {
        **dict.fromkeys(("entityRef", "title", "kind", "type"), TEXT),
        "owner": or_null(TEXT),
        "surety": _SURETY,
        "score": COUNT,
        "reasons": list_of(_REASON),
    }
)
_FINDINGS: dict[str, Json] = {"decided": or_null(TEXT), "totalItems": COUNT, "candidates": list_of(_CANDIDATE)}
_ALERT = object_of(
    {
        **dict.fromkeys(("title", "status", "url", "fingerprint", "startsAt"), TEXT),
        **dict.fromkeys(("labels", "annotations"), TEXT_MAP),
        **_FINDINGS,
    }
)
_ITEM: dict[str, Json] = dict.fromkeys(("entityRef", "title", "kind", "type"), TEXT) | {"exists": TRUTH}
_WAY = object_of(dict.fromkeys(("kind", "label", "href"), TEXT))
_OWNER: dict[str, Json] = {**_ITEM, "contacts": list_of(_WAY)}
_LINK = object_of({"title": TEXT, "href": TEXT})
_TEAM = object_of({"entityRef": or_null(TEXT), "entities": COUNT, "nearest": COUNT, "contacts": list_of(_WAY)})
_COUNTS: Json = {"type": "object", "additionalProperties": COUNT}
_IMPACT = object_of({"entities": COUNT, "teamsTotal": COUNT, "bySteps": _COUNTS, "teams": list_of(_TEAM)})
_FIRING = object_of(
    {
        **dict.fromkeys(("name", "state", "summary", "runbook", "source"), TEXT),
        "labels": TEXT_MAP,
        "since": or_null(TEXT),
    }
)
_PERSON = object_of(
    {"level": NUMBER, **dict.fromkeys(("name", "email", "href", "policy"), TEXT), "until": or_null(TEXT)}
)
_PAGE = object_of(
    {
        **dict.fromkeys(("id", "title", "status", "href", "service"), TEXT),
        "since": or_null(TEXT),
        "assigned": list_of(TEXT),
    }
)
_PANEL = object_of(
    {
        **dict.fromkeys(("name", "tool", "state", "reason"), TEXT),
        **dict.fromkeys(("askedAt", "since"), or_null(TEXT)),
        "onCall": list_of(_PERSON),
        "services": list_of(object_of(dict.fromkeys(("id", "name", "href", "status", "policy", "policyHref"), TEXT))),
        "incidents": list_of(_PAGE),
        "changes": list_of(object_of({"summary": TEXT, "at": or_null(TEXT), "href": TEXT})),
        "alerts": list_of(_FIRING),
        "dashboards": list_of(_LINK),
        "readings": list_of(object_of({"query": TEXT, "rows": list_of(list_of(TEXT))})),
        **dict.fromkeys(("unknown", "notes"), list_of(TEXT)),
    }
)
_SUSPECT = object_of({**_ITEM, "reason": TEXT, "covers": COUNT, "fails": TRUTH, "firing": COUNT})
_DECLARED = object_of({"names": list_of(TEXT), "all": TRUTH, "labels": TEXT_MAP, "grafana": TEXT_MAP})
_CALL = object_of(
    {
        **_OWNER,
        "for": list_of(TEXT),
        "isCause": TRUTH,
        "onCall": list_of(_PERSON),
        "fallback": list_of(object_of(_OWNER)),
    }
)
ONCALL_SCHEMAS: dict[str, Json] = {
    "Lookup": object_of({"query": TEXT, **_FINDINGS, "near": list_of(TEXT), "note": TEXT}),
    "AlertLookups": object_of({"alerts": list_of(_ALERT), "entityRefs": list_of(TEXT), "undecided": COUNT}),
    "AlertPayload": {"description": "As it was sent, with `callboard_...` annotations in each alert."},
    "Forwarded": object_of(
        {"status": TEXT, "receiver": TEXT, "answer": COUNT, "tries": COUNT, "alerts": COUNT, "decided": COUNT}
    ),
    "OnCallCard": object_of(
        {
            **_ITEM,
            **dict.fromkeys(
                ("tier", "lifecycle", "description", "recentSince", "source", "failure", "needsAre", "href"), TEXT
            ),
            **dict.fromkeys(("partOf", "readAt"), or_null(TEXT)),
            **dict.fromkeys(("owners", "fallback"), list_of(object_of(_OWNER))),
            "pagers": list_of(object_of(dict.fromkeys(("tool", "what", "value", "href"), TEXT))),
            "links": {"type": "object", "additionalProperties": list_of(_LINK)},
            "alertsDeclared": _DECLARED,
            "firing": list_of(_FIRING),
            "live": list_of(_PANEL),
            "needs": list_of(object_of({**_ITEM, "relation": TEXT, "owner": or_null(TEXT), "firing": COUNT})),
            **dict.fromkeys(("needsTotal", "recentTotal"), COUNT),
            "impact": _IMPACT,
            "recent": list_of(object_of({**_ITEM, "how": TEXT, "at": TEXT, "revision": COUNT, "steps": COUNT})),
        }
    ),
    "Readiness": object_of(
        {
            **dict.fromkeys(("total", "ready"), COUNT),
            "missing": _COUNTS,
            "teams": list_of(
                object_of(
                    {
                        "entityRef": or_null(TEXT),
                        **dict.fromkeys(("total", "ready"), COUNT),
                        "gaps": list_of(object_of({"entityRef": TEXT, "missing": list_of(TEXT)})),
                    }
                )
            ),
        }
    ),
    "Incident": object_of(
        {
            "failing": list_of(object_of({**_ITEM, "firing": COUNT})),
            "unknown": list_of(object_of({"entityRef": TEXT, "near": list_of(TEXT)})),
            **dict.fromkeys(("cause", "rival"), or_null(TEXT)),
            "leftOut": COUNT,
            "doubt": TEXT,
            "suspects": list_of(_SUSPECT),
            "apart": or_null(_SUSPECT),
            "others": list_of(TEXT),
            "calls": list_of(_CALL),
            "unowned": list_of(TEXT),
            "impact": or_null(_IMPACT),
            **dict.fromkeys(("message", "href"), TEXT),
            "alerts": list_of(
                object_of(
                    {
                        "title": TEXT,
                        **dict.fromkeys(("entityRef", "since"), or_null(TEXT)),
                        "candidates": list_of(TEXT),
                        "count": COUNT,
                    }
                )
            ),
            "isWhole": TRUTH,
        }
    ),
}
"""By name, as operations refer to them."""
