"""CloudEvents 1.0 over HTTP: one event structured or in headers, or many in one body."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from product.ingest.messages import (
    EVENT,
    MAX_MESSAGES,
    MAX_TEXT,
    Body,
    Message,
    decode_error,
    in_utc,
    may_hold_nul,
    named_feature,
    named_quantity,
)
from sync.pipeline.decode import BodyError

ONE = "application/cloudevents+json"
MANY = "application/cloudevents-batch+json"
PREFIX = "ce-"
OWN = {
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "data",
    "data_base64",
    "datacontenttype",
    "dataschema",
}
REQUIRED = ("specversion", "id", "source", "type")
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
USER_KEYS = ("userId", "user_id", "user")


def read_events(data: bytes, headers: Mapping[str, str], content_type: str, now: datetime) -> Body:
    """Return the events of a body. Raises BodyError for one that isn't CloudEvents in any of the three modes.

    ``now`` dates events that say no time.
    """
    kind = content_type.partition(";")[0].strip().lower()
    body = Body(may_hold_nul=may_hold_nul(data))
    if kind == MANY:
        parts = _decode(data)
        if not isinstance(parts, list):
            raise BodyError("The body must be a JSON array of events.")
        if len(parts) > MAX_MESSAGES:
            raise BodyError(
                f"A batch takes up to {MAX_MESSAGES:,} events; this one has {len(parts):,}. Split it.",
                status=413,
                code="too_many_records",
            )
        for index, event in enumerate(parts):
            _add(body, event, f"[{index}]", now)
    elif kind == ONE:
        _add(body, _decode(data), "", now)
    elif kind.startswith("application/cloudevents"):
        raise BodyError(
            f"Events come as {ONE}, {MANY} or with ce- headers.", status=415, code="unsupported_media_type"
        )
    else:
        event = _from_headers(data, headers, content_type)
        body.may_hold_nul |= any("\0" in value for value in event.values() if isinstance(value, str))
        _add(body, event, "", now)
    return body


def _decode(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except UNREADABLE as error:
        _, _, detail = decode_error(error, len(data))
        raise BodyError(detail) from error


def _from_headers(data: bytes, headers: Mapping[str, str], content_type: str) -> dict[str, Any]:
    event: dict[str, Any] = {
        name.lower().removeprefix(PREFIX): unquote(value.strip('"'))
        for name, value in headers.items()
        if name.lower().startswith(PREFIX)
    }
    if "specversion" not in event:
        raise BodyError(
            f"Events come as {ONE}, {MANY} or with ce- headers; this call has neither.",
            status=415,
            code="unsupported_media_type",
        )
    kind = content_type.partition(";")[0].strip().lower()
    if not data:
        pass
    elif kind in ("", "application/json") or kind.endswith("+json"):
        event["data"] = _decode(data)
    elif kind.startswith("text/"):
        event["data"] = _text_or_object(data)
    else:
        event["data_base64"] = base64.b64encode(data).decode()
    return event


def _text_or_object(data: bytes) -> Any:
    """Return an object that some servers call plain text because its sender named no type, else the text."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except UNREADABLE:
        return data.decode("utf-8", "replace")


def _add(body: Body, event: Any, place: str, now: datetime) -> None:
    if not isinstance(event, dict):
        body.refuse(place, None, "not_an_object", "An event must be a JSON object.")
        return
    for name in REQUIRED:
        value = event.get(name)
        if not isinstance(value, str) or not value:
            body.refuse(place, event.get("id"), "required", "A text is required here.", name)
            return
    if event["specversion"] != "1.0":
        body.refuse(place, event["id"], "unknown_value", "Version 1.0 is taken.", "specversion")
        return
    time, subject = event.get("time"), event.get("subject")
    try:
        at = now if time is None else in_utc(msgspec.convert(time, datetime))
    except msgspec.ValidationError:
        body.refuse(place, event["id"], "wrong_format", "An RFC 3339 time is expected.", "time")
        return
    if subject is not None and not isinstance(subject, str):
        body.refuse(place, event["id"], "wrong_type", "A text is expected.", "subject")
        return
    extensions = {
        name[:100]: value
        for name, value in event.items()
        if name not in OWN and isinstance(value, str | int | float | bool)
    }
    data = event.get("data")
    properties = data if isinstance(data, dict) else {} if data is None else {"data": data}
    if "data_base64" in event:
        properties = {"data_base64": event["data_base64"]}
    user = _user(extensions, properties)
    if not (subject or user):
        body.refuse(place, event["id"], "required", "The subject is the account's external id.", "subject")
        return
    feature = extensions.get("feature")
    body.add(
        Message(
            place,
            EVENT,
            _identity(event["source"], event["id"]),
            at,
            user=user,
            group=subject or "",
            event=event["type"],
            feature=feature[:MAX_TEXT] if isinstance(feature, str) else named_feature(properties),
            quantity=named_quantity(properties),
            document=properties,
            custom={"cloudevents_source": event["source"][:4000], **extensions},
        )
    )


def _user(extensions: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    named = [extensions.get("userid"), *(properties.get(key) for key in USER_KEYS)]
    return next((str(value) for value in named if isinstance(value, str | int) and value != ""), "")


def _identity(source: str, event_id: str) -> str:
    # A source is a URI reference, which holds no space, so the pair can be told apart again.
    pair = f"{source} {event_id}"
    return pair if len(pair) <= MAX_TEXT else "sha256:" + hashlib.sha256(pair.encode()).hexdigest()
