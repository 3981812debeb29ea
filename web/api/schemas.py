"""What the API answers with, as JSON Schema by name: data for the OpenAPI document. What it is asked with is in `bodies`."""

from collections.abc import Mapping

from catalog.documents import Json

TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
NUMBER: Json = {"type": "number", "minimum": 0}
TRUTH: Json = {"type": "boolean"}
ANY_OBJECT: Json = {"type": "object"}
TEXT_MAP: Json = {"type": "object", "additionalProperties": TEXT}


def schema_of(name: str) -> Json:
    """A reference to one of the schemas below."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Json) -> Json:
    """A list of such values."""
    return {"type": "array", "items": items}


def or_null(schema: Json) -> Json:
    """Such a value, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def object_of(required: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """An object with these properties."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required)}


_ENTITY = {
    "apiVersion": TEXT,
    "kind": TEXT,
    "metadata": schema_of("Metadata"),
}
_ENTITY_MORE = {
    "spec": ANY_OBJECT,
    "relations": list_of(schema_of("Relation")),
    "status": ANY_OBJECT,
}
_METADATA = {
    "namespace": TEXT,
    "title": TEXT,
    "description": TEXT,
    "uid": {"type": "string", "format": "uuid"},
    "etag": TEXT,
    "labels": TEXT_MAP,
    "annotations": TEXT_MAP,
    "tags": list_of(TEXT),
    "links": list_of(object_of({"url": TEXT}, {"title": TEXT, "icon": TEXT, "type": TEXT})),
}
_CAUSE = object_of({"name": TEXT, "message": TEXT}, {"cause": ANY_OBJECT, "hint": TEXT})
_RESULT = object_of(
    {"type": TEXT, "document": schema_of("SearchDocument")},
    {"rank": COUNT, "highlight": object_of({"preTag": TEXT, "postTag": TEXT, "fields": TEXT_MAP})},
)
_EDGE = object_of({"source": TEXT, "type": TEXT, "target": TEXT})
_TEAM = {
    **dict.fromkeys(("ref", "title", "page", "type", "topology"), TEXT),
    "members": COUNT,
    "owned": object_of({"directly": COUNT, "total": COUNT}),
}
_IDENTITY = object_of({"type": TEXT, "userEntityRef": TEXT, "ownershipEntityRefs": list_of(TEXT)})
_VERDICT = {"type": "string", "enum": ["ALLOW", "DENY"]}
_PERMISSION = object_of({"type": TEXT, "name": TEXT, "attributes": TEXT_MAP}, {"resourceType": TEXT})

_OUTCOME = {"type": "string", "enum": ["ok", "failed", "held"]}
_SOURCE = {
    "name": TEXT,
    "label": TEXT,
    "state": {"type": "string", "enum": ["running", "planning", "held", "failed", "never", "ok"]},
    "entities": COUNT,
    **{name: or_null(TEXT) for name in ("crawledAt", "startedAt", "nextAt")},
    "isWatched": TRUTH,
    "isCrawlable": TRUTH,
    "failure": TEXT,
    "progress": or_null(object_of({"files": COUNT, "entities": COUNT, "done": COUNT, "total": or_null(COUNT)})),
    "rateLimit": or_null(object_of({"limit": or_null(COUNT), "left": or_null(COUNT), "resetsAt": or_null(TEXT)})),
    "problems": object_of({"errors": COUNT, "warnings": COUNT, "files": COUNT}),
    "lastRun": or_null(schema_of("Run")),
}
_PROBLEM = {
    "rule": TEXT,
    "meaning": TEXT,
    "severity": {"type": "string", "enum": ["error", "warning"]},
    "message": TEXT,
    "hint": TEXT,
    "file": TEXT,
    "line": or_null(COUNT),
    "column": or_null(COUNT),
    "document": COUNT,
    "entityRef": or_null(TEXT),
}
_VERDICT_ON_DOCUMENT = {
    "index": COUNT,
    "line": COUNT,
    "entityRef": or_null(TEXT),
    "accepted": TRUTH,
    "heldBy": {**or_null(TEXT), "description": "The file that has this ref in the catalog."},
    "entity": or_null(ANY_OBJECT),
    "relations": list_of(object_of({"type": TEXT, "targetRef": TEXT, "exists": TRUTH})),
    "problems": list_of(schema_of("Problem")),
}

_REPORT = {
    "source": TEXT,
    "outcome": _OUTCOME,
    "message": TEXT,
    "revision": COUNT,
    "seconds": NUMBER,
    **dict.fromkeys(("added", "changed", "removed"), list_of(TEXT)),
    "unchanged": COUNT,
    "refused": COUNT,
}

SCHEMAS: dict[str, Json] = {
    "Entity": object_of(_ENTITY, _ENTITY_MORE),
    "SelectedEntity": {
        **object_of({}, {**_ENTITY, "metadata": ANY_OBJECT, **_ENTITY_MORE}),
        "description": "An entity, or the parts of it that `fields` selects.",
    },
    "Metadata": object_of({"name": TEXT}, _METADATA),
    "Relation": object_of({"type": TEXT, "targetRef": TEXT}),
    "Entities": list_of(schema_of("SelectedEntity")),
    "EntityPage": object_of(
        {
            "items": list_of(schema_of("SelectedEntity")),
            "totalItems": COUNT,
            "pageInfo": object_of({}, {"nextCursor": TEXT, "prevCursor": TEXT}),
        }
    ),
    "EntityBatch": object_of({"items": list_of({"anyOf": [schema_of("SelectedEntity"), {"type": "null"}]})}),
    "Ancestry": object_of(
        {
            "rootEntityRef": TEXT,
            "items": list_of(object_of({"entity": schema_of("Entity"), "parentEntityRefs": list_of(TEXT)})),
        }
    ),
    "Facets": object_of(
        {"facets": {"type": "object", "additionalProperties": list_of(object_of({"value": TEXT, "count": COUNT}))}}
    ),
    "Location": object_of({"id": TEXT, "type": TEXT, "target": TEXT, "entityRef": TEXT}),
    "Locations": list_of(object_of({"data": schema_of("Location")})),
    "LocationPage": object_of(
        {"items": list_of(schema_of("Location")), "totalItems": COUNT, "pageInfo": object_of({}, {"nextCursor": TEXT})}
    ),
    "Registration": object_of(
        {"location": schema_of("Location"), "entities": list_of(schema_of("Entity"))},
        {"exists": {**TRUTH, "description": "With `dryRun`: whether it is registered already."}},
    ),
    "Unprocessed": object_of(
        {"type": {"type": "string", "enum": ["pending", "failed"]}, "entities": list_of(ANY_OBJECT)}
    ),
    "Analysis": object_of(
        {
            "existingEntityFiles": list_of(ANY_OBJECT),
            "generateEntities": list_of(object_of({"entity": ANY_OBJECT, "fields": list_of(ANY_OBJECT)})),
        }
    ),
    "SearchDocument": object_of({"title": TEXT, "text": TEXT, "location": TEXT}),
    "SearchResults": object_of(
        {"results": list_of(_RESULT)}, {"numberOfResults": COUNT, "nextPageCursor": TEXT, "previousPageCursor": TEXT}
    ),
    "Hits": object_of(
        {
            "items": list_of(
                object_of(
                    {
                        **dict.fromkeys(("entityRef", "kind", "namespace", "name", "title", "description"), TEXT),
                        "found": list_of(object_of({"label": TEXT, "value": TEXT})),
                    }
                )
            ),
            "totalItems": COUNT,
            "isCapped": {**TRUTH, "description": "Whether full text search may know of more."},
            "facets": {"type": "object", "additionalProperties": list_of(object_of({"value": TEXT, "count": COUNT}))},
            "corrected": {"type": "object", "additionalProperties": list_of(TEXT)},
            **dict.fromkeys(("errors", "notes"), list_of(schema_of("Remark"))),
        }
    ),
    "Remark": object_of({"column": COUNT, "length": COUNT, **dict.fromkeys(("message", "hint", "instead"), TEXT)}),
    "Suggestions": object_of({"items": list_of(schema_of("Suggestion"))}),
    "Suggestion": object_of(
        {
            "type": {"type": "string", "enum": ["entity", "key", "value", "page"]},
            **dict.fromkeys(("text", "label", "note", "href"), TEXT),
        }
    ),
    "Mentions": object_of({"items": list_of(schema_of("Mention"))}),
    "Mention": object_of({**dict.fromkeys(("text", "label", "note", "href"), TEXT), "found": list_of(TEXT)}),
    "Neighbourhood": object_of(
        {
            "root": TEXT,
            "revision": COUNT,
            "total": COUNT,
            "nodes": list_of(object_of({"ref": TEXT, "distance": COUNT, "exists": TRUTH})),
            "edges": list_of(object_of({"source": TEXT, "type": TEXT, "target": TEXT})),
        }
    ),
    "Browse": object_of(
        {
            "revision": COUNT,
            "totalItems": COUNT,
            "offset": COUNT,
            "columns": list_of(TEXT),
            "items": list_of(schema_of("BrowseRow")),
            "pageInfo": object_of({"after": or_null(TEXT), "before": or_null(TEXT)}),
            "facets": {"type": "object", "additionalProperties": list_of(object_of({"value": TEXT, "count": COUNT}))},
            "remarks": list_of(schema_of("Remark")),
        }
    ),
    "BrowseRow": {
        **object_of({"ref": TEXT, "name": TEXT}),
        "description": "Besides, each column: a text, number or list.",
    },
    "BrowseExport": object_of({"revision": COUNT, "totalItems": COUNT, "items": list_of(schema_of("BrowseRow"))}),
    "Team": object_of(_TEAM, {"parents": list_of(TEXT)}),
    "Teams": object_of({"items": list_of(schema_of("Team")), "totalItems": COUNT}),
    "TeamRelations": object_of({"team": or_null(TEXT), "count": COUNT, "relations": list_of(_EDGE)}),
    "TeamProfile": object_of(
        {
            **dict.fromkeys(("ref", "title", "page", "description", "type", "topology", "file"), TEXT),
            "contacts": list_of(object_of({"kind": TEXT, "label": TEXT, "url": or_null(TEXT)})),
            "links": list_of(object_of({"label": TEXT, "href": TEXT, "type": TEXT})),
            "teams": list_of(schema_of("Team")),
            **dict.fromkeys(("above", "members", "missing"), list_of(TEXT)),
            **dict.fromkeys(("memberCount", "problems", "deprecated"), COUNT),
            "owned": list_of(object_of({"kind": TEXT, "directly": COUNT, "total": COUNT})),
            **dict.fromkeys(("dependsOn", "dependencyOf"), list_of(schema_of("TeamRelations"))),
            "editUrl": or_null(TEXT),
        }
    ),
    "Api": object_of(
        {
            **dict.fromkeys(("ref", "title", "type", "lifecycle"), TEXT),
            "owner": or_null(TEXT),
            **dict.fromkeys(("providers", "consumers", "marks"), list_of(TEXT)),
        }
    ),
    "Apis": object_of({"items": list_of(schema_of("Api")), "totalItems": COUNT}),
    "Gap": object_of(
        {
            **dict.fromkeys(("check", "entityRef", "page", "file"), TEXT),
            "weight": COUNT,
            "about": list_of(TEXT),
            **dict.fromkeys(("team", "editUrl"), or_null(TEXT)),
        }
    ),
    "Quality": object_of(
        {
            **dict.fromkeys(("revision", "score", "entities", "totalItems"), COUNT),
            "checks": list_of(
                object_of(
                    {
                        **dict.fromkeys(("id", "title", "scope", "why", "fix"), TEXT),
                        **dict.fromkeys(("weight", "failed", "asked"), COUNT),
                    }
                )
            ),
            "items": list_of(schema_of("Gap")),
            "teams": list_of(object_of({"team": TEXT, **dict.fromkeys(("score", "failures", "entities"), COUNT)})),
        }
    ),
    "QualityExport": object_of({"items": list_of(schema_of("Gap"))}),
    "Source": object_of(_SOURCE),
    "Sources": object_of({"items": list_of(schema_of("Source")), "totalItems": COUNT}),
    "SourceDetails": object_of(
        {
            **_SOURCE,
            "runs": list_of(schema_of("Run")),
            "files": list_of(object_of({"file": TEXT, "errors": COUNT, "warnings": COUNT})),
            "plan": or_null(schema_of("CrawlReport")),
        }
    ),
    "Run": object_of(
        {
            "startedAt": TEXT,
            "seconds": NUMBER,
            "outcome": _OUTCOME,
            "message": TEXT,
            **dict.fromkeys(("added", "changed", "removed", "unchanged", "refused"), COUNT),
            **dict.fromkeys(("requests", "cached", "retries"), COUNT),
            "faults": {"type": "object", "additionalProperties": COUNT},
        }
    ),
    "CrawlReport": object_of(_REPORT),
    "Problem": object_of(_PROBLEM, {"team": or_null(TEXT)}),
    "Problems": object_of({"items": list_of(schema_of("Problem")), "totalItems": COUNT}),
    "Checked": object_of({"file": TEXT, "valid": TRUTH, "documents": list_of(object_of(_VERDICT_ON_DOCUMENT))}),
    "Status": object_of({"status": TEXT}),
    "Pushed": object_of({**_REPORT, "dryRun": TRUTH, "problems": list_of(schema_of("Problem"))}),
    "Document": {**ANY_OBJECT, "description": "An OpenAPI document."},
    "SignIn": object_of(
        {"profile": ANY_OBJECT, "backstageIdentity": object_of({"token": TEXT, "identity": _IDENTITY})}
    ),
    "Decisions": object_of(
        {"items": list_of(object_of({"id": TEXT, "result": {"anyOf": [_VERDICT, list_of(_VERDICT)]}}))}
    ),
    "Permissions": object_of({"permissions": list_of(_PERMISSION), "rules": list_of(ANY_OBJECT)}),
    "Keys": object_of({"keys": list_of(ANY_OBJECT)}),
    "Error": object_of(
        {
            "error": _CAUSE,
            "request": object_of({"method": TEXT, "url": TEXT}),
            "response": object_of({"statusCode": {"type": "integer"}}),
        }
    ),
    "Rejection": {"anyOf": [object_of({"errors": list_of(_CAUSE)}), schema_of("Error")]},
}
