"""From bytes to typed records: what can't be read is told by position, what is wrong by field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_type_hints

import msgspec

from sync.declarations import FieldError, Record, Resource
from sync.models import Source
from sync.pipeline.repeats import Repeat, digests_of, find_repeats
from sync.wording import in_words

MAX_RECORDS = 10_000

# JSON has no other way to spell U+0000 than this escape, so its absence clears a whole body at once.
NUL_ESCAPE = b"\\u0000"

UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

# msgspec tells the position of any other mistake itself.
ENDS_EARLY = "Input data was truncated"

WHERE = re.compile(r" - at `\$(?P<path>[^`]*)`$")
AT = re.compile(r" - at `.*$", re.DOTALL)
UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")


class BodyError(Exception):
    """The body as a whole can't be taken; ``detail`` says where and why."""

    def __init__(self, detail: str, *, status: int = 400, code: str = "malformed") -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code


@dataclass(slots=True)
class Decoded:
    """The records of a body in the order sent; None where one was refused, with its errors by index.

    None stands for a repeat too. ``digests`` are of the records' bytes, where these are known.
    """

    records: list[Record | None]
    errors: dict[int, list[FieldError]] = field(default_factory=dict)
    external_ids: dict[int, str] = field(default_factory=dict)
    may_hold_nul: bool = False
    repeats: Mapping[int, Repeat] = field(default_factory=dict)
    digests: list[bytes] | None = None


def decode_body(body: bytes, resource: Resource, *, lines: bool, source: Source | None = None) -> Decoded:
    """Decode a JSON array, or NDJSON where ``lines`` is set, into records of ``resource``.

    With ``source``, records that repeat what was applied last are found first and not decoded. Raises
    BodyError for a body that is no JSON array (with the position) and for too many records. A record that
    doesn't fit the declared types is refused alone, and so is a line that is no JSON.
    """
    if source is not None and not resource.stream:
        return _decode_new(body, resource, source, lines=lines)
    if lines:
        decoded = _decode_each(_split(body, lines=True), resource)
    else:
        decoder, _ = _decoders(resource.record)
        try:
            records = decoder.decode(body)
        except UNREADABLE:
            decoded = _decode_each(_split(body, lines=False), resource)
        else:
            decoded = Decoded(records)
            check_count(len(records))
    decoded.may_hold_nul = NUL_ESCAPE in body
    return decoded


def _decode_new(body: bytes, resource: Resource, source: Source, *, lines: bool) -> Decoded:
    """Decode what is no repeat of what was applied last."""
    parts = _split(body, lines=lines)
    digests = digests_of(resource, parts)
    repeats = find_repeats(resource, source, parts, digests)
    new = [index for index in range(len(parts)) if index not in repeats] if repeats else range(len(parts))
    decoded = _decode_each([parts[index] for index in new] if repeats else parts, resource)
    if repeats:
        decoded = _spread(decoded, new, len(parts))
    decoded.repeats = repeats
    decoded.digests = digests
    decoded.may_hold_nul = NUL_ESCAPE in body
    return decoded


def _spread(decoded: Decoded, places: Sequence[int], count: int) -> Decoded:
    """Bring records back to the places that they had before the repeats were taken out."""
    records: list[Record | None] = [None] * count
    for place, record in zip(places, decoded.records, strict=True):
        records[place] = record
    return Decoded(
        records,
        {places[index]: errors for index, errors in decoded.errors.items()},
        {places[index]: name for index, name in decoded.external_ids.items()},
    )


def _split(body: bytes, *, lines: bool) -> Sequence[bytes | msgspec.Raw]:
    """Return the bytes of each record. Raises BodyError for what is no array, and for too many records."""
    if lines:
        parts: Sequence[bytes | msgspec.Raw] = [line for line in body.split(b"\n") if line.strip()]
    else:
        try:
            parts = _raw_list().decode(body)
        except UNREADABLE as error:
            raise BodyError(_explain(error, "a JSON array of records", len(body))) from error
    check_count(len(parts))
    return parts


def decode_one(body: bytes, resource: Resource, external_id: str) -> Decoded:
    """Decode the one record of a PUT, whose external id stands in the address.

    Raises BodyError where the body is no JSON object or names another external id.
    """
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except UNREADABLE as error:
        raise BodyError(_explain(error, "a JSON object", len(body))) from error
    named = fields.get("external_id")
    if named is not None and bytes(named) != msgspec.json.encode(external_id):
        try:
            same = msgspec.json.decode(named) == external_id
        except UNREADABLE as error:
            raise BodyError(_explain(error, "a JSON object", len(named))) from error
        if not same:
            raise BodyError(
                "external_id differs from the one in the address; leave it out of the body.",
                status=422,
                code="external_id_differs",
            )
    fields["external_id"] = msgspec.Raw(msgspec.json.encode(external_id))
    decoded = decode_body(msgspec.json.encode([fields]), resource, lines=False)
    decoded.may_hold_nul |= "\x00" in external_id
    return decoded


def check_count(count: int) -> None:
    """Raise BodyError where a call brings more records than the contract allows."""
    if count > MAX_RECORDS:
        raise BodyError(
            f"A call takes up to {MAX_RECORDS:,} records; this one has {count:,}. Split it.",
            status=413,
            code="too_many_records",
        )


