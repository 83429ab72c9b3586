"""Segment's HTTP tracking API: what its public SDKs send."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from product.ingest.messages import (
    ALIAS,
    ANONYMOUS,
    EVENT,
    GROUP,
    IDENTIFY,
    MAX_MESSAGES,
    MAX_TEXT,
    Body,
    Id,
    Message,
    decode_error,
    in_utc,
    made_up_id,
    may_hold_nul,
    named_feature,
    named_quantity,
    text_of,
)
from sync.pipeline.decode import BodyError

KINDS = ("track", "group", "identify", "page", "screen", "alias")
DESCRIBING = {"group": GROUP, "identify": IDENTIFY, "alias": ALIAS}
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class Context(Struct, rename="camel", gc=False):
    """The part of a message's surroundings that matters here."""

    group_id: Id = None


class Call(Struct, rename="camel", gc=False):
    """One message as SDKs send it; whatever else it holds is passed over."""

    type: str | None = None
    message_id: Id = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    sent_at: datetime | None = None
    user_id: Id = None
    anonymous_id: Id = None
    group_id: Id = None
    previous_id: Id = None
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Context | None = None


class Batch(Struct, rename="camel", gc=False):
    """Many messages in one body."""

    batch: list[Call]
    sent_at: Any = None


class RawBatch(Struct, rename="camel", gc=False):
    """The same, its messages still unread."""

    batch: list[msgspec.Raw]
    sent_at: Any = None


_batch = msgspec.json.Decoder(Batch)
_raw_batch = msgspec.json.Decoder(RawBatch)
_call = msgspec.json.Decoder(Call)
_moment = msgspec.json.Decoder(datetime)


def read_batch(data: bytes, now: datetime) -> Body:
    """Return what a ``batch`` call holds. Raises BodyError where it is no object with a list ``batch``.

    A message that can't be read is refused alone. ``now`` dates messages that say no time.
    """
    body = Body(may_hold_nul=may_hold_nul(data))
    try:
        read = _batch.decode(data)
    except UNREADABLE:
        return _read_each(data, body, now)
    _check_count(len(read.batch))
    sent_at = _sent_at(read.sent_at, now)
    for index, call in enumerate(read.batch):
        _add(body, call, call.type or "", f"batch[{index}]", sent_at)
    return body


def read_call(data: bytes, kind: str, now: datetime) -> Body:
    """Return what a call of one message holds. Raises BodyError where it is no such message."""
    body = Body(may_hold_nul=may_hold_nul(data))
    try:
        call = _call.decode(data)
    except UNREADABLE as error:
        name, _, detail = decode_error(error, len(data))
        raise BodyError(f"{name}: {detail}" if name else detail) from error
    _add(body, call, kind, "", now)
    return body


def _read_each(data: bytes, body: Body, now: datetime) -> Body:
    try:
        read = _raw_batch.decode(data)
    except UNREADABLE as error:
        name, _, detail = decode_error(error, len(data))
        raise BodyError(f"{name}: {detail}" if name else detail) from error
    _check_count(len(read.batch))
    sent_at = _sent_at(read.sent_at, now)
    for index, part in enumerate(read.batch):
        place = f"batch[{index}]"
        try:
            call = _call.decode(part)
        except UNREADABLE as error:
            name, code, detail = decode_error(error, len(part))
            body.refuse(place, _id_of(part), code, detail, name)
        else:
            _add(body, call, call.type or "", place, sent_at)
    return body


def _id_of(part: msgspec.Raw) -> object:
    try:
        read = msgspec.json.decode(part)
    except UNREADABLE:
        return None
    return read.get("messageId") if isinstance(read, dict) else None


def _check_count(count: int) -> None:
    if count > MAX_MESSAGES:
        raise BodyError(
            f"A batch takes up to {MAX_MESSAGES:,} messages; this one has {count:,}. Split it.",
            status=413,
            code="too_many_records",
        )


def _sent_at(value: Any, now: datetime) -> datetime:
    if not isinstance(value, str):
        return now
    try:
        return in_utc(msgspec.convert(value, datetime, strict=False))
    except msgspec.ValidationError:
        return now


def _add(body: Body, call: Call, kind: str, place: str, sent_at: datetime) -> None:
    said = call.timestamp or call.original_timestamp or call.sent_at
    message_id = text_of(call.message_id)
    if not message_id:
        # Without time and id nothing tells a repeat from a second event.
        message_id = made_up_id(call) if said else f"random:{uuid.uuid4()}"
    message = Message(
        place,
        EVENT,
        message_id,
        in_utc(said) if said else sent_at,
        text_of(call.user_id),
        text_of(call.anonymous_id),
        text_of(call.group_id) or (text_of(call.context.group_id) if call.context else ""),
    )
    if kind in DESCRIBING:
        missing = _describe(message, call, kind)
    elif kind in KINDS:
        missing = _happen(message, call, kind)
    else:
        detail = f"type takes {', '.join(KINDS)}; not {kind[:40]!r}."
        body.refuse(place, message_id, "unknown_value", detail, "type")
        return
    if missing:
        body.refuse(place, message_id, "required", f"A {kind} call names its {missing}.", missing)
    else:
        body.add(message)


def _happen(message: Message, call: Call, kind: str) -> str:
    """Fill in what a track, page or screen call tells; return the field that it lacks."""
    properties = call.properties or {}
    message.document = properties
    message.quantity = named_quantity(properties) if "quantity" in properties else None
    if kind == "track":
        message.event = call.event or ""
        message.feature = named_feature(properties) if "feature" in properties else ""
    else:
        message.event = kind
        message.feature = (call.name or named_feature(properties))[:MAX_TEXT]
    if not message.user and message.anonymous:
        message.custom = {"anonymous_id": message.anonymous}
    if not message.event:
        return "event"
    return "" if message.user or message.anonymous or message.group else "userId"


def _describe(message: Message, call: Call, kind: str) -> str:
    """Fill in what a group, identify or alias call tells; return the field that it lacks."""
    message.document = call.traits or {}
    message.kind = DESCRIBING[kind]
    if kind == "alias":
        previous = text_of(call.previous_id)
        # An earlier name is mostly an anonymous id; where a user has it, it is that user.
        message.anonymous = previous.removeprefix(ANONYMOUS)
        return "previousId" if not previous else "" if message.user else "userId"
    if kind == "group" and not text_of(call.group_id):
        return "groupId"
    return "" if message.who else "userId"
