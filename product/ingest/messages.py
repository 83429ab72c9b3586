"""What tracking tells, whatever protocol it came by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from msgspec import Struct

from sync.declarations import FieldError
from sync.pipeline.decode import ENDS_EARLY, MAX_RECORDS, NUL_ESCAPE, WHERE
from sync.pipeline.validate import MAX_DEPTH, MAX_JSON_BYTES
from sync.wording import in_words

MAX_MESSAGES = MAX_RECORDS
MAX_TEXT = 255
ANONYMOUS = "anonymous:"
MAX_ANONYMOUS = MAX_TEXT - len(ANONYMOUS)
EVENT, IDENTIFY, GROUP, ALIAS = "event", "identify", "group", "alias"
# What a column of 18 digits, 4 of them decimals, holds; anything else is no quantity.
LARGEST_QUANTITY = Decimal(10) ** 14

Id = str | int | None


class Message(Struct, gc=False):
    """One message. ``place`` is where it stands in the body; ids are texts, empty where there is none.

    ``user`` and ``anonymous`` are who did it, ``group`` the group it names itself, ``at`` when it happened. An
    ``alias`` says that ``anonymous`` (a whole name, see ``ANONYMOUS``) is ``user`` from now on.
    """

    place: str
    kind: str
    id: str
    at: datetime
    user: str = ""
    anonymous: str = ""
    group: str = ""
    event: str = ""
    feature: str = ""
    quantity: Decimal | None = None
    document: dict[str, Any] = {}
    custom: dict[str, Any] | None = None

    @property
    def who(self) -> str:
        """The name under which its sender is remembered."""
        return self.user or (ANONYMOUS + self.anonymous if self.anonymous else "")


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that can't be taken, and why."""

    id: str | None
    errors: tuple[FieldError, ...]


@dataclass(slots=True)
class Body:
    """The messages of one call in the order sent, and those that were refused."""

    messages: list[Message] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    may_hold_nul: bool = False

    def refuse(self, place: str, message_id: object, code: str, detail: str, name: str = "") -> None:
        """Refuse the message at ``place`` for what is wrong with its field ``name``."""
        path = f"{place}.{name}" if place and name else place or name
        known = message_id if isinstance(message_id, str) and len(message_id) <= MAX_TEXT else None
        self.refused.append(Refused(known, (FieldError(path, code, detail),)))

    def add(self, message: Message) -> None:
        """Take a message, unless one of its values can't be kept."""
        long = max(map(len, (message.id, message.user, message.group, message.event))) > MAX_TEXT
        if long or len(message.anonymous) > MAX_ANONYMOUS:
            texts = {"messageId": message.id, "userId": message.user, "groupId": message.group}
            texts["event"] = message.event
            detail = f"It may take up to {MAX_ANONYMOUS if not long else MAX_TEXT} characters."
            name = next((key for key, text in texts.items() if len(text) > MAX_TEXT), "anonymousId")
            self.refuse(message.place, message.id, "too_long", detail, name)
            return
        if message.kind != EVENT:
            if wrong := document_error(message.document):
                self.refuse(message.place, message.id, *wrong, name="traits")
                return
            if self.may_hold_nul and holds_nul(msgspec.structs.asdict(message)):
                detail = "The message holds the NUL character, which no text may."
                self.refuse(message.place, message.id.replace("\0", ""), "nul_character", detail)
                return
        elif self.may_hold_nul and "\0" in message.user + message.anonymous + message.group:
            detail = "The id holds the NUL character, which no text may."
            self.refuse(message.place, message.id.replace("\0", ""), "nul_character", detail)
            return
        self.messages.append(message)


def text_of(value: Id) -> str:
    """Return an id as text: many programs send numbers."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def in_utc(moment: datetime) -> datetime:
    """Return a time with its zone; one without counts as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def named_feature(properties: Mapping[str, Any]) -> str:
    """Return the feature that properties name."""
    value = properties.get("feature")
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else ""


def named_quantity(properties: Mapping[str, Any]) -> Decimal | None:
    """Return the quantity that properties name, None where that is no number that can be kept."""
    value = properties.get("quantity")
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        number = Decimal(str(value))
        return number if number.is_finite() and abs(number) < LARGEST_QUANTITY else None
    except (InvalidOperation, ValueError):
        return None


def made_up_id(content: object) -> str:
    """Return an id for a message without one: the same for the same content, so that a repeat is known."""
    return "sha256:" + hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def document_error(value: Any) -> tuple[str, str] | None:
    """Return code and detail of what is wrong with a JSON document that is to be kept."""
    if _deeper_than(value, MAX_DEPTH):
        return "too_deep", f"It may be nested {MAX_DEPTH} levels deep."
    if len(msgspec.json.encode(value)) > MAX_JSON_BYTES:
        return "too_long", f"It may take up to {MAX_JSON_BYTES:,} bytes as JSON."
    return None


def holds_nul(value: Any) -> bool:
    """Whether a text in there holds U+0000."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(holds_nul(key) or holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(holds_nul(item) for item in value)


def may_hold_nul(body: bytes) -> bool:
    """Whether JSON may spell U+0000."""
    return NUL_ESCAPE in body


def decode_error(error: Exception, size: int) -> tuple[str, str, str]:
    """Return field, code and detail of what a decoder said about one message of ``size`` bytes."""
    if isinstance(error, UnicodeDecodeError):
        return "", "not_text", "The message holds bytes that are not UTF-8."
    if isinstance(error, RecursionError):
        return "", "too_deep", "The message is nested too deeply."
    text = str(error)
    if text == ENDS_EARLY:
        return "", "invalid", f"JSON is malformed: it ends too early (byte {size})."
    where = WHERE.search(text)
    code = "wrong_type" if "got `" in text else "wrong_format" if "Invalid" in text else "invalid"
    return (where["path"].lstrip(".") if where else ""), code, in_words(WHERE.sub("", text))


def _deeper_than(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_deeper_than(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_deeper_than(item, levels - 1) for item in value)
    return False
