"""What the graph answers as JSON, in JSON Schema; beside `schemas`, of whose words it is made."""

from catalog.documents import Json
from web.api.schemas import COUNT, TEXT, TRUTH, list_of, object_of, or_null

_COUNTS: Json = {"type": "object", "additionalProperties": COUNT}
_REACHED = object_of({"ref": TEXT, "distance": COUNT})
_BOX: dict[str, Json] = {
    "id": TEXT,
    "form": {"type": "string", "enum": ["entity", "group", "fold"]},
    **dict.fromkeys(("ref", "opens"), or_null(TEXT)),
    **dict.fromkeys(("exists", "inCycle"), TRUTH),
    **dict.fromkeys(("members", "distance"), COUNT),
    "side": {"type": "string", "enum": ["root", "out", "in"]},
    "inside": _COUNTS,
}
_TOTALS: dict[str, Json] = {
    **dict.fromkeys(("entities", "relations", "implied", "hiddenRelations", "drawn"), COUNT),
    **dict.fromkeys(("kinds", "hidden"), _COUNTS),
}
_SHARE: dict[str, Json] = {
    **dict.fromkeys(("owner", "title"), or_null(TEXT)),
    "contacts": list_of(object_of(dict.fromkeys(("kind", "label", "address"), TEXT))),
    "entities": list_of(_REACHED),
}
GRAPH_SCHEMAS: dict[str, Json] = {
    "GraphChart": object_of(
        {
            "roots": list_of(TEXT),
            "target": or_null(TEXT),
            "revision": COUNT,
            "totals": object_of(_TOTALS),
            "isCut": TRUTH,
            "isReversed": TRUTH,
            "boxes": list_of(object_of(_BOX)),
            "links": list_of(object_of({"source": TEXT, "target": TEXT, "types": _COUNTS, "inCycle": TRUTH})),
            "cycles": list_of(list_of(TEXT)),
        }
    ),
    "Impact": object_of(
        {
            "root": TEXT,
            "direction": {"type": "string", "enum": ["in", "out"]},
            "revision": COUNT,
            "total": COUNT,
            "parts": COUNT,
            "steps": list_of(object_of({"distance": COUNT, "count": COUNT})),
        },
        {"entities": list_of(_REACHED), "owners": list_of(object_of(_SHARE))},
    ),
}
