"""What the schema says of pending records."""

from __future__ import annotations

from functools import cache

from sync.api.components import Schema, ref, shared_components
from sync.api.operations import answer, problems
from sync.registry import resources
from sync.services.pending import LONGEST_REASON
from sync.waiting import STATES

TEXT: Schema = {"type": "string"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
OWN_ID: Schema = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
    "description": "As the list gives it.",
}
PAIR: Schema = {
    "type": "object",
    "required": ["resource", "source", "external_id"],
    "properties": dict.fromkeys(("resource", "source", "external_id"), TEXT),
}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


KEPT: Schema = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "state": {
            "type": "string",
            "enum": list(STATES),
            "description": "`waiting` for another record, `ambiguous` until a person says which object it is, "
            "`refused` until its source corrects it, or `discarded`.",
        },
        "resource": TEXT,
        "source": TEXT,
        "external_id": TEXT,
        "code": {"type": "string", "description": "Why, for programs; such as `reference_missing`."},
        "field": TEXT,
        "detail": {"type": "string", "description": "Why, for people."},
        "waits_for": _or_null(PAIR),
        "candidates": {
            "type": "array",
            "items": TEXT,
            "description": "Our ids of what an ambiguous record may be.",
        },
        "payload": {"type": "object", "additionalProperties": True, "description": "What its source sent."},
        "redacted": {
            "type": "array",
            "items": TEXT,
            "description": "Fields of the payload that may not be read.",
        },
        "source_updated_at": {"type": ["string", "null"], "format": "date-time"},
        "received_at": MOMENT,
        "batch": {"type": "integer"},
        "discarded": _or_null(
            {
                "type": "object",
                "required": ["at", "by", "reason"],
                "properties": {"at": MOMENT, "by": TEXT, "reason": TEXT},
            }
        ),
    },
}
KEPT["required"] = list(KEPT["properties"])

COMPONENTS: dict[str, Schema] = {
    **shared_components(),
    "PendingRecord": KEPT,
    "PendingPage": {
        "type": "object",
        "required": ["results", "next", "next_cursor"],
        "properties": {
            "results": {"type": "array", "items": ref("PendingRecord")},
            "next": {"type": ["string", "null"], "format": "uri"},
            "next_cursor": TEXT,
        },
    },
    "Discard": {
        "type": "object",
        "required": ["reason"],
        "additionalProperties": False,
        "properties": {
            "reason": {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON, "pattern": r"\S"}
        },
    },
}

SCOPES = "Needs the scope of the record's resource, such as `accounts:{action}`."


@cache
def operations() -> dict[str, Schema]:
    """Return what is said of each operation; the resources are known only when all apps have declared theirs."""
    return {
        "list_pending": {
            "tags": ["pending"],
            "summary": "List records that wait, and those that were discarded",
            "description": "In the order of their ids, of the resources that scopes and access policy let the "
            "caller read.",
            "parameters": [
                {
                    "in": "query",
                    "name": "resource",
                    "schema": {"type": "string", "enum": [resource.key for resource in resources]},
                },
                {"in": "query", "name": "source", "schema": TEXT, "description": "Slug of a source."},
                {
                    "in": "query",
                    "name": "code",
                    "schema": TEXT,
                    "description": "Such as `reference_missing`.",
                },
                {"in": "query", "name": "state", "schema": {"type": "string", "enum": list(STATES)}},
                {"in": "query", "name": "cursor", "schema": {"type": "string", "pattern": "^[0-9]{0,18}$"}},
                {
                    "in": "query",
                    "name": "page_size",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
                },
            ],
            "responses": {"200": answer("A page.", ref("PendingPage")), **problems(400)},
        },
        "get_pending": {
            "tags": ["pending"],
            "summary": "Read one record that waits or was discarded",
            "description": SCOPES.format(action="read"),
            "parameters": [OWN_ID],
            "responses": {"200": answer("The record.", ref("PendingRecord")), **problems(400, 404)},
        },
        "retry_pending": {
            "tags": ["pending"],
            "summary": "Try one record again",
            "description": "Of the token's own source. What still can't be applied waits on; a discarded record is "
            f"taken up again. {SCOPES.format(action='write')}",
            "parameters": [OWN_ID],
            "responses": {
                "200": answer("What became of it.", ref("WriteAnswer")),
                **problems(400, 404, 409),
            },
        },
        "discard_pending": {
            "tags": ["pending"],
            "summary": "Give one record up, with a reason",
            "description": "Of the token's own source. It stays listed as `discarded` with who, when and why; "
            f"repeating changes nothing. {SCOPES.format(action='write')}",
            "parameters": [OWN_ID],
            "requestBody": {"required": True, "content": {"application/json": {"schema": ref("Discard")}}},
            "responses": {
                "200": answer("The record as it is kept.", ref("PendingRecord")),
                **problems(400, 404, 413, 415, 422),
            },
        },
    }
