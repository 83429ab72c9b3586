"""What the API's description says of the addresses that take events."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry

from product.ingest.cloudevents import MANY, ONE
from product.ingest.messages import MAX_ANONYMOUS, MAX_MESSAGES, MAX_TEXT
from sync.api.operations import answer, problems

Schema = dict[str, Any]

# No text holds U+0000. Null and the empty text are the same as nothing.
NAME = {"type": ["string", "integer", "null"], "maxLength": MAX_TEXT, "pattern": "^[^\\u0000]*$"}
VISITOR = {**NAME, "maxLength": MAX_ANONYMOUS}
TEXT = {**NAME, "type": ["string", "null"]}
TIME = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
DOCUMENT = {"type": ["object", "null"]}
CONTEXT = {"type": ["object", "null"], "properties": {"groupId": NAME}}
USER = {"userId": NAME, "anonymousId": VISITOR}
COMMON = {"messageId": NAME, "timestamp": TIME, "context": CONTEXT, **USER}
SOMEBODY = [{"required": ["userId"]}, {"required": ["anonymousId"]}]
# Of each kind of call: fields of its own, and those that it can't do without.
CALLS: dict[str, tuple[Schema, list[str]]] = {
    "track": ({"event": TEXT, "properties": DOCUMENT}, ["event"]),
    "page": ({"name": {"type": ["string", "null"]}, "properties": DOCUMENT}, []),
    "screen": ({"name": {"type": ["string", "null"]}, "properties": DOCUMENT}, []),
    "identify": ({"traits": DOCUMENT}, []),
    "group": ({"groupId": NAME, "traits": DOCUMENT}, ["groupId"]),
    "alias": ({"previousId": VISITOR}, ["previousId", "userId"]),
}
SUCCESS = {"type": "object", "properties": {"success": {"const": True}}, "required": ["success"]}
COUNTS = ("created", "updated", "unchanged", "stale", "pending", "rejected")
COUNTED = {
    "type": "object",
    "properties": {
        "batch": {"type": ["integer", "null"]},
        **{name: {"type": "integer"} for name in COUNTS},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        **{name: {"type": "string", "minLength": 1} for name in ("id", "source")},
        "type": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
        "subject": {**TEXT, "description": "The account's external id, or one of its workspaces."},
        "time": TIME,
        "data": {},
    },
}


class WriteKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A token as the user of HTTP Basic."""

    target_class = "product.ingest.authentication.WriteKeyAuthentication"
    name = "writeKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        """Return the scheme."""
        return {
            "type": "http",
            "scheme": "basic",
            "description": "A token with the scope `usage:write` as the user; the password stays blank.",
        }


class SegmentSchema(AutoSchema):
    """Describe one address of Segment's tracking API."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema | None:
        """Return the operation as OpenAPI."""
        self.registry, self.path, self.method = registry, path, method
        kind = str(getattr(self.view, "kind", ""))
        if kind == "batch":
            calls = {"type": "array", "maxItems": MAX_MESSAGES, "items": {"type": "object"}}
            body: Schema = {
                "type": "object",
                "required": ["batch"],
                "properties": {"batch": calls, "sentAt": TIME},
            }
        else:
            own, required = CALLS[kind]
            body = {
                "type": "object",
                "properties": {**COMMON, **own},
                "required": required,
                **({} if "userId" in required else {"anyOf": SOMEBODY}),
            }
        return {
            "operationId": f"segment_{kind}",
            "tags": ["events"],
            "summary": f"Segment's tracking API: {kind}",
            "description": "Takes what Segment's SDKs send, of any content type. A `messageId` that came before "
            "changes nothing.",
            "security": self.get_auth(),
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {
                "200": answer("One message at least has been taken.", SUCCESS),
                **problems(400, 413, 415, 422),
            },
        }


class CloudEventsSchema(AutoSchema):
    """Describe the address of CloudEvents."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema | None:
        """Return the operation as OpenAPI."""
        self.registry, self.path, self.method = registry, path, method
        many = {"type": "array", "maxItems": MAX_MESSAGES, "items": EVENT}
        return {
            "operationId": "cloudevents",
            "tags": ["events"],
            "summary": "CloudEvents 1.0 over HTTP",
            "description": "Structured or batched as below, or binary: the attributes as `ce-` headers. An event "
            "whose `source` and `id` came before changes nothing.",
            "security": self.get_auth(),
            "requestBody": {
                "required": True,
                "content": {ONE: {"schema": EVENT}, MANY: {"schema": many}},
            },
            "responses": {
                "200": answer("What became of the events.", COUNTED),
                **problems(400, 413, 415, 422),
            },
        }
