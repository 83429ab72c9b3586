"""What the schema says of each operation on a resource."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse

from sync.api.components import Schema, ref, written_component
from sync.api.filters import PAGING, filter_parameter
from sync.api.writing import MODES
from sync.declarations import Resource
from sync.pipeline.decode import MAX_RECORDS
from sync.problems import CONTENT_TYPE

ERRORS = {
    400: "The request is not well formed; for malformed JSON `detail` names the position.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The scope, the source or the access policy does not allow it.",
    404: "There is nothing at this address.",
    409: "The record waits no more, or not as it did.",
    405: "The address takes other methods.",
    406: "Only JSON is answered.",
    412: "What is held doesn't fit `If-Match` or `If-None-Match`.",
    413: "The body is over 64 MiB, packed or unpacked, or holds too many records.",
    415: "The media type or encoding is not taken.",
    422: "Refused: `errors` says which field of which record, or the Idempotency-Key came with another request.",
    429: "Too many calls; wait as long as `Retry-After` says.",
    503: "The database did not answer; nothing was written, and `Retry-After` says when to try again.",
}
ANYWHERE = (401, 403, 406, 429, 503)
RATE_HEADERS = ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "description": "Kept 7 days, per client: a repeat gets the same answer, another request with the key 422.",
}
MODE = {
    "name": "mode",
    "in": "query",
    "schema": {"type": "string", "enum": list(MODES), "default": MODES[0]},
    "description": "`update_only` creates nothing: a record without an object here is `rejected`, unless exactly "
    "one fits its natural key; `dry_run` answers as if, and undoes everything.",
}
SOURCE = {
    "name": "source",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
}
EXTERNAL_ID = {
    "name": "external_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "maxLength": 255, "pattern": r"^[^\x00-\x1f\x7f]+$"},
    "description": "Any characters but control characters, percent-encoded; `/` as it is or as `%2F`.",
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "ETag of a read, or `*` for whatever is held.",
}
AS_OF = {
    "name": "as_of",
    "in": "query",
    "schema": {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]},
    "description": "The record as it was when a day ended (UTC), such as `2026-06-30`, or at an ISO 8601 time; by an "
    "id of a source it is the record that this stands for now. A reference to what was merged since keeps its `id` "
    "of then.",
}
IF_NONE_MATCH = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}
UNLESS = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "`*`: only where there is no such record yet.",
}


def answer(description: str, schema: Schema | None = None, headers: Schema | None = None) -> Schema:
    """Return what the schema says of one answer."""
    said: Schema = {"description": description}
    if schema:
        said["content"] = {"application/json": {"schema": schema}}
    if headers:
        said["headers"] = headers
    return said


def problems(*statuses: int) -> dict[str, Schema]:
    """Return what the schema says of refusals, with those that any call may meet."""
    content = {CONTENT_TYPE: {"schema": ref("Problem")}}
    said: dict[str, Schema] = {
        str(status): {"description": ERRORS[status], "content": content} for status in (*statuses, *ANYWHERE)
    }
    said["429"]["headers"] = {name: {"schema": {"type": "integer"}} for name in RATE_HEADERS}
    return said


def problem_responses(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Return the same for a view that is described by ``extend_schema``."""
    return {
        (status, CONTENT_TYPE): OpenApiResponse(ref("Problem"), ERRORS[status])
        for status in (*statuses, *ANYWHERE)
    }


