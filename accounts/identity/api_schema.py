"""What the schema says of merges."""

from __future__ import annotations

from functools import cache
from typing import Any

from sync.api.components import Schema, ref, shared_components
from sync.api.operations import KEY_HEADER, answer, problems

TEXT: Schema = {"type": "string"}
COUNTS: Schema = {"type": "object", "additionalProperties": {"type": "integer"}}
OWN_ID: Schema = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
    "description": "Our id of the account that stays.",
}
LOSER: Schema = {
    "anyOf": [{"type": "string", "pattern": "^[0-9]{1,18}$"}, {"type": "integer", "minimum": 0}],
    "description": "Our id of the account that becomes part of the other.",
}
ANY: Schema = {}


def _object(properties: dict[str, Any], **more: Any) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties, **more}


BOTH: dict[str, Any] = {"winner": TEXT, "loser": TEXT, "dry_run": {"type": "boolean"}}

COMPONENTS: dict[str, Schema] = {
    **shared_components(),
    "Merge": {
        "type": "object",
        "required": ["loser"],
        "additionalProperties": False,
        "properties": {
            "loser": LOSER,
            "choices": {
                "type": "object",
                "additionalProperties": {"type": "string", "enum": ["winner", "loser", "both"]},
                "description": "Whose value stays, by field; own fields as `custom.<key>`. Left out: what the sources' "
                "precedence says, else the winner's value where it has one. `both` joins lists.",
            },
            "dry_run": {"type": "boolean", "default": False},
        },
    },
    "Unmerge": {
        "type": "object",
        "required": ["loser"],
        "additionalProperties": False,
        "properties": {"loser": LOSER, "dry_run": {"type": "boolean", "default": False}},
    },
    "MergeAnswer": _object(
        {
            "merge": {"type": ["integer", "null"], "description": "Number of the merge; null of a dry run."},
            **BOTH,
            "moved": {**COUNTS, "description": "Rows that moved, by model."},
            "kept_back": {**COUNTS, "description": "Rows that stay since the winner has the same, by model."},
            "fields": {
                "type": "array",
                "items": _object({"field": TEXT, "winner": ANY, "loser": ANY, "choice": TEXT}),
                "description": "Fields that differ, and whose value stays.",
            },
            "redacted": {"type": "array", "items": TEXT},
        }
    ),
    "UnmergeAnswer": _object(
        {
            "merge": {"type": "integer"},
            **BOTH,
            "returned": {**COUNTS, "description": "Rows that return, by model."},
            "conflicts": {
                "type": "array",
                "items": _object(
                    {
                        "what": TEXT,
                        "where": {"type": "string", "enum": ["winner", "loser", "elsewhere", "gone"]},
                        "why": TEXT,
                        "count": {"type": "integer"},
                        "field": TEXT,
                    }
                ),
                "description": "What changed since the merge: where it is now, and why.",
            },
        }
    ),
}


def _problems(*statuses: int) -> dict[str, Schema]:
    """Return the errors, with what a conflict means here."""
    return {
        **problems(*statuses),
        "409": {
            **problems(409)["409"],
            "description": "One of the two was merged or deleted, or not merged so.",
        },
    }


@cache
def operations() -> dict[str, Schema]:
    """Return what is said of each operation."""
    return {
        "merge_accounts": {
            "tags": ["accounts"],
            "summary": "Merge an account into this one",
            "description": "Every record of the loser becomes the winner's, and the loser's id and external ids stand "
            "for the winner from now on. Can be taken back. `dry_run` says what would be done.\n\n"
            "Needs the scope `accounts:write`.",
            "parameters": [OWN_ID, KEY_HEADER],
            "requestBody": {"required": True, "content": {"application/json": {"schema": ref("Merge")}}},
            "responses": {
                "200": answer("What was done.", ref("MergeAnswer")),
                **_problems(400, 404, 405, 413, 415, 422),
            },
        },
        "unmerge_accounts": {
            "tags": ["accounts"],
            "summary": "Take a merge into this account back",
            "description": "What was moved returns to the loser; what changed since is listed under `conflicts`.\n\n"
            "Needs the scope `accounts:write`.",
            "parameters": [OWN_ID, KEY_HEADER],
            "requestBody": {"required": True, "content": {"application/json": {"schema": ref("Unmerge")}}},
            "responses": {
                "200": answer("What was done.", ref("UnmergeAnswer")),
                **_problems(400, 404, 405, 413, 415, 422),
            },
        },
    }
