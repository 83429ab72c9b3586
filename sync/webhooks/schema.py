"""What the API's schema says of webhooks: one entry for each event that an app declares."""

from __future__ import annotations

from typing import Any

from sync.events import EventKind
from sync.webhooks.listing import sorted_kinds
from sync.webhooks.payload import TEST

Schema = dict[str, Any]

HEADERS = {
    "webhook-id": "Of the event, the same at every repeat.",
    "webhook-timestamp": "Seconds since 1970-01-01 UTC at which it was signed.",
    "webhook-signature": "`v1,` and a signature in base64; two of them for a day after the secret was changed.",
}
IDENTITY: Schema = {
    "type": "object",
    "required": ["source", "external_id"],
    "properties": {"source": {"type": "string"}, "external_id": {"type": "string"}},
}
SIDE: Schema = {
    "type": ["object", "null"],
    "additionalProperties": True,
    "description": "By field: the value, the id of a reference as `{id}`.",
}


def describe_webhooks(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Add the webhooks to a schema (a hook of drf-spectacular)."""
    test = EventKind(key=TEST, label="Test", members="message, endpoint")
    return {**result, "webhooks": {kind.key: _webhook(kind) for kind in (*sorted_kinds(), test)}}


def _webhook(kind: EventKind) -> Schema:
    return {
        "post": {
            "operationId": f"webhook_{kind.key.replace('.', '_')}",
            "summary": kind.label,
            "description": f"`data` holds beside the account: {kind.members}. Signed as Standard Webhooks says; "
            "delivered at least once, in order per account.",
            "tags": ["webhooks"],
            "parameters": [
                {
                    "in": "header",
                    "name": name,
                    "required": True,
                    "description": text,
                    "schema": {"type": "string"},
                }
                for name, text in HEADERS.items()
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _envelope(kind)}},
            },
            "responses": {
                "2XX": {"description": "Taken. Anything else is tried again for three days."},
                "410": {"description": "The receiver wants no more: the endpoint is disabled."},
            },
        }
    }


def _envelope(kind: EventKind) -> Schema:
    return {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind.key},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": _data(kind),
        },
    }


def _data(kind: EventKind) -> Schema:
    if kind.key == TEST:
        return {"type": "object", "additionalProperties": True}
    members: Schema = {
        "account_id": {"type": ["string", "null"]},
        "external_ids": {"type": "array", "items": IDENTITY},
        "redacted": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What the endpoint's function may not read.",
        },
    }
    if kind.resource:
        members |= {
            "change": {"type": "string", "enum": list(kind.changes)},
            "source": {"type": ["string", "null"]},
            "before": SIDE,
            "after": SIDE,
        }
    return {
        "type": "object",
        "required": ["account_id", "redacted"],
        "properties": members,
        "additionalProperties": not kind.resource,
    }