def _list(resource: Resource) -> Schema:
    fields = resource.fields_by_name
    paging: list[Schema] = [
        {
            "name": PAGING[0],
            "schema": {"type": "string", "format": "cursor"},
            "description": "`next_cursor` of an earlier page.",
        },
        {"name": PAGING[1], "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
        {
            "name": PAGING[2],
            "schema": {"type": "string", "format": "date-time"},
            "description": "Only what changed here at or after this time. To miss nothing, go on by cursor instead.",
        },
        {
            "name": "custom",
            "schema": {
                "type": "object",
                "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
            },
            "style": "deepObject",
            "description": "`custom[<key>]=<value>`, or `custom.<key>=<value>`, filters by an own field.",
        },
    ]
    filters = [{"name": name, **filter_parameter(resource, fields[name])} for name in resource.filters]
    return {
        "summary": f"Read {resource.key} in the order of their changes",
        "description": "Each record once, where its newest change stands, tombstones included. A reader that goes on "
        "from `next_cursor` misses nothing, whoever writes meanwhile; what a transaction that is still running "
        "brings, and what came after it began, shows when it has ended. A page may hold fewer records than asked for, "
        "or none, where much of the log is superseded: go on until `next` is null.",
        "parameters": [{"in": "query", **item} for item in [*paging, *filters]],
        "responses": {"200": answer("A page.", ref(_name(resource, "Page"))), **problems(400)},
    }


def _one(resource: Resource) -> Schema:
    tag = {"ETag": {"schema": {"type": "string"}}}
    return {
        "description": "A tombstone is answered too, with `deleted: true`.",
        "responses": {
            "200": answer("The record.", ref(_name(resource, "Read")), tag),
            "304": answer("The caller holds it already."),
            **problems(400, 404),
        },
    }


def _object(resource: Resource) -> Schema:
    own_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return {
        "summary": f"Read one {resource.singular} by our id",
        **_one(resource),
        "parameters": [own_id, *_reading(resource)],
    }


def _record(resource: Resource) -> Schema:
    return {
        "summary": f"Read one {resource.singular} by its id in a source",
        **_one(resource),
        "parameters": [SOURCE, EXTERNAL_ID, *_reading(resource)],
    }


def _reading(resource: Resource) -> list[Schema]:
    return [IF_NONE_MATCH] if resource.stream else [AS_OF, IF_NONE_MATCH]


def _put(resource: Resource) -> Schema:
    body = {"application/json": {"schema": ref(written_component(resource))}}
    result = ref("WriteAnswer")
    return {
        "summary": f"Create or update one {resource.singular}",
        "description": "The address says which. A token writes for its own source only.",
        "parameters": [SOURCE, EXTERNAL_ID, MODE, IF_MATCH, UNLESS, KEY_HEADER],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": answer("Updated, unchanged, or stale: older than what is held.", result),
            "201": answer("Created.", result),
            "202": answer("Waits for the record that it refers to.", result),
            **problems(400, 404, 412, 413, 415, 422),
        },
    }


def _delete(resource: Resource) -> Schema:
    moment = {
        "name": "source_updated_at",
        "in": "query",
        "schema": {"type": "string", "format": "date-time"},
        "description": "When the source deleted it; by default now. An older state that comes later stays stale.",
    }
    return {
        "summary": f"Put a tombstone on one {resource.singular}",
        "description": "A later upsert restores it. Repeating changes nothing. The tombstone of a record that hasn't "
        "come yet is kept too: an older state that comes late is stale.",
        "parameters": [SOURCE, EXTERNAL_ID, moment, IF_MATCH, KEY_HEADER],
        "responses": {
            "200": answer("Deleted, unchanged or stale.", ref("WriteAnswer")),
            **problems(400, 404, 412, 422),
        },
    }


def _bulk(resource: Resource) -> Schema:
    record = ref(resource.record.__name__)
    atomic = {
        "name": "atomic",
        "in": "query",
        "schema": {"type": "boolean", "default": False},
        "description": "All or nothing: one rejected record undoes the batch, which is then answered with 422.",
    }
    return {
        "summary": f"Create or update up to {MAX_RECORDS:,} {resource.key}",
        "description": "One bad record never stops the others. Of repeats of one external id the newest wins, the "
        "others are `stale`. A record whose reference has not arrived is `pending`: it is kept and applied when the "
        "reference arrives. A body may be packed, with `Content-Encoding: gzip`.",
        "parameters": [MODE, atomic, KEY_HEADER],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "array", "maxItems": MAX_RECORDS, "items": record}},
                "application/x-ndjson": {
                    "schema": {"type": "string", "description": f"One {resource.record.__name__} a line."}
                },
            },
        },
        "responses": {
            "200": answer("What became of each record.", ref("BulkAnswer")),
            **problems(400, 413, 415, 422),
        },
    }


def _name(resource: Resource, suffix: str) -> str:
    return resource.record.__name__.removesuffix("Record") + suffix


OPERATIONS = {
    "list": _list,
    "get": _object,
    "find": _record,
    "put": _put,
    "delete": _delete,
    "bulk": _bulk,
}