def _decode_each(parts: Sequence[bytes | msgspec.Raw], resource: Resource) -> Decoded:
    """Decode each part by itself: what several hold together, such as an object over two lines, is no record."""
    decoded = Decoded([])
    _, decoder = _decoders(resource.record)
    for index, part in enumerate(parts):
        try:
            decoded.records.append(decoder.decode(part))
        except UNREADABLE as error:
            decoded.records.append(None)
            decoded.errors[index], external_id = explain_record(bytes(part), resource.record, error)
            if external_id is not None:
                decoded.external_ids[index] = external_id
    return decoded


def explain_record(
    part: bytes, record: type[Record], error: Exception
) -> tuple[list[FieldError], str | None]:
    """Say everything that is wrong with one record, field by field, and its external id if it has one."""
    if isinstance(error, UnicodeDecodeError):
        return [FieldError("", "not_text", "The record holds bytes that are not UTF-8.")], None
    if isinstance(error, RecursionError):
        return [FieldError("", "too_deep", "The record is nested too deeply.")], None
    try:
        fields = msgspec.json.decode(part, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return [FieldError("", "not_an_object", "A record must be a JSON object.")], None
    except UNREADABLE as malformed:
        return [FieldError("", "malformed_json", _explain(malformed, "a JSON object", len(part)))], None
    errors: list[FieldError] = []
    decoders = _field_decoders(record)
    external_id: str | None = None
    for name, raw in fields.items():
        decoder = decoders.get(name)
        if decoder is None:
            errors.append(
                FieldError(name[:255], "unknown_field", "No such field; own fields go under custom.")
            )
            continue
        try:
            value = decoder.decode(raw)
        except UNREADABLE as wrong:
            errors.extend(
                _errors_by_key(name, raw, decoder.type) or [_field_error(name, wrong, decoder.type)]
            )
        else:
            external_id = value if name == "external_id" else external_id
    if "external_id" not in fields:
        errors.append(FieldError("external_id", "required", "This field is required."))
    return errors or [_field_error("", error)], external_id


def _errors_by_key(name: str, raw: msgspec.Raw, hint: Any) -> list[FieldError]:
    """Say by its key what is wrong with each own field; msgspec itself names no key of a dict."""
    if name != "custom":
        return []
    try:
        values = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except UNREADABLE:
        return []
    errors = []
    for key, value in values.items():
        place = f"custom.{key[:248]}" if key else "custom"
        try:
            msgspec.convert({key: msgspec.json.decode(value)}, type=hint)
        except msgspec.ValidationError as wrong:
            detail = AT.sub("", str(wrong))
            errors.append(FieldError(place, _code(detail), in_words(detail)))
        except UNREADABLE as wrong:
            errors.append(_field_error(place, wrong))
    return errors


def _field_error(name: str, error: Exception, hint: Any = None) -> FieldError:
    if isinstance(error, RecursionError):
        return FieldError(name, "too_deep", "The value is nested too deeply.")
    if isinstance(error, UnicodeDecodeError):
        return FieldError(name, "not_text", "The value holds bytes that are not UTF-8.")
    text = str(error)
    where = WHERE.search(text)
    path = f"{name}{where['path']}" if where else name
    detail = WHERE.sub("", text)
    if unknown := UNKNOWN.search(detail):
        return FieldError(f"{path}.{unknown['name']}", "unknown_field", "No such field.")
    if missing := MISSING.search(detail):
        return FieldError(f"{path}.{missing['name']}", "required", "This field is required.")
    return FieldError(path, _code(detail), in_words(detail, hint))


def _code(detail: str) -> str:
    if "length <=" in detail:
        return "too_long"
    if "length >=" in detail:
        return "too_short"
    if "matching regex" in detail:
        return "wrong_format"
    if "enum value" in detail:
        return "unknown_value"
    if "out of range" in detail or ">=" in detail or "<=" in detail:
        return "out_of_range"
    if "got `" in detail:
        return "wrong_type"
    return "invalid"


def _explain(error: Exception, wanted: str, size: int) -> str:
    if isinstance(error, RecursionError):
        return "The JSON is nested too deeply."
    if isinstance(error, UnicodeDecodeError):
        return f"The body is not UTF-8 (byte {error.start} of a string: {error.reason})."
    if isinstance(error, msgspec.ValidationError):
        sentence = in_words(WHERE.sub("", str(error)))
        return f"The body must be {wanted}: {sentence[0].lower()}{sentence[1:]}"
    if str(error) == ENDS_EARLY:
        return f"JSON is malformed: it ends too early (byte {size})."
    return f"{error}."


@cache
def _decoders(
    record: type[Record],
) -> tuple[msgspec.json.Decoder[list[Record | None]], msgspec.json.Decoder[Record | None]]:
    # Typed as optional only for the list's own type: the decoders never return None.
    return msgspec.json.Decoder(list[record]), msgspec.json.Decoder(record)  # type: ignore[valid-type]


@cache
def _raw_list() -> msgspec.json.Decoder[list[msgspec.Raw]]:
    return msgspec.json.Decoder(list[msgspec.Raw])


@cache
def _field_decoders(record: type[Record]) -> dict[str, msgspec.json.Decoder[Any]]:
    return {
        name: msgspec.json.Decoder(hint)
        for name, hint in get_type_hints(record, include_extras=True).items()
        if name in record.__struct_fields__
    }
