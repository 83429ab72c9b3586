"""Checks that types can't say, and the form in which values are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
from django.db import models
from msgspec import UNSET, UnsetType

from sync.declarations import Field, FieldError, Record, Resource, decimal_limits
from sync.pipeline.batch import STALE, Row, Run

# PostgreSQL takes years that Python can't read back; real records lie well within these.
FIRST_YEAR, LAST_YEAR = 1900, 9998
LAST_DATE_YEAR = 9999

MAX_JSON_BYTES = 65_536

Check = Callable[[Any], Any]


def validate_rows(run: Run, *, may_hold_nul: bool) -> None:
    """Bring every value of the rows into the form that is kept; refuse rows whose values can't be."""
    for name, check in _checks(run.resource):
        for row in run.rows:
            value = getattr(row.record, name)
            if value is UNSET or value is None:
                continue
            try:
                kept = check(value)
            except ValueError as error:
                code, _, detail = str(error).rpartition("|")
                run.reject(row, FieldError(name, code or "invalid", detail))
            else:
                if kept is not value:
                    setattr(row.record, name, kept)
    if may_hold_nul:
        _refuse_nul(run)
    run.drop_settled()


def drop_repeats(run: Run) -> None:
    """Let the newest of several records with one external id stand; the others are stale.

    Records of one time, or without a time, are told apart by their order in the call: the last wins.
    """
    newest: dict[str, Row] = {}
    for row in run.rows:
        held = newest.get(row.record.external_id)
        if held is not None:
            mine, its = row.source_time, held.source_time
            row_is_older = mine is not None and its is not None and mine < its
            run.settle(row if row_is_older else held, STALE)
            if row_is_older:
                continue
        newest[row.record.external_id] = row
    if len(newest) < len(run.rows):
        run.drop_settled()


def _checks(resource: Resource) -> Iterator[tuple[str, Check]]:
    yield "source_updated_at", _instant
    yield "custom", _custom
    for item in resource.fields:
        check = _column_check(item)
        if item.normalise:
            yield item.name, item.normalise
        if check:
            yield item.name, check


def _column_check(item: Field) -> Check | None:
    model_field = item.model_field
    if item.vocabulary or item.reference:
        return None
    if isinstance(model_field, models.DateTimeField):
        return _instant
    if isinstance(model_field, models.DateField):
        return _day
    if isinstance(model_field, models.DecimalField):
        return _decimal(model_field)
    if item.is_json:
        return _document
    if model_field.choices:
        return _word
    return None


def _instant(value: datetime) -> datetime:
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        moment = None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"out_of_range|The year must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    return moment


def _day(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_DATE_YEAR:
        raise ValueError(f"out_of_range|The year must lie between {FIRST_YEAR} and {LAST_DATE_YEAR}.")
    return value


def _word(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _decimal(model_field: models.DecimalField[Any, Any]) -> Check:
    step, limit = decimal_limits(model_field)
    largest = limit - step

    def check(value: Decimal) -> Decimal:
        if not value.is_finite():
            raise ValueError("not_finite|A number is expected, not NaN or infinity.")
        if not -largest <= value <= largest:
            raise ValueError(f"out_of_range|The number must lie between -{largest} and {largest}.")
        return value.quantize(step)

    return check


def _document(value: Any) -> Any:
    if len(msgspec.json.encode(value)) > MAX_JSON_BYTES:
        raise ValueError(f"too_long|The value may take up to {MAX_JSON_BYTES:,} bytes as JSON.")
    return value


def _custom(value: dict[str, Any]) -> dict[str, Any]:
    return _document(value)  # type: ignore[no-any-return]


def _refuse_nul(run: Run) -> None:
    for row in run.rows:
        for name in row.record.__struct_fields__:
            value = getattr(row.record, name)
            if value is not UNSET and _holds_nul(value):
                run.reject(
                    row,
                    FieldError(
                        name, "nul_character", "The value holds the NUL character, which no text may."
                    ),
                )


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(_holds_nul(item) for item in value)
    if isinstance(value, msgspec.Struct):
        return any(_holds_nul(getattr(value, name)) for name in value.__struct_fields__)
    return False


def missing_fields(resource: Resource, record: Record) -> list[FieldError]:
    """Return an error for each field that a new record needs and ``record`` lacks."""
    return [
        FieldError(name, "required", "This field is required for a new record.")
        for name in resource.required
        if isinstance(getattr(record, name), UnsetType)
    ]
