"""Schemas of what goes in and out, from the declared structs: what is checked is what is written down."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import msgspec

from people.models import Category
from sync.declarations import FieldError, Reference, Resource
from sync.pipeline.batch import STATUSES, Result

Schema = dict[str, Any]
REF = "#/components/schemas/{name}"


def components(resource: Resource) -> dict[str, Schema]:
    """Return the schemas that the operations of a resource refer to."""
    return {**shared_components(), **own_components(resource)}


@cache
def shared_components() -> Mapping[str, Schema]:
    """Return the schemas that every resource shares."""
    _, made = msgspec.json.schema_components([Reference, FieldError], ref_template=REF)
    result = {
        "type": "object",
        "required": list(Result.__struct_fields__),
        "properties": {
            "index": {"type": "integer", "description": "Place of the record in the call, from 0."},
            "external_id": {"type": ["string", "null"]},
            "id": {"type": ["string", "null"], "description": "Our id, where there is an object."},
            "status": {"type": "string", "enum": list(STATUSES)},
            "errors": {"type": "array", "items": ref("FieldError")},
        },
    }
    counts = {name: {"type": "integer", "minimum": 0} for name in STATUSES}
    return {
        **made,
        "ReadReference": {
            "type": "object",
            "required": ["source", "external_id", "id"],
            "properties": {name: {"type": "string"} for name in ("source", "external_id", "id")},
        },
        "RecordResult": result,
        "BulkAnswer": {
            "type": "object",
            "required": ["batch", *STATUSES, "results"],
            "properties": {
                "batch": {"type": ["integer", "null"], "description": "Null after a dry run."},
                **counts,
                "results": {
                    "type": "array",
                    "items": ref("RecordResult"),
                    "description": "In the order sent.",
                },
            },
        },
        "WriteAnswer": {
            "type": "object",
            "required": ["batch", "external_id", "id", "status"],
            "properties": {
                "batch": {"type": ["integer", "null"]},
                "external_id": {"type": "string"},
                "id": {"type": ["string", "null"]},
                "status": {"type": "string", "enum": [*STATUSES, "deleted"]},
                "errors": {"type": "array", "items": ref("FieldError")},
            },
        },
        "Problem": {
            "type": "object",
            "description": "RFC 9457. `errors` holds a FieldError for each fault; of a batch with `index` and "
            "`external_id` beside.",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "code": {"type": "string"},
                "detail": {"type": "string"},
                "errors": {"type": "array", "items": {"type": "object"}},
            },
        },
    }


def own_components(resource: Resource) -> dict[str, Schema]:
    """Return the schemas of one resource: its record, as read, and a page of these."""
    _, made = msgspec.json.schema_components([resource.record], ref_template=REF, schema_hook=_choices)
    name = resource.record.__name__
    record: Schema = made[name]
    properties = {field: _numbers_too(schema) for field, schema in record["properties"].items()}
    needed = ", ".join(f"`{field}`" for field in resource.required)
    written = {
        **record,
        "properties": properties,
        "description": f"{record.get('description', '')} A new one needs {needed}. A field left out is unchanged, "
        "null clears it.".strip(),
    }
    read: dict[str, Schema] = {
        "id": {"type": "string"},
        "external_ids": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "source": {"type": "string"},
                    "external_id": {"type": "string"},
                    "source_updated_at": {"type": ["string", "null"], "format": "date-time"},
                },
            },
        },
    }
    for item in resource.fields:
        if item.reference:
            read[item.name] = {"anyOf": [ref("ReadReference"), {"type": "null"}]}
        elif item.many:
            read[item.name] = {
                "type": "array",
                "items": {"anyOf": [ref("ReadReference"), {"type": "null"}]},
            }
        else:
            read[item.name] = dict(record["properties"][item.name])
        if item.category:
            read[item.name]["description"] = (
                f"{read[item.name].get('description', '')} Left out for who does not read "
                f"{Category(item.category).label.lower()}."
            ).strip()
    read |= {
        "custom": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
        "updated_at": {"type": "string", "format": "date-time", "description": "When it last changed here."},
        "deleted": {"type": "boolean", "description": "True for a tombstone."},
        "merged_into": {
            "type": ["string", "null"],
            "description": "Our id of the record that this one was merged into. In a list it stands beside "
            "`deleted: true`; asked for by its old id, it is answered with that record.",
        },
        "redacted": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Fields that may not be read.",
        },
    }
    base = name.removesuffix("Record")
    always = ["id", "external_ids", "custom", "updated_at", "deleted", "merged_into", "redacted"]
    return {
        **{other: schema for other, schema in made.items() if other not in {name, "Reference"}},
        name: written,
        written_component(resource): {
            **{key: value for key, value in written.items() if key not in ("title", "required")},
            "properties": {field: schema for field, schema in properties.items() if field != "external_id"},
        },
        f"{base}Read": {"type": "object", "required": always, "properties": read},
        f"{base}Page": {
            "type": "object",
            "required": ["results", "next", "next_cursor"],
            "properties": {
                "results": {"type": "array", "items": ref(f"{base}Read")},
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "Null where nothing more is there now.",
                },
                "next_cursor": {
                    "type": "string",
                    "description": "Goes on from here, now or at any later time.",
                },
            },
        },
    }


def written_component(resource: Resource) -> str:
    """Return the name of the schema of a record whose address says which it is."""
    return resource.record.__name__.removesuffix("Record") + "Write"


def _choices(kind: type) -> Schema:
    if issubclass(kind, Enum):
        return {"type": "string", "enum": [member.value for member in kind]}
    raise NotImplementedError


def _numbers_too(schema: Schema) -> Schema:
    """A decimal is read as a string, so that no digit is lost, and taken as a number too."""
    if schema.get("format") == "decimal":
        return {**schema, "type": ["string", "number"]}
    if "anyOf" in schema:
        return {**schema, "anyOf": [_numbers_too(option) for option in schema["anyOf"]]}
    return schema


def ref(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": REF.format(name=name)}
